#!/usr/bin/env python3
"""Makes the sample vectors with libraries that share nothing with ours.

usage: make_vectors.py FOLDER

Needs the Python packages opengradient 1.1.4 (its request canonicaliser, verifier and OHTTP client are the oracle),
cryptography, pyhpke and pycryptodome. Canonical JSON comes from Python's own json module. Keys and nonces are drawn from a
seed where the library allows it; RSA and HPKE draw their own, so every run gives other bytes of the same meaning.
"""

import base64
import json
import os
import random
import struct
import sys

from Crypto.Hash import keccak as keccak_module
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from opengradient.client import tee_ohttp, tee_ohttp_client, tee_verify
from pyhpke import AEADId, CipherSuite, KDFId, KEMId


def keccak(data: bytes) -> bytes:
    return keccak_module.new(digest_bits=256, data=data).digest()


# --- canonical-json -------------------------------------------------------------------------------------------------

RAW_BODIES = {
    "key order by code point": '{"b":1,"a":{"z":[{"y":0,"x":0}],"A":2},"\\uffff":1,"\U0001f600":2,"\\ud800":3,"":0}',
    "last repeated key wins": '{"a":1,"b":{"c":1,"c":2},"a":3}',
    "integers stay exact": "[0,-0,1,-1,9007199254740993,-123456789012345678901234567890,"
    "1000000000000000000000000000000000000000000]",
    "floats by repr": "[0.0,-0.0,1.0,1e0,1E5,1e15,1e16,123456789012345680.0,0.1,0.0001,0.00001,1e-05,2.5e-10,1e22,1e23,"
    "5e-324,4.9e-324,2.2250738585072014e-308,1.7976931348623157e308,0.30000000000000004,100,1e2,12345678.9e-3]",
    "overflow and underflow": "[1e400,-1e400,1e-400,-1e-400]",
    "not a number": "[NaN,Infinity,-Infinity]",
    "escapes": json.dumps("".join(map(chr, range(0x20))) + "\"\\/\x7f\x80\xa0\u2028\u2029\ufeff\uffff\U0010ffff"),
    "raw text": '"é ü 漢字 🎉 \x7f \u2028 \u00ad"',
    "escaped slash and unicode": '"\\/ \\u00e9 \\uD83D\\uDE00 \\u0041"',
    "lone surrogates": '["\\ud800","\\udfff\\ud800","\\ud83d\\ud83d\\ude00","\\ude00\\ud83d","\\ud800a"]',
    "white space": ' \t\r\n{ "a" :\n[ 1 , 2 ] , "b" : { } , "c" : [ ] }\n',
    "literals": "[true,false,null]",
    "scalar": "-12.50",
    "long integer": "9" * 4300,
    "nested": "[" * 100 + "]" * 100,
}

REFUSED_BODIES = {
    "trailing comma": '{"a":1,}',
    "single quotes": "{'a':1}",
    "leading zero": "[01]",
    "bare point": "[1.]",
    "plus sign": "[+1]",
    "hexadecimal": "[0x10]",
    "raw control character": '"a\nb"',
    "bad escape": '"\\x41"',
    "short unicode escape": '"\\u12"',
    "trailing content": "{} {}",
    "unterminated": '{"a":[1,2',
    "comment": "[1] // x",
    "empty": "",
    "integer beyond the limit": "9" * 4301,
    "byte order mark": "\ufeff{}",
}

IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "minimum": 1.0, "maximum": 10}}}
CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"x": 1}'}}
USER = [{"role": "user", "content": "hi"}]

