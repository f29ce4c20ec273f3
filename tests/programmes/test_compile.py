"""Programmes as integer tables: what the kernel reads is what the author wrote."""

from __future__ import annotations

import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_streams.core import codes
from loyalty_streams.core.codes import ABSENT, NEVER, code_of
from loyalty_streams.core.kernel.records import (
    FROM_ACTIVITY,
    IN,
    NOT_IN,
    NOT_RANGE,
    NOT_TAGGED,
    PASS,
    RANGE,
    TAGGED,
    W_CALENDAR,
    W_ROLLING,
    width_of,
    word_of,
)
from loyalty_streams.core.programme import Compiled
from loyalty_streams.programme import ProgrammeError, Registry, compile_versions
from loyalty_streams.programme.load import load, load_versions

ROOT = Path(__file__).resolve().parent.parent.parent
HEAD = "programme: shop\nversion: {version}\ntime_zone: UTC\ncurrency: USD\n{start}"
BASE = "base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}}"


def text_of(body: str, version: int = 1, start: str = "") -> str:
    text = HEAD.format(version=version, start=f"effective_from: {start}\n" if start else "") + body
    return text if "wallets:" in body else f"{text}\nwallets: {{points: {{}}}}"


def compiled(*bodies: str) -> Compiled:
    return compile_versions([load(text_of(body)) for body in bodies], Registry())


def rules(body: str) -> str:
    return "earn:\n" + "\n".join(f"  {line}" for line in body.strip().splitlines())


def refused(*texts: str) -> list[str]:
    with pytest.raises(ProgrammeError) as caught:
        compile_versions([load(text) for text in texts], Registry())
    return [d.code for d in caught.value.diagnostics]


# ---- conditions ---------------------------------------------------------------------------------------------------------


def walk(table: Any, row: int, words: dict[int, int], tags: frozenset[int] = frozenset()) -> int:
    """The road through condition rows, as the tables describe it."""
    while row >= 0:
        c = table.conditions[row]
        values = {int(table.sets[k]) for k in range(int(c.lo), int(c.hi))} if int(c.op) in (IN, NOT_IN, TAGGED, NOT_TAGGED) else set()
        x = words.get(int(c.at), 0)
        holds = {
            RANGE: int(c.lo) <= x <= int(c.hi), NOT_RANGE: not int(c.lo) <= x <= int(c.hi), IN: x in values, NOT_IN: x not in values,
            TAGGED: bool(tags & values), NOT_TAGGED: not tags & values,
        }[int(c.op)]  # fmt: skip
        row = int(c.then) if holds else int(c.orelse)
    return row


LEAVES = st.one_of(
    st.sampled_from(["app", "pos"]).map(lambda v: ("channel", "eq", (v,))),
    st.sampled_from(["app", "pos"]).map(lambda v: ("channel", "ne", (v,))),
    st.just(("channel", "exists", (True,))),
    st.just(("store", "in", ("S1", "S2"))),
    st.just(("store", "not_in", ("S1", "S2"))),
    st.tuples(st.just("amount"), st.sampled_from(["lt", "lte", "gt", "gte"]), st.sampled_from([(1000,), (2000,)])),
    st.just(("amount", "between", (1000, 2000))),
    st.tuples(st.just("orders_before"), st.sampled_from(["eq", "gt"]), st.sampled_from([(0,), (3,)])),
)
TREES = st.recursive(
    LEAVES,
    lambda part: st.one_of(
        st.tuples(st.just("all"), st.lists(part, min_size=1, max_size=3)),
        st.tuples(st.just("any"), st.lists(part, min_size=1, max_size=3)),
        st.tuples(st.just("not"), part),
    ),
    max_leaves=8,
)
FACTS = st.fixed_dictionaries({
    "channel": st.sampled_from(["", "app", "pos"]), "store": st.sampled_from(["", "S1", "S9"]),
    "amount": st.sampled_from([0, 999, 1000, 1500, 2000, 2001]), "orders_before": st.sampled_from([0, 1, 3, 4]),
})  # fmt: skip


def written(tree: Any) -> str:
    """A tree as a programme writes it."""
    match tree:
        case ("not", part):
            return f"{{not: {written(part)}}}"
        case (("all" | "any") as join, parts):
            return f"{{{join}: [{', '.join(map(written, parts))}]}}"
        case (field, op, values):
            said = [f"{v // 100}.{v % 100:02}" if field == "amount" else str(v).lower() if v is True else str(v) for v in values]
            return f"{{{field}: {{{op}: {said[0] if op not in ('in', 'not_in', 'between') else '[' + ', '.join(said) + ']'}}}}}"
    raise AssertionError(tree)


