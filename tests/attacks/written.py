# SPDX-License-Identifier: Apache-2.0
"""What we write: read by the small reader of forge.py, which takes definite lengths alone."""
import email
import re

from case import *

PLAIN = mail(part("text/plain", "Dear Bob,\nFrom here on it is secret: caf\u00e9.\nA blank at the end \n", "Content-Transfer-Encoding: 8bit"))


class Written(Case):
    """a message that is sealed, not forged; `look` finds faults in its parts"""

    def __init__(self, name, options, look, message=PLAIN, **how):
        super().__init__(name, message, control=True, **how)
        self.options, self.look = options, look

    def run(self, waxwing, world, folder):
        made = []
        for _ in range(2):  # twice, for what must be fresh each time
            done = subprocess.run([waxwing, "seal", "-", "--from", "alice@corp.example", *self.options], input=self.message, capture_output=True)
            if done.returncode:
                return ["seal: exit %d: %s" % (done.returncode, done.stderr.decode(errors="replace"))]
            made.append(done.stdout)
        self.message = made[0]
        return super().run(waxwing, world, folder) + self.look(*made)


def objects(message):
    """(media type, decoded object) of each CMS object of a message"""
    return [(p, p.get_payload(decode=True)) for p in email.message_from_bytes(message).walk()
            if p.get_content_type() in ("application/pkcs7-mime", "application/pkcs7-signature")]


def loose(data):
    """C-11, C-12: definite lengths, the shortest, and the same again when written"""
    return [] if parse(data)[0].write() == data else ["it is no DER"]


def find(data, which):
    """the attributes of that name"""
    wanted = oid(which)[2:]
    return [n for n in parse(data)[0].walk() if n.children and n.children[0].tag == 6 and n.children[0].body == wanted]


def signed_well(person, clear_text):
    def look(message, _):
        (entity, data), = objects(message)
        faults = loose(data)

        def must(true, what):
            if not true:
                faults.append(what)
        signed = parse(data)[0].children[1].children[0]
        info = signed.children[-1].children[0]
        must((signed.children[0].body, info.children[0].body) == (b"\1", b"\1"), "versions (R-44)")
        for which, what in ((CONTENT_TYPE, "content type"), (MESSAGE_DIGEST, "digest"), (SIGNING_TIME, "signing time (S-16)"),
                            ("1.2.840.113549.1.9.15", "capabilities (S-18)"), (CERTIFICATE_V2, "signingCertificateV2 (S-60)"),
                            (PROTECTION, "CMSAlgorithmProtection (R-43)")):
            must(len(find(data, which)) == 1 and len(find(data, which)[0].children[1].children) == 1, "one value of " + what)
        must(find(data, SIGNING_TIME)[0].children[1].children[0].tag == 0x17, "UTCTime (S-16)")
        must(person.certificate in data, "the certificate (S-32)")
        attributes = next(c for c in info.children if c.tag == 0xa0)
        must([c.write() for c in attributes.children] == sorted(c.write() for c in attributes.children), "attributes in order (C-11)")
        # P-16: octet for octet as the algorithms' documents have them
        listed = [algorithm(which[size]) for which in (GCM, CBC) for size in (32, 16)]
        listed += [algorithm("1.3.132.1.11.%d" % kdf, algorithm(WRAP[size])) for kdf, size in ((1, 32), (1, 16), (2, 32), (3, 32))]
        must(find(data, CAPABILITIES)[0].children[1].children[0].write() == seq(*listed), "capabilities as the RFCs list them (P-16)")
        must(bytes.fromhex("301506062b8104010b01300b060960864801650304012d") in listed, "ECDH as RFC 8551 writes it (P-16)")
        if clear_text:
            root = email.message_from_bytes(message)
            must(root.get_param("protocol") == "application/pkcs7-signature" and root.get_param("micalg") == "sha-256", "labels (S-11)")
            must(len(root.get_payload()) == 2 and entity.get_filename() == "smime.p7s", "two parts (S-11, S-09)")
            text = message.split(b"\r\n\r\n", 1)[1]
            must(not re.search(rb"[\x80-\xff]|[ \t]\r\n(?!\r\n--)|(?<!\r)\n|\r\nFrom ", text), "7-bit, CRLF, no bare blank or From (S-08)")
        else:
            must(entity.get_param("smime-type") == "signed-data" and entity.get_filename() == "smime.p7m", "labels (S-09)")
        return faults
    return look


