"""The fixture `broker`: one real Apache Kafka for a whole run of the suite, started when a test first asks, ended when the run ends.

Workers of one run share it. Where it cannot start, tests that ask are skipped and say what is missing; under `CI` they fail.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.kafka.broker import HOME, HOST, Broker, CannotStart, Ports, free_ports, locked

RUN = "PYTEST_BROKER_RUN"
"""The process of the run that all its workers belong to."""
RUNS = HOME / "runs"
USERS = ("shop", "worker", "client", "reader", "admin")
"""Who may come through the door `named`, each with its name and `-secret` as password. None has a right until one is given."""


@dataclass(frozen=True)
class Kafka:
    """The broker of a run. `address` is the open door; `mutual` asks for a certificate, `named` for one of `USERS`, both over TLS.

    Whoever comes through the first two may do everything.
    """

    broker: Broker
    mutual: str
    named: str

    @property
    def address(self) -> str:
        return self.broker.address

    def paper(self, name: str) -> Path:
        """One of the PEM files of `papers`."""
        return self.broker.folder / f"{name}.pem"


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        os.environ[RUN] = str(os.getpid())


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        _end(RUNS / str(os.getpid()))


@pytest.fixture(scope="session")
def broker() -> Kafka:
    """The broker of this run, ready."""
    try:
        return _started()
    except CannotStart as error:
        if os.environ.get("CI"):
            pytest.fail(f"no broker: {error}")
        pytest.skip(f"NO BROKER: {error}")


def _started() -> Kafka:
    folder = RUNS / os.environ[RUN]
    with locked(HOME / "runs.lock"):
        sweep()
        kept = folder / "ports.json"
        if not kept.exists():
            _prepare(folder, kept)
        found = _kafka(folder, json.loads(kept.read_text("ascii")))
        found.broker.start()
    return found


def sweep() -> None:
    """Ends what runs have left behind that were killed."""
    for run in RUNS.glob("[0-9]*"):
        if not _lives(int(run.name)):
            _end(run)


def _prepare(folder: Path, kept: Path) -> None:
    from tests.kafka.papers import make_papers

    folder.mkdir(parents=True, exist_ok=True)
    make_papers(folder, HOST)
    kept.write_text(json.dumps(free_ports(4)), "ascii")


def _kafka(folder: Path, ports: list[int]) -> Kafka:
    plain, controller, mutual, named = ports
    scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
    extra = {
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS;User:CN=client",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(folder / "server.pem"),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(folder / "authority.pem"),
        "listener.name.mutual.ssl.client.auth": "required",
        "listener.name.named.sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "listener.name.named.scram-sha-512.sasl.jaas.config": scram,
    }
    listeners = (("MUTUAL", "SSL", mutual), ("NAMED", "SASL_SSL", named))
    users = [f"SCRAM-SHA-512=[name={user},password={user}-secret]" for user in USERS]
    return Kafka(Broker(folder, Ports(plain, controller), listeners, extra, users), f"{HOST}:{mutual}", f"{HOST}:{named}")


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _end(folder: Path) -> None:
    """Ends the broker of a run that is over, and takes its data away."""
    kept = folder / "ports.json"
    if kept.exists():
        _kafka(folder, json.loads(kept.read_text("ascii"))).broker.kill()
    shutil.rmtree(folder, ignore_errors=True)
