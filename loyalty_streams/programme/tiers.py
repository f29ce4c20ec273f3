"""Tiers and stages of life: what is measured, the ladder, and when a member is judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal, cast

from pydantic import Field, PlainValidator, ValidationInfo, WithJsonSchema

from loyalty_streams.programme.conditions import LineCondition, MemberCondition
from loyalty_streams.programme.nodes import Mapping, Node, Sequence, Text
from loyalty_streams.programme.reading import Fault, Reading, describe, mapping_of, nearest, reading_of, text_of, words
from loyalty_streams.programme.scalars import Label, Name, OneOf, OneOrMore, Span, Whole
from loyalty_streams.programme.section import Section, exactly_one, excludes, word_at
from loyalty_streams.programme.values import parse_duration, parse_money, parse_name, parse_number

CALENDARS: dict[str, str] = {
    "calendar_month": "month",
    "calendar_quarter": "quarter",
    "calendar_half_year": "half_year",
    "calendar_year": "year",
}
RESERVED_METRICS = ("spend", "orders", "lifetime_spend", "balance")
NO_NEED = 1 << 62
"""The need of a rung for a metric that it does not name: never met."""


@dataclass(frozen=True, slots=True)
class Window:
    """`rolling` has `months`, `calendar` a `period`; `since_tier` counts from the last change of tier (T098)."""

    kind: Literal["rolling", "calendar", "since_tier", "none"]
    months: int = 0
    period: str = ""

    def __str__(self) -> str:
        return {"rolling": f"{self.months} months", "calendar": f"calendar_{self.period}"}.get(self.kind, self.kind)


@dataclass(frozen=True, slots=True)
class Metric:
    """What a tier is measured in. `wallet`: of the kinds `wallet` and `balance`."""

    name: str
    kind: Literal["spend", "orders", "wallet", "lifetime_spend", "balance"]
    window: Window
    wallet: str = ""

    @property
    def is_money(self) -> bool:
        return self.kind in ("spend", "lifetime_spend")


def _window(node: Node) -> Window:
    expected = "whole months such as `12 months`, " + words(CALENDARS).removeprefix("one of ") + ", or `{since: tier_change}`"
    if isinstance(node, Mapping):
        if len(node) == 1 and word_at(node, "since") == "tier_change":
            return Window("since_tier")
        raise Fault("E-CHOICE", "not a window", "another mapping", expected).at(node)
    text = text_of(node, expected)
    if text in CALENDARS:
        return Window("calendar", period=CALENDARS[text])
    try:
        duration = parse_duration(text)
    except Fault:
        raise Fault("E-DURATION", "not a window", f"`{text}`", expected, nearest(text, CALENDARS)).at(text) from None
    if not duration.months:
        raise Fault("E-DURATION", "a window has whole months", f"`{text}`", expected, "write months, such as `12 months`").at(text)
    return Window("rolling", months=duration.months)


def _metric(key: Text, node: Node) -> Metric:
    name = parse_name(key)
    if key == "balance":
        return Metric(name, "balance", Window("none"), str(text_of(node, "a wallet")))
    if key == "lifetime_spend":
        if len(mapping_of(node, "`{}`")):
            raise Fault("E-CONFLICT", "a lifetime has no window", describe(node), "`lifetime_spend: {}`").at(node)
        return Metric(name, "lifetime_spend", Window("none"))
    given = mapping_of(node, "`{window: 12 months}`")
    if set(given) != {"window"}:
        raise Fault("E-MISSING", "a metric needs its window, and nothing else", words(given) or "nothing", "`{window: 12 months}`").at(node)
    window = _window(given["window"])
    if key == "spend":
        return Metric(name, "spend", window)
    if key == "orders":
        return Metric(name, "orders", window)
    return Metric(name, "wallet", window, name)


def _metrics(value: Any) -> tuple[Metric, ...]:
    node = mapping_of(value, "metrics such as `{spend: {window: 12 months}}`")
    if not 1 <= len(node) <= 4:
        raise Fault("E-TOO-MANY" if node else "E-MISSING", "one to four metrics can be measured", f"{len(node)}", "1 to 4 metrics").at(node)
    return tuple(_metric(key, child) for key, child in node.pairs())


def _one_metric(value: Any) -> tuple[Metric, ...]:
    if isinstance(value, Mapping) and len(value) > 1:
        hint = "several metrics are written `any_of: {at_least: 2, metrics: {…}}`"
        raise Fault("E-CONFLICT", "one metric is needed here", words(value), "one metric", hint).at(value)
    return _metrics(value)


_WINDOW_SCHEMA = {
    "anyOf": [
        {"type": "string"},
        {"type": "object", "required": ["since"], "additionalProperties": False, "properties": {"since": {"const": "tier_change"}}},
    ]
}
_WITH_WINDOW = {"type": "object", "required": ["window"], "additionalProperties": False, "properties": {"window": _WINDOW_SCHEMA}}
_METRIC_SCHEMA: dict[str, Any] = {
    "type": "object",
    "minProperties": 1,
    "properties": {
        "spend": _WITH_WINDOW,
        "orders": _WITH_WINDOW,
        "lifetime_spend": {"type": "object", "maxProperties": 0},
        "balance": {"type": "string"},
    },
    "additionalProperties": _WITH_WINDOW,
}
_LADDER_SCHEMA = {
    "type": "object",
    "minProperties": 1,
    "additionalProperties": {"anyOf": [{"type": ["number", "string"]}, {"type": "object", "additionalProperties": {"type": ["number", "string"]}}]},
}


class AnyOfMetrics(Section):
    """Several metrics, of which a rung needs some (T104)."""

    at_least: Annotated[int, Whole(1, 4)] = Field(description="How many needs of a rung must be met.")
    metrics: Annotated[tuple[Metric, ...], PlainValidator(_metrics), WithJsonSchema({**_METRIC_SCHEMA, "maxProperties": 4})] = Field(
        description="What is measured."
    )


@dataclass(frozen=True, slots=True)
class Rung:
    """A tier and what it needs, one number a metric: minor units, orders or points; NO_NEED where it names none."""

    tier: str
    needs: tuple[int, ...]


def _need(metric: Metric, node: Node, digits: int) -> int:
    text = text_of(node, "a threshold")
    try:
        return parse_money(text, digits) if metric.is_money else parse_number(text)
    except Fault as fault:
        raise fault.at(text) from None


def _rung(tier: Text, node: Node, metrics: tuple[Metric, ...], digits: int) -> Rung:
    name = parse_name(tier)
    if not isinstance(node, Mapping):
        if len(metrics) == 1 or node in ("0", "0.0", "0.00"):
            return Rung(name, tuple(_need(m, node, digits) for m in metrics))
        raise Fault(
            "E-LADDER",
            "the rung must say which metric it means",
            describe(node),
            "a need for each metric, such as `{" + f"{metrics[0].name}: …" + "}`",
        ).at(node)
    by_name = {m.name: m for m in metrics}
    for key, _ in node.pairs():
        if key not in by_name:
            raise Fault("E-UNKNOWN-NAME", "not a metric of these tiers", f"`{key}`", words(by_name), nearest(key, by_name)).at(key)
    return Rung(name, tuple(_need(m, node[m.name], digits) if m.name in node else NO_NEED for m in metrics))


def _ladder_of(value: Any, metrics: tuple[Metric, ...], reading: Reading) -> tuple[Rung, ...]:
    node = mapping_of(value, "tiers and what they need, such as `{base: 0, gold: 500.00}`")
    if not node:
        raise Fault("E-LADDER", "the ladder is empty", "nothing", "at least one tier").at(node)
    out: list[Rung] = []
    for tier, child in node.pairs():
        rung = _rung(tier, child, metrics, reading.digits)
        if not out and any(rung.needs):
            reading.report("E-LADDER", "the ladder does not begin at 0", child, describe(child), "0", "the first tier is the one of every new member")
        if out and not _rises(out[-1], rung):
            reading.report(
                "E-LADDER",
                "the ladder does not rise",
                child,
                describe(child),
                f"more than {out[-1].tier} needs",
                "tiers stand from the lowest to the highest",
            )
        out.append(rung)
    if not 3 <= len(out) <= 5:
        reading.report(
            "W-LADDER-SIZE",
            f"the ladder has {len(out)} {'tier' if len(out) == 1 else 'tiers'}",
            node,
            f"{len(out)}",
            "3 to 5",
            "fewer give no goal, more are not remembered",
        )
    return tuple(out)


def _rises(low: Rung, high: Rung) -> bool:
    """Whether the higher rung needs more, by the metrics that both name."""
    pairs = [(a, b) for a, b in zip(low.needs, high.needs, strict=True) if NO_NEED not in (a, b)]
    return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)


def _metrics_read(info: ValidationInfo) -> tuple[Metric, ...] | None:
    """The metrics that stand before the ladder; None where they could not be read, which is reported already."""
    return cast("tuple[Metric, ...] | None", info.data.get("metric") or (info.data["any_of"].metrics if info.data.get("any_of") else None))


def _ladder(value: Any, info: ValidationInfo) -> tuple[Rung, ...]:
    metrics = _metrics_read(info)
    return _ladder_of(value, metrics, reading_of(info)) if metrics else ()


@dataclass(frozen=True, slots=True)
class OtherLadder:
    """A ladder for some members: the first whose condition holds (T114)."""

    when: Any
    ladder: tuple[Rung, ...]


class _OtherLadderShape(Section):
    """A ladder for some members."""

    when: MemberCondition = Field(description="A condition on the member.")
    ladder: Annotated[Any, WithJsonSchema(_LADDER_SCHEMA)] = Field(description="The ladder of such members.")


def _ladders(value: Any, info: ValidationInfo) -> tuple[OtherLadder, ...]:
    metrics = _metrics_read(info)
    if not isinstance(value, Sequence):
        raise Fault("E-TYPE", "a list of ladders is needed here", describe(value), "`[{when: …, ladder: …}]`").at(value)
    out = []
    for node in value:
        shape = _OtherLadderShape.model_validate(node, context=info.context)
        if metrics:
            out.append(OtherLadder(shape.when, _ladder_of(shape.ladder, metrics, reading_of(info))))
    return tuple(out)


def _check(value: Any) -> str | tuple[str, str]:
    known = ("window", "tier_anniversary", "join_anniversary", "calendar_year")
    if isinstance(value, Mapping) and set(value) == {"attribute"}:
        return ("attribute", parse_name(text_of(value["attribute"])))
    if isinstance(value, Text) and value in known:
        return str(value)
    raise Fault(
        "E-CHOICE",
        "not an instant to check at",
        describe(value),
        words(known) + " or `{attribute: NAME}`",
        nearest(value, known) if isinstance(value, Text) else "",
    ).at(value)


_CHECK_SCHEMA = {
    "anyOf": [
        {"type": "string", "enum": ["window", "tier_anniversary", "join_anniversary", "calendar_year"]},
        {"type": "object", "required": ["attribute"], "additionalProperties": False, "properties": {"attribute": {"type": "string"}}},
    ]
}
PERIODIC_ONLY = ("keep_for", "grace", "minimum_stay", "reset")


class Downgrade(Section):
    """When and how far a tier falls (T097 to T103)."""

    check: Annotated[str | tuple[str, str], PlainValidator(_check), WithJsonSchema(_CHECK_SCHEMA)] = Field(
        "window", description="`window`: as soon as the metric says so; otherwise only at the check."
    )
    keep_for: Span | None = Field(None, description="How long a tier is kept; 1 year by default.")
    to: OneOf[Literal["metrics", "one_down", "base"]] = Field("metrics", description="Where a member falls to.")
    grace: Span | None = Field(None, description="A check that fails is made once more after this time.")
    minimum_stay: Span | None = Field(None, description="No check earlier than this after the tier was reached.")
    reset: Name | None = Field(None, description="The wallet that is emptied after the check.")

    @classmethod
    def check_shape(cls, node: Mapping, reading: Reading) -> None:
        if not isinstance(node.get("check"), Mapping) and word_at(node, "check", "window") == "window":
            for name in (n for n in PERIODIC_ONLY if n in node):
                reading.report(
                    "E-NEEDS",
                    f"`{name}` works only with a periodic check",
                    node.key(name),
                    expected="`check: tier_anniversary`, `join_anniversary`, `calendar_year` or `{attribute: NAME}`",
                )
            if word_at(node, "to", "metrics") != "metrics":
                reading.report(
                    "E-CONFLICT", "with `check: window` the metrics say where to fall", node.key("to"), expected="`to: metrics`, or a periodic check"
                )
        if word_at(node, "check") in ("calendar_year", "join_anniversary") or isinstance(node.get("check"), Mapping):
            excludes(node, reading, "check", "keep_for", why="the check comes every year on its date")


class Tiers(Section):
    """The ladder that members climb, and what it is measured in (T092 to T116)."""

    metric: Annotated[tuple[Metric, ...] | None, PlainValidator(_one_metric), WithJsonSchema({**_METRIC_SCHEMA, "maxProperties": 1})] = Field(
        None, description="What is measured."
    )
    any_of: AnyOfMetrics | None = Field(None, description="Several metrics instead of one.")
    exclude: Annotated[tuple[LineCondition, ...], OneOrMore] = Field((), description="Lines that do not count in spend (T105).")
    ladder: Annotated[tuple[Rung, ...], PlainValidator(_ladder), WithJsonSchema(_LADDER_SCHEMA)] = Field(
        description="Tiers from the lowest, each with what it needs."
    )
    labels: dict[Name, Label] = Field(default_factory=dict, description="Names shown to members, by tier and language.")
    upgrade: OneOf[Literal["immediate"]] = Field("immediate", description="A member moves up at once.")
    downgrade: Downgrade = Field(default_factory=Downgrade.model_construct, description="When and how far a member falls.")
    notice_before: Span | None = Field(None, description="A notice this long before a check that would fail (T108).")
    on_rule_change: OneOf[Literal["lazy", "upgrade_only", "full"]] = Field("lazy", description="What the start of this version does to tiers (T112).")
    gifts: OneOf[Literal["target_only", "all_passed"]] = Field("target_only", description="Whether tiers jumped over pay their entry bonus (T106).")
    ladders: Annotated[
        tuple[OtherLadder, ...],
        PlainValidator(_ladders),
        WithJsonSchema(
            {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["when", "ladder"],
                    "additionalProperties": False,
                    "properties": {"when": {"x-ref": "MemberCondition"}, "ladder": _LADDER_SCHEMA},
                },
            }
        ),
    ] = Field((), description="Other ladders for some members.")

    @classmethod
    def check_shape(cls, node: Mapping, reading: Reading) -> None:
        exactly_one(node, reading, "metric", "any_of")
        down = node.get("downgrade")
        periodic = isinstance(down, Mapping) and (isinstance(down.get("check"), Mapping) or word_at(down, "check", "window") != "window")
        if "notice_before" in node and not periodic:
            reading.report(
                "E-NEEDS",
                "`notice_before` works only with a periodic check",
                node.key("notice_before"),
                expected="`downgrade: {check: tier_anniversary}` or another",
            )

    @property
    def metrics(self) -> tuple[Metric, ...]:
        return self.metric or (self.any_of.metrics if self.any_of else ())

    @property
    def at_least(self) -> int:
        return self.any_of.at_least if self.any_of else 1

    def names(self) -> tuple[str, ...]:
        """All tiers, those of the main ladder first."""
        rungs = [*self.ladder, *(r for other in self.ladders for r in other.ladder)]
        return tuple(dict.fromkeys(r.tier for r in rungs))
