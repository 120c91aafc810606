"""The stock `openai` package: tool calls, which a small model makes only because decoding is constrained."""

import json

import openai
import pytest

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "The weather in a city",
            "parameters": {
                "type": "object",
                "properties": {"city": {"type": "string", "maxLength": 20}, "days": {"type": "integer", "maximum": 7}},
                "required": ["city", "days"],
                "additionalProperties": False,
            },
        },
    },
    {
        "type": "function",
        "function": {
            "name": "get_time",
            "description": "The time in a zone",
            "parameters": {
                "type": "object",
                "properties": {"zone": {"type": "string", "enum": ["UTC", "CET"]}},
                "required": ["zone"],
                "additionalProperties": False,
            },
        },
    },
]
QUESTION = [{"role": "user", "content": "What is the weather in Paris for the next two days?"}]
NAMED = {"type": "function", "function": {"name": "get_time"}}


def check(calls) -> None:
    assert calls
    for call in calls:
        assert call.id and call.type == "function"
        arguments = json.loads(call.function.arguments)
        if call.function.name == "get_weather":
            assert isinstance(arguments["city"], str) and type(arguments["days"]) is int
        else:
            assert call.function.name == "get_time"
            assert arguments["zone"] in ("UTC", "CET")


def test_required_makes_a_valid_call(client, model):
    request = dict(model=model, messages=QUESTION, tools=TOOLS, tool_choice="required", max_tokens=128, temperature=0)
    choice = client.chat.completions.create(**request).choices[0]
    assert choice.finish_reason == "tool_calls"
    assert not choice.message.content
    check(choice.message.tool_calls)


def test_a_named_tool_is_the_one_that_is_called(client, model):
    request = dict(model=model, messages=QUESTION, tools=TOOLS, tool_choice=NAMED, max_tokens=128, temperature=0)
    choice = client.chat.completions.create(**request).choices[0]
    assert choice.finish_reason == "tool_calls"
    assert [call.function.name for call in choice.message.tool_calls] == ["get_time"]
    check(choice.message.tool_calls)


def test_auto_answers_with_text_or_with_valid_calls(client, model):
    request = dict(model=model, messages=QUESTION, tools=TOOLS, tool_choice="auto", max_tokens=128, temperature=0)
    choice = client.chat.completions.create(**request).choices[0]
    if choice.finish_reason == "tool_calls":
        check(choice.message.tool_calls)
    else:
        assert choice.message.content
        assert not choice.message.tool_calls


def test_none_never_calls(client, model):
    request = dict(model=model, messages=QUESTION, tools=TOOLS, tool_choice="none", max_tokens=24, temperature=0)
    choice = client.chat.completions.create(**request).choices[0]
    assert choice.finish_reason in ("stop", "length")
    assert choice.message.content and not choice.message.tool_calls


def test_streamed_fragments_rebuild_the_call(client, model):
    request = dict(model=model, messages=QUESTION, tools=TOOLS, tool_choice=NAMED, max_tokens=128, temperature=0)
    plain = client.chat.completions.create(**request).choices[0].message.tool_calls
    calls: dict[int, dict] = {}
    finish = None
    for chunk in client.chat.completions.create(stream=True, **request):
        for choice in chunk.choices:
            finish = choice.finish_reason or finish
            for fragment in choice.delta.tool_calls or []:
                call = calls.setdefault(fragment.index, {"id": "", "name": "", "arguments": ""})
                call["id"] = fragment.id or call["id"]
                call["name"] = fragment.function.name or call["name"]
                call["arguments"] += fragment.function.arguments or ""
    assert finish == "tool_calls"
    assert [(c["name"], c["arguments"]) for c in calls.values()] == [
        (c.function.name, c.function.arguments) for c in plain
    ]
    assert all(call["id"] for call in calls.values())


def test_a_tool_result_leads_to_an_answer(client, model):
    call = {"id": "call_1", "type": "function", "function": {"name": "get_time", "arguments": '{"zone": "UTC"}'}}
    messages = [
        *QUESTION,
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "12:00"},
    ]
    answer = client.chat.completions.create(model=model, messages=messages, max_tokens=16, temperature=0)
    assert answer.usage.completion_tokens > 0


def test_a_choice_of_a_tool_that_was_not_given_is_a_bad_request(client, model):
    absent = {"type": "function", "function": {"name": "absent"}}
    with pytest.raises(openai.BadRequestError) as failure:
        client.chat.completions.create(model=model, messages=QUESTION, tools=TOOLS, tool_choice=absent)
    assert failure.value.param.startswith("tool_choice")
