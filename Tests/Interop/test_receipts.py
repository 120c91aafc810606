"""Receipts: fetched by the signed message's hash, checked offline by the command line tool, and useless once altered."""

import copy
import json

import pytest

from deployment import haca
from signed import message_hash, post, stream

CHAT = "/v1/chat/completions"


@pytest.fixture(scope="module")
def signed_answer(http, model):
    body = {"model": model, "messages": [{"role": "user", "content": "Name a colour 🦊."}], "max_tokens": 6}
    return body, post(http, CHAT, body)


@pytest.fixture(scope="module")
def bundle(http, signed_answer):
    answer = http.get(f"/v1/receipts/{message_hash(signed_answer[1])}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def check(tmp_path, bundle: dict):
    path = tmp_path / "receipt.json"
    path.write_text(json.dumps(bundle))
    return haca("verify", str(path))


def test_the_receipt_of_an_answer_verifies_offline(tmp_path, bundle):
    result = check(tmp_path, bundle)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_receipt_of_a_stream_verifies_offline(tmp_path, http, signed_answer):
    # Another question: the same answer within the same second has the same name, and the later receipt stands.
    body = {**signed_answer[0], "messages": [{"role": "user", "content": "Name a fruit."}]}
    streamed = stream(http, CHAT, body)
    answer = http.get(f"/v1/receipts/{message_hash(streamed.final)}")
    assert answer.status_code == 200
    result = check(tmp_path, answer.json())
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_documents_of_a_simulated_enclave_say_so(tmp_path, bundle):
    result = check(tmp_path, bundle)
    assert "simulated" in (result.stdout + result.stderr).lower()


def test_request_hashes_and_unknown_hashes_open_no_receipt(http, signed_answer):
    _, answer = signed_answer
    for name in (answer["tee_request_hash"], answer["tee_output_hash"], "00" * 32):
        assert http.get(f"/v1/receipts/{name}").status_code == 404
    for name in ("zz", "00" * 31, "0x", "../health"):
        assert http.get(f"/v1/receipts/{name}").status_code in (400, 404)


def test_a_hash_with_its_prefix_names_the_same_receipt(http, signed_answer, bundle):
    again = http.get(f"/v1/receipts/0x{message_hash(signed_answer[1])}").json()
    assert again == bundle


def test_every_receipt_carries_the_same_document_of_the_gateway(http, signed_answer, bundle):
    body = {**signed_answer[0], "messages": [{"role": "user", "content": "Name an animal."}]}
    other = http.get(f"/v1/receipts/{message_hash(post(http, CHAT, body))}").json()
    assert other["message_hash"] != bundle["message_hash"]
    assert other["gateway_attestation"] == bundle["gateway_attestation"]


def leaves(value, path=()):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from leaves(inner, (*path, index))
    elif isinstance(value, (str, int)) and not isinstance(value, bool) and value not in ("", 0):
        yield path, value


def altered(value):
    """The smallest change that keeps the field's type and, where it has one, its encoding."""
    if isinstance(value, int):
        return value + 1
    middle = len(value) // 2
    replacement = {"0": "1"}.get(value[middle], "0")
    return value[:middle] + replacement + value[middle + 1 :]


def test_each_altered_field_makes_the_check_fail(tmp_path, bundle):
    accepted = []
    fields = list(leaves(bundle))
    assert len(fields) >= 8
    for path, value in fields:
        changed = copy.deepcopy(bundle)
        inner = changed
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = altered(value)
        if check(tmp_path, changed).returncode == 0:
            accepted.append(".".join(map(str, path)))
    assert not accepted, f"altered and still accepted: {accepted}"


def test_what_is_not_a_receipt_is_refused_in_one_line(tmp_path):
    for content in ("", "{}", "[]", "{", '{"version": 99}'):
        path = tmp_path / "not-a-receipt.json"
        path.write_text(content)
        result = haca("verify", str(path))
        assert result.returncode not in (0, -6, -11), content
        assert result.stderr.strip() or result.stdout.strip()
    assert haca("verify", str(tmp_path / "absent.json")).returncode != 0
