"""The programmes that a history is folded under, side by side: each with tables of its own, and names that have one number in all of them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from zoneinfo import ZoneInfo

from loyalty_streams.backtest.errors import BacktestError
from loyalty_streams.backtest.folding import Judge
from loyalty_streams.core.codes import NEVER
from loyalty_streams.core.programme import Compiled
from loyalty_streams.programme import Loaded, ProgrammeError, Registry, compile_versions, load_versions
from loyalty_streams.programme.load import in_force

SHARED = ("currency", "time_zone")
"""What a candidate must have as the programme in force has it: the facts are in that money and of those days."""


@dataclass(frozen=True, slots=True)
class Contender:
    """A programme to fold under. `loaded`: the version that is asked about; `compiled`: it, with the versions that are in force beside it.

    `since`: from when it judges, microseconds UTC, None from the first fact. `tried`: it is not what is in force, so that the adjustments
    made for it are left out (`grants`).
    """

    loaded: Loaded
    compiled: Compiled
    since: int | None
    tried: bool = False

    @property
    def name(self) -> str:
        return f"{self.loaded.programme.programme} version {self.loaded.programme.version}"

    @property
    def judge(self) -> Judge:
        """As much of it as folds."""
        return Judge(self.name, self.compiled, self.rules_hash, self.leaves_out)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.compiled.time_zone)

    @property
    def rules_hash(self) -> str:
        """A name for all rules that are folded under, and when each is in force."""
        digest = hashlib.sha256()
        for v in self.compiled.versions:
            digest.update(f"{v.content_hash} {v.effective_from}\n".encode())
        return digest.hexdigest()[:16]

    @property
    def leaves_out(self) -> str:
        """For which rules the adjustments that were made of a plan are left out: for its own where it is tried, else none."""
        return self.rules_hash if self.tried else ""

    def to_json(self) -> dict[str, str | int]:
        model = self.loaded.programme
        return {"programme": model.programme, "version": model.version, "file": self.loaded.file, "rules_hash": self.rules_hash}


class Field:
    """Makes contenders of programmes. `versions`: those in force, in order of their start; `compiled`: their tables, where a store has them.

    `registry` learns the names of each in turn, so that a number means one name in all.
    """

    def __init__(self, versions: Sequence[Loaded], registry: Registry, compiled: Compiled | None = None) -> None:
        self.versions, self._registry, self._compiled = in_force(tuple(versions)), registry, compiled

    def standing(self, as_of: int) -> Contender:
        """The programme in force, as it is."""
        compiled = self._compiled or compile_versions(self.versions, registry=self._registry)
        return Contender(_newest(self.versions, as_of), compiled, None)

    def candidate(self, path: Path, since: int | None = None, effective: bool = False) -> Contender:
        """A file (of a folder its newest version) in force from an instant to the end, whatever it says of that; before it what is in force.

        `effective`: from the instant that it says itself. Raises ProgrammeError.
        """
        return self.placed(load_programme(path)[-1], since, effective)

    def placed(self, loaded: Loaded, since: int | None = None, effective: bool = False) -> Contender:
        """The same of a programme that has been read."""
        self._check(loaded)
        start = loaded.programme.effective_from if effective else since
        before = [v for v in self.versions if start is not None and _start(v) < start]
        number = max([loaded.programme.version, *(v.programme.version + 1 for v in before)])
        model = loaded.programme.model_copy(
            update={"effective_from": start, "version": number, "programme": self.versions[0].programme.programme}
        )
        self._registry.numbers["metrics"] = {}  # a state is folded from the first fact, so that a programme has slots of its own
        compiled = compile_versions([*before, replace(loaded, programme=model)], registry=self._registry)
        return Contender(loaded, compiled, start, tried=True)

    def _check(self, loaded: Loaded) -> None:
        newest = self.versions[-1].programme
        for name in SHARED:
            ours, theirs = getattr(newest, name), getattr(loaded.programme, name)
            if ours != theirs:
                mark, said = loaded.document.value_place((name,)), f"programmes of one history have one {name.replace('_', ' ')}"
                expected = f"`{ours}`, as in {self.versions[-1].file}"
                raise ProgrammeError([loaded.document.diagnostic("E-VERSION", said, mark, f"`{theirs}`", expected)])


def load_programme(path: Path) -> tuple[Loaded, ...]:
    """The versions at a path. Raises BacktestError where there is none, ProgrammeError where one is not sound."""
    if not path.exists():
        raise BacktestError("NO_PROGRAMME", "there is no such file or folder", path)
    return load_versions(path)


def _start(loaded: Loaded) -> int:
    start = loaded.programme.effective_from
    return -NEVER if start is None else start


def _newest(versions: Sequence[Loaded], as_of: int) -> Loaded:
    """The version in force at an instant; the first where none is yet."""
    return next((v for v in reversed(versions) if _start(v) <= as_of), versions[0])
