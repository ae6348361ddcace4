#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""usage: gpgsm.py WAXWING - gpgsm seals and signs for us, opens and verifies what we made: RSA and
curves; what its version cannot is named in UNABLE and nowhere else"""
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


CURVES = {"p256": "NIST P-256", "p384": "NIST P-384", "p521": "NIST P-521", "brainpoolP256r1": "brainpoolP256r1",
          "brainpoolP384r1": "brainpoolP384r1", "brainpoolP512r1": "brainpoolP512r1"}
# left alone it takes SHA-256, which its agent refuses for the longer curves
DIGESTS = {"p256": "SHA256", "p384": "SHA384", "p521": "SHA512", "brainpoolP256r1": "SHA256", "brainpoolP384r1": "SHA384",
           "brainpoolP512r1": "SHA512"}
for curve in CURVES:
    KINDS.setdefault(curve, ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:" + curve])
# what it cannot, before which version, and the words in which it says so
NEVER = (99, 0)
UNABLE = {
    "verifies p521": ((2, 4), "DSA requires the hash length to be a multiple of 8 bits"),
    "decrypts (p|brainpoolP).*": ((2, 4), "Invalid session key"),  # nor what openssl encrypted, with any KDF
    "encrypts .*": ((2, 4), "Invalid S-expression"),
    "verifies (a|openssl's) key identifier": (NEVER, "TLV length too large"),
    "decrypts OAEP": (NEVER, "error getting encrypted session key"),
    "decrypts (a password and )?GCM": (NEVER, "Buffer too short"),  # nor openssl's
}


def judged(label, done, good):
    """a thing that this version cannot fails in its known way: the day it can, the line goes"""
    said = done.stderr.decode(errors="replace")
    known = [words for pattern, (until, words) in UNABLE.items() if VERSION < until and re.fullmatch(pattern, label)]
    print("gpgsm %s: %s" % (label, "yes" if good else said.strip().replace("\n", " / ")[-160:]))
    check("gpgsm " + label, known[0] in said if known else good, said[-400:])


def version():
    named = re.search(r"(\d+)\.(\d+)", gpgsm("--version").stdout.decode())
    return int(named[1]), int(named[2])


def atom(data):
    return b"%d:%s" % (len(data), data)


def has_key(who, kind):
    """gpgsm 2.2 reads no PKCS #12 with a curve: the agent gets the key as it stores keys itself"""
    name = "%s-%s" % (who, kind)
    if who == "bob":
        # it encrypts to no certificate for keyAgreement: one without a keyUsage may be used for everything
        run("openssl", "x509", "-req", "-in", path(name + ".csr"), "-CA", path("root.pem"), "-CAkey", path("root.key"), "-CAcreateserial",
            "-days", "30", "-out", path(name + ".pem"))
    gpgsm("--import", path(name + ".pem"))
    text = run("openssl", "pkey", "-in", path(name + ".key"), "-noout", "-text").stdout.decode()
    d, q = (bytes.fromhex(re.sub(r"[:\s]", "", part)) for part in re.search(r"priv:\n([\s0-9a-f:]+)pub:\n([\s0-9a-f:]+)", text).groups())
    own = run("openssl", "x509", "-in", path(name + ".pem"), "-noout", "-fingerprint", "-sha1").stdout.decode().split("=")[1].strip()
    shown = gpgsm("--with-keygrip", "--with-colons", "--list-keys", own.replace(":", "")).stdout.decode()
    grip = re.search(r"^grp:*([0-9A-F]{40}):", shown, re.M).group(1)
    folder = os.path.join(HOME, "private-keys-v1.d")
    os.makedirs(folder, mode=0o700, exist_ok=True)
    with open(os.path.join(folder, grip + ".key"), "wb") as f:
        f.write(b"(11:private-key(3:ecc(5:curve%s)(1:q%s)(1:d%s)))" % (atom(CURVES[kind].encode()), atom(q), atom(d)))
    return own.replace(":", "")


def sealed(*arguments):
    run(WAXWING, "seal", message(), "--from", FROM, *arguments, "--out", path("sealed.eml"))
    return write("sealed.der", body_of(path("sealed.eml")))


def signed_by(*kinds):
    return [w for k in kinds for w in ("--sign", path("alice-%s.key" % k) + "," + path("alice-%s.pem" % k))] + ["--opaque"]


def verifies(label, count, *arguments):
    done = gpgsm("--verify", sealed(*arguments), good=False)
    judged("verifies " + label, done, done.stderr.count(b"Good signature") == count)


def decrypts(label, *arguments):
    done = with_key("--decrypt", sealed(*arguments), good=False)
    judged("decrypts " + label, done, done.returncode == 0 and b"it is secret" in done.stdout)


def curves():
    for kind in CURVES:
        own, to = has_key("alice", kind), has_key("bob", kind)
        verifies(kind, 1, *signed_by(kind))
        decrypts(kind, "--to-cert", path("bob-%s.pem" % kind))
        out = path("theirs")
        done = gpgsm("--digest-algo", DIGESTS[kind], "--output", out, "--local-user", own, "--sign", message(), good=False)
        verdict = waxwing_open(out, "--from", FROM)[0] if done.returncode == 0 else None
        judged("signs " + kind, done, verdict and words(verdict)[0] == "valid_trusted")
        done = gpgsm("--output", out, "--recipient", to, "--encrypt", message(), good=False)
        got = waxwing_open(out, "--identity", path("bob-%s.key" % kind) + "," + path("bob-%s.pem" % kind)) if done.returncode == 0 else None
        judged("encrypts " + kind, done, got and words(got[0])[1] == "unauthenticated" and b"it is secret" in (got[1] or b""))


def kinds_of_rsa():
    """PSS, several signers, key identifiers, OAEP, GCM, passwords"""
    verifies("PSS", 1, *signed_by("rsa"), "--pss")
    verifies("two signers", 2, *signed_by("rsa", "p384"))
    verifies("a key identifier", 1, *signed_by("rsa"), "--signer-id", "ski")
    run("openssl", "cms", "-sign", "-nodetach", "-keyid", "-in", message(), "-signer", path("alice-rsa.pem"), "-inkey", path("alice-rsa.key"),
        "-outform", "DER", "-binary", "-out", path("keyid.der"))
    done = gpgsm("--verify", path("keyid.der"), good=False)
    judged("verifies openssl's key identifier", done, b"Good signature" in done.stderr)
    to = ["--to-cert", path("bob-rsa.pem")]
    password = ["--password-recipient", path("password")]
    for label, how in (("OAEP", to + ["--oaep"]), ("GCM", to + ["--cipher", "aes256-gcm"]), ("a password", password),
                       ("a password and GCM", password + ["--cipher", "aes256-gcm"])):
        decrypts(label, *how)


make_world(["rsa"] + list(CURVES))
VERSION = version()
for part in (set_up, ours, theirs, curves, kinds_of_rsa):
    try:
        part()
    except Exception as trouble:  # a judge that cannot work is a failure, not a skip
        check(part.__name__, False, repr(trouble))
run("gpgconf", "--homedir", HOME, "--kill", "all", good=False)
finish()
