#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""usage: recipients.py WAXWING - kinds of recipients that `openssl cms` and NSS know beside plain RSA and NIST curves"""
import base64
import hashlib
import re
import shutil

from judge import *

CMS = ["openssl", "cms"]
CURVES = ["brainpoolP256r1", "brainpoolP384r1", "brainpoolP512r1"]
KEK_NAME = "0badcafe"
for curve in CURVES:
    KINDS[curve] = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:" + curve]


def identity(kind):
    return ("--identity", path("bob-%s.key" % kind) + "," + path("bob-%s.pem" % kind))


def has_body(text):
    return b"it is secret" in (text or b"")


def expect(label, name, encryption, *arguments):
    verdict, payload = waxwing_open(name, *arguments)
    good = encryption.endswith("authenticated")
    check(label, words(verdict) == ("none", encryption) and has_body(payload) == good, words(verdict))


def theirs(label, encryption, to, *how, key):
    out = path("theirs.eml")
    done = run(*CMS, "-encrypt", "-in", message(), "-from", FROM, "-out", out, *how, *to, good=False)
    check("openssl: " + label, done.returncode == 0, done.stderr.decode(errors="replace")[-300:])
    if done.returncode == 0:
        expect("we open: " + label, out, encryption, *key)


def ours(label, to, *how, extra=()):
    out = path("ours.eml")
    run(WAXWING, "seal", message(), "--from", FROM, *to, *extra, "--out", out)
    done = run(*CMS, "-decrypt", "-in", out, *how, good=False)
    check("openssl opens: " + label, done.returncode == 0 and has_body(done.stdout), done.stderr.decode(errors="replace")[-300:])


def agreement():
    """every KDF, standard and cofactor, every key wrap; what is weak is read and never written"""
    for curve in CURVES + ["p256"]:
        recipient = ["-recip", path("bob-%s.pem" % curve)]
        for wrap in ("aes128", "aes192", "aes256", "des3"):
            for digest in ("sha1", "sha224", "sha256", "sha384", "sha512"):
                if wrap != "aes192" and digest in ("sha224", "sha384"):
                    continue
                theirs("%s %s-wrap %s cofactor %d" % (curve, wrap, digest, wrap == "aes256"), "authenticated",
                       recipient + ["-keyopt", "ecdh_kdf_md:" + digest, "-keyopt", "ecdh_cofactor_mode:%d" % (wrap == "aes256")],
                       "-aes-128-gcm", "-%s-wrap" % wrap, key=identity(curve))
        for cipher in ("aes256-gcm", "aes128-cbc"):
            ours("%s %s" % (curve, cipher), ["--to-cert", path("bob-%s.pem" % curve)], "-inkey", path("bob-%s.key" % curve),
                 "-recip", path("bob-%s.pem" % curve), extra=("--cipher", cipher))
    theirs("several in one message, by key identifier", "unauthenticated",
           ["-keyid", "-recip", path("bob-rsa.pem"), "-keyid", "-recip", path("bob-p256.pem")], "-aes256", key=identity("p256"))


def oaep():
    """P-03: hash and MGF1's hash are independent, and a label is honoured"""
    for options in (["rsa_oaep_md:sha512", "rsa_mgf1_md:sha1"], ["rsa_oaep_md:sha1", "rsa_mgf1_md:sha256"],
                    ["rsa_oaep_md:sha256", "rsa_mgf1_md:sha384", "rsa_oaep_label:6c6162656c"]):
        keyopts = [x for o in ["rsa_padding_mode:oaep"] + options for x in ("-keyopt", o)]
        theirs("OAEP %s" % options, "authenticated", ["-recip", path("bob-rsa.pem")] + keyopts, "-aes-256-gcm", key=identity("rsa"))
    ours("OAEP", ["--to-cert", path("bob-rsa.pem")], "-inkey", path("bob-rsa.key"), extra=("--oaep",))


