"""A schema registry's double over HTTP: what Confluent's API reference says of the questions that we ask, held by `registry_contract.json`.

It keeps the promises between versions as a registry does (`compatibility` of a subject), gives ids over all subjects and a GUID to each schema,
and can be ill: not answer, answer slowly, with an error, or with another server's page.
"""

from __future__ import annotations

import base64
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from loyalty_streams.codec.promises import breaks

Answer = tuple[int, Any]


@dataclass
class Double:
    """Its state. `ill` is asked before each answer and may give another one; `asked` is every question, in order."""

    subjects: dict[str, list[int]] = field(default_factory=dict)
    schemas: dict[int, str] = field(default_factory=dict)
    levels: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    ill: Callable[[], Answer | bytes | None] = lambda: None
    known: str | None = None
    first_id: int = 100

    def answer(self, method: str, path: str, body: Any) -> Answer:
        for pattern, verb, does in (
            (r"/schemas/ids/(\d+)", "GET", self._by_id),
            (r"/schemas/guids/([0-9a-f-]{36})", "GET", self._by_guid),
            (r"/subjects/([^/]+)/versions", "POST", lambda subject: self._register(subject, body["schema"])),
            (r"/subjects/([^/]+)", "POST", lambda subject: self._look_up(subject, body["schema"])),
            (r"/config/([^/]+)", "PUT", lambda subject: self._level(subject, body["compatibility"])),
        ):
            found = re.fullmatch(pattern, path.partition("?")[0])
            if found and verb == method:
                return does(found[1])
        return 404, {"error_code": 404, "message": "HTTP 404 Not Found"}

    def put(self, schema: str) -> int:
        """A schema that is there, in the registry's own writing -> its id."""
        for known, text in self.schemas.items():
            if text == _written(schema):
                return known
        self.schemas[self.first_id + len(self.schemas)] = _written(schema)
        return max(self.schemas)

    def guid(self, known: int) -> str:
        return str(uuid5(NAMESPACE_URL, self.schemas[known]))

    def _by_id(self, text: str) -> Answer:
        if int(text) not in self.schemas:
            return 404, {"error_code": 40403, "message": f"Schema {text} not found"}
        return 200, {"schema": self.schemas[int(text)], "guid": self.guid(int(text))}

    def _by_guid(self, text: str) -> Answer:
        for known in self.schemas:
            if self.guid(known) == text:
                return 200, {"schema": self.schemas[known], "guid": text}
        return 404, {"error_code": 40403, "message": f"Schema {text} not found"}

    def _register(self, subject: str, schema: str) -> Answer:
        try:
            parsed = json.loads(schema)
            assert parsed["type"] == "record"
        except (ValueError, KeyError, AssertionError):
            return 422, {"error_code": 42201, "message": "Invalid schema"}
        before = self.subjects.setdefault(subject, [])
        for known in before:
            if self.schemas[known] == _written(schema):
                return 200, {"id": known, "guid": self.guid(known)}
        versions = [json.loads(self.schemas[k]) for k in before]
        if breaks([*versions, parsed], self.levels.get(subject, "") == "FULL_TRANSITIVE"):
            return 409, {"error_code": 409, "message": f'Schema being registered is incompatible with an earlier schema for subject "{subject}"'}
        before.append(self.put(schema))
        return 200, {"id": before[-1], "guid": self.guid(before[-1])}

    def _look_up(self, subject: str, schema: str) -> Answer:
        if not self.subjects.get(subject):
            return 404, {"error_code": 40401, "message": f"Subject '{subject}' not found."}
        for version, known in enumerate(self.subjects[subject], 1):
            if self.schemas[known] == _written(schema):
                found = {"subject": subject, "version": version, "id": known, "guid": self.guid(known)}
                return 200, {**found, "schema": self.schemas[known]}
        return 404, {"error_code": 40403, "message": "Schema not found"}

    def _level(self, subject: str, level: str) -> Answer:
        if level not in ("BACKWARD_TRANSITIVE", "FULL_TRANSITIVE"):
            return 422, {"error_code": 42203, "message": "Invalid compatibility level"}
        self.levels[subject] = level
        return 200, {"compatibility": level}


def _written(schema: str) -> str:
    """A registry keeps a schema in its own order and spacing."""
    return json.dumps(json.loads(schema), sort_keys=True, separators=(",", ":"))


@contextmanager
def served(double: Double) -> Iterator[str]:
    """The double at an address of this machine."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet: else each answer waits 40 ms for an acknowledgement

        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            double.asked.append((self.command, self.path))
            given = self._unknown() or double.ill()
            if given is None:
                given = double.answer(self.command, self.path, body)
            status, answer = (200, given) if isinstance(given, bytes) else given
            sent = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/vnd.schemaregistry.v1+json")
            self.send_header("Content-Length", str(len(sent)))
            if status in (301, 302):
                self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}/schemas/ids/{double.first_id}")  # type: ignore[attr-defined]
            self.end_headers()
            self.wfile.write(sent)

        def _unknown(self) -> Answer | None:
            told = self.headers.get("Authorization")
            if double.known is None or told == "Basic " + base64.b64encode(double.known.encode()).decode():
                return None
            return 401, {"error_code": 401, "message": "Unauthorized"}

        do_GET = do_POST = do_PUT = _serve

        def log_message(self, *_: Any) -> None:
            """Nothing on stderr."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def slow() -> None:
    """An answer that takes longer than anybody waits in a test."""
    time.sleep(3)
