"""YAML 1.2 text as nodes that know their place. Every key and scalar is text: nothing is guessed to be a number, a date or a truth value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from loyalty_streams.programme.diagnostics import Diagnostic, ProgrammeError

MAX_BYTES, MAX_DEPTH, MAX_NODES = 1_000_000, 24, 50_000
Path: TypeAlias = tuple[str | int, ...]


class Mark(NamedTuple):
    """A place in the text, both numbers from 1."""

    line: int
    column: int


class Text(str):
    """A scalar or key. `quoted` tells `"4"` from `4`."""

    mark: Mark
    quoted: bool

    def __new__(cls, value: str, mark: Mark, quoted: bool = False) -> Text:
        out = super().__new__(cls, value)
        out.mark, out.quoted = mark, quoted
        return out

    def __getnewargs__(self) -> tuple[str, Mark, bool]:  # type: ignore[override]
        """What a copy in another process is made of."""
        return str(self), self.mark, self.quoted


class Sequence(list["Node"]):
    mark: Mark

    def __init__(self, mark: Mark) -> None:
        super().__init__()
        self.mark = mark


class Mapping(dict[str, "Node"]):
    """A mapping; its keys are `Text` in fact, so each knows where it stands."""

    mark: Mark

    def __init__(self, mark: Mark) -> None:
        super().__init__()
        self.mark = mark

    def pairs(self) -> Iterator[tuple[Text, Node]]:
        """Keys with their places, and values."""
        for key, value in self.items():
            if isinstance(key, Text):
                yield key, value

    def key(self, name: str) -> Text:
        """The key as written, with its place; KeyError where there is none."""
        for key, _ in self.pairs():
            if key == name:
                return key
        raise KeyError(name)


Node: TypeAlias = Text | Sequence | Mapping


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file: its name as told to people, its text, and the root mapping."""

    file: str
    text: str
    root: Mapping
    lines: tuple[str, ...] = field(repr=False, default=())

    def diagnostic(self, code: str, message: str, mark: Mark, found: str = "", expected: str = "", hint: str = "") -> Diagnostic:
        line = self.lines[mark.line - 1] if 0 < mark.line <= len(self.lines) else ""
        return Diagnostic(code, message, self.file, mark.line, mark.column, found, expected, hint, line)

    def place(self, path: Path) -> Mark:
        """Where a path stands: the key of a field, the first character of an item; of an absent one, its nearest parent.

        Steps that the text does not have (names that a model adds) are passed over.
        """
        node: Node = self.root
        mark = node.mark
        for step in path:
            if isinstance(node, Mapping) and step in node:
                mark, node = node.key(str(step)).mark, node[node.key(str(step))]
            elif isinstance(node, Sequence) and isinstance(step, int) and step < len(node):
                node = node[step]
                mark = node.mark
        return mark

    def value_place(self, path: Path) -> Mark:
        """Where the value of a path begins; of an absent one, as `place`."""
        node = self.find(path)
        return self.place(path) if node is None else node.mark

    def find(self, path: Path) -> Node | None:
        """The node at a path, passing over steps that the text does not have; None where the last step is absent."""
        node: Node = self.root
        found = True
        for step in path:
            found = True
            if isinstance(node, Mapping) and step in node:
                node = node[node.key(str(step))]
            elif isinstance(node, Sequence) and isinstance(step, int) and step < len(node):
                node = node[step]
            else:
                found = False
        return node if found else None


def parse(data: str | bytes, file: str = "<text>") -> Document:
    """Text of one programme as nodes.

    Raises ProgrammeError for anything outside the small YAML that programmes use: broken syntax, several documents, duplicate keys,
    anchors, aliases, tags, a file too large or too deep.
    """
    if len(data) > MAX_BYTES:
        raise ProgrammeError([Diagnostic("E-TOO-LARGE", "the file is too large", file, found=f"{len(data)} bytes", expected=f"at most {MAX_BYTES}")])
    text = _decode(data, file)
    lines = tuple(text.split("\n"))
    blank = Document(file, text, Mapping(Mark(1, 1)), lines)
    try:
        root = _Composer(blank).compose(text)
    except MarkedYAMLError as error:
        at = error.problem_mark or error.context_mark
        mark = Mark(at.line + 1, at.column + 1) if at else Mark(1, 1)
        message = " ".join(str(p) for p in (error.context, error.problem) if p)
        raise ProgrammeError([blank.diagnostic("E-YAML", message, mark, hint=_yaml_hint(lines, mark))]) from None
    except YAMLError as error:
        raise ProgrammeError([blank.diagnostic("E-YAML", str(error).splitlines()[0], Mark(1, 1))]) from None
    return Document(file, text, root, lines)


