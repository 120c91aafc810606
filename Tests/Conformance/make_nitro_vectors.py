#!/usr/bin/env python3
"""Makes attestation documents, good and bad, with the verdict each must get.

Independent of the product's code: CBOR by cbor2, certificates and signatures by cryptography, Keccak-256 by pycryptodome.
Every run makes new keys, so the files differ from run to run and the verdicts do not.

    make_nitro_vectors.py FOLDER        writes FOLDER/nitro/documents.json

Needs: pip install cbor2 cryptography pycryptodome
"""
import base64
import datetime
import hashlib
import json
import pathlib
import sys

import cbor2
from Crypto.Hash import keccak
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import NameOID

NOW = 1_790_000_000  # seconds; every document is judged at this time unless its vector says otherwise
DAY = 86_400


def at(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)


def name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def der(certificate):
    return certificate.public_bytes(serialization.Encoding.DER)


def issue(subject, issuer, key, issuer_key, *, ca, path_length=None, begin=NOW - DAY, end=NOW + DAY, basic=True,
          usage="default", hash_algorithm=hashes.SHA384(), extra=None):
    builder = (x509.CertificateBuilder().subject_name(name(subject)).issuer_name(name(issuer))
               .public_key(key.public_key()).serial_number(x509.random_serial_number())
               .not_valid_before(at(begin)).not_valid_after(at(end)))
    if basic:
        builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=path_length), critical=True)
    if usage == "default":
        usage = {"key_cert_sign": True, "crl_sign": True} if ca else {"digital_signature": True}
    if usage is not None:
        flags = dict.fromkeys(["digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
                               "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"], False)
        builder = builder.add_extension(x509.KeyUsage(**{**flags, **usage}), critical=True)
    if extra is not None:
        builder = builder.add_extension(extra, critical=True)
    return builder.sign(issuer_key, hash_algorithm)


class World:
    """One root, two intermediates, one leaf, one TLS certificate and one signing key."""

    def __init__(self):
        p384 = ec.SECP384R1()
        self.root_key, self.one_key, self.two_key, self.leaf_key = (ec.generate_private_key(p384) for _ in range(4))
        self.root = issue("test.root", "test.root", self.root_key, self.root_key, ca=True, end=NOW + 3_000 * DAY)
        self.one = issue("test.one", "test.root", self.one_key, self.root_key, ca=True, path_length=1)
        self.two = issue("test.two", "test.one", self.two_key, self.one_key, ca=True, path_length=0)
        self.leaf = issue("test.leaf", "test.two", self.leaf_key, self.two_key, ca=False)
        tls_key = ec.generate_private_key(ec.SECP256R1())
        self.tls = der(issue("tls", "tls", tls_key, tls_key, ca=False, hash_algorithm=hashes.SHA256()))
        self.signing_key = rsa.generate_private_key(65_537, 2_048).public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        self.pcrs = {index: bytes([index + 1]) * 48 for index in range(16)}

    def bundle(self):
        return [der(self.root), der(self.one), der(self.two)]

    def payload(self, **changes):
        binding = (b"\x12\x20" + hashlib.sha256(self.tls).digest()
                   + b"\x12\x20" + hashlib.sha256(self.signing_key).digest())
        fields = {
            "module_id": "i-0123456789abcdef0-enc0123456789abcdef",
            "digest": "SHA384",
            "timestamp": NOW * 1_000,
            "pcrs": self.pcrs,
            "certificate": der(self.leaf),
            "cabundle": self.bundle(),
            "public_key": b"dummy",
            "user_data": binding,
            "nonce": bytes(20),
        }
        fields.update(changes)
        return {key: value for key, value in fields.items() if value is not ...}

    def sign(self, payload, *, key=None, header=None, raw_payload=None):
        protected = cbor2.dumps({1: -35} if header is None else header)
        body = cbor2.dumps(payload) if raw_payload is None else raw_payload
        key = key or self.leaf_key
        to_sign = cbor2.dumps(["Signature1", protected, b"", body])
        size = (key.curve.key_size + 7) // 8
        r, s = decode_dss_signature(key.sign(to_sign, ec.ECDSA(hashes.SHA384())))
        return [protected, {}, body, r.to_bytes(size, "big") + s.to_bytes(size, "big")]

    def document(self, **changes):
        return cbor2.dumps(self.sign(self.payload(**changes)))


def pcr_hash(pcrs):
    return keccak.new(digest_bits=256, data=pcrs[0] + pcrs[1] + pcrs[2]).hexdigest()


