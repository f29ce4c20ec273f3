"""Registries of schemas: the committed file, which needs no server, and one that speaks the protocol of Confluent's.

A registry gives what a message names (`schema`), and the ids of our own versions (`ids`), each record under a subject of its own name, because a
topic carries several records. It says no by giving nothing; where it cannot say, RegistryError REGISTRY_DOWN is raised, and nobody guesses.
"""

from __future__ import annotations

import json
import ssl
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

from loyalty_streams.codec.promises import BOTH_WAYS
from loyalty_streams.codec.schemas import Reference, Registered, SchemaSet, standard

if TYPE_CHECKING:
    import aiohttp

TYPE = "application/vnd.schemaregistry.v1+json"
PATIENCE = 5
"""Seconds that one question may take."""
LARGEST_ANSWER = 1 << 20
HIGHEST_ID = (1 << 31) - 1
NO_SUBJECT, NO_VERSION, NO_SCHEMA = 40401, 40402, 40403
"""Error codes by which a registry itself says that it does not have something; any other 404 may be a proxy's."""

CODES: dict[str, str] = {
    "REGISTRY_DOWN": "the schema registry does not answer, or not as one does: nothing is known, nothing is refused for it",
    "REGISTRY_FORBIDDEN": "the schema registry wants another user or password",
    "SCHEMA_INCOMPATIBLE": "the registry has versions of a record that ours does not go with",
    "SCHEMA_INVALID": "the registry takes a schema of ours for none",
    "SCHEMA_MISSING": "the registry lacks a version of ours: `loyalty topics apply --registry` registers it",
    "BAD_REGISTRY": "what was named is no address of a registry, or its CA is no PEM file",
}
"""Why a registry could not be asked: the closed list, one line each."""


class RegistryError(Exception):
    """A registry that did not answer, or not as asked. `code` is one of `CODES`; `place` a subject or the registry's address."""

    def __init__(self, code: str, message: str, place: str, usage: bool = False) -> None:
        super().__init__(message)
        self.code, self.place, self.usage = code, place, usage


class Registry(Protocol):
    """Where schemas are known."""

    async def schema(self, reference: Reference) -> Mapping[str, Any] | None:
        """The Avro schema of an id or GUID; none where the registry says that it has none. Raises RegistryError."""

    async def missing(self, schemas: SchemaSet) -> tuple[Registered, ...]:
        """Those of our versions that it does not have. Raises RegistryError."""

    async def ids(self, schemas: SchemaSet) -> SchemaSet:
        """Our versions under the ids that the registry knows them by. Raises RegistryError, SCHEMA_MISSING where it lacks one."""


@dataclass(frozen=True, slots=True)
class FileRegistry:
    """The committed schema set. It has no GUIDs, and lacks nothing of itself."""

    schemas: SchemaSet = field(default_factory=standard)

    async def schema(self, reference: Reference) -> Mapping[str, Any] | None:
        found = self.schemas.find(reference)
        return found.schema if found else None

    async def missing(self, schemas: SchemaSet) -> tuple[Registered, ...]:
        known = {(e.name, e.version) for e in self.schemas.entries}
        return tuple(e for e in schemas.entries if (e.name, e.version) not in known)

    async def ids(self, schemas: SchemaSet) -> SchemaSet:
        for entry in await self.missing(schemas):
            raise _lacking(entry)
        return self.schemas


