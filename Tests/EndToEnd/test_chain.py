"""Four validators as real processes: they agree, whatever is killed, frozen, cut off or wiped."""

from __future__ import annotations

import random
import signal
import time

import pytest

from chain import RETURN_TIMEOUT, Chain, Pace
from network import Network, haca
from processes import CannedEngine, eventually

# Without transactions a block comes each second; a proposer that is gone costs a second more.
GAP = 3.0


@pytest.fixture(scope="module")
def chain(tmp_path_factory):
    engine = CannedEngine()
    made = Network(tmp_path_factory.mktemp("chain") / "network", "--engine-url", engine.url, "--validators", "4")
    try:
        result = haca("testnet", "up", "--detach", "--ports", "auto", *made.where, *made.options)
        assert result.returncode == 0, result.stdout + result.stderr + made.logs()
        chain = Chain(made)
        chain.wait_for(2)
        yield chain
    finally:
        made.down()
        engine.stop()


@pytest.fixture(autouse=True)
def whole(chain):
    """Every test begins and ends with four validators that make blocks together."""
    yield
    for validator in chain.validators:
        if validator.process:
            validator.kill(signal.SIGCONT)
    chain.command("heal")
    chain.grow(2)
    chain.assert_no_fork()


def test_four_validators_make_blocks_and_answer(chain):
    height = chain.grow(3)
    for validator in chain.validators:
        eventually(lambda: validator.peers == 3, f"three peers of {validator.name}", RETURN_TIMEOUT)
        status = validator.rpc("status")
        assert status["node_info"]["network"] == "haca-10740"
        assert int(status["validator_info"]["voting_power"]) == 10
        block = validator.rpc("block", height=str(height))["block"]
        assert sum(s["block_id_flag"] == 2 for s in block["last_commit"]["signatures"]) >= 3


def test_a_transaction_reaches_every_validator(chain):
    answer = chain[1].broadcast(b"colour=blue", how="commit")
    assert answer["check_tx"]["code"] == 0 and answer["tx_result"]["code"] == 0
    chain.wait_for(int(answer["height"]) + 1)
    for validator in chain.validators:
        assert validator.value("colour") == "blue"


def test_a_transaction_does_not_wait_for_the_next_empty_block(chain):
    took = []
    for number in range(5):
        began = time.monotonic()
        chain[number % 4].broadcast(f"quick-{number}=1".encode(), how="commit")
        took.append(time.monotonic() - began)
    assert sorted(took)[2] < 1.0, took


def test_a_killed_validator_costs_no_fork_and_comes_back(chain):
    pace = Pace(chain[0])
    victim = chain[3]
    before = victim.process
    victim.kill()
    assert pace.longest_pause(8) <= GAP
    eventually(lambda: victim.process not in (None, before), "another process", RETURN_TIMEOUT)
    victim.wait_for(chain[0].height)


def test_without_a_quorum_no_block_is_made_and_then_it_goes_on(chain):
    for validator in (chain[2], chain[3]):
        validator.kill(signal.SIGSTOP)
    time.sleep(2)
    height = chain[0].height
    time.sleep(5)
    assert chain[0].height <= height + 1
    stuck = chain[0].height
    for validator in (chain[2], chain[3]):
        validator.kill(signal.SIGCONT)
    chain[0].wait_for(stuck + 2, within=15)


def test_two_killed_validators_come_back_and_the_chain_with_them(chain):
    height = chain.height
    for validator in (chain[1], chain[2]):
        validator.kill()
    chain.wait_for(height + 3)


def test_all_validators_killed_at_once_go_on_where_they_were(chain):
    chain[0].broadcast(b"kept=yes", how="commit")
    height = chain.height
    for validator in chain.validators:
        validator.kill()
    chain.wait_for(height + 3)
    assert chain[2].value("kept") == "yes"


def test_a_validator_that_is_cut_off_catches_up_when_its_links_are_whole(chain):
    pace = Pace(chain[0])
    chain.command("partition", chain[3].name)
    assert pace.longest_pause(8) <= GAP
    behind = chain[3].height
    assert chain[0].height > behind
    chain.command("heal", chain[3].name)
    chain[3].wait_for(chain[0].height)


