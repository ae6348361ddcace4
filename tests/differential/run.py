#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""usage: run.py WAXWING EXPECTED [--count N] [--seed S] [--only N] [--gpgsm EVERY] [--strict] [--show]
Changes valid messages and asks `waxwing open`, `openssl cms` and gpgsm what they see in them:
does the signature hold, what was decrypted?  Where they disagree a row of EXPECTED must say why.
--strict also fails for disagreements that harm nobody; a seed of its own comes by --seed or WAXWING_SEED.
--only N runs mutant N of a seed and keeps it; --show counts each row that was used.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import queue
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../attacks"))
from forge import *  # noqa: E402,F403
from mutate import mutate  # noqa: E402

TEXT = part("text/plain", "Dear Bob,\nthe figures, and some more of them.\n")
# what is not arithmetic: the chain, the dates, how strong it is, who it is
BESIDE = {"untrusted", "incomplete", "expired", "not_yet_valid", "revoked", "revocation_unknown", "key_usage", "eku", "basic_constraints",
          "path_length", "name_constraints", "policy", "loop", "chain_signature", "critical_extension", "chain_weak", "weak_digest",
          "weak_key", "no_signed_attributes", "signed_in_future", "date_differs", "mismatch", "ambiguous", "missing", "sender_only",
          "no_address"}
Answer = collections.namedtuple("Answer", "good content why")
SANITISER = re.compile(rb"AddressSanitizer|runtime error|LeakSanitizer")


class World:
    def __init__(self, folder):
        self.folder = folder
        self.root = Person("Root", None, key=rsa_key(), ca=True)
        people = {"ec": Person("Bob", "bob@partner.example", self.root), "rsa": Person("Bob R", "bob@partner.example", self.root, rsa_key())}
        self.identity = {k: p.save(folder, "bob-" + k) for k, p in people.items()}
        self.file("root.pem", pem("CERTIFICATE", self.root.certificate))
        key = {n: os.urandom(n) for n in (16, 32)}
        ec_, rsa_ = people["ec"], people["rsa"]
        attributes = [attribute(CONTENT_TYPE, oid(DATA)), attribute(UNKNOWN, NULL)]
        plain = sign(rsa_, TEXT, change=lambda a: a.pop("certificate") and None)
        protected = attribute(PROTECTION, seq(algorithm(DIGESTS["sha256"], NULL), der(0xa1, algorithm(RSA_ENCRYPTION, NULL)[2:])))
        self.bases = [
            ("signed", "rsa", plain), ("signed", "rsa", sign(rsa_, TEXT, change=lambda a: a.update(protection=protected))),
            ("signed", "ec", sign(ec_, TEXT)), ("signed", "rsa", sign(rsa_, TEXT, by_key_id=True, name="sha512")),
            ("signed", "rsa", sign(rsa_, TEXT, attributes=False)),
            ("signed", "both", signed_data([signer_info(ec_, TEXT), signer_info(rsa_, TEXT)], TEXT, [ec_.certificate, rsa_.certificate])),
            ("sealed", "rsa", encrypt_cbc([to_rsa(rsa_, key[16])], TEXT, key[16])),
            ("sealed", "rsa", encrypt_cbc([to_ec(ec_, key[32]), to_rsa(rsa_, key[32])], TEXT, key[32])),
            ("sealed", "rsa", encrypt_cbc([to_oaep(rsa_, key[16])], TEXT, key[16])),
            ("sealed", "rsa", encrypt_gcm([to_rsa(rsa_, key[32])], TEXT, key[32])),
            ("sealed", "ec", encrypt_gcm([to_ec(ec_, key[32])], TEXT, key[32])),
            ("sealed", "ec", encrypt_cbc([to_ec(ec_, key[16], 16, b"u" * 12)], TEXT, key[16])),
            ("sealed", "rsa", encrypt_gcm([to_rsa(rsa_, key[16])], TEXT, key[16], attributes=attributes)),
        ]
        self.gpgsm = self.set_up_gpgsm()

    def file(self, name, data):
        with open(os.path.join(self.folder, name), "wb") as f:
            f.write(data)
        return os.path.join(self.folder, name)

    def set_up_gpgsm(self):
        if not shutil.which("gpgsm"):
            return None
        home = os.path.join(self.folder, "gnupg")
        os.mkdir(home, 0o700)
        with open(os.path.join(home, "trustlist.txt"), "w") as f:
            f.write(hashlib.sha1(self.root.certificate).hexdigest().upper() + " S relax\n")
        with open(os.path.join(home, "gpg-agent.conf"), "w") as f:
            f.write("allow-loopback-pinentry\n")
        command = ["gpgsm", "--homedir", home, "--batch", "--yes", "--disable-dirmngr", "--disable-crl-checks", "--status-fd", "1",
                   "--pinentry-mode", "loopback", "--passphrase-fd", "0"]
        subprocess.run([*command, "--import", os.path.join(self.folder, "root.pem")], input=b"x\n", capture_output=True)
        key, cert = self.identity["rsa"].split(",")
        for _ in range(8):  # its reader of PKCS #12 trips over some salts
            out = os.path.join(self.folder, "old.p12")
            subprocess.run(["openssl", "pkcs12", "-export", "-legacy", "-inkey", key, "-in", cert, "-passout", "pass:x", "-out", out],
                           capture_output=True)
            if subprocess.run([*command, "--import", out], input=b"x\n", capture_output=True).returncode == 0:
                return command
        return None


