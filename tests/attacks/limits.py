# SPDX-License-Identifier: Apache-2.0
"""T-35: each limit (L-nn) just below, as a control, and just above.

L-04 is the mail server's message size (tests/lab/62-large-message), L-16 of path building and
signature checks is the unit tests' of trust, L-18 is T-29, L-19 is tests/unit/daemons.
"""
from case import *
from signatures import TEXT, clear_by, opaque_by, put, sealed

SECRET = b"the figures"


def nested(depth):
    body = NULL
    for _ in range(depth):
        body = seq(body)
    return body


def limit(label, which, message, word="malformed"):
    """the limit's id is the reason; where it is met behind encryption, beside the uniform one (R-46)"""
    # a recipient that is unusable beyond a limit may also be nobody's
    words = (word, "none") if word != "failed" else ("none", "failed" if which else ("failed", "undecryptable"))
    return Case("above " + label, message, *words, reasons=[which] if which else [])


@attack("T-35")
def nesting_bombs(w):
    def opaque(value):
        return mail(opaque_by(w.alice, unsigned=der(0xa1, attribute(UNKNOWN, value))))
    # ContentInfo, [0], SignedData, signerInfos, SignerInfo, [1], Attribute and its SET are eight
    yield good("below L-01", opaque(nested(24)))
    yield limit("L-01", "L-01", opaque(nested(25)))
    yield limit("L-01 by far", "L-01", opaque(nested(5000)))
    fine = sign(w.alice, TEXT)
    for levels, name in ((4, "below"), (5, "above")):
        string = octets(TEXT[:5]) + octets(TEXT[5:])
        for _ in range(levels - 1):
            string = der(0x24, string)
        message = mail(p7m(reframe(fine, der(0x24, string))))
        yield good("below L-02", message) if name == "below" else limit("L-02", "L-01", message)
    for octet in (b"\x30\x80", b"\x24\x80", b"\xa0\x80"):
        yield Case("1 MiB of %s (C-06)" % octet.hex(), mail(p7m(octet * (1 << 19))), "malformed")


def reframe(data, string):
    """SignedData with another encoding of its content"""
    tree = parse(data)[0]
    signed = tree.children[1].children[0]
    wrap = signed.children[2].children[1]
    wrap.children, wrap.body = None, string
    return tree.write()


@attack("T-35")
def sizes_of_structures(w):
    key = os.urandom(16)
    right = to_rsa(w.bob_rsa, key)

    def filled(size):
        """all that stands before the content has this many octets"""
        identifier = gcm_parameters(16, bytes(12), 16)
        others = [explicit(4, oid(UNKNOWN), octets(bytes(1 << 20))) for _ in range(3)]

        def head(n):
            infos = der(0x31, right, *others, explicit(4, oid(UNKNOWN), octets(bytes(n))))
            return len(number(0) + infos + oid(DATA) + identifier), infos
        n = size - head(1 << 19)[0] + (1 << 19)
        assert head(n)[0] == size
        return auth_with(head(n)[1], identifier, key)
    yield good("below L-03", filled(4 << 20), encryption="authenticated", payload=SECRET)
    yield limit("L-03", "L-03", filled((4 << 20) + 1), "failed")
    stranger = key_trans(w.eve, bytes(16))
    for count in (9999, 10000):
        made = encrypt_gcm([stranger] * count + [right], TEXT, key)
        yield good("below L-05", made, encryption="authenticated", payload=SECRET) if count == 9999 else limit("L-05", "L-05", made, "failed")
    kari = parse(to_ec(w.bob, key))[0]
    keys = kari.children[-1]
    one = keys.children[0].write()
    keys.children = None
    for count in (10000, 10001):
        keys.body = one * count
        made = encrypt_gcm([kari.write()], TEXT, key)
        yield good("below L-05 in one kari", made, encryption="authenticated", payload=SECRET) if count == 10000 \
            else limit("L-05 in one kari", "L-05", made, "failed")
    yield limit("100 000 recipients", None, encrypt_gcm([stranger] * 100000 + [right], TEXT, key), "failed")


def auth_with(infos, identifier, key):
    sealed_ = AESGCM(key).encrypt(bytes(12), TEXT, None)
    return content_info(AUTH_ENVELOPED, seq(number(0), infos, seq(oid(DATA), identifier, der(0x80, sealed_[:-16])), octets(sealed_[-16:])))


