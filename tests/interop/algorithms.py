#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""usage: algorithms.py WAXWING - what `waxwing algorithms` lists is what the openssl of this machine has, no more and no less"""
from judge import *

ALWAYS = {"signatures": ["rsa", "rsa-pss", "ecdsa", "dsa"], "recipients": ["rsa", "rsa-oaep", "ecdh", "kek", "password", "rsa-kem"]}
NAMED = {"signatures": ["ed25519", "ed448"] + ["ml-dsa-%d" % n for n in (44, 65, 87)] +
         ["slh-dsa-%s-%s" % (h, n) for h in ("sha2", "shake") for n in ("128s", "128f", "192s", "192f", "256s", "256f")],
         "recipients": ["x25519", "x448"] + ["ml-kem-%d" % n for n in (512, 768, 1024)]}
CIPHERS = ["aes%d-%s" % (n, m) for n in (128, 192, 256) for m in ("cbc", "gcm", "ccm")] + ["chacha20-poly1305", "3des-cbc"]


def lists_what_is_there():
    listed = json.loads(run(WAXWING, "algorithms", "--json").stdout)
    version = run("openssl", "version").stdout.decode().split()[1]
    check("the library is named", version in listed["libcrypto"].split(), (version, listed["libcrypto"]))
    for group, always in ALWAYS.items():
        there = [n for n in NAMED[group] if run("openssl", "genpkey", "-algorithm", n, "-out", path("key"), good=False).returncode == 0]
        check(group, sorted(listed[group]) == sorted(always + there), (listed[group], there))
        print("%s of OpenSSL %s: %s" % (group, version, ", ".join(listed[group])))
    check("ciphers", set(CIPHERS) <= set(listed["ciphers"]), listed["ciphers"])
    text = run(WAXWING, "algorithms").stdout.decode()
    check("for people", all(word in text for group in ("signatures", "recipients") for word in listed[group]), text)


lists_what_is_there()
finish()
