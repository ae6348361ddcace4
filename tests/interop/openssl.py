#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""usage: openssl.py WAXWING - `openssl cms` seals for us and opens what we sealed"""
import base64
import re
import subprocess

from judge import *

KINDS_USED = ["rsa", "p256", "p384", "p521"]
CMS = ["openssl", "cms"]


def identity(who, kind):
    return path("%s-%s.key" % (who, kind)) + "," + path("%s-%s.pem" % (who, kind))


def payload_has_body(payload):
    text = payload or b""
    text = re.sub(rb"=\r\n", b"", text)
    return b"the figures: caf" in text and b"it is secret" in text


def judge_verify(name, expect_good=True):
    done = run(*CMS, "-verify", "-in", name, "-CAfile", path("root.pem"), "-purpose", "smimesign", "-out", path("verified"),
               good=False)
    return (done.returncode == 0) == expect_good


def our_signatures():
    for kind in KINDS_USED:
        for extra in ([], ["--opaque"]) + ((["--pss"],) if kind == "rsa" else ()):
            out = path("signed.eml")
            run(WAXWING, "seal", message(), "--from", FROM, "--sign", path("alice-%s.p12" % kind),
                "--password-file", path("password"), *extra, "--out", out)
            label = "we sign with %s %s" % (kind, extra)
            check(label + ": openssl verifies", judge_verify(out))
            verdict, payload = waxwing_open(out)
            check(label + ": we verify", words(verdict) == ("valid_trusted", "none"), words(verdict))
            check(label + ": content", payload_has_body(payload))
            check(label + ": signed layer", verdict["layers"][0]["kind"] == ("opaque-signed" if "--opaque" in extra else "clear-signed"))
            if "--opaque" not in extra:
                bad = flip(out, "bad.eml", b"the figures")
                check(label + ": tampered, openssl", judge_verify(bad, expect_good=False))
                check(label + ": tampered, ours", words(waxwing_open(bad)[0])[0] == "altered")


def our_encryption():
    for kind in KINDS_USED:
        for cipher in ("aes256-gcm", "aes128-gcm", "aes256-cbc", "aes128-cbc"):
            for extra in ([], ["--oaep"]) if kind == "rsa" else ([],):
                out = path("sealed.eml")
                run(WAXWING, "seal", message(), "--from", FROM, "--to-cert", path("bob-%s.pem" % kind), "--cipher", cipher,
                    *extra, "--out", out)
                label = "we encrypt to %s with %s %s" % (kind, cipher, extra)
                opened = run(*CMS, "-decrypt", "-in", out, "-inkey", path("bob-%s.key" % kind),
                             "-recip", path("bob-%s.pem" % kind), good=False)
                check(label + ": openssl decrypts", opened.returncode == 0 and payload_has_body(opened.stdout),
                      opened.stderr.decode(errors="replace")[-300:])
                verdict, payload = waxwing_open(out, "--identity", identity("bob", kind))
                word = "authenticated" if "gcm" in cipher else "unauthenticated"
                check(label + ": we decrypt", words(verdict) == ("none", word) and payload_has_body(payload), words(verdict))
                verdict, payload = waxwing_open(out, "--identity", identity("alice", kind))
                check(label + ": nobody else", words(verdict) == ("none", "undecryptable") and payload is None, words(verdict))


def both():
    for sign, encrypt, cipher, extra in (("rsa", "rsa", "aes256-gcm", []), ("p256", "p384", "aes128-gcm", ["--protect-headers"]),
                                         ("p384", "rsa", "aes256-cbc", ["--opaque"])):
        out = path("both.eml")
        run(WAXWING, "seal", message(), "--from", FROM, "--sign", identity("alice", sign),
            "--to-cert", path("bob-%s.pem" % encrypt), "--to-cert", path("bob-p256.pem"), "--cipher", cipher, *extra, "--out", out)
        label = "sign with %s, encrypt to %s with %s %s" % (sign, encrypt, cipher, extra)
        verdict, payload = waxwing_open(out, "--identity", identity("bob", encrypt))
        check(label, words(verdict)[0] == "valid_trusted" and payload_has_body(payload), words(verdict))
        inner = run(*CMS, "-decrypt", "-in", out, "-inkey", path("bob-%s.key" % encrypt), "-recip", path("bob-%s.pem" % encrypt)).stdout
        with open(path("inner.eml"), "wb") as f:
            f.write(inner)
        check(label + ": openssl opens and verifies", judge_verify(path("inner.eml")))
        if "--protect-headers" in extra:
            with open(out, "rb") as f:
                outer = f.read().split(b"\r\n\r\n")[0]
            check(label + ": the subject is hidden outside", b"figures" not in outer and b"[...]" in outer, outer)
            check(label + ": and found inside", verdict["protected_headers"].get("Subject", {}).get("value") == "figures")