def _decode(data: str | bytes, file: str) -> str:
    try:
        text = data if isinstance(data, str) else data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = bytes(data[: error.start]).count(b"\n") + 1  # type: ignore[arg-type]
        raise ProgrammeError(
            [Diagnostic("E-ENCODING", "the file is not UTF-8", file, line, 1, found=f"byte 0x{error.object[error.start]:02x}", expected="UTF-8")]
        ) from None
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _yaml_hint(lines: tuple[str, ...], mark: Mark) -> str:
    line = lines[mark.line - 1] if mark.line <= len(lines) else ""
    return "indent with blanks; tabs are not allowed in YAML" if "\t" in line[: mark.column] else ""


class _Composer:
    """Events of the YAML parser to nodes; problems that do not stop the reading are collected and raised at the end."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: list[Diagnostic] = []
        self.count = 0

    def compose(self, text: str) -> Mapping:
        events: Iterator[Any] = iter(YAML(typ="safe", pure=True).parse(text))
        root: Node | None = None
        for event in events:
            if isinstance(event, DocumentStartEvent):
                if root is not None:
                    self.fail("E-YAML", "a second document begins here", event, expected="one programme a file")
                root = self.node(next(events), events, 0)
        if not isinstance(root, Mapping) and not self.problems:
            mark = root.mark if root is not None else Mark(1, 1)
            raise ProgrammeError(
                [
                    self.document.diagnostic(
                        "E-NO-PROGRAMME", "the file holds no programme", mark, expected="a mapping that begins with `programme: NAME`"
                    )
                ]
            )
        if self.problems:
            raise ProgrammeError(self.problems)
        return root  # type: ignore[return-value]

    def node(self, event: Any, events: Iterator[Any], depth: int) -> Node:
        self.count += 1
        if depth > MAX_DEPTH or self.count > MAX_NODES:
            self.fail(
                "E-TOO-LARGE",
                "nested too deep" if depth > MAX_DEPTH else "too many values",
                event,
                expected=f"at most {MAX_DEPTH} levels and {MAX_NODES} values",
            )
            raise ProgrammeError(self.problems)
        mark = _mark(event)
        if isinstance(event, AliasEvent):
            self.fail("E-ALIAS", "aliases are not allowed", event, found=f"*{event.anchor}", hint="write the value out")
            return Text("", mark)
        if event.anchor is not None:
            self.fail("E-ALIAS", "anchors are not allowed", event, found=f"&{event.anchor}", hint="write the value out where it is needed")
        if event.tag is not None:
            self.fail("E-TAG", "tags are not allowed", event, found=str(event.tag), hint="leave the tag out: every value is read as text")
        if isinstance(event, ScalarEvent):
            return Text(event.value, mark, quoted=event.style is not None)
        if isinstance(event, SequenceStartEvent):
            return self.sequence(mark, events, depth)
        if isinstance(event, MappingStartEvent):
            return self.mapping(mark, events, depth)
        raise TypeError(f"unexpected event {type(event).__name__}")

    def sequence(self, mark: Mark, events: Iterator[Any], depth: int) -> Sequence:
        out = Sequence(mark)
        while not isinstance(event := next(events), SequenceEndEvent):
            out.append(self.node(event, events, depth + 1))
        return out

    def mapping(self, mark: Mark, events: Iterator[Any], depth: int) -> Mapping:
        out = Mapping(mark)
        while not isinstance(event := next(events), MappingEndEvent):
            key = self.node(event, events, depth + 1)
            value = self.node(next(events), events, depth + 1)
            if isinstance(value, Text) and not value and not value.quoted:
                # The parser puts what is not there at the next token; people look for it behind its key.
                value.mark = Mark(event.end_mark.line + 1, event.end_mark.column + 2)
            if not isinstance(key, Text):
                self.fail("E-TYPE", "a key must be a single word", event, expected="text")
            elif key in out:
                first = out.key(key).mark
                self.fail("E-DUPLICATE-KEY", f"`{key}` stands twice", event, found=f"`{key}`, first at line {first.line}", hint="keep one of them")
            elif key == "<<":
                self.fail("E-ALIAS", "merge keys are not allowed", event, found="<<", hint="write the fields out")
            else:
                out[key] = value
        return out

    def fail(self, code: str, message: str, event: Any, found: str = "", expected: str = "", hint: str = "") -> None:
        self.problems.append(self.document.diagnostic(code, message, _mark(event), found, expected, hint))


def _mark(event: Any) -> Mark:
    return Mark(event.start_mark.line + 1, event.start_mark.column + 1)
