# SPDX-License-Identifier: Apache-2.0
"""The competitors of bench/run at the command line: how each does a job, and what it needs before.

A peer has a name, `version()`, which raises Missing, `command(job, size)`, the words of the command or None for
what it cannot do, and `helper()`, the process that works for it beside, or None.  Files lie in the current folder:
the keys of bench/work-keys, m.SIZE (a mail), and what the peer made of it, NAME.JOB.SIZE.
"""
import os
import re
import shutil
import subprocess

ADDRESS = "ann@alpha.example"
MANY = 100


class Missing(Exception):
    pass


def say(*words, data=b""):
    done = subprocess.run(words, input=data, capture_output=True)
    if done.returncode:
        raise Missing("%s: %s" % (" ".join(words[:3]), done.stderr.decode(errors="replace").strip()[-300:]))
    return done.stdout.decode(errors="replace")


def need(program, package):
    if not shutil.which(program):
        raise Missing("%s is not installed (package %s)" % (program, package))


def kind_of(job):
    return "ec" if "p256" in job else "rsa"


def maker(job):
    """the job whose result this one opens"""
    return job.replace("verify", "sign").replace("decrypt", "encrypt")


class Command:
    def helper(self):
        return None

    def out(self, job, size):
        return "%s.%s.%s" % (self.name, job, size)

    def command(self, job, size):
        verb = job.split("-")[0]
        make = getattr(self, verb, None)
        words = make and make(job, "m.%s" % size, self.out(maker(job), size) if verb in ("verify", "decrypt") else self.out(job, size))
        return words.split() if isinstance(words, str) else words


class Waxwing(Command):
    name = "waxwing"

    def __init__(self, program):
        self.program = program

    def version(self):
        return say(self.program, "version").strip()

    def start(self, job, message, out):
        return "%s help" % self.program

    def sign(self, job, message, out):
        kind = kind_of(job)
        return "%s seal %s --from %s --sign %s.key,%s-chain.pem --out %s" % (self.program, message, ADDRESS, kind, kind, out)

    def verify(self, job, message, made):
        return "%s open %s --anchor %s-root.pem --json --out plain" % (self.program, made, kind_of(job))

    def encrypt(self, job, message, out):
        to = ["many-%d.pem" % i for i in range(MANY)] if job.endswith("-100") else ["rsa.pem"]
        return "%s seal %s --from %s --cipher aes256-%s --oaep --out %s %s" % (
            self.program, message, ADDRESS, job.split("-")[1], out, " ".join("--to-cert " + cert for cert in to))

    def decrypt(self, job, message, made):
        return "%s open %s --identity rsa.key,rsa.pem --json --out plain" % (self.program, made)


class OpenSSL(Command):
    name = "openssl"

    def version(self):
        need("openssl", "openssl")
        return say("openssl", "version").split(" (")[0]

    def start(self, job, message, out):
        return "openssl version"

    def sign(self, job, message, out):
        kind = kind_of(job)
        return "openssl cms -sign -stream -in %s -signer %s.pem -inkey %s.key -certfile %s-ca.pem -out %s" % (message, kind, kind, kind, out)

    def verify(self, job, message, made):
        return "openssl cms -verify -in %s -CAfile ca.pem -purpose any -out plain" % made

    def encrypt(self, job, message, out):
        to = ["many-%d.pem" % i for i in range(MANY)] if job.endswith("-100") else ["rsa.pem"]
        oaep = " -keyopt rsa_padding_mode:oaep -keyopt rsa_oaep_md:sha256"
        return "openssl cms -encrypt -stream -aes-256-%s -in %s -out %s %s" % (
            job.split("-")[1], message, out, " ".join("-recip " + cert + oaep for cert in to))

    def decrypt(self, job, message, made):
        return "openssl cms -decrypt -in %s -recip rsa.pem -inkey rsa.key -out plain" % made


def token(data):
    return b"%d:%s" % (len(data), data)


def expression(name, *pairs):
    return b"(" + token(name) + b"".join(b"(" + token(n) + token(v) + b")" for n, v in pairs) + b")"


