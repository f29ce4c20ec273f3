"""`python -m tests.docs_tools [--write]`: tells which generated pages are stale, exit 1; with `--write` makes them anew."""

from __future__ import annotations

import sys

from tests.docs_tools.pages import stale, write


def main(arguments: list[str]) -> int:
    if arguments == ["--write"]:
        print("".join(f"written: {name}\n" for name in write()) or "nothing to write\n", end="")
        return 0
    if arguments:
        print("python -m tests.docs_tools [--write]", file=sys.stderr)
        return 2
    names = stale()
    print("".join(f"stale: {name}\n" for name in names), end="")
    return 1 if names else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