def their_signatures():
    for kind in KINDS_USED:
        variants = [[], ["-nodetach"], ["-keyid"], ["-md", "sha512"], ["-nosmimecap", "-stream"]]
        if kind == "rsa":
            variants += [["-keyopt", "rsa_padding_mode:pss"], ["-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_pss_saltlen:20"]]
        for extra in variants:
            out = path("theirs.eml")
            run(*CMS, "-sign", "-in", message(), "-signer", path("alice-%s.pem" % kind), "-inkey", path("alice-%s.key" % kind),
                "-from", FROM, "-to", TO, "-subject", "theirs", "-crlfeol", *extra, "-out", out)
            verdict, payload = waxwing_open(out)
            label = "openssl signs with %s %s" % (kind, extra)
            check(label, words(verdict) == ("valid_trusted", "none"), (words(verdict), verdict["verdict"]["reasons"]))
            verdict, _ = waxwing_open(bare_der(out), "--from", FROM) if "-nodetach" in extra else (None, None)
            if verdict:
                check(label + ", bare", words(verdict) == ("valid_trusted", "none"), words(verdict))
    out = path("weak.eml")
    run(*CMS, "-sign", "-in", message(), "-signer", path("alice-rsa.pem"), "-inkey", path("alice-rsa.key"), "-md", "sha1",
        "-from", FROM, "-out", out)
    check("SHA-1 is weak", words(waxwing_open(out)[0])[0] == "weak")
    run(*CMS, "-sign", "-in", message(), "-signer", path("alice-rsa.pem"), "-inkey", path("alice-rsa.key"), "-noattr",
        "-from", FROM, "-out", out)
    check("no attributes is weak", words(waxwing_open(out)[0])[0] == "weak")
    run(*CMS, "-sign", "-in", message(), "-signer", path("bob-rsa.pem"), "-inkey", path("bob-rsa.key"), "-from", FROM, "-out", out)
    check("T-12: another's certificate", words(waxwing_open(out)[0])[0] == "mismatch")


def bare_der(name):
    with open(name, "rb") as f:
        body = re.split(rb"\r?\n\r?\n", f.read(), maxsplit=1)[1]
    with open(path("bare.der"), "wb") as f:
        f.write(base64.b64decode(body))
    return path("bare.der")


def their_encryption():
    variants = [("rsa", [], []), ("rsa", ["-keyopt", "rsa_padding_mode:oaep"], []),
                ("rsa", ["-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256"], []), ("rsa", ["-keyid"], [])]
    for kind in ("p256", "p384", "p521"):
        variants += [(kind, ["-keyopt", "ecdh_kdf_md:sha256"], []), (kind, [], [])]
    for kind, recipient, extra in variants:
        for cipher in ("-aes128", "-aes256", "-aes-128-gcm", "-aes-256-gcm"):
            out = path("theirs.eml")
            run(*CMS, "-encrypt", "-in", message(), cipher, *[r for r in recipient if r == "-keyid"], "-recip",
                path("bob-%s.pem" % kind), *[r for r in recipient if r != "-keyid"], "-from", FROM, *extra, "-out", out)
            label = "openssl encrypts to %s with %s %s" % (kind, cipher, recipient)
            verdict, payload = waxwing_open(out, "--identity", path("bob-%s.p12" % kind), "--password-file", path("password"))
            check(label, words(verdict) == ("none", "authenticated" if "gcm" in cipher else "unauthenticated")
                  and payload_has_body(payload), words(verdict))
    for form in ("DER", "PEM"):
        out = path("bare." + form)
        run(*CMS, "-encrypt", "-in", message(), "-aes-256-gcm", "-outform", form, "-out", out, path("bob-rsa.pem"))
        verdict, payload = waxwing_open(out, "--identity", identity("bob", "rsa"))
        check("bare %s" % form, words(verdict) == ("none", "authenticated") and payload_has_body(payload), words(verdict))
    for stream in (["-stream", "-indef"],):
        out = path("ber.der")
        run(*CMS, "-encrypt", "-in", message(), "-aes256", *stream, "-outform", "DER", "-out", out, path("bob-rsa.pem"))
        verdict, payload = waxwing_open(out, "--identity", identity("bob", "rsa"))
        check("BER, indefinite", words(verdict) == ("none", "unauthenticated") and payload_has_body(payload), words(verdict))