@attack("T-35")
def signers_certificates_lists(w):
    info = signer_info(w.alice, TEXT)
    mine = w.alice.certificate
    for count in (16, 17):
        made = mail(p7m(signed_data([info] * count, TEXT, [mine])))
        yield good("below L-06", made) if count == 16 else limit("L-06", "L-06", made)
    # no certificates, but of their size: what cannot be read is passed over (C-13)
    small, filler = seq(number(1)), lambda n: seq(octets(bytes(n - (8 if n < 65540 else 10))))
    assert all(len(filler(n)) == n for n in (64 << 10, (64 << 10) + 1, 4 << 20))

    def with_(*certificates):
        return mail(p7m(signed_data([info], TEXT, [mine, *certificates])))
    yield good("below L-07, certificates", with_(*[small] * 63))
    yield limit("L-07, certificates", "L-07", with_(*[small] * 64))
    yield good("below L-07, one", with_(filler(65536)))
    yield limit("L-07, one", "L-07", with_(filler(65537)))
    rest = (1 << 20) - len(mine) - 15 * 65536
    yield good("below L-07, all", with_(*[filler(65536)] * 15, filler(rest)))
    yield limit("L-07, all", "L-07", with_(*[filler(65536)] * 15, filler(rest + 1)))
    yield limit("L-07, 1.6 MB", "L-07", with_(*[filler(65536)] * 25))

    def lists(count, size=300):
        return mail(p7m(signed_data([info], TEXT, [mine], crls=der(0xa1, *[filler(size)] * count))))
    yield good("below L-08, lists", lists(16))
    yield limit("L-08, lists", "L-08", lists(17))
    yield good("below L-08, octets", lists(1, 4 << 20))
    yield limit("L-08, octets", "L-08", lists(1, (4 << 20) + 1))


@attack("T-35")
def attributes_without_end(w):
    def many(count, values=1, each=b"\5\0"):
        return lambda a: a.update({n: attribute("%s.%d" % (UNKNOWN, n), *[each] * values) for n in range(count)})

    def with_(change):
        return mail(opaque_by(w.alice, change=change))
    yield good("below L-09, attributes", with_(many(60)))
    yield limit("L-09, attributes", "L-09", with_(many(61)))
    yield good("below L-09, values", with_(many(1, 64)))
    yield limit("L-09, values", "L-09", with_(many(1, 65)))
    used = len(b"".join(signed_attributes(w.alice, bytes(32)).values()))

    def size(n):
        room = n - used - 4 - 4 - 13 - 4 - 4  # headers of the set, the attribute, its name, its values and the string
        change = put("big", attribute(UNKNOWN + ".1", octets(bytes(room))))
        made = dict(signed_attributes(w.alice, bytes(32)))
        change(made)
        short = n - len(der(0xa0, *made.values()))
        return put("big", attribute(UNKNOWN + ".1", octets(bytes(room + short))))
    yield good("below L-09, octets", with_(size(65536)))
    yield limit("L-09, octets", "L-09", with_(size(65537)))

    def unsigned(count, values=1):
        return mail(opaque_by(w.alice, unsigned=der(0xa1, *[attribute("%s.%d" % (UNKNOWN, n), *[NULL] * values) for n in range(count)])))
    yield good("below L-09, unsigned", unsigned(64))
    yield limit("L-09, unsigned", "L-09", unsigned(65))
    yield good("below L-09, unsigned values", unsigned(1, 64))
    yield limit("L-09, unsigned values", "L-09", unsigned(1, 65))
    big = der(0xa1, attribute(UNKNOWN, octets(bytes(65536))))
    yield limit("L-09, unsigned octets", "L-09", mail(opaque_by(w.alice, unsigned=big)))


