"""Runs the stories of a spec under a programme and says where they differ. The same runner serves `loyalty programme test` and pytest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np

from loyalty_streams.core.codes import NEVER, EntryKind, Reason, code_of
from loyalty_streams.core.entries import postings
from loyalty_streams.core.facts import Fact, to_columns
from loyalty_streams.core.programme import Compiled
from loyalty_streams.programme.because import Because
from loyalty_streams.programme.story import ACCOUNTS, ExpectedLot, Refused, Story, moment, read_stories

if TYPE_CHECKING:
    from loyalty_streams.core.engine import Engine, Folded

SUFFIX = ".spec.yaml"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as the story says."""

    what: str
    expected: str
    actual: str


@dataclass(frozen=True, slots=True)
class Result:
    """How one story ended: passed when nothing differs."""

    story: Story
    differences: tuple[Difference, ...]

    @property
    def passed(self) -> bool:
        return not self.differences

    def render(self) -> str:
        """The story and its differences as people read them."""
        head = f"{self.story.file}:{self.story.line}: {self.story.name}"
        return "\n".join([head, *(f"  {d.what}\n    expected  {d.expected}\n    actual    {d.actual}" for d in self.differences)])


def spec_files(path: Path) -> tuple[Path, ...]:
    """The specs beside a programme: `v1.spec.yaml` of `v1.yaml`; of a folder, all in it; a spec itself."""
    if path.is_dir():
        return tuple(sorted(path.glob(f"*{SUFFIX}")))
    if path.name.endswith(SUFFIX):
        return (path,)
    beside = path.with_name(path.name.removesuffix(path.suffix) + SUFFIX)
    return (beside,) if beside.exists() else ()


def run_spec(path: Path, compiled: Compiled, engine: Engine | None = None) -> tuple[Result, ...]:
    """Every story of a file. Raises ProgrammeError where the file cannot be read as stories."""
    stories = read_stories(path, compiled.time_zone, compiled.minor_digits)
    return run_stories(stories, compiled, engine)


def run_stories(stories: Sequence[Story], compiled: Compiled, engine: Engine | None = None) -> tuple[Result, ...]:
    from loyalty_streams.core.engine import Engine

    engine = engine or Engine(compiled)
    return tuple(_run(story, compiled, engine) for story in stories)


def _run(story: Story, compiled: Compiled, engine: Engine) -> Result:
    facts = sorted((*story.given, *story.when), key=lambda f: (f.at, f.kind, f.key.encode()))
    told = {id(fact) for fact in story.when}
    columns = to_columns(facts)
    folded = engine.fold(columns, np.array([0, len(facts)], np.int64), until=story.until, explain=True)
    when = np.array([id(fact) in told for fact in facts], np.bool_)
    return Result(story, tuple(_Check(story, compiled, facts, when, folded).differences()))


