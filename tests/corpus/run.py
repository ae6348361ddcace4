#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""usage: run.py WAXWING DIFFERENCES
Runs every message and CMS object of the corpus through `waxwing open`, imports every key,
certificate and revocation list, and compares with the index.  The corpus is looked for in $WAXWING_CORPUS, then beside the source
folder; without it the run is skipped, visibly (exit 77).
"""
import collections
import json
import os
import re
import subprocess
import sys
import tempfile

WAXWING, DIFFERENCES = sys.argv[1:3]
HERE = os.path.dirname(os.path.abspath(__file__))
PLACES = [os.environ.get("WAXWING_CORPUS", ""), os.path.join(HERE, "../../../shared/corpus")]
CORPUS = next((p for p in PLACES if p and os.path.exists(os.path.join(p, "index.tsv"))), None)
if not CORPUS:
    print("no corpus: neither $WAXWING_CORPUS nor ../shared/corpus has an index.tsv")
    sys.exit(77)

SCRATCH = tempfile.mkdtemp()
SANITISER = re.compile(rb"AddressSanitizer|runtime error|LeakSanitizer")
BROKEN = {"digest_mismatch", "signature_mismatch", "algorithm_mismatch", "ess_mismatch",
          "attrs_missing", "attrs_duplicate", "attrs_malformed", "content_type_mismatch"}
TB = "thunderbird/smime/"


def password(word):
    path = os.path.join(SCRATCH, "password-" + (word or "empty"))
    with open(path, "w") as f:
        f.write(word + "\n")
    return ["--password-file", path]


def keys(words, *names):
    return password(words) + [a for n in names for a in ("--identity", os.path.join(CORPUS, n))]


def anchors(*names):
    return [a for n in names for a in ("--anchor", os.path.join(CORPUS, n))]


def pem(name):
    """a DER key or certificate as it is; the tool reads both"""
    return os.path.join(CORPUS, name)


def arguments(name):
    """keys, anchors and time that the corpus' README gives for a file"""
    if name.startswith("thunderbird/smime-interop") or name.startswith("nss/interop"):
        key = "Fran-ec.p12" if "fran-ec" in name else "Fran.p12"
        return keys("nss", TB + key) + anchors(TB + "TestCA.pem")
    if name.startswith("thunderbird/"):
        return keys("nss", TB + "Bob.p12") + anchors(TB + "TestCA.pem")
    if name.startswith("rfc4134/5"):
        return ["--identity", pem("rfc4134/BobPrivRSAEncrypt.pri") + "," + pem("rfc4134/BobRSASignByCarl.cer"),
                "--at", "2002-09-06T00:00:00Z"]
    if name.startswith("rfc4134/"):
        extra = ["--content", pem("rfc4134/ExContent.bin")] if "4.3.bin" in name else []
        return extra + anchors("rfc4134/CarlRSASelf.cer", "rfc4134/CarlDSSSelf.cer") + ["--at", "2002-09-06T00:00:00Z"]
    if "validator." in name:
        crl = ["--crl", pem("bouncycastle/mail/validator.revoked.crl")] if "revoked" in name else []
        return crl + anchors("bouncycastle/mail/validator.root.crt") + ["--at", "2006-09-06T00:00:00Z"]
    if "outlook_2010" in name:
        return keys("", "bouncycastle/mail/johndoe.p12")
    if name in ("bouncycastle/mail/test128.message", "bouncycastle/mail/test192.message"):
        return ["--identity", pem("bouncycastle/mail/key.pem") + "," + pem("bouncycastle/mail/cert.pem")]
    if "ecdh/" in name:
        return ["--identity", pem("bouncycastle/cms/ecdh/ecc.key") + "," + pem("bouncycastle/cms/ecdh/ecc.crt")]
    if name.startswith("bouncycastle/cms/PSS") and "Enc" not in name:
        return ["--content", pem("bouncycastle/cms/PSSSignData.data")]
    if name.startswith("mimekit/"):
        return anchors("mimekit/StartComCertificationAuthority.crt") + ["--at", "2013-11-02T00:00:00Z"]
    if name.startswith("pkijs/"):
        return anchors("bouncycastle/mail/validator.root.crt") + ["--at", "2006-09-06T00:00:00Z"]
    if name.startswith("james/"):
        return anchors("james/rootCA.crt")
    if name.startswith("simple-java-mail/"):
        return keys("letmein", "simple-java-mail/pkcs12/smime_keystore.pkcs12") + anchors("simple-java-mail/pkcs12/ca.crt")
    if "ciphertext_from_1_1_1" in name:
        return ["--identity", pem("openssl/smime-certs/smec3.pem")]
    return []


def run(name, extra=()):
    out = os.path.join(SCRATCH, "out")
    if os.path.exists(out):
        os.unlink(out)
    done = subprocess.run([WAXWING, "open", os.path.join(CORPUS, name), "--json", "--out", out]
                          + arguments(name) + list(extra), capture_output=True, timeout=120)
    text = open(out, "rb").read() if os.path.exists(out) else b""
    verdict = json.loads(done.stdout) if done.returncode == 0 else None
    crashed = done.returncode not in (0, 65, 77) or SANITISER.search(done.stderr)
    return verdict, text, done, crashed


def got_words(verdict, done):
    if verdict is None:
        return "exit=%d" % done.returncode
    return "signature=%(signature)s encryption=%(encryption)s" % verdict["verdict"]