def secrets():
    """passwords (RFC 3211) and symmetric keys"""
    key = ("--message-password", path("password"))
    for cipher in ("-aes128", "-aes192", "-aes256", "-des3"):
        theirs("a password, " + cipher, "unauthenticated", ["-pwri_password", "secret"], cipher, key=key)
    theirs("a password that is another", "failed", ["-pwri_password", "Secret"], "-aes256", key=key)
    ours("a password", ["--password-recipient", path("password")], "-pwri_password", "secret")
    for size in (16, 24, 32):
        kek = bytes(range(size)).hex()
        with open(path("kek"), "w") as f:
            f.write("%s:%s\n" % (KEK_NAME, kek))
        secret = ["-secretkey", kek, "-secretkeyid", KEK_NAME]
        theirs("a symmetric key of %d" % size, "authenticated", secret, "-aes-256-gcm", key=("--kek", path("kek")))
        theirs("a symmetric key with another name", "undecryptable", secret[:3] + ["0badcaff"], "-aes-256-gcm",
               key=("--kek", path("kek")))
        for cipher in ("aes256-gcm", "aes192-cbc"):
            ours("a symmetric key of %d, %s" % (size, cipher), ["--kek-recipient", path("kek")], *secret, extra=("--cipher", cipher))
    for wrong in ("", "0badcafe", "0badcafe:00", "zz:" + kek, ":" + kek):
        with open(path("wrong"), "w") as f:
            f.write(wrong + "\n")
        done = run(WAXWING, "seal", message(), "--from", FROM, "--kek-recipient", path("wrong"), "--out", path("none"), good=False)
        check("a file that is no symmetric key: %r" % wrong, done.returncode != 0 and b"NAME:KEY" in done.stderr, done.stderr)


def old():
    """3DES is read; RC2 by those alone who ask for old mail, where libcrypto still has it"""
    theirs("3DES", "unauthenticated", ["-recip", path("bob-rsa.pem")], "-des3", key=identity("rsa"))
    legacy = ["-provider", "default", "-provider", "legacy"]
    for cipher in ("-rc2-cbc", "-rc2-64-cbc", "-rc2-40-cbc"):
        out = path("rc2.eml")
        done = run(*CMS, *legacy, "-encrypt", "-in", message(), "-from", FROM, "-out", out, cipher, "-recip", path("bob-rsa.pem"), good=False)
        if done.returncode != 0:
            print("no %s: %s" % (cipher, done.stderr.decode(errors="replace")[-200:]))
            continue
        expect("%s is refused" % cipher, out, "failed", *identity("rsa"))
        expect("%s is historic" % cipher, out, "unauthenticated", "--historic", *identity("rsa"))
    for cipher in ("3des-cbc", "rc2-128-cbc", "des"):
        done = run(WAXWING, "seal", message(), "--from", FROM, "--to-cert", path("bob-rsa.pem"), "--cipher", cipher, good=False)
        check("%s is not written" % cipher, done.returncode == 64 and not done.stdout, done)


def bare(name, into):
    with open(name, "rb") as f:
        body = re.split(rb"\r?\n\r?\n", f.read(), maxsplit=1)[1]
    with open(path(into), "wb") as f:
        f.write(base64.b64decode(body))
    return path(into)