@attack("T-35")
def layers_and_mime(w):
    entity = TEXT
    for n in range(7):
        entity = opaque_by(w.alice, entity)
        if n == 5:
            yield good("below L-10", mail(entity), layers=["opaque-signed"] * 6)
    yield limit("L-10", "L-10", mail(entity))

    def deep(levels):
        inner = part("text/plain", "x")
        for n in range(levels):
            inner = multipart("mixed", inner)
        return mail(clear_by(w.alice, inner))
    yield good("below L-11, depth", deep(7))
    yield limit("L-11, depth", "L-11", deep(8))

    def wide(count):
        return mail(clear_by(w.alice, multipart("mixed", *[part("text/plain", "x")] * count)))
    yield good("below L-11, parts", wide(997))
    yield limit("L-11, parts", "L-11", wide(998))

    def header(size):
        start = part("text/plain", "x", "X-Long: ")
        room = size - start.index(b"\r\n\r\n") - 4
        lines = "\n ".join(["a" * 900] * (room // 903))
        lines += "b" * (room - len(crlf(lines)))
        return mail(clear_by(w.alice, part("text/plain", "x", "X-Long: " + lines)))
    yield good("below L-11, header", header(256 * 1024))
    yield limit("L-11, header", "L-11", header(256 * 1024 + 1))


@attack("T-35")
def parameters_of_algorithms(w):
    key = os.urandom(16)
    for size in (512, 513):
        made = mail(p7m(encrypt_gcm([to_ec(w.bob, key, ukm=bytes(size))], TEXT, key), "authEnveloped-data"))
        yield good("below L-15, ukm", made, encryption="authenticated", payload=SECRET) if size == 512 else limit("L-15, ukm", None, made, "failed")
    to = [to_rsa(w.bob_rsa, key)]
    yield good("below L-15, nonce", encrypt_gcm(to, TEXT, key, nonce=os.urandom(128)), encryption="authenticated", payload=SECRET)
    long_nonce = envelope(to, gcm_parameters(16, bytes(129), 16), bytes(40), AUTH_ENVELOPED, tail=octets(bytes(16)))
    yield limit("L-15, nonce", None, long_nonce, "failed")
    for size in (64, 65):
        made = encrypt_gcm([to_oaep(w.bob_rsa, key, label=bytes(range(size)))], TEXT, key)
        yield good("below L-15, label", made, encryption="authenticated", payload=SECRET) if size == 64 else limit("L-15, label", None, made, "failed")

    def named(octet_count):
        which = der(6, b"\x2a" * octet_count)
        return mail(p7m(with_digest(w, seq(which))))
    yield good("below L-15, OID", named(64))
    yield limit("L-15, OID", None, named(65))


def compressed(data):
    return p7m(data, "compressed-data", label="smime.p7z")


@attack("T-35", "L-12")  # L-13, P-17
def compression(w):
    def sized(content, size):
        """the message has this many octets, whatever its content shrinks to"""
        entity = compressed(compressed_data(content))
        now = date()
        head = mail(entity, extra=[("X-Filler", "")], fields=[("From", "alice@corp.example"), ("Date", now)])
        room = size - len(head)
        filler = "\r\n ".join(["a" * 900] * (room // 903))
        return mail(entity, extra=[("X-Filler", filler + "b" * (room - len(filler)))], fields=[("From", "alice@corp.example"), ("Date", now)])
    head, free = part("text/plain", ""), 1 << 20
    text = lambda n: head + b"the figures" + b"a" * (n - len(head) - 11)
    yield good("below L-12, a small message", mail(compressed(compressed_data(text(free)))), signature="none", payload=SECRET)
    yield limit("L-12, a small message", "L-12", mail(compressed(compressed_data(text(free + 1)))))
    for size, word in ((200000, "below"), (199999, "above")):
        made = sized(text(2000000), size)
        assert len(made) == size
        yield good("below L-12, ten times", made, signature="none", payload=SECRET) if word == "below" else limit("L-12, ten times", "L-12", made)
    yield limit("L-12, a bomb", "L-12", mail(compressed(compressed_data(bytes(200 << 20)))))
    key = os.urandom(16)
    within = encrypt_gcm([to_rsa(w.bob_rsa, key)], compressed(compressed_data(bytes(30 << 20))), key)
    yield Case("above L-12, encrypted", mail(p7m(within, "authEnveloped-data")), ("malformed", "none"), ("authenticated", "failed"), reasons=["L-12"])
    once = compressed(compressed_data(TEXT))
    yield good("below L-13", mail(once), signature="none", payload=SECRET, layers=["compressed"])
    yield good("below L-13, signed", mail(compressed(compressed_data(clear_by(w.alice)))), layers=["compressed", "clear-signed"], payload=SECRET)
    yield limit("L-13", "L-13", mail(compressed(compressed_data(once))))
    yield limit("L-13, a signature between", "L-13", mail(compressed(compressed_data(clear_by(w.alice, once)))))
    packed = zlib.compress(TEXT)
    for label, data, reason in (("gzip (P-17)", zlib.compress(TEXT, wbits=31), "compression_damaged"), ("bare deflate (P-17)", zlib.compress(TEXT, wbits=-15), "compression_damaged"),
                                ("octets behind the stream (P-17)", packed + b"\0", "compression_damaged"), ("a stream cut short", packed[:-1], "compression_damaged"),
                                ("another checksum", packed[:-1] + bytes([packed[-1] ^ 1]), "compression_damaged"), ("nothing", b"", "compression_damaged"),
                                ("a dictionary that nobody has", b"\x78\xbb" + bytes(4) + packed[2:], "compression_damaged")):
        yield Case(label, mail(compressed(compressed_data(TEXT, packed=data))), "malformed", reasons=[reason])
    yield Case("another algorithm (P-17)", mail(compressed(compressed_data(TEXT, identifier=algorithm(UNKNOWN)))), "unsupported")


def with_digest(w, identifier):
    """a digest algorithm that nobody knows, announced beside the one that is used"""
    inner = seq(oid(DATA), explicit(0, octets(TEXT)))
    return content_info(SIGNED, seq(number(1), der(0x31, algorithm(DIGESTS["sha256"]), identifier), inner, der(0xa0, w.alice.certificate),
                                    der(0x31, signer_info(w.alice, TEXT))))


@attack("T-35")
def chains_and_moduli(w):
    above, chain = w.root, []
    for n in range(6):
        above = Person("CA %d" % n, None, above, ca=True)
        chain.append(above.certificate)
    fits = Person("Eighth", "alice@corp.example", above)
    yield good("below L-16", mail(opaque_by(fits, certificates=[fits.certificate, *chain])))
    longer = Person("CA 6", None, above, ca=True)
    too_long = Person("Ninth", "alice@corp.example", longer)
    yield Case("above L-16", mail(opaque_by(too_long, certificates=[too_long.certificate, *chain, longer.certificate])), "valid_untrusted")
    # a modulus of many primes is an RSA key as any other, and is made in no time
    primes = set()
    while len(primes) < 8:
        private = rsa.generate_private_key(65537, 2048).private_numbers()
        primes |= {private.p, private.q}
    n, phi = 1, 1
    for p in primes:
        n, phi = n * p, phi * (p - 1)
    assert 8180 < n.bit_length() <= 8192
    small = RsaKey(n, 65537, pow(65537, -1, phi))
    p = 2 ** 61 - 1
    large = RsaKey(n * p, 65537, pow(65537, -1, phi * (p - 1)))
    yield good("below L-17", mail(opaque_by(Person("8192", "alice@corp.example", w.root, small))))
    yield Case("above L-17", mail(opaque_by(Person("8253", "alice@corp.example", w.root, large))), ("malformed", "unsupported", "altered"))
    e = 2 ** 63 + 29
    odd = RsaKey(w.alice_rsa.key.n, e, 0)
    private = w.alice_rsa.key.private.private_numbers()
    while True:
        try:
            odd.d = pow(e, -1, (private.p - 1) * (private.q - 1))
            break
        except ValueError:
            e += 2
    odd.e = e
    yield good("below L-17, exponent", mail(opaque_by(Person("E 64", "alice@corp.example", w.root, odd))))
    e = 2 ** 64 + 13
    while True:
        try:
            wide = RsaKey(odd.n, e, pow(e, -1, (private.p - 1) * (private.q - 1)))
            break
        except ValueError:
            e += 2
    yield Case("above L-17, exponent", mail(opaque_by(Person("E 65", "alice@corp.example", w.root, wide))), ("malformed", "unsupported", "altered"))


@attack("T-35")
def base64_lines_and_letters(w):
    import base64 as b64
    signature = sign(w.alice, TEXT)
    head = p7m(signature).partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    encoded = b64.b64encode(signature)
    yield good("below L-20, one line", mail(head + encoded))
    yield good("below L-20, blanks", mail(head + b" \t\r\n".join(encoded[n:n + 7] for n in range(0, len(encoded), 7))))
    big = part("text/plain", "x" * 200000)
    yield good("below L-20, a line of 270 000", mail(p7m(sign(w.alice, big)).partition(b"\r\n\r\n")[0] + b"\r\n\r\n" + b64.b64encode(sign(w.alice, big))))
    for letter in (b"!", b"-", b"_", b"\0", b"\x80", b"="):
        yield limit("L-20, %r" % letter, "mime_encoding", mail(head + encoded[:100] + letter + encoded[100:]))


@attack("T-35")  # C-06; a message of these that is read in other than linear time takes longer than a case may
def many_of_what_is_compared(w):
    """fields under RFC 7508 against fields of the header; parts of an encrypted message that must be made again to be read"""
    fields = seq(*[seq(der(0x0c, b"x"), der(0x0c, b"no"))] * 5500)
    info = signer_info(w.alice, TEXT, change=lambda listed: {**listed, "fields": attribute("1.2.840.113549.1.9.16.2.55", der(0x31, fields))})
    many = clear(TEXT, signed_data([info] * 16, None, [w.alice.certificate]))
    yield good("16 times 5,500 fields and 40,000", mail(many, extra=[("x", "y")] * 40000))
    key = os.urandom(16)
    parts = [part("text/plain", (b"x" * 70 + b"\r\n") * 340000), *[part("text/plain", b"the figures")] * 990]
    yield good("990 parts behind 24 MB", mail(p7m(encrypt_cbc([to_rsa(w.bob_rsa, key)], multipart("mixed", *parts), key), "enveloped-data")),
               encryption="unauthenticated", payload=SECRET)
