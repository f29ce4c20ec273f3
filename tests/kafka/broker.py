"""One Apache Kafka broker as a plain Java process on this machine: for people (`make kafka`) and for tests.

    broker = Broker(folder, Ports.free())
    broker.start()                       # jars, format, start, wait: twice is safe
    broker.address                       # "127.0.0.1:40911"
    broker.kill(); broker.start()        # a crash, and back with the same data
    broker.stop()

Java comes from JAVA_HOME or PATH, the jars by Maven from `pom.xml` beside this file, once a checkout.
"""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import json
import logging
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
POM = Path(__file__).with_name("pom.xml")
HOME = ROOT / "var" / "kafka"
"""Jars, and the data of the broker that `make kafka` starts. Git ignores it."""
HOST = "127.0.0.1"
CLUSTER = "MkU3OEVBNTcwNTJENDM2Qg"
OLDEST_JAVA = 17
PATIENCE = 90
"""Seconds that a start may take: about five on a machine at rest, and more than a minute after a crash on a busy one."""

START_RACE = "MetadataLoader#installPublishers"
"""How the log of a broker ends that has lost a race inside Kafka 4.1.1 at its start; met about once in thirty. The next start is well."""

COMMON: dict[str, str] = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "inter.broker.listener.name": "PLAIN",
    "controller.listener.names": "CONTROLLER",
    "auto.create.topics.enable": "false",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": "1000",
    "broker.session.timeout.ms": "2000",
    "broker.heartbeat.interval.ms": "200",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    "log.retention.ms": "-1",
    "log.cleaner.dedupe.buffer.size": "8388608",
    "log.cleaner.backoff.ms": "1000",
}
_started: list[subprocess.Popen[bytes]] = []


