"""The Python API: open a store, bring facts in, ask the engine, read members at any instant, take the ledger as Arrow.

    import loyalty_streams as ls

    with ls.open_store("loyalty-data", programme="programmes/corner-shop") as shop:
        shop.ingest("history/")
        member = shop.member("M-000731", as_of="2017-06-30T00:00:00-04:00")
        ledger = shop.ledger()            # a pyarrow.Table
        answer = shop.redeem("M-000731", 500, redemption_id="till-7/123")

Points are integers, money is in minor units, instants are aware datetimes, ISO 8601 texts with an offset, or dates (the start of the
day in the programme's zone). Errors carry a stable `code`. What is heavy is imported when it is asked for: a member is read at once.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias
from zoneinfo import ZoneInfo

from loyalty_streams.answers import Answer, AskError, Part, Quote, StoredLetter
from loyalty_streams.hosts.embedded import Store, StoreError
from loyalty_streams.hosts.embedded.clock import Clock
from loyalty_streams.reports.instants import InstantError, When, at_of, iso
from loyalty_streams.reports.member import LedgerEntry, Lot, Member, Points
from loyalty_streams.reports.words import Language

if TYPE_CHECKING:
    import pyarrow as pa

    from loyalty_streams.core.facts import Line
    from loyalty_streams.core.programme import Compiled, Version
    from loyalty_streams.history import ReadOptions
    from loyalty_streams.hosts.embedded.ingest import IngestResult, Progress
    from loyalty_streams.hosts.embedded.verify import Check
    from loyalty_streams.reports.explain import Explanation

__all__ = [
    "Answer", "AskError", "InstantError", "LedgerEntry", "Lot", "Loyalty", "Member", "Part", "Points", "Quote", "StoreError", "StoredLetter",
    "When", "open_store",
]  # fmt: skip

Folder: TypeAlias = Path | str
Report = Literal["summary", "kpis", "liability", "tiers", "rfm", "rules", "quarantine"]
REPORTS: tuple[Report, ...] = ("summary", "kpis", "liability", "tiers", "rfm", "rules", "quarantine")


def open_store(
    folder: Folder, *, programme: Folder | None = None, create: bool | None = None, read_only: bool = False, clock: Clock | None = None
) -> Loyalty:
    """Opens the store in a folder. With a programme (a file, or a folder of versions) a store is made where there is none, unless `create=False`.

    `clock` gives the instant that it is, in microseconds UTC, in place of the machine's: for tests, and for replaying a day as it was.
    """
    make = programme is not None and not read_only if create is None else create
    return Loyalty.open(folder, programme=programme, create=make, read_only=read_only, clock=clock)


def _id(text: str) -> str:
    """An id as facts have it: in the composed form (NFC). Raises AskError BAD_ID for text that is none."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise AskError("BAD_ID", f"{text!r} is not text in UTF-8") from None
    return unicodedata.normalize("NFC", text)


