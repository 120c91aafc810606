"""Checks an answer with OpenGradient's own verification module, unmodified, and sends the bytes it was made from."""

from __future__ import annotations

import json
from dataclasses import dataclass

import httpx
from eth_hash.auto import keccak
from opengradient.client.tee_verify import (
    TeeProof,
    build_inner_request,
    pem_from_der,
    response_content_for_hash,
    verify_response,
)

from deployment import Deployment


@dataclass
class Streamed:
    """A server-sent stream taken apart: its JSON events, and whether it ended as agreed."""

    events: list[dict]
    done: bool
    lines: list[str]

    @property
    def final(self) -> dict:
        return self.events[-1]

    @property
    def text(self) -> str:
        return "".join(
            choice.get("delta", {}).get("content") or "" for event in self.events for choice in event.get("choices", [])
        )

    @property
    def tool_calls(self) -> list[dict]:
        calls: dict[int, dict] = {}
        for event in self.events:
            for choice in event.get("choices", []):
                for fragment in choice.get("delta", {}).get("tool_calls") or []:
                    call = calls.setdefault(
                        fragment["index"], {"id": "", "type": "function", "function": {"name": "", "arguments": ""}}
                    )
                    call["id"] = fragment.get("id") or call["id"]
                    function = fragment.get("function", {})
                    call["function"]["name"] = function.get("name") or call["function"]["name"]
                    call["function"]["arguments"] += function.get("arguments") or ""
        return [calls[index] for index in sorted(calls)]


def post(http: httpx.Client, path: str, body: dict | bytes) -> dict:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = http.post(path, content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == 200, answer.text
    return answer.json()


def stream(http: httpx.Client, path: str, body: dict) -> Streamed:
    events, lines, done = [], [], False
    content = json.dumps({**body, "stream": True}).encode()
    with http.stream("POST", path, content=content, headers={"Content-Type": "application/json"}) as answer:
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert "content-encoding" not in answer.headers
        for line in answer.iter_lines():
            lines.append(line)
            if line == "data: [DONE]":
                done = True
            elif line.startswith("data: "):
                events.append(json.loads(line.removeprefix("data: ")))
    return Streamed(events, done, lines)


def verify(deployment: Deployment, request: dict, response: dict, content: str | None = None) -> TeeProof:
    """`verify_response` exactly as the SDK's OHTTP client calls it."""
    _, canonical = build_inner_request(request)
    return verify_canonical(deployment, canonical, response, content)


def verify_canonical(deployment: Deployment, canonical: dict, response: dict, content: str | None = None) -> TeeProof:
    return verify_response(
        canonical_request=canonical,
        response_body=response,
        response_content=response_content_for_hash(response) if content is None else content,
        signing_key_pem=pem_from_der(deployment.endpoint.signing_public_key_der),
        expected_tee_id=deployment.endpoint.tee_id,
        tee_host=deployment.endpoint.endpoint,
    )


def message_hash(response: dict) -> str:
    """What the compatible signature covers, and the name of the receipt: 64 hexadecimal digits."""
    request_hash = bytes.fromhex(response["tee_request_hash"])
    output_hash = bytes.fromhex(response["tee_output_hash"])
    return keccak(request_hash + output_hash + int(response["tee_timestamp"]).to_bytes(32, "big")).hex()
