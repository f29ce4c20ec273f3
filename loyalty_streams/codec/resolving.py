"""What messages name, asked of a registry once: known schemas by id or GUID, and whether an unknown one may be read at all.

    known = Resolver(registry, await registry.ids(standard()))
    await known.learn({unframe(message, headers)[0] for …})     # REGISTRY_DOWN: wait and ask again, nothing is lost
    open_fact(message, known, headers=headers)                  # SCHEMA_UNKNOWN: the registry said no, or the schema is not safe
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Collection, Mapping
from typing import Any

from loyalty_streams.codec.promises import faults, reads
from loyalty_streams.codec.registry import Registry
from loyalty_streams.codec.schemas import Reference, Registered, SchemaSet, canonical, full_name, without

TRIES = 3
"""How often a registry must say no: one of several servers may not have heard of a new schema yet."""
PAUSE = 0.2
"""Seconds before the second try; twice as many before each further one."""
REMEMBERED = 60.0
"""Seconds for which a no stands."""
MOST = 10_000
"""References that are kept, of either answer; the oldest go."""
FOREIGN = 0
"""The version of a schema that is none of ours, and that ours reads."""


class Resolver:
    """Schemas that messages name. `schemas` is our own set under the registry's ids; its newest versions are what is read and written."""

    def __init__(self, registry: Registry, schemas: SchemaSet) -> None:
        self._registry, self._schemas = registry, schemas
        self._found: OrderedDict[Reference, Registered] = OrderedDict()
        self._refused: OrderedDict[Reference, float] = OrderedDict()
        self._one = asyncio.Lock()

    @property
    def latest(self) -> Mapping[str, Registered]:
        return self._schemas.latest

    def find(self, reference: Reference) -> Registered | None:
        """The schema of a message; none where it was not learnt, or refused."""
        return self._schemas.find(reference) or self._found.get(reference)

    async def learn(self, references: Collection[Reference]) -> None:
        """Asks for what is not known yet. Raises RegistryError; what was learnt until then stays, and may be asked for again."""
        async with self._one:
            now = asyncio.get_running_loop().time()
            for reference in sorted(set(references), key=str):
                if self.find(reference) is None and self._refused.get(reference, 0.0) < now:
                    await self._learn(reference)

    async def _learn(self, reference: Reference) -> None:
        answer = await self._asked(reference)
        schema = None if answer is None else admitted(reference, answer, self._schemas)
        if schema is not None:
            _keep(self._found, reference, schema)
        else:
            _keep(self._refused, reference, asyncio.get_running_loop().time() + REMEMBERED)

    async def _asked(self, reference: Reference) -> Mapping[str, Any] | None:
        for again in range(TRIES):
            if again:
                await asyncio.sleep(PAUSE * 2 ** (again - 1))
            answer = await self._registry.schema(reference)
            if answer is not None:
                return answer
        return None


def _keep(kept: OrderedDict[Reference, Any], reference: Reference, value: Any) -> None:
    kept.pop(reference, None)
    kept[reference] = value
    while len(kept) > MOST:
        kept.popitem(last=False)


def admitted(reference: Reference, schema: Mapping[str, Any], ours: SchemaSet) -> Registered | None:
    """A schema of a registry as one of ours, or as one that ours reads safely; none for any other.

    One with the bytes of a version of ours is that version. Another is taken where it is of the same name, has nothing that leads a decoder
    astray, and our newest version reads it.
    """
    known = reference if isinstance(reference, int) else FOREIGN
    try:
        name, form = full_name(schema), canonical(schema)
        for version in ours.versions(name):
            if canonical(version.schema) == form:
                return version
        latest = ours.latest.get(name)
        bare = without(without(schema, "doc"), "aliases")
        if latest is None or faults(bare) or reads(latest.schema, bare):
            return None
        found = Registered(known, name, FOREIGN, bare)
        return found if found.parsed else None
    except Exception:  # whatever makes it unfit, it is one thing: a schema that is not read
        return None
