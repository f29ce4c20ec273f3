"""What every command shares: its options, how it fails, and how it prints. Nothing heavy is imported here."""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, ParamSpec, TypeVar

import typer

from loyalty_streams.reports.columns import number as number  # noqa: PLC0414 - what commands print with is found here
from loyalty_streams.reports.columns import table as table  # noqa: PLC0414
from loyalty_streams.settings import SettingError, Settings, load_settings

if TYPE_CHECKING:
    from loyalty_streams.api import Loyalty
    from loyalty_streams.reports.words import Language

DONE, FAILED, USAGE, EXCEEDED = 0, 1, 2, 3
"""Exit codes: done; failed; asked in a wrong way; a threshold that was asked for is exceeded."""

def account_name(text: str) -> str:
    """A member as a store names it: of a plain `phone:` the account under its hash."""
    if text[:6].lower() != "phone:":
        return text
    from loyalty_streams.history.phones import Phones

    chosen = settings()
    found = Phones(chosen.phone_key or "", chosen.phone_region).account(text)
    if not found:
        missing = "phone_key is a setting that phones need: LOYALTY_PHONE_KEY"
        raise typer.BadParameter("it is no phone number" if chosen.phone_key else missing)
    return found


MEMBER = "The member: a member number, or card:4711, phone:13800138000 or any other identifier."
MemberName = Annotated[str, typer.Argument(metavar="ID", help=MEMBER, callback=account_name)]
Data = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help="The embedded store [default: ./loyalty-data].")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
AsOf = Annotated[
    str | None,
    typer.Option("--as-of", metavar="T", help="Facts before T, timers due at or before T [default: the newest tick]."),
]
KnownAt = Annotated[
    str | None,
    typer.Option("--known-at", metavar="U", help="Of these facts only those that had arrived before U [default: all]."),
]
At = Annotated[str | None, typer.Option("--at", metavar="T", help="When it happens [default: now].")]
Lang = Annotated[str | None, typer.Option("--lang", metavar="en|zh", help="Language of the text.")]

P = ParamSpec("P")
R = TypeVar("R")


class Failure(Exception):
    """A command cannot do what it was asked: one line on stderr, with a stable code and a place."""

    def __init__(self, code: str, message: str, place: str = "", exit_code: int = FAILED) -> None:
        super().__init__(message)
        self.code, self.place, self.exit_code = code, place, exit_code


def guarded(function: Callable[P, R]) -> Callable[P, R]:
    """A command that ends with a line and an exit code, never with a traceback (LOYALTY_DEBUG=true shows it)."""

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except (typer.Exit, typer.Abort, typer.BadParameter):
            raise
        except BrokenPipeError:
            # The reader of a pipe has gone. Python would complain again when it closes stdout.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(FAILED) from None
        except KeyboardInterrupt as error:
            fail("INTERRUPTED", str(error) or "stopped; what was applied stays applied", exit_code=130)
        except Exception as error:
            if os.environ.get("LOYALTY_DEBUG", "").lower() in ("1", "true"):
                raise
            _told(error)

    return run


def _told(error: Exception) -> NoReturn:
    """The line for an error, by what it carries: our own errors have a code, and some a place."""
    if isinstance(error, Failure):
        fail(error.code, str(error), error.place, error.exit_code)
    if isinstance(error, SettingError):
        fail(error.code, str(error), error.place, USAGE)
    diagnostics = getattr(error, "diagnostics", None)
    if diagnostics is not None:
        for diagnostic in diagnostics:
            note(diagnostic.render())
        raise typer.Exit(FAILED) from None
    code = getattr(error, "code", None)
    if isinstance(code, str):
        fail(code, str(error), str(getattr(error, "place", "")), USAGE if getattr(error, "usage", False) else FAILED)
    if isinstance(error, OSError):
        fail("FILE", error.strerror or str(error), str(error.filename or ""))
    fail("INTERNAL", f"{type(error).__name__}: {error}", "set LOYALTY_DEBUG=true to see where")


def fail(code: str, message: str, place: str = "", exit_code: int = FAILED) -> NoReturn:
    """Ends the command with one line on stderr."""
    line = " ".join(message.split())
    typer.echo(f"error {code}: {place}: {line}" if place else f"error {code}: {line}", err=True)
    raise typer.Exit(exit_code) from None


def note(text: str) -> None:
    """A message for people: stderr."""
    typer.echo(text, err=True)


def out(text: str = "") -> None:
    """Data: stdout."""
    typer.echo(text)


def out_json(value: Any) -> None:
    """One JSON document, keys in the order of the contract, text unescaped."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


def settings() -> Settings:
    return load_settings()


def folder(data: Path | None) -> Path:
    """The store that a command speaks to."""
    return data or settings().data


def open_shop(
    data: Path | None, *, programme: Path | None = None, create: bool = False, read_only: bool = False
) -> Loyalty:
    """The store of a command, opened; the caller closes it (`with`)."""
    from loyalty_streams.api import Loyalty

    return Loyalty.open(folder(data), programme=programme, create=create, read_only=read_only)


def language(lang: str | None) -> Language:
    chosen = lang or settings().lang
    if chosen == "en":
        return "en"
    if chosen == "zh":
        return "zh"
    raise typer.BadParameter(f"`{chosen}` is not a language here: en or zh", param_hint="--lang")


def percent(rate: float | None) -> str:
    return "-" if rate is None else f"{100 * rate:.1f} %"
