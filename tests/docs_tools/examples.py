"""The worked examples of the programme guide: its blocks in order, each over the sections of those before it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FILE = "corner-shop.yaml"
FENCE = re.compile(r"^```(\w+)(?: (\w+))?\n(.*?)^```$", re.S | re.M)


@dataclass(frozen=True, slots=True)
class Example:
    """A whole programme, and what follows it on the page: stories that hold under it, or the refusal that it meets.

    `heading`: under which it stands. `line`: of its block on the page, from 1.
    """

    heading: str
    line: int
    programme: str
    stories: str = ""
    refusal: str = ""


def examples(page: Path) -> Iterator[Example]:
    """Every programme of a page. Raises ValueError for a block that is none, and for a refused one without its refusal."""
    text = page.read_text("utf-8")
    sections: dict[str, str] = {}
    blocks = list(FENCE.finditer(text))
    at = 0
    while at < len(blocks):
        block, following = blocks[at], blocks[at + 1] if at + 1 < len(blocks) else None
        language, refused, body = block.groups()
        if language != "yaml" or body.startswith("- story"):
            raise ValueError(f"{page.name}: a block that follows no programme: {body[:40]!r}")
        given = _sections(body)
        heading = re.findall(r"(?m)^#+ (.*)$", text[: block.start()])[-1]
        line = text[: block.start()].count("\n") + 2
        whole = "".join((given if "programme" in given else sections | given).values())
        follows = "" if following is None else following[3]
        if refused:
            if following is None or following[1] != "text":
                raise ValueError(f"{page.name}:{line}: a refused programme without its refusal")
            yield Example(heading, line, whole, refusal=follows.rstrip("\n"))
            at += 2
            continue
        sections = given if "programme" in given else sections | given
        has_stories = follows.startswith("- story")
        yield Example(heading, line, whole, stories=follows if has_stories else "")
        at += 2 if has_stories else 1


def _sections(body: str) -> dict[str, str]:
    """The text of each top-level field."""
    parts = re.split(r"(?m)^(?=\w+:)", body)
    return {part.split(":")[0]: part.rstrip("\n") + "\n" for part in parts if part.strip()}
