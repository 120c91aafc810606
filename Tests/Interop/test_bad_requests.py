"""Requests as no well-meaning client writes them, over bare sockets where a client library would object."""

import json
import re
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

CHAT = "/v1/chat/completions"
JSON_TYPE = {"Content-Type": "application/json"}
# No reader of a request may take longer; the gateway's own limits lie below.
SLOWEST_CLOSE = 90.0


def connect(deployment) -> socket.socket:
    address = urlsplit(deployment.plain)
    connection = socket.create_connection((address.hostname, address.port), timeout=SLOWEST_CLOSE)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def exchange(deployment, request: bytes) -> bytes:
    """Sends raw bytes and reads until the peer closes or has sent a whole head."""
    with connect(deployment) as connection:
        try:
            connection.sendall(request)
        except (BrokenPipeError, ConnectionResetError):
            pass
        received = b""
        while b"\r\n\r\n" not in received:
            try:
                part = connection.recv(65536)
            except ConnectionResetError:
                break
            if not part:
                break
            received += part
        return received


def status(response: bytes) -> int:
    match = re.match(rb"HTTP/1\.1 (\d{3})", response)
    return int(match.group(1)) if match else 0


def error(answer) -> dict:
    body = answer.json()["error"]
    assert set(body) >= {"message", "type", "param", "code"}
    return body


@pytest.mark.parametrize(
    ("raw", "line", "column"),
    [
        (b'{"model": "m", "messages": [}', 1, 29),
        (b'{"model": "m",\n "messages": nope}', 2, 14),
        (b'{"model": "m"', 1, 14),
        (b"", 1, 1),
        (b'{"a": 01}', 1, 8),
        (b'{"a": "\x01"}', 1, 8),
        (b'{"a": "\xff"}', 1, 8),
        (b"{'a': 1}", 1, 2),
        (b'{"a": 1} x', 1, 10),
    ],
)
def test_bad_json_is_refused_with_its_position(http, raw, line, column):
    answer = http.post(CHAT, content=raw, headers=JSON_TYPE)
    assert answer.status_code == 400
    message = error(answer)["message"]
    where = re.search(r"line (\d+),? column (\d+)", message)
    assert where, message
    assert int(where.group(1)) == line
    # Parsers differ by one in where they notice.
    assert abs(int(where.group(2)) - column) <= 1, message


@pytest.mark.parametrize("path", [CHAT, "/v1/completions", "/v1/embeddings"])
@pytest.mark.parametrize("body", [b"[]", b"7", b'"text"', b"null"])
def test_a_body_that_is_not_an_object_is_refused(http, path, body):
    assert http.post(path, content=body, headers=JSON_TYPE).status_code == 400


@pytest.mark.parametrize("field", ["model", "messages"])
def test_a_missing_field_is_named(http, model, field):
    body = {"model": model, "messages": [{"role": "user", "content": "x"}]}
    del body[field]
    answer = http.post(CHAT, json=body)
    assert answer.status_code == 400
    assert error(answer)["param"] == field


@pytest.mark.parametrize("depth", [200, 10_000, 400_000])
def test_deep_nesting_is_refused(http, model, depth):
    body = b'{"model": "%s", "messages": %s%s}' % (model.encode(), b"[" * depth, b"]" * depth)
    assert http.post(CHAT, content=body, headers=JSON_TYPE).status_code == 400


def test_a_declared_oversize_body_is_refused_before_it_is_sent(deployment):
    head = b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1073741824\r\n\r\n"
    assert status(exchange(deployment, head % CHAT.encode())) == 413


def test_an_undeclared_oversize_body_is_refused_while_it_arrives(deployment):
    head = b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    sent, received = 0, b""
    with connect(deployment) as connection:
        connection.sendall(head % CHAT.encode())
        connection.settimeout(0.01)
        while sent < 256 << 20 and not received:
            try:
                connection.settimeout(20)
                connection.sendall(chunk)
                sent += 0x10000
                connection.settimeout(0.0001)
                received = connection.recv(4096)
                break
            except (TimeoutError, BlockingIOError):
                continue
            except (BrokenPipeError, ConnectionResetError):
                break
        connection.settimeout(5)
        try:
            received = received or connection.recv(4096)
        except (TimeoutError, ConnectionResetError):
            pass
    assert sent < 256 << 20, "a body of 256 MiB was taken without complaint"
    # A peer that still sends may see the reset before the answer; what counts is that it was cut off.
    assert status(received) in (0, 413)


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_a_body_of_another_type_is_refused(http, model, content_type):
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": "x"}]}).encode()
    headers = {"Content-Type": content_type} if content_type else {}
    answer = http.post(CHAT, content=body, headers=headers)
    assert answer.status_code == 415


def test_an_unknown_path_and_a_wrong_method_have_json_errors(http):
    assert error(http.get("/v1/nothing"))["message"]
    assert http.get("/v1/nothing").status_code == 404
    assert http.get(CHAT).status_code in (404, 405)


def test_headers_beyond_the_limit_are_refused(deployment):
    many = b"".join(b"x-header-%d: %s\r\n" % (n, b"v" * 200) for n in range(2000))
    one = b"x-long: " + b"v" * 400_000 + b"\r\n"
    for headers in (many, one):
        response = exchange(deployment, b"GET /health HTTP/1.1\r\nHost: x\r\n" + headers + b"\r\n")
        assert status(response) == 431


def test_a_request_target_beyond_the_limit_is_refused(deployment):
    response = exchange(deployment, b"GET /" + b"a" * 400_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    assert status(response) in (404, 414, 431)


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GARBAGE\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_bytes_that_are_not_http_end_in_an_error_or_a_close(deployment, http, request_bytes):
    assert status(exchange(deployment, request_bytes)) in (0, 400, 404, 415, 505)
    assert http.get("/health").status_code == 200


def held_open(deployment, first: bytes, drip: bytes) -> float:
    """Seconds until the gateway ends a connection that sends a byte now and then."""
    began = time.monotonic()
    with connect(deployment) as connection:
        connection.sendall(first)
        connection.settimeout(0.5)
        while time.monotonic() - began < SLOWEST_CLOSE:
            try:
                if not connection.recv(4096):
                    return time.monotonic() - began
            except TimeoutError:
                try:
                    connection.sendall(drip)
                except (BrokenPipeError, ConnectionResetError):
                    return time.monotonic() - began
            except ConnectionResetError:
                return time.monotonic() - began
    return float("inf")


def test_a_connection_that_drips_its_request_is_closed(deployment, http):
    variants = [
        (b"GET /health HTTP/1.1\r\nHost: x\r\nx-slow: ", b"a"),
        (b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n{" % CHAT.encode(), b" "),
        (b"", b"G"),
        (b"GET", b""),
    ]
    with ThreadPoolExecutor(len(variants)) as pool:
        durations = list(pool.map(lambda variant: held_open(deployment, *variant), variants))
    assert max(durations) < SLOWEST_CLOSE, durations
    assert http.get("/health").status_code == 200