CHAT_BODIES = {
    "plain": {"model": "gpt-5", "messages": USER},
    "client defaults": {"model": "gpt-5", "messages": USER, "max_tokens": 100, "temperature": 0.0},
    "integer temperature": {"model": "m", "messages": USER, "temperature": 1},
    "small temperature": {"model": "m", "messages": USER, "temperature": 1e-07},
    "ignored fields": {"model": "m", "messages": USER, "top_p": 0.5, "n": 2, "seed": 1, "user": "u", "stream": True},
    "falsy fields": {"model": "m", "messages": USER, "stop": [], "tools": [], "response_format": None, "max_tokens": None},
    "empty stop text": {"model": "m", "messages": USER, "stop": "", "web_search": False},
    "all fields": {
        "model": "m",
        "messages": USER,
        "temperature": 0.7,
        "max_tokens": 5,
        "stop": ["a", "é"],
        "tools": [TOOL],
        "tool_choice": "auto",
        "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {"b": 1, "a": 2.0}}},
        "web_search": True,
    },
    "roles": {
        "model": "m",
        "messages": [
            {"role": "system", "content": "s", "name": "x"},
            {"role": "developer", "content": "d"},
            {"role": "user", "content": "ü🎉", "name": "u"},
            {"role": "assistant", "content": None, "tool_calls": [CALL], "refusal": None},
            {"role": "tool", "content": "r", "tool_call_id": "c1", "name": "f"},
            {"role": "assistant", "content": "a", "tool_calls": []},
            {"role": "function", "content": "r", "name": "f"},
        ],
    },
    "incomplete tool call": {"model": "m", "messages": [{"role": "assistant", "tool_calls": [{}, {"function": {"name": "g"}}]}]},
    "content parts": {
        "model": "m",
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "a"},
                    {"type": "text", "text": None},
                    IMAGE,
                    {"type": "file", "file": {"filename": "a.pdf", "file_data": "x"}},
                    {"type": "input_file", "filename": "b.pdf"},
                    {"type": "file", "file": {"filename": ""}, "filename": ""},
                    {},
                    "bare",
                    5,
                    1.0,
                    None,
                    True,
                    ["it's", 'a "b"', "\u00e9\u200b\n\t\\", {"k": [None, 1e16, -0.0]}],
                ],
            }
        ],
    },
    "content that is no text": {
        "model": "m",
        "messages": [{"role": "user", "content": c} for c in (None, 5, 2.50, True, {"a": "it's", "b": ['"', "'\""]})],
    },
    "list content of other roles": {
        "model": "m",
        "messages": [{"role": "system", "content": [IMAGE]}, {"role": "assistant", "content": [{"type": "text", "text": "x"}]}],
    },
    "lone surrogate": {"model": "m", "messages": [{"role": "user", "content": "\ud800 x"}]},
}

REFUSED_CHATS = {
    "unknown role": {"model": "m", "messages": [{"role": "king", "content": "x"}]},
    "no role": {"model": "m", "messages": [{"content": "x"}]},
    "no model": {"messages": USER},
    "empty model": {"model": "", "messages": USER},
    "no messages": {"model": "m", "messages": []},
    "messages no list": {"model": "m", "messages": {"role": "user"}},
    "message no object": {"model": "m", "messages": ["x"]},
    "tools no list": {"model": "m", "messages": USER, "tools": {"a": 1}},
}

COMPLETION_BODIES = {
    "defaults": {"model": "m", "prompt": "p"},
    "explicit nulls": {"model": "m", "prompt": "p", "temperature": None, "max_tokens": None},
    "all": {"model": "m", "prompt": "é", "temperature": 0, "max_tokens": 7, "stop": ["."], "web_search": True, "n": 2},
}


def completion_canonical(body):
    """The compatible server's rules for /v1/completions, written down again here."""
    temperature = body["temperature"] if "temperature" in body else 1
    max_tokens = body["max_tokens"] if "max_tokens" in body else 16
    out = {"model": body["model"], "prompt": body["prompt"], "temperature": float(temperature) if temperature is not None else 0.0}
    if max_tokens is not None:
        out["max_tokens"] = max_tokens
    if body.get("stop"):
        out["stop"] = body["stop"]
    if body.get("web_search"):
        out["web_search"] = True
    return out


def canonical_vector(name, kind, text, canonical):
    dumped = json.dumps(canonical, sort_keys=True)
    return {"name": name, "kind": kind, "body": text, "canonical_json": dumped, "request_hash": keccak(dumped.encode()).hex()}


