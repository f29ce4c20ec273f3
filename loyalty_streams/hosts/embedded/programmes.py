"""The versions of a store: their texts and the registry of ids, both kept in the store, and the tables that the kernel reads.

The compiled tables are kept beside the texts, under a key made of all that they come from, so that a member can be read without the
compiler of the language.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from loyalty_streams.core.kernel.records import Programme
from loyalty_streams.core.programme import Compiled, ConditionText, FactPolicy, Names, Version
from loyalty_streams.hosts.embedded.rocks import COMPILED, PROGRAMMES, REGISTRY, Batch, Rocks, StoreError

if TYPE_CHECKING:
    from loyalty_streams.programme import Loaded

HASH_SIZE = 16


@dataclass(frozen=True, slots=True)
class Programmes:
    """What a store knows of its programme. `texts` are (file, text) of every version, in order of their start."""

    texts: tuple[tuple[str, str], ...]
    registry: str
    compiled: Compiled

    @property
    def metrics(self) -> int:
        """How many metrics the versions have."""
        return int(self.compiled.tables[-1].n.metrics)

    @classmethod
    def load(cls, path: Path) -> Programmes:
        """From a file, or a folder of versions. Raises ProgrammeError, and StoreError where there is nothing at the path."""
        from loyalty_streams.programme import load_versions

        if not path.exists():
            raise StoreError("NO_PROGRAMME", "there is no such file or folder", path)
        return cls.of_versions(load_versions(path))

    @classmethod
    def of_versions(cls, versions: Sequence[Loaded], registry: str = "") -> Programmes:
        from loyalty_streams.programme import Registry, compile_versions

        known = Registry.from_text(registry) if registry else Registry()
        compiled = compile_versions(list(versions), registry=known)
        texts = tuple((Path(v.file).name, v.text) for v in versions)
        return cls(texts, known.to_text(), _read(_written(compiled)))  # the same values as an opened store has

    @classmethod
    def of_store(cls, rocks: Rocks) -> Programmes:
        rows = [json.loads(value) for _, value in rocks.scan("rest", PROGRAMMES, PROGRAMMES[:-1] + b"0")]
        registry = (rocks.get("rest", REGISTRY) or b"").decode()
        texts = tuple((row["file"], row["text"]) for row in rows)
        kept = rocks.get("rest", COMPILED)
        if kept is not None and kept[:HASH_SIZE] == _origin(texts, registry):
            return cls(texts, registry, _read(kept[HASH_SIZE:]))
        from loyalty_streams.programme.load import load

        return cls.of_versions([load(text, file) for file, text in texts], registry)

    def put(self, batch: Batch) -> None:
        """All of it into one commit."""
        for n, (file, text) in enumerate(self.texts):
            batch.put("rest", PROGRAMMES + f"{n:06}".encode(), json.dumps({"file": file, "text": text}, ensure_ascii=False).encode())
        batch.put("rest", REGISTRY, self.registry.encode())
        batch.put("rest", COMPILED, _origin(self.texts, self.registry) + _written(self.compiled))

    def check_same(self, given: Programmes, folder: Path) -> None:
        """A programme named for a store that has one must be one of its versions, or all of them."""
        own = {v.content_hash for v in self.compiled.versions if v.content_hash}
        strange = [v for v in given.compiled.versions if v.content_hash and v.content_hash not in own]
        if strange:
            mine, theirs = self.compiled.versions[-1], strange[0]
            raise StoreError(
                "OTHER_PROGRAMME",
                f"the store runs {mine.programme} version {mine.version}, not this {theirs.programme} version {theirs.version}; "
                "`loyalty programme publish` adds a version",
                folder,
            )

    def with_version(self, version: Loaded, newest_fact: int) -> Programmes:
        """With one version more. Raises StoreError VERSION_TAKEN, TOO_EARLY, OTHER_PROGRAMME; ProgrammeError where it cannot stand beside them."""
        from loyalty_streams.programme.load import load

        model = version.programme
        for old in self.compiled.versions:
            if old.programme != model.programme:
                raise StoreError("OTHER_PROGRAMME", f"the store runs {old.programme}, not {model.programme}", version.file)
            if old.version == model.version and old.text:
                if old.text == version.text:
                    return self
                raise StoreError("VERSION_TAKEN", f"version {model.version} is published with another content", version.file)
        if model.effective_from is None or model.effective_from <= newest_fact:
            raise StoreError("TOO_EARLY", "effective_from is not after the newest fact; what is folded keeps its version", version.file)
        return Programmes.of_versions([*(load(text, file) for file, text in self.texts), version], self.registry)


@lru_cache(maxsize=1)
def _compiler() -> bytes:
    """The sources that turn texts into tables: another compiler makes other tables."""
    package = Path(__file__).parents[2]
    digest = hashlib.sha256()
    for path in sorted([*(package / "programme").glob("*.py"), package / "core" / "kernel" / "records.py", package / "core" / "programme.py"]):
        digest.update(path.read_bytes())
    return digest.digest()


def _origin(texts: Sequence[tuple[str, str]], registry: str) -> bytes:
    return hashlib.sha256(_compiler() + json.dumps([list(texts), registry]).encode()).digest()[:HASH_SIZE]


def _written(compiled: Compiled) -> bytes:
    words: dict[str, Any] = {
        "names": {kind: list(getattr(compiled.names, kind)) for kind in compiled.names.__slots__},
        "versions": [_version_words(v) for v in compiled.versions], "currency": compiled.currency,
        "minor_digits": compiled.minor_digits, "time_zone": compiled.time_zone, "literals": {str(k): v for k, v in compiled.literals.items()},
        "main_wallet": compiled.main_wallet,
    }  # fmt: skip
    text = json.dumps(words, ensure_ascii=False).encode()
    return zlib.compress(len(text).to_bytes(8, "big") + text + compiled.tables.tobytes(), 1)


def _version_words(version: Version) -> dict[str, Any]:
    words = {name: getattr(version, name) for name in version.__slots__}
    conditions = [asdict(ConditionText(*map(str, (c.field, c.op, c.expected, c.unit)))) for c in version.conditions]
    return {**words, "conditions": conditions, "facts": asdict(version.facts)}


def _read(data: bytes) -> Compiled:
    whole = zlib.decompress(data)
    size = int.from_bytes(whole[:8], "big")
    words = json.loads(whole[8 : 8 + size])
    tables = np.frombuffer(whole[8 + size :], Programme).copy().view(Programme)
    versions = tuple(
        Version(**{**v, "conditions": tuple(ConditionText(**c) for c in v["conditions"]), "facts": FactPolicy(**v["facts"])})
        for v in words["versions"]
    )
    names = Names(**{k: tuple(v) for k, v in words["names"].items()})
    literals = {int(k): v for k, v in words["literals"].items()}
    return Compiled(
        tables, names, versions, words["currency"], words["minor_digits"], words["time_zone"], literals, words["main_wallet"]
    )
