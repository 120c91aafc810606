"""Values of one's own in FILE.d: they count, they are measured, and a full worker is passed over for another."""

from __future__ import annotations

import concurrent.futures

import pytest

from network import Network
from processes import CannedEngine, eventually


@pytest.fixture(scope="module")
def engine():
    """Ten seconds an answer."""
    canned = CannedEngine("--delay-ms", "50", "--tokens", "200")
    yield canned
    canned.stop()


def override(network: Network, process: str, text: str) -> None:
    folder = network.folder / "configuration" / f"{process}.toml.d"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "10-own.toml").write_text(text)


def model(engine: CannedEngine, slots: int) -> str:
    return f"""
[worker]
queue_limit = 0
[[worker.models]]
id = "canned"
backend = "openai"
url = "{engine.url}"
slots = {slots}
"""


def test_a_full_worker_is_passed_over_and_only_a_full_network_answers_429(tmp_path, engine):
    made = Network(tmp_path / "network", "--engine-url", engine.url, "--workers", "2")
    # The gateway sends work where less of it runs, so the smaller worker is full first.
    override(made, "worker-0", model(engine, 1))
    override(made, "worker-1", model(engine, 3))
    try:
        made.up(answers=False)
        eventually(lambda: "canned" in made.models and "worker-1" in made.ready, "both workers", 60, pause=0.2)
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            served = []
            for number in range(4):
                served.append(pool.submit(made.chat, model="canned", max_tokens=200))
                eventually(lambda: engine.stats["running"] == number + 1, f"{number + 1} running", 5, 0.01)
            refused = made.chat(model="canned")
            assert refused.status_code == 429, refused.text
            assert refused.headers["retry-after"] == "1"
            assert refused.json()["error"]["code"] == "queue_full"
            assert [answer.result().status_code for answer in served] == [200] * 4
        assert made.chat(model="canned", max_tokens=1).status_code == 200
    finally:
        made.down()


def test_an_override_that_was_not_measured_at_the_start_makes_another_enclave(tmp_path, engine):
    made = Network(tmp_path / "network", "--engine-url", engine.url)
    override(made, "worker-0", "worker.queue_limit = 7\n")
    try:
        made.up()
        # Values of a running process are those that were measured; a process that starts again is measured again.
        override(made, "worker-0", "worker.queue_limit = 8\n")
        assert made.answers()
        worker = made.service("haca-worker")
        assert worker
        worker.kill()
        eventually(lambda: (now := made.service("haca-worker")) and now != worker, "another worker", 60)
        eventually(lambda: made.states["worker-0"] == "ready", "the worker itself to be well", 60, pause=0.2)
        eventually(lambda: "not approved" in made.log("gateway"), "the refusal in the gateway's log", 60, pause=0.2)
        assert made.states["gateway"] == "not ready"
        assert not made.answers()
    finally:
        made.down()