def random_value(rng, depth=0):
    kind = rng.randrange(10 if depth < 4 else 6)
    if kind == 0:
        return rng.choice([None, True, False])
    if kind == 1:
        return rng.randint(-(10 ** rng.randint(1, 40)), 10 ** rng.randint(1, 40))
    if kind in (2, 3):
        value = struct.unpack("<d", rng.randbytes(8))[0]
        return value if value == value and abs(value) != float("inf") else rng.random()
    if kind in (4, 5):
        pool = [(0, 0x20), (0x20, 0x7F), (0x7F, 0x100), (0x100, 0xD800), (0xD800, 0xE000), (0xE000, 0x10000), (0x10000, 0x110000)]
        return "".join(chr(rng.randrange(*rng.choice(pool))) for _ in range(rng.randrange(8)))
    if kind in (6, 7):
        return [random_value(rng, depth + 1) for _ in range(rng.randrange(5))]
    return {random_value_key(rng): random_value(rng, depth + 1) for _ in range(rng.randrange(6))}


def random_value_key(rng):
    return "".join(chr(rng.choice([rng.randrange(0x20, 0x7F), rng.randrange(0xD700, 0xE100), rng.randrange(0xFF00, 0x10100)])) for _ in range(rng.randrange(4)))


def canonical_json():
    vectors = [canonical_vector(name, "raw", text, json.loads(text)) for name, text in RAW_BODIES.items()]
    for name, text in REFUSED_BODIES.items():
        try:
            json.loads(text)
        except ValueError:
            vectors.append({"name": name, "kind": "raw", "body": text, "error": "refused by json.loads"})
        else:
            raise AssertionError(f"json.loads accepts {name}")
    for name, body in CHAT_BODIES.items():
        _, canonical = tee_verify.build_inner_request(body)
        text = json.dumps(body, separators=(",", ":"))
        vectors.append(canonical_vector("chat: " + name, "chat", text, canonical))
    for name, body in REFUSED_CHATS.items():
        try:
            tee_verify.build_inner_request(body)
        except tee_verify.UnsupportedRequestError:
            vectors.append({"name": "chat: " + name, "kind": "chat", "body": json.dumps(body), "error": "unsupported request"})
        else:
            raise AssertionError(f"accepted {name}")
    for name, body in COMPLETION_BODIES.items():
        vectors.append(canonical_vector("completion: " + name, "completion", json.dumps(body), completion_canonical(body)))
    plain = canonical_vector("request given as an object", "", "", tee_verify.build_inner_request(CHAT_BODIES["all fields"])[1])
    del plain["kind"], plain["body"]
    vectors.append({**plain, "request": CHAT_BODIES["all fields"]})
    rng = random.Random(20)
    for number in range(200):
        value = random_value(rng)
        text = json.dumps(value, ensure_ascii=rng.random() < 0.5 or number % 2 == 0)
        try:
            text.encode()
        except UnicodeEncodeError:
            text = json.dumps(value)
        vectors.append(canonical_vector(f"random {number}", "raw", text, json.loads(text)))
    return vectors


# --- signed-response ------------------------------------------------------------------------------------------------


class Signer:
    def __init__(self, bits=2048):
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
        self.pem = self.key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
        self.der = self.key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        self.tee_id = "0x" + keccak(self.der).hex()

    def fields(self, request_hash, output_hash, timestamp, salt=32, digest=hashes.SHA256()):
        message = keccak(request_hash + output_hash + timestamp.to_bytes(32, "big"))
        pss = padding.PSS(mgf=padding.MGF1(digest), salt_length=salt)
        return {
            "tee_signature": base64.b64encode(self.key.sign(message, pss, digest)).decode(),
            "tee_request_hash": request_hash.hex(),
            "tee_output_hash": output_hash.hex(),
            "tee_timestamp": timestamp,
            "tee_id": self.tee_id,
        }


def oracle_accepts(signer, request, response, content):
    canonical = tee_verify.build_inner_request(request)[1]
    try:
        tee_verify.verify_response(
            canonical_request=canonical, response_body=response, response_content=content, signing_key_pem=signer.pem
        )
        return True
    except (tee_verify.VerificationError, ValueError):
        return False


