"""kill -9 in the middle of a stream: the client is told or served, the process comes back, the next request works."""

from __future__ import annotations

import json

import httpx
import pytest

from network import ANSWER_TIMEOUT, Network
from processes import Process, eventually

LONG = {"messages": [{"role": "user", "content": "Count upwards from one, for ever."}], "max_tokens": 600, "stream": True}


class Outcome:
    """How a stream ended, as its client saw it."""

    def __init__(self) -> None:
        self.events: list[dict] = []
        self.is_done = False
        self.broken: Exception | None = None

    @property
    def is_signed(self) -> bool:
        return self.is_done and "tee_signature" in self.events[-1]

    @property
    def error(self) -> str | None:
        return self.events[-1].get("error") if self.events else None


def stream_and_kill(network: Network, victim: Process) -> Outcome:
    outcome = Outcome()
    body = {"model": network.model, **LONG}
    try:
        with httpx.stream("POST", f"{network.url}/v1/chat/completions", json=body, timeout=ANSWER_TIMEOUT) as answer:
            assert answer.status_code == 200
            for line in answer.iter_lines():
                if line == "data: [DONE]":
                    outcome.is_done = True
                elif line.startswith("data: "):
                    outcome.events.append(json.loads(line.removeprefix("data: ")))
                    if len(outcome.events) == 4:
                        victim.kill()
    except httpx.HTTPError as failure:
        outcome.broken = failure
    assert len(outcome.events) >= 4, "the stream ended before anything was killed"
    return outcome


FINDERS = {
    "engine": Network.engine,
    "worker": lambda network: network.service("haca-worker"),
    "gateway": lambda network: network.service("haca-gateway"),
}


@pytest.mark.parametrize("who", FINDERS)
def test_a_killed_process_costs_its_streams_and_comes_back(network, who):
    find = FINDERS[who]
    victim = eventually(lambda: find(network), f"the {who}")
    outcome = stream_and_kill(network, victim)

    if who == "gateway":
        assert outcome.broken is not None and not outcome.is_done
    elif outcome.is_done:
        assert outcome.is_signed, "a stream that ends in [DONE] is whole and signed"
    else:
        # OpenGradient's clients read `error` as text; an in-band failure has no [DONE] behind it.
        assert outcome.error, outcome.events[-1]

    def returned() -> Process | None:
        found = find(network)
        return found if found and found != victim else None

    eventually(returned, f"another {who}", 120)
    eventually(network.answers, f"an answer after the {who} was killed", 120, pause=0.2)


def test_the_network_survives_being_killed_piece_by_piece_twice(network):
    for _ in range(2):
        for who, find in FINDERS.items():
            eventually(lambda: find(network), f"the {who}", 120).kill()
        eventually(network.answers, "an answer after everything was killed", 180, pause=0.2)


def test_an_engine_that_breaks_off_costs_only_that_stream(tmp_path):
    from processes import CannedEngine

    engine = CannedEngine("--tokens", "50", "--break-after", "5")
    made = Network(tmp_path / "network", "--engine-url", engine.url)
    try:
        from network import haca

        result = haca("testnet", "up", "--detach", "--ports", "auto", *made.where, *made.options)
        assert result.returncode == 0, result.stdout + result.stderr
        body = {"model": made.model, **LONG}
        lines = []
        with httpx.stream("POST", f"{made.url}/v1/chat/completions", json=body, timeout=ANSWER_TIMEOUT) as answer:
            lines = [line for line in answer.iter_lines() if line]
        assert json.loads(lines[-1].removeprefix("data: "))["error"]
        assert "data: [DONE]" not in lines
        assert httpx.get(f"{made.url}/health").status_code == 200
    finally:
        made.down()
        engine.stop()