class CannotStart(Exception):
    """There is no broker; the text says what is missing, or how the broker's log ends."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Where a broker listens: `plain` without encryption, `controller` for itself."""

    plain: int
    controller: int

    @classmethod
    def free(cls) -> Ports:
        return cls(*free_ports(2))


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind((HOST, 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def _taken(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex((HOST, port)) == 0


def java() -> str:
    """The Java that runs the broker. Raises CannotStart where there is none, or an older one."""
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=str(Path(home, "bin")) if home else None)
    if found is None:
        raise CannotStart(f"Java {OLDEST_JAVA} or newer is needed and there is none: make system brings it, or says how")
    told = subprocess.run([found, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(?:1\.)?(\d+)', told)
    if version is None or int(version[1]) < OLDEST_JAVA:
        raise CannotStart(f"Java {OLDEST_JAVA} or newer is needed, and {found} is {version[1] if version else 'of no version that it tells'}")
    return found


def jars() -> Path:
    """The folder of the broker's jars, brought once for each state of the pom. Raises CannotStart."""
    folder = HOME / f"jars-{zlib.crc32(POM.read_bytes()):08x}"
    with locked(HOME / "jars.lock"):
        if folder.is_dir():
            return folder
        maven = shutil.which("mvn")
        if maven is None:
            raise CannotStart("Maven is needed to bring the broker's jars and there is none: make system brings it, or says how")
        print("bringing Apache Kafka's jars (once, some seconds) ...", file=sys.stderr)
        half = folder.with_name("jars-coming")
        shutil.rmtree(half, ignore_errors=True)
        goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={half}"]
        done = subprocess.run([maven, "-B", "-q", "-f", str(POM), *goal], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise CannotStart(f"Maven cannot bring the broker's jars: {done.stdout.strip()[-800:]}")
        half.rename(folder)
    return folder


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """One process at a time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


@dataclass(frozen=True)
class Broker:
    """A broker whose properties, data, log and process id lie in `folder`. `extra` are further properties, as a file of its own would have them.

    `listeners` are further doors, each a name, its protocol and its port; `users` are SCRAM credentials that the format step writes.
    """

    folder: Path
    ports: Ports
    listeners: Sequence[tuple[str, str, int]] = ()
    extra: Mapping[str, str] = field(default_factory=dict)
    users: Sequence[str] = ()

    @property
    def address(self) -> str:
        return f"{HOST}:{self.ports.plain}"

    @property
    def properties(self) -> Path:
        return self.folder / "broker.properties"

    @property
    def log(self) -> Path:
        return self.folder / "broker.log"

    def start(self) -> None:
        """Brings the jars, formats, starts and waits until it answers; one that runs is only waited for. Raises CannotStart."""
        with locked(self.folder / "lock"):
            if self.pid() is None:
                if _taken(self.ports.plain):
                    raise CannotStart(f"something else listens at {self.address} already; name another port")
                self._format()
                self._launch()
            try:
                self.wait()
            except CannotStart:
                if self.pid() is not None or START_RACE not in self.last_words():
                    raise
                self._launch()
                self.wait()

    def pid(self) -> int | None:
        """The process that serves this folder, if one does."""
        try:
            pid = int((self.folder / "broker.pid").read_text("ascii"))
        except (FileNotFoundError, ValueError):
            return None
        for process in [p for p in _started if p.pid == pid]:
            return pid if process.poll() is None else None
        told = subprocess.run(["ps", "-ww", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
        return pid if str(self.properties) in told else None

    def stop(self) -> bool:
        """Ends it cleanly -> whether one ran."""
        return self._end(signal.SIGTERM)

    def kill(self) -> bool:
        """Ends it as a crash does -> whether one ran."""
        return self._end(signal.SIGKILL)

    def wait(self) -> None:
        """Until it answers and can coordinate groups and transactions. Raises CannotStart."""
        until = time.monotonic() + PATIENCE
        while not asyncio.run(_answers(self.address)):
            if self.pid() is None:
                raise CannotStart(f"the broker has ended; its log ends\n{self.last_words()}")
            if time.monotonic() > until:
                raise CannotStart(f"the broker does not answer at {self.address} after {PATIENCE} s; its log ends\n{self.last_words()}")
            time.sleep(0.2)

    def last_words(self) -> str:
        return self.log.read_text("utf-8", "replace")[-1500:].strip()

    def written(self) -> str:
        """Its properties, as a file."""
        doors = [("PLAIN", "PLAINTEXT", self.ports.plain), *self.listeners]
        addresses = [f"{name}://{HOST}:{port}" for name, _, port in doors]
        controller = f"{HOST}:{self.ports.controller}"
        own = {
            "controller.quorum.voters": f"1@{controller}",
            "listeners": ",".join([*addresses, f"CONTROLLER://{controller}"]),
            "advertised.listeners": ",".join(addresses),
            "listener.security.protocol.map": ",".join(["CONTROLLER:PLAINTEXT", *(f"{name}:{protocol}" for name, protocol, _ in doors)]),
            "log.dirs": str(self.folder / "data"),
        }
        return "".join(f"{key}={value}\n" for key, value in {**COMMON, **own, **self.extra}.items())

    def _format(self) -> None:
        self.properties.write_text(self.written(), "utf-8")
        users = [word for user in self.users for word in ("--add-scram", user)]
        done = tool("kafka.tools.StorageTool", "format", "--ignore-formatted", "-t", CLUSTER, "-c", str(self.properties), *users)
        if done.returncode != 0:
            raise CannotStart(f"the broker's folder cannot be formatted: {(done.stderr or done.stdout).strip()[-800:]}")

    def _launch(self) -> None:
        with self.log.open("ab") as out:
            process = subprocess.Popen(
                [*_java_with_jars(), "kafka.Kafka", str(self.properties)],
                stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True, cwd=self.folder,
            )  # fmt: skip
        _started.append(process)
        (self.folder / "broker.pid").write_text(str(process.pid), "ascii")

    def _end(self, how: signal.Signals) -> bool:
        pid = self.pid()
        if pid is None:
            return False
        os.kill(pid, how)
        until = time.monotonic() + 30
        while self.pid() is not None:
            if time.monotonic() > until:
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.1)
        for process in [p for p in _started if p.pid == pid]:
            process.wait()
            _started.remove(process)
        return True


def tool(name: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Runs one of Kafka's own tools, by the name of its class."""
    return subprocess.run([*_java_with_jars(), name, *words], capture_output=True, text=True, check=False)


def _java_with_jars() -> list[str]:
    log = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
    return [java(), "-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", log, "-cp", f"{jars()}/*"]


async def _answers(address: str) -> bool:
    """Whether a broker answers, and finds itself as coordinator of a group and of a transaction."""
    from aiokafka.admin import AIOKafkaAdminClient
    from aiokafka.errors import KafkaError

    client = AIOKafkaAdminClient(bootstrap_servers=address, request_timeout_ms=5_000)
    try:
        with quiet():
            await client.start()
            for kind in (0, 1):
                await client.find_coordinator("ready", kind)
    except (KafkaError, OSError, TimeoutError):
        return False
    finally:
        await client.close()
    return True


@contextmanager
def quiet() -> Iterator[None]:
    """Without the client's complaints about a broker that is not there yet."""
    log = logging.getLogger("aiokafka")
    level = log.level
    log.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        log.setLevel(level)


def of_people(port: int | None) -> Broker:
    """The broker of `make kafka`: at this port, else at the one it was started with, else at 9092."""
    folder = HOME / "broker"
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / "ports.json"
    known = json.loads(kept.read_text("ascii")) if kept.exists() else None
    if known is None or (port is not None and known[0] != port and Broker(folder, Ports(*known)).pid() is None):
        plain = port or 9092
        known = [plain, plain + 1]
        kept.write_text(json.dumps(known), "ascii")
    return Broker(folder, Ports(*known))


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.kafka.broker", description="Apache Kafka on this machine.")
    parser.add_argument("what", choices=("start", "stop"))
    parser.add_argument("--port", type=int, help="where it listens, the next port for itself [default: 9092]")
    asked = parser.parse_args(words)
    broker = of_people(asked.port)
    if asked.what == "stop":
        print("stopped; its data stays" if broker.stop() else "no broker runs here", file=sys.stderr)
        return 0
    try:
        broker.start()
    except CannotStart as error:
        print(f"no broker: {error}", file=sys.stderr)
        return 1
    print(broker.address)
    return 0


if __name__ == "__main__":
    sys.exit(main())
