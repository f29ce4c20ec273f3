"""A failing case made small: facts, versions and parts of the programme are taken away as long as it still fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from loyalty_streams.core.facts import Attribute, Fact
from loyalty_streams.programme import ProgrammeError
from tests.oracle.calendar import wall
from tests.oracle.family import in_order
from tests.simulation.family_trial import FamilyCase, run_family
from tests.simulation.programmes import texts
from tests.simulation.trial import Case, Outcome, run_case, timeline_of

NEEDED = ("programme", "version", "time_zone", "currency")
Path = tuple[str | int, ...]
Fails = Callable[[Case], bool]


def shrink(case: Case) -> tuple[Case, Outcome]:
    """The smallest case found that fails still in the same way, and what it finds."""
    way = way_of(outcome(case))

    def fails(smaller: Case) -> bool:
        return bool(smaller.facts) and way_of(outcome(smaller)) == way

    while True:
        size = size_of(case)
        for smaller in (fewer_facts, plainer_facts, fewer_versions, less_programme):
            case = smaller(case, fails)
        if size_of(case) == size:
            return case, outcome(case)


def outcome(case: Case) -> Outcome:
    """What a case finds; a side that breaks is a finding too."""
    try:
        return run_family(case) if isinstance(case, FamilyCase) else run_case(case)
    except ProgrammeError:
        return Outcome((), ())
    except Exception as error:
        return Outcome((f"{type(error).__name__}: {error}",), ())


def way_of(found: Outcome) -> str:
    """How a case fails, without its numbers and names: the kinds of decision that differ."""
    if not found.problems:
        return ""
    words = found.problems[0].split()
    return " ".join(w for w in words if w.isupper() or w in ("only", "kernel", "oracle", "end:", "books:", "seq:", "batches:")) or words[0]


def size_of(case: Case) -> int:
    return len("".join(texts(case.trees))) + sum(len(repr(f)) for f in case.facts)


def fewer_facts(case: Case, fails: Fails) -> Case:
    """Takes runs of facts away, long runs first; then time after the last."""
    n = len(case.facts)
    while n >= 1:
        i = 0
        while i < len(case.facts):
            smaller = replace(case, facts=case.facts[:i] + case.facts[i + n :])
            if fails(smaller):
                case = smaller
            else:
                i += n
        n //= 2
    soon = replace(case, until=case.facts[-1].at)
    return soon if fails(soon) else case


def plainer_facts(case: Case, fails: Fails) -> Case:
    """Facts without what they need not carry."""
    for i, fact in enumerate(case.facts):
        for plain in plainer(fact) if isinstance(fact, Fact) else ():
            smaller = replace(case, facts=(*case.facts[:i], plain(case.facts[i]), *case.facts[i + 1 :]))
            if smaller.facts[i] != case.facts[i] and fails(smaller):
                case = smaller
    return case


def plainer(fact: Fact) -> Iterator[Callable[[Fact], Fact]]:
    yield lambda f: replace(f, arrived=-1)
    for name in ("channel", "store"):
        yield lambda f, name=name: replace(f, **{name: ""})  # type: ignore[misc]
    for attribute in fact.attributes:
        yield lambda f, attribute=attribute: replace(f, attributes=without(f.attributes, attribute))  # type: ignore[misc]
    for no in [x.no for x in fact.lines]:
        yield lambda f, no=no: replace(  # type: ignore[misc]
            f, lines=tuple(x for x in f.lines if x.no != no), amount=f.amount - sum(x.amount for x in f.lines if x.no == no)
        )


def without(attributes: Sequence[Attribute], one: Attribute) -> tuple[Attribute, ...]:
    return tuple(a for a in attributes if a is not one)


def fewer_versions(case: Case, fails: Fails) -> Case:
    for i in range(len(case.trees) - 1, -1, -1):
        if len(case.trees) > 1:
            smaller = replace(case, trees=case.trees[:i] + case.trees[i + 1 :])
            if fails(smaller):
                case = smaller
    return case


def less_programme(case: Case, fails: Fails) -> Case:
    """Sections, rules, fields and members of lists taken away one by one, the large ones first."""
    for i in range(len(case.trees)):
        for path in sorted(paths(case.trees[i]), key=len):
            tree = deepcopy(case.trees[i])
            if remove(tree, path):
                smaller = replace(case, trees=[*case.trees[:i], tree, *case.trees[i + 1 :]])
                if fails(smaller):
                    case = smaller
    return case


def paths(node: Any, path: Path = ()) -> Iterator[Path]:
    pairs = node.items() if isinstance(node, dict) else reversed(list(enumerate(node))) if isinstance(node, list) else ()
    for key, child in pairs:
        if not (len(path) == 0 and key in NEEDED):
            yield (*path, key)
        yield from paths(child, (*path, key))


def remove(tree: Any, path: Path) -> bool:
    """Takes the node at a path away; false where an earlier removal has moved it."""
    node = tree
    for key in path[:-1]:
        if not isinstance(node, (dict, list)) or (key not in node if isinstance(node, dict) else not isinstance(key, int) or key >= len(node)):
            return False
        node = node[key]
    last = path[-1]
    if (isinstance(node, dict) and last in node) or (isinstance(node, list) and isinstance(last, int) and last < len(node)):
        del node[last]
        return bool(node) or isinstance(node, dict)
    return False


# ---- in words ----


def told(case: Case, found: Outcome) -> str:
    """A case as a person reads it: the programme, the facts by the programme's clock, what is wrong."""
    zone, timeline = ZoneInfo(case.trees[0]["time_zone"]), timeline_of(tuple(texts(case.trees)))
    facts = "\n".join(f"  {wall(f.at, zone).isoformat(sep=' ')}  {fact_in_words(f)}" for f in in_order(timeline, case.facts))
    end = f"  {wall(case.until, zone).isoformat(sep=' ')}  (advanced to here)"
    return "\n".join(["---\n".join(texts(case.trees)), facts, end, *found.problems])


def fact_in_words(fact: Fact) -> str:
    if not isinstance(fact, Fact):
        return repr(fact)
    shown = {name: getattr(fact, name) for name in ("about", "amount", "points", "channel", "store", "type") if getattr(fact, name)}
    if fact.outcome:
        shown["outcome"] = fact.outcome.name
    if fact.arrived >= 0:
        shown["arrived"] = f"+{fact.arrived - fact.at}"
    lines = "".join(f" [{x.no}: {x.qty} x {x.sku or '-'}/{x.category or '-'} {x.kind.name.lower()} {x.amount} tax {x.tax}]" for x in fact.lines)
    attributes = "".join(f" {a.name}={a.value}" for a in fact.attributes)
    return f"{fact.member} {fact.kind.name} {fact.key} {fact.at}" + "".join(f" {k}={v}" for k, v in shown.items()) + lines + attributes


__all__ = ["outcome", "shrink", "told"]
