"""One programme with its places, and what several checks ask of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from typing import TypeAlias

from loyalty_streams.programme.earning import Rule
from loyalty_streams.programme.models import Programme
from loyalty_streams.programme.nodes import Mark
from loyalty_streams.programme.overlap import overlap, share_lines
from loyalty_streams.programme.reading import Reading, nearest, words

Pair: TypeAlias = tuple[str, str]


class Look:
    """One programme with its places, and what several checks ask of it."""

    def __init__(self, programme: Programme, reading: Reading) -> None:
        self.p, self.reading = programme, reading
        self.wallets = tuple(programme.wallets)
        self.spendable = tuple(n for n, w in programme.wallets.items() if w.spendable)
        self.tiers = programme.tiers.names() if programme.tiers else ()
        self.stages = tuple(programme.lifecycle.stages) if programme.lifecycle else ()
        self.tier_places = _tier_places(programme)

    def at(self, *path: str | int) -> Mark:
        """Where the key of a path stands."""
        return self.reading.document.place(path)

    def value_at(self, *path: str | int) -> Mark:
        return self.reading.document.value_place(path)

    def known(self, what: str, name: str, known: Sequence[str], at: Mark) -> bool:
        """Whether a name exists; reported where it does not."""
        if name in known:
            return True
        expected = words(known) if known else f"no {what}: the programme has none"
        self.reading.report("E-UNKNOWN-NAME", f"`{name}` is not a {what} of the programme", at, f"`{name}`", expected, nearest(name, known))
        return False

    def known_at(self, what: str, name: str | None, known: Sequence[str], *path: str | int) -> bool:
        return name is not None and self.known(what, name, known, self.value_at(*path))

    def rules(self, wanted: Callable[[Rule], bool]) -> list[str]:
        return [name for name, rule in self.p.earn.items() if wanted(rule)]

    def meeting(self, names: Sequence[str], by_line: bool) -> Iterator[Pair]:
        """Pairs of rules that one order can meet; with `by_line`, on a common line."""
        for a, b in combinations(names, 2):
            one, other = self.p.earn[a], self.p.earn[b]
            if overlap(one, other, self.tier_places) and (not by_line or share_lines(one, other)):
                yield a, b

    def exclusive(self, pair: Pair, stackable_too: bool = False) -> bool:
        """Whether a group says which of two rules pays; a stackable group says that both do."""
        return any(set(pair) <= set(g.members) and (stackable_too or g.choose != "stackable") for g in self.p.combine.groups.values())


def _tier_places(programme: Programme) -> dict[str, int]:
    """How high each tier stands on the first ladder that has it."""
    out: dict[str, int] = {}
    if programme.tiers:
        for ladder in (programme.tiers.ladder, *(other.ladder for other in programme.tiers.ladders)):
            for place, rung in enumerate(ladder):
                out.setdefault(rung.tier, place)
    return out
