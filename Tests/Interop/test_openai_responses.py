"""The stock `openai` package against the Responses API: plain, streamed, tools, schema, and what is signed."""

import json

import openai
import pytest
from eth_hash.auto import keccak

from deployment import haca
from signed import message_hash, verify_canonical

QUESTION = "Name three colours."
TOOL = {
    "type": "function",
    "name": "get_time",
    "description": "The time in a zone",
    "parameters": {
        "type": "object",
        "properties": {"zone": {"type": "string", "enum": ["UTC", "CET"]}},
        "required": ["zone"],
        "additionalProperties": False,
    },
    "strict": True,
}
SCHEMA = {
    "type": "object",
    "properties": {"colour": {"type": "string", "maxLength": 16}, "warm": {"type": "boolean"}},
    "required": ["colour", "warm"],
    "additionalProperties": False,
}


def test_a_response_has_text_usage_and_the_settings_that_applied(client, model):
    answer = client.responses.create(
        model=model, input=QUESTION, instructions="Be brief.", max_output_tokens=12, temperature=0, metadata={"a": "b"}
    )
    assert answer.object == "response" and answer.id.startswith("resp_")
    assert answer.model == model
    assert answer.output_text
    assert answer.output[0].type == "message" and answer.output[0].role == "assistant"
    assert answer.status in ("completed", "incomplete")
    assert 0 < answer.usage.output_tokens <= 12
    assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens
    assert answer.instructions == "Be brief." and answer.metadata == {"a": "b"}
    assert answer.temperature == 0 and answer.max_output_tokens == 12
    assert answer.previous_response_id is None and answer.error is None


def test_a_response_that_reaches_its_limit_is_incomplete_and_says_why(client, model):
    answer = client.responses.create(model=model, input="Count from one to one hundred.", max_output_tokens=3, temperature=0)
    assert answer.status == "incomplete"
    assert answer.incomplete_details.reason == "max_output_tokens"
    assert answer.usage.output_tokens == 3


def test_a_response_says_what_the_same_chat_says(client, model):
    chat = client.chat.completions.create(
        model=model,
        messages=[{"role": "system", "content": "Be brief."}, {"role": "user", "content": QUESTION}],
        max_tokens=16,
        temperature=0,
    )
    answer = client.responses.create(
        model=model, instructions="Be brief.", input=[{"role": "user", "content": QUESTION}], max_output_tokens=16, temperature=0
    )
    assert answer.output_text == chat.choices[0].message.content


def test_stream_events_come_in_order_and_rebuild_the_plain_response(client, model):
    request = dict(model=model, input=QUESTION, max_output_tokens=16, temperature=0)
    plain = client.responses.create(**request)
    events = list(client.responses.create(stream=True, **request))
    kinds = [event.type for event in events]
    assert kinds[:4] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
    ]
    assert kinds[-4:-1] == ["response.output_text.done", "response.content_part.done", "response.output_item.done"]
    assert kinds[-1] == f"response.{plain.status}"
    assert [event.sequence_number for event in events] == list(range(len(events)))
    deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert len(deltas) > 1
    assert "".join(deltas) == plain.output_text == events[-1].response.output_text
    assert events[-1].response.usage.output_tokens == plain.usage.output_tokens


def test_the_streaming_helper_of_the_package_assembles_the_same_response(client, model):
    request = dict(model=model, input=QUESTION, max_output_tokens=16, temperature=0)
    plain = client.responses.create(**request)
    with client.responses.stream(**request) as stream:
        for _ in stream:
            pass
        try:
            final = stream.get_final_response()
        except RuntimeError:
            # The helper takes only a response that ended by itself for final.
            assert plain.status == "incomplete"
            return
    assert final.output_text == plain.output_text


@pytest.mark.parametrize("stream", [False, True])
def test_a_named_tool_is_called_with_arguments_of_its_schema(client, model, stream):
    request = dict(
        model=model,
        input="What time is it?",
        tools=[TOOL],
        tool_choice={"type": "function", "name": "get_time"},
        max_output_tokens=64,
        temperature=0,
    )
    if stream:
        events = list(client.responses.create(stream=True, **request))
        pieces = [event.delta for event in events if event.type == "response.function_call_arguments.delta"]
        answer = events[-1].response
        assert "".join(pieces) == answer.output[0].arguments
    else:
        answer = client.responses.create(**request)
    call = answer.output[0]
    assert call.type == "function_call" and call.name == "get_time" and call.call_id and call.status == "completed"
    assert json.loads(call.arguments)["zone"] in ("UTC", "CET")


