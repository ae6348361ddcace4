#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""usage: signers.py WAXWING - every signature algorithm that this libcrypto has, by us and by `openssl cms`, with a
root of the same kind; says what it ran and what it could not"""
import base64

from judge import *

CMS = ["openssl", "cms"]
PSS = ["-newkey", "rsa-pss", "-pkeyopt", "rsa_keygen_bits:2048"]


def restricted(digest, salt, mgf=None):
    return PSS + ["-pkeyopt", "rsa_pss_keygen_md:" + digest, "-pkeyopt", "rsa_pss_keygen_mgf1_md:" + (mgf or digest),
                  "-pkeyopt", "rsa_pss_keygen_saltlen:%d" % salt]


ALL = {
    "rsa": KINDS["rsa"], "rsa-3072": ["-newkey", "rsa:3072"], "rsa-pss": PSS,
    "rsa-pss-sha256": restricted("sha256", 32), "rsa-pss-sha384": restricted("sha384", 20),
    "rsa-pss-sha512-mgf-sha256": restricted("sha512", 64, "sha256"), "rsa-pss-salt-100": restricted("sha256", 100),
    "p256": KINDS["p256"], "p384": KINDS["p384"], "p521": KINDS["p521"],
}
for curve in ("brainpoolP256r1", "brainpoolP384r1", "brainpoolP512r1"):
    ALL[curve] = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:" + curve]
PURE = ["ed25519", "ed448", "ml-dsa-44", "ml-dsa-65", "ml-dsa-87"]
PURE += ["slh-dsa-%s-%s" % (h, n) for h in ("sha2", "shake") for n in ("128s", "128f", "192s", "192f", "256s", "256f")]
for kind in PURE:
    ALL[kind] = ["-newkey", kind]
# what openssl signs EdDSA and the like with has to be named (SMIME.md 6.1); the slow sets are made once each
DIGESTS = {"ed25519": ["sha512"], "ed448": ["shake256"], "ml-dsa-44": ["sha256", "sha512", "shake256"], "ml-dsa-65": ["sha512"],
           "ml-dsa-87": ["sha512"]}


def words_of(kind):
    if kind in PURE:
        return kind
    return "rsa-pss" if kind.startswith("rsa-pss") else "rsa" if kind.startswith("rsa") else "ecdsa"


def make(kind):
    """a root and Alice's certificate, both with keys of this kind; False: this openssl has no such keys"""
    os.environ["MAIL"] = FROM
    config = path("world.cnf")
    done = run("openssl", "req", "-x509", *ALL[kind], "-nodes", "-config", config, "-extensions", "ca", "-subj", "/CN=Root " + kind,
               "-days", "3650", "-keyout", path("r.key"), "-out", path(kind + "-root.pem"), good=False)
    if done.returncode:
        return False
    run("openssl", "req", "-new", *ALL[kind], "-nodes", "-config", config, "-subj", "/CN=alice " + kind,
        "-keyout", path(kind + ".key"), "-out", path("r.csr"))
    run("openssl", "x509", "-req", "-in", path("r.csr"), "-CA", path(kind + "-root.pem"), "-CAkey", path("r.key"),
        "-CAcreateserial", "-days", "730", "-extfile", config, "-extensions", "sign", "-out", path(kind + ".pem"))
    return True


def open_with(kind, name, *extra):
    return waxwing_open(name, "--anchor", path(kind + "-root.pem"), *extra)


def openssl_verifies(kind, name):
    return run(*CMS, "-verify", "-in", name, "-CAfile", path(kind + "-root.pem"), "-purpose", "smimesign",
               "-out", path("verified"), good=False).returncode == 0


def openssl_signs(kind, digest, out, *extra):
    return run(*CMS, "-sign", "-in", message(), "-signer", path(kind + ".pem"), "-inkey", path(kind + ".key"), *digest,
               "-from", FROM, "-crlfeol", *extra, "-out", out, good=False).returncode == 0


def ours(kind, they_can):
    identity = path(kind + ".key") + "," + path(kind + ".pem")
    for extra in ([], ["--opaque"], ["--signer-id", "ski"]):
        out, label = path("signed.eml"), "we sign with %s %s" % (kind, extra)
        run(WAXWING, "seal", message(), "--from", FROM, "--sign", identity, *extra, "--out", out)
        verdict, _ = open_with(kind, out)
        check(label, words(verdict) == ("valid_trusted", "none"), (words(verdict), verdict["verdict"]["reasons"]))
        signer = verdict["layers"][0]["signers"][0]
        check(label + ": algorithm", signer["algorithm"] == words_of(kind), signer["algorithm"])
        if they_can:
            check(label + ": openssl verifies", openssl_verifies(kind, out))
        if not extra:
            bad = flip(out, "bad.eml", b"the figures")
            check(label + ": tampered", words(open_with(kind, bad)[0])[0] == "altered")