def nss():
    """NSS' cmsutil, both ways: RSA and ECDH"""
    if not shutil.which("cmsutil") or not shutil.which("certutil"):
        print("skipped: no cmsutil (libnss3-tools)")
        return
    home = "sql:" + path("nss")
    os.makedirs(path("nss"))
    run("certutil", "-N", "-d", home, "--empty-password")
    run("certutil", "-A", "-d", home, "-n", "root", "-t", "CT,CT,CT", "-i", path("root.pem"), "-a")
    for kind in ("rsa", "p256", "p384"):
        run("pk12util", "-i", path("bob-%s.p12" % kind), "-d", home, "-W", "secret", "-K", "")
        nick = re.search(r"^(.*bob-%s.*?)\s+u,u,u" % kind, run("certutil", "-L", "-d", home).stdout.decode(), re.M)
        check("NSS has the key of %s" % kind, nick is not None)
        done = run("cmsutil", "-E", "-d", home, "-r", nick[1].strip(), "-i", message(), "-o", path("nss.der"), good=False)
        if b"SEC_ERROR_INVALID_ALGORITHM" in done.stderr and kind != "rsa":
            print("skipped: this NSS has no ECDH in CMS")
            return
        check("NSS seals for %s" % kind, done.returncode == 0, done.stderr)
        if done.returncode == 0:
            expect("we open NSS' %s" % kind, path("nss.der"), "unauthenticated", *identity(kind))
        for cipher in ("aes256-cbc", "aes128-cbc"):
            out = path("ours.eml")
            run(WAXWING, "seal", message(), "--from", FROM, "--to-cert", path("bob-%s.pem" % kind), "--cipher", cipher, "--out", out)
            done = run("cmsutil", "-D", "-d", home, "-i", bare(out, "ours.der"), good=False)
            check("NSS opens %s %s" % (kind, cipher), done.returncode == 0 and has_body(done.stdout), done.stderr[-300:])


def elements(data):
    """(tag, body, whole) of each DER element"""
    at = 0
    while at < len(data):
        n, start = data[at + 1], at + 2
        if n & 0x80:
            start += n & 0x7f
            n = int.from_bytes(data[at + 2:start], "big")
        yield data[at], data[start:start + n], data[at:start + n]
        at = start + n


def write(name, data):
    with open(path(name), "wb") as f:
        f.write(data)
    return path(name)


def tool(*command, data=None):
    return run("openssl", *command, data=data).stdout


def kdf3(secret, info, size):
    return b"".join(hashlib.sha256(i.to_bytes(4, "big") + secret + info).digest() for i in (1, 2))[:size]


def hkdf(secret, info, size, digest):
    return tool("kdf", "-binary", "-keylen", str(size), "-kdfopt", "digest:" + digest, "-kdfopt", "hexkey:" + secret.hex(),
                "-kdfopt", "hexinfo:" + info.hex(), "HKDF")


def by_hand(kind, decapsulate):
    """what no judge reads as a whole is read step by step, with openssl's tools for each step (CBC, AES-256 wrap)"""
    out = path("hand.eml")
    extra = ["--rsa-kem"] if kind == "rsa" else []
    run(WAXWING, "seal", message(), "--from", FROM, "--to-cert", path("bob-%s.pem" % kind), "--cipher", "aes256-cbc", *extra, "--out", out)
    with open(bare(out, "hand.der"), "rb") as f:
        (_, info, _), = elements(f.read())
    _, (_, enveloped, _) = elements(info)
    (_, enveloped, _), = elements(enveloped)
    (_, version, _), (_, recipients, _), (_, content, _) = elements(enveloped)
    (tag, recipient, _), = elements(recipients)
    check("%s: version" % kind, version == (b"\x02" if tag == 0xa1 else b"\x03"), version)
    if tag == 0xa1:
        (_, v, _), (_, originator, _), (_, algorithm, _), (_, keys, _) = elements(recipient)
        check("%s: kari has version 3" % kind, v == b"\x03")
        (_, originator, _), = elements(originator)
        (_, identifier, identifier_whole), (_, point, _) = elements(originator)
        peer = write("peer.der", header(0x30, identifier_whole + header(3, point)))
        secret = tool("pkeyutl", "-derive", "-inkey", path("bob-%s.key" % kind), "-peerkey", peer, "-peerform", "DER")
        (_, oid, _), (_, _, wrap) = elements(algorithm)
        (_, key, _), = elements(keys)
        _, (_, wrapped, _) = elements(key)
        other = header(0x30, wrap + header(0xa2, header(4, bytes([0, 0, 1, 0]))))
        kek = hkdf(secret, other, 32, {19: "SHA256", 21: "SHA512"}[oid[-1]])
    else:
        (_, oid, _), (_, kem, _) = elements(recipient)
        check("%s: id-ori-kem" % kind, oid == bytes.fromhex("2a864886f70d0109100d03"))
        (_, v, _), _, _, (_, ciphertext, _), _, (_, size, size_whole), (_, _, wrap), (_, wrapped, _) = elements(kem)
        check("%s: version and kekLength" % kind, (v, size) == (b"\x00", b"\x20"), (v, size))
        kek = decapsulate(ciphertext, header(0x30, wrap + size_whole))
    cek = tool("enc", "-d", "-id-aes256-wrap", "-K", kek.hex(), "-iv", "a6" * 8, "-in", write("wrapped", wrapped))
    _, (_, cipher, _), (_, octets, _) = elements(content)
    _, (_, iv, _) = elements(cipher)
    plain = tool("enc", "-d", "-aes-256-cbc", "-K", cek.hex(), "-iv", iv.hex(), data=octets)
    check("%s, read by hand" % kind, has_body(plain))