def judge_words(expected, verdict):
    for kind in ("signature", "encryption"):
        wanted = re.search(kind + r"=(\w+)", expected)
        if wanted and (verdict is None or verdict["verdict"][kind] != wanted.group(1)):
            return False
    return True


def judge_object(expected, verdict, text):
    """what the index says of a bare object in words"""
    if verdict is None:
        return not re.search(r"decrypts to|verifies", expected)
    reasons = set(verdict["verdict"]["reasons"])
    quoted = re.search(r'decrypts to "([^"]*)"', expected)
    if quoted:
        return quoted.group(1).encode() in text
    if "decrypts to sess.txt" in expected:
        return len(text) in (37, 38)
    if "decrypts with Bob" in expected:
        return b"This is some sample content." in text
    if "INVALID" in expected or "refuse" in expected and "or refuse" not in expected:
        return verdict["verdict"]["signature"] in ("altered", "malformed", "unsupported", "none")
    if "verif" in expected and "must parse; not valid" not in expected and "verify error" not in expected:
        return any(l["signers"] for l in verdict["layers"]) and not reasons & BROKEN
    if "certificates-only" in expected or expected == "certs-only":
        return verdict["layers"][0]["kind"] == "certs-only"
    return verdict["verdict"]["signature"] != "valid_trusted"


MESSAGE = os.path.join(SCRATCH, "message.eml")
with open(MESSAGE, "w") as plain:
    plain.write("From: a@a.example\r\nSubject: s\r\n\r\nhello\r\n")


def take(*words):
    return subprocess.run([WAXWING, *words], capture_output=True, timeout=120)


def import_key(name, expected):
    """a private key opens as an identity; what the index calls something else must not"""
    word = re.search(r'password "([^"]*)"', expected)
    options = password(word.group(1)) if word else []
    done = take("open", MESSAGE, "--json", *options, "--identity", os.path.join(CORPUS, name))
    none = re.search(r"DSA parameters|SubjectPublicKeyInfo|public key$", expected)
    if none:
        return done.returncode == 77 and b"not a private key" in done.stderr, done
    # what a newer libcrypto reads, an older one must refuse by its name
    newer = re.search(r"ML-|SLH-", expected) and done.returncode == 77 and b"unsupported private key algorithm" in done.stderr
    return done.returncode == 0 or bool(newer), done


def import_cert(name, expected):
    path = os.path.join(CORPUS, name)
    if "must fail cleanly" in expected:
        done = take("seal", MESSAGE, "--from", "a@a.example", "--to-cert", path)
        return done.returncode == 65 and not done.stdout, done
    if name.endswith(".crl"):
        done = take("open", MESSAGE, "--json", "--crl", path)
    else:
        done = take("cert", "show", "--json", path)
        return done.returncode == 0 and len(json.loads(done.stdout)["items"]) > 0, done
    return done.returncode == 0, done


def differences():
    table = {}
    with open(DIFFERENCES) as f:
        for line in f:
            if line.strip() and not line.startswith("#"):
                name, got, why = line.rstrip("\n").split("\t")
                table[name] = (got, why)
    return table


def main():
    known, counts, failures = differences(), collections.Counter(), []
    used = set()
    rows = [l.rstrip("\n").split("\t") for l in open(os.path.join(CORPUS, "index.tsv"))]
    for name, kind, expected, *_ in rows:
        if kind == "doc":
            counts[kind, "not run: no message"] += 1
            continue
        if kind in ("key", "cert"):
            good, done = (import_key if kind == "key" else import_cert)(name, expected)
            words = "exit=%d" % done.returncode
            crashed = done.returncode not in (0, 65, 66, 77) or SANITISER.search(done.stderr)
            differs = not crashed and not good and name in known and known[name][0] == words
            outcome = "crashed" if crashed else "as expected" if good else "known difference" if differs else "different"
            counts[kind, outcome] += 1
            if differs:
                used.add(name)
            elif outcome != "as expected":
                failures.append("%s: %s\n  expected: %s\n  got: %s (%s)"
                                % (outcome, name, expected[:160], words, done.stderr.decode(errors="replace")[-600:]))
            continue
        verdict, text, done, crashed = run(name)
        words = got_words(verdict, done)
        good = judge_words(expected, verdict) if kind == "msg" else judge_object(expected, verdict, text)
        if crashed:
            outcome = "crashed"
        elif good:
            outcome = "as expected"
        elif name in known and known[name][0] == words:
            outcome = "known difference"
            used.add(name)
        else:
            outcome = "different"
        if outcome == "as expected" and "signature=weak" in expected:
            historic = run(name, ["--historic"])[0]
            if historic["verdict"]["signature"] != "valid_trusted" and name + " historic" not in known:
                outcome = "different with --historic"
                words = got_words(historic, done) + " " + " ".join(historic["verdict"]["reasons"])
        counts[kind, outcome] += 1
        if outcome in ("crashed", "different", "different with --historic"):
            reasons = " ".join(verdict["verdict"]["reasons"]) if verdict else done.stderr.decode(errors="replace")[-600:]
            failures.append("%s: %s\n  expected: %s\n  got: %s (%s)" % (outcome, name, expected[:160], words, reasons))
    for key in sorted(counts):
        print("%-5s %-28s %4d" % (*key, counts[key]))
    for failure in failures:
        print(failure)
    for name in sorted(set(known) - used):
        if not name.endswith(" historic"):
            print("no longer a difference, remove it: " + name)
            failures.append(name)
    print("checks: %d" % sum(n for (k, o), n in counts.items() if not o.startswith("not run")))
    return 1 if failures else 0


sys.exit(main())
