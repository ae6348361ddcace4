# SPDX-License-Identifier: Apache-2.0
"""What signed attributes ask for and claim: receipts, labels, triple wrapping, secure header fields (RFC 2634, RFC 7508)."""
from case import *
from signatures import TEXT, OTHER, clear_by, opaque_by, sealed

REQUEST, LABEL, HISTORY, DIGEST = ("1.2.840.113549.1.9.16.2.%d" % n for n in (1, 2, 3, 5))
HINTS, FIELDS = "1.2.840.113549.1.9.16.2.4", "1.2.840.113549.1.9.16.2.55"
BOB = "bob@partner.example"


def with_(*attributes):
    """more signed attributes"""
    return lambda a: a.update({n: made for n, made in enumerate(attributes)})


def names(*addresses):
    return seq(*[der(0x81, a.encode()) for a in addresses])


def request(identifier=b"id-1", chosen=der(0x80, b"\0"), to=("alice@corp.example",)):
    return attribute(REQUEST, seq(octets(identifier), chosen, seq(*[names(a) for a in to])))


def expanded(w):
    return attribute(HISTORY, seq(seq(w.root.issuer_and_serial, der(0x18, b"20260101000000Z"))))


class Receipt(Case):
    """the receipt is asked of the command; `said` is why there is none, None: there is one"""

    def __init__(self, name, message, said, control=False):
        super().__init__(name, message, control=control)
        self.said = said

    def run(self, waxwing, world, folder):
        source, out = os.path.join(folder, "in"), os.path.join(folder, "out")
        with open(source, "wb") as f:
            f.write(self.message)
        done = subprocess.run([waxwing, "receipt", source, "--sign", world.identities[0], "--from", BOB, "--anchor", world.anchor, "--out", out],
                              capture_output=True, timeout=60)
        made = os.path.exists(out)
        text = open(out, "rb").read() if made else b""
        for name in os.listdir(folder):
            os.unlink(os.path.join(folder, name))
        if self.said is None:
            return [] if done.returncode == 0 and b"\r\nTo: alice@corp.example\r\n" in text else ["no receipt: %s" % done.stderr]
        faults = ["a receipt was made"] if made or done.returncode == 0 else []
        return faults + ([] if self.said in done.stderr.decode() else ["said: %s" % done.stderr])


@attack("R-62")  # V-13
def receipts(w):
    def asking(*attributes, person=None, **how):
        return mail(clear_by(person or w.alice, change=with_(*attributes), **how))
    yield Receipt("control: asked for", asking(request()), None, control=True)
    yield Receipt("control: asked of him by name", asking(request(chosen=der(0xa1, names("joe@corp.example"), names(BOB)))), None, control=True)
    yield Receipt("not asked for", asking(), "asks for no receipt")
    yield Receipt("asked of others", asking(request(chosen=der(0xa1, names("joe@corp.example")))), "asks others")
    yield Receipt("over a list", asking(request(), expanded(w)), "mailing list")
    yield Receipt("to nobody", asking(request(to=())), "names no address")
    yield Receipt("altered", mail(clear(OTHER, sign(w.alice, TEXT, inside=False, change=with_(request())))), "altered")
    yield Receipt("by another than the author", mail(clear_by(w.eve, change=with_(request()))), "mismatch")
    yield Receipt("unsigned", mail(clear_by(w.alice, unsigned=der(0xa1, request()))), "asks for no receipt")
    infos = [signer_info(w.alice, TEXT, change=with_(request())), signer_info(w.alice_rsa, TEXT, change=with_(request(b"id-2")))]
    yield Receipt("two signers who ask for different ones", mail(p7m(signed_data(infos, TEXT, [w.alice.certificate, w.alice_rsa.certificate]))), "different")
    same = [infos[0], signer_info(w.alice_rsa, TEXT, change=with_(request()))]
    yield Receipt("control: two signers who ask for the same", mail(p7m(signed_data(same, TEXT, [w.alice.certificate, w.alice_rsa.certificate]))), None, control=True)
    content = seq(number(1), oid(DATA), octets(b"id-1"), octets(bytes(64)))

    def as_receipt(a):
        a["type"] = attribute(CONTENT_TYPE, oid(RECEIPT))
        a["of"], a["asks"] = attribute(DIGEST, octets(bytes(32))), request()
    loop = signed_data([signer_info(w.alice, content, change=as_receipt)], content, [w.alice.certificate], content_type=RECEIPT, version=3)
    yield Receipt("a receipt that asks for one", mail(p7m(loop, "signed-receipt")), "a receipt itself")


