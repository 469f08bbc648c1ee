"""ARM's REST over HTTPS on the loopback interface, and the endpoint that gives tokens for it."""

from __future__ import annotations

import json
import ssl
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit
from uuid import uuid4

import trustme

from vpner.simulator.rest.identity import PATH, Identity
from vpner.simulator.rest.messages import Request, Response

Answer = Callable[[Request], Response]

_HOST = "localhost"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where a client finds the simulation."""

    arm: str
    """``https://localhost:PORT``"""
    token: str
    """The managed identity's endpoint."""
    authority: bytes
    """Certificate of the authority that signed ARM's, in PEM. Nothing but this run's servers is signed by it."""


@contextmanager
def listening(arm: Answer, identity: Identity) -> Generator[Endpoints]:
    """Serve until the block ends."""
    authority = trustme.CA(organization_name="vpner simulated Azure")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(_HOST, "127.0.0.1").configure_cert(context)  # pyright: ignore[reportUnknownMemberType]
    with _serving(arm, context) as port, _serving(identity.answer, None) as token_port:
        yield Endpoints(f"https://{_HOST}:{port}", f"http://127.0.0.1:{token_port}{PATH}", authority.cert_pem.bytes())


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, answer: Answer, context: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = answer
        self.scheme = "http" if context is None else "https"
        if context is not None:
            # The handshake is left to the connection's own thread: a silent client must not keep others waiting.
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away or does not trust the certificate is its own affair; our mistakes are shown."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


@contextmanager
def _serving(answer: Answer, context: ssl.SSLContext | None) -> Generator[int]:
    with _Server(answer, context) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 300
    server: _Server  # pyright: ignore[reportIncompatibleVariableOverride]

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        address = urlsplit(self.path)
        request = Request(
            method=self.command,
            path=unquote(address.path),
            query=dict(parse_qsl(address.query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in self.headers.items()},
            base=f"{self.server.scheme}://{self.headers.get('Host', _HOST)}",
            body=body,
        )
        self._send(self.server.answer(request))

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _handle

    def _send(self, response: Response) -> None:
        content = b"" if response.body is None else json.dumps(response.body).encode()
        self.send_response(response.status)
        for name, value in {**response.headers, "x-ms-request-id": str(uuid4())}.items():
            self.send_header(name, value)
        if response.body is not None:
            self.send_header("Content-Type", "application/json; charset=utf-8")
        if response.status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: requests carry tokens, and stderr belongs to the command."""
