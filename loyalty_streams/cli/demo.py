"""`loyalty demo`: a real grocer's year into a fresh store, and what it says."""

from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loyalty_streams.cli.common import Data, Failure, Lang, folder, guarded, language, note, out, table

if TYPE_CHECKING:
    from loyalty_streams.api import Loyalty
    from loyalty_streams.reports.words import Language

PROGRAMME, CANDIDATE = "fresh-market", "fresh-market-autumn.yaml"
MARK = b"m/demo"
"""The row of `rest` that says that a store is the demo's, and may be replaced by the next one."""
HOUSEHOLD = "2058"
"""The household whose statement is shown: gold on its way to platinum, with points that expire soon."""
ENTRIES = 8


@guarded
def demo(data: Data = None, lang: Lang = None) -> None:
    """Builds a fresh store from a year of a real grocer's baskets (Complete Journey), prints what it says and what to type next, and ends.

    \b
    Examples:
      loyalty demo
      loyalty demo --data grocer --lang zh
    """
    from loyalty_streams.api import Loyalty
    from loyalty_streams.history.complete_journey import folder as journey

    chosen, where = language(lang), folder(data)
    _make_room(where)
    _say("reading Complete Journey: 155,848 baskets of 2,469 households ...")
    history = journey(cache_folder())
    start = time.perf_counter()
    with Loyalty.open(where, programme=demo_programme(), create=True) as shop:
        _mark(shop)
        if not _compiled_before():
            note("compiling the kernel: about a minute, once a version")
        result = shop.ingest(history, progress=_progress if sys.stderr.isatty() else None)
        _say("")
        took = time.perf_counter() - start
        out("\n".join(_told(shop, result, took, chosen)))
    out("\n" + what_next(where))


def demo_programme() -> Path:
    """The demo's programme."""
    return _installed(PROGRAMME)


def demo_candidate() -> Path:
    """What the demo's grocer might try next."""
    return _installed("candidates") / CANDIDATE


def _installed(name: str) -> Path:
    """A folder of programmes: beside this file in an installed package, at the top of a checkout."""
    beside = Path(__file__).with_name(name)
    checkout = Path(__file__).resolve().parents[2] / "programmes" / name
    for path in (beside, checkout):
        if path.is_dir():
            return path
    raise Failure("NO_PROGRAMME", "the demo's programmes were not installed with the package", str(beside))


def cache_folder() -> Path:
    """Where the history folder is kept between runs."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "loyalty-streams"


def _make_room(where: Path) -> None:
    """Removes the store of an earlier demo; what the demo did not make is left alone."""
    from loyalty_streams.api import Loyalty

    if not (where / "CURRENT").exists():
        return
    with Loyalty.open(where) as old:
        ours = old.store.rocks.get("rest", MARK) is not None
    if not ours:
        raise Failure("EXISTS", "there is a store here that the demo did not make; name another folder with --data", str(where))
    shutil.rmtree(where)


def _mark(shop: Loyalty) -> None:
    batch = shop.store.rocks.batch()
    batch.put("rest", MARK, b"1")
    shop.store.rocks.write(batch)


def _compiled_before() -> bool:
    from loyalty_streams.core.kernel.jit import cache_folder as compiled

    return compiled().is_dir() and any(compiled().rglob("*.nbi"))


def _told(shop: Loyalty, result: Any, seconds: float, lang: Language) -> list[str]:
    """The result: what was read, points, tiers, stages, the three core metrics, and one household."""
    from loyalty_streams.cli import ingest, report
    from loyalty_streams.reports.statement import statement

    digits, currency = shop.compiled.minor_digits, shop.compiled.currency
    lines = [ingest.as_text(result, dry_run=False), f"decided in {seconds:.1f} s, {result.entries:,} entries in the ledger", ""]
    lines += [report.summary_text(shop.report("summary"), digits, currency), ""]
    lines += [report.core_metrics(shop.report("kpis")), ""]
    account = shop.member(HOUSEHOLD, lang=lang)
    if account is not None:
        lines.append(statement(account, shop.compiled, lang, ENTRIES))
    return lines


def what_next(where: Path) -> str:
    """Commands to go on with."""
    from loyalty_streams.settings import FIELDS

    named = "" if str(where) == FIELDS["data"].default else f" --data {where}"
    lines = [
        (f"loyalty explain {HOUSEHOLD}{named}", "why its newest basket gave these points"),
        (f"loyalty member {HOUSEHOLD} --as-of 2017-07-01{named}", "the same household half a year before"),
        (f"loyalty report rules --by month{named}", "what each rule paid"),
        (f"loyalty report kpis --as-of 2017-10-01{named}", "the numbers as they were"),
        (f"loyalty quote {HOUSEHOLD} --amount 120.00 --at 2018-01-02T12:00:00-05:00{named}", "what a basket would earn"),
        (f"loyalty plan {demo_candidate()}{named}", "what other rules would have given"),
        (f"loyalty programme test {demo_programme()}", "the rules and their tests: copy them and write your own"),
    ]
    return "What to type next:\n" + table([(f"  {command}", why) for command, why in lines], ("", "")).lstrip("\n")


def _say(text: str) -> None:
    """Where things stand, on one line of a terminal."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{text}")
        sys.stderr.flush()


def _progress(progress: Any) -> None:
    _say(str(progress))
