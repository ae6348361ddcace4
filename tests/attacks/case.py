# SPDX-License-Identifier: Apache-2.0
"""What one attack is: a message, and what must come out of it."""
import json
import os
import subprocess

from forge import *

ATTACKS = []  # (id, name, function)


def attack(*ids):
    def add(function):
        ATTACKS.append((ids, function.__name__, function))
        return function
    return add


class World:
    """an authority and the people everything is made from; fresh keys in each run"""

    def __init__(self, folder):
        self.folder = folder
        self.root = Person("Root", None, ca=True)
        self.alice = Person("Alice", "alice@corp.example", self.root)
        self.alice_rsa = Person("Alice R", "alice@corp.example", self.root, rsa_key())
        self.bob = Person("Bob", "bob@partner.example", self.root)
        self.bob_rsa = Person("Bob R", "bob@partner.example", self.root, rsa_key())
        self.eve = Person("Eve", "eve@evil.example", self.root)
        self.anchor = os.path.join(folder, "root.pem")
        with open(self.anchor, "wb") as f:
            f.write(pem("CERTIFICATE", self.root.certificate))
        self.identities = [self.bob.save(folder, "bob"), self.bob_rsa.save(folder, "bob-rsa")]

    def file(self, name, data):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as f:
            f.write(data)
        return path


class Case:
    """`control` is the sibling that nobody manipulated: it must be good, or the test proves nothing"""

    def __init__(self, name, message, signature="none", encryption="none", reasons=(), without=(), layers=None, payload=None,
                 hidden=None, arguments=(), also=None, control=False, from_address=None):
        self.name, self.message = name, message
        self.signature = signature if isinstance(signature, tuple) else (signature,)
        self.encryption = encryption if isinstance(encryption, tuple) else (encryption,)
        self.reasons, self.without, self.layers = reasons, without, layers
        self.payload, self.hidden, self.arguments, self.also = payload, hidden, list(arguments), also
        self.control = control
        if from_address:
            self.arguments += ["--from", from_address]

    def run(self, waxwing, world, folder):
        """the faults found, as lines"""
        source, out = os.path.join(folder, "in"), os.path.join(folder, "out")
        with open(source, "wb") as f:
            f.write(self.message)
        keys = [a for i in world.identities for a in ("--identity", i)]
        done = subprocess.run([waxwing, "open", source, "--json", "--out", out, "--anchor", world.anchor, *keys, *self.arguments],
                              capture_output=True, timeout=300, cwd=folder, env={**os.environ, "TMPDIR": folder})
        payload = None
        if os.path.exists(out):
            with open(out, "rb") as f:
                payload = f.read()
        for name in os.listdir(folder):
            os.unlink(os.path.join(folder, name))
        if done.returncode != 0:
            return ["exit %d: %s" % (done.returncode, done.stderr.decode(errors="replace")[-800:])]
        return self.judge(json.loads(done.stdout), payload, done)

    def judge(self, verdict, payload, done):
        words, faults = verdict["verdict"], []

        def must(true, text):
            if not true:
                faults.append(text)
        must(words["signature"] in self.signature, "signature is %s, not %s" % (words["signature"], "|".join(self.signature)))
        must(words["encryption"] in self.encryption, "encryption is %s, not %s" % (words["encryption"], "|".join(self.encryption)))
        for reason in self.reasons:
            must(reason in words["reasons"], "the reasons lack %s" % reason)
        for reason in self.without:
            must(reason not in words["reasons"], "there is the reason %s" % reason)
        if self.layers is not None:
            found = [layer["kind"] for layer in verdict["layers"]]
            must(found == self.layers, "layers %s" % found)
        if self.payload is not None:
            must(payload is not None and self.payload in payload, "the payload lacks what was sent")
        if self.hidden is not None:
            must(self.hidden not in (payload or b"") + done.stdout + done.stderr, "what must stay hidden came out")
        if words["encryption"] in ("failed", "undecryptable"):
            must(payload is None, "a payload although decryption failed")
        if self.also:
            must(self.also(verdict, payload), "more was wanted of it")
        if faults:
            faults.append("reasons: %s" % words["reasons"])
        return faults


def good(name, message, **how):
    """a control that is signed, or encrypted, or both"""
    how.setdefault("signature", "valid_trusted" if how.get("encryption", "none") == "none" else "none")
    return Case("control: " + name, message, control=True, **how)
