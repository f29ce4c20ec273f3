"""What a backtest stands on: facts, the programmes in force over them, and the texts behind their codes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias
from zoneinfo import ZoneInfo

from loyalty_streams.backtest.contenders import Field
from loyalty_streams.backtest.source import Source, StoreSource
from loyalty_streams.hosts.embedded.programmes import Programmes
from loyalty_streams.hosts.embedded.store import Store
from loyalty_streams.programme import Registry
from loyalty_streams.programme.load import load
from loyalty_streams.reports.texts import Texts


@dataclass(frozen=True, slots=True)
class Ground:
    """A history and what is in force over it: a store that stays open as long as this is used, or packed facts."""

    source: Source
    texts: Mapping[int, str]
    programmes: Programmes

    @classmethod
    def of(cls, given: Given, lasting: bool = True) -> Ground:
        """`lasting`: a store is there the next time too."""
        return given if isinstance(given, Ground) else cls(StoreSource(given, lasting=lasting), Texts(given), given.programmes)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.programmes.compiled.time_zone)

    def field(self) -> Field:
        """The programmes in force, for candidates to stand beside."""
        versions = [load(text, file) for file, text in self.programmes.texts]
        return Field(versions, Registry.from_text(self.programmes.registry), self.programmes.compiled)


Given: TypeAlias = Store | Ground
"""What backtests are given: an open store, or what was made ready of one or of packed facts."""
