"""What users type and what providers' keys are is in no file of a network, whatever went wrong on the way."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import httpx
import pytest

from network import ANSWER_TIMEOUT, Network
from processes import descendants


def occurrences(folder: Path, needle: bytes) -> list[str]:
    """Every file under `folder` that holds `needle`; read in pieces that overlap."""
    found = []
    for path in folder.rglob("*"):
        if not path.is_file() or path.is_symlink():
            continue
        with path.open("rb") as file:
            tail = b""
            while piece := file.read(1 << 20):
                if needle in tail + piece:
                    found.append(str(path.relative_to(folder)))
                    break
                tail = piece[-len(needle) :]
    return found


@pytest.fixture(scope="module")
def used(tmp_path_factory):
    """A network that was used in every way that could leak, then stopped."""
    typed, key = f"typed{secrets.token_hex(8)}", f"sk-{secrets.token_hex(24)}"
    made = Network(tmp_path_factory.mktemp("private") / "network").up()
    environments = []
    try:
        url, model = made.url, made.model
        with httpx.Client(base_url=url, timeout=ANSWER_TIMEOUT) as client:
            message = [{"role": "user", "content": f"Repeat after me: {typed}"}]
            chat = {"model": model, "messages": message, "max_tokens": 8}
            tool = {"type": "function", "function": {"name": typed, "parameters": {"type": "object"}}}
            bodies = [
                chat,
                {**chat, "stream": True},
                {**chat, "stop": [typed]},
                {**chat, "model": typed},
                {**chat, "temperature": typed},
                {**chat, "user": typed},
                {**chat, "tools": [tool], "tool_choice": {"type": "function", "function": {"name": typed}}},
                {**chat, "messages": [{"role": typed, "content": typed}]},
                {**chat, "response_format": {"type": "json_schema", "json_schema": {"name": typed, "schema": {"type": typed}}}},
            ]
            for body in bodies:
                client.post("/v1/chat/completions", json=body)
            client.post("/v1/completions", json={"model": model, "prompt": typed, "max_tokens": 4})
            client.post("/v1/embeddings", json={"model": model, "input": typed})
            broken = f'{{"model": "{model}", "messages": "{typed}'.encode()
            client.post("/v1/chat/completions", content=broken, headers={"Content-Type": "application/json"})
            client.post("/v1/chat/completions", content=typed.encode(), headers={"Content-Type": f"text/{typed}"})
            client.get(f"/{typed}", params={"q": typed}, headers={"Authorization": f"Bearer {key}", "X-Note": typed})
            client.get(f"/v1/models/{typed}")
            client.post("/v1/keys", json={"openai_api_key": key, typed: key})
            client.post("/v1/keys", json={"openai_api_key": key})
            with client.stream("POST", "/v1/chat/completions", json={**chat, "max_tokens": 200, "stream": True}) as answer:
                next(answer.iter_lines())
            # A crash in the middle of it must not leave the text in a crash report either.
            engine = made.engine()
            assert engine
            engine.kill()
            client.post("/v1/chat/completions", json=chat)
        for process in descendants(made.supervisor.pid):
            try:
                environments.append(Path(f"/proc/{process.pid}/environ").read_bytes())
                environments.append(Path(f"/proc/{process.pid}/cmdline").read_bytes())
            except FileNotFoundError:
                pass
    finally:
        made.down()
    return made, typed.encode(), key.encode(), b"".join(environments)


def test_no_file_holds_what_was_typed(used):
    network, typed, _, _ = used
    assert occurrences(network.folder, typed) == []


def test_no_file_holds_a_provider_key(used):
    network, _, key, _ = used
    assert occurrences(network.folder, key) == []


def test_no_process_was_started_with_a_provider_key_or_a_typed_text(used):
    _, typed, key, environments = used
    assert environments
    assert typed not in environments and key not in environments


def test_private_files_are_readable_by_their_owner_only(used):
    network = used[0]
    loose = [
        str(path.relative_to(network.folder))
        for path in network.folder.rglob("*")
        if path.is_file() and "key" in path.name.lower() and os.stat(path).st_mode & 0o077
    ]
    assert loose == []


def test_logs_were_written_at_all(used):
    network = used[0]
    assert occurrences(network.folder, b"listening") or occurrences(network.folder, b"start")