def true_of(tree: Any, fact: dict[str, Any]) -> bool:
    """What a tree means, read from the language and not from the tables."""
    match tree:
        case ("not", part):
            return not true_of(part, fact)
        case ("all", parts):
            return all(true_of(p, fact) for p in parts)
        case ("any", parts):
            return any(true_of(p, fact) for p in parts)
    field, op, values = tree
    x = fact[field]
    return {
        "eq": x == values[0], "ne": x != values[0], "exists": bool(x), "in": x in values, "not_in": x not in values,
        "lt": x < values[0] if op == "lt" else False, "lte": x <= values[0] if op == "lte" else False,
        "gt": x > values[0] if op == "gt" else False, "gte": x >= values[0] if op == "gte" else False,
        "between": values[0] <= x <= values[-1] if op == "between" else False,
    }[op]  # fmt: skip


@given(TREES, FACTS)
def test_a_condition_holds_in_the_tables_when_it_holds_as_written(tree: Any, fact: dict[str, Any]) -> None:
    program = compiled(rules(f"{BASE}\nsome: {{on: order, when: {written(tree)}, points: {{fixed: 1}}}}"))
    table = program.tables[0]
    condition = next(int(r.condition) for r in table.rules[:2] if int(r.condition) != PASS)
    words = {
        word_of("fact", "channel"): code_of(fact["channel"]), word_of("fact", "store"): code_of(fact["store"]),
        word_of("fact", "amount"): fact["amount"], word_of("head", "orders"): fact["orders_before"],
    }  # fmt: skip
    end = walk(table, condition, words)
    assert (end == PASS) == true_of(tree, fact)
    if end != PASS:
        assert program.versions[0].conditions[-2 - end].field in fact, "a row that fails names itself"


@pytest.mark.parametrize(
    ("when", "text"),
    [
        ("{amount: {gte: 50.00}}", "amount gte 50.00"), ("{channel: app}", "channel eq app"), ("{not: {channel: app}}", "channel ne app"),
        ("{not: {channel: [app, pos]}}", "channel not_in app, pos"), ("{not: {amount: {lt: 5.00}}}", "amount gte 5.00"),
        ("{not: {attributes.stars: {exists: true}}}", "attributes.stars exists false"),
        ("{not: {not: {amount: {gt: 5.00}}}}", "amount gt 5.00"),
    ],
)  # fmt: skip
def test_T186_a_row_tells_what_it_needs_in_one_form_under_not_as_well(when: str, text: str) -> None:
    (row,) = compiled(rules(f"some: {{on: order, when: {when}, points: {{fixed: 1}}}}")).versions[0].conditions
    assert f"{row.field} {row.op} {row.expected}" == text


def test_an_attribute_that_a_fact_lacks_meets_only_what_denies() -> None:
    met = {}
    for when in ("{gte: 4}", "{lt: 4}", "{ne: 4}", "{eq: 4}", "{exists: true}", "{exists: false}"):
        table = compiled(rules(f"some: {{on: {{interaction: review}}, when: {{attributes.stars: {when}}}, points: {{fixed: 1}}}}")).tables[0]
        met[when] = [walk(table, 0, {word_of("attr"): value}) == PASS for value in (ABSENT, 3_000_000, 4_000_000)]
    assert met == {
        "{gte: 4}": [False, False, True], "{lt: 4}": [False, True, False], "{ne: 4}": [True, True, False], "{eq: 4}": [False, False, True],
        "{exists: true}": [False, True, True], "{exists: false}": [True, False, False],
    }  # fmt: skip


def test_a_tier_at_least_gold_is_gold_and_all_above_it_on_its_ladder() -> None:
    body = rules("some: {on: order, when: {tier: {gte: gold}}, points: {fixed: 1}}") + """
tiers: {metric: {spend: {window: 12 months}}, ladder: {base: 0, silver: 1.00, gold: 2.00, top: 3.00}}"""
    program = compiled(body)
    held = [name for number, name in enumerate(program.names.tiers) if walk(program.tables[0], 0, {word_of("head", "tier"): number}) == PASS]
    assert held == ["gold", "top"]
    assert walk(program.tables[0], 0, {word_of("head", "tier"): -1}) != PASS, "without a tier there is none to compare"


