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
        for entry in find(data, "1.2.840.113549.1.9.15")[0].children[1].children[0].children:
            must(entry.tag == 0x30 and entry.children[0].tag == 6, "capabilities are SEQUENCEs of an OID (P-16)")
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