def signed_answer(signer, request, message, finish_reason="stop", **options):
    canonical = tee_verify.build_inner_request(request)[1]
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": request["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": finish_reason}],
    }
    content = tee_verify.response_content_for_hash(body)
    request_hash = keccak(json.dumps(canonical, sort_keys=True).encode())
    return {**body, **signer.fields(request_hash, keccak(content.encode()), 1_760_000_000, **options)}


def streamed(signer, request, deltas, finish_reason):
    """SSE text as one string per event, and whether the oracle's stream client verifies it."""
    content, calls = "", {}
    chunks = [{"choices": [{"index": 0, "delta": delta, "finish_reason": None}], "model": request["model"]} for delta in deltas]
    for chunk in chunks:
        content += tee_ohttp_client._delta_content(chunk)
        tee_ohttp_client._accumulate_tool_calls(calls, chunk)
    if finish_reason == "tool_calls" and calls:
        content = json.dumps([calls[index] for index in sorted(calls)], sort_keys=True)
    canonical = tee_verify.build_inner_request(request)[1]
    fields = signer.fields(keccak(json.dumps(canonical, sort_keys=True).encode()), keccak(content.encode()), 1_760_000_001)
    final = {"choices": [{"index": 0, "delta": {}, "finish_reason": finish_reason}], "model": request["model"], **fields}
    assert oracle_accepts(signer, request, final, content)
    return ["data: " + json.dumps(chunk) + "\n\n" for chunk in [*chunks, final]] + ["data: [DONE]\n\n"]


