#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""usage: bouncycastle.py WAXWING - Bouncy Castle seals and signs for us, opens and verifies what we made; what its version or
this openssl does not know is named"""
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
KDF3, HKDF = "1.3.133.16.840.9.44.1.2", "1.2.840.113549.1.9.16.3.28"
KEM = False
# the key, what Bouncy Castle calls the signature, and what we are told
SIGNERS = [("rsa", "SHA256withRSA", []), ("p256", "SHA256withECDSA", []), ("p384", "SHA384withECDSA", []), ("p521", "SHA512withECDSA", []),
           ("brainpoolP384r1", "SHA384withECDSA", []), ("ed25519", "Ed25519", []), ("ed448", "Ed448", [])]
SIGNERS += [("rsa", "SHA%dwithRSAandMGF1" % n, ["--pss"]) for n in (256, 384, 512)]
SIGNERS += [("ml-dsa-%d" % n, "ML-DSA-%d" % n, []) for n in (44, 65, 87)]
SIGNERS += [("slh-dsa-%s-%s" % (h, n), ("SLH-DSA-%s-%s" % (h, n)).upper(), []) for h in ("sha2", "shake") for n in ("128f", "192f", "256f")]
# (the sets that are slow and small differ in numbers alone: signers.py has them)
CLASSES = path("classes")


def compiled():
    if len(JARS) < 4 or not shutil.which("javac"):
        print("no Bouncy Castle: libbcmail-java and a JDK are not installed")
        sys.exit(77)
    global KEM
    for folder in ("kem", "nokem"):
        done = run("javac", "-nowarn", "-cp", ":".join(JARS), "-d", CLASSES, os.path.join(HERE, "BouncyCastle.java"),
                   os.path.join(HERE, folder, "BouncyCastleKem.java"), good=folder == "nokem")
        if done.returncode == 0:
            KEM = folder == "kem"
            break


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
    return der_of(kind, path("bob-%s.key" % kind), path("bob-%s.der" % kind))


def der_of(kind, key, out):
    """PKCS #8; of ML-KEM and ML-DSA the expanded key alone: Bouncy Castle 1.80 reads another key out of openssl's form with both"""
    how = ["-provparam", "%s.output_formats=priv-only" % kind[:6].lower()] if kind.lower().startswith("ml-") else []
    run("openssl", *(["pkey"] + how if how else ["pkcs8", "-topk8", "-nocrypt"]), "-outform", "DER", "-in", key, "-out", out)
    return out


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


def certified(kind):
    """Bob's certificate for a key that can sign nothing; False: this openssl has no such keys"""
    if run("openssl", "genpkey", "-algorithm", kind, "-out", path("bob-%s.key" % kind), good=False).returncode != 0:
        return False
    run("openssl", "pkey", "-in", path("bob-%s.key" % kind), "-pubout", "-out", path("public.pem"))
    run("openssl", "x509", "-req", "-in", path("bob-rsa.csr"), "-CA", path("root.pem"), "-CAkey", path("root.key"), "-CAcreateserial",
        "-days", "30", "-force_pubkey", path("public.pem"), "-out", path("bob-%s.pem" % kind))
    return True


def new_recipients():
    """X25519, X448 (RFC 8418), RSA-KEM (RFC 9690), ML-KEM (RFC 9936), both ways; what it cannot is said, not failed"""
    kinds = [("rsa", "kem/%s5/%s" % (AES, KDF3), ["--rsa-kem"])] if KEM else []
    for kind, scheme in (("X25519", "1.2.840.113549.1.9.16.3.19"), ("X448", "1.2.840.113549.1.9.16.3.21")):
        kinds += [(kind, "%s/%s45" % (scheme, AES), [])] if certified(kind) else []
    for kind in ("ML-KEM-512", "ML-KEM-768", "ML-KEM-1024"):
        kinds += [(kind, "kem/%s45/%s" % (AES, HKDF), [])] if KEM and certified(kind) else []
    jobs, rows = [], []
    for kind, how, extra in kinds:
        for cipher in ("aes256-gcm", "aes256-cbc"):
            theirs_out, out, opened = path("theirs-%d" % len(jobs)), path("ours.eml"), path("opened-%d" % len(jobs))
            run(WAXWING, "seal", message(), "--from", FROM, "--to-cert", path("bob-%s.pem" % kind), *extra, "--cipher", cipher, "--out", out)
            jobs.append("seal %s %s %s %s %s" % (CIPHERS[cipher], how, path("bob-%s.pem" % kind), message(), theirs_out))
            jobs.append("open %s %s %s" % (pkcs8(kind), bare(out, "ours-%d" % len(jobs)), opened))
            rows.append((" ".join([kind, cipher] + extra), theirs_out, opened, cipher, identity(kind)))
    answers = ask(jobs)
    for at, (label, out, opened, cipher, key) in enumerate(rows):
        made, read = answers[2 * at:2 * at + 2]
        judged("opens " + label, read, lambda: readable(opened))
        judged("seals " + label, made, lambda: agree(label, waxwing_open(out, *key), cipher))


