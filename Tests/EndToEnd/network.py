"""One network of the command line tool's making, in a folder of its own."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from pathlib import Path

import httpx

from processes import Process, descendants, eventually, everything

# A cold two-core machine starts everything within this.
START_TIMEOUT = 180.0
ANSWER_TIMEOUT = 120.0


def haca(*arguments: str, timeout: float = START_TIMEOUT, **options) -> subprocess.CompletedProcess[str]:
    command = [os.environ["HACA_BIN"], *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False, **options)


def is_engine(found: Process) -> bool:
    """The engine itself, not the enclave host above it, which names the script among the files it measures."""
    return found.executable.startswith("python") and any("serve.py" in argument for argument in found.arguments)


class Network:
    """Runs detached unless a test wants to hold the supervisor itself."""

    def __init__(self, folder: Path, *options: str):
        self.folder = folder
        # Validators cost a start several processes; only what needs a chain has some.
        self.options = options if "--validators" in options else ("--validators", "0", *options)

    @property
    def where(self) -> list[str]:
        return ["--folder", str(self.folder)]

    def up(self, answers: bool = True) -> "Network":
        """Starts; `answers`: and waits until a request goes all the way through."""
        result = haca("testnet", "up", "--detach", "--ports", "auto", *self.where, *self.options)
        assert result.returncode == 0, result.stdout + result.stderr + self.logs()
        if answers:
            self.wait()
        return self

    def down(self) -> None:
        haca("testnet", "down", *self.where)

    def wait(self) -> None:
        eventually(self.answers, "an answer from the network", START_TIMEOUT, pause=0.2)

    def env(self) -> dict[str, str]:
        result = haca("testnet", "env", *self.where)
        if result.returncode != 0:
            return {}
        pairs = (line.removeprefix("export ").split("=", 1) for line in result.stdout.splitlines() if "=" in line)
        return {name: "".join(shlex.split(value)) for name, value in pairs}

    @property
    def url(self) -> str:
        return self.env()["HACA_GATEWAY_URL"].rstrip("/")

    @property
    def model(self) -> str:
        models = httpx.get(f"{self.url}/v1/models", timeout=ANSWER_TIMEOUT).json()["data"]
        return next(m["id"] for m in models if "chat" in m["haca"]["capabilities"] and not m["haca"]["mapped"])

    @property
    def models(self) -> list[str]:
        return [m["id"] for m in httpx.get(f"{self.url}/v1/models", timeout=ANSWER_TIMEOUT).json()["data"]]

    @property
    def states(self) -> dict[str, str]:
        """What `haca testnet status` says of each process."""
        result = haca("testnet", "status", "--json", *self.where)
        return {row["name"]: row["state"] for row in json.loads(result.stdout)["processes"]} if result.stdout else {}

    @property
    def ready(self) -> list[str]:
        return [name for name, state in self.states.items() if state == "ready"]

    def chat(self, **fields) -> httpx.Response:
        body = {"messages": [{"role": "user", "content": "Hello."}], "max_tokens": 2, "temperature": 0, **fields}
        if "model" not in body:
            body["model"] = self.model
        return httpx.post(f"{self.url}/v1/chat/completions", json=body, timeout=ANSWER_TIMEOUT)

    def answers(self) -> bool:
        """Whether a request goes all the way through."""
        try:
            return self.chat().status_code == 200
        except (httpx.HTTPError, KeyError, StopIteration, json.JSONDecodeError):
            return False

    # MARK: - Processes

    @property
    def supervisor(self) -> Process:
        found = [
            p
            for p in everything()
            if p.executable == "haca" and str(self.folder) in p.arguments and "up" in p.arguments
        ]
        assert found, "no process of this network's supervisor"
        numbers = {p.pid for p in found}
        return next(p for p in found if p.parent not in numbers)

    @property
    def processes(self) -> list[Process]:
        return descendants(self.supervisor.pid)

    def service(self, executable: str) -> Process | None:
        return next((p for p in self.processes if p.executable == executable), None)

    def engine(self) -> Process | None:
        return next((p for p in self.processes if is_engine(p)), None)

    def log(self, process: str) -> str:
        return (self.folder / "logs" / f"{process}.log").read_text(errors="replace")

    def logs(self) -> str:
        """The end of every log file, for the message of a failed assertion."""
        parts = []
        for path in sorted(self.folder.rglob("*.log")):
            parts.append(f"--- {path.name}\n" + path.read_text(errors="replace")[-2000:])
        return "\n".join(parts)