def hostile():
    # T-28: one bit anywhere in an authenticated message: nothing comes out
    out = path("gcm.der")
    run(*CMS, "-encrypt", "-in", message(), "-aes-256-gcm", "-outform", "DER", "-out", out, path("bob-rsa.pem"))
    size = os.path.getsize(out)
    for at in (size - 3, size - 40, size - 120):
        verdict, payload = waxwing_open(flip(out, "bad.der", at=at), "--identity", identity("bob", "rsa"))
        check("T-28 flipped at %d" % at, words(verdict) == ("none", "failed") and payload is None, words(verdict))
        check("T-28 reason", verdict["verdict"]["reasons"] == ["decrypt_failed"], verdict["verdict"]["reasons"])
    # truncated at every 97th octet: always an answer, never content
    with open(out, "rb") as f:
        whole = f.read()
    for n in range(200, size - 1, 97):
        with open(path("cut.der"), "wb") as f:
            f.write(whole[:n])
        verdict, payload = waxwing_open(path("cut.der"), "--identity", identity("bob", "rsa"))
        check("cut at %d" % n, payload is None and words(verdict)[1] == "failed", words(verdict))
    # T-27: a tag cut to 4 octets, its length said so
    cut = whole[:-18] + bytes([4, 4]) + whole[-16:-12]
    cut = shorten(cut, 12)
    with open(path("short.der"), "wb") as f:
        f.write(cut.replace(bytes([2, 1, 16]), bytes([2, 1, 4]), 1))
    verdict, payload = waxwing_open(path("short.der"), "--identity", identity("bob", "rsa"))
    check("T-27", words(verdict)[1] == "failed" and payload is None, words(verdict))
    # wrong key for the right certificate
    verdict, payload = waxwing_open(out, "--identity", path("alice-rsa.key"))
    check("T-29 a wrong key", words(verdict)[1] in ("failed", "undecryptable") and payload is None, words(verdict))
    # T-11: the signed attributes of a signature, presented as content
    run(*CMS, "-sign", "-in", message(), "-signer", path("alice-rsa.pem"), "-inkey", path("alice-rsa.key"), "-outform", "DER",
        "-nosmimecap", "-out", path("genuine.der"))
    verdict, _ = waxwing_open(attributes_as_content(path("genuine.der")), "--from", FROM)
    check("T-11", words(verdict)[0] == "malformed" and "attributes_as_content" in verdict["verdict"]["reasons"],
          (words(verdict), verdict["verdict"]["reasons"]))
    # an identity that cannot be opened, an input that is not there, a word that is wrong
    check("exit 77", run(WAXWING, "open", out, "--identity", path("bob-rsa.p12"), good=False).returncode == 77)
    check("exit 66", run(WAXWING, "open", path("nowhere"), good=False).returncode == 66)
    check("exit 64", run(WAXWING, "open", out, "--jsn", good=False).returncode == 64)
    # content given apart is judged, or refused: never passed over beside a good signature of something else
    run(*CMS, "-sign", "-in", message(), "-signer", path("alice-rsa.pem"), "-inkey", path("alice-rsa.key"), "-outform", "DER",
        "-binary", "-out", path("apart.der"))
    run(*CMS, "-sign", "-in", message(), "-signer", path("alice-rsa.pem"), "-inkey", path("alice-rsa.key"), "-outform", "DER",
        "-binary", "-nodetach", "-out", path("within.der"))
    with open(path("other"), "wb") as f:
        f.write(b"something else")
    for name, content, want in (("apart.der", message(), "valid_trusted"), ("apart.der", path("other"), "altered"),
                                ("within.der", path("other"), "malformed"), ("within.der", message(), "malformed")):
        verdict, _ = waxwing_open(path(name), "--from", FROM, "--content", content)
        check("%s beside content" % name, words(verdict)[0] == want, (words(verdict), want))
    check("a message has its content", run(WAXWING, "open", message(), "--content", path("other"), good=False).returncode == 64)
    check("so has what is encrypted", run(WAXWING, "open", path("short.der"), "--content", path("other"), good=False).returncode == 64)
    check("--from is an address", run(WAXWING, "open", path("apart.der"), "--content", message(), "--from", "Alice",
                                      good=False).returncode == 64)
    done = run(WAXWING, "open", "--help", good=False)
    check("--help beside any verb", done.returncode == 0 and done.stdout.startswith(b"waxwing open FILE"), done)
    done = run(WAXWING, "open", out, "--identity", path("bob-rsa.p12"), good=False)
    check("a password is asked for by its name", done.returncode == 77 and b"none was given" in done.stderr, done.stderr)
    done = run(WAXWING, "open", out, "--out", path("unwritten"), good=False)
    check("said when there is nothing to write", done.returncode == 0 and b"unwritten is not written" in done.stderr, done.stderr)
    with open("/dev/full", "w") as full:
        done = subprocess.run([WAXWING, "open", message(), "--json"], stdout=full, stderr=subprocess.PIPE)
    check("a verdict that cannot be written is an error", done.returncode == 75 and b"verdict" in done.stderr, done)
    check("--version", run(WAXWING, "--version").stdout.startswith(b"waxwing "))
    check("one stream, one use", run(WAXWING, "open", message(), "--json", "--out", "-", good=False).returncode == 64)
    with open(path("nonsense"), "wb") as f:
        f.write(b"\xd0\xcf\x11\xe0" + bytes(500))
    check("exit 65", run(WAXWING, "open", path("nonsense"), "--json", good=False).returncode == 65)
    check("another's From is refused", run(WAXWING, "seal", message(), "--from", TO, "--sign", identity("alice", "rsa"),
                                           good=False).returncode == 77)
    with open(out, "rb") as f:
        done = run(WAXWING, "open", "-", "--identity", identity("bob", "rsa"), data=f.read())
    check("from a pipe to a pipe", payload_has_body(done.stdout))


