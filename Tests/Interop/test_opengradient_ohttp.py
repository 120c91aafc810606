"""OpenGradient's confidential client, unmodified, through a relay that sees only sealed bytes."""

import json

import httpx
import opengradient as og
import pytest
from eth_hash.auto import keccak
from opengradient.client.tee_ohttp import encapsulate_request
from opengradient.client.tee_ohttp_client import RelayError
from opengradient.client.tee_verify import VerificationError

from deployment import ohttp_config
from relay import relay
from test_openai_tools import NAMED, TOOLS

SECRET = "a marker only the enclave may read"
QUESTION = [{"role": "user", "content": f"Hello 🦊. {SECRET}"}]


@pytest.fixture
def hop(deployment):
    with relay(deployment.plain) as seen:
        yield seen


@pytest.fixture
def confidential(deployment, hop):
    return og.ConfidentialLLM.from_tee(hop.url, deployment.endpoint)


def test_a_single_answer_is_opened_and_verified(confidential, hop, model):
    result = confidential.chat(model=f"local/{model}", messages=QUESTION, max_tokens=8)
    assert result.content
    assert result.proof.tee_id
    assert hop.content_types == ["message/ohttp-res"]
    assert SECRET.encode() not in hop.requests[0]
    assert result.content.encode() not in hop.answers[0]


def test_a_chunked_stream_is_opened_and_verified(confidential, hop, model):
    result = confidential.chat(model=f"local/{model}", messages=QUESTION, max_tokens=8, stream=True)
    assert result.content
    assert len(result.stream_frames) > 2
    assert hop.content_types == ["message/ohttp-chunked-res"]
    # One chunk of the sealed stream holds whole events.
    assert all(frame.startswith("data: ") and frame.endswith("\n\n") for frame in result.stream_frames if frame)


@pytest.mark.parametrize("stream", [False, True])
def test_tool_calls_are_opened_and_verified(confidential, model, stream):
    result = confidential.chat(
        model=model, messages=QUESTION, tools=TOOLS, tool_choice="required", max_tokens=128, stream=stream
    )
    assert json.loads(result.content)[0]["function"]["name"] in ("get_weather", "get_time")


@pytest.mark.parametrize("stream", [False, True])
def test_fields_of_the_caller_reach_the_model(confidential, model, stream):
    result = confidential.chat(
        model=model, messages=QUESTION, max_tokens=3, temperature=0.5, stop_sequence=["zzz"], stream=stream
    )
    assert result.body["usage"]["completion_tokens"] <= 3


@pytest.mark.parametrize("stream", [False, True])
def test_a_relay_that_changes_one_byte_is_found_out(confidential, hop, model, stream):
    def spoil(sealed: bytes) -> bytes:
        middle = len(sealed) // 2
        return sealed[:middle] + bytes([sealed[middle] ^ 1]) + sealed[middle + 1 :]

    hop.tamper = spoil
    # The SDK lets the AEAD's own exception out of the single-shot path, and a length prefix may be what was hit.
    with pytest.raises(Exception) as failure:
        confidential.chat(model=model, messages=QUESTION, max_tokens=8, stream=stream)
    assert type(failure.value).__name__ in ("InvalidTag", "VerificationError")


def test_a_relay_that_cuts_a_stream_short_is_found_out(confidential, hop, model):
    hop.tamper = lambda sealed: sealed[: len(sealed) - 40]
    with pytest.raises(Exception) as failure:
        confidential.chat(model=model, messages=QUESTION, max_tokens=8, stream=True)
    assert type(failure.value).__name__ in ("InvalidTag", "VerificationError")


def test_an_unknown_model_comes_back_as_the_inner_error(confidential):
    with pytest.raises(RelayError) as failure:
        confidential.chat(model="no-such-model", messages=QUESTION, max_tokens=8)
    assert failure.value.status_code == 404


def test_another_gateways_key_is_refused(deployment, hop, model):
    import dataclasses

    stranger = dataclasses.replace(deployment.endpoint, tee_id="00" * 32)
    with pytest.raises(VerificationError):
        og.ConfidentialLLM.from_tee(hop.url, stranger).chat(model=model, messages=QUESTION, max_tokens=4)


def test_the_published_configuration_is_consistent_and_signed(deployment, http):
    import base64

    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding

    published = http.get("/v1/ohttp/config").json()
    assert ohttp_config(published) == deployment.endpoint.ohttp_config
    config = ohttp_config(published)
    assert (config.kem_id, config.kdf_id, config.aead_id) == (0x20, 1, 3)
    assert len(config.key_config) == 41
    assert config.key_config == (
        bytes([config.key_id]) + b"\x00\x20" + config.public_key + b"\x00\x04" + b"\x00\x01" + b"\x00\x03"
    )
    tee_id = bytes.fromhex(published["tee_id"].removeprefix("0x"))
    words = b"".join(n.to_bytes(32, "big") for n in (config.key_id, config.kem_id, config.kdf_id, config.aead_id))
    signed = keccak(
        keccak(b"OPENGRADIENT_TEE_OHTTP_CONFIG_V1")
        + tee_id
        + words
        + keccak(config.public_key)
        + keccak(config.key_config)
    )
    assert published["signature_hash"] == "0x" + signed.hex()
    key = serialization.load_der_public_key(deployment.endpoint.signing_public_key_der)
    pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)
    key.verify(base64.b64decode(published["signature"]), signed, pss, hashes.SHA256())


def seal(deployment, inner: bytes, **identifiers):
    return encapsulate_request(deployment.endpoint.ohttp_config.public_key, inner, **identifiers).wire


def send(http: httpx.Client, body: bytes) -> httpx.Response:
    return http.post("/v1/ohttp", content=body, headers={"Content-Type": "message/ohttp-req"})


@pytest.mark.parametrize(
    "spoil",
    [
        lambda wire: wire[:54],
        lambda wire: wire[:-1],
        lambda wire: wire + b"\x00",
        lambda wire: bytes([wire[0] ^ 2]) + wire[1:],
        lambda wire: wire[:2] + b"\x21" + wire[3:],
        lambda wire: wire[:10] + bytes([wire[10] ^ 1]) + wire[11:],
        lambda wire: wire[:7] + bytes(32) + wire[39:],
        lambda wire: b"x",
    ],
)
def test_every_undecryptable_request_has_the_same_answer(deployment, http, model, spoil):
    inner = json.dumps({"model": model, "messages": QUESTION, "max_tokens": 2}).encode()
    answer = send(http, spoil(seal(deployment, inner)))
    assert answer.status_code == 400
    assert answer.json() == {"error": "malformed encapsulated request"}


def test_an_empty_and_an_oversize_envelope_are_refused(deployment, http):
    assert send(http, b"").status_code == 400
    assert send(http, bytes(512 * 1024 + 1)).status_code == 413


def test_an_inner_body_that_is_not_json_is_a_bad_request(deployment, http):
    answer = send(http, seal(deployment, b"{"))
    assert answer.status_code == 400