def taken(path):
    if not os.path.exists(path):
        return None
    with open(path, "rb") as f:
        data = f.read()
    os.unlink(path)
    return data


def ours(world, waxwing, kind, who, source, out):
    keys = ["--identity", world.identity[who]] if kind == "sealed" else []
    done = subprocess.run([waxwing, "open", source, "--json", "--out", out, "--anchor", os.path.join(world.folder, "root.pem"),
                           "--from", "bob@partner.example", *keys], capture_output=True, timeout=60)
    content = taken(out)
    if done.returncode not in (0, 65) or SANITISER.search(done.stderr):
        raise RuntimeError("waxwing: exit %d %s" % (done.returncode, done.stderr.decode(errors="replace")[-2000:]))
    if done.returncode:
        return Answer(False, None, "refused")
    verdict = json.loads(done.stdout)
    first = verdict["layers"][0] if verdict["layers"] else {"kind": "none", "signers": [], "reasons": []}
    if kind == "sealed":
        why = "%s %s" % (first["kind"], verdict["verdict"]["encryption"])
        return Answer(first.get("integrity") in ("authenticated", "unauthenticated"), content, why)
    reasons = {r for s in first["signers"] for r in s["reasons"]} | set(first["reasons"])
    broken = reasons - BESIDE
    return Answer(bool(first["signers"]) and not broken, content, "%s %s %s" % (
        first["kind"], "" if first["signers"] else "no signers", " ".join(sorted(broken) or sorted(reasons))))


def openssl(world, kind, who, source, out):
    command = ["openssl", "cms", "-inform", "DER", "-in", source, "-out", out]
    if kind == "sealed":
        key, cert = world.identity[who].split(",")
        command += ["-decrypt", "-inkey", key, "-recip", cert]
    else:
        command += ["-verify", "-noverify"]
    done = subprocess.run(command, capture_output=True, timeout=60)
    errors = re.findall(r":([^:\n]*):(?:\.\./)?crypto/", done.stderr.decode(errors="replace"))
    return Answer(done.returncode == 0, taken(out), " / ".join(dict.fromkeys(e.strip() for e in errors)) or done.stderr.decode(errors="replace").strip()[-120:])


def gpgsm(world, kind, who, source, out):
    try:
        return ask_gpgsm(world, kind, who, source, out)
    except subprocess.TimeoutExpired:
        taken(out)
        return Answer(False, None, "it hangs")


def ask_gpgsm(world, kind, who, source, out):
    if kind == "sealed":
        done = subprocess.run([*world.gpgsm, "--decrypt", "--output", out, source], input=b"x\n", capture_output=True, timeout=20)
        good = b"DECRYPTION_OKAY" in done.stdout
    else:
        done = subprocess.run([*world.gpgsm, "--verify", "--output", out, source], input=b"x\n", capture_output=True, timeout=20)
        good = b"GOODSIG" in done.stdout and b"BADSIG" not in done.stdout and b"ERRSIG" not in done.stdout
    content = taken(out)
    said = [line for line in done.stderr.decode(errors="replace").split("\n") if line.startswith("gpgsm: ") and "Note:" not in line]
    return Answer(good, content if good else None, " / ".join(s[7:] for s in said)[-300:])


class Expected:
    """columns: judge, who accepts (we|they|both: contents differ), a pattern over `kind mutation | our words | theirs`, why"""

    def __init__(self, path):
        self.rows, self.used = [], collections.Counter()
        with open(path) as f:
            for n, line in enumerate(f, 1):
                if not line.strip() or line.startswith("#"):
                    continue
                judge, who, pattern, why = line.rstrip("\n").split("\t")
                self.rows.append((n, judge, who, re.compile(pattern), why))

    def explains(self, judge, who, text):
        for n, row_judge, row_who, pattern, _ in self.rows:
            if row_judge in (judge, "*") and row_who in (who, "*") and pattern.search(text):
                self.used[n] += 1
                return True
        return False