class Loyalty:
    """An open store: everything that can be asked of it. Close it, or use it in `with`. Not for two threads at a time."""

    def __init__(self, store: Store, temporary: Path | None = None) -> None:
        self.store = store
        self._temporary = temporary

    @classmethod
    def open(
        cls, folder: Folder, *, programme: Folder | None = None, create: bool = False, read_only: bool = False, clock: Clock | None = None
    ) -> Self:
        """Opens a store; with `create`, makes one where there is none. One process may write, others may read what was committed before.

        Raises StoreError (NO_STORE, STORE_BUSY, STORE_NEWER, OTHER_PROGRAMME, ...) and ProgrammeError; then nothing is made or changed.
        """
        given = Path(programme) if programme is not None else None
        return cls(Store.open(Path(folder), programme=given, create=create, read_only=read_only, clock=clock))

    @classmethod
    def trial(cls, folder: Folder, *, programme: Folder | None = None) -> Self:
        """A copy of a store to try things on, or a new one under a programme where there is none. It is gone when it is closed."""
        folder = Path(folder)
        if (folder / "CURRENT").exists():
            with cls.to_copy(folder, programme=programme) as original:
                return original.scratch()
        given = Path(programme) if programme is not None else None
        return cls._scratch(folder, lambda store: Store.open(store, programme=given, create=True))

    def scratch(self) -> Self:
        """A copy of this store to try things on; it is gone when it is closed."""

        def copy(to: Path) -> Store:
            self.store.rocks.checkpoint(to)
            return Store.open(to, clock=self.store.clock)

        return self._scratch(self.store.folder, copy)

    @classmethod
    def _scratch(cls, beside: Path, made: Callable[[Path], Store]) -> Self:
        """A temporary store, on the same disk where that may be written, so that copies are links."""
        parent = beside.absolute().parent
        scratch = Path(tempfile.mkdtemp(prefix=f".{beside.name}-trial-", dir=parent if os.access(parent, os.W_OK) else None))
        try:
            return cls(made(scratch / "store"), scratch)
        except BaseException:
            shutil.rmtree(scratch, ignore_errors=True)
            raise

    @classmethod
    def to_copy(cls, folder: Folder, *, programme: Folder | None = None) -> Self:
        """Opens a store that is to be copied: as its writer, which is quick, or beside the writer where there is one."""
        try:
            return cls.open(folder, programme=programme)
        except StoreError as error:
            if error.code != "STORE_BUSY":
                raise
        return cls.open(folder, programme=programme, read_only=True)

    def close(self) -> None:
        self.store.close()
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    # ---- what is in force ------------------------------------------------------------------------------------------------

    @property
    def compiled(self) -> Compiled:
        """The programme as the kernel reads it: names, versions, currency, time zone."""
        return self.store.compiled

    @property
    def zone(self) -> ZoneInfo:
        """The programme's time zone."""
        return ZoneInfo(self.compiled.time_zone)

    def versions(self) -> tuple[Version, ...]:
        """The published versions, in order of their start."""
        return tuple(v for v in self.compiled.versions if v.text)

    def publish(self, programme: Folder) -> None:
        """Adds a version (a file, or every new one of a folder). Raises StoreError VERSION_TAKEN, TOO_EARLY, OTHER_PROGRAMME; ProgrammeError."""
        from loyalty_streams.programme import load_versions

        path = Path(programme)
        if not path.exists():
            raise StoreError("NO_PROGRAMME", "there is no such file or folder", path)
        for version in load_versions(path):
            self.store.publish(version)

    def minor(self, text: str) -> int:
        """The minor units of a decimal amount in the programme's currency, exactly. Raises AskError BAD_MONEY."""
        from loyalty_streams.asking import minor_units

        return minor_units(text, self.compiled.minor_digits)

    @property
    def as_of(self) -> int | None:
        """The instant that the store stands at, in microseconds UTC: the newest tick, or a fact after it; None before the first."""
        return self.store.clocks.now if self.store.clocks.now >= 0 else None

    def as_of_text(self) -> str | None:
        """The instant that the store stands at, in ISO 8601."""
        return iso(self.as_of)

    def _at(self, when: When | None) -> int | None:
        return at_of(when, self.zone) if when is not None else None

    # ---- facts in --------------------------------------------------------------------------------------------------------

    def ingest(
        self, *paths: Folder, map: Mapping[str, str] | None = None, assume_zone: str | None = None, arrival: str = "auto",
        dry_run: bool = False, progress: Callable[[Progress], None] | None = None, phone_key: str | None = None, phone_region: str = "CN",
        partitions: int = 1,
    ) -> IngestResult:  # fmt: skip
        """Reads files and folders of a history and decides every fact in them; the same facts again change nothing.

        `map` renames columns (`{"order_no": "order_id"}`), `assume_zone` is the zone of times without an offset, `arrival` says when facts
        arrive: `occurred`, `column` (`arrived_at`), `now`, or `auto`: the column where a table has it. With `dry_run` all is read and judged
        and nothing is kept. Phones are kept as hashes under `phone_key`, a secret; without it rows under a plain phone are set aside.
        `phone_region` is the country of phones without a country's code. `partitions` is the number of agents that share the accounts, and changes
        nothing in the end. Raises HistoryError where the history cannot be read as asked for,
        StoreError OTHER_PHONE_KEY where the store's phones are hashed under another key.
        """
        from loyalty_streams.hosts.embedded.ingest import ingest

        if dry_run:
            with self.scratch() as copy:
                return copy.ingest(
                    *paths, map=map, assume_zone=assume_zone, arrival=arrival, progress=progress, phone_key=phone_key, phone_region=phone_region,
                    partitions=partitions,
                )  # fmt: skip
        options = self._options(map or {}, assume_zone, arrival, phone_key, phone_region)
        self.store.partitions = partitions
        try:
            return ingest(self.store, [Path(p) for p in paths], options, progress)
        finally:
            self.store.partitions = 1

    def _options(
        self, renamed: Mapping[str, str], assume_zone: str | None, arrival: str, phone_key: str | None = None, phone_region: str = "CN"
    ) -> ReadOptions:
        from loyalty_streams.history import ReadOptions
        from loyalty_streams.hosts.embedded.identifiers import remember_phone_key

        compiled = self.compiled
        if phone_key:
            remember_phone_key(self.store, phone_key)
        now = self.store.clock() if arrival == "now" else 0
        return ReadOptions(
            compiled.currency, compiled.minor_digits, map=dict(renamed), assume_zone=assume_zone, arrival=arrival, now=now,
            newest_arrived=self.store.clocks.newest_arrived, phone_key=phone_key or "", phone_region=phone_region,
        )  # fmt: skip

    def advance(self, to: When) -> int:
        """Writes the tick: every timer due at or before it fires. -> entries written; 0 where the clock stands there already."""
        return self.store.advance(at_of(to, self.zone))

    def dead_letters(self) -> Iterator[StoredLetter]:
        """Every row that was set aside, oldest first."""
        for number, x in self.store.letters():
            yield StoredLetter(number, x.file, x.row, x.code, x.expected, x.table, x.member, x.raw)

    def replay_dead_letter(
        self, letter: str, mended: Mapping[str, Any] | None = None, *, phone_key: str | None = None, phone_region: str = "CN"
    ) -> dict[str, str | None]:
        """Offers the row of a dead letter again, with columns mended. -> `disposition`, and `reason` where it is set aside once more.

        Applied, or known already, the letter leaves the list. Raises AskError NO_DEAD_LETTER, NOT_A_ROW.
        """
        import json

        from loyalty_streams.hosts.embedded.ingest import replay

        found = self.store.letter(letter)
        if found is None:
            raise AskError("NO_DEAD_LETTER", f"there is no dead letter {letter}")
        row = json.loads(found.raw)
        if not found.row or not found.table or "(cut)" in row:
            raise AskError("NOT_A_ROW", f"dead letter {letter} does not hold a whole row; mend {found.file} and ingest it again")
        options = self._options({}, None, "auto", phone_key, phone_region)
        end, code = replay(self.store, letter, {**row, **(mended or {})}, found, options)
        return {"disposition": end.name.lower(), "reason": code or None}

    # ---- members and numbers ---------------------------------------------------------------------------------------------

    def member(
        self, member_id: str, as_of: When | None = None, lang: Language = "en", *, known_at: When | None = None
    ) -> Member | None:
        """A member's account now, or at an instant: facts before it, timers due at or before it. None where nothing is known of the member then.

        `known_at`: of these facts only those that had arrived before it, so that `as_of=T` is what is true of T, and `as_of=T, known_at=T` what
        was known at T (T188). Its `entries` are made one by one as they are looked at.
        """
        from loyalty_streams.reports.account import account

        found = account(self.store, _id(member_id), self._at(as_of), lang, self._at(known_at))
        return found.view() if found is not None else None

    def explain(self, member_id: str, *, entry: str | None = None, fact: str | None = None, lang: Language = "en") -> Explanation | None:
        """Why a fact (default: the newest) gave these points and not more, or what an entry says (T185 to T187). None for an unknown member."""
        from loyalty_streams.reports.explain import explain

        return explain(self.store, _id(member_id), entry, fact, lang)

    def record(self, member_id: str, *, fact: str | None = None) -> str | None:
        """A story for a spec from a member's history: the facts before a fact (default: the newest), the fact, and what came of it."""
        from loyalty_streams.reports.record import record

        return record(self.store, _id(member_id), fact)

    def report(
        self, name: Report, as_of: When | None = None, *, known_at: When | None = None, by: Sequence[str] = (), rule: str | None = None,
        since: When | None = None, until: When | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """A report as `loyalty report NAME --json` prints it, at an instant, by the facts that had arrived before another (see `member`).

        `by` (store, channel, month), `rule`, `since` and `until` are of `rules`. `quarantine` tells of the returns that wait now.
        """
        from loyalty_streams.hosts.embedded.past import blocks
        from loyalty_streams.reports import build
        from loyalty_streams.reports.question import Question
        from loyalty_streams.reports.rules import DIMENSIONS, Choice
        from loyalty_streams.reports.texts import Texts

        if name not in REPORTS:
            raise AskError("UNKNOWN_REPORT", f"`{name}` is none of {', '.join(REPORTS)}")
        if set(by) - set(DIMENSIONS):
            raise AskError("UNKNOWN_REPORT", f"a breakdown is one of {', '.join(DIMENSIONS)}")
        instant, known = self._at(as_of), self._at(known_at)
        question = Question(self.compiled, self.store.clocks.now if instant is None else instant, Texts(self.store))
        if name == "quarantine":
            from loyalty_streams.reports.quarantine import quarantine

            return quarantine(self.store, question, instant, known)
        whole = blocks(self.store, instant, known)
        if name == "rules":
            return build.rules(whole, question, Choice(tuple(by), self._at(since), self._at(until), rule))
        found: dict[str, Any] = getattr(build, name)(whole, question)
        return found

    def ledger(self, member_id: str | None = None) -> pa.Table:
        """All entries, or a member's, with readable names (schemas/LedgerEntry.avsc says what each column is)."""
        from loyalty_streams.hosts.embedded.ledger_table import ledger_table

        return ledger_table(self.store, None if member_id is None else _id(member_id))

    def facts(self, member_id: str | None = None) -> dict[str, pa.Table]:
        """All facts, or a member's, as the tables of a history, with the decisions given on them."""
        from loyalty_streams.hosts.embedded.fact_tables import fact_tables

        return fact_tables(self.store, None if member_id is None else _id(member_id))

    # ---- a till's questions ----------------------------------------------------------------------------------------------

    def quote(
        self, member_id: str, *, amount_minor: int | None = None, lines: Sequence[Line] = (), channel: str = "", store: str = "",
        at: When | None = None, lang: Language = "en",
    ) -> Quote:  # fmt: skip
        """What an open basket would earn, and why not more. Nothing is kept; other open baskets are not counted."""
        from loyalty_streams.asking import Basket, quote

        return quote(self.store, Basket(_id(member_id), amount_minor, lines, channel, store), self._at(at), lang)

    def redeem(
        self, member_id: str, points: int, *, redemption_id: str | None = None, order_amount_minor: int | None = None,
        order_id: str | None = None, at: When | None = None, lang: Language = "en",
    ) -> Answer:  # fmt: skip
        """Spends points at once. The same id again changes nothing and gives the same answer. `at` defaults to the machine's clock."""
        row = {"points": points, "order_amount_minor": order_amount_minor, "order_id": order_id}
        return self._redemption("redeem", member_id, redemption_id, at, row, lang)

    def reserve(
        self, member_id: str, points: int, *, redemption_id: str | None = None, order_amount_minor: int | None = None,
        order_id: str | None = None, at: When | None = None, lang: Language = "en",
    ) -> Answer:  # fmt: skip
        """Holds points until they are confirmed, released, or the reservation times out."""
        row = {"points": points, "order_amount_minor": order_amount_minor, "order_id": order_id}
        return self._redemption("reserve", member_id, redemption_id, at, row, lang)

    def confirm(self, member_id: str, redemption_id: str, *, at: When | None = None, lang: Language = "en") -> Answer:
        """Spends what was reserved."""
        return self._redemption("confirm", member_id, redemption_id, at, {"points": 0}, lang)

    def release(self, member_id: str, redemption_id: str, *, at: When | None = None, lang: Language = "en") -> Answer:
        """Lets go of what was reserved."""
        return self._redemption("release", member_id, redemption_id, at, {"points": 0}, lang)

    def cancel(self, member_id: str, redemption_id: str, *, at: When | None = None, lang: Language = "en") -> Answer:
        """Undoes a redemption: its points go back to the lots they came from."""
        return self._redemption("cancel", member_id, redemption_id, at, {"points": 0}, lang)

    def adjust(  # noqa: PLR0913 - one argument a column of the adjustments table
        self, member_id: str, points: int = 0, *, reason: str, operator: str, adjustment_id: str | None = None, allow_negative: bool = False,
        wallet: str | None = None, expires_at: When | None = None, available_at: When | None = None, action: str | None = None,
        tier: str | None = None, until: When | None = None, at: When | None = None, lang: Language = "en",
    ) -> Answer:  # fmt: skip
        """Adds points by hand, or deducts them where they are negative; it states who and why.

        `action` may be `add`, `deduct`, `reinstate`, `set_tier` (with `tier`, locked `until`) or `extend`, points not negative then.
        """
        row = {
            "points": points, "reason": reason, "operator": operator, "wallet": wallet, "action": action,
            "allow_negative": "true" if allow_negative else None, "tier": tier,
            **{name: iso(self._at(t)) for name, t in (("expires_at", expires_at), ("available_at", available_at), ("until", until))},
        }  # fmt: skip
        return self._decide("adjustments", "adjust", member_id, adjustment_id, at, row, lang)

    def _redemption(self, action: str, member_id: str, name: str | None, at: When | None, row: Mapping[str, Any], lang: Language) -> Answer:
        return self._decide("redemptions", action, member_id, name, at, row, lang)

    def _decide(
        self, table: str, action: str, member_id: str, name: str | None, at: When | None, row: Mapping[str, Any], lang: Language
    ) -> Answer:
        from loyalty_streams.asking import Command, decide

        own = None if name is None else _id(name)
        return decide(self.store, Command(table, action, own, _id(member_id), self._at(at), row), lang)

    # ---- upkeep ----------------------------------------------------------------------------------------------------------

    def verify(self) -> dict[str, Check]:
        """Every invariant over the whole store, by its id: how much was checked, how much was wrong, and where."""
        from loyalty_streams.hosts.embedded.verify import verify

        return verify(self.store)

    def backup(self, to: Folder) -> None:
        """A consistent copy, itself a store. Raises StoreError EXISTS where the folder is there already."""
        to = Path(to)
        if to.exists():
            raise StoreError("EXISTS", "a backup goes into a folder that does not exist yet", to)
        to.parent.mkdir(parents=True, exist_ok=True)
        self.store.rocks.checkpoint(to)

    def rebuild_state(self) -> tuple[int, int]:
        """Makes every member's state again from the facts and the decisions given on them. -> members, and how many differed before."""
        from loyalty_streams.hosts.embedded.rebuild import rebuild

        return rebuild(self.store)

    def export_facts(self, to: Folder) -> list[Path]:
        """All facts with their decisions as Parquet, bucketed by member and sorted by time: a history that `ingest` reads, and beside it, in the
        folder `packed`, what backtests read fastest. -> the files of the history.
        """
        from loyalty_streams.backtest.packed import PACKED
        from loyalty_streams.backtest.packing import write_pack
        from loyalty_streams.hosts.embedded.export import export_facts

        files = export_facts(self.store, Path(to))
        write_pack(self.store, Path(to) / PACKED, files)
        return files

    def export_ledger(self, to: Folder) -> list[Path]:
        """All entries as Parquet, bucketed by member and sorted by time. -> files."""
        from loyalty_streams.hosts.embedded.export import export_ledger

        return export_ledger(self.store, Path(to))
