"""The programme language: from YAML to models, and from models to the tables that the kernel reads.

Names are fetched when they are asked for: a member is read, and an entry explained, without the models of the language.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from loyalty_streams.programme.compile import compile_versions
    from loyalty_streams.programme.diagnostics import ProgrammeError
    from loyalty_streams.programme.load import Loaded, load_versions
    from loyalty_streams.programme.registry import Registry

__all__ = ["Loaded", "ProgrammeError", "Registry", "compile_versions", "load_versions"]
_HOMES = {"compile_versions": "compile", "ProgrammeError": "diagnostics", "Loaded": "load", "load_versions": "load", "Registry": "registry"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