def wrong_signature(kind):
    """the attributes stay, the signature value does not: only the key can tell"""
    out = path("der.eml")
    run(WAXWING, "seal", message(), "--from", FROM, "--sign", path(kind + ".key") + "," + path(kind + ".pem"), "--out", out)
    with open(out, "rb") as f:
        text = f.read()
    head, body = text.rsplit(b"\r\n\r\n", 1)
    encoded, end = body.split(b"\r\n--", 1)
    der = bytearray(base64.b64decode(encoded))
    der[-9] ^= 1
    with open(out, "wb") as f:
        f.write(head + b"\r\n\r\n" + base64.encodebytes(bytes(der)).replace(b"\n", b"\r\n") + b"--" + end)
    verdict, _ = open_with(kind, out)
    check("a wrong signature by " + kind, words(verdict)[0] == "altered" and
          "signature_mismatch" in verdict["verdict"]["reasons"], (words(verdict), verdict["verdict"]["reasons"]))


def theirs(kind):
    ran = 0
    for digest in DIGESTS.get(kind, ["sha512"] if kind in PURE else [None]):
        md = ["-md", digest] if digest else []
        for extra in ([], ["-nodetach"], ["-keyid"]):
            if not openssl_signs(kind, md, path("theirs.eml"), *extra) or not openssl_verifies(kind, path("theirs.eml")):
                continue
            ran += 1
            verdict, _ = open_with(kind, path("theirs.eml"))
            check("openssl signs with %s %s %s" % (kind, digest, extra), words(verdict) == ("valid_trusted", "none"),
                  (words(verdict), verdict["verdict"]["reasons"]))
    return ran


def several():
    out = path("two.eml")
    signs = []
    for kind in ("rsa", "p384"):
        signs += ["--sign", path(kind + ".key") + "," + path(kind + ".pem")]
    for extra in ([], ["--opaque"]):
        run(WAXWING, "seal", message(), "--from", FROM, *signs, *extra, "--out", out)
        verdict, _ = open_with("rsa", out, "--anchor", path("p384-root.pem"))
        check("two signers %s" % extra, words(verdict)[0] == "valid_trusted" and len(verdict["layers"][0]["signers"]) == 2,
              (words(verdict), verdict["verdict"]["reasons"]))
        with open(path("roots.pem"), "w") as f:
            f.write(open(path("rsa-root.pem")).read() + open(path("p384-root.pem")).read())
        done = run(*CMS, "-verify", "-in", out, "-CAfile", path("roots.pem"), "-purpose", "smimesign", "-out", path("verified"), good=False)
        check("two signers %s: openssl" % extra, done.returncode == 0, done.stderr.decode()[-300:])
        verdict, _ = open_with("rsa", out)
        check("V-06: as good as the worst", words(verdict)[0] == "valid_untrusted", words(verdict))
        if not extra:
            head = open(out, "rb").read().split(b"\r\n\r\n")[0]
            check("micalg is a list", b'micalg="sha-256,sha-384"' in head, head)
    # one of theirs and one more on top
    run(*CMS, "-sign", "-in", message(), "-signer", path("rsa.pem"), "-inkey", path("rsa.key"), "-signer", path("p384.pem"),
        "-inkey", path("p384.key"), "-from", FROM, "-crlfeol", "-out", out)
    verdict, _ = open_with("rsa", out, "--anchor", path("p384-root.pem"))
    check("openssl's two signers", words(verdict)[0] == "valid_trusted" and len(verdict["layers"][0]["signers"]) == 2, words(verdict))


