"""What a gateway says of itself: health, keys, attestation; and the key injection that happens once."""

import base64
import hashlib
import secrets

import cbor2
import pytest
from eth_hash.auto import keccak


def attestation(http, nonce: str):
    return http.get("/enclave/attestation", params={"nonce": nonce})


def document(http, nonce: str) -> dict:
    answer = attestation(http, nonce)
    assert answer.status_code == 200, answer.text
    decoded = cbor2.loads(base64.b64decode(answer.text, validate=True))
    parts = decoded.value if isinstance(decoded, cbor2.CBORTag) else decoded
    protected, _, payload, signature = parts
    assert cbor2.loads(protected) == {1: -35}
    assert len(signature) == 96
    return cbor2.loads(payload)


def test_health_says_ok_and_that_nobody_pays(http):
    health = http.get("/health").json()
    assert health["status"] == "OK"
    assert health["tee_enabled"] is True
    assert health["version"]
    assert health["mode"] == "open"


def test_the_signing_key_answer_has_the_documented_fields(http):
    answer = http.get("/signing-key").json()
    assert answer["public_key"].startswith("-----BEGIN PUBLIC KEY-----")
    assert answer["wallet_address"].startswith("0x") and len(answer["wallet_address"]) == 42
    assert answer["enclave_info"]["version"]
    assert "measurements" in answer
    assert answer["hpke"]["key_id"] == 1


def test_the_document_answers_the_nonce_and_binds_both_keys(deployment, http):
    nonce = secrets.token_hex(20)
    payload = document(http, nonce)
    assert payload["nonce"] == bytes.fromhex(nonce)
    assert payload["digest"] == "SHA384"
    assert all(len(payload["pcrs"][index]) == 48 for index in (0, 1, 2, 8))
    user_data = payload["user_data"]
    assert len(user_data) == 68
    assert user_data[:2] == user_data[34:36] == b"\x12\x20"
    assert user_data[2:34] == hashlib.sha256(deployment.leaf_der).digest()
    assert user_data[36:] == hashlib.sha256(deployment.endpoint.signing_public_key_der).digest()


def test_two_documents_differ_by_their_nonce_only_where_they_must(http):
    first, second = (document(http, secrets.token_hex(20)) for _ in range(2))
    assert first["nonce"] != second["nonce"]
    assert first["pcrs"] == second["pcrs"]
    assert keccak(b"".join(first["pcrs"][i] for i in range(3))) == keccak(b"".join(second["pcrs"][i] for i in range(3)))


@pytest.mark.parametrize("nonce", ["", "00" * 19, "00" * 21, "zz" * 20, "0x" + "00" * 20, " " + "00" * 20])
def test_a_nonce_that_is_not_twenty_bytes_of_hex_is_refused(http, nonce):
    assert attestation(http, nonce).status_code == 400


def test_a_missing_nonce_is_refused(http):
    assert http.get("/enclave/attestation").status_code == 400


def test_a_nonce_in_capitals_is_the_same_nonce(http):
    assert document(http, "AB" * 20)["nonce"] == b"\xab" * 20


def test_keys_are_taken_once_and_only_as_json(http):
    for content, content_type in ((b"", "application/json"), (b"{", "application/json"), (b"[]", "application/json")):
        answer = http.post("/v1/keys", content=content, headers={"Content-Type": content_type})
        assert answer.status_code == 400, content
    keys = {"openai_api_key": "sk-" + secrets.token_hex(16)}
    first = http.post("/v1/keys", json=keys)
    # A network that was given keys at its start has had its one time already.
    assert first.status_code in (200, 409)
    if first.status_code == 200:
        assert first.json()["status"] == "ok"
        assert isinstance(first.json()["providers_initialized"], list)
    second = http.post("/v1/keys", json=keys)
    assert second.status_code == 409
    assert keys["openai_api_key"] not in first.text + second.text
