"""A changed file is another enclave: a worker whose weights differ by one byte gets no work."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from network import START_TIMEOUT, Network
from processes import eventually

# A place in the middle of the file, far from its header, so that the engine itself would not notice.
OFFSET = 1 << 20


@pytest.fixture
def weights(tmp_path, network) -> Path:
    """A copy of the bundled weights, found through the engine that serves them."""
    engine = network.engine()
    assert engine
    model = engine.arguments[engine.arguments.index("--model") + 1]
    # A descriptor of the engine's own.
    return Path(shutil.copy(model.replace("/self/", f"/{engine.pid}/"), tmp_path / "weights.gguf"))


def flip(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(OFFSET)
        byte = file.read(1)[0]
        file.seek(OFFSET)
        file.write(bytes([byte ^ 1]))
        file.flush()
        os.fsync(file.fileno())


def test_weights_changed_by_one_byte_are_refused_until_they_are_put_right(tmp_path, weights):
    made = Network(tmp_path / "network", "--weights", str(weights)).up()
    try:
        flip(weights)
        worker = made.service("haca-worker")
        assert worker
        worker.kill()
        again = eventually(lambda: (w := made.service("haca-worker")) and w != worker and w, "another worker", 60)
        # The worker itself is well; it is the gateway that gives it nothing.
        eventually(lambda: again.is_alive and made.engine(), "the engine with the changed weights", 60)
        refused = eventually(
            lambda: (answer := made.chat(model="any")).status_code >= 400 and answer, "a refusal", START_TIMEOUT
        )
        assert refused.status_code in (404, 503)
        assert not made.answers()
        assert "PCR8" in made.logs() or "weights" in made.logs()

        flip(weights)
        for process in made.processes:
            if process.executable == "haca-worker":
                process.kill()
        eventually(made.answers, "an answer with the right weights", START_TIMEOUT, pause=0.2)
    finally:
        made.down()


def test_an_engine_that_starts_again_loads_the_weights_that_were_measured(tmp_path, weights):
    made = Network(tmp_path / "network", "--weights", str(weights)).up()
    try:
        # Another file under the measured one's name, while the worker runs on.
        weights.rename(tmp_path / "moved.gguf")
        weights.write_bytes(b"GGUF, but no model")
        engine = made.engine()
        assert engine
        engine.kill()
        eventually(lambda: (now := made.engine()) and now != engine, "another engine", 60)
        eventually(made.answers, "an answer of the measured weights", START_TIMEOUT, pause=0.2)
    finally:
        made.down()