def number(value):
    # a first octet of 0 keeps it positive
    return value.to_bytes(value.bit_length() // 8 + 1, "big")


class Gpgsm(Command):
    """Keys lie unprotected in the agent's folder, as ours do; what the agent spends is counted."""
    name = "gpgsm"
    words = "gpgsm --homedir gnupg --batch --yes --disable-dirmngr --disable-crl-checks --cipher-algo AES256"

    def version(self):
        need("gpgsm", "gpgsm")
        need("gpg-agent", "gpg-agent")
        if not os.path.isdir("gnupg"):
            self.prepare()
        return say("gpgsm", "--version").splitlines()[0]

    def prepare(self):
        os.makedirs("gnupg/private-keys-v1.d", mode=0o700)
        os.chmod("gnupg", 0o700)
        with open("gnupg/trustlist.txt", "w") as trusted:
            for root in ("rsa-root.pem", "ec-root.pem"):
                trusted.write(say("openssl", "x509", "-in", root, "-noout", "-fingerprint", "-sha1").split("=")[1].strip() + " S relax\n")
        for name in ("rsa-root", "ec-root", "rsa-ca", "ec-ca", "rsa", "ec", "many"):
            say(*self.words.split(), "--import", name + ".pem")
        self.fingers = {}
        for kind in ("rsa", "ec"):
            finger = say("openssl", "x509", "-in", kind + ".pem", "-noout", "-fingerprint", "-sha1").split("=")[1].strip().replace(":", "")
            listed = say(*self.words.split(), "--with-colons", "--with-keygrip", "-k", finger)
            grip = re.search(r"^grp:+([0-9A-F]{40}):", listed, re.M).group(1)
            self.fingers[kind] = finger
            with open("gnupg/private-keys-v1.d/%s.key" % grip, "wb") as out:
                out.write(self.key(kind))

    @staticmethod
    def key(kind):
        try:
            from cryptography.hazmat.primitives.serialization import load_pem_private_key
        except ImportError:
            raise Missing("its keys are written with python3-cryptography, which is not installed")
        with open(kind + ".key", "rb") as pem:
            n = load_pem_private_key(pem.read(), None).private_numbers()
        if kind == "ec":
            point = b"\4" + n.public_numbers.x.to_bytes(32, "big") + n.public_numbers.y.to_bytes(32, "big")
            parts = expression(b"ecc", (b"curve", b"NIST P-256"), (b"q", point), (b"d", number(n.private_value)))
        else:
            p, q = sorted((n.p, n.q))
            parts = expression(b"rsa", *((name, number(value)) for name, value in (
                (b"n", n.public_numbers.n), (b"e", n.public_numbers.e), (b"d", n.d), (b"p", p), (b"q", q), (b"u", pow(p, -1, q)))))
        return b"(" + token(b"private-key") + parts + b")"

    def helper(self):
        said = say("gpg-connect-agent", "--homedir", "gnupg", "getinfo pid", "/bye")
        return int(re.search(r"^D (\d+)", said, re.M).group(1))

    def sign(self, job, message, out):
        return "%s -u %s -o %s --detach-sign %s" % (self.words, self.fingers[kind_of(job)], out, message)

    def verify(self, job, message, made):
        return "%s --verify %s %s" % (self.words, made, message)

    def encrypt(self, job, message, out):
        if "gcm" in job:
            return None
        return "%s -r %s -o %s --encrypt %s" % (self.words, self.fingers["rsa"], out, message)

    def decrypt(self, job, message, made):
        return None if "gcm" in job else "%s -o plain --decrypt %s" % (self.words, made)

    def stop(self):
        subprocess.run(["gpgconf", "--homedir", "gnupg", "--kill", "gpg-agent"], capture_output=True)


class Nss(Command):
    """It chooses the cipher itself: AES-256-CBC, for it asks nobody's capabilities."""
    name = "nss"

    def version(self):
        need("cmsutil", "libnss3-tools")
        if not os.path.isdir("nss"):
            self.prepare()
        library = re.search(r"libnss3\.so => (\S+)", say("ldd", shutil.which("cmsutil")))
        with open(library.group(1), "rb") as file:
            found = re.search(rb"Version: NSS ([0-9.]+)", file.read())
        return "NSS " + (found.group(1).decode() if found else "?")

    def prepare(self):
        os.mkdir("nss")
        say("certutil", "-N", "-d", "nss", "--empty-password")
        for kind in ("rsa", "ec"):
            say("openssl", "pkcs12", "-export", "-inkey", kind + ".key", "-in", kind + ".pem", "-name", "ann-" + kind,
                "-passout", "pass:x", "-out", kind + ".p12")
            say("pk12util", "-i", kind + ".p12", "-d", "nss", "-W", "x")
            say("certutil", "-A", "-d", "nss", "-n", kind + "-root", "-t", "C,C,C", "-i", kind + "-root.pem")
            say("certutil", "-A", "-d", "nss", "-n", kind + "-ca", "-t", ",,", "-i", kind + "-ca.pem")

    def sign(self, job, message, out):
        return "cmsutil -S -T -G -d nss -N ann-%s -i %s -o %s" % (kind_of(job), message, out)

    def verify(self, job, message, made):
        return "cmsutil -D -n -d nss -c %s -i %s" % (message, made)

    def encrypt(self, job, message, out):
        return "cmsutil -E -d nss -r ann-rsa -i %s -o %s" % (message, out) if job == "encrypt-cbc" else None

    def decrypt(self, job, message, made):
        return "cmsutil -D -d nss -i %s -o plain" % made if job == "decrypt-cbc" else None
