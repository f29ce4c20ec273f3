"""Small broken programmes: a body over a sound head, with `▸` where the problem must be pointed at."""

from __future__ import annotations

import re
from dataclasses import dataclass

from loyalty_streams.programme.diagnostics import Diagnostic, ProgrammeError
from loyalty_streams.programme.load import load

HEAD = {
    "programme": "programme: shop",
    "version": "version: 1",
    "time_zone": "time_zone: Asia/Shanghai",
    "currency": "currency: CNY",
    "wallets": "wallets: {points: {}}",
}
MARKER = "▸"
FILE = "shop.yaml"


@dataclass(frozen=True, slots=True)
class Broken:
    """One broken programme and the one problem that must be told of it; `found`, `expected` and `hint` whole, as people read them."""

    code: str
    body: str
    found: str = ""
    expected: str = ""
    hint: str = ""

    @property
    def text(self) -> str:
        return over_head(self.body).replace(MARKER, "")

    @property
    def place(self) -> tuple[int, int]:
        """Line and column of the marker, both from 1."""
        before = over_head(self.body).split(MARKER)[0]
        return before.count("\n") + 1, len(before) - before.rfind("\n")


def over_head(body: str) -> str:
    """The body after the fields of the head that it does not have itself."""
    own = set(re.findall(rf"(?m)^{MARKER}?(\w+):", body))
    return "".join(f"{line}\n" for name, line in HEAD.items() if name not in own) + body + "\n"


def problems(text: str) -> tuple[Diagnostic, ...]:
    """Everything wrong with a text, or the warnings about it."""
    try:
        return load(text, FILE).warnings
    except ProgrammeError as error:
        return error.diagnostics
