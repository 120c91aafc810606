"""The stock `openai` package: text completions and embeddings."""

import math

import openai
import pytest


def test_a_completion_has_both_the_openai_and_the_opengradient_form(client, model):
    answer = client.completions.create(model=model, prompt="One, two, three,", max_tokens=8, temperature=0)
    assert answer.object == "text_completion"
    assert answer.id.startswith("cmpl-")
    assert answer.choices[0].text
    assert answer.model_extra["completion"] == answer.choices[0].text
    assert answer.usage.completion_tokens == 8


def test_a_streamed_completion_concatenates_to_the_plain_one(client, model):
    request = dict(model=model, prompt="One, two, three,", max_tokens=8, temperature=0)
    plain = client.completions.create(**request)
    parts = [c.choices[0].text for c in client.completions.create(stream=True, **request) if c.choices]
    assert "".join(parts) == plain.choices[0].text


def test_an_absent_max_tokens_of_a_completion_is_sixteen(client, model):
    answer = client.completions.create(model=model, prompt="Count: 1, 2, 3, 4, 5,", temperature=0)
    assert answer.usage.completion_tokens <= 16


def test_a_bad_prompt_is_a_bad_request_that_names_it(client, model):
    with pytest.raises(openai.BadRequestError) as failure:
        client.completions.create(model=model, prompt="x", extra_body={"prompt": {"a": 1}})
    assert failure.value.param == "prompt"


def test_embeddings_are_vectors_of_one_width_and_repeat(client, deployment):
    request = dict(model=deployment.embedding_model, input=["a red fox", "a red fox", "prime numbers"])
    answer = client.embeddings.create(encoding_format="float", **request)
    first, second, other = (entry.embedding for entry in answer.data)
    assert [entry.index for entry in answer.data] == [0, 1, 2]
    assert len(first) == len(other) > 100
    assert cosine(first, second) > 0.9999
    assert cosine(first, other) < 0.9999
    assert answer.usage.prompt_tokens > 0


def test_embeddings_in_base64_are_the_same_numbers(client, deployment):
    # The package asks for base64 by itself when no format is given, and decodes it.
    request = dict(model=deployment.embedding_model, input="a red fox")
    packed = client.embeddings.create(**request).data[0].embedding
    plain = client.embeddings.create(encoding_format="float", **request).data[0].embedding
    assert len(packed) == len(plain)
    assert max(abs(a - b) for a, b in zip(packed, plain)) < 1e-6


def test_a_bad_embedding_input_is_a_bad_request_that_names_it(client, deployment):
    with pytest.raises(openai.BadRequestError) as failure:
        client.embeddings.create(model=deployment.embedding_model, input="x", extra_body={"input": 5})
    assert failure.value.param == "input"


def test_embeddings_of_an_unknown_model_are_not_found(client):
    with pytest.raises(openai.NotFoundError):
        client.embeddings.create(model="no-such-model", input="x")


def cosine(a: list[float], b: list[float]) -> float:
    dot = sum(x * y for x, y in zip(a, b))
    return dot / math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))
