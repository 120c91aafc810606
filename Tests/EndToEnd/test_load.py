"""Many streams at once, and clients that go away."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest

from network import ANSWER_TIMEOUT, Network
from processes import CannedEngine, eventually

STREAMS = 200


@pytest.fixture(scope="module")
def busy_engine():
    engine = CannedEngine("--delay-ms", "20", "--tokens", "16")
    yield engine
    engine.stop()


@pytest.fixture(scope="module")
def busy_network(tmp_path_factory, busy_engine):
    made = Network(tmp_path_factory.mktemp("busy") / "network", "--engine-url", busy_engine.url)
    try:
        yield made.up()
    finally:
        made.down()


def test_two_hundred_concurrent_streams_end_whole_and_signed(busy_network):
    url, model = busy_network.url, busy_network.model

    async def one(client: httpx.AsyncClient, number: int) -> str:
        body = {"model": model, "messages": [{"role": "user", "content": f"Number {number}"}], "stream": True}
        events, done = [], False
        async with client.stream("POST", f"{url}/v1/chat/completions", json=body) as answer:
            if answer.status_code != 200:
                return f"{answer.status_code} {(await answer.aread())[:200]!r}"
            async for line in answer.aiter_lines():
                if line == "data: [DONE]":
                    done = True
                elif line.startswith("data: "):
                    events.append(json.loads(line.removeprefix("data: ")))
        if not done or "tee_signature" not in events[-1]:
            return f"ended with {events[-1] if events else None}"
        text = "".join(c["delta"].get("content") or "" for event in events for c in event["choices"])
        return "" if text.startswith("The quick brown fox") else f"said {text!r}"

    async def everything() -> list[str]:
        limits = httpx.Limits(max_connections=STREAMS)
        async with httpx.AsyncClient(timeout=ANSWER_TIMEOUT, limits=limits) as client:
            return await asyncio.gather(*(one(client, number) for number in range(STREAMS)))

    failures = [result for result in asyncio.run(everything()) if result]
    assert not failures, f"{len(failures)} of {STREAMS}: {failures[:3]}"


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_disconnects_frees_its_slot_within_a_second(slow_network, slow_engine, stream):
    before = slow_engine.stats
    body = {"model": slow_network.model, "messages": [{"role": "user", "content": "Hello."}], "stream": stream}
    client = httpx.Client(timeout=ANSWER_TIMEOUT)
    if stream:
        with client.stream("POST", f"{slow_network.url}/v1/chat/completions", json=body) as answer:
            # Held on to, because a stream whose iterator is dropped is closed.
            lines = answer.iter_lines()
            next(line for line in lines if line.startswith("data: "))
            # The first event needs no engine yet.
            eventually(lambda: slow_engine.stats["running"] == before["running"] + 1, "the engine's start", 10, 0.01)
    else:
        with pytest.raises(httpx.ReadTimeout):
            client.post(f"{slow_network.url}/v1/chat/completions", json=body, timeout=1.5)
    client.close()
    eventually(lambda: slow_engine.stats["running"] == before["running"], "the engine's end of the stream", 1, 0.01)
    assert slow_engine.stats["cancelled"] == before["cancelled"] + 1


def test_clients_that_come_and_go_leave_nothing_behind(slow_network, slow_engine):
    url, model = slow_network.url, slow_network.model

    async def one(client: httpx.AsyncClient) -> None:
        body = {"model": model, "messages": [{"role": "user", "content": "Hello."}], "stream": True}
        async with client.stream("POST", f"{url}/v1/chat/completions", json=body) as answer:
            async for _ in answer.aiter_lines():
                return

    async def wave() -> None:
        async with httpx.AsyncClient(timeout=ANSWER_TIMEOUT, limits=httpx.Limits(max_connections=64)) as client:
            await asyncio.gather(*(one(client) for _ in range(64)))

    for _ in range(3):
        asyncio.run(wave())
    eventually(lambda: slow_engine.stats["running"] == 0, "the end of every abandoned stream", 5)
    assert slow_network.chat(max_tokens=1).status_code == 200
