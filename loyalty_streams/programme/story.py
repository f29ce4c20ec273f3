"""`*.spec.yaml`: stories of one member, read into facts and expectations. `spec.py` runs them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from loyalty_streams.core.facts import Fact
from loyalty_streams.programme.diagnostics import Diagnostic, ProgrammeError
from loyalty_streams.programme.nodes import Mapping, Node, Sequence, parse
from loyalty_streams.programme.story_facts import Facts, Reader

ACCOUNTS = (
    "available", "pending", "reserved", "debt", "issued", "opening", "adjusted", "transferred_in", "transferred_out", "redeemed",
    "expired", "clawed_back", "forfeited", "written_off",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    """An expected line of `because`: a rule and what it gave; negative for what a return took back."""

    rule: str
    points: int
    wallet: str = ""

    def __str__(self) -> str:
        return f"{self.rule} {self.points}" + (f" into {self.wallet}" if self.wallet else "")


@dataclass(frozen=True, slots=True)
class Refused:
    """An expected line of `not_paid`: a rule, or a redemption, and why. `because` is a sentence, a code, or empty for any reason."""

    rule: str = ""
    redemption: str = ""
    because: str = ""


@dataclass(frozen=True, slots=True)
class ExpectedLot:
    """An expected lot: only what is named is compared. Times are microseconds UTC."""

    values: dict[str, int]


@dataclass(frozen=True, slots=True)
class Expected:
    """What `then` says; None or empty where it says nothing."""

    points: dict[str, dict[str, int]] = field(default_factory=dict)
    because: tuple[Part, ...] | None = None
    not_paid: tuple[Refused, ...] = ()
    tier: str | None = None
    stage: str | None = None
    lots: tuple[ExpectedLot, ...] | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """One story: facts before it, facts of it, the instant up to which time passes, and what is expected then."""

    name: str
    file: str
    line: int
    given: tuple[Fact, ...]
    when: tuple[Fact, ...]
    until: int
    then: Expected


def read_stories(path: Path, time_zone: str, minor_digits: int) -> tuple[Story, ...]:
    """The stories of a file. Raises ProgrammeError with every problem found."""
    text = path.read_text("utf-8")
    return parse_stories(text, str(path), time_zone, minor_digits)


def parse_stories(text: str, file: str, time_zone: str, minor_digits: int) -> tuple[Story, ...]:
    """The stories of a text: a YAML list of mappings with `story`, `given`, `when` and `then`."""
    try:
        document = parse(f"stories:\n{text}", file)
    except ProgrammeError as error:
        raise ProgrammeError([_moved(d) for d in error.diagnostics]) from None
    reader = _Reader(document, ZoneInfo(time_zone), minor_digits)
    nodes = document.root.get("stories")
    if not isinstance(nodes, Sequence):
        reader.report("E-TYPE", "a spec is a list of stories", document.root, expected="`- story: …`")
        nodes = Sequence(document.root.mark)
    stories = tuple(s for node in nodes if (s := reader.story(node)) is not None)
    if reader.problems:
        raise ProgrammeError([_moved(d) for d in reader.problems])
    return stories


def _moved(problem: Diagnostic) -> Diagnostic:
    """The place in the file as it is: one line is put before it to read it as a mapping."""
    return replace(problem, line=max(problem.line - 1, 0))


class _Reader(Reader):
    """Reads the stories of one spec file."""

    def story(self, node: Node) -> Story | None:
        before = len(self.problems)
        body = self.mapping(node, ("story", "given", "when", "then"))
        for name in ("story", "when", "then"):
            if isinstance(node, Mapping) and name not in body:
                self.report("E-MISSING", f"the story has no `{name}`", node, expected=f"`{name}: …`")
        if len(self.problems) > before:
            return None
        facts = Facts(self)
        given = [f for item in self.items(body.get("given")) for f in facts.item(item)]
        when = [f for item in self.items(body["when"]) for f in facts.item(item)]
        then = body["then"]
        expected = self.then(then)
        until = max(
            [f.at for f in (*given, *when)] + facts.advances + ([self.instant(then["at"])] if isinstance(then, Mapping) and "at" in then else []),
            default=0,
        )
        line = body.key("story").mark.line - 1
        return Story(self.text(body["story"]), self.document.file, line, tuple(given), tuple(when), until, expected)

    def then(self, node: Node) -> Expected:
        body = self.mapping(node, ("points", "wallets", "because", "not_paid", "tier", "stage", "lots", "at"))
        points = {"": self.accounts(body["points"])} if "points" in body else {}
        if isinstance(wallets := body.get("wallets"), Mapping):
            points.update({str(name): self.accounts(child) for name, child in wallets.pairs()})
        because = tuple(self.part(x) for x in self.items(body["because"])) if "because" in body else None
        return Expected(
            points, because, tuple(self.refused(x) for x in self.items(body.get("not_paid"))),
            self.text(body["tier"]) if "tier" in body else None,
            self.text(body["stage"]) if "stage" in body else None,
            tuple(self.lot(x) for x in self.items(body["lots"])) if "lots" in body else None,
        )  # fmt: skip

    def accounts(self, node: Node) -> dict[str, int]:
        return {str(k): self.signed(v) for k, v in self.mapping(node, ACCOUNTS).pairs()}

    def part(self, node: Node) -> Part:
        body = self.mapping(node, ("rule", "points", "wallet"))
        for name in ("rule", "points"):
            if name not in body:
                self.report("E-MISSING", f"the line has no `{name}`", node, expected="`{rule: ID, points: N}`")
                return Part("", 0)
        return Part(self.text(body["rule"]), self.signed(body["points"]), self.text(body["wallet"]) if "wallet" in body else "")

    def refused(self, node: Node) -> Refused:
        body = self.mapping(node, ("rule", "redemption", "because"))
        if ("rule" in body) == ("redemption" in body):
            self.report(
                "E-MISSING",
                "what was not paid is a rule or a redemption",
                node,
                expected="`rule: ID` or `redemption: ID`",
            )
        return Refused(**{str(k): self.text(v) for k, v in body.pairs() if k in ("rule", "redemption", "because")})

    def lot(self, node: Node) -> ExpectedLot:
        body = self.mapping(node, ("points", "remaining", "earned_at", "available_at", "expires_at"))
        return ExpectedLot({str(k): self.instant(v) if k.endswith("_at") else self.number(v) for k, v in body.pairs()})


def moment(at: int, zone: ZoneInfo) -> str:
    """An instant as a spec writes it."""
    return (
        (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)).astimezone(zone).isoformat(timespec="auto" if at % 60_000_000 else "minutes")
    )