def label(policy="1.2.3.4"):
    return attribute(LABEL, der(0x31, number(5), oid(policy)))


def counts(*wanted):
    """of each signer who says a label, from the outside in"""
    def look(verdict, _):
        found = [s["services"]["label_counts"] for l in verdict["layers"] for s in l["signers"] if "label_counts" in (s.get("services") or {})]
        return found == list(wanted)
    return look


@attack("R-63")
def labels(w):
    labelled = clear_by(w.alice, change=with_(label()))
    yield good("of a good signature", mail(labelled), also=counts(True))
    yield good("none", mail(clear_by(w.alice)), also=counts())
    yield Case("of a broken one", mail(clear(OTHER, sign(w.alice, TEXT, inside=False, change=with_(label())))), "altered", also=counts(False))
    yield Case("of a stranger", mail(clear_by(Person("Own", "alice@corp.example"), change=with_(label()))), "valid_untrusted", also=counts(False))
    other_outside = clear_by(w.eve, sealed(w, labelled), change=with_(label("1.2.3.5")))
    yield Case("another's outside, hers within", mail(other_outside), "valid_trusted", "authenticated", also=counts(False, True))
    broken_outside = clear(sealed(w, labelled), sign(w.alice, OTHER, inside=False, change=with_(label("1.2.3.5"))))
    yield Case("a broken one outside, hers within", mail(broken_outside), "altered", "authenticated", also=counts(False, True))


@attack("R-64")
def triple_wrapping(w):
    three = ["clear-signed", "auth-enveloped", "clear-signed"]
    hints = attribute(HINTS, seq(der(12, b"figures"), oid(DATA)))
    inner = clear_by(w.alice)

    def each(outer, within, authors=(False, False, True)):
        def look(verdict, _):
            layers = verdict["layers"]
            return [layers[n]["signers"][0]["verdict"] for n in (0, 2)] == [outer, within] and [l["author"] for l in layers] == list(authors)
        return look
    yield good("all three hers", mail(clear_by(w.alice, sealed(w, inner), change=with_(hints))), signature="valid_trusted", encryption="authenticated",
               layers=three, also=each("valid_trusted", "valid_trusted"))
    yield good("a gateway's outside", mail(clear_by(w.eve, sealed(w, inner))), signature="valid_trusted", encryption="authenticated", layers=three,
               also=each("mismatch", "valid_trusted"))
    broken = clear(sealed(w, inner), sign(w.alice, OTHER, inside=False))
    yield Case("a broken signature outside", mail(broken), "altered", "authenticated", layers=three, also=each("altered", "valid_trusted"))
    inside = clear(OTHER, sign(w.alice, TEXT, inside=False))
    yield Case("a broken signature within", mail(clear_by(w.alice, sealed(w, inside))), "altered", "authenticated", layers=three, also=each("valid_trusted", "altered"))
    yield Case("another's within", mail(clear_by(w.alice, sealed(w, clear_by(w.eve)))), "mismatch", "authenticated", layers=three,
               also=each("valid_trusted", "mismatch"))


@attack("R-65")
def secure_header_fields(w):
    def fields(*rows):
        listed = [seq(der(0x1a, n.encode()), der(12, v.encode()), number(status) if status else b"") for n, v, status in rows]
        return attribute(FIELDS, der(0x31, der(10, b"\0"), seq(*listed)))

    def noted(wanted):
        return lambda verdict, _: ("secure_header_differs" in verdict["verdict"]["notes"]) == wanted

    def with_fields(*rows, **how):
        return mail(clear_by(w.alice, change=with_(fields(*rows))), **how)
    right = ("Subject", "figures", 0), ("To", BOB, 0)
    yield good("the same", with_fields(*right), also=noted(False))
    yield good("in another case, folded", with_fields(("SUBJECT", "figures", 0)), also=noted(False))
    yield Case("another subject outside", with_fields(*right, fields=[("From", "alice@corp.example"), ("Subject", "pay at once")]), "valid_trusted", also=noted(True))
    yield Case("a field that is not outside", with_fields(("Reply-To", "alice@corp.example", 0)), "valid_trusted", also=noted(True))
    yield good("one that was to be deleted", with_fields(("Keywords", "secret", 1)), also=noted(False))
    yield good("one that was to be changed", with_fields(("Subject", "the real one", 2)), also=noted(False))
    yield Case("unreadable", mail(clear_by(w.alice, change=with_(attribute(FIELDS, octets(b"?"))))), "valid_trusted", also=noted(False))
