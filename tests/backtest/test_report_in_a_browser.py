"""The report of a plan in Debian's Chromium, opened from disk: what it shows is what the plan says, in both languages, dark, and on a phone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select

from loyalty_streams.backtest.plan import Asked
from loyalty_streams.backtest.report.page import write_report
from tests.backtest.browser import browser, need_chromium, opened
from tests.backtest.test_plan import LADDER
from tests.backtest.trial import SIMPLE, store_of, tried
from tests.hosts.shop import order

NASTY = "</script><img src=x onerror=alert(1)>"
RULES = SIMPLE + LADDER
CANDIDATE = """
programme: simple
version: 2
time_zone: UTC
currency: CNY
wallets: {points: {unit_value: 0.01}}
earn:
  base: {on: order, points: {rate: 0.9, per: 1.00, mode: proportional}}
  app: {label: {en: app bonus, zh: 应用奖励}, on: order, when: {channel: app}, multiply: 2}
tiers:
  metric: {spend: {window: 12 months}}
  ladder: {base: 0, silver: 200.00, gold: 1000.00}
  labels: {base: {en: Base, zh: 普通}, silver: {en: Silver, zh: 银卡}, gold: {en: Gold, zh: 金卡}}
"""
"""A tenth less, twice as much in the app, silver nearer."""


@dataclass(frozen=True)
class Report:
    """A page on disk, and the plan that it tells of as `plan --json` gives it, with every changed member."""

    path: Path
    body: dict[str, Any]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """120 members, each of whom buys once, every third in the app; and one whose name is markup."""
    need_chromium()
    folder = tmp_path_factory.mktemp("report")
    facts = [
        order(f"O{n}", f"M{n:03}", f"2026-0{1 + n % 6}-05 10:00", 100 * (20 + 5 * n), channel="app" if n % 3 == 0 else "till") for n in range(120)
    ]
    facts = sorted([*facts, order("O-last", NASTY, "2026-06-07 10:00", 90_000)], key=lambda fact: fact.at)
    with store_of(folder, *facts, rules=RULES) as store:
        plan = tried(store, CANDIDATE, Asked(shown=1_000))
        write_report(plan, folder / "plan.html")
        return Report(folder / "plan.html", json.loads(json.dumps(plan.to_json())))


@pytest.fixture(scope="module")
def window(report: Report) -> Iterator[WebDriver]:
    with browser() as driver:
        yield driver


@pytest.fixture
def page(window: WebDriver, report: Report) -> WebDriver:
    """The page, opened anew."""
    assert opened(window, report.path) == []
    return window


def by_id(page: WebDriver, name: str) -> WebElement:
    return page.find_element(By.ID, name)


def rows(page: WebDriver) -> list[list[str]]:
    """The texts of the members' table as they are seen."""
    found: list[list[str]] = page.execute_script(
        "return [...document.querySelectorAll('#member-rows tr')].map((row) => [...row.cells].map((cell) => cell.innerText))"
    )
    return found


def number(text: str) -> int:
    return int(text.replace(",", "").replace(".", ""))


def test_the_page_opens_from_disk_without_a_word_in_the_console(page: WebDriver) -> None:
    assert page.find_element(By.CSS_SELECTOR, "body > header > p").text == (
        "Behaviour is held fixed: this is what the same facts would have earned."
    )
    assert page.execute_script("return performance.getEntriesByType('resource').length") == 0


def test_the_policy_refuses_what_the_page_did_not_bring(page: WebDriver) -> None:
    page.execute_script("const s = document.createElement('script'); s.textContent = 'window.came = 1'; document.body.append(s)")
    assert page.execute_script("return window.came") is None
    assert "Content Security Policy" in page.get_log("browser")[0]["message"]


def test_the_headline_is_that_of_the_plan(page: WebDriver, report: Report) -> None:
    shown = {e.get_attribute("data-figure"): number(e.text) for e in page.find_elements(By.CSS_SELECTOR, "[data-figure]")}
    body = report.body
    assert shown == {
        "members.changed": body["members"]["changed"], "members.gain": body["members"]["gain"], "members.lose": body["members"]["lose"],
        "points.issued.delta": body["points"]["issued"]["delta"], "outstanding.delta": body["liability_course"][-1]["outstanding"]["delta"],
        "liability_minor.delta": body["liability_minor"]["delta"], "tiers.moved": sum(m["members"] for m in body["tiers"]["moves"]),
        "infeasible.redemptions": body["infeasible"]["redemptions"],
    }  # fmt: skip
    assert body["members"]["changed"] > 100 and body["tiers"]["moves"]


def test_each_chart_is_drawn_and_tells_what_it_shows(page: WebDriver) -> None:
    """A canvas without any colour is an empty chart."""
    drawn = page.execute_script("""
        return [...document.querySelectorAll('.chart')].map((box) => [...box.querySelectorAll('canvas')].some((canvas) =>
          canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some((value) => value > 0)));
    """)
    assert drawn == [True, True, True]
    assert all(box.get_attribute("aria-label") for box in page.find_elements(By.CSS_SELECTOR, ".chart"))