def compare(kind, mine, theirs):
    """who alone accepts it, or None"""
    if mine.good != theirs.good:
        return "we" if mine.good else "they"
    if mine.good and theirs.content is not None and mine.content != theirs.content:
        return "both"
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("waxwing")
    parser.add_argument("expected")
    parser.add_argument("--count", type=int, default=600)
    parser.add_argument("--seed", type=int, default=int(os.environ.get("WAXWING_SEED") or 2072147728))
    parser.add_argument("--strict", action="store_true")
    parser.add_argument("--only", type=int)
    parser.add_argument("--gpgsm", type=int, default=10)
    parser.add_argument("--show", action="store_true")
    arguments = parser.parse_args()
    waxwing, began = os.path.abspath(arguments.waxwing), time.monotonic()
    print("seed: %d" % arguments.seed, flush=True)
    scratch = tempfile.mkdtemp(prefix="differential-")
    world, expected = World(scratch), Expected(arguments.expected)
    rooms, kept = queue.Queue(), tempfile.mkdtemp(prefix="disagreements-")
    workers = os.cpu_count() or 2
    for _ in range(workers):
        rooms.put(tempfile.mkdtemp(dir=scratch))
    counts, failures, unexplained = collections.Counter(), [], []

    def one(n):
        dice = random.Random("%d:%d" % (arguments.seed, n))
        base = dice.randrange(len(world.bases))
        kind, who, data = world.bases[base]
        name, data = ("untouched", data) if n < len(world.bases) else mutate(dice, data)
        if n < len(world.bases):
            kind, who, data = world.bases[n]
        room = rooms.get()
        try:
            source, out = os.path.join(room, "in"), os.path.join(room, "out")
            with open(source, "wb") as f:
                f.write(data)
            mine = ours(world, waxwing, kind, who, source, out)
            judges = [("openssl", openssl)]
            if world.gpgsm and n % arguments.gpgsm == 0 and (kind == "signed" or who == "rsa"):
                judges.append(("gpgsm", gpgsm))
            return n, base, kind, name, data, mine, [(label, judge(world, kind, who, source, out)) for label, judge in judges]
        finally:
            rooms.put(room)
    numbers = [arguments.only] if arguments.only is not None else range(arguments.count)
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        for n, base, kind, name, data, mine, answers in pool.map(one, numbers):
            counts["good" if mine.good else "refused", kind] += 1
            if name == "untouched" and not mine.good:
                failures.append("mutant %d: untouched, and refused: %s" % (n, mine.why))
            for label, theirs in answers:
                who = compare(kind, mine, theirs)
                counts["agree" if who is None else "disagree", label] += 1
                text = "%s %s | %s | %s" % (kind, name, mine.why, theirs.why)
                if who and not expected.explains(label, who, text):
                    path = os.path.join(kept, "%d.der" % n)
                    with open(path, "wb") as f:
                        f.write(data)
                    # to refuse what another takes, or to read CBC that claims nothing, harms nobody: told, not failed
                    claims = who != "they" and not (kind == "sealed" and mine.why.startswith("enveloped unauthenticated"))
                    (failures if claims or arguments.strict else unexplained).append("mutant %d (base %d), %s: %s accepts: %s\n    kept as %s" % (
                        n, base, label, {"we": "waxwing alone", "they": label + " alone", "both": "each, with another content,"}[who], text, path))
    if world.gpgsm:
        subprocess.run(["gpgconf", "--homedir", os.path.join(scratch, "gnupg"), "--kill", "all"], capture_output=True)
    shutil.rmtree(scratch, ignore_errors=True)
    for failure in failures:
        print("FAILED: " + failure)
    for one_more in unexplained:
        print("not explained, on the safe side: " + one_more)
    for key in sorted(counts):
        print("%-9s %-8s %6d" % (*key, counts[key]))
    if arguments.show:
        for n, judge, who, pattern, _ in expected.rows:
            print("row %3d used %5d: %s %s %s" % (n, expected.used[n], judge, who, pattern.pattern))
    if not world.gpgsm:
        print("gpgsm is not here, or takes no key: not asked")
    print("%.0f s\nchecks: %d" % (time.monotonic() - began, sum(counts[k] for k in counts if k[0] == "agree" or k[0] == "disagree")))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