def element(data, at):
    """tag, header size, body size of a DER element"""
    n, size = data[at + 1], 2
    if n & 0x80:
        size += n & 0x7f
        n = int.from_bytes(data[at + 2:at + size], "big")
    return data[at], size, n


def header(tag, n):
    if n < 128:
        return bytes([tag, n])
    length = n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length


def shorten(data, by):
    """the three lengths around AuthEnvelopedData, less some octets"""
    data = bytearray(data)
    at = 0
    for _ in range(3):
        _, size, n = element(data, at)
        n -= by
        data[at + 2:at + size] = n.to_bytes(size - 2, "big")
        at += size
        if data[at] == 6:
            _, s, k = element(data, at)
            at += s + k
    return bytes(data)


def children(data):
    at, found = 0, []
    while at < len(data):
        _, size, n = element(data, at)
        found.append(bytes(data[at:at + size + n]))
        at += size + n
    return found


def body(der):
    _, size, n = element(der, 0)
    return der[size:size + n]


def attributes_as_content(name):
    """T-11, as draft-vangeest-lamps-cms-euf-cma-signeddata describes it"""
    with open(name, "rb") as f:
        oid, wrapped = children(body(f.read()))
    version, digests, _, certificates, signers = children(body(body(wrapped)))
    info = children(body(children(body(signers))[0]))
    attributes = b"\x31" + info[3][1:]
    forged = [info[0], info[1], info[2]] + info[4:]
    data_oid = bytes.fromhex("06092a864886f70d010701")
    octets = header(4, len(attributes)) + attributes
    content = data_oid + header(0xa0, len(octets)) + octets
    info = b"".join(forged)
    info = header(0x30, len(info)) + info
    inner = version + digests + header(0x30, len(content)) + content + certificates + header(0x31, len(info)) + info
    inner = header(0x30, len(inner)) + inner
    inner = oid + header(0xa0, len(inner)) + inner
    with open(path("forged.der"), "wb") as f:
        f.write(header(0x30, len(inner)) + inner)
    return path("forged.der")


make_world(KINDS_USED)
for part in (our_signatures, our_encryption, both, their_signatures, their_encryption, hostile):
    try:
        part()
    except Exception as trouble:  # a judge that cannot work is a failure, not a skip
        check(part.__name__, False, repr(trouble))
finish()
