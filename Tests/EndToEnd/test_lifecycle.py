"""Starting, stopping, and what is left behind: nothing."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time

import pytest

from network import START_TIMEOUT, Network, haca
from processes import CannedEngine, Process, eventually

# Said of the second start, when everything is built and made: seconds, on a machine that does other things as well.
SECOND_START = 20.0


@pytest.fixture(scope="module")
def engine():
    canned = CannedEngine()
    yield canned
    canned.stop()


@pytest.fixture
def made(tmp_path, engine):
    network = Network(tmp_path / "network", "--engine-url", engine.url)
    yield network
    network.down()


def foreground(network: Network) -> subprocess.Popen:
    """`up` as a person runs it; a session of its own, so that a signal reaches nobody else."""
    command = [os.environ["HACA_BIN"], "testnet", "up", "--ports", "auto", *network.where, *network.options]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)


def gone(processes: list[Process]) -> bool:
    return not any(process.is_alive for process in processes)


def survivors(processes: list[Process]) -> str:
    return ", ".join(str(process) for process in processes if process.is_alive)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL, signal.SIGHUP])
def test_whatever_ends_the_supervisor_ends_everything(made, number):
    supervisor = foreground(made)
    made.wait()
    family = made.processes
    assert len(family) >= 3
    os.kill(supervisor.pid, number)
    code = supervisor.wait(timeout=60)
    if number in (signal.SIGINT, signal.SIGTERM):
        assert code in (0, 128 + number)
    try:
        eventually(lambda: gone(family), "the end of every process", 30)
    except AssertionError:
        raise AssertionError(f"left behind: {survivors(family)}") from None


def test_down_ends_everything_and_says_so(made):
    made.up()
    family = made.processes
    assert haca("testnet", "down", *made.where).returncode == 0
    eventually(lambda: gone(family), "the end of every process", 30)
    assert haca("testnet", "status", *made.where).returncode != 0


def test_the_second_start_takes_seconds(made):
    made.up()
    haca("testnet", "down", *made.where)
    began = time.monotonic()
    made.up()
    assert time.monotonic() - began < SECOND_START


def test_a_network_that_runs_is_not_started_twice(made):
    made.up()
    before = made.supervisor
    again = haca("testnet", "up", "--detach", "--ports", "auto", *made.where, *made.options)
    assert again.returncode != 0
    assert len(again.stderr.strip().splitlines()) == 1, again.stderr
    assert made.supervisor == before
    assert made.answers()


def test_after_a_kill_the_same_folder_starts_again(made):
    supervisor = foreground(made)
    made.wait()
    family = made.processes
    os.kill(supervisor.pid, signal.SIGKILL)
    supervisor.wait(timeout=10)
    eventually(lambda: gone(family), "the end of every process", 30)
    made.up()


def test_status_names_every_process_and_its_state(made):
    made.up()
    status = haca("testnet", "status", *made.where)
    assert status.returncode == 0
    assert "gateway" in status.stdout and "worker" in status.stdout


def test_status_says_when_a_process_that_was_ready_is_so_no_more(made):
    made.up()
    worker = made.service("haca-worker")
    assert worker and made.states["worker-0"] == "ready"
    os.kill(worker.pid, signal.SIGSTOP)
    try:
        assert haca("testnet", "status", *made.where).returncode != 0
        assert made.states["worker-0"] != "ready"
    finally:
        os.kill(worker.pid, signal.SIGCONT)
    eventually(lambda: made.states["worker-0"] == "ready", "the worker to be ready again", 30, pause=0.2)


def test_a_process_can_be_killed_and_restarted_by_name(made):
    made.up()
    for verb in ("kill", "restart"):
        before = made.service("haca-worker")
        assert before
        result = haca("testnet", verb, "worker-0", *made.where)
        assert result.returncode == 0, result.stdout + result.stderr
        eventually(lambda: (now := made.service("haca-worker")) and now != before, "another worker", 60)
        eventually(made.answers, "an answer afterwards", START_TIMEOUT, pause=0.2)


def test_a_port_in_use_is_one_clear_line(made):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = haca("testnet", "up", "--detach", "--ports", "auto", "--http-port", str(port), *made.where, *made.options)
        assert result.returncode != 0
        lines = result.stderr.strip().splitlines()
        assert len(lines) == 1, result.stderr
        assert str(port) in lines[0]
    assert not [p for p in made.folder.rglob("*") if p.is_socket()]


def test_an_engine_that_is_not_there_is_one_clear_line(tmp_path):
    network = Network(tmp_path / "network", "--engine-url", "http://127.0.0.1:1")
    try:
        arguments = ["--wait", "8s", "--ports", "auto", *network.where, *network.options]
        result = haca("testnet", "up", "--detach", *arguments)
        if result.returncode != 0:
            assert len(result.stderr.strip().splitlines()) == 1, result.stderr
            assert "127.0.0.1:1" in result.stderr
    finally:
        network.down()


def test_a_full_disk_is_one_clear_line(tmp_path, engine):
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", 'mount -t tmpfs -o size=8m tmpfs "$0" && exec "$@"']
    if subprocess.run([*mount, folder, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("no file system can be mounted here")
    command = [os.environ["HACA_BIN"], "testnet", "up", "--ports", "auto", "--engine-url", engine.url, "--folder", folder / "n"]
    full = [*mount, folder, "sh", "-c", 'dd if=/dev/zero of="$0/fill" bs=64k 2>/dev/null; exec "$@"', folder]
    for run in ([*mount, folder, *command], [*full, *command], [*full, *command, "--detach"]):
        result = subprocess.run(run, capture_output=True, text=True, timeout=START_TIMEOUT, check=False)
        assert result.returncode == 73, result.stderr
        lines = result.stderr.strip().splitlines()
        assert len(lines) == 1, result.stderr
        assert "free space" in lines[0] and "--folder" in lines[0]


@pytest.mark.parametrize("flag", ["--python", "--weights"])
def test_a_file_of_the_engine_that_is_not_there_is_named(tmp_path, flag):
    result = haca("testnet", "up", "--ports", "auto", flag, "/nowhere/file", "--folder", str(tmp_path / "n"))
    assert result.returncode != 0
    assert len(result.stderr.strip().splitlines()) == 1
    assert flag in result.stderr and "/nowhere/file" in result.stderr
