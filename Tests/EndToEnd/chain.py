"""A chain of real validators: what its RPC says, and what can be done to its processes and links."""

from __future__ import annotations

import base64
import json
import signal
import time
from pathlib import Path

import httpx

from network import START_TIMEOUT, Network, haca
from processes import Process, everything, eventually

# A validator restarts, reads its log, and connects within this, on a machine that does other things as well.
RETURN_TIMEOUT = 60.0


# One for all requests: making a client costs more than a request.
CLIENT = httpx.Client(timeout=30.0)


class Validator:
    """One validator of a running network."""

    def __init__(self, chain: "Chain", name: str, port: int):
        self.chain = chain
        self.name = name
        self.url = f"http://127.0.0.1:{port}"

    def rpc(self, method: str, **params) -> dict:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answer = CLIENT.post(self.url, json=body).json()
        assert "error" not in answer, answer["error"]
        return answer["result"]

    @property
    def height(self) -> int:
        """The last block; 0 while it does not answer."""
        try:
            return int(self.rpc("status")["sync_info"]["latest_block_height"])
        except (httpx.HTTPError, json.JSONDecodeError, KeyError):
            return 0

    @property
    def peers(self) -> int:
        return int(self.rpc("net_info")["n_peers"])

    @property
    def is_synced(self) -> bool:
        try:
            return not self.rpc("status")["sync_info"]["catching_up"]
        except (httpx.HTTPError, json.JSONDecodeError, KeyError):
            return False

    def block_hash(self, height: int) -> str:
        return self.rpc("block", height=str(height))["block_id"]["hash"]

    def broadcast(self, transaction: bytes, how: str = "sync") -> dict:
        return self.rpc(f"broadcast_tx_{how}", tx=base64.b64encode(transaction).decode())

    def value(self, key: str) -> str:
        """What the key-value application answers; empty for a key it does not have."""
        response = self.rpc("abci_query", path="/store", data=key.encode().hex())["response"]
        return base64.b64decode(response.get("value") or "").decode()

    @property
    def process(self) -> Process | None:
        home = str(self.chain.network.folder / "configuration" / f"{self.name}.toml")
        found = [p for p in everything() if p.executable == "haca-validator" and home in p.arguments]
        return found[0] if found else None

    def kill(self, number: int = signal.SIGKILL) -> None:
        eventually(lambda: self.process, f"the process of {self.name}", RETURN_TIMEOUT).kill(number)

    def wait_for(self, height: int, within: float = RETURN_TIMEOUT) -> None:
        eventually(lambda: self.height >= height, f"height {height} at {self.name}", within)


class Chain:
    """The validators of one network."""

    def __init__(self, network: Network):
        self.network = network
        description = json.loads((Path(network.folder) / "network.json").read_text())
        self.validators = [Validator(self, v["name"], v["port"]) for v in description["validators"]]
        self.checked = 0

    def __getitem__(self, index: int) -> Validator:
        return self.validators[index]

    def command(self, verb: str, *arguments: str) -> None:
        result = haca("testnet", verb, *arguments, *self.network.where, timeout=START_TIMEOUT)
        assert result.returncode == 0, result.stdout + result.stderr

    @property
    def height(self) -> int:
        return max(v.height for v in self.validators)

    def wait_for(self, height: int, within: float = RETURN_TIMEOUT) -> None:
        for validator in self.validators:
            validator.wait_for(height, within)

    def grow(self, blocks: int, within: float = RETURN_TIMEOUT) -> int:
        """Waits until every validator has so many more blocks than any had."""
        height = self.height + blocks
        self.wait_for(height, within)
        return height

    def assert_no_fork(self) -> None:
        """What two validators have at the same height is the same; each look begins where the last one ended."""
        last = min(v.height for v in self.validators if v.height > 0)
        step = max(1, (last - self.checked) // 20)
        for height in {*range(self.checked + 1, last + 1, step), last}:
            hashes = {v.name: v.block_hash(height) for v in self.validators if v.height >= height}
            assert len(set(hashes.values())) == 1, f"a fork at height {height}: {hashes}"
        self.checked = last


class Pace:
    """Watches one validator's height and keeps the longest pause between two blocks."""

    def __init__(self, validator: Validator):
        self.validator = validator

    def longest_pause(self, seconds: float) -> float:
        height, last, longest = self.validator.height, time.monotonic(), 0.0
        end = last + seconds
        while (now := time.monotonic()) < end:
            if (seen := self.validator.height) > height:
                longest = max(longest, now - last)
                height, last = seen, now
            time.sleep(0.02)
        return max(longest, time.monotonic() - last)
