"""Settings: the command line goes before `LOYALTY_*`, that before `loyalty.toml`, that before the default."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE = "loyalty.toml"
PREFIX = "LOYALTY_"
SECRET = re.compile(r"(key|secret|password|token|credential)", re.I)
USER_IN_URL = re.compile(r"(?<=://)[^/@\s]+@")


class SettingError(ValueError):
    """A setting that cannot be used. `code` is stable; `place` names the variable, or the file and key."""

    def __init__(self, code: str, place: str, message: str) -> None:
        super().__init__(message)
        self.code, self.place = code, place


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting, read once at the door. A value given on the command line goes before all of these."""

    data: Path
    programme: Path | None
    lang: str
    assume_zone: str | None
    arrival: str
    max_dead_letters: int | None
    phone_region: str
    phone_key: str | None
    kafka: str | None
    kafka_prefix: str
    kafka_partitions: int
    kafka_replication: int | None
    kafka_tls: bool
    kafka_ca: Path | None
    kafka_certificate: Path | None
    kafka_certificate_key: Path | None
    kafka_user: str | None
    kafka_password: str | None
    kafka_mechanism: str
    registry: str | None
    registry_user: str | None
    registry_password: str | None
    registry_ca: Path | None
    debug: bool


@dataclass(frozen=True, slots=True)
class Origin:
    """One setting as `config show` prints it. `known` is false for a name that no part of the engine reads."""

    name: str
    value: str
    source: str
    known: bool = True


def _path(text: str) -> Path:
    if not text:
        raise ValueError("a path is needed")
    return Path(text)


def _choice(*known: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in known:
            raise ValueError(f"one of {', '.join(known)} is needed")
        return text

    return read


def _count(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text, re.ASCII):
        raise ValueError("a whole number is needed")
    return int(text)


def _truth(text: str) -> bool:
    if text not in ("true", "false", "1", "0"):
        raise ValueError("true or false is needed")
    return text in ("true", "1")


def _region(text: str) -> str:
    if not re.fullmatch(r"[A-Z]{2}", text, re.ASCII):
        raise ValueError("a country of two capital letters is needed, such as CN")
    return text


@dataclass(frozen=True, slots=True)
class _Field:
    read: Callable[[str], Any]
    default: str | None
    what: str


FIELDS: dict[str, _Field] = {
    "data": _Field(_path, "loyalty-data", "the folder of the embedded store"),
    "programme": _Field(_path, None, "a programme file, or a folder of versions, for a new store"),
    "lang": _Field(_choice("en", "zh"), "en", "language of statements and explanations: en or zh"),
    "assume_zone": _Field(str, None, "the time zone of times without an offset in a history"),
    "arrival": _Field(_choice("auto", "occurred", "column", "now"), "auto", "when facts arrive for `ingest`; auto: their arrived_at where given"),
    "max_dead_letters": _Field(_count, None, "more dead letters than this make `ingest` end with exit code 3"),
    "phone_region": _Field(_region, "CN", "the country of phones without a country's code, two capital letters"),
    "phone_key": _Field(str, None, "the secret that phones are hashed under; without it rows under a plain phone are set aside"),
    "kafka": _Field(str, None, "the cluster, HOST:PORT of one or more servers, separated by commas"),
    "kafka_prefix": _Field(str, "loyalty", "what the names of all topics, groups and transactions begin with, such as prod.loyalty"),
    "kafka_partitions": _Field(_count, "12", "partitions of each topic that is keyed by members; fixed once there are facts"),
    "kafka_replication": _Field(_count, None, "copies of each record; without it three, or as many as there are brokers"),
    "kafka_tls": _Field(_truth, "false", "speak to the cluster over TLS; a CA or a certificate turns it on too"),
    "kafka_ca": _Field(_path, None, "a PEM file of who signed the brokers; without it whom the machine trusts"),
    "kafka_certificate": _Field(_path, None, "a PEM file of who we are, for mutual TLS"),
    "kafka_certificate_key": _Field(_path, None, "a PEM file of the certificate's key"),
    "kafka_user": _Field(str, None, "who we are to SASL; turns it on"),
    "kafka_password": _Field(str, None, "the password of kafka_user"),
    "kafka_mechanism": _Field(_choice("SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"), "SCRAM-SHA-512", "how SASL proves it; PLAIN over TLS alone"),
    "registry": _Field(str, None, "the schema registry, http:// or https:// and HOST:PORT; without it the schemas of this release"),
    "registry_user": _Field(str, None, "who we are to the registry"),
    "registry_password": _Field(str, None, "the password of registry_user"),
    "registry_ca": _Field(_path, None, "a PEM file of who signed the registry; without it whom the machine trusts"),
    "debug": _Field(_truth, "false", "show where in the code an unforeseen error came from"),
}


def load_settings(environment: Mapping[str, str] | None = None, folder: Path | None = None) -> Settings:
    """The settings in force. Raises SettingError for a value that cannot be used and for an unknown key of the file."""
    return Settings(**{name: _parsed(name, *found) for name, found in _found(environment, folder).items()})


def show(environment: Mapping[str, str] | None = None, folder: Path | None = None) -> tuple[Origin, ...]:
    """Each setting, its value with secrets masked, and its source; `LOYALTY_*` names that nothing reads at the end."""
    environment = os.environ if environment is None else environment
    known = [Origin(n, masked(n, text), source) for n, (text, source) in _found(environment, folder).items()]
    strange = sorted(k for k in environment if k.startswith(PREFIX) and k[len(PREFIX) :].lower() not in FIELDS)
    return (*known, *(Origin(k[len(PREFIX) :].lower(), masked(k, environment[k]), k, known=False) for k in strange))


def masked(name: str, text: str | None) -> str:
    """A value fit to be printed: secrets become `****`, and so does the user part of an address."""
    if text is None:
        return ""
    if SECRET.search(name):
        return "****" if text else ""
    return USER_IN_URL.sub("****@", text)


def _found(environment: Mapping[str, str] | None, folder: Path | None) -> dict[str, tuple[str | None, str]]:
    """The text of each setting and its source: a variable, a line of the file, or `default`."""
    environment = os.environ if environment is None else environment
    path = (folder or Path()) / FILE
    written = _file(path)
    out: dict[str, tuple[str | None, str]] = {}
    for name, field in FIELDS.items():
        variable = PREFIX + name.upper()
        if variable in environment:
            out[name] = (environment[variable], variable)
        elif name in written:
            out[name] = (written[name], f"{path}: {name}")
        else:
            out[name] = (field.default, "default")
    return out


def _file(path: Path) -> dict[str, str]:
    try:
        given = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingError("BAD_SETTINGS_FILE", str(path), str(error)) from None
    out = {}
    for name, value in given.items():
        if name not in FIELDS:
            raise SettingError("UNKNOWN_SETTING", f"{path}: {name}", f"known are {', '.join(FIELDS)}")
        if not isinstance(value, str | int):
            raise SettingError("BAD_SETTING", f"{path}: {name}", "a text, a whole number, true or false is needed")
        out[name] = str(value).lower() if isinstance(value, bool) else str(value)
    return out


def _parsed(name: str, text: str | None, source: str) -> Any:
    if text is None:
        return None
    try:
        return FIELDS[name].read(text)
    except ValueError as error:
        raise SettingError("BAD_SETTING", source, f"`{masked(name, text)}`: {error}") from None
