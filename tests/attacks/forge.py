# SPDX-License-Identifier: Apache-2.0
"""A writer of CMS objects and certificates that does what it is told, right or wrong.

Structures are put together from a small DER writer, RSA is arithmetic on numbers, so that every
field can be forged; ciphers and curves are those of python's cryptography.  Keys are fresh in
every run.
"""
import base64
import hashlib
import os
import time
import zlib

from cryptography.hazmat.primitives import hashes, keywrap, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa, utils
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

# --- DER ---


def size_octets(n):
    if n < 128:
        return bytes([n])
    octets = n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(octets)]) + octets


def der(tag, *parts):
    body = b"".join(parts)
    return bytes([tag]) + size_octets(len(body)) + body


def seq(*parts):
    return der(0x30, *parts)


def set_of(*parts):
    """in DER order"""
    return der(0x31, *sorted(parts))


def octets(data):
    return der(4, data)


def number(n):
    return der(2, n.to_bytes(n.bit_length() // 8 + 1, "big", signed=True))


def oid(text):
    arcs = [int(a) for a in text.split(".")]
    out = b""
    for arc in [arcs[0] * 40 + arcs[1]] + arcs[2:]:
        piece = bytes([arc & 127])
        while arc > 127:
            arc >>= 7
            piece = bytes([arc & 127 | 128]) + piece
        out += piece
    return der(6, out)


NULL = b"\5\0"


def bits(data, unused=0):
    return der(3, bytes([unused]), data)


def explicit(n, *parts):
    return der(0xa0 | n, *parts)


def utc_time(seconds):
    return der(0x17, time.strftime("%y%m%d%H%M%SZ", time.gmtime(seconds)).encode())


def algorithm(name, *parameters):
    return seq(oid(name), *parameters)


class Node:
    """one element of a tree that was read from DER or definite BER"""

    def __init__(self, tag, body):
        self.tag, self.body, self.children = tag, body, None

    def write(self):
        if self.children is not None:
            self.body = b"".join(c.write() for c in self.children)
        return der(self.tag, self.body)

    def walk(self):
        yield self
        for child in self.children or []:
            yield from child.walk()


def elements(data):
    """(tag, body, whole) of the elements that lie side by side"""
    at = 0
    while at < len(data):
        n, body = data[at + 1], at + 2
        if n & 0x80:
            body += n & 0x7f
            n = int.from_bytes(data[at + 2:body], "big")
        if body + n > len(data) or data[at] & 0x1f == 0x1f:
            raise ValueError("no DER")
        yield data[at], data[body:body + n], data[at:body + n]
        at = body + n


def parse(data):
    nodes = []
    for tag, body, _ in elements(data):
        node = Node(tag, body)
        if tag & 0x20:
            node.children = parse(body)
        nodes.append(node)
    return nodes


# --- names of algorithms ---

DATA = "1.2.840.113549.1.7.1"
SIGNED = "1.2.840.113549.1.7.2"
ENVELOPED = "1.2.840.113549.1.7.3"
AUTH_ENVELOPED = "1.2.840.113549.1.9.16.1.23"
COMPRESSED = "1.2.840.113549.1.9.16.1.9"
DIGESTS = {"sha256": "2.16.840.1.101.3.4.2.1", "sha384": "2.16.840.1.101.3.4.2.2", "sha512": "2.16.840.1.101.3.4.2.3",
           "sha1": "1.3.14.3.2.26", "md5": "1.2.840.113549.2.5", "md4": "1.2.840.113549.2.4", "md2": "1.2.840.113549.2.2"}
RSA_ENCRYPTION, RSA_OAEP = "1.2.840.113549.1.1.1", "1.2.840.113549.1.1.7"
RSA_SIGNATURES = {"sha256": "1.2.840.113549.1.1.11", "sha384": "1.2.840.113549.1.1.12", "sha512": "1.2.840.113549.1.1.13",
                  "sha1": "1.2.840.113549.1.1.5", "md5": "1.2.840.113549.1.1.4"}
ECDSA_SHA256 = "1.2.840.10045.4.3.2"
EC_KEY, P256 = "1.2.840.10045.2.1", "1.2.840.10045.3.1.7"
CBC = {16: "2.16.840.1.101.3.4.1.2", 24: "2.16.840.1.101.3.4.1.22", 32: "2.16.840.1.101.3.4.1.42"}
GCM = {16: "2.16.840.1.101.3.4.1.6", 24: "2.16.840.1.101.3.4.1.26", 32: "2.16.840.1.101.3.4.1.46"}
WRAP = {16: "2.16.840.1.101.3.4.1.5", 24: "2.16.840.1.101.3.4.1.25", 32: "2.16.840.1.101.3.4.1.45"}
STD_DH_SHA256, STD_DH_SHA1 = "1.3.132.1.11.1", "1.3.133.16.840.63.0.2"
PBKDF2, HMAC_SHA256, PWRI_KEK = "1.2.840.113549.1.5.12", "1.2.840.113549.2.9", "1.2.840.113549.1.9.16.3.9"
TRIPLE_DES, TRIPLE_DES_WRAP, ZLIB = "1.2.840.113549.3.7", "1.2.840.113549.1.9.16.3.6", "1.2.840.113549.1.9.16.3.8"
CAPABILITIES, RECEIPT = "1.2.840.113549.1.9.15", "1.2.840.113549.1.9.16.1.1"
CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_TIME = ("1.2.840.113549.1.9.%d" % n for n in (3, 4, 5))
PROTECTION = "1.2.840.113549.1.9.52"
CERTIFICATE_V1, CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.12", "1.2.840.113549.1.9.16.2.47"
UNKNOWN = "1.3.6.1.4.1.99999.1"


def digest(name, data):
    if name in ("md4", "md2"):
        return os.urandom(16)
    return hashlib.new(name, data).digest()


# --- keys ---


class RsaKey:
    def __init__(self, n, e, d):
        self.n, self.e, self.d = n, e, d
        self.octets = (n.bit_length() + 7) // 8

    def spki(self):
        return seq(algorithm(RSA_ENCRYPTION, NULL), bits(seq(number(self.n), number(self.e))))

    def raw_private(self, block):
        return pow(int.from_bytes(block, "big"), self.d, self.n).to_bytes(self.octets, "big")

    def raw_public(self, block):
        return pow(int.from_bytes(block, "big"), self.e, self.n).to_bytes(self.octets, "big")

    def sign(self, name, data, null=True, info=None):
        """PKCS #1 v1.5; `null` or `info` make the DigestInfo a wrong one"""
        info = info or seq(algorithm(DIGESTS[name], NULL) if null else algorithm(DIGESTS[name]), octets(digest(name, data)))
        return self.raw_private(b"\0\1" + b"\xff" * (self.octets - 3 - len(info)) + b"\0" + info)

    def signature_algorithm(self, name):
        return algorithm(RSA_ENCRYPTION, NULL)

    def certificate_algorithm(self, name):
        return algorithm(RSA_SIGNATURES[name], NULL)

    def wrap(self, key):
        padding = bytes(b % 255 + 1 for b in os.urandom(self.octets - 3 - len(key)))
        return self.raw_public(b"\0\2" + padding + b"\0" + key)

    def wrap_oaep(self, key, name="sha256", mgf="sha256", label=b""):
        size = hashlib.new(name).digest_size
        block = hashlib.new(name, label).digest() + bytes(self.octets - len(key) - 2 * size - 2) + b"\1" + key
        seed = os.urandom(size)
        block = xor(block, mgf1(mgf, seed, len(block)))
        return self.raw_public(b"\0" + xor(seed, mgf1(mgf, block, size)) + block)


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b))


