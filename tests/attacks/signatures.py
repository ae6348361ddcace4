# SPDX-License-Identifier: Apache-2.0
"""Attacks on what a signature says: T-01..T-06, T-10..T-12, T-16..T-21, T-30, T-32..T-34, T-38, T-39."""
from case import *

TEXT = part("text/plain", "Dear Bob,\nthe figures.\n")
OTHER = part("text/plain", "Dear Bob,\nquite other figures.\n")


def clear_by(person, entity=TEXT, **how):
    """multipart/signed by a good signer, unless `how` says otherwise"""
    return clear(entity, sign(person, entity, inside=False, **how))


def opaque_by(person, entity=TEXT, **how):
    return p7m(sign(person, entity, **how))


def each_signer(*wanted):
    def look(verdict, _):
        return sorted(s["verdict"] for s in verdict["layers"][0]["signers"]) == sorted(wanted)
    return look


@attack("T-01")
def econtent_beside_clear_text(w):
    yield good("detached", mail(clear_by(w.alice)))
    for label, inside in (("the same", TEXT), ("another", OTHER)):
        info = signer_info(w.alice, inside)
        yield Case(label, mail(clear(TEXT, signed_data([info], inside, [w.alice.certificate]))), "malformed",
                   reasons=["econtent_present"])
    info = signer_info(w.alice, TEXT)
    yield Case("another, the signature over what is beside", mail(clear(TEXT, signed_data([info], OTHER, [w.alice.certificate]))),
               "malformed", reasons=["econtent_present"])


@attack("T-02")  # V-06
def two_signers_one_bad(w):
    fine, twin = signer_info(w.alice, TEXT), signer_info(w.alice_rsa, TEXT)
    bad = signer_info(w.alice_rsa, TEXT, key=rsa_key())
    other = signer_info(w.alice_rsa, OTHER)
    foreign = signer_info(w.eve, TEXT)
    certificates = [w.alice.certificate, w.alice_rsa.certificate, w.eve.certificate]
    yield good("both good", mail(clear(TEXT, signed_data([fine, twin], None, certificates))), also=each_signer("valid_trusted", "valid_trusted"))
    for label, infos in (("good first", [fine, bad]), ("bad first", [bad, fine])):
        yield Case(label, mail(clear(TEXT, signed_data(infos, None, certificates))), "altered", reasons=["signature_mismatch"],
                   also=each_signer("valid_trusted", "altered"))
        yield Case(label + ", opaque", mail(p7m(signed_data(infos, TEXT, certificates))), "altered",
                   also=each_signer("valid_trusted", "altered"))
    yield Case("another content", mail(clear(TEXT, signed_data([fine, other], None, certificates))), "altered", reasons=["digest_mismatch"],
               also=each_signer("valid_trusted", "altered"))
    for label, infos in (("another's beside it", [fine, foreign]), ("another's before it", [foreign, fine])):
        yield Case(label, mail(clear(TEXT, signed_data(infos, None, certificates))), "mismatch", also=each_signer("valid_trusted", "mismatch"))


@attack("T-03")
def no_signers(w):
    yield good("signed", mail(opaque_by(w.alice)))
    for label, certificates in (("with certificates", [w.alice.certificate]), ("without", [])):
        yield Case(label + ", beside", mail(clear(TEXT, signed_data([], None, certificates))), "none")
        yield Case(label + ", inside", mail(p7m(signed_data([], TEXT, certificates))), "none")


@attack("T-04")
def certificates_as_signature(w):
    yield good("signed", mail(opaque_by(w.alice)))
    certs = signed_data([], None, [w.alice.certificate, w.root.certificate], digests=())
    for label, entity in (("called signed", p7m(certs, "signed-data")), ("called certs-only", p7m(certs, "certs-only", label="smime.p7c")),
                          ("called nothing", p7m(certs, None))):
        yield Case(label, mail(entity), "none", layers=["certs-only"])
    yield Case("beside a text", mail(clear(TEXT, certs)), "none")