def test_tags_are_compared_as_a_set() -> None:
    table = compiled(rules("some: {on: order, when: {tags: [vip, staff]}, points: {fixed: 1}}")).tables[0]
    assert walk(table, 0, {}, frozenset({code_of("vip"), code_of("x")})) == PASS
    assert walk(table, 0, {}, frozenset({code_of("x")})) != PASS


def test_rules_with_the_same_lines_share_a_filter_and_a_line_field_strides_over_the_basket() -> None:
    twice, each = "a: {on: order, lines: {category: fruit}, multiply: 2}", "b: {on: order, lines: {category: fruit}, points: {fixed: 1, per: unit}}"
    table = compiled(rules(f"{BASE}\n{twice}\n{each}")).tables[0]
    masks = {int(r.id): int(r.lines_mask) for r in table.rules[:3]}
    assert sorted(masks.values()) == [0b01, 0b11, 0b11]
    row = table.conditions[int(table.filters[1])]
    assert (int(row.at), int(row.stride), int(row.lo)) == (word_of("basket", "category"), width_of("basket"), code_of("fruit"))


# ---- rules ---------------------------------------------------------------------------------------------------------------


def test_T003_rules_stand_in_the_order_in_which_they_are_decided_whatever_the_file_says() -> None:
    lines = [
        BASE, "unit: {on: order, points: {fixed: 5, per: unit}}", "fixed: {on: order, points: {fixed: 1}}", "twice: {on: order, multiply: 2}",
        "step: {on: order, points: {rate: 1, per: 10.00, mode: step}}", "first: {on: order, points: {fixed: 9}, priority: 1}",
    ]  # fmt: skip
    for order in (lines, lines[::-1]):
        program = compiled(rules("\n".join(order)) + "\ncombine: {tier_and_base: stack}")
        told = [program.names.rules[int(r.id)] for r in program.tables[0].rules[: len(lines)]]
        assert told == ["base", "step", "twice", "first", "fixed", "unit"]
        assert program.names.rules == ("base", "first", "fixed", "step", "twice", "unit"), "numbers do not follow the file either"


@pytest.mark.parametrize(
    ("rates", "expected"),
    [
        (["rate: 1, per: 1.00"], [Fraction(1, 100)]), (["rate: 1.2, per: 1.00", "rate: 1/3, per: 1.00"], [Fraction(12, 1000), Fraction(1, 300)]),
        (["rate: 10, per: 100.00"], [Fraction(1, 1000)]),
    ],
)  # fmt: skip
def test_proportional_rates_are_exact_over_one_denominator(rates: list[str], expected: list[Fraction]) -> None:
    body = rules("\n".join(f"r{n}: {{on: order, points: {{{rate}, mode: proportional}}}}" for n, rate in enumerate(rates)))
    table = compiled(body).tables[0]
    assert [Fraction(int(r.rate), int(table.settings.rate_den)) for r in table.rules[: len(rates)]] == expected


def test_rates_and_multipliers_too_fine_for_64_bits_are_refused() -> None:
    fine = "\n".join(f"r{n}: {{on: order, points: {{rate: 1.000{n}, per: {p}.00, mode: proportional}}}}" for n, p in ((1, 7), (3, 11), (7, 13)))
    assert refused(text_of(rules(fine + "\nx: {on: order, multiply: 1.123456}"))) == ["E-RATE"]


def test_the_numbers_of_one_step_are_points_a_full_step() -> None:
    (rule,) = compiled(rules("s: {on: order, points: {rate: 10, per: 100.00, mode: step}}")).tables[0].rules[:1]
    assert (int(rule.step), int(rule.rate)) == (10_000, 10)


# ---- versions, wallets, metrics -----------------------------------------------------------------------------------------


def test_before_the_first_version_wallets_and_metrics_stand_and_nothing_is_earned() -> None:
    body = rules(BASE) + """
wallets: {points: {expires: {after: 12 months, from: last_activity}, unit_value: 0.01}}
tiers: {metric: {spend: {window: 12 months}}, ladder: {base: 0, silver: 1.00, gold: 2.00}}"""
    program = compile_versions([load(text_of(body, start="2026-01-01"))], Registry())
    before, first = program.tables
    assert [(v.version, v.effective_from, v.effective_until) for v in program.versions] == [
        (0, -NEVER, 1_767_225_600_000_000), (1, 1_767_225_600_000_000, NEVER),
    ]  # fmt: skip
    assert (int(before.settings.effective_until), int(first.settings.effective_from)) == (1_767_225_600_000_000,) * 2
    assert (int(before.n.rules), int(before.settings.has_tiers), int(before.n.metrics), int(before.metrics[0].judged)) == (0, 0, 1, 0)
    assert int(before.terms[0].used) == 1 and int(before.terms[0].expires) != FROM_ACTIVITY
    assert int(first.terms[0].expires) == FROM_ACTIVITY


