"""OpenGradient's verification module, unmodified, against plain and streamed answers."""

import base64
import copy
import json
import re
import time

import pytest
from opengradient.client.tee_verify import VerificationError, tee_id_for_key

from signed import post, stream, verify, verify_canonical
from test_openai_tools import NAMED, TOOLS

CHAT = "/v1/chat/completions"


def chat(model: str, content="Name three colours.", **fields) -> dict:
    return {"model": model, "messages": [{"role": "user", "content": content}], "max_tokens": 8, **fields}


def test_the_published_key_names_the_tee(deployment):
    assert tee_id_for_key(deployment.signing_key["public_key"]) == deployment.signing_key["tee_id"]


def test_the_signed_fields_have_their_documented_forms(deployment, http, model):
    answer = post(http, CHAT, chat(model))
    assert re.fullmatch("[0-9a-f]{64}", answer["tee_request_hash"])
    assert re.fullmatch("[0-9a-f]{64}", answer["tee_output_hash"])
    assert re.fullmatch("0x[0-9a-f]{64}", answer["tee_id"])
    assert type(answer["tee_timestamp"]) is int
    assert abs(answer["tee_timestamp"] - time.time()) < 300
    assert len(base64.b64decode(answer["tee_signature"], validate=True)) == 256


REQUESTS = {
    "plain": {},
    "temperature absent": {"temperature": None},
    "temperature as an integer": {"temperature": 1, "seed": 1},
    "temperature as a float": {"temperature": 0.3, "seed": 1},
    "small temperature": {"temperature": 0.00001, "seed": 1},
    "stop list": {"stop": ["\n\n", "zzz"]},
    "stop string": {"stop": "zzz"},
    "empty stop": {"stop": []},
    "unsigned fields": {"seed": 3, "top_p": 0.9, "user": "someone", "presence_penalty": 0.5},
    "non-ASCII": {"content": "Größe, 東京, \u0000\u001f\u007f/\\\"\t, e\u0301, \u2028"},
    "astral characters": {"content": "🦊🏳️‍🌈 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 \U0010ffff"},
    "content parts": {"content": [{"type": "text", "text": "Hello"}, {"type": "text", "text": " wörld"}]},
    "extra keys of a part": {"content": [{"type": "text", "text": "Hello", "note": 1}]},
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_plain_answer_verifies(deployment, http, model, name):
    body = chat(model, **REQUESTS[name])
    verify(deployment, body, post(http, CHAT, body))


@pytest.mark.parametrize("name", REQUESTS)
def test_a_streamed_answer_verifies_over_the_joined_deltas(deployment, http, model, name):
    body = chat(model, **REQUESTS[name])
    streamed = stream(http, CHAT, body)
    assert streamed.done
    verify(deployment, body, streamed.final, streamed.text)


@pytest.mark.parametrize("content", ["high \ud83e alone", "low \udd8a alone"])
def test_half_a_character_is_refused_because_no_model_reads_it(http, model, content):
    answer = http.post(CHAT, content=json.dumps(chat(model, content)).encode(), headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "messages[0].content"


def test_every_role_verifies(deployment, http, model):
    call = {"id": "call_1", "type": "function", "function": {"name": "get_time", "arguments": '{"zone": "UTC"}'}}
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "developer", "content": "Be kind."},
        {"role": "user", "content": "What time is it?", "name": "someone"},
        {"role": "assistant", "content": None, "tool_calls": [{**call, "index": 0}]},
        {"role": "tool", "tool_call_id": "call_1", "content": "12:00", "name": "dropped"},
        {"role": "user", "content": "Thanks."},
    ]
    body = {"model": model, "messages": messages, "max_tokens": 4}
    verify(deployment, body, post(http, CHAT, body))


def test_numbers_in_tools_and_schemas_keep_their_written_form(deployment, http, model):
    """`1` and `1.0` are different requests; so are their hashes."""
    hashes = set()
    for minimum in (1, 1.0, 1e16, 1e-05, -0.0, 12345678901234567890):
        tools = copy.deepcopy(TOOLS)
        tools[0]["function"]["x-number"] = minimum
        body = chat(model, tools=tools, tool_choice="none")
        answer = post(http, CHAT, body)
        verify(deployment, body, answer)
        hashes.add(answer["tee_request_hash"])
    assert len(hashes) == 6


def test_a_lexeme_python_would_print_otherwise_is_hashed_as_python_prints_it(deployment, http, model):
    raw = (
        '{"max_tokens": 4, "model": %s, "temperature": 0.10e0, "messages": [{"content": "\\u0041\\/", "role": "user"}],'
        ' "response_format": {"type": "text", "z": 1E2, "a": 1.50, "z2": 100000000000000000000000.0}}'
    ) % json.dumps(model)
    verify(deployment, json.loads(raw), post(http, CHAT, raw.encode()))


def test_duplicate_keys_take_the_last_value(deployment, http, model):
    raw = '{"model": "x", "max_tokens": 4, "messages": [{"role": "user", "content": "a", "content": "b"}], "model": %s}'
    raw = raw % json.dumps(model)
    verify(deployment, json.loads(raw), post(http, CHAT, raw.encode()))


