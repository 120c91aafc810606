"""Where the network under test is, and what a client of it learns before its first request."""

from __future__ import annotations

import os
import shlex
import socket
import ssl
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from opengradient.client.tee_registry import OhttpConfig, TEEEndpoint

ROOT = Path(__file__).resolve().parents[2]

# A cold two-core machine reads the weights, fills the cache and answers within this; nothing waits for it in vain.
ANSWER_TIMEOUT = 120.0


@dataclass(frozen=True)
class Deployment:
    """One running gateway. `plain` is its loopback listener for development, `tls` the one that ends in the enclave."""

    plain: str
    tls: str

    @staticmethod
    def from_environment() -> "Deployment":
        try:
            return Deployment(
                plain=os.environ["HACA_GATEWAY_URL"].rstrip("/"),
                tls=os.environ["HACA_GATEWAY_TLS_URL"].rstrip("/"),
            )
        except KeyError as missing:
            raise SystemExit(
                f"{missing} is not set: run Tests/Interop/run.sh, or export HACA_GATEWAY_URL and HACA_GATEWAY_TLS_URL"
            ) from None

    @cached_property
    def models(self) -> list[dict]:
        return httpx.get(f"{self.plain}/v1/models", timeout=ANSWER_TIMEOUT).json()["data"]

    @cached_property
    def chat_model(self) -> str:
        """The model to talk to: HACA_MODEL, or the first that chats under its own name."""
        return os.environ.get("HACA_MODEL") or self.first_with("chat")

    @cached_property
    def embedding_model(self) -> str:
        return os.environ.get("HACA_EMBEDDING_MODEL") or self.first_with("embeddings")

    def first_with(self, capability: str) -> str:
        found = [m["id"] for m in self.models if capability in m["haca"]["capabilities"] and not m["haca"]["mapped"]]
        assert found, f"no model of this network has the capability {capability}"
        return found[0]

    @cached_property
    def signing_key(self) -> dict:
        return httpx.get(f"{self.plain}/signing-key", timeout=ANSWER_TIMEOUT).json()

    @cached_property
    def leaf_der(self) -> bytes:
        """The certificate the TLS listener presents, unverified: tests compare it with what is attested."""
        address = urlsplit(self.tls)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with socket.create_connection((address.hostname, address.port), timeout=10) as raw:
            with context.wrap_socket(raw, server_hostname=address.hostname) as connection:
                certificate = connection.getpeercert(binary_form=True)
        assert certificate is not None
        return certificate

    @cached_property
    def endpoint(self) -> TEEEndpoint:
        """What the on-chain registry would say of this gateway, made from the gateway's own answers."""
        from cryptography.hazmat.primitives import serialization

        key = serialization.load_pem_public_key(self.signing_key["public_key"].encode())
        der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        return TEEEndpoint(
            tee_id=self.signing_key["tee_id"].removeprefix("0x"),
            endpoint=self.tls,
            tls_cert_der=self.leaf_der,
            payment_address=self.signing_key["wallet_address"],
            signing_public_key_der=der,
            ohttp_config=ohttp_config(self.signing_key["hpke"]),
        )


def ohttp_config(published: dict) -> OhttpConfig:
    """The registry's form of the configuration published at /v1/ohttp/config and under /signing-key's `hpke`."""
    import base64

    return OhttpConfig(
        key_id=published["key_id"],
        kem_id=published["kem_id"],
        kdf_id=published["kdf_id"],
        aead_id=published["aead_id"],
        public_key=bytes.fromhex(published["public_key"]),
        key_config=base64.b64decode(published["key_config"]),
        registered_at=0,
    )


def haca(*arguments: str, timeout: float = ANSWER_TIMEOUT) -> subprocess.CompletedProcess[str]:
    """Runs the command line tool named by HACA_BIN (default: `haca` on the path)."""
    command = shlex.split(os.environ.get("HACA_BIN", "haca"))
    return subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=timeout, check=False)