def agree(label, got, cipher):
    verdict, payload = got
    return words(verdict) == ("none", good(cipher)) and b"it is secret" in (payload or b"")


def judged(label, answer, holds):
    print("Bouncy Castle %s: %s" % (label, answer))
    known = [said for pattern, (until, said) in UNABLE.items() if VERSION < until and re.match(pattern, label)]
    check("Bouncy Castle " + label, known[0] in answer if known else answer == "ok" and holds(), answer)


def signer(kind, key, pem, der):
    """a key of this kind and its certificate of the root's; False: this openssl has no such keys"""
    option = KINDS.get(kind) or (["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:" + kind] if "pool" in kind else ["-newkey", kind])
    os.environ["MAIL"] = FROM
    if run("openssl", "req", "-new", *option, "-nodes", "-config", path("world.cnf"), "-subj", "/CN=" + kind, "-keyout", key,
           "-out", path("r.csr"), good=False).returncode != 0:
        return False
    run("openssl", "x509", "-req", "-in", path("r.csr"), "-CA", path("root.pem"), "-CAkey", path("root.key"), "-CAcreateserial",
        "-days", "730", "-extfile", path("world.cnf"), "-extensions", "sign", "-out", pem)
    der_of(kind, key, der)
    return True


def signatures():
    """each algorithm by both; a root of RSA, so that the signature of the message is what is judged"""
    jobs, rows = [], []
    for number, (kind, name, extra) in enumerate(SIGNERS):
        key, pem, der = (path("signer-%s.%s" % (kind, end)) for end in ("key", "pem", "der"))
        if not os.path.exists(der) and not signer(kind, key, pem, der):
            print("not in this openssl: " + kind)
            continue
        made, verified, out = path("signed-%d" % number), path("verified-%d" % number), path("ours.eml")
        run(WAXWING, "seal", message(), "--from", FROM, "--sign", key + "," + pem, *extra, "--opaque", "--out", out)
        jobs += ["sign %s %s %s %s %s" % (name, der, pem, message(), made), "verify %s %s %s" % (pem, bare(out, "sig-%d" % number), verified)]
        rows.append((name + " " + kind, made, verified))
    answers = ask(jobs)
    for at, (label, made, verified) in enumerate(rows):
        signed, read = answers[2 * at:2 * at + 2]
        judged("verifies " + label, read, lambda: readable(verified))
        # its digest is SHAKE128 (RFC 9814 4), which we do not read
        ours = ("unsupported", "none") if "SHAKE-128" in label else ("valid_trusted", "none")
        judged("signs " + label, signed, lambda: told(waxwing_open(made, "--from", FROM)[0], ours))


def told(verdict, wanted):
    if words(verdict) != wanted:
        print(words(verdict), verdict["verdict"]["reasons"])
    return words(verdict) == wanted


def version():
    named = re.search(r"-(\d+)\.(\d+)", os.path.basename(os.path.realpath(JARS[0])))
    return (int(named[1]), int(named[2])) if named else (9, 9)


# what it cannot, before which version, and the words in which it says so
NEVER = (99, 0)
UNABLE = {"seals X(25519|448)": (NEVER, "Unknown key agreement algorithm"), "opens X(25519|448)": (NEVER, "no such algorithm"),
          "(seals|opens) rsa .*--rsa-kem": (NEVER, "No such algorithm: 1.0.18033.2.2.4")}

compiled()
VERSION = version()
make_world(["rsa", "p256", "p384", "p521"])
with open(path("world.cnf"), "a") as f:
    f.write("[sign]\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=emailProtection\n"
            "subjectAltName=email:$ENV::MAIL\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n")
for part in (theirs, ours, new_recipients, signatures):
    try:
        part()
    except Exception as trouble:  # a judge that cannot work is a failure, not a skip
        check(part.__name__, False, repr(trouble))
finish()