def vectors():
    world = World()
    out = []

    def add(title, document, valid, *, time=NOW, root=None, pcrs=None, **more):
        vector = {"name": title, "document": base64.b64encode(document).decode(), "time": time, "valid": valid}
        if root is not None:
            vector["root"] = root
        vector["pcr_hash"] = pcr_hash(pcrs or world.pcrs) if valid else "0" * 64
        out.append({**vector, **more})

    def pem(certificate):
        return certificate.public_bytes(serialization.Encoding.PEM).decode()

    trusted = pem(world.root)
    bound = {"tls_certificate": base64.b64encode(world.tls).decode(),
             "signing_key": base64.b64encode(world.signing_key).decode()}
    good = world.document()
    add("a good document", good, True, root=trusted)
    add("a good document with its binding", good, True, root=trusted, **bound)
    add("tag 18 is tolerated", b"\xd2" + good, True, root=trusted)
    add("root given as base64 of DER", good, True, root=base64.b64encode(der(world.root)).decode())
    add("the vendor's root does not know this chain", good, False, root="")
    add("another root of the same name", good, False, root=pem(World().root))

    # Freshness: whole seconds, both ends included.
    for offset, milliseconds, valid in [(300, 0, True), (300, 999, True), (301, 0, False), (-60, 0, True),
                                        (-60, 999, True), (-61, 0, False)]:
        add(f"timestamp {offset} s and {milliseconds} ms before the check",
            world.document(timestamp=(NOW - offset) * 1_000 + milliseconds), valid, root=trusted)
    add("a timestamp before the earliest", world.document(timestamp=1_738_281_599_999), False, root=trusted)
    add("a timestamp of zero", world.document(timestamp=0), False, root=trusted)

    # Fields.
    for index in range(3):
        registers = {k: v for k, v in world.pcrs.items() if k != index}
        add(f"PCR {index} is missing", world.document(pcrs=registers), False, root=trusted)
    only = {k: world.pcrs[k] for k in range(3)}
    add("only PCR 0, 1 and 2", world.document(pcrs=only), True, root=trusted)
    add("a register of 65 bytes", world.document(pcrs={**world.pcrs, 0: bytes(65)}), False, root=trusted)
    add("a register of 47 bytes", world.document(pcrs={**world.pcrs, 1: bytes(47)}), False, root=trusted)
    add("register number 32", world.document(pcrs={**world.pcrs, 32: bytes(48)}), False, root=trusted)
    add("no registers", world.document(pcrs={}), False, root=trusted)
    for field in ["module_id", "digest", "timestamp", "pcrs", "certificate", "cabundle"]:
        add(f"without {field}", world.document(**{field: ...}), False, root=trusted)
    for field in ["public_key", "user_data", "nonce"]:
        add(f"without {field}", world.document(**{field: ...}), True, root=trusted)
        add(f"{field} is null", world.document(**{field: None}), True, root=trusted)
    add("an empty module_id", world.document(module_id=""), False, root=trusted)
    add("digest SHA256", world.document(digest="SHA256"), False, root=trusted)
    add("an empty bundle", world.document(cabundle=[]), False, root=trusted)
    add("an empty bundle entry", world.document(cabundle=[b""] + world.bundle()), False, root=trusted)
    add("user_data of 513 bytes", world.document(user_data=bytes(513)), False, root=trusted)
    add("nonce of 513 bytes", world.document(nonce=bytes(513)), False, root=trusted)
    add("public_key of 1025 bytes", world.document(public_key=bytes(1_025)), False, root=trusted)
    add("a text where bytes belong", world.document(user_data="text"), False, root=trusted)

    # Binding.
    for title, data in [("67", bytes(67)), ("69", bytes(69)), ("no", b"")]:
        add(f"user_data of {title} bytes", world.document(user_data=data), False, root=trusted, **bound)
    other = World()
    add("bound to another TLS certificate", good, False, root=trusted,
        **{**bound, "tls_certificate": base64.b64encode(other.tls).decode()})
    add("bound to another signing key", good, False, root=trusted,
        **{**bound, "signing_key": base64.b64encode(other.signing_key).decode()})
    prefixed = bytearray(world.payload()["user_data"])
    prefixed[0:2] = prefixed[34:36] = b"\x00\x00"
    add("the prefixes of user_data are not checked", world.document(user_data=bytes(prefixed)), True, root=trusted,
        **bound)

    # Signature and envelope.
    for position in [0, 47, 48, 95]:
        message = world.sign(world.payload())
        damaged = bytearray(message[3])
        damaged[position] ^= 1
        message[3] = bytes(damaged)
        add(f"signature bit {position * 8} flipped", cbor2.dumps(message), False, root=trusted)
    add("signed by another key", cbor2.dumps(world.sign(world.payload(), key=other.leaf_key)), False, root=trusted)
    swapped = world.sign(world.payload())
    swapped[2] = cbor2.dumps(world.payload(nonce=bytes([1]) * 20))
    add("another payload under the signature", cbor2.dumps(swapped), False, root=trusted)
    for title, header in [("ES256", {1: -7}), ("nothing", {}), ("EdDSA", {1: -8}), ("a critical header", {1: -35, 2: [4]})]:
        add(f"protected header says {title}", cbor2.dumps(world.sign(world.payload(), header=header)), False, root=trusted)
    message = world.sign(world.payload())
    add("three parts", cbor2.dumps(message[:3]), False, root=trusted)
    add("five parts", cbor2.dumps(message + [b""]), False, root=trusted)
    add("tag 98", b"\xd8\x62" + good, False, root=trusted)
    add("signature of 95 bytes", cbor2.dumps(message[:3] + [message[3][:95]]), False, root=trusted)
    add("a byte after the document", good + b"\x00", False, root=trusted)
    add("the last byte missing", good[:-1], False, root=trusted)
    add("an empty document", b"", False, root=trusted)
    add("an array of indefinite length", b"\x9f" + good[1:] + b"\xff", False, root=trusted)
    body = cbor2.dumps(world.payload())
    doubled = bytes([body[0] + 1]) + body[1:] + cbor2.dumps("digest") + cbor2.dumps("SHA384")
    add("a payload key twice", cbor2.dumps(world.sign(None, raw_payload=doubled)), False, root=trusted)
    add("a payload that is no map", cbor2.dumps(world.sign(None, raw_payload=cbor2.dumps([1]))), False, root=trusted)
    add("more than 16384 bytes", world.document(extra=bytes(16_384)), False, root=trusted)
    add("an unknown payload field", world.document(extra=b"x"), True, root=trusted)

    # Certificates.
    def chain(leaf=None, one=None, two=None, key=None, bundle=None):
        certificates = bundle or [der(world.root), der(one or world.one), der(two or world.two)]
        payload = world.payload(certificate=der(leaf or world.leaf), cabundle=certificates)
        return cbor2.dumps(world.sign(payload, key=key))

    def leaf(**changes):
        return issue("test.leaf", "test.two", changes.pop("key", world.leaf_key), world.two_key,
                     **{"ca": False, **changes})

    def one(**changes):
        return issue("test.one", "test.root", world.one_key, world.root_key, **{"ca": True, "path_length": 1, **changes})

    add("a leaf that expired a second ago", chain(leaf(end=NOW - 1)), False, root=trusted)
    add("a leaf that expires now", chain(leaf(end=NOW)), True, root=trusted)
    add("a leaf valid from now", chain(leaf(begin=NOW)), True, root=trusted)
    add("a leaf valid from the next second", chain(leaf(begin=NOW + 1)), False, root=trusted)
    add("an expired intermediate", chain(one=one(end=NOW - 1)), False, root=trusted)
    add("an intermediate that is no authority", chain(one=one(ca=False, path_length=None, usage=None)), False, root=trusted)
    add("an intermediate without basic constraints", chain(one=one(basic=False)), False, root=trusted)
    add("an intermediate that may not sign certificates", chain(one=one(usage={"digital_signature": True})), False,
        root=trusted)
    add("a path longer than an intermediate allows", chain(one=one(path_length=0)), False, root=trusted)
    add("an unknown critical extension", chain(one=one(extra=x509.UnrecognizedExtension(
        x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00"))), False, root=trusted)
    add("a leaf that is an authority", chain(leaf(ca=True)), False, root=trusted)
    add("a leaf that may not sign", chain(leaf(usage={"key_agreement": True})), False, root=trusted)
    add("a leaf without extensions", chain(leaf(basic=False, usage=None)), True, root=trusted)
    p256 = ec.generate_private_key(ec.SECP256R1())
    add("a P-256 leaf", chain(leaf(key=p256), key=None), False, root=trusted)
    add("an Ed25519 leaf", chain(leaf(key=ed25519.Ed25519PrivateKey.generate())), False, root=trusted)
    forged = issue("test.leaf", "test.two", world.leaf_key, other.two_key, ca=False)
    add("a leaf signed by another intermediate of the same name", chain(forged), False, root=trusted)
    own = issue("test.leaf", "test.leaf", world.leaf_key, world.leaf_key, ca=False)
    add("a self-signed leaf", chain(own), False, root=trusted)
    add("a bundle without the root", chain(bundle=[der(world.one), der(world.two)]), True, root=trusted)
    add("a bundle without an intermediate", chain(bundle=[der(world.root), der(world.two)]), False, root=trusted)
    add("a bundle entry that is no certificate", chain(bundle=world.bundle() + [b"0"]), False, root=trusted)
    add("a foreign root in the bundle", chain(bundle=[der(other.root), der(other.one), der(other.two)]), False,
        root=trusted)
    add("an expired root", good, False, root=pem(issue("test.root", "test.root", world.root_key, world.root_key, ca=True,
                                                       end=NOW - 1)))
    return out


def main():
    folder = pathlib.Path(sys.argv[1])
    document = {"description": "made by make_nitro_vectors.py", "vectors": vectors()}
    (folder / "nitro/documents.json").write_text(json.dumps(document, indent=0) + "\n")
    print(len(document["vectors"]), "vectors")


if __name__ == "__main__":
    main()