def sealed_well(smime_type, version):
    def look(message, again):
        (entity, data), = objects(message)
        (_, other), = objects(again)
        body, other_body = (parse(d)[0].children[1].children[0] for d in (data, other))
        faults = loose(data)

        def must(true, what):
            if not true:
                faults.append(what)
        must(entity.get_param("smime-type") == smime_type and entity.get_filename() == "smime.p7m", "labels (S-09)")
        must(body.children[0].body == version, "the version (R-44)")
        info, other_info = (next(c for c in b.children if c.tag == 0x30) for b in (body, other_body))
        must(info.children[1].write() != other_info.children[1].write(), "a fresh nonce (S-48)")
        must(body.children[1].write() != other_body.children[1].write(), "a fresh key (S-48)")
        must(not find(data, MESSAGE_DIGEST), "no digest of the plaintext (S-58)")
        scheme = [n for n in parse(data)[0].walk() if n.tag == 6 and n.body[:4] == oid("1.3.132.1")[2:6]]
        must(body.children[1].children[0].tag != 0xa1 or scheme and scheme[0].body == oid(STD_DH_SHA256)[2:], "ECDH with SHA-256 (S,R-49)")
        return faults
    return look


@attack("S-08", "S-16")
def signatures_that_we_write(w):
    for label, person in (("ECDSA", w.alice), ("RSA", w.alice_rsa)):
        key = person.save(w.folder, "signer-" + label)
        yield Written(label, ["--sign", key], signed_well(person, True), signature="valid_trusted")
        yield Written(label + ", opaque", ["--sign", key, "--opaque"], signed_well(person, False), signature="valid_trusted")
    old = PLAIN.replace(b"Date: ", b"Date: " + date(int(time.time()) - 7200).encode() + b"\r\nX-Was: ", 1)

    def no_time(message, _):
        return ["a signing time (S-90)"] if find(objects(message)[0][1], SIGNING_TIME) else []
    yield Written("an old Date (S-90)", ["--sign", w.alice.save(w.folder, "old")], no_time, old, signature="valid_trusted")


@attack("S-48", "S-58")
def encryption_that_we_write(w):
    for label, person in (("RSA", w.bob_rsa), ("ECDH", w.bob)):
        cert = person.save(w.folder, "recipient-" + label).split(",")[1]
        for cipher, smime_type, word in (("aes256-gcm", "authEnveloped-data", "authenticated"), ("aes128-cbc", "enveloped-data", "unauthenticated")):
            version = b"\0" if "gcm" in cipher or label == "RSA" else b"\2"
            yield Written("%s, %s" % (label, cipher), ["--to-cert", cert, "--cipher", cipher], sealed_well(smime_type, version), encryption=word)


class Refused(Case):
    """nothing is written, and why is said"""

    def __init__(self, name, options, said):
        super().__init__(name, PLAIN)
        self.options, self.said = options, said

    def run(self, waxwing, world, folder):
        done = subprocess.run([waxwing, "seal", "-", "--from", "alice@corp.example", *self.options], input=self.message, capture_output=True)
        if done.returncode == 0 or done.stdout:
            return ["something was written"]
        return [] if self.said in done.stderr.decode() else ["said: %s" % done.stderr]


@attack("S-22")
def one_cipher_for_all(w):
    """what certificates announce (RFC 4262) decides; nobody gets a copy of which the sender is not told that it is weaker"""
    def person(label, *ciphers):
        listed = [extension(CAPABILITIES, seq(*map(algorithm, ciphers)))] if ciphers else []
        made = Person("Bob " + label, "bob@partner.example", w.root, rsa_key(), extra=listed)
        key = made.save(w.folder, "announces-" + label)
        return key, key.split(",")[1]
    both, cbc_only, small = person("both", GCM[32], CBC[32], CBC[16]), person("cbc", CBC[32], CBC[16]), person("small", CBC[16])
    old, silent, modern = person("old", TRIPLE_DES), person("silent"), person("gcm", GCM[32])

    def to(*people):
        return [a for _, cert in people for a in ("--to-cert", cert)]

    def written(label, people, cipher, word, options=()):
        def look(message, _):
            (_, data), = objects(message)
            return [] if oid(cipher) in data else ["another cipher"]
        for key, _ in people:
            yield Written(label, [*to(*people), *options], look, encryption=word, arguments=["--identity", key])
    yield from written("all read GCM", [both, modern], GCM[32], "authenticated")
    yield from written("one reads CBC", [both, cbc_only], CBC[32], "unauthenticated")
    yield from written("one reads AES-128 alone", [both, small], CBC[16], "unauthenticated")
    yield from written("one says nothing", [both, silent], CBC[32], "unauthenticated")
    yield from written("one names no AES at all", [cbc_only, old], CBC[32], "unauthenticated")
    yield from written("named, and all read it", [both, small], CBC[16], "unauthenticated", ["--cipher", "aes128-cbc"])
    yield Refused("named, and one does not read it", [*to(both, cbc_only), "--cipher", "aes256-gcm"], "announces what its owner reads")
    yield Refused("none that all read", to(modern, small), "no cipher that all recipients read")
