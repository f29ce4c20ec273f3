"""The generated parts of docs/guide/operating.md: settings, exit codes, and the codes of dead letters."""

from __future__ import annotations

from loyalty_streams.cli import common
from loyalty_streams.history.codes import CODES
from loyalty_streams.hosts.embedded.verify import COUNTED, OF_LOGS, OF_MEMBERS
from loyalty_streams.settings import FIELDS, FILE, PREFIX
from tests.docs_tools.parts import replace_part, table

EXITS = {
    common.DONE: "done; dead letters do not change that",
    common.FAILED: "failed: one line on stderr says what, where, and a stable code",
    common.USAGE: "asked in a wrong way: an unknown option, a setting that cannot be used",
    common.EXCEEDED: "a threshold that was asked for is exceeded: `--max-dead-letters`",
    130: "stopped with Ctrl-C; what was applied stays applied",
}


def page(text: str) -> str:
    for name, body in {"settings": settings(), "exits": exits(), "letters": letters(), "checks": checks()}.items():
        text = replace_part(text, name, body)
    return text


def settings() -> str:
    rows = [(f"`{name}`", f"`{PREFIX}{name.upper()}`", f"`{f.default}`" if f.default else "", f.what) for name, f in FIELDS.items()]
    return table((f"in `{FILE}`", "in the environment", "default", "what it is"), rows)


def exits() -> str:
    return table(("code", "meaning"), [(str(code), meaning) for code, meaning in sorted(EXITS.items())])


def letters() -> str:
    return table(("code", "meaning"), [(f"`{code}`", meaning) for code, meaning in CODES.items()])


def checks() -> str:
    found = {name: what for name, (what, _) in (*OF_MEMBERS.items(), *OF_LOGS.items())} | {"I11": COUNTED}
    return table(("check", "what it says"), [(f"`{name}`", found[name]) for name in sorted(found, key=lambda n: int(n[1:]))])
