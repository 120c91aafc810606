"""The stock asynchronous client: many streams at once, and streams that are abandoned."""

import asyncio
import time

import openai

from deployment import ANSWER_TIMEOUT

STREAMS = 32
TOKENS = 16


def stock(deployment) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(
        base_url=f"{deployment.plain}/v1", api_key="test", max_retries=0, timeout=2 * ANSWER_TIMEOUT
    )


def test_thirty_two_concurrent_streams_end_without_an_error(deployment, model):
    async def one(client: openai.AsyncOpenAI, number: int) -> tuple[int, str]:
        messages = [{"role": "user", "content": f"Write a long story about the number {number}."}]
        stream = await client.chat.completions.create(
            model=model,
            messages=messages,
            max_tokens=TOKENS,
            temperature=0,
            stream=True,
            stream_options={"include_usage": True},
        )
        tokens, finish = 0, ""
        async for chunk in stream:
            if chunk.usage:
                tokens = chunk.usage.completion_tokens
            for choice in chunk.choices:
                finish = choice.finish_reason or finish
        return tokens, finish

    async def everything() -> list[tuple[int, str]]:
        async with stock(deployment) as client:
            return await asyncio.gather(*(one(client, number) for number in range(STREAMS)))

    results = asyncio.run(everything())
    assert [finish in ("length", "stop") for _, finish in results] == [True] * STREAMS
    assert all(0 < tokens <= TOKENS for tokens, _ in results)


def test_cancelled_streams_leave_room_for_the_next_request(deployment, model):
    """Left running, these answers would hold every slot for many times the wait that is allowed here."""

    async def abandoned(client: openai.AsyncOpenAI, number: int) -> None:
        messages = [{"role": "user", "content": f"Count upwards from {number} for ever."}]
        stream = await client.chat.completions.create(
            model=model,
            messages=messages,
            max_tokens=1500,
            temperature=1.0,
            seed=number,
            stream=True,
        )
        async for _ in stream:
            break
        await stream.close()

    async def everything() -> float:
        async with stock(deployment) as client:
            await asyncio.gather(*(abandoned(client, number) for number in range(16)))
            began = time.monotonic()
            await client.chat.completions.create(
                model=model, messages=[{"role": "user", "content": "Hello."}], max_tokens=1, temperature=0
            )
            return time.monotonic() - began

    assert asyncio.run(everything()) < 10
