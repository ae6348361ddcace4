#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""usage: bouncycastle.py WAXWING - Bouncy Castle seals for us and opens what we sealed: CCM, ChaCha20-Poly1305, ECDH, passwords"""
import base64
import glob
import os
import re
import shutil

from judge import *

HERE = os.path.dirname(os.path.abspath(__file__))
JARS = [j for n in ("bcprov", "bcutil", "bcpkix", "bcmail") for j in glob.glob("/usr/share/java/%s.jar" % n)]
AES = "2.16.840.1.101.3.4.1."
CIPHERS = {"aes128-ccm": AES + "7", "aes192-ccm": AES + "27", "aes256-ccm": AES + "47", "aes128-gcm": AES + "6",
           "aes256-gcm": AES + "46", "aes256-cbc": AES + "42", "chacha20-poly1305": "1.2.840.113549.1.9.16.3.18"}
SECG = "1.3.132.1."
CLASSES = path("classes")


def compiled():
    if len(JARS) < 4 or not shutil.which("javac"):
        print("no Bouncy Castle: libbcmail-java and a JDK are not installed")
        sys.exit(77)
    run("javac", "-nowarn", "-cp", ":".join(JARS), "-d", CLASSES, os.path.join(HERE, "BouncyCastle.java"))


def ask(jobs):
    """one line of answer for each job"""
    done = run("java", "-cp", ":".join(JARS + [CLASSES]), "BouncyCastle", data=("\n".join(jobs) + "\n").encode())
    answers = done.stdout.decode().splitlines()
    if len(answers) != len(jobs):
        raise RuntimeError(done.stderr.decode()[-1000:])
    return answers


def bare(name, into):
    with open(name, "rb") as f:
        body = re.split(rb"\r?\n\r?\n", f.read(), maxsplit=1)[1]
    with open(path(into), "wb") as f:
        f.write(base64.b64decode(body))
    return path(into)


def pkcs8(kind):
    run("openssl", "pkcs8", "-topk8", "-nocrypt", "-outform", "DER", "-in", path("bob-%s.key" % kind), "-out", path("bob-%s.der" % kind))
    return path("bob-%s.der" % kind)


def identity(kind):
    return ("--identity", path("bob-%s.key" % kind) + "," + path("bob-%s.pem" % kind))


def good(cipher):
    return "unauthenticated" if cipher.endswith("cbc") else "authenticated"


def readable(name):
    if not os.path.exists(name):
        return False
    with open(name, "rb") as f:
        return b"it is secret" in f.read()


def is_misplaced(name, cipher):
    """Bouncy Castle 1.72 puts ChaCha20-Poly1305 into EnvelopedData, the tag behind the content; RFC 8103 wants AuthEnvelopedData"""
    with open(name, "rb") as f:
        return good(cipher) == "authenticated" and bytes.fromhex("06092a864886f70d010703") in f.read(40)


def theirs():
    jobs, rows = [], []
    kinds = [("rsa", "ktri")] + [("p256", "%s11.1/%s5" % (SECG, AES)), ("p384", "%s11.2/%s45" % (SECG, AES)),
                                 ("p521", "%s14.3/%s25" % (SECG, AES)), ("p256", "1.3.133.16.840.63.0.2/" + AES + "5")]
    for cipher, oid in CIPHERS.items():
        for kind, how in kinds:
            out = path("theirs-%d" % len(jobs))
            jobs.append("seal %s %s %s %s %s" % (oid, how, path("bob-%s.pem" % kind), message(), out))
            rows.append(("%s to %s %s" % (cipher, kind, how), out, cipher, identity(kind)))
        out = path("theirs-%d" % len(jobs))
        jobs.append("seal %s password secret %s %s" % (oid, message(), out))
        rows.append((cipher + " to a password", out, cipher, ("--message-password", path("password"))))
    for answer, (label, out, cipher, key) in zip(ask(jobs), rows):
        check("Bouncy Castle seals " + label, answer == "ok", answer)
        if answer == "ok" and is_misplaced(out, cipher):
            check("we refuse it there", words(waxwing_open(out, *key)[0]) == ("none", "failed"), label)
        elif answer == "ok":
            verdict, payload = waxwing_open(out, *key)
            check("we open " + label, words(verdict) == ("none", good(cipher)) and b"it is secret" in (payload or b""),
                  words(verdict))


def ours():
    jobs, rows = [], []
    for cipher in CIPHERS:
        for kind, extra in (("rsa", []), ("rsa", ["--oaep"]), ("p256", []), ("p384", []), ("p521", []), (None, [])):
            to = ["--to-cert", path("bob-%s.pem" % kind)] if kind else ["--password-recipient", path("password")]
            out, opened = path("ours.eml"), path("opened-%d" % len(jobs))
            run(WAXWING, "seal", message(), "--from", FROM, *to, *extra, "--cipher", cipher, "--out", out)
            jobs.append("open %s %s %s" % (pkcs8(kind) if kind else "password:secret", bare(out, "ours-%d" % len(jobs)), opened))
            rows.append(("%s to %s %s" % (cipher, kind or "a password", extra), opened))
    for answer, (label, opened) in zip(ask(jobs), rows):
        check("Bouncy Castle opens " + label, answer == "ok" and readable(opened), answer)


compiled()
make_world(["rsa", "p256", "p384", "p521"])
for part in (theirs, ours):
    try:
        part()
    except Exception as trouble:  # a judge that cannot work is a failure, not a skip
        check(part.__name__, False, repr(trouble))
finish()