def mgf1(name, seed, n):
    out = b""
    while len(out) < n:
        out += hashlib.new(name, seed + (len(out) // hashlib.new(name).digest_size).to_bytes(4, "big")).digest()
    return out[:n]


def rsa_key(size=2048):
    private = rsa.generate_private_key(65537, size)
    numbers = private.private_numbers()
    key = RsaKey(numbers.public_numbers.n, 65537, numbers.d)
    key.private = private
    return key


class EcKey:
    def __init__(self):
        self.private = ec.generate_private_key(ec.SECP256R1())

    def spki(self):
        return self.private.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)

    def point(self):
        return self.private.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)

    def sign(self, name, data, **_):
        return self.private.sign(digest(name, data), ec.ECDSA(utils.Prehashed(hashes.SHA256())))

    def signature_algorithm(self, name):
        return algorithm(ECDSA_SHA256)

    certificate_algorithm = signature_algorithm


# --- people ---

DAY = 86400


def name(common):
    return seq(der(0x31, seq(oid("2.5.4.3"), der(12, common.encode()))))


def extension(which, value, critical=False):
    return seq(oid(which), b"\1\1\xff" if critical else b"", octets(value))


class Person:
    """a key and its certificate; `key_usage` is the first octet of the BIT STRING"""
    serials = 100

    def __init__(self, common, address, issuer=None, key=None, ca=False, key_usage=0xa8, eku=("1.3.6.1.5.5.7.3.4",),
                 begin=-DAY, end=365 * DAY, extra=(), subject=None, digest_name="sha256"):
        now = int(time.time())
        Person.serials += 1
        self.address, self.key, self.issuer = address, key or EcKey(), issuer
        self.serial, self.subject = Person.serials, subject or name(common)
        above = issuer or self
        self.key_id = hashlib.sha1(self.key.spki()).digest()
        extensions = [extension("2.5.29.14", octets(self.key_id))]
        if ca:
            extensions += [extension("2.5.29.19", seq(b"\1\1\xff"), True), extension("2.5.29.15", bits(b"\6", 1), True)]
        else:
            extensions.append(extension("2.5.29.15", bits(bytes([key_usage]), 0 if key_usage & 1 else 3), True))
        if eku and not ca:
            extensions.append(extension("2.5.29.37", seq(*map(oid, eku))))
        if address:
            extensions.append(extension("2.5.29.17", seq(der(0x81, address.encode()))))
        self.algorithm = above.key.certificate_algorithm(digest_name)
        body = seq(explicit(0, number(2)), number(self.serial), self.algorithm, above.subject,
                   seq(utc_time(now + begin), utc_time(now + end)), self.subject, self.key.spki(),
                   explicit(3, seq(*extensions, *extra)))
        self.certificate = seq(body, self.algorithm, bits(above.key.sign(digest_name, body)))
        self.issuer_and_serial = seq(above.subject, number(self.serial))

    def revoke(self, *people):
        """a CRL of this authority"""
        now = int(time.time())
        algorithm_ = self.key.certificate_algorithm("sha256")
        rows = [seq(number(p.serial), utc_time(now - 3600)) for p in people]
        body = seq(number(1), algorithm_, self.subject, utc_time(now - 60), utc_time(now + DAY), seq(*rows) if rows else b"",
                   explicit(0, seq(extension("2.5.29.20", number(1)))))
        return seq(body, algorithm_, bits(self.key.sign("sha256", body)))

    def save(self, folder, label):
        """certificate and key, as `--identity` takes them"""
        key, cert = os.path.join(folder, label + ".key"), os.path.join(folder, label + ".pem")
        with open(cert, "wb") as f:
            f.write(pem("CERTIFICATE", self.certificate))
        with open(key, "wb") as f:
            f.write(self.key.private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                                   serialization.NoEncryption()))
        return key + "," + cert


