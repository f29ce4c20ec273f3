"""How a cluster is reached: addresses, TLS and who we are, as a value, and what its clients are given of it."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aiokafka.admin import AIOKafkaAdminClient

SCHEME = "kafka://"
ADDRESS = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:]+\]):([0-9]{1,5})")
USER = re.compile(r"[^/@,\s]+@")
MECHANISMS = ("SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN")
PATIENCE = 15
"""Seconds to wait for the first answer of a cluster."""


CODES: dict[str, str] = {
    "NO_KAFKA": "no cluster was named: neither `--kafka` nor the setting `kafka`",
    "KAFKA_MISSING": "the extra `kafka` is not installed",
    "BAD_KAFKA": "what was named is not HOST:PORT",
    "BAD_TOPOLOGY": "a prefix that no topic's name may begin with, or a number of partitions below one",
    "KAFKA_SECURITY": "settings of TLS or SASL that do not fit together, or a file that is no PEM",
    "KAFKA_UNREACHABLE": "no broker answers, or none takes us: another certificate, user or password",
    "KAFKA_FAILED": "the cluster answered, and failed later",
    "NOT_ALLOWED": "the cluster knows us and does not give us the right",
    "TOO_FEW_BROKERS": "more copies are asked for than there are brokers",
    "TOPIC_DIFFERS": "a topic is not as it should be; nothing was created",
    "NOT_CREATED": "the cluster refused a topic, or does not show it 30 seconds later",
    "NOT_READ": "the cluster does not tell a topic's settings",
}
"""Why a command about a cluster failed: the closed list, one line each."""


class ClusterError(Exception):
    """A cluster that cannot be spoken to, or is not as it should be. `code` is one of `CODES`; `place` an address, a setting or a topic."""

    def __init__(self, code: str, message: str, place: str = "", usage: bool = False) -> None:
        super().__init__(message)
        self.code, self.place, self.usage = code, place, usage


@dataclass(frozen=True, slots=True)
class Connection:
    """Where a cluster is and how to speak to it. TLS is on when asked for, or when a CA or a certificate is given; SASL when a user is.

    `ca`, `certificate` and `key` are PEM files: who signed the brokers, and who we are (mutual TLS).
    """

    servers: str
    tls: bool = False
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = field(default=None, repr=False)
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    mechanism: str = MECHANISMS[0]

    @property
    def addresses(self) -> list[str]:
        """HOST:PORT of each server. Raises ClusterError BAD_KAFKA."""
        found = self.servers.removeprefix(SCHEME).split(",")
        for address in found:
            port = ADDRESS.fullmatch(address)
            if port is None or not 0 < int(port[1]) < 1 << 16:
                raise ClusterError("BAD_KAFKA", "HOST:PORT is needed, more of them separated by commas", USER.sub("****@", self.servers), usage=True)
        return found

    @property
    def encrypted(self) -> bool:
        return self.tls or self.ca is not None or self.certificate is not None

    def options(self) -> dict[str, Any]:
        """What aiokafka's clients are given. Raises ClusterError BAD_KAFKA or KAFKA_SECURITY."""
        self._check()
        protocol = ("SASL_" if self.user else "") + ("SSL" if self.encrypted else "PLAINTEXT")
        found: dict[str, Any] = {"bootstrap_servers": self.addresses, "security_protocol": protocol}
        if self.encrypted:
            found["ssl_context"] = self._context()
        if self.user:
            found |= {"sasl_mechanism": self.mechanism, "sasl_plain_username": self.user, "sasl_plain_password": self.password}
        return found

    def _check(self) -> None:
        if (self.user is None) != (self.password is None):
            raise ClusterError("KAFKA_SECURITY", "a user and a password belong together", "kafka_user", usage=True)
        if (self.certificate is None) != (self.key is None):
            raise ClusterError("KAFKA_SECURITY", "a certificate and its key belong together", "kafka_certificate", usage=True)
        if self.user and self.mechanism == "PLAIN" and not self.encrypted:
            raise ClusterError("KAFKA_SECURITY", "PLAIN would show the password to the network: set kafka_tls", "kafka_mechanism", usage=True)

    def _context(self) -> ssl.SSLContext:
        place = "kafka_ca"
        try:
            context = ssl.create_default_context(cafile=self.ca)
            place = "kafka_certificate"
            if self.certificate is not None:
                context.load_cert_chain(self.certificate, self.key)
        except (OSError, ssl.SSLError) as error:
            raise ClusterError("KAFKA_SECURITY", f"it cannot be read as PEM: {error}", place, usage=True) from None
        return context


@asynccontextmanager
async def admin(connection: Connection) -> AsyncIterator[AIOKafkaAdminClient]:
    """A client that asks about topics and makes them.

    Raises ClusterError KAFKA_MISSING, BAD_KAFKA, KAFKA_SECURITY, KAFKA_UNREACHABLE where it cannot begin, KAFKA_FAILED where Kafka fails later.
    """
    try:
        from aiokafka.admin import AIOKafkaAdminClient
        from aiokafka.errors import KafkaError
    except ImportError:
        raise ClusterError("KAFKA_MISSING", "pip install 'loyalty-streams[kafka]'", usage=True) from None
    client = AIOKafkaAdminClient(**connection.options(), client_id="loyalty-admin", request_timeout_ms=PATIENCE * 1000)
    try:
        await _started(client, connection.servers)
        yield client
    except (KafkaError, TimeoutError) as error:
        raise ClusterError("KAFKA_FAILED", str(error) or f"no answer in {PATIENCE} s", connection.servers) from None
    finally:
        await client.close()


async def _started(client: AIOKafkaAdminClient, servers: str) -> None:
    from aiokafka.errors import KafkaError

    try:
        await asyncio.wait_for(client.start(), PATIENCE)
    except (KafkaError, OSError, TimeoutError):
        why = "no broker answers, or none takes us: TLS, user and password are settings (loyalty config show)"
        raise ClusterError("KAFKA_UNREACHABLE", why, servers) from None
