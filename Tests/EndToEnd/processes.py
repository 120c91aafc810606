"""What runs on this machine, read from /proc, and the engine that stands in for a model."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, TypeVar

import httpx

T = TypeVar("T")


def eventually(probe: Callable[[], T], what: str, within: float = 60.0, pause: float = 0.05) -> T:
    """Polls until `probe` gives something true, and says what never came when it does not."""
    deadline = time.monotonic() + within
    while True:
        value = probe()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {within:g} s")
        time.sleep(pause)


@dataclass(frozen=True)
class Process:
    """One process; the start time tells it from a later one with the same number."""

    pid: int
    parent: int
    started: int
    executable: str
    arguments: tuple[str, ...]

    @property
    def is_alive(self) -> bool:
        now = process(self.pid)
        return now is not None and now.started == self.started

    def kill(self, number: int = signal.SIGKILL) -> None:
        if self.is_alive:
            os.kill(self.pid, number)

    def __str__(self) -> str:
        return f"{self.pid} {self.executable} {' '.join(self.arguments[1:4])}"


def process(pid: int) -> Process | None:
    """The process, or None if it is gone or only waits to be reaped."""
    folder = Path("/proc") / str(pid)
    try:
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
        arguments = (folder / "cmdline").read_bytes().decode(errors="replace").rstrip("\0").split("\0")
        executable = os.path.basename(os.readlink(folder / "exe"))
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None
    if fields[0] in "ZX":
        return None
    return Process(pid, int(fields[1]), int(fields[19]), executable.removesuffix(" (deleted)"), tuple(arguments))


def everything() -> list[Process]:
    return [found for entry in os.listdir("/proc") if entry.isdigit() and (found := process(int(entry)))]


def descendants(pid: int) -> list[Process]:
    """The process itself and all below it."""
    processes = everything()
    family, added = {pid}, True
    while added:
        more = {p.pid for p in processes if p.parent in family} - family
        family |= more
        added = bool(more)
    return [p for p in processes if p.pid in family]


class CannedEngine:
    """The benchmark's engine: answers like a model, costs nothing, misbehaves on request, and counts."""

    def __init__(self, *arguments: str):
        executable = Path(os.environ["HACA_BIN"]).with_name("haca-canned-engine")
        self.child = subprocess.Popen([executable, *arguments], stdout=subprocess.PIPE, text=True)
        line = self.child.stdout.readline()
        assert line.startswith("listening 127.0.0.1:"), line
        self.url = f"http://{line.split()[1]}"

    @property
    def stats(self) -> dict:
        return httpx.get(f"{self.url}/stats").json()

    def stop(self) -> None:
        self.child.kill()
        self.child.wait()
        self.child.stdout.close()