def test_a_call_and_its_result_go_back_as_items_and_lead_to_an_answer(client, model):
    first = client.responses.create(
        model=model, input="What time is it?", tools=[TOOL], tool_choice="required", max_output_tokens=64, temperature=0
    )
    call = first.output[0]
    conversation = [
        {"role": "user", "content": "What time is it?"},
        *(item.model_dump() for item in first.output),
        {"type": "function_call_output", "call_id": call.call_id, "output": "12:00"},
    ]
    answer = client.responses.create(model=model, input=conversation, max_output_tokens=16, temperature=0)
    assert answer.usage.output_tokens > 0


@pytest.mark.parametrize("stream", [False, True])
def test_a_json_schema_response_parses_and_fits_the_schema(client, model, stream):
    request = dict(
        model=model,
        input="Describe the colour red.",
        max_output_tokens=96,
        temperature=0,
        text={"format": {"type": "json_schema", "name": "colour", "strict": True, "schema": SCHEMA}},
    )
    answer = list(client.responses.create(stream=True, **request))[-1].response if stream else client.responses.create(**request)
    value = json.loads(answer.output_text)
    assert set(value) == {"colour", "warm"}
    assert isinstance(value["colour"], str) and isinstance(value["warm"], bool)


def test_log_probabilities_come_when_they_are_included(client, model):
    request = dict(
        model=model,
        input=QUESTION,
        max_output_tokens=4,
        temperature=0,
        include=["message.output_text.logprobs"],
        top_logprobs=2,
    )
    plain = client.responses.create(**request).output[0].content[0].logprobs
    assert len(plain) == 4
    assert all(token.logprob <= 0 and len(token.top_logprobs) == 2 for token in plain)
    final = list(client.responses.create(stream=True, **request))[-1].response
    assert [token.token for token in final.output[0].content[0].logprobs] == [token.token for token in plain]


def test_earlier_responses_are_refused_in_words(client, model):
    with pytest.raises(openai.BadRequestError) as failure:
        client.responses.create(model=model, input=QUESTION, previous_response_id="resp_1")
    assert failure.value.param == "previous_response_id"
    assert "send the earlier turns" in failure.value.message


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"input": 7}, "input"),
        ({"input": []}, "input"),
        ({"input": [{"role": "wizard", "content": "x"}]}, "input[0].role"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"temperature": "hot"}, "temperature"),
        ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
        ({"text": {"format": {"type": "xml"}}}, "text.format.type"),
        ({"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "data:,"}]}]}, "input"),
        ({"tool_choice": {"type": "function", "name": "absent"}, "tools": [TOOL]}, "tool_choice"),
    ],
)
def test_a_bad_field_is_a_bad_request_that_names_it(client, model, fields, named):
    with pytest.raises(openai.BadRequestError) as failure:
        client.responses.create(**{"model": model, "input": QUESTION, "extra_body": fields})
    assert failure.value.param == named


def test_an_unknown_model_is_not_found(client):
    with pytest.raises(openai.NotFoundError):
        client.responses.create(model="no-such-model", input=QUESTION)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("tools", [False, True])
def test_a_response_is_signed_over_the_whole_request_and_has_a_receipt(deployment, http, model, tmp_path, stream, tools):
    body = {"model": model, "input": "Name a fruit ü 🦊.", "max_output_tokens": 24, "temperature": 0.5}
    if stream:
        body["stream"] = True
    if tools:
        body |= {"tools": [TOOL], "tool_choice": "required"}
    answer = http.post("/v1/responses", json=body)
    assert answer.status_code == 200, answer.text
    if stream:
        datas = [line.removeprefix("data: ") for line in answer.text.splitlines() if line.startswith("data: ")]
        response = json.loads(datas[-1])["response"]
    else:
        response = answer.json()
        assert answer.headers["x-haca-message-hash"] == response["haca"]["message_hash"]

    calls = [item for item in response["output"] if item["type"] == "function_call"]
    if tools and response["status"] == "completed":
        called = [
            {"id": c["call_id"], "type": "function", "function": {"name": c["name"], "arguments": c["arguments"]}} for c in calls
        ]
        content = json.dumps(called, sort_keys=True)
    else:
        content = "".join(p["text"] for i in response["output"] if i["type"] == "message" for p in i["content"])
    assert response["tee_output_hash"] == keccak(content.encode()).hex()
    # OpenGradient's own module, given what this endpoint hashes: the whole body.
    verify_canonical(deployment, body, response, content)

    bundle = http.get(f"/v1/receipts/{message_hash(response)}")
    assert bundle.status_code == 200
    paths = {}
    for name, value in (("receipt", bundle.json()), ("request", body), ("response", response)):
        paths[name] = tmp_path / f"{name}.json"
        paths[name].write_text(json.dumps(value))
    checked = haca(
        "verify", str(paths["receipt"]), "--request", str(paths["request"]), "--response", str(paths["response"])
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