class _Check:
    """Compares one folded story with what it expects."""

    def __init__(self, story: Story, compiled: Compiled, facts: list[Fact], when: Any, folded: Folded) -> None:
        self.then, self.compiled, self.facts = story.then, compiled, facts
        self.entries = folded.entries
        self.state_bytes = folded.states[folded.state_at[0] : folded.state_at[1]].tobytes()
        self.zone = ZoneInfo(compiled.time_zone)
        self.because = Because(compiled, _strings(facts))
        cause = self.entries["cause"]
        start = min((f.at for f, told in zip(facts, when.tolist(), strict=True) if told), default=story.until)
        by_fact = (cause >= 0) & when[np.maximum(cause, 0)] if len(facts) else cause >= 0
        self.told = by_fact | ((cause < 0) & (self.entries["at"] >= start))
        self.out: list[Difference] = []

    def differences(self) -> list[Difference]:
        then = self.then
        for wallet, expected in then.points.items():
            self.accounts(wallet, expected)
        if then.because is not None:
            self.parts()
        for refused in then.not_paid:
            self.not_paid(refused)
        if then.tier is not None or then.stage is not None or then.lots is not None:
            self.state()
        return self.out

    def differ(self, what: str, expected: object, actual: object) -> None:
        if expected != actual:
            self.out.append(Difference(what, str(expected), str(actual)))

    def wallet(self, name: str) -> int:
        """The number of a wallet; -1 for an unknown name, which then has no points."""
        names = self.compiled.names.wallets
        return self.compiled.main_wallet if not name else names.index(name) if name in names else -1

    def accounts(self, wallet: str, expected: Mapping[str, int]) -> None:
        actual = dict.fromkeys(ACCOUNTS, 0)
        for e in self.entries[self.entries["wallet"] == self.wallet(wallet)]:
            for account, change in postings(int(e["kind"]), int(e["bucket"]), int(e["points"])).items():
                actual[account] += change
            if e["kind"] == EntryKind.WRITTEN_OFF:
                actual["written_off"] += int(e["basis"])
        for account, points in expected.items():
            self.differ(f"points {account}" + (f" of {wallet}" if wallet else ""), points, actual[account])

    def parts(self) -> None:
        """`because` is complete for the main wallet and for every wallet that it names."""
        expected = Counter((p.rule, self.wallet(p.wallet), p.points) for p in self.then.because or ())
        wallets = {wallet for _, wallet, _ in expected} | {self.compiled.main_wallet}
        paid: dict[tuple[int, int, int, int], int] = {}
        for e in self.entries[self.told & np.isin(self.entries["kind"], (EntryKind.EARNED, EntryKind.CLAWED_BACK))]:
            if int(e["wallet"]) in wallets and int(e["rule"]) >= 0:
                taken = int(e["kind"]) == EntryKind.CLAWED_BACK
                key = (
                    int(e["rule"]),
                    int(e["wallet"]),
                    int(e["cause"]) if int(e["cause"]) >= 0 else -int(e["seq"]),
                    int(taken),
                )
                # A part may be taken back from several lots and from debt; a story counts it once.
                paid[key] = paid.get(key, 0) + (-abs(int(e["points"])) if taken else int(e["points"]))
        actual = Counter((self.compiled.names.rules[rule], wallet, points) for (rule, wallet, _, _), points in paid.items())
        if actual != expected:
            self.differ("because", self.listed(expected - actual, expected), self.listed(actual - expected, actual))

    def listed(self, wrong: Counter[tuple[str, int, int]], whole: Counter[tuple[str, int, int]]) -> str:
        """The lines that the other side does not have, and the sum of all."""
        names = self.compiled.names.wallets
        lines = [
            f"{rule} {points}" + (f" into {names[w]}" if w not in (self.compiled.main_wallet, -1) else "")
            for rule, w, points in sorted(wrong.elements())
        ]
        total = sum(points * n for (_, w, points), n in whole.items() if w == self.compiled.main_wallet)
        return f"{', '.join(lines) or 'nothing more'} (together {total})"

    def not_paid(self, refused: Refused) -> None:
        found = []
        for e in self.entries[self.told & (self.entries["kind"] == EntryKind.REFUSED)]:
            rule = int(e["rule"])
            if refused.rule and (rule < 0 or self.compiled.names.rules[rule] != refused.rule):
                continue
            if refused.redemption and (rule >= 0 or int(e["ref"]) != code_of(f"redemption/{refused.redemption}")):
                continue
            found.append((Reason(int(e["reason"])).name, self.because.refusal(e)))
        name = refused.rule or refused.redemption
        if not found:
            self.differ(f"not_paid {name}", refused.because or "refused", "not refused")
        elif refused.because and all(refused.because not in pair for pair in found):
            self.differ(f"not_paid {name}", refused.because, " / ".join(dict.fromkeys(text for _, text in found)))

    def state(self) -> None:
        from loyalty_streams.core.state import unpack

        state = unpack(self.state_bytes)
        names = self.compiled.names
        if self.then.tier is not None:
            self.differ("tier", self.then.tier, names.tiers[state.tier] if state.tier >= 0 else "none")
        if self.then.stage is not None:
            self.differ("stage", self.then.stage, names.stages[state.stage] if state.stage >= 0 else "none")
        if self.then.lots is not None:
            lots = [x for x in state.lots if x.wallet == self.compiled.main_wallet and x.remaining > 0]
            actual = [
                {
                    "points": x.granted,
                    "remaining": x.remaining,
                    "earned_at": x.earned_at,
                    "available_at": x.activates_at,
                    "expires_at": x.expires_at,
                }
                for x in lots
            ]
            self.lots(self.then.lots, actual)

    def lots(self, expected: Sequence[ExpectedLot], actual: list[dict[str, int]]) -> None:
        """Lots in order of expiry; of each only what the story names."""
        self.differ("number of lots", len(expected), len(actual))
        for n, (lot, found) in enumerate(zip(expected, actual, strict=False), 1):
            for name, value in lot.values.items():
                self.differ(f"lot {n} {name}", self.shown(name, value), self.shown(name, found[name]))

    def shown(self, name: str, value: int) -> str:
        if not name.endswith("_at"):
            return str(value)
        return "never" if value >= NEVER else moment(value, self.zone)


def _strings(facts: Sequence[Fact]) -> dict[int, str]:
    """The text of every code in the facts."""
    texts = {t for f in facts for t in (f.channel, f.store, f.type)}
    texts |= {t for f in facts for line in f.lines for t in (line.sku, line.category)}
    texts |= {a.value for f in facts for a in f.attributes if isinstance(a.value, str)}
    return {code_of(t): t for t in texts if t}