def pem(label, data):
    return b"-----BEGIN %s-----\n%s-----END %s-----\n" % (label.encode(), base64.encodebytes(data), label.encode())


# --- SignedData ---


def attribute(which, *values):
    return seq(oid(which), der(0x31, *values))


def signed_attributes(person, hashed, when=None, content_type=DATA):
    """what every signature should carry; a dict, so that a test takes one away or puts another in"""
    return {
        "type": attribute(CONTENT_TYPE, oid(content_type)),
        "time": attribute(SIGNING_TIME, utc_time(int(time.time()) if when is None else when)),
        "digest": attribute(MESSAGE_DIGEST, octets(hashed)),
        "certificate": attribute(CERTIFICATE_V2, seq(seq(seq(octets(hashlib.sha256(person.certificate).digest()))))),
    }


def signer_info(person, content, name="sha256", attributes=True, change=None, when=None, by_key_id=False, unsigned=b"",
                key=None, signature=None, order=sorted, version=None, signature_algorithm=None, digest_algorithm=None, **how):
    """`change` takes the dict of attributes; `key` signs instead of the person's; `signature` is put in as it is"""
    listed = signed_attributes(person, digest(name, content), when)
    if change:
        listed = change(listed) or listed
    flat = list(order(v for vs in listed.values() for v in (vs if isinstance(vs, list) else [vs])))
    covered = der(0x31, *flat) if attributes else content
    signer = key or person.key
    made = signature if signature is not None else signer.sign(name, covered, **how)
    who = der(0x80, person.key_id) if by_key_id else person.issuer_and_serial
    return seq(number(version if version is not None else 3 if by_key_id else 1), who, digest_algorithm or algorithm(DIGESTS[name]),
               der(0xa0, *flat) if attributes else b"", signature_algorithm or signer.signature_algorithm(name), octets(made), unsigned)


