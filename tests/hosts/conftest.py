"""What the tests of the host may ask for."""

from __future__ import annotations

import pytest
from rocksdict import Cache, DBCompressionType, Options

from loyalty_streams.hosts.embedded import rocks


@pytest.fixture
def uncompressed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files in which a word can be found."""
    family = rocks._family

    def plain(name: str, cache: Cache) -> Options:
        options = family(name, cache)
        options.set_compression_type(DBCompressionType.none())
        return options

    monkeypatch.setattr(rocks, "_family", plain)
