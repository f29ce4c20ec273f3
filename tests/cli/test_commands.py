"""Each command by what it prints: data on stdout in the contract's fields, messages on stderr, exit codes as documented."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import loyalty_streams
from loyalty_streams.hosts.embedded import Store
from tests.api.corner import PROGRAMME, order, programme
from tests.cli.terminal import Terminal

AT = "2026-03-05T10:00:00Z"


def test_a_member_in_the_contracts_fields(terminal: Terminal) -> None:
    found = terminal.json("member", "M1")
    assert list(found)[:7] == ["member_id", "as_of", "points", "lots", "tier", "stage", "entries"]
    assert (found["member_id"], found["as_of"]) == ("M1", "2026-03-02T10:00:00Z")
    assert found["points"] == {"available": 220, "pending": 0, "reserved": 0, "debt": 0}
    (lot,) = found["lots"]
    assert lot == {
        "lot_id": "order/O1/0", "earned_at": "2026-03-01T10:00:00Z", "available_at": "2026-03-01T10:00:00Z",
        "expires_at": "2027-03-01T10:00:00Z", "points": 220, "remaining": 220,
    }  # fmt: skip
    tier = found["tier"]
    assert (tier["name"], tier["since"], tier["until"], tier["metric"]) == ("base", "2026-03-01T10:00:00Z", None, 12_000)
    assert (tier["next"]["name"], tier["next"]["missing"]) == ("silver", 8_000)
    assert found["stage"] == {"name": "new", "since": "2026-03-01T10:00:00Z"}
    assert [(e["rule"], e["points"], e["basis"], e["multiplier"], e["desired"], e["reason"]) for e in found["entries"][:2]] == [
        ("base", 120, 12_000, "1", 120, None), ("app-double", 100, 12_000, "2", 120, "LIMIT_REACHED"),
    ]  # fmt: skip


def test_a_statement_in_both_languages(terminal: Terminal) -> None:
    english, chinese = terminal.ok("member", "M1").out, terminal.ok("member", "M1", "--lang", "zh").out
    assert "points: available 220" in english
    assert "80 USD more for silver (200 USD)" in english
    assert "earned, base: 120 USD × 1 = 120 points" in english
    assert "会员 M1" in chinese and "可用 220" in chinese and "获得" in chinese
    assert terminal.ok("member", "M1", "--last", "0").out.endswith("no entries yet\n")


def test_explain_says_why_and_why_not_in_both_languages(terminal: Terminal) -> None:
    """T186, T187."""
    english = terminal.ok("explain", "M2", "--fact", "O2").out
    assert "Order 480 USD × 1 = 480 points" in english
    assert "app-double: channel till, needs eq app" in english
    chinese = terminal.ok("explain", "M2", "--lang", "zh").out
    assert "订单 480 美元 × 1 分 = 480 分" in chinese and "未发放" in chinese
    found = terminal.json("explain", "M1", "--entry", "earned/order/O1/app-double")
    assert (found["fact"], found["points"], found["entry"]["points"]) == ("order/O1", 220, 100)
    assert [(p["rule"], p["points"], p["reason"]) for p in found["paid"]] == [("base", 120, None), ("app-double", 100, "LIMIT_REACHED")]
    timer = terminal.json("explain", "M1", "--entry", "2")
    assert timer["entry"]["entry_id"] == "earned/order/O1/app-double"


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("member", "M9"), 1, "error NO_MEMBER: M9:"),
        (("member", "M1", "--as-of", "2026-03-05T10:00:00"), 2, "error BAD_TIME:"),
        (("member", "M1", "--lang", "fr"), 2, "en or zh"),
        (("member",), 2, "Missing argument"),
        (("explain", "M1", "--fact", "O7"), 1, "error NO_FACT:"),
        (("explain", "M1", "--entry", "99"), 1, "error NO_ENTRY:"),
        (("redeem", "M1", "many"), 2, "POINTS"),
        (("quote", "M1"), 2, "--amount or --line"),
        (("quote", "M1", "--amount", "1_000"), 2, "error BAD_MONEY:"),
        (("adjust", "M1", "0", "--reason", "x", "--operator", "y"), 2, "whole number"),
        (("report", "rules", "--by", "colour"), 2, "colour"),
        (("report", "weather"), 2, "weather"),
        (("advance", "--to", "soon"), 2, "error BAD_TIME:"),
        (("backup", "rules"), 1, "error EXISTS:"),
        (("programme", "check", "none.yaml"), 1, "error NO_PROGRAMME:"),
        (("member", "M1", "--data", "elsewhere"), 1, "error NO_STORE:"),
    ],
)
def test_errors_are_one_line_on_stderr_with_a_code(terminal: Terminal, words: tuple[str, ...], code: int, told: str) -> None:
    said = terminal.run(*words)
    assert (said.code, said.out, told in said.err) == (code, "", True), said
    assert "Traceback" not in said.err


def test_a_day_at_the_till(terminal: Terminal) -> None:
    first = terminal.json("redeem", "M2", "100", "--id", "R1", "--order-amount", "24.90", "--at", AT)
    assert (first["granted"], first["disposition"], first["points"]["available"]) == (True, "applied", 380)
    again = terminal.json("redeem", "M2", "100", "--id", "R1", "--order-amount", "24.90")
    assert again == {**first, "disposition": "duplicate"}
    refused = terminal.ok("redeem", "M2", "900", "--id", "R2", "--at", AT)
    assert refused.out == "R2 refused INSUFFICIENT: points 900, needs lte 380; M2 has 380 available, 0 pending\n"
    assert "100 reserved" in terminal.ok("reserve", "M2", "100", "--id", "R3", "--at", "2026-03-05T11:00:00Z").out
    assert terminal.json("confirm", "M2", "R3", "--at", "2026-03-05T11:05:00Z")["points"]["available"] == 280
    terminal.ok("reserve", "M2", "200", "--id", "R4", "--at", "2026-03-05T12:00:00Z")
    assert terminal.json("release", "M2", "R4", "--at", "2026-03-05T12:05:00Z")["points"]["available"] == 280
    assert terminal.json("cancel", "M2", "R1", "--at", "2026-03-05T13:00:00Z")["points"]["available"] == 380
    assert terminal.json("adjust", "M2", "20", "--reason", "milk", "--operator", "ann", "--at", "2026-03-05T14:00:00Z")["points"]["available"] == 400
    owed = terminal.ok("adjust", "--reason", "twice", "--operator", "bob", "--allow-negative", "--at", "2026-03-05T15:00:00Z", "--", "M2", "-450")
    assert owed.out.endswith("granted; M2 has 0 available, 0 pending, 50 owed\n")
    explained = terminal.ok("explain", "M2").out
    assert "operator: bob" in explained and "reason: twice" in explained
    early = terminal.ok("redeem", "M2", "100", "--id", "R9", "--at", "2026-03-01T00:00:00Z")
    assert early.out.startswith("R9 refused INSUFFICIENT: points 100, needs lte 0;")


def test_a_cancelled_redemption_says_what_had_expired_in_the_meantime(terminal: Terminal) -> None:
    """T065: the lot of 2 March 2026 is dead on 2 March 2027 at 10:00."""
    terminal.ok("redeem", "M2", "100", "--id", "R1", "--at", AT)
    said = terminal.ok("cancel", "M2", "R1", "--at", "2027-03-03T10:00:00Z").out
    assert said == "R1 granted; M2 has 0 available, 0 pending; 100 given back, 100 of them expired\n"


def test_staff_may_lock_points_and_set_a_tier(terminal: Terminal) -> None:
    """T031, T113."""
    who = ("--reason", "vip", "--operator", "ann")
    locked = terminal.json("adjust", "M1", "50", *who, "--available-at", "2026-04-01T00:00:00Z", "--at", AT)
    assert (locked["points"]["available"], locked["points"]["pending"]) == (220, 50)
    lock = ("--action", "set_tier", "--tier", "gold", "--until", "2026-06-01T00:00:00Z")
    terminal.ok("adjust", "M1", "0", *who, *lock, "--at", "2026-03-06T10:00:00Z")
    assert terminal.json("member", "M1")["tier"]["name"] == "gold"
    assert terminal.json("member", "M1", "--as-of", "2026-06-01T00:00:00Z")["tier"]["name"] == "base"


def test_a_quote_of_lines(terminal: Terminal) -> None:
    found = terminal.json("quote", "M1", "--line", "amount=12.99,category=fruit", "--line", "amount=30.00,qty=2", "--channel", "app", "--at", AT)
    assert (found["earned"], [(p["rule"], p["points"]) for p in found["parts"]]) == (84, [("base", 42), ("app-double", 42)])
    text = terminal.ok("quote", "M1", "--amount", "45", "--at", AT).out
    assert text.startswith("M1 would earn 45 points: 265 available, 0 pending then\n")
    assert "app-double: channel absent, needs eq app" in text


def test_reports_in_the_contracts_fields(terminal: Terminal) -> None:
    summary = terminal.json("report", "summary")
    assert [k for k in summary if k != "currency"] == ["as_of", "members", "orders", "refunds", "spend_minor", "points", "tiers", "stages"]
    assert list(summary["points"]) == [
        "issued", "available", "pending", "reserved", "redeemed", "expired", "clawed_back", "debt", "written_off", "opening", "adjusted",
        "forfeited", "transferred_in", "transferred_out",
    ]  # fmt: skip
    assert (summary["members"], summary["orders"], summary["spend_minor"], summary["points"]["issued"]) == (2, 2, 60_000, 700)
    kpis = terminal.json("report", "kpis")
    wanted = {"repurchase_30d", "churn_90d", "monthly_active", "aov_minor", "mean_ltv_minor", "redemption_rate", "breakage_rate", "active_share"}
    assert wanted <= set(kpis)
    assert {"repeaters", "base", "rate"} <= set(kpis["repurchase_30d"]) and {"churned", "base", "rate"} <= set(kpis["churn_90d"])
    assert kpis["active_share"] == {"active": 2, "base": 2, "rate": 1.0}
    rows = terminal.json("report", "rules", "--by", "store", "--by", "month")["rows"]
    assert [(r["rule"], r["store"], r["month"], r["points"], r["orders"]) for r in rows] == [
        ("app-double", "S1", "2026-03", 100, 1), ("base", "S1", "2026-03", 120, 1), ("base", "S2", "2026-03", 480, 1),
    ]  # fmt: skip


def test_reports_before_and_after_the_last_fact(terminal: Terminal) -> None:
    assert terminal.json("report", "summary", "--as-of", "2026-03-02T10:00:00Z")["orders"] == 1
    after = terminal.json("report", "summary", "--as-of", "2027-03-02T10:00:00Z")
    assert (after["orders"], after["points"]["expired"], after["points"]["available"]) == (2, 700, 0)


def test_t188_a_member_and_every_report_tell_what_was_known(terminal: Terminal) -> None:
    """80.00 of 1 March at 12:00 arrive on 3 March. On the 2nd 220 points of M1 were known, 300 are true."""
    late = order("O3", "M1", "2026-03-01T12:00:00Z", "80.00", arrived_at="2026-03-03T10:00:00Z")
    terminal.ingest(name="late", orders=[late])
    then = ("--as-of", "2026-03-02T00:00:00Z")
    known = (*then, "--known-at", "2026-03-02T00:00:00Z")
    assert [terminal.json("member", "M1", *view)["points"]["available"] for view in (then, known)] == [300, 220]
    assert "available 220\n" in terminal.ok("member", "M1", *known).out
    assert terminal.run("member", "M1", "--known-at", "2026-02-01").code == 1
    assert [terminal.json("report", "summary", *view)["spend_minor"] for view in (then, known)] == [20_000, 12_000]
    assert [terminal.json("report", "summary", *view)["members"] for view in (("--known-at", "2026-02-01"), ("--known-at", "2030-01-01"))] == [0, 2]
    assert [terminal.json("report", "kpis", *view)["mean_ltv_minor"] for view in (then, known)] == [20_000, 12_000]
    assert [terminal.json("report", "liability", *view)["outstanding"] for view in (then, known)] == [300, 220]
    assert [terminal.json("report", "rules", *view)["total"]["points"] for view in (then, known)] == [300, 220]
    assert [[t["members"] for t in terminal.json("report", "tiers", *view)["tiers"]] for view in (then, known)] == [[0, 1, 0], [1, 0, 0]]
    assert [terminal.json("report", "rfm", *view)["members"] for view in (then, known)] == [1, 1]


@pytest.mark.parametrize("name", ["summary", "kpis", "liability", "tiers", "rfm", "rules", "quarantine"])
def test_each_report_reads_as_text_too(terminal: Terminal, name: str) -> None:
    assert terminal.ok("report", name).out.startswith("as of 2026-03-02T10:00:00Z")


def test_the_clock_is_advanced(terminal: Terminal) -> None:
    found = terminal.json("advance", "--to", "2027-03-01T10:00:00Z")
    assert found["as_of"] == "2027-03-01T10:00:00Z"
    assert terminal.json("member", "M1")["points"]["available"] == 0
    assert terminal.json("advance", "--to", "2026-06-01")["entries"] == 0


def test_verify_ends_with_one_on_a_violation(terminal: Terminal) -> None:
    found = terminal.json("verify")["checks"]
    assert {"I1", "I2", "I5", "I10", "I11"} <= set(found)
    assert all(set(c) == {"checked", "violations"} and c["violations"] == 0 for c in found.values())
    with Store.open(terminal.folder / "loyalty-data") as store:
        store.clocks.facts += 1
        batch = store.rocks.batch()
        batch.put("rest", b"m/clocks", store.clocks.pack())
        store.rocks.write(batch)
    said = terminal.run("verify", "--json")
    assert (said.code, said.json["checks"]["I11"]["violations"]) == (1, 1)
    assert "I11: 3 facts counted, 2 in the log" in said.err


def test_copies_exports_and_rebuilding(terminal: Terminal) -> None:
    terminal.ok("backup", "copies/monday")
    assert terminal.json("member", "M1", "--data", "copies/monday")["points"]["available"] == 220
    assert terminal.json("export", "facts", "--to", "facts")["files"] == ["orders-0000.parquet"]
    assert terminal.json("export", "ledger", "--to", "ledger")["files"] == ["ledger-0000.parquet"]
    assert terminal.json("ingest", "facts")["dispositions"]["duplicate"] == 2
    assert terminal.json("rebuild", "state") == {"members": 2, "differed": 0}


def test_a_programme_is_checked_with_place_caret_and_hint(empty: Terminal) -> None:
    good = str(programme(empty.folder / "rules"))
    assert empty.ok("programme", "check", good).out.endswith("corner version 1 is sound: 4 rules, 3 tiers\n")
    bad = programme(empty.folder / "bad", PROGRAMME.replace("mode: proportional", "mode: generous"))
    said = empty.run("programme", "check", str(bad))
    assert said.code == 1
    line = 1 + PROGRAMME[: PROGRAMME.index("mode: proportional")].count("\n")
    assert f"v1.yaml:{line}:" in said.err and "^" in said.err and "generous" in said.err
    found = empty.run("programme", "check", str(bad), "--json")
    assert (found.code, found.json["valid"]) == (1, False)
    assert {"file", "line", "column", "code", "message"} <= set(found.json["problems"][0])


def test_the_specs_beside_a_programme_are_run(empty: Terminal) -> None:
    programme(empty.folder / "rules")
    spec = empty.folder / "rules" / "v1.spec.yaml"
    story = "- story: a basket\n  when:\n    - {order: O1, at: 2026-03-01T10:00+00:00, amount: 45.50}\n  then:\n    points: {available: %d}\n"
    spec.write_text(story % 45)
    assert empty.ok("programme", "test", "rules").out == "1 of 1 stories hold\n"
    spec.write_text(story % 46)
    said = empty.run("programme", "test", "rules", "--json")
    assert (said.code, said.json["failed"]) == (1, 1)
    assert [(d["expected"], d["actual"]) for d in said.json["stories"][0]["differences"]] == [("46", "45")]


def test_versions_are_listed_published_and_compared(terminal: Terminal) -> None:
    second = PROGRAMME.replace("version: 1", "version: 2\neffective_from: 2026-04-01").replace("rate: 1", "rate: 2")
    programme(terminal.folder / "next", second, "v2.yaml")
    diff = terminal.ok("programme", "diff", "rules/v1.yaml", "next/v2.yaml").out
    assert "base" in diff
    assert terminal.json("programme", "publish", "next/v2.yaml")["versions"][-1]["effective_from"] == "2026-04-01T00:00:00Z"
    assert [v["version"] for v in terminal.json("programme", "list")["versions"]] == [1, 2]
    programme(terminal.folder / "next", second.replace("rate: 2", "rate: 3"), "v2.yaml")
    assert terminal.run("programme", "publish", "next/v2.yaml").err.startswith("error VERSION_TAKEN:")


def test_the_schema_is_json(empty: Terminal) -> None:
    assert empty.ok("programme", "schema").json["type"] == "object"


def test_settings_come_from_the_command_line_the_environment_and_a_file(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    (terminal.folder / "loyalty.toml").write_text('lang = "zh"\n')
    assert "会员 M1" in terminal.ok("member", "M1").out
    monkeypatch.setenv("LOYALTY_LANG", "en")
    assert "Member M1" in terminal.ok("member", "M1").out
    monkeypatch.setenv("LOYALTY_API_KEY", "abc")
    monkeypatch.setenv("LOYALTY_PHONE_KEY", "hush")
    found = {s["name"]: s for s in terminal.json("config", "show")["settings"]}
    assert (found["lang"]["value"], found["lang"]["source"]) == ("en", "LOYALTY_LANG")
    assert (found["data"]["value"], found["data"]["source"]) == ("loyalty-data", "default")
    assert (found["api_key"]["value"], found["api_key"]["known"]) == ("****", False)
    assert (found["phone_key"]["value"], found["phone_key"]["known"]) == ("****", True)
    assert (found["phone_region"]["value"], found["phone_region"]["source"]) == ("CN", "default")
    monkeypatch.setenv("LOYALTY_PHONE_REGION", "China")
    assert terminal.run("member", "M1").err.startswith("error BAD_SETTING: LOYALTY_PHONE_REGION:")
    monkeypatch.delenv("LOYALTY_PHONE_REGION")
    monkeypatch.setenv("LOYALTY_LANG", "fr")
    said = terminal.run("member", "M1")
    assert (said.code, said.err.startswith("error BAD_SETTING: LOYALTY_LANG:")) == (2, True)


def test_a_busy_store_is_said_in_one_clear_line(terminal: Terminal) -> None:
    with Store.open(terminal.folder / "loyalty-data"):
        code = "from loyalty_streams.cli.main import app; app()"
        words = [sys.executable, "-c", code, "redeem", "M1", "100", "--at", AT]
        other = subprocess.run(words, capture_output=True, text=True, check=False, cwd=terminal.folder)
    assert (other.returncode, other.stdout) == (1, "")
    assert other.stderr == "error STORE_BUSY: loyalty-data: another process has the store open; one at a time may write\n"


def test_every_command_has_help_with_examples(empty: Terminal) -> None:
    alone = ["demo", "ingest", "member", "explain", "quote", "redeem", "reserve", "confirm", "release", "cancel", "adjust", "advance",
             "verify", "backup"]  # fmt: skip
    grouped = {"report": "summary kpis liability tiers rfm rules quarantine", "programme": "check test diff schema list publish",
               "dead-letters": "list show replay", "rebuild": "state", "export": "facts ledger", "config": "show"}  # fmt: skip
    commands = [[name] for name in alone] + [[group, name] for group, names in grouped.items() for name in names.split()]
    listed = empty.ok("--help").out
    for words in commands:
        assert f"  {words[0]} " in listed
        said = empty.ok(*words, "--help").out
        assert f"loyalty {' '.join(words)}" in said.split("Examples:")[1], words
    assert empty.ok("--version").out == f"{loyalty_streams.__version__}\n"


HEAVY = ("numba", "pyarrow", "rich", "ruamel", "avro", "fastavro")


def modules(folder: Path, *words: str) -> set[str]:
    """What a command imports in a process of its own."""
    code = (
        "import sys\nfrom loyalty_streams.cli.main import app\ntry: app()\nexcept SystemExit as end: assert not end.code\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    found = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True, cwd=folder)
    return {name.partition(".")[0] for name in found.stderr.split()}


def test_help_and_a_member_come_without_what_is_heavy(terminal: Terminal) -> None:
    """Help within 0.3 s, a member within 0.6 s: what takes longer to import is not touched."""
    assert not modules(terminal.folder, "--help") & {*HEAVY, "numpy", "rocksdict"}
    assert not modules(terminal.folder, "member", "M1", "--json") & set(HEAVY)
    assert not modules(terminal.folder, "member", "M1") & set(HEAVY)


def test_a_fact_of_one_member_after_the_tick_does_not_make_the_others_late(terminal: Terminal) -> None:
    terminal.ok("redeem", "M1", "100", "--id", "R1", "--at", "2026-04-01T10:00:00Z")
    found = terminal.ingest(name="more", orders=[order("O3", "M2", "2026-03-10T10:00:00Z", "10.00")])
    assert found.code == 0
    assert terminal.json("member", "M2")["points"]["available"] == 490


def test_a_recorded_story_becomes_a_spec(terminal: Terminal) -> None:
    story = terminal.ok("programme", "test", "--record", "M1").out
    (terminal.folder / "rules" / "v1.spec.yaml").write_text(story)
    assert terminal.ok("programme", "test", "rules").out == "1 of 1 stories hold\n"
    assert terminal.run("programme", "test", "--record", "M9").err.startswith("error NO_MEMBER: M9:")
    assert terminal.run("programme", "test").code == 2
