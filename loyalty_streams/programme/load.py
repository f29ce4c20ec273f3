"""A programme file, or a folder of versions, to models. All problems of a file are told at once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from loyalty_streams.programme.checks import check
from loyalty_streams.programme.currencies import MINOR_DIGITS
from loyalty_streams.programme.diagnostics import Diagnostic, ProgrammeError
from loyalty_streams.programme.models import Programme
from loyalty_streams.programme.nodes import Document, Mapping, Text, parse
from loyalty_streams.programme.nodes import Path as NodePath
from loyalty_streams.programme.reading import Fault, Reading
from loyalty_streams.programme.values import parse_currency, parse_zone

FALLBACK_ZONE, FALLBACK_CURRENCY = "UTC", "USD"


@dataclass(frozen=True, slots=True)
class Loaded:
    """A programme that may be compiled: its model, the warnings about it, and the document that it was read from."""

    programme: Programme
    warnings: tuple[Diagnostic, ...]
    document: Document

    @property
    def text(self) -> str:
        return self.document.text

    @property
    def file(self) -> str:
        return self.document.file


def load(source: Path | str, file: str = "") -> Loaded:
    """One version, from a file (`Path`) or from its text (`str`; `file` names it in messages).

    Raises ProgrammeError with every problem found; OSError where the file cannot be read.
    """
    if isinstance(source, Path):
        return load_document(parse(source.read_bytes(), file or str(source)))
    return load_document(parse(source, file or "<text>"))


def load_document(document: Document) -> Loaded:
    reading = _reading(document)
    try:
        programme = Programme.model_validate(document.root, context=reading)
    except ValidationError as error:
        others = [e for e in error.errors(include_url=False) if not _inside_not_built(reading, e["loc"])]
        raise ProgrammeError([*_errors(reading), *(_diagnostic(document, e) for e in others)]) from None
    if not _errors(reading):
        check(programme, reading)
    if errors := _errors(reading):
        raise ProgrammeError(errors)
    warnings = sorted((p for p in reading.problems if p.is_warning), key=lambda d: (d.line, d.column, d.code))
    return Loaded(programme, tuple(warnings), document)


def load_folder(folder: Path) -> tuple[Loaded, ...]:
    """The versions of one programme in a folder, `v1.yaml`, `v2.yaml`, …, in order of their start.

    Raises ProgrammeError where two have the same number or the same start, or where they are of several programmes. A version is in
    force until the next one starts, so versions cannot overlap otherwise.
    """
    files = sorted((p for p in folder.glob("v*.yaml") if re.fullmatch(r"v[0-9]+\.yaml", p.name)), key=lambda p: int(p.stem[1:]))
    if not files:
        raise ProgrammeError([Diagnostic("E-NO-PROGRAMME", "the folder holds no version", str(folder), expected="`v1.yaml`, `v2.yaml`, …")])
    versions: list[Loaded] = []
    problems: list[Diagnostic] = []
    for path in files:
        try:
            versions.append(load(path))
        except ProgrammeError as error:
            problems += error.diagnostics
    problems += [p for loaded in versions if (p := _other_number(loaded)) is not None]
    if problems:
        raise ProgrammeError(problems)
    return in_force(versions)


def load_versions(path: Path) -> tuple[Loaded, ...]:
    """A file is its one version, a folder all of its versions."""
    return load_folder(path) if path.is_dir() else (load(path),)


def in_force(versions: list[Loaded] | tuple[Loaded, ...]) -> tuple[Loaded, ...]:
    """Versions in order of their start, after checking that they can stand beside each other."""
    ordered = sorted(versions, key=lambda v: (_start(v), v.programme.version))
    problems = []
    for before, after in pairwise(ordered):
        if problem := _clash(before, after):
            problems.append(problem)
    if problems:
        raise ProgrammeError(problems)
    return tuple(ordered)


def _start(loaded: Loaded) -> int:
    return -1 if loaded.programme.effective_from is None else loaded.programme.effective_from


def _other_number(loaded: Loaded) -> Diagnostic | None:
    stem = Path(loaded.file).stem
    if stem == f"v{loaded.programme.version}":
        return None
    mark, found = loaded.document.value_place(("version",)), f"`{loaded.programme.version}`"
    return loaded.document.diagnostic("E-VERSION", f"the file is named {stem}", mark, found, f"`{stem[1:]}`")


def _clash(before: Loaded, after: Loaded) -> Diagnostic | None:
    """Why two versions that follow each other cannot: other programme, currency or zone, equal or falling numbers, equal starts."""
    one, two = before.programme, after.programme

    def refuse(field: str, message: str, expected: str) -> Diagnostic:
        document = after.document
        found = document.find((field,))
        mark = document.value_place((field if found is not None else "version",))
        return document.diagnostic("E-VERSION", message, mark, f"`{found}`" if found is not None else "nothing", expected)

    for field in ("programme", "currency", "time_zone"):
        if getattr(one, field) != getattr(two, field):
            hint = f"`{getattr(one, field)}`, as in version {one.version}"
            return refuse(field, f"versions of one programme have one {field.replace('_', ' ')}", hint)
    if one.version == two.version:
        return refuse("version", f"version {two.version} stands twice, also in {before.file}", "another number")
    if _start(before) == _start(after):
        return refuse("effective_from", f"versions {one.version} and {two.version} start at the same instant", "a later start")
    if one.version > two.version:
        return refuse("version", f"version {two.version} starts after version {one.version}", "numbers that rise with the start")
    return None


def _reading(document: Document) -> Reading:
    """Zone and currency are read first: other values depend on them. Where they are wrong, they are reported in their turn."""
    zone, digits = ZoneInfo(FALLBACK_ZONE), MINOR_DIGITS[FALLBACK_CURRENCY]
    given = document.root
    try:
        zone = parse_zone(str(given.get("time_zone", FALLBACK_ZONE)))
        digits = MINOR_DIGITS[parse_currency(str(given.get("currency", FALLBACK_CURRENCY)))]
    except Fault:
        pass
    return Reading(document, zone, digits)


def _inside_not_built(reading: Reading, path: NodePath) -> bool:
    """Whether a place lies in a section that is refused NOT_YET as a whole."""
    above = (reading.document.find(path[:k]) for k in range(1, len(path) + 1))
    return any(node is not None and node.mark in reading.not_built for node in above)


def _errors(reading: Reading) -> list[Diagnostic]:
    return [p for p in reading.problems if not p.is_warning]


def _diagnostic(document: Document, error: Any) -> Diagnostic:
    """An error of pydantic at its place: ours carry all words, its own few kinds are put into ours."""
    path = tuple(error["loc"])
    if error["type"] == "fault":
        words = dict(error["ctx"])
        mark = words.pop("mark", None) or document.value_place(path)
        return document.diagnostic(words["code"], words["message"], mark, words["found"], words["expected"], words["hint"])
    if error["type"] == "missing":
        return document.diagnostic("E-MISSING", f"`{path[-1]}` is missing", document.place(path[:-1]), expected=f"`{path[-1]}: …`")
    mark, found = document.value_place(path), _kind(document.find(path))
    expected = {"dict_type": "a mapping", "tuple_type": "a list", "list_type": "a list"}.get(error["type"])
    if expected:
        return document.diagnostic("E-TYPE", f"{expected} is needed here", mark, found, expected)
    if error["type"] == "too_long":
        most = error["ctx"]["max_length"]
        return document.diagnostic("E-TOO-MANY", "too many values", mark, f"{error['ctx']['actual_length']}", f"at most {most}")
    return document.diagnostic("E-TYPE", str(error["msg"]), mark, found)


def _kind(node: Any) -> str:
    if isinstance(node, Text):
        return f"`{node}`" if node else "nothing"
    return "a mapping" if isinstance(node, Mapping) else "a list"
