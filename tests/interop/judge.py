# SPDX-License-Identifier: Apache-2.0
"""What the judges share: a small world of certificates, messages, and a count."""
import json
import os
import subprocess
import sys
import tempfile
from email.utils import formatdate

WAXWING = os.path.abspath(sys.argv[1])
DIR = tempfile.mkdtemp(prefix="judge-")
FROM, TO = "alice@corp.example", "bob@partner.example"
BODY = "Dear Bob,\r\nthe figures: caf\u00e9, 100 %.\r\nFrom here on it is secret.\r\n"
STARTED = formatdate()
checks, failures = 0, []


def path(name):
    return os.path.join(DIR, name)


def run(*command, data=None, good=True):
    done = subprocess.run([str(c) for c in command], input=data, capture_output=True, cwd=DIR, timeout=120)
    if good and done.returncode != 0:
        raise RuntimeError("%s: exit %d\n%s" % (" ".join(map(str, command)), done.returncode,
                                              done.stderr.decode(errors="replace")[-2000:]))
    return done


def check(name, condition, detail=""):
    global checks
    checks += 1
    if not condition:
        failures.append(name)
        print("FAILED: %s %s" % (name, detail))


def finish():
    print("checks: %d" % checks)
    sys.exit(1 if failures else 0)


KINDS = {
    "rsa": ["-newkey", "rsa:2048"],
    "p256": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "p384": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"],
    "p521": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-521"],
}


def make_world(kinds):
    """a root, and for each kind of key a certificate of the sender and one of the recipient"""
    config = path("world.cnf")
    with open(config, "w") as f:
        f.write("[req]\ndistinguished_name=dn\n[dn]\n"
                "[ca]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n"
                "[rsa]\nkeyUsage=critical,digitalSignature,keyEncipherment\n"
                "extendedKeyUsage=emailProtection\nsubjectAltName=email:$ENV::MAIL\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
                "[ec]\nkeyUsage=critical,digitalSignature,keyAgreement\n"
                "extendedKeyUsage=emailProtection\nsubjectAltName=email:$ENV::MAIL\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n")
    os.environ["MAIL"] = "root@corp.example"
    run("openssl", "req", "-x509", *KINDS["rsa"], "-nodes", "-config", config, "-extensions", "ca", "-subj", "/CN=Root",
        "-days", "3650", "-keyout", path("root.key"), "-out", path("root.pem"))
    for kind in kinds:
        for who, mail in (("alice", FROM), ("bob", TO)):
            name = "%s-%s" % (who, kind)
            os.environ["MAIL"] = mail
            run("openssl", "req", "-new", *KINDS[kind], "-nodes", "-config", config, "-subj", "/CN=" + name,
                "-keyout", path(name + ".key"), "-out", path(name + ".csr"))
            run("openssl", "x509", "-req", "-in", path(name + ".csr"), "-CA", path("root.pem"), "-CAkey", path("root.key"),
                "-CAcreateserial", "-days", "730", "-extfile", config, "-extensions", "rsa" if kind == "rsa" else "ec",
                "-out", path(name + ".pem"))
            run("openssl", "pkcs12", "-export", "-inkey", path(name + ".key"), "-in", path(name + ".pem"),
                "-certfile", path("root.pem"), "-passout", "pass:secret", "-out", path(name + ".p12"))
    with open(path("password"), "w") as f:
        f.write("secret\n")


def message(name="plain.eml"):
    text = ("From: Alice <%s>\r\nTo: %s\r\nSubject: figures\r\nDate: %s\r\nMIME-Version: 1.0\r\n"
            "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n%s"
            % (FROM, TO, now(), BODY))
    with open(path(name), "wb") as f:
        f.write(text.encode())
    return path(name)


def now():
    """the same for the whole run: a message that is made twice is the same message"""
    return STARTED


def waxwing_open(name, *arguments, expect=0):
    out = path("opened")
    if os.path.exists(out):
        os.unlink(out)
    done = run(WAXWING, "open", name, "--json", "--out", out, "--anchor", path("root.pem"), *arguments, good=False)
    if done.returncode != expect:
        raise RuntimeError("open %s: exit %d %s" % (name, done.returncode, done.stderr.decode(errors="replace")))
    verdict = json.loads(done.stdout) if done.returncode == 0 else None
    return verdict, open(out, "rb").read() if os.path.exists(out) else None


def words(verdict):
    return verdict["verdict"]["signature"], verdict["verdict"]["encryption"]


def flip(name, into, needle=None, at=None):
    """one bit of a copy is changed, at an offset or in the middle of what was found"""
    with open(name, "rb") as f:
        data = bytearray(f.read())
    if needle is not None:
        at = data.index(needle) + len(needle) // 2
    data[at] ^= 1
    with open(path(into), "wb") as f:
        f.write(data)
    return path(into)