def signed_data(infos, content=None, certificates=(), digests=("sha256",), content_type=DATA, crls=b"", version=1):
    """`content` is what lies inside; None: it stands beside"""
    inner = seq(oid(content_type), explicit(0, octets(content)) if content is not None else b"")
    return content_info(SIGNED, seq(number(version), der(0x31, *[algorithm(DIGESTS[d]) for d in digests]), inner,
                                    der(0xa0, *certificates) if certificates else b"", crls, der(0x31, *infos)))


def content_info(kind, body):
    return seq(oid(kind), explicit(0, body))


def sign(person, content, inside=True, **how):
    """one good signature, unless `how` says otherwise"""
    certificates = how.pop("certificates", (person.certificate,))
    digests = how.pop("digests", (how.get("name", "sha256"),))
    version = how.pop("object_version", 1)
    return signed_data([signer_info(person, content, **how)], content if inside else None, certificates, digests, version=version)


# --- EnvelopedData and AuthEnvelopedData ---


def key_trans(person, wrapped, wrap_algorithm=None):
    return seq(number(0), person.issuer_and_serial, wrap_algorithm or algorithm(RSA_ENCRYPTION, NULL), octets(wrapped))


def oaep_parameters(name="sha256", mgf="sha256", label=b""):
    source = explicit(2, algorithm("1.2.840.113549.1.1.9", octets(label))) if label else b""
    return algorithm(RSA_OAEP, seq(explicit(0, algorithm(DIGESTS[name], NULL)),
                                   explicit(1, algorithm("1.2.840.113549.1.1.8", algorithm(DIGESTS[mgf], NULL))), source))


def to_rsa(person, key):
    return key_trans(person, person.key.wrap(key))


def to_oaep(person, key, **how):
    return key_trans(person, person.key.wrap_oaep(key, **how), oaep_parameters(**how))


def agreed_key(person, ephemeral, wrap_identifier, size, ukm=None, name="sha256"):
    shared = ephemeral.private.exchange(ec.ECDH(), person.key.private.public_key())
    info = seq(wrap_identifier, explicit(0, octets(ukm)) if ukm is not None else b"",
               explicit(2, octets((size * 8).to_bytes(4, "big"))))
    return hashlib.new(name, shared + b"\0\0\0\1" + info).digest()[:size]


def to_ec(person, key, size=32, ukm=None, wrapped=None, scheme=STD_DH_SHA256, point=None, kdf="sha256"):
    ephemeral, identifier = EcKey(), algorithm(WRAP[size])
    said = ephemeral.point() if point is None else point(ephemeral.point()) if callable(point) else point
    if wrapped is None:
        wrapped = keywrap.aes_key_wrap(agreed_key(person, ephemeral, identifier, size, ukm, kdf), key)
    return explicit(1, number(3), explicit(0, explicit(1, algorithm(EC_KEY), bits(said))),
                    explicit(1, octets(ukm)) if ukm is not None else b"", algorithm(scheme, identifier),
                    seq(seq(person.issuer_and_serial, octets(wrapped))))


def to_kek(name, kek, key, wrapped=None, wrap_algorithm=None, more=b""):
    """a symmetric key that both know, by its name"""
    return explicit(2, number(4), seq(octets(name), more), wrap_algorithm or algorithm(WRAP[len(kek)]),
                    octets(keywrap.aes_key_wrap(kek, key) if wrapped is None else wrapped))


def password_block(key, size=None, check=None, room=None):
    """what RFC 3211 encrypts twice: the key behind its length and three octets of check value"""
    block = bytes([len(key) if size is None else size]) + (bytes(255 - b for b in key[:3]) if check is None else check) + key
    return block + os.urandom(room - len(block) if room is not None else max(32, -len(block) % 16 + len(block)) - len(block))


def to_password(password, key, iterations=1000, block=None, wrapped=None, cipher=None, salt=b"salt" * 4):
    kek, iv = hashlib.pbkdf2_hmac("sha256", password, salt, max(iterations, 1), 32), os.urandom(16)
    derivation = seq(oid(PBKDF2), seq(octets(salt), number(iterations), algorithm(HMAC_SHA256, NULL)))
    if wrapped is None:
        once = cbc(kek, iv, password_block(key) if block is None else block)
        wrapped = cbc(kek, once[-16:], once)
    return explicit(3, number(0), b"\xa0" + derivation[1:], algorithm(PWRI_KEK, cipher or algorithm(CBC[32], octets(iv))), octets(wrapped))


def pad(data, n=16):
    return data + bytes([n - len(data) % n]) * (n - len(data) % n)


