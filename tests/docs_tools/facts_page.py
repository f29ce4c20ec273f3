"""The generated part of docs/guide/facts.md, which `tests.schemas.page` makes from `schemas/*.avsc`."""

from __future__ import annotations

from tests.schemas.page import BEGIN, END, facts_page


def page(text: str) -> str:
    before, mark, rest = text.partition(BEGIN)
    if not mark or END not in rest:
        raise LookupError("the page needs one part `facts`")
    return f"{before}{BEGIN}\n\n{facts_page()}\n{END}{rest.partition(END)[2]}"