@attack("T-05")
def malformed_signature(w):
    fine = sign(w.alice, TEXT, inside=False)
    yield good("whole", mail(clear(TEXT, fine)))
    yield Case("empty", mail(clear(TEXT, b"")), "malformed")
    for n in range(1, len(fine), max(1, len(fine) // 25)):
        yield Case("cut at %d" % n, mail(clear(TEXT, fine[:n])), "malformed")
    for at in (3, 19, 23):
        yield Case("a length past the end, at %d" % at, mail(clear(TEXT, fine[:at] + bytes([min(fine[at] + 1, 255)]) + fine[at + 1:])),
                   "malformed")
    for label, old, new in (("ContentInfo", b"\x30", b"\x31"), ("its content", b"\xa0", b"\xa1"), ("version", b"\2\1\1\x31", b"\4\1\1\x31"),
                            ("digestAlgorithms", b"\x31\x0d\x30\x0b\6\x09\x60", b"\x30\x0d\x30\x0b\6\x09\x60"),
                            ("encapContentInfo", b"\x30\x0b\6\x09\x2a", b"\x31\x0b\6\x09\x2a")):
        yield Case("a wrong tag: " + label, mail(clear(TEXT, fine.replace(old, new, 1))), "malformed")
    tree = parse(fine)[0]
    infos = tree.children[1].children[0].children[-1]
    for label, node, tag in (("signerInfos", infos, 0x30), ("SignerInfo", infos.children[0], 0x31),
                             ("the identifier", infos.children[0].children[1], 0x31), ("the signature", infos.children[0].children[-1], 5)):
        before, node.tag = node.tag, tag
        yield Case("a wrong tag: " + label, mail(clear(TEXT, tree.write())), "malformed")
        node.tag = before
    yield Case("no base64", mail(clear(TEXT, fine).replace(b"\r\n\r\nMI", b"\r\n\r\n*I")), "malformed")


@attack("T-10")  # V-03
def text_outside_the_signed_part(w):
    signature = sign(w.alice, TEXT, inside=False)
    hidden = b"please pay at once"

    def listed(words):
        return lambda verdict, _: any(words in o for o in verdict["coverage"]["outside"])
    yield good("nothing outside", mail(clear(TEXT, signature)), also=lambda v, _: not v["coverage"]["outside"])
    yield Case("preamble", mail(clear(TEXT, signature, preamble=hidden + b"\r\n")), "valid_trusted", hidden=hidden, payload=b"the figures", also=listed("preamble"))
    yield Case("epilogue", mail(clear(TEXT, signature, epilogue=hidden + b"\r\n")), "valid_trusted", hidden=hidden, payload=b"the figures", also=listed("epilogue"))
    yield Case("a third part", mail(clear(TEXT, signature, more=[part("text/plain", hidden)])), "malformed", hidden=hidden,
               reasons=["third_part"])
    beside = (b"Content-Type: application/pkcs7-signature\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64_lines(signature).rstrip())
    yield Case("a part before", mail(multipart('signed; protocol="application/pkcs7-signature"', part("text/plain", hidden), TEXT, beside)),
               "malformed")
    yield Case("one part alone", mail(multipart('signed; protocol="application/pkcs7-signature"', TEXT)), "malformed")


@attack("T-11")
def attributes_as_content(w):
    for person, label in ((w.alice, "ECDSA"), (w.alice_rsa, "RSA")):
        covered = der(0x31, *sorted(signed_attributes(person, digest("sha256", TEXT)).values()))
        stolen = person.key.sign("sha256", covered)
        yield good(label, opaque_by_bare(person), from_address="alice@corp.example")
        info = signer_info(person, covered, attributes=False, signature=stolen)
        forged = signed_data([info], covered, [person.certificate])
        yield Case(label + ", bare", forged, "malformed", reasons=["attributes_as_content"], from_address="alice@corp.example")
        yield Case(label + ", as a message", mail(p7m(forged)), "malformed", reasons=["attributes_as_content"])
        long_ = {**signed_attributes(person, digest("sha256", TEXT)), "more": attribute(UNKNOWN, octets(bytes(60000)))}
        covered = der(0x31, *sorted(long_.values()))
        forged = signed_data([signer_info(person, covered, attributes=False)], covered, [person.certificate])
        yield Case(label + ", of 60,000 octets", mail(p7m(forged)), "malformed", reasons=["attributes_as_content"])
        plain = signed_data([signer_info(person, TEXT, attributes=False)], TEXT, [person.certificate])
        yield Case(label + ", no attributes at all (R-42)", mail(p7m(plain)), "weak", reasons=["no_signed_attributes"])


@attack("T-25")  # S-09, R-62: a receipt repeats octets that whoever asks for it has chosen
def something_else_signed_as_mail(w):
    receipt, time_stamp = "1.2.840.113549.1.9.16.1.1", "1.2.840.113549.1.9.16.1.4"
    chosen = b"\r\nContent-Type: text/plain\r\n\r\nI owe Eve all I have.\r\n"
    repeated = seq(number(1), oid(DATA), octets(chosen), octets(bytes(64)))

    def signed_as(kind, content, inside):
        info = signer_info(w.alice, content, change=lambda listed: {**listed, "type": attribute(CONTENT_TYPE, oid(kind))})
        return signed_data([info], content if inside else None, [w.alice.certificate], content_type=kind)

    def no_mail(verdict, payload):
        return payload == repeated and verdict["content"]["type"] == "application/octet-stream"
    yield good("signed as data", mail(p7m(signed_as(DATA, TEXT, True))))
    yield good("a receipt is no mail", mail(p7m(signed_as(receipt, repeated, True), "signed-receipt")), also=no_mail)
    yield Case("a receipt beside", mail(clear(repeated, signed_as(receipt, repeated, False))), "malformed", reasons=["content_type_mismatch"])
    for inside in (False, True):
        entity = p7m(signed_as(time_stamp, TEXT, inside)) if inside else clear(TEXT, signed_as(time_stamp, TEXT, inside))
        yield Case("a time stamp, %s" % ("inside" if inside else "beside"), mail(entity), "malformed", reasons=["content_type_mismatch"])


def opaque_by_bare(person):
    return sign(person, TEXT)


@attack("T-12")  # R-33, V-09
def from_differs(w):
    yield good("the signer's", mail(clear_by(w.alice)))
    yield good("another case of the domain (R-33)", mail(clear_by(w.alice), "Alice <Alice@CORP.Example>"))
    for sender in ("bob@partner.example", "alice@corp.example.evil.example", "alice@corp.exampl", "alicex@corp.example", "alice@sub.corp.example"):
        yield Case(sender, mail(clear_by(w.alice), sender), "mismatch", reasons=["mismatch"])


@attack("T-16")  # V-10, P-15, R-17
def dates_disagree(w):
    now = int(time.time())
    yield good("now", mail(clear_by(w.alice)))
    yield good("within the hour", mail(clear_by(w.alice), fields=[("From", "alice@corp.example"), ("Date", date(now - 3400))]))
    for label, when in (("Date long ago", now - 90000), ("Date an hour and more ago", now - 3700), ("Date to come", now + 90000)):
        yield Case(label, mail(clear_by(w.alice), fields=[("From", "alice@corp.example"), ("Date", date(when))]), "weak", reasons=["date_differs"])
    yield Case("signed in the future", mail(clear_by(w.alice, when=now + 400)), "weak", reasons=["signed_in_future"], without=["date_differs"])
    yield good("signed a little in the future", mail(clear_by(w.alice, when=now + 200)))
    yield Case("a second Date", mail(clear_by(w.alice), extra=[("Date", date(now - 90000))]), "weak", reasons=["date_differs"])
    general = der(0x18, time.strftime("%Y%m%d%H%M%SZ", time.gmtime(now)).encode())
    yield good("GeneralizedTime (R-17)", mail(clear_by(w.alice, change=put("time", attribute(SIGNING_TIME, general)))))
    for label, odd in (("no seconds", der(0x17, time.strftime("%y%m%d%H%MZ", time.gmtime(now)).encode())), ("a fraction", general[:1] + b"\x11" +
                       general[2:-1] + b".5Z"), ("a zone", der(0x17, time.strftime("%y%m%d%H%M%S+0000", time.gmtime(now)).encode()))):
        yield Case(label + " (P-15)", mail(clear_by(w.alice, change=put("time", attribute(SIGNING_TIME, odd)))), "malformed", reasons=["attrs_malformed"])
    no_time = clear_by(w.alice, change=lambda a: a.pop("time") and None)
    yield good("no time claimed", mail(no_time, fields=[("From", "alice@corp.example"), ("Date", date(now - 90000))]))


@attack("T-17")
def old_digests(w):
    yield good("SHA-256", mail(opaque_by(w.alice_rsa)))
    for name, word, reason in (("sha1", "weak", "weak_digest"), ("md5", "weak", "weak_digest"), ("md4", "unsupported", None),
                               ("md2", "unsupported", None)):
        for form, entity in (("opaque", opaque_by), ("clear", clear_by)):
            yield Case("%s, %s" % (name, form), mail(entity(w.alice_rsa, name=name)), word, reasons=[reason] if reason else [])
    old = Person("Old", "alice@corp.example", w.root, rsa_key())
    by_old_ca = Person("Below", "alice@corp.example", Person("Old CA", None, w.root, rsa_key(), ca=True), digest_name="sha1")
    yield good("a fresh key", mail(opaque_by(old)))
    yield Case("SHA-1 in the chain", mail(opaque_by(by_old_ca, certificates=[by_old_ca.certificate, by_old_ca.issuer.certificate])), "weak")


@attack("T-18")
def micalg_lies(w):
    signature = sign(w.alice, TEXT, inside=False)
    for micalg in ("sha-256", "md5", "sha1", "sha-512,md5", "unheard-of", None, "\"\""):
        yield good("micalg %s" % micalg, mail(clear(TEXT, signature, micalg=micalg)))
    yield Case("right in micalg, wrong in itself", mail(clear(OTHER, signature)), "altered")


@attack("T-19")  # V-05
def nested_signers(w):
    inner_alice, inner_bob = clear_by(w.alice), clear_by(w.bob)
    two = ["clear-signed", "clear-signed"]
    yield good("both hers", mail(clear_by(w.alice, inner_alice)), layers=two)
    yield Case("outer hers, inner his", mail(clear_by(w.alice, inner_bob)), "valid_trusted", layers=two,
               also=lambda v, _: [l["author"] for l in v["layers"]] == [True, False])
    yield Case("outer his, inner hers", mail(clear_by(w.bob, inner_alice)), "mismatch", layers=two,
               also=lambda v, _: [l["author"] for l in v["layers"]] == [True, False])
    yield Case("outer his, inner hers, opaque", mail(opaque_by(w.bob, opaque_by(w.alice))), "mismatch", layers=["opaque-signed"] * 2)
    broken = clear(OTHER, sign(w.alice, TEXT, inside=False))
    yield Case("inner broken", mail(clear_by(w.alice, broken)), "altered", layers=two)


def sealed(w, entity, person=None):
    key = os.urandom(32)
    return p7m(encrypt_gcm([to_rsa(person or w.bob_rsa, key)], entity, key), "authEnveloped-data")


@attack("T-20")  # V-05, V-07
def signature_over_ciphertext(w):
    yield good("signed, then encrypted", mail(sealed(w, clear_by(w.alice))), signature="valid_trusted", encryption="authenticated")
    triple = clear_by(w.eve, sealed(w, clear_by(w.alice)))
    yield good("triple wrapped, author within (R-64)", mail(triple), signature="valid_trusted", encryption="authenticated",
               also=lambda v, _: [l["author"] for l in v["layers"]] == [False, False, True])
    for label, entity in (("by another", clear_by(w.eve, sealed(w, TEXT))), ("by herself", clear_by(w.alice, sealed(w, TEXT))),
                          ("opaque", opaque_by(w.alice, sealed(w, TEXT))), ("twice", clear_by(w.alice, clear_by(w.alice, sealed(w, TEXT))))):
        yield Case(label, mail(entity), "partial", "authenticated", reasons=["outer_only"])
    yield Case("an inner signature by another", mail(clear_by(w.alice, sealed(w, clear_by(w.eve)))), "mismatch", "authenticated")


@attack("T-21")
def broken_signature_around_encryption(w):
    hidden = sealed(w, TEXT)
    signature = sign(w.alice, OTHER, inside=False)
    yield good("whole", mail(sealed(w, clear_by(w.alice))), signature="valid_trusted", encryption="authenticated")
    yield Case("around S/MIME", mail(clear(hidden, signature)), "altered", "authenticated", reasons=["digest_mismatch"])
    pgp = multipart('encrypted; protocol="application/pgp-encrypted"', part("application/pgp-encrypted", "Version: 1"),
                    part("application/octet-stream", "-----BEGIN PGP MESSAGE-----\n"))
    yield Case("around OpenPGP", mail(clear(pgp, signature)), "altered", "none", reasons=["digest_mismatch"])
    mixed = multipart("mixed", part("text/html", "<p>"), hidden, part("text/html", "</p>"))
    yield Case("around a part that is encrypted", mail(clear(mixed, signature)), "altered", "none", hidden=b"the figures",
               also=lambda v, _: len(v["attachments"]) == 1)


def double(which):
    return lambda a: a.update({which: [a[which], a[which]]})


def without(which):
    return lambda a: a.pop(which) and None


def put(which, value):
    return lambda a: a.update({which: value})


@attack("T-30")
def odd_attributes(w):
    yield good("as they should be", mail(opaque_by(w.alice)))
    hashed = octets(digest("sha256", TEXT))
    protection = attribute(PROTECTION, seq(algorithm(DIGESTS["sha256"]), der(0xa1, algorithm(ECDSA_SHA256)[2:])))
    yield good("with CMSAlgorithmProtection (R-43)", mail(opaque_by(w.alice, change=put("protection", protection))))
    yield good("an unknown one (R-23)", mail(opaque_by(w.alice, change=put("odd", attribute(UNKNOWN, NULL)))))
    yield good("an unsigned one beside (R-23)", mail(opaque_by(w.alice, unsigned=der(0xa1, attribute(UNKNOWN, NULL)))))
    for label, change, reason in (
            ("no content type", without("type"), "attrs_missing"), ("no digest", without("digest"), "attrs_missing"),
            ("content type twice", double("type"), "attrs_duplicate"), ("digest twice", double("digest"), "attrs_duplicate"),
            ("time twice", double("time"), "attrs_duplicate"),
            ("two digests in one", put("digest", attribute(MESSAGE_DIGEST, hashed, hashed)), "attrs_malformed"),
            ("no value", put("digest", attribute(MESSAGE_DIGEST)), "attrs_malformed"),
            ("a digest of another type", put("digest", attribute(MESSAGE_DIGEST, NULL)), "attrs_malformed"),
            ("two types in one", put("type", attribute(CONTENT_TYPE, oid(DATA), oid(DATA))), "attrs_malformed"),
            ("another type", put("type", attribute(CONTENT_TYPE, oid(SIGNED))), "content_type_mismatch"),
            ("two times in one", put("time", attribute(SIGNING_TIME, utc_time(time.time()), utc_time(0))), "attrs_malformed"),
            ("no time in it", put("time", attribute(SIGNING_TIME, NULL)), "attrs_malformed"),
            ("protection twice", put("protection", [protection, protection]), "attrs_duplicate")):
        yield Case(label, mail(opaque_by(w.alice, change=change)), "malformed", reasons=[reason])
    yield Case("none in the set", mail(opaque_by(w.alice, change=lambda a: a.clear())), "malformed", reasons=["attrs_missing"])
    for label, value in (("another digest", seq(algorithm(DIGESTS["sha512"]), der(0xa1, algorithm(ECDSA_SHA256)[2:]))),
                         ("another signature", seq(algorithm(DIGESTS["sha256"]), der(0xa1, algorithm(RSA_ENCRYPTION, NULL)[2:]))),
                         ("a MAC", seq(algorithm(DIGESTS["sha256"]), der(0xa2, algorithm(ECDSA_SHA256)[2:])))):
        yield Case("protection names " + label, mail(opaque_by(w.alice, change=put("protection", attribute(PROTECTION, value)))), "altered",
                   reasons=["algorithm_mismatch"])
    same = seq(algorithm(DIGESTS["sha256"]), der(0xa1, algorithm(ECDSA_SHA256)[2:]))
    yield Case("protection of two values", mail(opaque_by(w.alice, change=put("protection", attribute(PROTECTION, same, same)))), "altered",
               reasons=["algorithm_mismatch"])
    yield Case("no digest announced", mail(opaque_by(w.alice, digests=())), "malformed")
    yield Case("another announced", mail(opaque_by(w.alice, digests=("sha512",))), "malformed")
    for which, value in ((CONTENT_TYPE, oid(DATA)), (MESSAGE_DIGEST, hashed), (SIGNING_TIME, utc_time(0))):
        yield Case("unsigned " + which, mail(opaque_by(w.alice, unsigned=der(0xa1, attribute(which, value)))), "malformed",
                   reasons=["attrs_malformed"])


def loosened(data, kept=(0xa0,)):
    """the same in BER: no length is said, strings lie in pieces; certificates and signed attributes stay"""
    def write(node, depth):
        if node.tag in kept and depth > 2 or node.children is None and node.tag != 4:
            return node.write()
        if node.tag == 4:
            return b"\x24\x80" + octets(node.body[:3]) + octets(node.body[3:]) + b"\0\0"
        return bytes([node.tag, 0x80]) + b"".join(write(c, depth + 1) for c in node.children) + b"\0\0"
    return write(parse(data)[0], 0)


@attack("R-40")
def other_encodings(w):
    def backwards(values):
        return sorted(values, reverse=True)
    unsorted = signed_attributes(w.alice, digest("sha256", TEXT))
    right = w.alice.key.sign("sha256", der(0x31, *sorted(unsorted.values())))
    yield good("attributes not in order, signed in order (R-40)", mail(opaque_by(w.alice, change=lambda a: unsorted, order=backwards, signature=right)))
    yield good("signed, in BER (R-40)", mail(p7m(loosened(sign(w.alice, TEXT)))))
    key = os.urandom(32)
    for label, recipient in (("v1.5", to_rsa(w.bob_rsa, key)), ("OAEP", to_oaep(w.bob_rsa, key)), ("agreed", to_ec(w.bob, key))):
        for kind, made, word in (("CBC", encrypt_cbc([recipient], TEXT, key), "unauthenticated"), ("GCM", encrypt_gcm([recipient], TEXT, key), "authenticated")):
            yield good("%s to %s, in BER (R-40)" % (kind, label), loosened(made, kept=()), encryption=word, payload=b"the figures")


@attack("T-32")
def certificates_that_do_not_do(w):
    def by(*names, **how):
        person = Person(names[0] if names else "Alice", how.pop("address", "alice@corp.example"), how.pop("issuer", w.root), **how)
        return mail(opaque_by(person))
    yield good("one that does", by())
    yield good("nonRepudiation will do (R-35)", by(key_usage=0x40))
    yield good("any extended usage will do (R-35)", by(eku=("2.5.29.37.0",)))
    yield good("none named will do", by(eku=()))
    yield Case("usage", by(key_usage=0x20), "valid_untrusted", reasons=["key_usage"])
    yield Case("extended usage", by(eku=("1.3.6.1.5.5.7.3.1",)), "valid_untrusted", reasons=["eku"])
    yield Case("no address", by(address=None), "mismatch", reasons=["no_address"])
    yield Case("expired", by(begin=-400 * DAY, end=-DAY), "expired_signer", reasons=["expired"])
    yield Case("not yet valid", by(begin=DAY, end=400 * DAY), "not_yet_valid", reasons=["not_yet_valid"])
    yield Case("a short key", by(key=rsa_key(1024)), "weak", reasons=["weak_key"])
    yield good("long validity is no fault of the message", by(end=20 * 365 * DAY))
    for label, version in (("of the object", dict(object_version=9)), ("of the signer", dict(version=9))):
        yield good("a wrong version %s (R-44)" % label, mail(opaque_by(w.alice, **version)))
    international = seq(oid("1.3.6.1.5.5.7.8.9"), explicit(0, der(12, "\u00e4lice@corp.example".encode())))
    yield good("an internationalised address (R-34)", mail(opaque_by(Person("Alice U", None, w.root, extra=[
        extension("2.5.29.17", seq(der(0xa0, international[2:])))])), "\u00e4lice@corp.example"))
    gone, here = (Person(n, "alice@corp.example", w.root) for n in ("Gone", "Here"))
    crl = w.file("root.crl", pem("X509 CRL", w.root.revoke(gone)))
    yield Case("revoked", mail(opaque_by(gone)), "revoked", reasons=["revoked"], arguments=["--crl", crl])
    yield good("not revoked", mail(opaque_by(here)), arguments=["--crl", crl])
    stranger = Person("Other Root", None, ca=True)
    below = Person("Below", "alice@corp.example", stranger)
    yield Case("its own authority sent along (R-31)", mail(opaque_by(below, certificates=[below.certificate, stranger.certificate])),
               "valid_untrusted")
    own = Person("Own", "alice@corp.example")
    yield Case("self-signed", mail(opaque_by(own)), "valid_untrusted")
    no_ca = Person("No CA", "alice@corp.example", w.alice)
    yield Case("issued by one that is no authority", mail(opaque_by(no_ca, certificates=[no_ca.certificate, w.alice.certificate])),
               "valid_untrusted")
    one_key, two_key = EcKey(), EcKey()
    one = Person("One", None, key=one_key, ca=True)
    two = Person("Two", None, one, key=two_key, ca=True)
    one_by_two = Person("One", None, two, key=one_key, ca=True)
    leaf = Person("Leaf", "alice@corp.example", one)
    yield Case("circular", mail(opaque_by(leaf, certificates=[leaf.certificate, two.certificate, one_by_two.certificate])), "valid_untrusted")
    yield Case("not sent along", mail(opaque_by(w.alice, certificates=())), "unsupported", reasons=["no_certificate"])
    yield Case("another's only", mail(opaque_by(w.alice, certificates=(w.eve.certificate,))), "unsupported", reasons=["no_certificate"])
    mixed = [w.eve.certificate, seq(number(1)), w.root.certificate, w.alice.certificate, w.bob.certificate]
    yield good("in any order, others among them (R-31)", mail(opaque_by(w.alice, certificates=mixed)))
    yield good("named by its key (R-24)", mail(opaque_by(w.alice, by_key_id=True)))


@attack("T-33")
def octets_behind_the_object(w):
    fine, sealed_ = sign(w.alice, TEXT), encrypt_gcm([to_rsa(w.bob_rsa, bytes(32))], TEXT, bytes(32))
    beside = sign(w.alice, TEXT, inside=False)
    yield good("one object", mail(p7m(fine)))
    yield good("one encrypted object", mail(p7m(sealed_, "authEnveloped-data")), encryption="authenticated", payload=b"the figures")
    for label, more in (("an octet", b"\0"), ("an end marker", b"\0\0"), ("a line", b"pay at once\r\n"), ("the same again", None)):
        yield Case(label + " behind a signed one", mail(p7m(fine + (more or fine))), "malformed")
        yield Case(label + " behind a signature", mail(clear(TEXT, beside + (more or beside))), "malformed")
        yield Case(label + " behind an encrypted one", mail(p7m(sealed_ + (more or sealed_), "authEnveloped-data")), "none", "failed")
        yield Case(label + ", bare", fine + (more or fine), "malformed", from_address="alice@corp.example")


@attack("T-34")
def certificate_attribute_of_another(w):
    other = w.eve.certificate

    def v2(hash_name, certificate, *more):
        named = b"" if hash_name == "sha256" else algorithm(DIGESTS[hash_name])
        ids = [seq(named, octets(digest(hash_name, c))) for c in (certificate, *more)]
        return put("certificate", attribute(CERTIFICATE_V2, seq(seq(*ids))))

    def v1(certificate):
        return put("certificate", attribute(CERTIFICATE_V1, seq(seq(seq(octets(digest("sha1", certificate)))))))
    mine = w.alice.certificate
    for label, change in (("SHA-256", v2("sha256", mine)), ("SHA-512", v2("sha512", mine)), ("the chain after it", v2("sha256", mine, other)),
                          ("the old form", v1(mine)), ("none", without("certificate"))):
        yield good(label, mail(opaque_by(w.alice, change=change)))
    for label, change in (("SHA-256", v2("sha256", other)), ("SHA-512", v2("sha512", other)), ("hers second", v2("sha256", other, mine)),
                          ("the old form", v1(other)), ("an unknown digest", put("certificate", attribute(CERTIFICATE_V2, seq(seq(seq(
                              algorithm(UNKNOWN), octets(bytes(32))))))))):
        yield Case(label, mail(opaque_by(w.alice, change=change)), "altered", reasons=["ess_mismatch"])

    def both(a):
        v2("sha256", mine)(a)
        a["old"] = attribute(CERTIFICATE_V1, seq(seq(seq(octets(digest("sha1", other))))))
    yield Case("the old form beside the new one", mail(opaque_by(w.alice, change=both)), "altered", reasons=["ess_mismatch"])


@attack("T-38")  # R-56, P-01, P-04
def digest_info_without_null(w):
    yield good("with it", mail(opaque_by(w.alice_rsa)))
    yield Case("without", mail(opaque_by(w.alice_rsa, null=False)), "altered", reasons=["signature_mismatch"])
    attributes = signed_attributes(w.alice_rsa, digest("sha256", TEXT))
    covered = der(0x31, *sorted(attributes.values()))
    right = seq(algorithm(DIGESTS["sha256"], NULL), octets(digest("sha256", covered)))
    key = w.alice_rsa.key

    def block(padding, info, tail=b""):
        return key.raw_private(b"\0\1" + padding + b"\0" + info + tail)
    room = key.octets - 3 - len(right)
    for label, made in (("short padding, octets behind (Bleichenbacher 2006)", block(b"\xff" * 8, right, bytes(room - 8))),
                        ("padding of type 2", key.raw_private(b"\0\2" + b"\x55" * room + b"\0" + right)),
                        ("another digest's name", block(b"\xff" * room, seq(algorithm(DIGESTS["sha512"], NULL), octets(digest("sha256", covered))))),
                        ("an octet short", key.sign("sha256", covered)[1:])):
        yield Case(label, mail(opaque_by(w.alice_rsa, change=lambda a: attributes, signature=made)), "altered", reasons=["signature_mismatch"])


@attack("P-04")
def ecdsa_values(w):
    attributes = signed_attributes(w.alice, digest("sha256", TEXT))
    right = w.alice.key.sign("sha256", der(0x31, *sorted(attributes.values())))
    r, s = (int.from_bytes(n.body, "big") for n in parse(right)[0].children)
    order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551

    def with_(made, **how):
        return mail(opaque_by(w.alice, change=lambda a: attributes, signature=made, **how))
    yield good("in DER", with_(right))
    yield good("NULL in its identifier", with_(right, signature_algorithm=algorithm(ECDSA_SHA256, NULL)))
    padded = seq(der(2, b"\0\0" + r.to_bytes(32, "big")), number(s))
    for label, made in (("a zero before", padded), ("r + n", seq(number(r + order), number(s))), ("r of 0", seq(number(0), number(s))),
                        ("s of 0", seq(number(r), number(0))), ("s of n", seq(number(r), number(order))), ("negative", seq(number(-r), number(s))),
                        ("octets behind", right + b"\0"), ("r and s side by side", r.to_bytes(32, "big") + s.to_bytes(32, "big")),
                        ("a third number", seq(number(r), number(s), number(1))), ("nothing", b"")):
        yield Case(label, with_(made), "altered", reasons=["signature_mismatch"])


@attack("T-39")
def digest_over_lf(w):
    lf = TEXT.replace(b"\r\n", b"\n")
    yield good("over CRLF", mail(clear_by(w.alice)))
    yield good("over CRLF, sent with LF (R-25)", mail(clear_by(w.alice)).replace(b"\r\n", b"\n"))
    over_lf = sign(w.alice, lf, inside=False)
    yield Case("over LF", mail(clear(TEXT, over_lf)), "altered", reasons=["content_not_canonical", "digest_mismatch"])
    yield Case("over LF, sent with LF", mail(clear(lf, over_lf)), "altered", reasons=["content_not_canonical"])
    yield Case("over something else", mail(clear(TEXT, sign(w.alice, OTHER, inside=False))), "altered", reasons=["digest_mismatch"],
               without=["content_not_canonical"])
