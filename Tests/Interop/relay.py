"""A relay as OpenGradient's confidential client expects one: it forwards sealed bytes and understands none of them."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Callable, Iterator

import httpx

RELAY_PATH = "/api/v1/chat/ohttp"


@dataclass
class Seen:
    """What passed through, for the tests that ask what a relay can learn or spoil."""

    url: str = ""
    requests: list[bytes] = field(default_factory=list)
    answers: list[bytes] = field(default_factory=list)
    content_types: list[str] = field(default_factory=list)
    # Applied to the sealed answer; a dishonest relay in the tests.
    tamper: Callable[[bytes], bytes] | None = None


@contextmanager
def relay(gateway: str) -> Iterator[Seen]:
    """Serves on an ephemeral port of 127.0.0.1 until the context ends."""
    seen = Seen()

    class Forward(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            seen.requests.append(body)
            kept = {"Content-Type", "Accept", "X-TEE-ID", "X-OHTTP-Stream"}
            headers = {name: value for name, value in self.headers.items() if name in kept}
            headers["Authorization"] = "Bearer relay"
            with httpx.stream("POST", f"{gateway}/v1/ohttp", content=body, headers=headers, timeout=120) as answer:
                self.send_response(answer.status_code if self.path == RELAY_PATH else 404)
                content_type = answer.headers.get("content-type", "")
                seen.content_types.append(content_type)
                self.send_header("Content-Type", content_type)
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                collected = b""
                for chunk in answer.iter_raw():
                    collected += chunk
                    if seen.tamper is None:
                        self.write(chunk)
                seen.answers.append(collected)
                if seen.tamper is not None:
                    self.write(seen.tamper(collected))
                self.wfile.write(b"0\r\n\r\n")

        def write(self, chunk: bytes) -> None:
            if chunk:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
                self.wfile.flush()

        def log_message(self, *_) -> None:
            """Quiet: pytest's output is the report."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Forward)
    seen.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