def test_a_version_without_a_start_is_in_force_from_the_first_fact() -> None:
    program = compiled(rules(BASE))
    assert len(program.tables) == 1 and int(program.tables[0].settings.effective_from) == -NEVER


def test_all_versions_measure_every_metric_and_judge_by_their_own() -> None:
    ladder = "ladder: {base: 0, silver: 1.00, gold: 2.00}"
    one = text_of(rules(BASE) + f"\ntiers: {{metric: {{spend: {{window: 12 months}}}}, {ladder}}}")
    two = text_of(rules(BASE) + f"\ntiers: {{metric: {{spend: {{window: calendar_year}}}}, {ladder}}}", 2, "2026-06-01")
    first, second = compile_versions([load(one), load(two)], Registry()).tables
    for table, judged in ((first, [1, 0]), (second, [0, 1])):
        assert [int(m.window) for m in table.metrics[:2]] == [W_ROLLING, W_CALENDAR]
        assert [int(m.judged) for m in table.metrics[:2]] == judged
    assert (int(second.rungs[1].need0), int(second.rungs[1].need1)) == (1 << 62, 100), "a rung needs nothing that can be met of another's metric"


def test_more_metrics_over_all_versions_than_there_are_slots_are_refused() -> None:
    def version(n: int) -> str:
        tiers = f"tiers: {{metric: {{spend: {{window: {n} months}}}}, ladder: {{a: 0, b: 1.00, c: 2.00}}}}"
        return text_of(f"{rules(BASE)}\n{tiers}", n, f"202{n}-01-01" if n > 1 else "")

    texts = [version(n) for n in range(1, 6)]
    assert refused(*texts[:5]) == ["E-TOO-MANY"]
    compile_versions([load(text) for text in texts[:4]], Registry())


def test_a_wallet_that_a_version_drops_keeps_its_terms_for_the_lots_still_there() -> None:
    one = text_of(rules(BASE) + "\nwallets: {points: {}, bonus: {expires: {after: 3 months}}}")
    two = text_of(rules(BASE) + "\nwallets: {points: {}}", 2, "2026-06-01")
    program = compile_versions([load(one), load(two)], Registry())
    terms = program.tables[1].terms[program.names.wallets.index("bonus")]
    assert (int(terms.used), int(terms.months), int(terms.lots)) == (0, 3, 1)


def test_more_rules_than_the_engine_holds_are_refused() -> None:
    assert refused(text_of(rules("\n".join(f"r{n}: {{on: {{interaction: i}}, points: {{fixed: 1}}}}" for n in range(257))))) == ["E-TOO-MANY"]


def test_two_literals_of_one_code_are_refused_and_the_same_text_twice_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    body = rules("a: {on: order, when: {channel: app}, points: {fixed: 1}}\nb: {on: order, when: {store: pos}, points: {fixed: 1}}")
    assert compiled(body.replace("pos", "app")).literals[code_of("app")] == "app"
    monkeypatch.setattr(codes, "code_of", lambda text: 42 if text in ("app", "pos") else code_of(text))
    assert refused(text_of(body)) == ["E-COLLISION"]


def test_labels_go_with_the_version_by_section_and_id() -> None:
    labels = compile_versions(load_versions(ROOT / "programmes" / "fresh-market"), Registry()).versions[-1].labels
    assert labels["tiers.gold"]["zh"] == "金卡" and labels["earn.first-order"]["en"] == "first order" and labels["wallets.points"]["zh"] == "积分"


def test_merges_are_undone_and_receipts_claimed_within_90_and_30_days_where_a_programme_says_nothing() -> None:
    said, silent = (compiled(body).versions[0].facts for body in ("facts: {unmerge_within: 1 week, claim_within: 36 hours}", ""))
    assert (said.unmerge_within, said.claim_within) == (7 * codes.DAY, 3 * codes.DAY // 2)
    assert (silent.unmerge_within, silent.claim_within) == (90 * codes.DAY, 30 * codes.DAY)


def test_another_programme_compiles_in_milliseconds() -> None:
    versions = [load(ROOT / "tests" / "programme" / "full-example.yaml")]
    compile_versions(versions, Registry())
    used = []
    for _ in range(5):
        start = time.process_time()
        compile_versions(versions, Registry())
        used.append(time.process_time() - start)
    assert min(used) < 0.05
