"""The stock `openai` package: answers, streams, sampling, errors."""

import json

import openai
import pytest

QUESTION = [{"role": "user", "content": "Name three colours."}]


def test_a_chat_answer_has_text_usage_and_the_model_that_ran(client, model):
    answer = client.chat.completions.create(model=model, messages=QUESTION, max_tokens=16, temperature=0)
    assert answer.object == "chat.completion"
    assert answer.id.startswith("chatcmpl-")
    assert answer.model == model
    choice = answer.choices[0]
    assert choice.message.role == "assistant"
    assert choice.message.content
    assert choice.finish_reason in ("stop", "length")
    assert 0 < answer.usage.completion_tokens <= 16
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens


def test_max_tokens_ends_an_answer_with_length(client, model):
    for limit in ({"max_tokens": 3}, {"max_completion_tokens": 3}):
        answer = client.chat.completions.create(
            model=model, messages=[{"role": "user", "content": "Count from one to one hundred."}], temperature=0, **limit
        )
        assert answer.choices[0].finish_reason == "length"
        assert answer.usage.completion_tokens == 3


def test_stream_deltas_concatenate_to_the_text_of_the_plain_answer(client, model):
    request = dict(model=model, messages=QUESTION, max_tokens=24, temperature=0, seed=1)
    plain = client.chat.completions.create(**request)
    deltas, roles, finals = [], [], []
    for chunk in client.chat.completions.create(stream=True, **request):
        assert chunk.object == "chat.completion.chunk"
        for choice in chunk.choices:
            deltas.append(choice.delta.content or "")
            roles.append(choice.delta.role)
            if choice.finish_reason:
                finals.append(choice.finish_reason)
    assert "".join(deltas) == plain.choices[0].message.content
    assert len([delta for delta in deltas if delta]) > 1
    assert "assistant" in roles
    assert finals == [plain.choices[0].finish_reason]


def test_a_stream_with_include_usage_says_what_the_plain_answer_says(client, model):
    request = dict(model=model, messages=QUESTION, max_tokens=12, temperature=0, seed=1)
    plain = client.chat.completions.create(**request)
    chunks = list(client.chat.completions.create(stream=True, stream_options={"include_usage": True}, **request))
    usages = [chunk.usage for chunk in chunks if chunk.usage]
    assert len(usages) == 1
    assert usages[0].completion_tokens == plain.usage.completion_tokens
    assert usages[0].prompt_tokens == plain.usage.prompt_tokens


def test_the_streaming_helper_of_the_package_assembles_the_same_answer(client, model):
    # The helper takes an answer that was cut off for a failure, so this one ends by itself.
    request = dict(model=model, messages=QUESTION, max_tokens=128, temperature=0, seed=1, stop=[",", "."])
    plain = client.chat.completions.create(**request)
    with client.chat.completions.stream(**request) as stream:
        final = stream.get_final_completion()
    assert final.choices[0].message.content == plain.choices[0].message.content


def test_a_stop_sequence_ends_the_text_before_it(client, model):
    request = dict(model=model, messages=QUESTION, max_tokens=32, temperature=0)
    text = client.chat.completions.create(**request).choices[0].message.content
    word = text.split()[2]
    stopped = client.chat.completions.create(stop=[word], **request)
    assert stopped.choices[0].finish_reason == "stop"
    assert stopped.choices[0].message.content == text[: text.index(word)]
    streamed = client.chat.completions.create(stop=word, stream=True, **request)
    assert "".join(c.choices[0].delta.content or "" for c in streamed if c.choices) == text[: text.index(word)]


def test_a_seed_repeats_a_sampled_answer_and_another_seed_changes_it(client, model):
    def sampled(seed: int) -> str:
        messages = [{"role": "user", "content": "Tell me a story about a fox."}]
        answer = client.chat.completions.create(
            model=model, messages=messages, max_tokens=24, temperature=1.0, top_p=0.95, seed=seed
        )
        return answer.choices[0].message.content

    assert sampled(7) == sampled(7)
    assert len({sampled(seed) for seed in (7, 8, 9)}) > 1


def test_log_probabilities_come_with_each_token(client, model):
    request = dict(model=model, messages=QUESTION, max_tokens=6, temperature=0, logprobs=True, top_logprobs=3)
    choice = client.chat.completions.create(**request).choices[0]
    tokens = choice.logprobs.content
    assert len(tokens) == 6
    assert all(token.logprob <= 0 and len(token.top_logprobs) == 3 for token in tokens)
    assert "".join(token.token for token in tokens).strip() == choice.message.content.strip()
    streamed = [
        token
        for chunk in client.chat.completions.create(stream=True, **request)
        for part in chunk.choices
        if part.logprobs and part.logprobs.content
        for token in part.logprobs.content
    ]
    assert [token.token for token in streamed] == [token.token for token in tokens]


