"""Stories as tables: a programme, then rows `when | does | then`.

A `.story` file holds stories, each a title at the left edge and an indented body. The body's first lines are the top-level sections of
a programme, as in a programme file; what they leave out is taken from `DEFAULTS`. `---` begins the next version, which differs from the
version before by the sections that it gives (`effective_from` among them). `like NAME` takes the sections of the block
`programme NAME`, which may stand anywhere in the file. Then come the rows:

    T001 One yuan gives one point
      order_amount: {minimum: 50.00}

      2026-01-01 10:00 | order O1 128.60 | EARNED 128 base; available 128
                       |                 | tier silver
      2026-02-01       | -               | available 0; expired 128

`when` is program time unless it carries an offset; an empty one is the instant of the row before. A row with neither `when` nor `does`
only expects more of the row above. What can be done is in `vocabulary`, what can be expected in `expectations`.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

DEFAULTS = """\
programme: story
version: 1
time_zone: Asia/Shanghai
currency: CNY
wallets: {points: {}}
earn: {base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}}}
"""
ROW = re.compile(r"\s*(\d{4}-\d\d-\d\d[^|]*)?\|")
SECTION = re.compile(r"([a-z_]+):")
NAMED = re.compile(r"programme ([\w-]+)$")
LIKE = re.compile(r"\s*like ([\w-]+)$")

Sections = dict[str, str]


@dataclass(frozen=True, slots=True)
class Row:
    """One row: `when` and `does` as written, `then` as a list of expectations; `place` is for messages."""

    place: str
    when: str
    does: str
    then: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Story:
    title: str
    programmes: tuple[str, ...]
    rows: tuple[Row, ...]

    @property
    def zone(self) -> str:
        match = re.search(r"^time_zone: *(\S+)", self.programmes[0], re.M)
        return match[1] if match else "UTC"


@dataclass(slots=True)
class _Block:
    """A title and its body, each line with its number in the file."""

    title: str
    line: int
    body: list[tuple[int, str]] = field(default_factory=list)


def read_stories(path: Path) -> list[Story]:
    """All stories of a file, in its order; ValueError with file and line for what cannot be read."""
    return parse_stories(path.read_text("utf-8"), path.name)


def parse_stories(text: str, name: str = "story") -> list[Story]:
    blocks = list(_blocks(text))
    named = {match[1]: _sections(_yaml(b.body)) for b in blocks if (match := NAMED.match(b.title))}
    stories = [_story(b, named, name) for b in blocks if not NAMED.match(b.title)]
    titles = [s.title for s in stories]
    if twice := {t for t in titles if titles.count(t) > 1}:
        raise ValueError(f"{name}: two stories have the title {sorted(twice)[0]!r}")
    return stories


def parse_story(text: str) -> Story:
    """One story from an inline text, which may be indented as a whole."""
    (story,) = parse_stories(textwrap.dedent(text).strip("\n"))
    return story


def _blocks(text: str) -> Iterator[_Block]:
    block: _Block | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if not line[0].isspace():
            if block:
                yield block
            block = _Block(line.strip(), number)
        elif block:
            block.body.append((number, line))
        else:
            raise ValueError(f"line {number}: a body without a title")
    if block:
        yield block


def _yaml(body: list[tuple[int, str]]) -> str:
    return textwrap.dedent("\n".join(line for _, line in body if not ROW.match(line) and not LIKE.match(line)))


def _sections(text: str) -> Sections:
    """The top-level sections of a programme by their key, each with its whole text."""
    out: Sections = {}
    key = ""
    for line in (x for x in text.splitlines() if x.strip()):
        if match := SECTION.match(line):
            key = match[1]
            out[key] = ""
        elif not key:
            raise ValueError(f"not a section of a programme: {line!r}")
        out[key] += line + "\n"
    return out


def _story(block: _Block, named: dict[str, Sections], name: str) -> Story:
    try:
        return Story(block.title, tuple(_versions(block.body, named)), tuple(_rows(block.body, name)))
    except (KeyError, ValueError) as problem:
        raise ValueError(f"{name}:{block.line}: {block.title}: {problem}") from problem


def _versions(body: list[tuple[int, str]], named: dict[str, Sections]) -> Iterator[str]:
    sections = _sections(DEFAULTS)
    for line in (line for _, line in body):
        if match := LIKE.match(line):
            sections |= named[match[1]]
    parts = re.split(r"^---\n", _yaml(body) + "\n", flags=re.M)
    for number, part in enumerate(parts, 1):
        sections = sections | _sections(part) | {"version": f"version: {number}\n"}
        yield "".join(sections.values())


def _rows(body: list[tuple[int, str]], name: str) -> Iterator[Row]:
    row: Row | None = None
    for number, line in body:
        if not ROW.match(line):
            continue
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) != 3:
            raise ValueError(f"line {number} has {len(cells)} cells, not 3: {line.strip()!r}")
        when, does, then = cells[0], cells[1], tuple(x.strip() for x in cells[2].split(";") if x.strip())
        if not when and not does:
            if row is None:
                raise ValueError(f"line {number} continues nothing")
            row = Row(row.place, row.when, row.does, row.then + then)
            continue
        if row:
            yield row
        row = Row(f"{name}:{number}", when or (row.when if row else ""), does, then)
    if row is None:
        raise ValueError("a story without rows")
    yield row
