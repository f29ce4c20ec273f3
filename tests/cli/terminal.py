"""A terminal for tests: commands run inside this process, in a folder of their own."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from loyalty_streams.cli.main import app
from tests.api.corner import history, programme


@dataclass(frozen=True, slots=True)
class Said:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Terminal:
    """`folder` is the working folder: `rules/v1.yaml` is the corner shop's programme, `loyalty-data` the store."""

    folder: Path

    def run(self, *words: str) -> Said:
        found = CliRunner().invoke(app, list(words), prog_name="loyalty")
        if found.exception is not None and not isinstance(found.exception, SystemExit):
            raise found.exception
        return Said(found.exit_code, found.stdout, found.stderr)

    def ok(self, *words: str) -> Said:
        said = self.run(*words)
        assert said.code == 0, said
        return said

    def json(self, *words: str) -> Any:
        return self.ok(*words, "--json").json

    def ingest(self, *more: str, name: str = "history", **tables: list[dict[str, Any]]) -> Said:
        return self.run("ingest", str(history(self.folder / name, **tables)), "--programme", str(programme(self.folder / "rules")), *more)
