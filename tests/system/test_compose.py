"""`docker-compose.yml`: what `docker compose config` would refuse, and what must agree with the rest of the project."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from tests.kafka.broker import COMMON, ROOT
from tests.kafka.test_broker import kafka_version

FILE = ROOT / "docker-compose.yml"
TEXTS = {"type": "array", "items": {"type": "string"}}
WORDS = {"type": "object", "additionalProperties": {"type": "string"}}
SERVICE = {
    "type": "object",
    "required": ["image"],
    "additionalProperties": False,
    "properties": {
        "image": {"type": "string", "pattern": r"^[a-z/-]+:\d[\w.-]*$"},
        "working_dir": {"type": "string", "pattern": "^/"},
        "volumes": TEXTS,
        "environment": WORDS,
        "entrypoint": TEXTS,
        "command": TEXTS,
        "profiles": TEXTS,
        # Nothing here asks for a password of its own, so no door is open to other machines.
        "ports": {"type": "array", "items": {"type": "string", "pattern": r"^127\.0\.0\.1:\d+:\d+$"}},
        "depends_on": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "required": ["condition"],
                "properties": {"condition": {"enum": ["service_started", "service_healthy", "service_completed_successfully"]}},
            },
        },
        "healthcheck": {
            "type": "object",
            "required": ["test"],
            "additionalProperties": False,
            "properties": {
                "test": {"type": "array", "prefixItems": [{"enum": ["CMD", "CMD-SHELL"]}], "items": {"type": "string"}},
                "interval": {"type": "string", "pattern": r"^\d+s$"},
                "timeout": {"type": "string", "pattern": r"^\d+s$"},
                "retries": {"type": "integer"},
            },
        },
    },
}
COMPOSE = {
    "type": "object",
    "required": ["services"],
    "additionalProperties": False,
    "properties": {
        "services": {"type": "object", "additionalProperties": SERVICE},
        "volumes": {"type": "object", "additionalProperties": {"type": "null"}},
    },
    "patternProperties": {"^x-": {}},
}


def compose() -> dict[str, Any]:
    read: dict[str, Any] = YAML(typ="safe", pure=True).load(FILE.read_text("utf-8"))
    return read


SERVICES = compose()["services"]


def test_the_file_is_of_the_form_that_compose_reads() -> None:
    faults = [f"{error.json_path}: {error.message}" for error in Draft202012Validator(COMPOSE).iter_errors(compose())]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(
    "broken",
    [{"services": {"a": {"image": "postgres:latest"}}}, {"services": {"a": {"image": "postgres:17", "port": []}}}, {"services": {"a": {}}},
     {"services": {"a": {"image": "postgres:17", "ports": ["5432:5432"]}}}, {"services": {"a": {"image": "p:1", "environment": {"A": 1}}}}, {}],
)  # fmt: skip
def test_a_file_of_another_form_is_seen(broken: dict[str, Any]) -> None:
    assert not Draft202012Validator(COMPOSE).is_valid(broken)


@pytest.mark.skipif(shutil.which("docker") is None, reason="no docker")
def test_compose_itself_reads_the_file() -> None:
    if subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode != 0:
        pytest.skip("no docker compose")
    asked = ["docker", "compose", "-f", str(FILE), "config", "--quiet"]
    assert subprocess.run(asked, capture_output=True, text=True, check=False).stderr == ""


def test_up_starts_kafka_a_registry_and_postgresql() -> None:
    started = {name for name, service in SERVICES.items() if "profiles" not in service}
    assert {"kafka", "registry", "postgres"} <= started and "loyalty" not in started


def test_each_volume_and_each_service_that_another_waits_for_is_there() -> None:
    named = [v.split(":")[0] for s in SERVICES.values() for v in s.get("volumes", []) if not v.startswith(".")]
    assert set(named) == set(compose()["volumes"])
    waited = {(name, condition["condition"]) for s in SERVICES.values() for name, condition in s.get("depends_on", {}).items()}
    assert waited
    for name, condition in waited:
        assert name in SERVICES
        assert condition != "service_healthy" or "healthcheck" in SERVICES[name], name


def test_each_address_that_a_service_speaks_to_is_one_that_kafka_tells() -> None:
    kafka = SERVICES["kafka"]["environment"]
    told = dict(door.split("://") for door in kafka["KAFKA_ADVERTISED_LISTENERS"].split(","))
    assert told["OUTSIDE"] == SERVICES["kafka"]["ports"][0].rpartition(":")[0]
    assert set(told) | {"CONTROLLER"} == {door.split("://")[0] for door in kafka["KAFKA_LISTENERS"].split(",")}
    others = [str(s) for name, s in SERVICES.items() if name != "kafka"]
    spoken = {place for text in others for place in re.findall(r"kafka:\d+", text)}
    assert spoken == {told["INSIDE"]}


def test_the_broker_in_a_container_is_the_broker_of_the_tests() -> None:
    """Of the same version, and what both are told is the same."""
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{kafka_version()}"
    told = {key.removeprefix("KAFKA_").lower().replace("_", "."): text for key, text in SERVICES["kafka"]["environment"].items()}
    differs = {key for key in COMMON.keys() & told.keys() if COMMON[key] != told[key]}
    assert differs == {"inter.broker.listener.name"}
    assert {"auto.create.topics.enable", "transaction.state.log.min.isr"} <= COMMON.keys() & told.keys()
