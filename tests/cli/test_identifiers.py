"""Members under phones, cards and open ids, from the command line (T135, T139)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cli.terminal import Terminal

MEMBERS = [{"member_id": "M1", "occurred_at": "2026-03-01T09:00:00Z", "phone": "13800138000", "card": "4711"}]
ORDERS = [
    {"order_id": "P1", "phone": "+86 138-0013-8000", "occurred_at": "2026-03-03T10:00:00Z", "amount": "50.00", "currency": "USD"},
    {"order_id": "P2", "card": "4711", "occurred_at": "2026-03-04T10:00:00Z", "amount": "30.00", "currency": "USD"},
]


@pytest.fixture
def shop(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    """M1 has orders under a phone and a card; phones are hashed under a key from the environment."""
    monkeypatch.setenv("LOYALTY_PHONE_KEY", "a secret of the shop")
    assert terminal.ingest(name="phones", members=MEMBERS, orders=ORDERS).code == 0
    yield terminal


@pytest.mark.parametrize("name", ["M1", "card:4711", "phone:13800138000", "phone:+86 138-0013-8000", "phone:0086 13800138000"])
def test_t139_a_member_is_found_by_each_identifier_however_a_phone_is_written(shop: Terminal, name: str) -> None:
    found = shop.json("member", name)
    assert found["member_id"] == "M1"
    assert {e["cause"] for e in found["entries"]} >= {"order/P1", "order/P2"}


@pytest.mark.parametrize("name", ["M1", "card:4711", "phone:13800138000"])
def test_a_plan_explains_a_member_under_each_identifier(shop: Terminal, name: str) -> None:
    """80 dollars of hers, and 120 of the corner shop's O1, at twice the rate."""
    text = (shop.folder / "rules" / "v1.yaml").read_text("utf-8").replace("rate: 1,", "rate: 2,")
    (shop.folder / "next.yaml").write_text(text, "utf-8")
    told = shop.json("plan", "next.yaml", "--explain", name)
    assert {e["cause"] for e in told["entries"]} >= {"order/P1", "order/P2"} and sum(p["points"] for p in told["parts"]) == 200


def test_a_till_redeems_under_the_card_what_the_member_has(shop: Terminal) -> None:
    answer = shop.json("redeem", "card:4711", "100", "--id", "D9", "--at", "2026-03-20T10:00:00Z")
    assert answer["granted"] is True, answer
    assert shop.json("member", "M1")["points"]["available"] == answer["points"]["available"]


def test_a_plain_phone_without_the_key_is_refused_and_so_is_another_key(shop: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOYALTY_PHONE_KEY")
    said = shop.run("member", "phone:13800138000")
    assert (said.code, "LOYALTY_PHONE_KEY" in said.err) == (2, True)
    assert shop.ingest("--json", name="again", orders=[{**ORDERS[0], "order_id": "P3"}]).json["dead_letters"][0]["code"] == "NO_PHONE_KEY"
    monkeypatch.setenv("LOYALTY_PHONE_KEY", "another secret")
    assert "OTHER_PHONE_KEY" in shop.ingest(name="again").err


def test_what_is_no_phone_is_said_to_be_none(shop: Terminal) -> None:
    said = shop.run("member", "phone:12")
    assert (said.code, "it is no phone number" in said.err) == (2, True)


def test_who_was_erased_is_found_by_nothing_and_spends_nothing(shop: Terminal) -> None:
    """Hers were 80 dollars, which the report of all orders still has."""
    erasure = {"member_id": "M1", "occurred_at": "2026-03-20T10:00:00Z", "action": "erase"}
    before = shop.json("report", "summary")
    assert shop.ingest("--json", name="gone", identities=[erasure]).json["dispositions"]["applied"] == 1
    unknown = shop.run("member", "M77")
    for name in ("M1", "card:4711", "phone:13800138000"):
        said = shop.run("member", name)
        assert (said.code, said.err.replace(name, "M77").split(":")[0]) == (unknown.code, unknown.err.split(":")[0])
    said = shop.run("redeem", "card:4711", "10", "--id", "D9", "--at", "2026-03-21T10:00:00Z")
    assert (said.code, "error FILTERED" in said.err) == (2, True), said
    after = shop.json("report", "summary")
    assert (after["spend_minor"], sum(after["tiers"].values())) == (before["spend_minor"], sum(before["tiers"].values()) - 1)
    assert "all invariants hold" in shop.ok("verify").out


def test_any_number_of_partitions_gives_the_same_report(shop: Terminal) -> None:
    for n in ("1", "3"):
        shop.ok("ingest", str(shop.folder / "phones"), "--programme", str(shop.folder / "rules"), "--data", f"store-{n}", "--partitions", n)
    one, three = (shop.json("report", "summary", "--data", f"store-{n}") for n in ("1", "3"))
    assert one == three