def cbc(key, iv, data, encrypt=True):
    made = Cipher(algorithms.AES(key), modes.CBC(iv))
    made = made.encryptor() if encrypt else made.decryptor()
    return made.update(data) + made.finalize()


def envelope(recipients, identifier, ciphertext, kind=ENVELOPED, version=0, tail=b"", content_type=DATA):
    return content_info(kind, seq(number(version), der(0x31, *recipients),
                                  seq(oid(content_type), identifier, der(0x80, ciphertext)), tail))


def encrypt_cbc(recipients, content, key, iv=None, name_size=None):
    """`name_size` names another AES than the one that was used"""
    iv = iv or os.urandom(16)
    return envelope(recipients, algorithm(CBC[name_size or len(key)], octets(iv)), cbc(key, iv, pad(content)))


def gcm_parameters(key_size, nonce, icv):
    return algorithm(GCM[key_size], seq(octets(nonce), number(icv) if icv is not None else b""))


def encrypt_gcm(recipients, content, key, icv=16, tag_size=None, change=None, nonce=None, attributes=()):
    """`icv` is what is announced (None: nothing), `tag_size` how much is there; `change` spoils (ciphertext, tag)"""
    nonce = os.urandom(12) if nonce is None else nonce
    listed = der(0x31, *sorted(attributes)) if attributes else b""
    sealed = AESGCM(key).encrypt(nonce, content, listed or None)
    ciphertext, tag = sealed[:-16], sealed[-16:]
    if change:
        ciphertext, tag = change(ciphertext, tag)
    tag = tag[:tag_size if tag_size is not None else icv or 12]
    return envelope(recipients, gcm_parameters(len(key), nonce, icv), ciphertext, AUTH_ENVELOPED,
                    tail=(b"\xa1" + listed[1:] if listed else b"") + octets(tag))


def compressed_data(content, packed=None, identifier=None):
    """CompressedData; `packed` is put in as it is"""
    return content_info(COMPRESSED, seq(number(0), identifier or algorithm(ZLIB),
                                        seq(oid(DATA), explicit(0, octets(zlib.compress(content) if packed is None else packed)))))


# --- MIME ---


def crlf(text):
    if isinstance(text, str):
        text = text.encode()
    return text.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def base64_lines(data):
    return base64.encodebytes(data).replace(b"\n", b"\r\n")


def part(content_type, body, *fields):
    return crlf("Content-Type: " + content_type + "".join("\n" + f for f in fields)) + b"\r\n\r\n" + crlf(body)


def multipart(kind, *parts, boundary=None, preamble=b"", epilogue=b""):
    boundary = (boundary or "b" + os.urandom(6).hex()).encode()
    return (b"Content-Type: multipart/" + crlf(kind) + b"; boundary=\"" + boundary + b"\"\r\n\r\n" + preamble
            + b"".join(b"--" + boundary + b"\r\n" + p + b"\r\n" for p in parts) + b"--" + boundary + b"--\r\n" + epilogue)


def p7m(data, smime_type="signed-data", media="application/pkcs7-mime", label="smime.p7m", extra=""):
    said = "; smime-type=" + smime_type if smime_type else ""
    return crlf("Content-Type: %s%s; name=%s%s\nContent-Transfer-Encoding: base64\n\n" % (media, said, label, extra)) + base64_lines(data)


def clear(entity, signature, micalg="sha-256", more=(), **how):
    """multipart/signed; `entity` is what was signed, octet for octet"""
    beside = (b"Content-Type: application/pkcs7-signature; name=smime.p7s\r\nContent-Transfer-Encoding: base64\r\n\r\n"
              + base64_lines(signature).rstrip())
    named = "; micalg=" + micalg if micalg else ""
    return multipart("signed; protocol=\"application/pkcs7-signature\"" + named, entity, beside, *more, **how)


def date(seconds=None):
    from email.utils import formatdate
    return formatdate(seconds)


def mail(entity, sender="Alice <alice@corp.example>", fields=None, extra=()):
    """a message; `fields` replaces From and what else a test wants otherwise, as a list of pairs"""
    if fields is None:
        fields = [("From", sender)]
    names = {f[0] for f in fields}
    rest = [(k, v) for k, v in (("To", "bob@partner.example"), ("Subject", "figures"), ("Date", date()),
                                ("MIME-Version", "1.0")) if k not in names]
    return b"".join(("%s: %s\r\n" % f).encode() for f in [*fields, *rest, *extra]) + entity
