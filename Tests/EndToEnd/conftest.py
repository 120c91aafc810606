import os
from dataclasses import dataclass

import pytest

from network import Network
from processes import CannedEngine


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """A network with the bundled model."""
    made = Network(tmp_path_factory.mktemp("real") / "network")
    try:
        yield made.up()
    finally:
        made.down()


@pytest.fixture(scope="module")
def slow_engine():
    """Ten seconds an answer, so that there is always time to interfere."""
    engine = CannedEngine("--delay-ms", "50", "--tokens", "200")
    yield engine
    engine.stop()


@pytest.fixture(scope="module")
def slow_network(tmp_path_factory, slow_engine):
    made = Network(tmp_path_factory.mktemp("slow") / "network", "--engine-url", slow_engine.url)
    try:
        yield made.up()
    finally:
        made.down()


@dataclass(frozen=True)
class Churn:
    """How long validators are killed at random."""

    blocks: int
    seed: int


@pytest.fixture(scope="session")
def churn() -> Churn:
    return Churn(
        blocks=int(os.environ.get("HACA_CHURN_BLOCKS", "15")), seed=int(os.environ.get("HACA_CHURN_SEED", "1"))
    )