def test_the_members_are_those_of_the_plan_page_by_page(page: WebDriver, report: Report) -> None:
    labels = {"base": "Base", "silver": "Silver", "gold": "Gold"}
    shown = []
    for _ in range(3):
        shown += rows(page)
        by_id(page, "next").click()
    expected = [
        [m["member_id"], f"{m['before']:,}", f"{m['after']:,}", f"{m['delta']:+,}", m["why"]] for m in report.body["most_changed"]
    ]
    assert [[member, before, after, delta, why] for member, before, after, delta, _, why in shown] == expected
    ends = [list(dict.fromkeys([labels[m["tier_before"]], labels[m["tier_after"]]])) for m in report.body["most_changed"]]
    assert [tier.splitlines()[0].split(" → ") for *_, tier, _ in shown] == ends
    assert not by_id(page, "next").is_enabled() and by_id(page, "previous").is_enabled()


def test_a_member_is_found_by_its_name_and_one_whose_name_is_markup_is_text(page: WebDriver) -> None:
    by_id(page, "search").send_keys("m117")
    assert [row[0] for row in rows(page)] == ["M117"] and by_id(page, "range").text == "1–1 of 1"
    by_id(page, "search").send_keys(Keys.CONTROL, "a")
    by_id(page, "search").send_keys(NASTY)
    assert [row[0] for row in rows(page)] == [NASTY]
    assert page.find_elements(By.TAG_NAME, "img") == []
    by_id(page, "search").send_keys("?")
    assert rows(page) == [] and by_id(page, "range").text == "nobody"


def test_members_are_shown_by_what_happens_to_them(page: WebDriver, report: Report) -> None:
    for name, count in (("gain", report.body["members"]["gain"]), ("lose", report.body["members"]["lose"])):
        Select(by_id(page, "show")).select_by_value(name)
        assert by_id(page, "range").text.endswith(f" of {count}")
    Select(by_id(page, "show")).select_by_value("moved")
    assert by_id(page, "range").text.endswith(f" of {sum(m['members'] for m in report.body['tiers']['moves'])}")


def test_the_keyboard_sorts_a_column_and_sorts_it_the_other_way(page: WebDriver, report: Report) -> None:
    deltas = sorted(m["delta"] for m in report.body["most_changed"])
    page.execute_script("document.querySelectorAll('#member-heads button')[3].focus()")
    for order_of, first in (("descending", deltas[-1]), ("ascending", deltas[0])):
        page.switch_to.active_element.send_keys(Keys.ENTER)
        assert page.find_elements(By.CSS_SELECTOR, "#member-heads th")[3].get_attribute("aria-sort") == order_of
        assert number(rows(page)[0][3]) == first


def test_the_switch_turns_the_whole_page_into_chinese_and_back(page: WebDriver) -> None:
    english = page.find_element(By.TAG_NAME, "body").text
    by_id(page, "language").click()
    assert page.find_element(By.CSS_SELECTOR, "body > header > p").text == "假定顾客行为不变：这是同样的交易在新规则下的结果。"
    assert "应用奖励" in rows(page)[0][5] and "银卡" in page.find_element(By.TAG_NAME, "body").text
    assert page.execute_script("return document.documentElement.lang") == "zh"
    assert "members change" not in page.find_element(By.TAG_NAME, "body").text
    by_id(page, "language").click()
    assert page.find_element(By.TAG_NAME, "body").text == english


def ground(page: WebDriver) -> str:
    return str(page.execute_script("return getComputedStyle(document.body).backgroundColor"))


def test_the_page_is_dark_where_the_machine_prefers_it_and_by_its_button(page: WebDriver, report: Report) -> None:
    light = ground(page)
    by_id(page, "theme").click()
    dark = ground(page)
    assert dark != light and by_id(page, "theme").get_attribute("aria-pressed") == "true"
    with browser(dark=True) as other:
        assert opened(other, report.path) == []
        assert ground(other) == dark
        by_id(other, "theme").click()
        assert ground(other) == light


def test_a_phone_shows_the_page_without_scrolling_sideways(report: Report) -> None:
    with browser(390, 844) as phone:
        assert opened(phone, report.path) == []
        for _ in ("en", "zh"):
            assert phone.execute_script("return document.documentElement.scrollWidth") <= 390
            for details in phone.find_elements(By.TAG_NAME, "details"):
                phone.execute_script("arguments[0].open = true", details)
            assert phone.execute_script("return document.documentElement.scrollWidth") <= 390
            by_id(phone, "language").click()


def test_a_plan_that_changes_nobody_says_so(tmp_path: Path, window: WebDriver) -> None:
    with store_of(tmp_path, order("O1", "M1", "2026-01-05 10:00", 10_000), rules=RULES) as store:
        write_report(tried(store, RULES), tmp_path / "plan.html")
    assert opened(window, tmp_path / "plan.html") == []
    assert by_id(window, "range").text == "nobody" and by_id(window, "nobody-moves").is_displayed()


def test_where_there_is_no_chromium_a_pipeline_fails_and_anybody_else_is_told_how_it_comes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for value, ends in (("", pytest.skip.Exception), ("true", pytest.fail.Exception)):
        monkeypatch.setenv("CI", value)
        with pytest.raises(ends, match="sudo apt-get install --no-install-recommends chromium chromium-driver"):
            need_chromium()