def header(tag, body):
    n = len(body)
    return bytes([tag, n]) + body if n < 128 else bytes([tag, 0x82, n >> 8, n & 255]) + body


def rsa_kem(ciphertext, other):
    """RFC 9690: the KDF over Z, then over what came of it"""
    z = tool("pkeyutl", "-decrypt", "-inkey", path("bob-rsa.key"), "-pkeyopt", "rsa_padding_mode:none", data=ciphertext)
    return kdf3(kdf3(z, b"", 32), other, 32)


def ml_kem(kind):
    def decapsulate(ciphertext, other):
        run("openssl", "pkeyutl", "-decap", "-inkey", path("bob-%s.key" % kind), "-in", write("ct", ciphertext), "-secret", path("ss"))
        with open(path("ss"), "rb") as f:
            return hkdf(f.read(), other, 32, "SHA256")
    return decapsulate


def certified(kind):
    """a certificate for a key that can sign no request; False: this openssl has no such keys"""
    if run("openssl", "genpkey", "-algorithm", kind, "-out", path("bob-%s.key" % kind), good=False).returncode != 0:
        print("skipped: no %s here" % kind)
        return False
    run("openssl", "pkey", "-in", path("bob-%s.key" % kind), "-pubout", "-out", path("public.pem"))
    run("openssl", "x509", "-req", "-in", path("bob-rsa.csr"), "-CA", path("root.pem"), "-CAkey", path("root.key"), "-CAcreateserial",
        "-days", "30", "-force_pubkey", path("public.pem"), "-out", path("bob-%s.pem" % kind))
    return True


def new_kinds():
    """X25519, X448 (RFC 8418), RSA-KEM (RFC 9690), ML-KEM (RFC 9936)"""
    by_hand("rsa", rsa_kem)
    for kind in ("X25519", "X448", "ML-KEM-512", "ML-KEM-768", "ML-KEM-1024"):
        if certified(kind):
            by_hand(kind, ml_kem(kind))
            # and they load from every kind of file that holds keys
            run("openssl", "pkcs12", "-export", "-inkey", path("bob-%s.key" % kind), "-in", path("bob-%s.pem" % kind),
                "-passout", "pass:secret", "-out", path("bob-%s.p12" % kind))
            for key in (identity(kind), ("--identity", path("bob-%s.p12" % kind), "--password-file", path("password"))):
                expect("%s from %s" % (kind, key), path("hand.eml"), "unauthenticated", *key)


make_world(["rsa", "p256", "p384"] + CURVES)
for part in (agreement, oaep, secrets, old, nss, new_kinds):
    try:
        part()
    except Exception as trouble:  # a judge that cannot work is a failure, not a skip
        check(part.__name__, False, repr(trouble))
finish()