@pytest.mark.parametrize("direction", ["sent", "received"])
def test_a_link_that_is_cut_one_way_stops_nobody_else(chain, direction):
    height = chain[0].height
    chain.command("partition", chain[2].name, "--direction", direction)
    chain[0].wait_for(height + 3)
    chain.command("heal", chain[2].name)
    chain[2].wait_for(chain[0].height)


def test_half_and_half_stops_and_then_goes_on(chain):
    chain.command("partition", chain[2].name)
    chain.command("partition", chain[3].name)
    time.sleep(2)
    height = chain[0].height
    time.sleep(4)
    assert chain[0].height <= height + 1
    chain.command("heal")
    chain.wait_for(height + 3)


def test_slow_links_slow_the_chain_and_do_not_stop_it(chain):
    chain.command("slow", "--latency", "60ms")
    chain.grow(3)


def test_a_frozen_validator_is_waited_for_by_nobody(chain):
    pace = Pace(chain[0])
    chain.command("pause", chain[1].name)
    assert pace.longest_pause(8) <= GAP
    chain.command("resume", chain[1].name)
    chain[1].wait_for(chain[0].height)


def test_a_wiped_validator_gets_the_chain_back(chain):
    chain[0].broadcast(b"before-the-wipe=1", how="commit")
    chain.command("wipe", chain[3].name)
    chain[3].wait_for(chain[0].height, within=120)
    eventually(lambda: chain[3].is_synced, "the end of block sync", RETURN_TIMEOUT)
    assert chain[3].value("before-the-wipe") == "1"
    # It votes again: a block that it signed.
    address = chain[3].rpc("status")["validator_info"]["address"]

    def has_signed() -> bool:
        commit = chain[0].rpc("commit", height=str(chain[0].height - 1))["signed_header"]["commit"]
        return any(s["validator_address"] == address and s["block_id_flag"] == 2 for s in commit["signatures"])

    eventually(has_signed, "a signature of the wiped validator", RETURN_TIMEOUT)


def test_a_validator_leaves_and_comes_back_by_transaction(chain):
    key = chain[3].rpc("status")["validator_info"]["pub_key"]["value"]

    def set_power(power: int, want: int) -> None:
        answer = chain[0].broadcast(f"val:{key}!{power}".encode(), how="commit")
        assert answer["tx_result"]["code"] == 0, answer
        height = int(answer["height"])
        # Results of H act at H + 2.
        chain.wait_for(height + 3)
        assert len(chain[0].rpc("validators", height=str(height + 1))["validators"]) != want
        assert len(chain[0].rpc("validators", height=str(height + 2))["validators"]) == want

    set_power(0, 3)
    chain.grow(3)
    assert chain[3].rpc("status")["validator_info"]["voting_power"] == "0"
    set_power(10, 4)


def test_the_status_shows_heights_and_links(chain):
    chain.command("partition", chain[2].name)
    table = haca("testnet", "status", *chain.network.where).stdout
    rows = [line for line in table.splitlines() if line.startswith("validator-")]
    assert len(rows) == 4
    assert all("height " in row and "peers " in row for row in rows), table
    assert "cut off" in next(row for row in rows if row.startswith(chain[2].name))


def test_blocks_go_on_while_a_random_validator_dies_again_and_again(chain, churn):
    """The short form of the long run: `make soak` sets more blocks."""
    chooser = random.Random(churn.seed)
    target = chain.height + churn.blocks
    kills, number = 0, 0
    while chain.height < target:
        chooser.choice(chain.validators).kill()
        kills += 1
        until = time.monotonic() + chooser.uniform(2, 5)
        while time.monotonic() < until:
            number += 1
            try:
                chain.validators[number % 4].broadcast(f"churn-{number}={number}".encode())
            except Exception:  # noqa: BLE001 - it may be the one that has just been killed
                pass
            time.sleep(0.2)
        assert kills < 20 * churn.blocks, f"stuck at {chain.height} of {target}"
    chain.grow(2)
    chain.assert_no_fork()
