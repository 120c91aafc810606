"""The TLS listener, pinned as OpenGradient's SDK pins it: one self-signed leaf is the only trust anchor."""

import ssl

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from opengradient.client.tee_registry import build_ssl_context_from_der

from deployment import ANSWER_TIMEOUT
from signed import verify


def pinned_client(deployment, der: bytes, http2: bool) -> httpx.Client:
    return httpx.Client(
        base_url=deployment.tls,
        verify=build_ssl_context_from_der(der),
        http1=not http2,
        http2=http2,
        timeout=ANSWER_TIMEOUT,
    )


@pytest.mark.parametrize("http2", [False, True])
def test_the_pinned_leaf_carries_a_signed_answer(deployment, model, http2):
    body = {"model": model, "messages": [{"role": "user", "content": "Hello."}], "max_tokens": 4}
    with pinned_client(deployment, deployment.leaf_der, http2) as client:
        answer = client.post("/v1/chat/completions", json=body)
        assert answer.status_code == 200
        assert answer.http_version == ("HTTP/2" if http2 else "HTTP/1.1")
        verify(deployment, body, answer.json())


@pytest.mark.parametrize("http2", [False, True])
def test_a_stream_arrives_over_the_pinned_leaf(deployment, model, http2):
    body = {"model": model, "messages": [{"role": "user", "content": "Hello."}], "max_tokens": 4, "stream": True}
    with pinned_client(deployment, deployment.leaf_der, http2) as client:
        with client.stream("POST", "/v1/chat/completions", json=body) as answer:
            lines = [line for line in answer.iter_lines() if line]
    assert lines[-1] == "data: [DONE]"
    assert len(lines) > 2


def test_many_streams_share_one_http2_connection(deployment, model):
    import asyncio

    async def everything() -> list[int]:
        context = build_ssl_context_from_der(deployment.leaf_der)
        limits = httpx.Limits(max_connections=1)
        async with httpx.AsyncClient(
            base_url=deployment.tls, verify=context, http1=False, http2=True, limits=limits, timeout=ANSWER_TIMEOUT
        ) as client:
            body = {"model": model, "messages": [{"role": "user", "content": "Hello."}], "max_tokens": 2}
            answers = await asyncio.gather(*(client.post("/v1/chat/completions", json=body) for _ in range(8)))
            return [answer.status_code for answer in answers]

    assert asyncio.run(everything()) == [200] * 8


def test_another_certificate_is_not_accepted(deployment):
    from datetime import datetime, timedelta, timezone

    from cryptography.hazmat.primitives import hashes, serialization

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "stranger")])
    now = datetime.now(timezone.utc)
    stranger = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    with pinned_client(deployment, stranger.public_bytes(serialization.Encoding.DER), False) as client:
        with pytest.raises(httpx.ConnectError):
            client.get("/health")


def test_the_leaf_is_self_signed_p256_and_valid_now(deployment):
    leaf = x509.load_der_x509_certificate(deployment.leaf_der)
    assert leaf.issuer == leaf.subject
    assert isinstance(leaf.public_key(), ec.EllipticCurvePublicKey)
    assert leaf.public_key().curve.name == "secp256r1"
    leaf.verify_directly_issued_by(leaf)


def test_versions_below_tls_1_2_are_refused(deployment):
    import socket
    from urllib.parse import urlsplit

    context = build_ssl_context_from_der(deployment.leaf_der)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    address = urlsplit(deployment.tls)
    with socket.create_connection((address.hostname, address.port), timeout=10) as raw, pytest.raises(ssl.SSLError):
        context.wrap_socket(raw, server_hostname=address.hostname)
