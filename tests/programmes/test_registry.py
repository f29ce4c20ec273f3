"""The registry of ids: states and entries hold its numbers, so it only grows."""

from __future__ import annotations

import pytest

from loyalty_streams.core.programme import Compiled
from loyalty_streams.programme import ProgrammeError, Registry, compile_versions
from loyalty_streams.programme.load import load
from loyalty_streams.programme.registry import MOST, RegistryFull

FIRST = """
programme: shop
version: 1
time_zone: UTC
currency: USD
wallets: {points: {}, growth: {spendable: false}}
earn:
  base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}, also: {growth: same}}
  check-in: {on: {interaction: check-in}, points: {fixed: 5}, limits: {times: 1, per: day}}
tiers: {metric: {growth: {window: 12 months}}, ladder: {base: 0, silver: 100, gold: 500}}
lifecycle: {new: {first_order_within: 30 days}, active: {last_order_within: 60 days}, precedence: [new, active]}
"""
SECOND = """
programme: shop
version: 2
effective_from: 2026-06-01
time_zone: UTC
currency: USD
wallets: {points: {}, growth: {spendable: false}}
earn:
  anniversary: {on: birthday, points: {fixed: 5}}
  check-in: {on: {interaction: check-in}, points: {fixed: 7}, limits: {times: 1, per: day}}
tiers: {metric: {growth: {window: 12 months}}, ladder: {base: 0, bronze: 50, silver: 100, gold: 500}}
lifecycle: {new: {first_order_within: 30 days}, gone: {idle: 60 days}, precedence: [gone, new]}
"""


def both(registry: Registry) -> Compiled:
    return compile_versions([load(FIRST), load(SECOND)], registry)


def test_what_a_later_version_inserts_and_drops_changes_no_number() -> None:
    names = compile_versions([load(FIRST)], Registry()).names
    later = both(Registry()).names
    for kind in ("rules", "tiers", "wallets", "stages", "limits"):
        assert getattr(later, kind)[: len(getattr(names, kind))] == getattr(names, kind)
    assert later.tiers == ("base", "silver", "gold", "bronze")
    assert later.rules == ("base", "check-in", "anniversary")


def test_a_limit_of_a_later_version_counts_on_where_the_former_stood() -> None:
    compiled = both(Registry())
    first, second = (int(table.limits[0].id) for table in compiled.tables)
    assert first == second


def test_a_registry_that_was_kept_gives_the_numbers_that_it_gave() -> None:
    registry = Registry()
    before = both(registry)
    kept = Registry.from_text(registry.to_text())
    assert kept == registry
    again = compile_versions([load(SECOND.replace("version: 2", "version: 3"))], kept)
    assert again.names == before.names
    assert [int(again.tables[-1].rungs[k].tier) for k in range(4)] == [0, 3, 1, 2], "base, bronze, silver, gold"


def test_a_candidate_extends_a_copy_and_leaves_no_trace() -> None:
    registry = Registry()
    compile_versions([load(FIRST)], registry)
    before = registry.to_text()
    both(registry.copy())
    assert registry.to_text() == before


def test_a_programme_that_is_refused_leaves_the_registry_as_it_was() -> None:
    registry = Registry()
    compile_versions([load(FIRST)], registry)
    before = registry.to_text()
    with pytest.raises(ProgrammeError):
        compile_versions([load(FIRST), load(SECOND.replace("time_zone: UTC", "time_zone: Asia/Shanghai"))], registry)
    assert registry.to_text() == before


def test_a_registry_does_not_take_over_numbers_given_otherwise() -> None:
    one, other = Registry(), Registry()
    one.number("tiers", "silver")
    other.number("tiers", "gold")
    with pytest.raises(ValueError, match="only grows"):
        one.adopt(other)


def test_a_registry_has_room_for_so_many_names_and_says_when_it_is_full() -> None:
    registry = Registry()
    for number in range(MOST["wallets"]):
        assert registry.number("wallets", f"w{number}") == number
    assert registry.number("wallets", "w3") == 3
    with pytest.raises(RegistryFull):
        registry.number("wallets", "one more")


@pytest.mark.parametrize("text", ["[]", "{}x", '{"tiers": ["a", "a"]}', '{"colours": []}', ""])
def test_what_is_no_registry_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        Registry.from_text(text)
