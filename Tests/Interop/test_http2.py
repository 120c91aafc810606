"""HTTP/2 over the TLS listener: answers, and refusals that do not cost the connection."""

import httpx
import pytest

from deployment import ANSWER_TIMEOUT

TOO_LARGE = {
    "one field": {"x-long": "v" * 20_000},
    "one field beyond the usual limit of decoders": {"x-long": "v" * 90_000},
    "all fields together": {f"x-header-{n}": "v" * 1_000 for n in range(90)},
    "too many fields": {f"x-header-{n}": "v" for n in range(200)},
}


@pytest.fixture
def http2(deployment):
    with httpx.Client(base_url=deployment.tls, http2=True, verify=False, timeout=ANSWER_TIMEOUT) as client:
        yield client


def test_an_answer_comes_over_http2(http2, model):
    body = {"model": model, "messages": [{"role": "user", "content": "Hi."}], "max_tokens": 2, "temperature": 0}
    answer = http2.post("/v1/chat/completions", json=body)
    assert answer.http_version == "HTTP/2"
    assert answer.status_code == 200 and answer.json()["tee_signature"]


def test_a_stream_comes_over_http2(http2, model):
    body = {"model": model, "messages": [{"role": "user", "content": "Hi."}], "max_tokens": 4, "stream": True}
    with http2.stream("POST", "/v1/chat/completions", json=body) as answer:
        assert answer.http_version == "HTTP/2"
        lines = [line for line in answer.iter_lines() if line]
    assert lines[-1] == "data: [DONE]"


@pytest.mark.parametrize("headers", TOO_LARGE.values(), ids=TOO_LARGE.keys())
def test_headers_beyond_the_limit_are_answered_431_and_the_connection_goes_on(http2, headers):
    answer = http2.get("/health", headers=headers)
    assert answer.http_version == "HTTP/2"
    assert answer.status_code == 431
    assert answer.json()["error"]["code"] == "headers_too_large"
    streams = answer.extensions["stream_id"]
    # The same connection: streams of a new one would start again at 1.
    after = http2.get("/health")
    assert after.status_code == 200
    assert after.extensions["stream_id"] > streams


def test_a_path_beyond_the_limit_is_answered_431(http2):
    assert http2.get("/" + "a" * 20_000).status_code == 431
    assert http2.get("/health").status_code == 200


def test_an_oversize_body_is_cut_off_and_others_on_the_connection_go_on(http2):
    content = b" " * (8 << 20)
    try:
        answer = http2.post("/v1/chat/completions", content=content, headers={"content-type": "application/json"})
        assert answer.status_code == 413
    except httpx.ProtocolError:
        # This client gives up on a stream that is reset while it still sends, although the answer came before.
        pass
    assert http2.get("/health").status_code == 200
