"""The report of a plan as a file: what it holds, what may run in it, and that it is there whole or not at all."""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64encode
from collections.abc import Iterator
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from loyalty_streams.backtest.asked import Asked
from loyalty_streams.backtest.errors import BacktestError
from loyalty_streams.backtest.plan import Plan
from loyalty_streams.backtest.report import data, page
from loyalty_streams.backtest.report.data import script_json
from loyalty_streams.backtest.report.page import page_of, write_report
from tests.backtest.test_plan import LADDER, THREE, a_shop
from tests.backtest.trial import SIMPLE, store_of, tried, with_rate
from tests.hosts.shop import PROGRAMME, order

VENDOR = files("loyalty_streams.backtest.report").joinpath("vendor")
NASTY = "</script><img src=x onerror=alert(1)><!--"


class Page(HTMLParser):
    """A page as a browser reads it: the text of its elements by tag and attributes, and the attributes of all."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inside: list[list[str]] = []
        self.open: list[int] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.inside.append([])
        if tag in ("script", "style", "p", "dd", "strong"):
            self.open.append(len(self.tags) - 1)

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.tags[self.open[-1]][0] == tag:
            self.open.pop()

    def handle_data(self, text: str) -> None:
        for k in self.open:
            self.inside[k].append(text)

    def texts(self, tag: str) -> list[tuple[dict[str, str | None], str]]:
        return [(attrs, "".join(inside)) for (name, attrs), inside in zip(self.tags, self.inside, strict=True) if name == tag]

    def data(self) -> Any:
        (found,) = [json.loads(text) for attrs, text in self.texts("script") if attrs.get("id") == "data"]
        return found


@pytest.fixture
def plan(tmp_path: Path) -> Iterator[Plan]:
    """1,000 yuan, 250 and nothing spent, a fifth more a yuan: +200, +50, 0."""
    with store_of(tmp_path, *THREE) as store:
        yield tried(store, with_rate("1.2"))


@pytest.fixture
def written(plan: Plan, tmp_path: Path) -> str:
    write_report(plan, tmp_path / "plan.html")
    return (tmp_path / "plan.html").read_text("utf-8")


def test_t181_the_first_thing_that_the_page_says_is_that_behaviour_is_held_fixed(written: str) -> None:
    body = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", written.partition("<body>")[2])).strip()
    first = "Behaviour is held fixed: this is what the same facts would have earned. 假定顾客行为不变：这是同样的交易在新规则下的结果。"
    assert body.startswith(first)


def test_the_headline_names_the_figures_of_the_plan(written: str) -> None:
    figures = {attrs["data-figure"]: text for attrs, text in Page(written).texts("strong")}
    assert figures == {
        "members.changed": "2", "members.gain": "2", "members.lose": "0", "points.issued.delta": "+250", "outstanding.delta": "+250",
        "liability_minor.delta": "+2.50", "tiers.moved": "0", "infeasible.redemptions": "0",
    }  # fmt: skip


def test_every_changed_member_is_there_with_why_in_both_languages(written: str) -> None:
    members = Page(written).data()["members"]
    assert members == {
        "id": ["M1", "M2"], "before": [1000, 250], "delta": [200, 50], "from": [0, 0], "to": [0, 0], "shift": [None, None],
        "why": {"en": ["base +200 on 1 order", "base +50 on 1 order"], "zh": ["base +200（1 笔订单）", "base +50（1 笔订单）"]},
    }  # fmt: skip


def test_the_charts_have_the_distribution_the_course_and_the_table_of_tiers(tmp_path: Path) -> None:
    """320 yuan and 50 more a month later; silver at 200 in place of 300 for 250 yuan: M2 rises. At twice the rate 370 more, and 250."""
    facts = (
        order("O1", "M1", "2026-01-05 10:00", 32_000), order("O2", "M2", "2026-01-06 10:00", 25_000), order("O3", "M1", "2026-02-05 10:00", 5_000),
    )  # fmt: skip
    with store_of(tmp_path, *facts, rules=SIMPLE + LADDER) as store:
        found = data.data_of(tried(store, with_rate("2", SIMPLE + LADDER).replace("300.00", "200.00")))
    assert found["histogram"] == [{"from": 200, "until": 500, "members": 2}]
    assert found["course"] == {"money": True, "months": ["2026-01", "2026-02"], "before": [570, 620], "after": [1140, 1240]}
    assert found["tiers"] == [{"id": name, "en": name, "zh": name} for name in ("base", "silver", "gold")]
    assert found["cells"] == [["base", "silver", 1], ["silver", "silver", 1]]


def test_a_step_of_the_histogram_in_which_nobody_is_stands_between_those_with_somebody(tmp_path: Path) -> None:
    """+200 and +10, and nobody changes by 0: from 10 on there are steps to 20, 50, 100, 200 and 500."""
    with store_of(tmp_path, order("O1", "M1", "2026-01-05 10:00", 20_000), order("O2", "M2", "2026-01-06 10:00", 1_000)) as store:
        found = data.data_of(tried(store, with_rate("2")))
    assert [(step["from"], step["until"], step["members"]) for step in found["histogram"]] == [
        (10, 20, 1), (20, 50, 0), (50, 100, 0), (100, 200, 0), (200, 500, 1),
    ]  # fmt: skip


def test_t180_two_pages_of_one_plan_are_the_same_bytes_and_name_what_was_compared(tmp_path: Path) -> None:
    with a_shop(tmp_path) as store:
        plans = [tried(store, with_rate("2", PROGRAMME)) for _ in range(2)]
        for k, found in enumerate(plans):
            write_report(found, tmp_path / f"{k}.html")
        header, rules = plans[0].header(), plans[0].rules
    first = (tmp_path / "0.html").read_bytes()
    assert first == (tmp_path / "1.html").read_bytes()
    text = first.decode()
    for side in ("before", "after"):
        assert header["programmes"][side]["rules_hash"] in text
    assert header["code_version"] in text and "2026-01-01 … " in text
    assert all(change.place in text for change in rules.changes)


def test_a_page_about_some_members_says_whom_it_is_about(tmp_path: Path) -> None:
    with store_of(tmp_path, *THREE, rules=SIMPLE + LADDER) as store:
        found = Page(page_of(tried(store, with_rate("2", SIMPLE + LADDER), Asked(where="tier < gold"))))
    said = [text for _, text in found.texts("dd")]
    assert said[0].startswith("2 facts · 2 members") and "where tier < gold: 2 of 3 members" in said[0]
    assert found.data()["members"]["id"] == ["M2"]


# ---- what may run ------------------------------------------------------------------------------------------------------------


def test_only_the_scripts_and_the_style_that_the_page_brings_may_run(written: str) -> None:
    found = Page(written)
    (allowed,) = [attrs["content"] for tag, attrs in found.tags if tag == "meta" and attrs.get("http-equiv") == "Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in (allowed or "").split(";"))
    assert rules.keys() == {"default-src", "script-src", "style-src", "base-uri", "form-action"}
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    scripts = [text for attrs, text in found.texts("script") if "type" not in attrs]
    assert sorted(rules["script-src"].split()) == sorted(source(text) for text in scripts) and len(scripts) == 2
    assert rules["style-src"].split() == [source(text) for _, text in found.texts("style")]


def source(text: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_the_page_fetches_nothing_and_has_no_code_in_attributes(written: str) -> None:
    for tag, attrs in Page(written).tags:
        assert tag not in ("link", "img", "iframe", "object", "embed", "base"), tag
        assert not {name for name in attrs if name in ("src", "href", "style", "srcset", "action") or name.startswith("on")}, (tag, attrs)


@pytest.mark.parametrize("text", [NASTY, "<!--<script>", "]]>", "a\u2028b", "&lt;", "\\u003c", '"'])
def test_no_text_in_the_data_can_end_its_block(text: str) -> None:
    said = script_json({"id": [text]})
    assert not set("<>&\u2028\u2029") & set(said)
    assert json.loads(said) == {"id": [text]}


def test_a_member_rule_or_file_with_markup_in_its_name_is_text(tmp_path: Path) -> None:
    rules = SIMPLE + "tiers:\n  metric: {spend: {window: 12 months}}\n  ladder: {base: 0, silver: 300.00}\n"
    labelled = rules.replace("base: {on", 'base: {label: {en: "<b>base</b>"}, on')
    with store_of(tmp_path, order("O1", NASTY, "2026-01-05 10:00", 100_000), rules=rules) as store:
        text = page_of(tried(store, with_rate("2", labelled)))
    found = Page(text)
    assert found.data()["members"]["id"] == [NASTY] and found.data()["members"]["why"]["en"] == ["<b>base</b> +1,000 on 1 order"]
    assert not [tag for tag, _ in found.tags if tag == "img"]
    assert "&lt;b&gt;base&lt;/b&gt;" in text and "<b>base</b>" not in text


# ---- the file ----------------------------------------------------------------------------------------------------------------


def test_a_page_that_cannot_be_written_leaves_what_was_there(plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "plan.html").write_text("as it was")

    def full(path: Path, *what: object, **how: object) -> None:
        write_bytes(path, b"half of it")
        raise OSError(28, "No space left on device")

    write_bytes = Path.write_bytes
    monkeypatch.setattr(page.Path, "write_bytes", full)
    with pytest.raises(BacktestError, match="No space") as caught:
        write_report(plan, tmp_path / "plan.html")
    assert (caught.value.code, caught.value.place) == ("FILE", str(tmp_path / "plan.html"))
    assert (tmp_path / "plan.html").read_bytes() == b"as it was"
    assert sorted(p.name for p in tmp_path.glob("*plan.html*")) == ["plan.html"]


def test_beyond_the_members_who_change_most_the_page_says_where_the_reason_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "EXPLAINED", 1)
    monkeypatch.setattr(page, "EXPLAINED", 1)
    with store_of(tmp_path, *THREE) as store:
        text = page_of(tried(store, with_rate("1.2")))
    members = Page(text).data()["members"]
    assert members["id"] == ["M1", "M2"] and members["why"]["en"] == ["base +200 on 1 order"]
    assert "The reason is told for the 1 members who change most." in text and "--explain ID" in text


def test_a_plan_that_changes_nobody_has_a_page_too(tmp_path: Path) -> None:
    with store_of(tmp_path, *THREE) as store:
        found = Page(page_of(tried(store, SIMPLE)))
    assert found.data()["members"]["id"] == [] and found.data()["histogram"] == [{"from": 0, "until": 1, "members": 3}]


# ---- what is brought ---------------------------------------------------------------------------------------------------------


def test_echarts_is_what_its_authors_published_and_its_licences_stand_beside_it() -> None:
    script = VENDOR.joinpath("echarts.min.js").read_bytes()
    assert hashlib.sha256(script).hexdigest() == page.ECHARTS_SHA256
    assert f'version="{page.ECHARTS}"'.encode() in script
    assert "Apache License" in VENDOR.joinpath("LICENSE").read_text("utf-8")
    assert "Apache ECharts" in VENDOR.joinpath("NOTICE").read_text("utf-8")
    assert {p.name for p in VENDOR.iterdir()} == {"echarts.min.js", "LICENSE", "NOTICE", "LICENSE-d3", "LICENSE-zrender"}