SCHEMA = {
    "type": "object",
    "properties": {
        "colour": {"type": "string", "maxLength": 16},
        "warm": {"type": "boolean"},
        "rank": {"type": "integer", "minimum": 0, "maximum": 9},
    },
    "required": ["colour", "warm", "rank"],
    "additionalProperties": False,
}


@pytest.mark.parametrize("stream", [False, True])
def test_a_json_schema_answer_parses_and_fits_the_schema(client, model, stream):
    request = dict(
        model=model,
        messages=[{"role": "user", "content": "Describe the colour red."}],
        max_tokens=96,
        temperature=0,
        response_format={"type": "json_schema", "json_schema": {"name": "colour", "strict": True, "schema": SCHEMA}},
    )
    if stream:
        chunks = client.chat.completions.create(stream=True, **request)
        text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    else:
        text = client.chat.completions.create(**request).choices[0].message.content
    value = json.loads(text)
    assert set(value) == {"colour", "warm", "rank"}
    assert isinstance(value["colour"], str) and len(value["colour"]) <= 16
    assert isinstance(value["warm"], bool)
    assert type(value["rank"]) is int and 0 <= value["rank"] <= 9


def test_a_json_object_answer_parses(client, model):
    answer = client.chat.completions.create(
        model=model,
        messages=[{"role": "user", "content": 'Answer with {"ok": true}.'}],
        max_tokens=200,
        temperature=0,
        response_format={"type": "json_object"},
    )
    if answer.choices[0].finish_reason == "stop":
        assert isinstance(json.loads(answer.choices[0].message.content), dict)


def test_system_developer_and_earlier_turns_are_accepted(client, model):
    messages = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "Hello."}]},
        {"role": "assistant", "content": "Hi."},
        {"role": "user", "content": "Bye.", "name": "someone"},
    ]
    answer = client.chat.completions.create(model=model, messages=messages, max_tokens=4, temperature=0)
    assert answer.usage.completion_tokens > 0


def test_the_model_list_names_the_model_and_one_model_can_be_read(client, model):
    listed = {entry.id: entry for entry in client.models.list()}
    assert listed[model].object == "model"
    assert client.models.retrieve(model).id == model
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("no-such-model")


def test_a_model_can_be_read_under_every_name_a_request_may_use(client, http, model):
    request = dict(messages=QUESTION, max_tokens=1, temperature=0)
    for name in (f"provider/{model}", model.upper(), f"Provider/{model.upper()}"):
        assert client.chat.completions.create(model=name, **request).model == name
        entry = client.models.retrieve(name)
        assert entry.model_extra["haca"]["model"] == model
        # As a path of two parts, and with the slash encoded.
        for path in (name, name.replace("/", "%2F")):
            assert http.get(f"/v1/models/{path}").json()["haca"]["model"] == model
    assert client.models.retrieve(f"provider/{model}").id == f"provider/{model}"
    for name in ("provider/no-such-model", f"a/b/{model}"):
        assert http.get(f"/v1/models/{name}").status_code == 404


def test_an_unknown_model_is_not_found_and_the_error_names_the_field(client):
    with pytest.raises(openai.NotFoundError) as failure:
        client.chat.completions.create(model="no-such-model", messages=QUESTION)
    assert failure.value.param == "model"
    assert failure.value.code == "model_not_found"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("temperature", "hot"),
        ("temperature", 9),
        ("max_tokens", -1),
        ("max_tokens", 1.5),
        ("top_p", 7),
        ("n", 0),
        ("stop", 5),
        ("seed", "x"),
        ("stream", "yes"),
        ("tools", {"not": "a list"}),
        ("response_format", "json"),
        ("logprobs", 1),
        ("top_logprobs", 99),
    ],
)
def test_a_bad_parameter_is_a_bad_request_that_names_the_field(client, model, field, value):
    with pytest.raises(openai.BadRequestError) as failure:
        client.chat.completions.create(model=model, messages=QUESTION, extra_body={field: value})
    assert failure.value.param == field
    assert failure.value.type == "invalid_request_error"


@pytest.mark.parametrize(
    ("messages", "named"),
    [
        ([], "messages"),
        ([{"role": "wizard", "content": "x"}], "messages[0].role"),
        ([{"content": "x"}], "messages[0].role"),
        ([{"role": "user"}], "messages[0].content"),
        ([{"role": "user", "content": "x"}, {"role": "tool", "content": "x"}], "messages[1].tool_call_id"),
        ([7], "messages[0]"),
    ],
)
def test_a_bad_message_is_a_bad_request_that_names_its_place(client, model, messages, named):
    with pytest.raises(openai.BadRequestError) as failure:
        client.chat.completions.create(model=model, messages=messages)
    assert failure.value.param == named
