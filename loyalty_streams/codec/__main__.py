"""`python -m loyalty_streams.codec`: the schema set by hand.

    list                     every version that is registered, with its id and fingerprint
    register                 take the changed schemas/*.avsc into schemas/ids.json, each as a next version; refused where one breaks a promise
    decode HEX [URL]         a framed message as JSON, or why it is none; the schema that it names is asked of the registry at URL
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence

from loyalty_streams.codec import LEDGER_ENTRY, NAMES, WireError
from loyalty_streams.codec.facts import to_message
from loyalty_streams.codec.promises import broken
from loyalty_streams.codec.registry import HttpRegistry, RegistryError
from loyalty_streams.codec.resolving import Resolver
from loyalty_streams.codec.schemas import FOLDER, IDS, SchemaSet, dump, load, messages, register, sources, standard
from loyalty_streams.codec.wire import unframe, unpack


def main(arguments: Sequence[str]) -> int:
    """Exit code: 0 done, 1 refused, 2 usage."""
    match list(arguments):
        case ["list"]:
            for e in standard().entries:
                print(f"{e.id:4}  {e.fingerprint}  {e.name} v{e.version}")
            return 0
        case ["register"]:
            return _register()
        case ["decode", digits]:
            return _decode(digits, None)
        case ["decode", digits, url]:
            return _decode(digits, url)
        case _:
            print(__doc__, file=sys.stderr)
            return 2


def _register() -> int:
    path = FOLDER / IDS
    before = load(path) if path.exists() else SchemaSet(())
    after = register(before, messages(sources()))
    if found := broken(after):
        print("\n".join(found), file=sys.stderr)
        return 1
    path.write_text(dump(after), "utf-8")
    for e in after.entries[len(before.entries) :]:
        print(f"registered {e.name} v{e.version} as {e.id}")
    return 0


def _decode(digits: str, url: str | None) -> int:
    try:
        message = bytes.fromhex(digits)
        known = standard() if url is None else asyncio.run(_known(message, url))
        name, record = unpack(message, known, NAMES | {LEDGER_ENTRY})
        if name in NAMES:
            to_message(name, record)
    except (WireError, RegistryError) as error:
        print(error if isinstance(error, WireError) else f"{error.code}: {error.place}: {error}", file=sys.stderr)
        return 1
    except ValueError:
        print("HEX: an even number of hexadecimal digits", file=sys.stderr)
        return 2
    print(json.dumps({"record": name, **record}, ensure_ascii=False, indent=2))
    return 0


async def _known(message: bytes, url: str) -> Resolver:
    """The schema that a message names, as the registry knows it."""
    async with HttpRegistry(url) as registry:
        known = Resolver(registry, await registry.ids(standard()))
        await known.learn([unframe(message)[0]])
        return known


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