def receipts():
    """RFC 2634: openssl asks and we answer, and the other way; a receipt is for its message alone"""
    for name in ("asks.eml", "other.eml"):
        run(*CMS, "-sign", "-in", message(), "-signer", path("p384.pem"), "-inkey", path("p384.key"), "-receipt_request_all",
            "-receipt_request_to", FROM, "-from", FROM, "-crlfeol", "-out", path(name))
    anchor = ["--anchor", path("p384-root.pem")]
    verdict, _ = open_with("p384", path("asks.eml"))
    request = verdict["layers"][0]["signers"][0]["services"]["receipt_request"]
    check("the request is reported", request["from"] == "all" and request["to"] == [FROM], request)
    identity = path("p384.key") + "," + path("p384.pem")
    run(WAXWING, "receipt", path("asks.eml"), "--sign", identity, "--from", FROM, *anchor, "--out", path("receipt.eml"))
    done = run(*CMS, "-verify_receipt", path("receipt.eml"), "-in", path("asks.eml"), "-CAfile", path("p384-root.pem"), good=False)
    check("openssl verifies our receipt", done.returncode == 0, done.stderr)
    run(*CMS, "-sign_receipt", "-in", path("asks.eml"), "-signer", path("p384.pem"), "-inkey", path("p384.key"), "-out", path("bare"))
    with open(path("bare"), "rb") as f:
        theirs = b"From: " + FROM.encode() + b"\r\n" + f.read()
    with open(path("theirs.eml"), "wb") as f:
        f.write(theirs)
    for receipt in ("receipt.eml", "theirs.eml"):
        for original, good in (("asks.eml", True), ("other.eml", False)):
            done = run(WAXWING, "receipt", path(original), "--receipt", path(receipt), *anchor, good=False)
            check("%s for %s" % (receipt, original), (done.returncode == 0) == good, done)
    bad = flip(path("asks.eml"), "bad.eml", b"the figures")
    done = run(WAXWING, "receipt", bad, "--sign", identity, "--from", FROM, *anchor, good=False)
    check("no receipt for what was altered", done.returncode != 0 and b"altered" in done.stderr, done)
    done = run(WAXWING, "receipt", message(), "--sign", identity, "--from", FROM, *anchor, good=False)
    check("no receipt that nobody asked for", done.returncode != 0 and b"asks for no receipt" in done.stderr, done)


def certs_only():
    with open(path("all.pem"), "w") as f:
        f.write("".join(open(path(k + ".pem")).read() for k in ("rsa", "p256", "ed25519")))
    run(WAXWING, "cert", "pack", path("all.pem"), "--out", path("all.p7c"))
    printed = run("openssl", "pkcs7", "-inform", "DER", "-in", path("all.p7c"), "-print_certs").stdout
    check("openssl reads our certs-only", printed.count(b"BEGIN CERTIFICATE") == 3, printed)
    for kind, extra in (("DER", []), ("PEM", ["-outform", "PEM"])):
        run("openssl", "crl2pkcs7", "-nocrl", "-certfile", path("all.pem"), *(extra or ["-outform", "DER"]), "-out", path("theirs.p7c"))
        shown = json.loads(run(WAXWING, "cert", "show", path("theirs.p7c"), "--json").stdout)
        check("we read openssl's certs-only, " + kind, len(shown["items"]) == 3, shown)
        verdict, _ = waxwing_open(path("theirs.p7c"))
        check("T-04: certs-only is no signature, " + kind, verdict["layers"][0]["kind"] == "certs-only" and
              words(verdict)[0] == "none", verdict)


def compression():
    """openssl of Debian 12 is built without zlib; gpgsm and NSS have no CompressedData"""
    for kind, extra in (("rsa", []), ("p256", ["--sign", path("p256.key") + "," + path("p256.pem")])):
        run(WAXWING, "seal", message(), "--from", FROM, "--compress", *extra, "--out", path("ours.eml"))
        done = run(*CMS, "-uncompress", "-in", path("ours.eml"), good=False)
        if done.returncode and b"zlib" in done.stderr.lower() + done.stdout.lower() or b"unsupported" in done.stderr:
            print("not in this openssl: CompressedData")
            return
        check("openssl expands %s" % extra, done.returncode == 0 and b"the figures" in done.stdout, done.stderr)
    run(*CMS, "-compress", "-in", message(), "-from", FROM, "-out", path("theirs.eml"))
    verdict, payload = waxwing_open(path("theirs.eml"))
    check("we expand openssl's", verdict["layers"][0]["kind"] == "compressed" and b"the figures" in payload, verdict)


def main():
    make_world(["rsa"])
    with open(path("world.cnf"), "a") as f:
        f.write("[sign]\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=emailProtection\n"
                "subjectAltName=email:$ENV::MAIL\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n")
    ran, without = [], []
    for kind in ALL:
        if not make(kind):
            without.append(kind)
            continue
        theirs_ran = theirs(kind)
        # restricted PSS: openssl verifies what it cannot make; it knows no id-shake256-len (RFC 8419 2.3)
        ours(kind, (theirs_ran > 0 and kind != "ed448") or kind.startswith("rsa-pss"))
        wrong_signature(kind)
        ran.append("%s (openssl: %d)" % (kind, theirs_ran))
    for part in (several, receipts, certs_only, compression):
        part()
    print("ran: " + ", ".join(ran))
    print("not in this openssl: " + (", ".join(without) or "nothing"))
    check("the classic ones ran", len(ran) >= 15, ran)


try:
    main()
except Exception as trouble:  # a judge that cannot work is a failure, not a skip
    check("signers", False, repr(trouble))
finish()