def signed_response():
    signer, other, large = Signer(), Signer(), Signer(3072)
    chat = {"model": "gpt-5", "messages": [{"role": "user", "content": "Grüße 🎉"}], "max_tokens": 100, "temperature": 0.0}
    tools = {**chat, "tools": [TOOL], "tool_choice": "auto"}
    text = {"role": "assistant", "content": "Hé! 🎉\n"}
    called = {"role": "assistant", "content": None, "tool_calls": [CALL, {**CALL, "id": "c2"}]}
    blocks = {"role": "assistant", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}
    good = signed_answer(signer, chat, text)

    def case(name, response, request=chat, key=signer, **more):
        content = tee_verify.response_content_for_hash(response)
        valid = oracle_accepts(key, request, response, content)
        return {"name": name, "request": request, "response": response, "valid": valid, "public_key": key.pem, **more}

    def changed(name, **fields):
        return case(name, {**good, **fields})

    flipped = bytearray(base64.b64decode(good["tee_signature"]))
    flipped[7] ^= 1
    cases = [
        case("text", good),
        case("tool calls", signed_answer(signer, tools, called, "tool_calls"), tools),
        case("tool calls that were not the reason to stop", signed_answer(signer, tools, {**called, "content": "x"}), tools),
        case("content blocks", signed_answer(signer, chat, blocks)),
        case("empty answer", signed_answer(signer, chat, {"role": "assistant", "content": ""})),
        case("key of 3072 bits", signed_answer(large, chat, text), key=large),
        changed("timestamp as text", tee_timestamp=str(good["tee_timestamp"])),
        changed("identity without prefix", tee_id=good["tee_id"][2:]),
        changed("identity in capitals", tee_id="0x" + good["tee_id"][2:].upper()),
        changed("other timestamp", tee_timestamp=good["tee_timestamp"] + 1),
        changed("timestamp of a word", tee_timestamp="soon"),
        changed("missing timestamp", tee_timestamp=None),
        changed("other request hash", tee_request_hash=keccak(b"x").hex()),
        changed("other output hash", tee_output_hash=keccak(b"x").hex()),
        changed("other identity", tee_id=other.tee_id),
        changed("flipped signature", tee_signature=base64.b64encode(flipped).decode()),
        changed("short signature", tee_signature=base64.b64encode(flipped[:-1]).decode()),
        changed("no signature", tee_signature=None),
        changed("other text", choices=[{"index": 0, "message": {**text, "content": "other"}, "finish_reason": "stop"}]),
        case("other request", good, {**chat, "max_tokens": 101}),
        case("other key", good, key=other),
        case("salt of 20 bytes", signed_answer(signer, chat, text, salt=20)),
        case("salt of 0 bytes", signed_answer(signer, chat, text, salt=0)),
        case("longest salt", signed_answer(signer, chat, text, salt=222)),
        case("SHA-512", signed_answer(signer, chat, text, digest=hashes.SHA512(), salt=32)),
    ]
    weak = Signer(1024)
    cases.append({**case("key of 1024 bits", signed_answer(weak, chat, text), key=weak), "valid": False})
    cases.append({**case("key in DER, base64", good), "public_key": base64.b64encode(signer.der).decode()})
    cases.append({**case("key in DER, hex", good), "public_key": "0x" + signer.der.hex()})
    cases.append({"name": "hashes only", "public_key": signer.pem, "valid": True, **signer.fields(keccak(b"a"), keccak(b"b"), 5)})
    deltas = [{"role": "assistant"}, {"content": "Hé"}, {"content": ""}, {"content": "! 🎉"}]
    fragments = [
        {"tool_calls": [{"index": 1, "id": "c2", "type": "function", "function": {"name": "g", "arguments": ""}}]},
        {"tool_calls": [{"index": 0, "id": "c1", "function": {"name": "f", "arguments": '{"x"'}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": ": 1}"}}, {"index": 1, "function": {"arguments": "{}"}}]},
    ]
    stream = streamed(signer, chat, deltas, "stop")
    cases += [
        {"name": "stream", "public_key": signer.pem, "request": chat, "stream": stream, "valid": True},
        {"name": "stream of tool calls", "public_key": signer.pem, "request": tools, "stream": streamed(signer, tools, fragments, "tool_calls"), "valid": True},
        {"name": "stream without one chunk", "public_key": signer.pem, "request": chat, "stream": stream[:1] + stream[2:], "valid": False},
        {"name": "stream without its signed chunk", "public_key": signer.pem, "request": chat, "stream": stream[:-2], "valid": False},
    ]
    return cases


# --- ohttp ----------------------------------------------------------------------------------------------------------

SUITE = CipherSuite.new(KEMId.DHKEM_X25519_HKDF_SHA256, KDFId.HKDF_SHA256, AEADId.CHACHA20_POLY1305)


def varint(value):
    for bits, prefix in ((6, 0), (14, 1), (30, 2), (62, 3)):
        if value < 1 << bits:
            count = 1 << prefix
            return (value | prefix << (8 * count - 2)).to_bytes(count, "big")
    raise ValueError(value)


def ohttp_vector(rng, name, plaintext, body, chunks, key_id=1):
    private = X25519PrivateKey.from_private_bytes(rng.randbytes(32))
    public = private.public_key().public_bytes_raw()
    sent = tee_ohttp.encapsulate_request(public, plaintext, key_id=key_id)
    nonce = rng.randbytes(32)
    key, base = tee_ohttp._derive_response_keys(sent.response_secret, sent.enc, nonce)
    response = nonce + ChaCha20Poly1305(key).encrypt(base, body, b"")
    assert tee_ohttp.decrypt_response(sent.response_secret, sent.enc, response) == body
    chunk_nonce = rng.randbytes(32)
    key, base = tee_ohttp._derive_response_keys(sent.chunked_response_secret, sent.enc, chunk_nonce)
    stream = chunk_nonce
    for counter, chunk in enumerate(chunks):
        nonce_now = bytes(a ^ b for a, b in zip(base, counter.to_bytes(12, "big")))
        final = counter == len(chunks) - 1
        sealed = ChaCha20Poly1305(key).encrypt(nonce_now, chunk, b"final" if final else b"")
        stream += varint(0 if final else len(sealed)) + sealed
    assert tee_ohttp.ChunkedResponseDecrypter(sent.chunked_response_secret, sent.enc).push(stream, True) == list(chunks)
    config = struct.pack(">BH", key_id, 0x20) + public + struct.pack(">HHH", 4, 1, 3)
    return {
        "name": name,
        "key_id": key_id,
        "private_key": private.private_bytes_raw().hex(),
        "public_key": public.hex(),
        "key_config": base64.b64encode(config).decode(),
        "request": sent.wire.hex(),
        "enc": sent.enc.hex(),
        "plaintext": plaintext.hex(),
        "response_secret": sent.response_secret.hex(),
        "chunked_response_secret": sent.chunked_response_secret.hex(),
        "response_nonce": nonce.hex(),
        "response": response.hex(),
        "response_plaintext": body.hex(),
        "chunked_response": stream.hex(),
        "chunks": [chunk.hex() for chunk in chunks],
    }


def ohttp():
    rng = random.Random(21)
    request = json.dumps({"model": "gpt-5", "messages": [{"role": "user", "content": "ü"}]}).encode()
    chunks = [b'data: {"a":1}\n\n', b"data: [DONE]\n\n", b""]
    good = ohttp_vector(rng, "single and chunked", request, b'{"choices":[]}', chunks)
    vectors = [
        good,
        ohttp_vector(rng, "other key id", request, b"{}", [b"x"], key_id=7),
        ohttp_vector(rng, "empty bodies", b"", b"", [b""]),
        ohttp_vector(rng, "chunk lengths of one, two and four bytes", b"x", b"y", [b"a" * 40, b"b" * 100, b"c" * 20000, b"end"]),
        ohttp_vector(rng, "many chunks", b"x", b"y", [bytes([number & 0xFF]) for number in range(300)]),
    ]

    def without(vector, *names):
        return {name: value for name, value in vector.items() if name not in names}

    def broken(name, field, value):
        base = without(good, "response", "chunked_response") if field == "request" else good
        return {**base, "name": name, field: value, "error": True}

    wire, response, stream = (bytes.fromhex(good[name]) for name in ("request", "response", "chunked_response"))

    def flip(data, position):
        return (data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]).hex()

    first = 32 + 1 + len(chunks[0]) + 16
    vectors += [
        broken("request: other key id", "request", flip(wire, 0)),
        broken("request: other KEM", "request", flip(wire, 2)),
        broken("request: other AEAD", "request", flip(wire, 6)),
        broken("request: other enc", "request", flip(wire, 7)),
        broken("request: other ciphertext", "request", flip(wire, 40)),
        broken("request: other tag", "request", flip(wire, len(wire) - 1)),
        broken("request: too short", "request", wire[:54].hex()),
        broken("request: zero point", "request", (wire[:7] + bytes(32) + wire[39:]).hex()),
        broken("response: other nonce", "response", flip(response, 0)),
        broken("response: other tag", "response", flip(response, len(response) - 1)),
        broken("response: cut", "response", response[:-1].hex()),
        broken("response: nonce only", "response", response[:32].hex()),
        broken("chunks: no final chunk", "chunked_response", stream[: -(1 + 16)].hex()),
        broken("chunks: first one missing", "chunked_response", (stream[:32] + stream[first:]).hex()),
        broken("chunks: other byte", "chunked_response", flip(stream, 40)),
        broken("chunks: first one called final", "chunked_response", (stream[:32] + b"\x00" + stream[33:first]).hex()),
        broken("chunks: bytes after the final one", "chunked_response", stream.hex() + "00"),
    ]
    return vectors


def main():
    folder = sys.argv[1]
    for name, make in (("canonical-json", canonical_json), ("signed-response", signed_response), ("ohttp", ohttp)):
        path = os.path.join(folder, name)
        os.makedirs(path, exist_ok=True)
        vectors = make()
        with open(os.path.join(path, f"{name}.json"), "w", encoding="utf-8") as file:
            file.write("[\n" + ",\n".join(json.dumps(vector) for vector in vectors) + "\n]\n")
        print(f"{name}: {len(vectors)} vectors")


if __name__ == "__main__":
    main()
