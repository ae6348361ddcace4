#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""usage: gpgsm.py WAXWING - gpgsm seals for us and opens what we sealed (RSA; gpgsm 2.2 reads no GCM)"""
import base64
import re

from judge import *

HOME = path("gnupg")
GPGSM = ["gpgsm", "--homedir", HOME, "--batch", "--yes", "--disable-dirmngr", "--disable-crl-checks", "--pinentry-mode", "loopback"]


def gpgsm(*arguments, good=True, data=None):
    return run(*GPGSM, *arguments, good=good, data=data)


def with_key(*arguments, good=True):
    """gpgsm and its agent ask for the passphrase of the key on descriptor 0"""
    return run(*GPGSM, "--passphrase-fd", "0", *arguments, good=good, data=b"secret\n")


def set_up():
    os.makedirs(HOME, mode=0o700)
    root = run("openssl", "x509", "-in", path("root.pem"), "-noout", "-fingerprint", "-sha1").stdout.decode()
    with open(os.path.join(HOME, "trustlist.txt"), "w") as f:
        f.write(root.split("=")[1].strip() + " S relax\n")
    with open(os.path.join(HOME, "gpg-agent.conf"), "w") as f:
        f.write("allow-loopback-pinentry\n")
    gpgsm("--import", path("root.pem"))
    for who in ("alice", "bob"):
        # gpgsm reads the old PKCS #12 form, and not every file of it: its reader trips over some salts
        for attempt in range(8):
            run("openssl", "pkcs12", "-export", "-legacy", "-inkey", path(who + "-rsa.key"), "-in", path(who + "-rsa.pem"),
                "-passout", "pass:secret", "-out", path(who + "-old.p12"))
            if with_key("--import", path(who + "-old.p12"), good=False).returncode == 0:
                break
        else:
            raise RuntimeError("gpgsm imports no PKCS #12 file of openssl's")


def body_of(name):
    with open(name, "rb") as f:
        return base64.b64decode(re.split(rb"\r?\n\r?\n", f.read(), maxsplit=1)[1])


def write(name, data):
    with open(path(name), "wb") as f:
        f.write(data)
    return path(name)


def ours():
    identity = path("alice-rsa.key") + "," + path("alice-rsa.pem")
    for cipher in ("aes256-cbc", "aes128-cbc"):
        out = path("sealed.eml")
        run(WAXWING, "seal", message(), "--from", FROM, "--to-cert", path("bob-rsa.pem"), "--cipher", cipher, "--out", out)
        done = with_key("--decrypt", write("sealed.der", body_of(out)), good=False)
        check("gpgsm decrypts " + cipher, done.returncode == 0 and b"it is secret" in done.stdout,
              done.stderr.decode(errors="replace")[-400:])
    out = path("signed.eml")
    run(WAXWING, "seal", message(), "--from", FROM, "--sign", identity, "--opaque", "--out", out)
    signed = body_of(out)
    done = gpgsm("--verify", write("signed.der", signed), good=False)
    check("gpgsm verifies our opaque signature", b"Good signature" in done.stderr, done.stderr.decode(errors="replace")[-400:])
    at = signed.index(b"the figures")
    done = gpgsm("--verify", write("bad.der", signed[:at] + b"T" + signed[at + 1:]), good=False)
    check("gpgsm refuses it tampered", b"Good signature" not in done.stderr)
    run(WAXWING, "seal", message(), "--from", FROM, "--sign", identity, "--out", out)
    with open(out, "rb") as f:
        whole = f.read()
    boundary = b"--" + re.search(rb'boundary="?([^";\r\n]+)', whole).group(1)
    parts = whole.split(boundary)
    content = parts[1][2:-2]
    signature = base64.b64decode(parts[2].split(b"\r\n\r\n", 1)[1])
    done = gpgsm("--verify", write("s.der", signature), write("content", content), good=False)
    check("gpgsm verifies our clear signature", b"Good signature" in done.stderr, done.stderr.decode(errors="replace")[-400:])
    done = gpgsm("--verify", write("s.der", signature), write("content", content.replace(b"figures", b"fingers")), good=False)
    check("gpgsm refuses other content", b"Good signature" not in done.stderr)


def theirs():
    plain = message()
    for armor in ([], ["--armor"]):
        out = path("theirs")
        gpgsm(*armor, "--output", out, "--recipient", TO, "--encrypt", plain)
        verdict, payload = waxwing_open(out, "--identity", path("bob-rsa.p12"), "--password-file", path("password"))
        check("gpgsm encrypts %s" % armor, words(verdict)[1] in ("unauthenticated", "authenticated") and payload == open(plain, "rb").read(),
              words(verdict))
        with_key(*armor, "--output", out, "--local-user", FROM, "--sign", plain)
        verdict, payload = waxwing_open(out, "--from", FROM)
        check("gpgsm signs %s" % armor, words(verdict) == ("valid_trusted", "none") and payload == open(plain, "rb").read(),
              (words(verdict), verdict["verdict"]["reasons"]))
        with_key(*armor, "--output", out, "--local-user", FROM, "--detach-sign", plain)
        verdict, _ = waxwing_open(out, "--from", FROM, "--content", plain)
        check("gpgsm signs apart %s" % armor, words(verdict) == ("valid_trusted", "none"), (words(verdict), verdict["verdict"]["reasons"]))
        other = write("other", open(plain, "rb").read().replace(b"figures", b"fingers"))
        verdict, _ = waxwing_open(out, "--from", FROM, "--content", other)
        check("other content %s" % armor, words(verdict)[0] == "altered", words(verdict))


make_world(["rsa"])
for part in (set_up, ours, theirs):
    try:
        part()
    except Exception as trouble:  # a judge that cannot work is a failure, not a skip
        check(part.__name__, False, repr(trouble))
run("gpgconf", "--homedir", HOME, "--kill", "all", good=False)
finish()
