"""What differs between two versions of a programme, place by place, and what kind of change that is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from loyalty_streams.programme.diagnostics import Diagnostic, ProgrammeError
from loyalty_streams.programme.load import Loaded
from loyalty_streams.programme.meaning import HEAD, Meaning, at, meaning
from loyalty_streams.programme.nodes import Mapping, Node, Path, Sequence

Kind: TypeAlias = Literal["added", "removed", "changed"]
Class: TypeAlias = Literal["cosmetic", "forward_only", "retroactive"]
SIGNS: dict[Kind, str] = {"added": "+", "removed": "-", "changed": "~"}


@dataclass(frozen=True, slots=True)
class Change:
    """One place where the two texts differ. `moves_points`: whether it changes what is decided, not only how it is written."""

    path: Path
    kind: Kind
    before: str
    after: str
    place: str
    moves_points: bool

    @property
    def name(self) -> str:
        return ".".join(str(step) for step in self.path)

    def to_dict(self) -> dict[str, Any]:
        return {
            "path": self.name, "kind": self.kind, "before": self.before or None, "after": self.after or None, "place": self.place,
            "moves_points": self.moves_points,
        }  # fmt: skip

    def render(self) -> str:
        value = f"{self.before} → {self.after}" if self.kind == "changed" else self.before or self.after
        note = "" if self.moves_points or self.path[0] in HEAD else "  (cosmetic)"
        return f"{SIGNS[self.kind]} {self.name}: {value}{note}\n    {self.place}"


@dataclass(frozen=True, slots=True)
class Difference:
    """Two versions and all that differs. `declared` is what the author says of the change, `classified` what it is."""

    before: Loaded
    after: Loaded
    changes: tuple[Change, ...]
    declared: Class
    classified: Class

    @property
    def moves_points(self) -> bool:
        return self.classified != "cosmetic"

    def to_dict(self) -> dict[str, Any]:
        """Plain values for `--json`."""
        return {
            "before": _named(self.before), "after": _named(self.after), "declared": self.declared, "classified": self.classified,
            "moves_points": self.moves_points, "changes": [c.to_dict() for c in self.changes],
        }  # fmt: skip

    def render(self) -> str:
        """The comparison as people read it, without a last line break."""
        one, other = self.before.programme, self.after.programme
        head = f"{one.programme} version {one.version} → {other.programme} version {other.version}"
        if not self.changes:
            return f"{head}: nothing differs"
        return "\n".join([f"{head}: {self.classified}, declared {self.declared}", *(c.render() for c in self.changes)])


def _named(loaded: Loaded) -> dict[str, Any]:
    return {"programme": loaded.programme.programme, "version": loaded.programme.version, "file": loaded.file}


def compare(before: Loaded, after: Loaded) -> Difference:
    """All that differs, in the order of the places in `after`, what is gone last.

    Raises ProgrammeError (E-CHANGE) where `after` declares itself cosmetic and would decide otherwise than `before`.
    """
    one, other = meaning(before.programme), meaning(after.programme)
    found = _changes(before, after, one, other)
    classified = _classify(before, after, one == other)
    declared: Class = after.programme.change
    if declared == "cosmetic" and classified != "cosmetic":
        raise ProgrammeError([_refusal(after, found)])
    return Difference(before, after, found, declared, classified)


def _classify(before: Loaded, after: Loaded, same: bool) -> Class:
    """A version that starts no later than the one before it judges anew what that one has judged."""
    if same:
        return "cosmetic"
    starts = [v.programme.effective_from if v.programme.effective_from is not None else -1 for v in (before, after)]
    return "forward_only" if starts[1] > starts[0] else "retroactive"


def _refusal(after: Loaded, changes: tuple[Change, ...]) -> Diagnostic:
    first = next((c for c in changes if c.moves_points), None)
    mark = after.document.value_place(("change",))
    hint = f"the first of them: {first.name}, {first.before or 'nothing'} → {first.after or 'nothing'}, {first.place}" if first else ""
    return after.document.diagnostic("E-CHANGE", "the change moves points", mark, "`cosmetic`", "`forward_only` or `retroactive`", hint)


def _changes(before: Loaded, after: Loaded, one: Meaning, other: Meaning) -> tuple[Change, ...]:
    out = []
    for path, old, new in _walk(before.document.root, after.document.root, ()):
        kind: Kind = "added" if old is None else "removed" if new is None else "changed"
        document = after.document if new is not None else before.document
        mark = document.place(path)
        moves = path[0] not in HEAD and at(one, path) != at(other, path)
        out.append((new is None, mark, Change(path, kind, _flow(old), _flow(new), f"{document.file}:{mark.line}:{mark.column}", moves)))
    return tuple(change for _, _, change in sorted(out, key=lambda row: row[:2]))


def _walk(old: Node | None, new: Node | None, path: Path) -> Iterator[tuple[Path, Node | None, Node | None]]:
    """The smallest parts that differ: single values, whole lists, and fields that only one side has."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys([*new, *old]):
            yield from _walk(old.get(key), new.get(key), (*path, str(key)))
    elif isinstance(old, Sequence) and isinstance(new, Sequence) and len(old) == len(new) and any(isinstance(n, Mapping) for n in (*old, *new)):
        for n, pair in enumerate(zip(old, new, strict=True)):
            yield from _walk(*pair, (*path, n))
    elif old != new:
        yield path, old, new


def _flow(node: Node | None) -> str:
    """A node in one line, as a programme would write it."""
    if node is None:
        return ""
    if isinstance(node, Mapping):
        return "{" + ", ".join(f"{key}: {_flow(value)}" for key, value in node.items()) + "}"
    if isinstance(node, Sequence):
        return "[" + ", ".join(_flow(value) for value in node) + "]"
    return str(node)