@pytest.mark.parametrize("choice", ["required", NAMED])
def test_tool_calls_verify_plain_and_streamed(deployment, http, model, choice):
    body = chat(model, tools=TOOLS, tool_choice=choice, max_tokens=128)
    answer = post(http, CHAT, body)
    assert answer["choices"][0]["finish_reason"] == "tool_calls"
    verify(deployment, body, answer)
    streamed = stream(http, CHAT, body)
    assert streamed.final["choices"][0]["finish_reason"] == "tool_calls"
    verify(deployment, body, streamed.final, json.dumps(streamed.tool_calls, sort_keys=True))


def test_a_json_schema_answer_verifies(deployment, http, model):
    schema = {"type": "object", "properties": {"n": {"type": "integer", "maximum": 9}}, "required": ["n"]}
    response_format = {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}}
    body = chat(model, response_format=response_format, max_tokens=32)
    verify(deployment, body, post(http, CHAT, body))


def test_an_answer_outside_ascii_verifies(deployment, http, model):
    """Constrained to emoji, so that the small model's output is certain to leave ASCII."""
    schema = {"type": "object", "properties": {"k": {"enum": ["🦊 Füchse 東京"]}}, "required": ["k"]}
    body = chat(model, max_tokens=64)
    body["response_format"] = {"type": "json_schema", "json_schema": {"name": "k", "strict": True, "schema": schema}}
    answer = post(http, CHAT, body)
    assert "🦊" in answer["choices"][0]["message"]["content"]
    verify(deployment, body, answer)
    streamed = stream(http, CHAT, body)
    assert "🦊" in streamed.text
    verify(deployment, body, streamed.final, streamed.text)


@pytest.mark.parametrize(
    ("sent", "canonical"),
    [
        ({}, {"max_tokens": 16, "temperature": 1.0}),
        ({"max_tokens": 4, "temperature": 0}, {"max_tokens": 4, "temperature": 0.0}),
        ({"max_tokens": 4, "temperature": 0.5, "stop": ["zz"], "seed": 1}, {"max_tokens": 4, "temperature": 0.5, "stop": ["zz"]}),
    ],
)
def test_a_completion_verifies_with_the_defaults_of_their_gateway(deployment, http, model, sent, canonical):
    prompt = "Bäume 🌳 are"
    answer = post(http, "/v1/completions", {"model": model, "prompt": prompt, **sent})
    verify_canonical(deployment, {"model": model, "prompt": prompt, **canonical}, answer, answer["completion"])


def test_a_stream_ends_in_one_signed_chunk_and_then_done(http, model):
    streamed = stream(http, CHAT, chat(model, stream_options={"include_usage": True}))
    final, earlier = streamed.final, streamed.events[:-1]
    for key in ("tee_signature", "tee_request_hash", "tee_output_hash", "tee_timestamp", "tee_id", "usage", "model"):
        assert key in final
    assert final["choices"][0]["finish_reason"] in ("stop", "length")
    assert earlier
    for event in earlier:
        assert "usage" not in event and "tee_signature" not in event
        assert event["choices"][0]["finish_reason"] is None
        assert event["model"] == final["model"]
    assert streamed.lines[-2:] == ["data: [DONE]", ""] or streamed.lines[-1] == "data: [DONE]"
    assert all(line == "" or line.startswith("data: ") for line in streamed.lines)


def test_every_stream_without_include_usage_still_carries_usage_in_the_signed_chunk(http, model):
    assert stream(http, CHAT, chat(model)).final["usage"]["completion_tokens"] > 0


def altered(answer: dict) -> dict[str, dict]:
    """The answer with one thing changed, by name of the change."""
    cases = {}

    def case(name: str, change) -> None:
        copied = copy.deepcopy(answer)
        change(copied)
        cases[name] = copied

    signature = bytearray(base64.b64decode(answer["tee_signature"]))
    signature[7] ^= 1
    flipped = base64.b64encode(bytes(signature)).decode()
    case("text", lambda a: a["choices"][0]["message"].update(content=a["choices"][0]["message"]["content"] + "."))
    case("timestamp", lambda a: a.update(tee_timestamp=a["tee_timestamp"] + 1))
    case("signature", lambda a: a.update(tee_signature=flipped))
    case("request hash", lambda a: a.update(tee_request_hash="00" * 32))
    case("output hash", lambda a: a.update(tee_output_hash="00" * 32))
    case("tee id", lambda a: a.update(tee_id="0x" + "00" * 32))
    case("no signature", lambda a: a.pop("tee_signature"))
    return cases


def test_each_alteration_of_an_answer_is_rejected(deployment, http, model):
    body = chat(model)
    answer = post(http, CHAT, body)
    verify(deployment, body, answer)
    for name, changed in altered(answer).items():
        with pytest.raises(VerificationError):
            verify(deployment, body, changed)
            pytest.fail(f"the altered {name} was accepted")


@pytest.mark.parametrize("field", [{"max_tokens": 9}, {"temperature": 0.1}, {"stop": ["x"]}, {"model": "other"}])
def test_an_answer_to_another_request_is_rejected(deployment, http, model, field):
    body = chat(model)
    answer = post(http, CHAT, body)
    with pytest.raises(VerificationError):
        verify(deployment, {**body, **field}, answer)