class HttpRegistry:
    """A registry at an address, asked within `async with`. Redirects are not followed, answers are bounded.

    Raises RegistryError BAD_REGISTRY for an address that is none.
    """

    def __init__(self, url: str, user: str | None = None, password: str | None = None, ca: Path | None = None) -> None:
        if not url.startswith(("http://", "https://")) or "@" in url or any(c.isspace() for c in url):
            shown = url.rpartition("@")[2]
            raise RegistryError("BAD_REGISTRY", "http:// or https:// and HOST:PORT are needed, the user as a setting", shown, usage=True)
        self.url, self._user, self._password = url.rstrip("/"), user, password
        try:
            self._tls = ssl.create_default_context(cafile=ca) if ca else True
        except (OSError, ssl.SSLError) as error:
            raise RegistryError("BAD_REGISTRY", f"its CA cannot be read as PEM: {error}", str(ca), usage=True) from None
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> HttpRegistry:
        import aiohttp

        headers = {"Accept": TYPE}
        if self._user:
            headers["Authorization"] = "Basic " + b64encode(f"{self._user}:{self._password or ''}".encode()).decode("ascii")
        self._session = aiohttp.ClientSession(
            headers=headers, timeout=aiohttp.ClientTimeout(total=PATIENCE),
            cookie_jar=aiohttp.DummyCookieJar(), connector=aiohttp.TCPConnector(ssl=self._tls),
        )  # fmt: skip
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._session is not None:
            await self._session.close()

    async def schema(self, reference: Reference) -> Mapping[str, Any] | None:
        where = f"/schemas/ids/{reference}" if isinstance(reference, int) else f"/schemas/guids/{reference}"
        status, answer = await self._ask("GET", where)
        if status == 404:
            return None
        if answer.get("schemaType", "AVRO") != "AVRO" or answer.get("references"):
            return None
        if not isinstance(answer.get("schema"), str):
            raise self._down("an answer without a schema")
        try:
            found = json.loads(answer["schema"])
        except (ValueError, RecursionError):
            return None
        return found if isinstance(found, dict) else None

    async def missing(self, schemas: SchemaSet) -> tuple[Registered, ...]:
        return tuple([entry for entry in _in_order(schemas) if await self._id_of(entry) is None])

    async def ids(self, schemas: SchemaSet) -> SchemaSet:
        known = []
        for entry in _in_order(schemas):
            found = await self._id_of(entry)
            if found is None:
                raise _lacking(entry)
            known.append(replace(entry, id=found))
        return SchemaSet(tuple(known))

    async def publish(self, schemas: SchemaSet) -> None:
        """Registers the versions that it lacks, each record's oldest first, and what must hold between them. Raises RegistryError."""
        for name in sorted(schemas.latest):
            await self._ask("PUT", f"/config/{quote(name, safe='')}", {"compatibility": compatibility(name)}, name)
        for entry in _in_order(schemas):
            if await self._id_of(entry) is None:
                await self._ask("POST", f"/subjects/{quote(entry.name, safe='')}/versions", _body(entry), entry.name)

    async def _id_of(self, entry: Registered) -> int | None:
        status, answer = await self._ask("POST", f"/subjects/{quote(entry.name, safe='')}", _body(entry), entry.name)
        if status == 404:
            return None
        found = answer.get("id")
        if not isinstance(found, int) or not 0 <= found <= HIGHEST_ID:
            raise self._down("an answer without an id")
        return found

    async def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None, place: str = "") -> tuple[int, dict[str, Any]]:
        """(200, answer), or (404, answer) where the registry itself says no. Raises RegistryError for all else."""
        import aiohttp

        assert self._session is not None, "within `async with`"
        sent = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        try:
            asked = self._session.request(method, self.url + path, data=sent, headers={"Content-Type": TYPE}, allow_redirects=False)
            async with asked as response:
                read = bytearray()
                async for part in response.content.iter_any():
                    read += part
                    if len(read) > LARGEST_ANSWER:
                        raise self._down("an answer of more than 1 MiB")
                return self._judged(response.status, bytes(read), place)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise self._down(f"{type(error).__name__}") from None

    def _judged(self, status: int, read: bytes, place: str) -> tuple[int, dict[str, Any]]:
        try:
            answer = json.loads(read)
        except (ValueError, RecursionError):
            answer = None
        told = answer if isinstance(answer, dict) else {}
        why = str(told.get("message", ""))[:300]
        match status:
            case 200 if told:
                return status, told
            case 404 if told.get("error_code") in (NO_SUBJECT, NO_VERSION, NO_SCHEMA):
                return status, told
            case 401 | 403:
                raise RegistryError("REGISTRY_FORBIDDEN", f"it wants another user or password: status {status}", self.url)
            case 409:
                raise RegistryError("SCHEMA_INCOMPATIBLE", why or "it has versions that ours does not go with", place or self.url)
            case 422:
                raise RegistryError("SCHEMA_INVALID", why or "it takes the schema for none", place or self.url)
        raise self._down(f"status {status}")

    def _down(self, why: str) -> RegistryError:
        return RegistryError("REGISTRY_DOWN", f"it does not answer as a registry does: {why}", self.url)


def compatibility(name: str) -> str:
    """What a registry must hold of a record's versions: the promise of `promises`."""
    return "FULL_TRANSITIVE" if name.startswith(BOTH_WAYS) else "BACKWARD_TRANSITIVE"


def _lacking(entry: Registered) -> RegistryError:
    return RegistryError("SCHEMA_MISSING", f"it lacks version {entry.version}", entry.name)


def _in_order(schemas: SchemaSet) -> list[Registered]:
    """The oldest version of each record first."""
    return [entry for name in sorted(schemas.latest) for entry in schemas.versions(name)]


def _body(entry: Registered) -> dict[str, str]:
    return {"schema": json.dumps(entry.schema, ensure_ascii=False)}
