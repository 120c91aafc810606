"""Clients written against CometBFT's RPC, unmodified: the Xian SDK, a plain WebSocket client, and, where one is named by
HACA_COSMOS_CLI, the command line of a Cosmos chain, which contains CometBFT's own Go client."""

from __future__ import annotations

import asyncio
import base64
import concurrent.futures
import hashlib
import json
import os
import subprocess
import time
import uuid

import aiohttp
import httpx
import pytest
from xian_py import transaction as xian

# A block is decided within this on a cold two-core machine; nothing waits for it in vain.
BLOCK_TIMEOUT = 60.0


@pytest.fixture(scope="module")
def chain() -> str:
    url = os.environ.get("HACA_CHAIN_RPC")
    if not url:
        pytest.skip("this network has no chain: HACA_CHAIN_RPC is not set")
    return url.rstrip("/")


@pytest.fixture(scope="module")
def rpc(chain: str):
    def call(method: str, **parameters):
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}
        answer = httpx.post(chain, json=body, timeout=BLOCK_TIMEOUT).json()
        assert "error" not in answer, answer
        return answer["result"]

    return call


@pytest.fixture(scope="module")
def committed(rpc) -> dict:
    """A transaction of ours that is in a block."""
    key = f"interop-{uuid.uuid4().hex}"
    transaction = f"{key}=value".encode()
    result = rpc("broadcast_tx_commit", tx=base64.b64encode(transaction).decode())
    assert result["check_tx"]["code"] == 0 and result["tx_result"]["code"] == 0
    assert result["hash"] == hashlib.sha256(transaction).hexdigest().upper()
    return {"key": key, "transaction": transaction, "height": int(result["height"]), "hash": result["hash"]}


def test_xian_sdk_reads_status_blocks_and_results(chain: str, committed: dict):
    async def read():
        status = (await xian.get_status_async(chain))["result"]
        block = (await xian.get_block_async(chain, committed["height"]))["result"]
        results = (await xian.get_block_results_async(chain, committed["height"]))["result"]
        return status, block, results

    status, block, results = asyncio.run(read())
    assert int(status["sync_info"]["latest_block_height"]) >= committed["height"]
    assert base64.b64encode(committed["transaction"]).decode() in block["block"]["data"]["txs"]
    assert len(results["txs_results"]) == len(block["block"]["data"]["txs"])
    assert block["block"]["header"]["chain_id"] == status["node_info"]["network"]


def test_xian_sdk_finds_a_transaction_by_hash(chain: str, committed: dict):
    found = asyncio.run(xian.get_tx_async(chain, committed["hash"], decode=False))["result"]
    assert int(found["height"]) == committed["height"]
    assert base64.b64decode(found["tx"]) == committed["transaction"]


def test_xian_sdk_queries_the_application(chain: str, committed: dict):
    answer = asyncio.run(xian.abci_query_async(chain, "/size"))
    value = answer["result"]["response"]["value"]
    assert int(base64.b64decode(value)) > 0


def test_xian_sdk_broadcasts_as_a_form(chain: str):
    # Its transactions are hex of JSON, which the key-value application judges and refuses.
    answer = asyncio.run(xian.broadcast_tx_wait_async(chain, {"payload": {"sender": "nobody"}}))
    assert answer["result"]["code"] == 1 and answer["result"]["hash"]


def test_a_websocket_client_hears_of_its_transaction(chain: str):
    key = f"ws-{uuid.uuid4().hex}"
    transaction = f"{key}=value".encode()

    async def listen():
        async with aiohttp.ClientSession() as session, session.ws_connect(f"{chain}/websocket") as socket:
            query = f"tm.event = 'Tx' AND app.key = '{key}'"
            await socket.send_json({"jsonrpc": "2.0", "id": "s", "method": "subscribe", "params": {"query": query}})
            assert (await socket.receive_json(timeout=BLOCK_TIMEOUT))["result"] == {}
            parameters = {"tx": base64.b64encode(transaction).decode()}
            await socket.send_json({"jsonrpc": "2.0", "id": "t", "method": "broadcast_tx_sync", "params": parameters})
            messages = {}
            while len(messages) < 2:
                message = await socket.receive_json(timeout=BLOCK_TIMEOUT)
                messages[message["id"]] = message["result"]
            return messages

    messages = asyncio.run(listen())
    assert messages["t"]["code"] == 0
    event = messages["s"]
    assert event["data"]["type"] == "tendermint/event/Tx"
    assert base64.b64decode(event["data"]["value"]["TxResult"]["tx"]) == transaction
    assert event["events"]["app.key"] == [key]


@pytest.fixture(scope="module")
def cosmos(chain: str, tmp_path_factory):
    program = os.environ.get("HACA_COSMOS_CLI")
    if not program:
        pytest.skip("HACA_COSMOS_CLI names no command line of a Cosmos chain")
    home = tmp_path_factory.mktemp("cosmos")
    node = chain.replace("http://", "tcp://")

    def run(*arguments: str):
        command = [program, *arguments, "--node", node, "--home", str(home), "--output", "json"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=BLOCK_TIMEOUT, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout or done.stderr)

    return run


def test_the_go_client_reads_status(cosmos, rpc):
    status = cosmos("status")
    assert status["node_info"]["network"] == rpc("status")["node_info"]["network"]


def test_the_go_client_reads_blocks_by_height_and_hash(cosmos, rpc, committed: dict):
    height = str(committed["height"])
    expected = rpc("block", height=height)
    block = cosmos("query", "block", "--type=height", height)
    assert block["header"]["height"] == height
    by_hash = cosmos("query", "block", "--type=hash", expected["block_id"]["hash"])
    assert by_hash["header"]["height"] == height
    results = cosmos("query", "block-results", height)
    assert len(results["txs_results"]) == len(expected["block"]["data"]["txs"])


def test_the_go_client_reads_the_validators(cosmos, rpc, committed: dict):
    height = str(committed["height"])
    validators = cosmos("query", "comet-validator-set", height)["validators"]
    assert len(validators) == int(rpc("validators", height=height)["total"])


def test_the_go_client_waits_for_a_transaction(cosmos, chain: str):
    """Over its WebSocket; should the transaction come first, it is found by its hash."""
    transaction = f"go-{uuid.uuid4().hex}=value".encode()
    name = hashlib.sha256(transaction).hexdigest().upper()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(cosmos, "query", "wait-tx", name, "--timeout", "40s")
        time.sleep(2)
        httpx.get(f"{chain}/broadcast_tx_sync", params={"tx": f"0x{transaction.hex()}"}, timeout=BLOCK_TIMEOUT)
        found = waiting.result()
    assert found["txhash"] == name and found["code"] == 0


def test_the_go_client_searches_blocks(cosmos, committed: dict):
    found = cosmos("query", "blocks", "--query", f"block.height = {committed['height']}")
    assert int(found["total_count"]) == 1
