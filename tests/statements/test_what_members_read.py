"""What a member reads about points and tier: sentences in Chinese and English (T187), and the tier to come (T109)."""

from __future__ import annotations

from typing import Literal

import pytest

from loyalty_streams.core.codes import EntryKind
from loyalty_streams.core.state import unpack
from loyalty_streams.programme.because import Because
from loyalty_streams.reports.ladder import standing
from loyalty_streams.reports.sentences import Sentences
from tests.statements.expectations import Outcome
from tests.statements.story import parse_story
from tests.statements.telling import Telling
from tests.statements.vocabulary import instant

LANGUAGES: tuple[Literal["zh"], Literal["en"]] = ("zh", "en")
GOLD = """
  tiers:
    metric: {spend: {window: 12 months}}
    ladder: {member: 0, silver: 1000.00, gold: 5000.00}
    labels: {gold: {zh: 金卡, en: Gold}}
  earn:
    base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}, label: {zh: 基础积分, en: base points}}
    gold-double: {on: order, when: {tier: gold}, multiply: 2}
    welcome: {on: order, when: {channel: app}, points: {fixed: 7}, label: {zh: 见面礼, en: welcome}}
    hundred: {on: order, when: {channel: pos}, points: {fixed: 30}, limits: {points: 20, per: day}, label: {zh: 门店礼, en: shop gift}}
  2026-01-01 09:00 | set-tier A1 gold until=2027-01-01 | tier gold
"""


def last(rows: str) -> Outcome:
    return [outcome for _, outcome in Telling(parse_story("A story" + rows)).outcomes()][-1]


def sentence(order: str, lang: Literal["en", "zh"]) -> str:
    outcome = last(GOLD + f"  2026-01-01 10:00 | {order} |")
    earned = [e for e in outcome.entries if e["kind"] == EntryKind.EARNED]
    return Sentences(outcome.compiled, Because(outcome.compiled, {}), lang).order(earned)


@pytest.mark.parametrize(
    ("lang", "text"),
    [("zh", "订单 100 元 × 1 分 × 金卡 2 倍 = 200 分"), ("en", "Order 100 CNY × 1 × Gold 2 times = 200 points")],
)
def test_T187_an_order_is_told_as_one_product_where_it_is_one(lang: Literal["en", "zh"], text: str) -> None:
    assert sentence("order O1 100.00", lang) == text


def test_T187_an_order_that_is_no_plain_product_is_told_by_its_parts_and_their_sum() -> None:
    # 100 by the rate, 100 more for gold, 7 for the app.
    zh, en = (sentence("order O1 100.00 channel=app", lang) for lang in ("zh", "en"))
    assert zh.endswith("合计 207 分") and "基础积分: 100 元 × 1 分 = 100 分" in zh and "见面礼: 7 分" in zh
    assert en.endswith("together 207 points") and "welcome: 7 points" in en


def test_T187_what_a_limit_cut_is_told_with_what_was_due() -> None:
    zh = sentence("order O1 100.00 channel=pos", "zh")
    assert "门店礼: 30 分" in zh and "= 20" in zh and zh.endswith("合计 220 分")


TWO_WELCOMES = """
  earn: {welcome: {on: order, when: {orders_before: 0}, points: {fixed: 50}, once: member, label: {zh: 见面礼, en: welcome gift}}}
  identity: {duplicate_bonus: dedupe}
  2026-01-01 | order O1 10.00     |
  2026-01-02 | M2: order O2 10.00 |
  2026-01-10 | M2: give-up G1     |
  2026-01-10 | take-over G1       |
"""


def test_T187_a_merge_is_told_with_the_bonus_that_both_were_paid() -> None:
    outcome = last(TWO_WELCOMES)
    zh, en = ([Sentences(outcome.compiled, Because(outcome.compiled, {}), lang).entry(e) for e in outcome.entries] for lang in LANGUAGES)
    assert en == [
        "transferred in (accounts were merged)", "signal, welcome gift (a one-time bonus was paid to both accounts)",
        "taken back, welcome gift (a one-time bonus of a merged account)",
    ]  # fmt: skip
    assert zh[1] == "风险提示, 见面礼 (两个账户均已领取一次性奖励)"


def test_T109_the_projected_tier_and_what_would_keep_the_present_one() -> None:
    told = Telling(parse_story("""A story
  tiers:
    metric: {balance: points}
    ladder: {basic: 0, silver: 100, gold: 500, platinum: 1000}
    downgrade: {check: tier_anniversary, keep_for: 1 year}
  2026-01-01 10:00 | adjust L1 900                    | available 900
  2026-01-01 11:00 | adjust L2 200 expires=2026-12-01 | available 1100; tier platinum
"""))
    list(told.outcomes())
    state = unpack(told.accounts["M1"].state)
    at = standing(state, told.compiled, state.version, told.now)
    assert at is not None and at.projection is not None
    assert told.compiled.names.tiers[at.projection.tier] == "gold"
    assert (at.projection.at, at.projection.missing) == (instant("2027-01-01 11:00", told.zone), 100)
    assert at.measures[0].value == 1100
