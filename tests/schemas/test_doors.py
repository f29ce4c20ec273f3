"""The codec's own command, and its page of the guide."""

from __future__ import annotations

import json

import pytest

from loyalty_streams.codec import Message, seal_fact, standard
from loyalty_streams.codec.__main__ import main
from loyalty_streams.core.codes import FactKind
from loyalty_streams.core.facts import Fact
from tests.schemas.golden import GOLDEN
from tests.schemas.page import PAGE, facts_page, part_of
from tests.test_tidy import PACKAGE, imports, name_of, python_files

TICK = seal_fact(Message(Fact(FactKind.TICK, "", "tick/1", at=1)))


def test_the_page_says_what_the_schemas_say() -> None:
    """After a change of schemas run `python -m tests.schemas.page`."""
    assert part_of(PAGE.read_text("utf-8")) == facts_page().strip() + "\n"


def test_a_message_is_shown_as_the_record_that_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["decode", TICK.hex()]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown == {"record": "loyalty.facts.ClockTicked", "key": "tick/1", "occurred_at": 1, "arrived_at": None}


def test_a_ledger_entry_is_shown_too(capsys: pytest.CaptureFixture[str]) -> None:
    schema = standard().latest["loyalty.ledger.LedgerEntry"]
    entry = (GOLDEN / f"LedgerEntry.v{schema.version}.hex").read_text("ascii")
    assert main(["decode", f"00{schema.id:08x}" + "".join(entry.split())]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["kind"], shown["points"], shown["corrects"]) == ("EARNED", -128, 3)


def test_a_message_that_is_refused_is_shown_with_its_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["decode", TICK.hex() + "00"]) == 1
    found = capsys.readouterr()
    assert found.err.startswith("TRAILING_BYTES: ") and found.out == ""


@pytest.mark.parametrize("arguments", [[], ["decode"], ["decode", "0"], ["decode", "zz"], ["encode", "00"]], ids=str)
def test_a_wrong_use_is_said(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr().err


def test_every_registered_version_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines] == [[str(e.id), e.fingerprint, e.name, f"v{e.version}"] for e in standard().entries]


def test_only_the_codec_knows_avro() -> None:
    knowing = {
        name_of(path) for path in python_files(PACKAGE) for _, name in imports(path) if name.split(".")[0] in ("avro", "fastavro")
    }  # fmt: skip
    assert {path.rpartition("/")[0] for path in knowing} == {"loyalty_streams/codec"}
