# SPDX-License-Identifier: Apache-2.0
"""Attacks on what a reader believes to be signed, and by whom: T-06..T-09, T-13..T-15, T-24, T-25, T-36."""
from case import *
from signatures import TEXT, clear_by, opaque_by, sealed


def one_attachment(verdict, _):
    return len(verdict["attachments"]) == 1 and not verdict["layers"]


@attack("T-06")
def text_before_the_signed_part(w):
    unsigned = part("text/plain", "pay at once")
    yield good("the signed part alone", mail(clear_by(w.alice)))
    for label, parts in (("before", (unsigned, clear_by(w.alice))), ("behind", (clear_by(w.alice), unsigned)),
                         ("before an opaque one", (unsigned, opaque_by(w.alice)))):
        yield Case(label, mail(multipart("mixed", *parts)), "partial", reasons=["signed_part_below_root"], also=one_attachment)
    deep = multipart("mixed", multipart("alternative", unsigned, clear_by(w.alice)))
    yield Case("two levels down", mail(deep), "partial", also=one_attachment)


@attack("T-07")
def html_hides_the_signed_part(w):
    yield good("the signed part alone", mail(clear_by(w.alice)))
    for label, html in (("an open element", "<html><body>pay at once<div style=\"display:none\">"), ("CSS", "<style>div{display:none}</style>pay"),
                        ("an open attribute", "<html>pay<img alt='")):
        mixed = multipart("mixed", part("text/html", html), clear_by(w.alice))
        # what comes out is the message as it stands: nobody joined its parts
        yield Case(label, mail(mixed), "partial", also=lambda v, p, m=mixed: one_attachment(v, p) and p == mail_octets(m, p))


def mail_octets(entity, payload):
    """the payload is the whole message, whose fields a test does not repeat"""
    return payload if payload.endswith(entity) else None


@attack("T-08")
def signed_part_by_cid(w):
    yield good("the signed part alone", mail(clear_by(w.alice)))
    html = part("text/html", "pay at once<object data=\"cid:signed\" width=0></object>")
    for label, inner in (("clear", clear_by(w.alice)), ("opaque", opaque_by(w.alice))):
        related = multipart("related", html, b"Content-ID: <signed>\r\n" + inner)
        yield Case(label, mail(related), "partial", also=lambda v, p, m=related: one_attachment(v, p) and p == mail_octets(m, p))


@attack("T-09")
def signed_message_attached(w):
    inner = mail(clear_by(w.alice))
    yield good("at the root", inner)
    forwarded = b"Content-Type: message/rfc822\r\n\r\n" + inner
    for label, entity in (("attached", multipart("mixed", part("text/plain", "pay at once"), forwarded)), ("the whole body", forwarded)):
        yield Case(label, mail(entity, "Eve <eve@evil.example>"), "partial", also=one_attachment)
        yield Case(label + ", under her name", mail(entity), "partial", also=one_attachment)
    outer = clear_by(w.eve, multipart("mixed", part("text/plain", "hello"), forwarded))
    yield Case("below another's signature", mail(outer, "eve@evil.example"), "valid_trusted", layers=["clear-signed"],
               also=lambda v, _: len(v["attachments"]) == 1)
    yield Case("below another's signature, under her name", mail(outer), "mismatch", layers=["clear-signed"])


SPOOFS = (
    ("a display name that is her address", "\"alice@corp.example\" <eve@evil.example>", "mismatch"),
    ("a display name with her address in brackets", "\"Alice <alice@corp.example>\" <eve@evil.example>", "mismatch"),
    ("an encoded display name", "=?utf-8?q?alice=40corp=2Eexample?= <eve@evil.example>", "mismatch"),
    ("her address as a comment", "(alice@corp.example) eve@evil.example", "mismatch"),
    ("empty", "", "missing"),
    ("missing", None, "missing"),
    ("a name only", "Alice", "missing"),
    ("her address and another in brackets", "alice@corp.example <eve@evil.example>", None),
)


@attack("T-13")
def signer_only_in_the_display_name(w):
    yield good("her address", mail(clear_by(w.alice)))
    yield good("another display name", mail(clear_by(w.alice), "\"eve@evil.example\" <alice@corp.example>"))
    for label, sender, reason in SPOOFS:
        fields = [("X-Note", "no From")] if sender is None else [("From", sender)]
        yield Case(label, mail(clear_by(w.alice), fields=fields), "mismatch", reasons=[reason] if reason else [])


@attack("T-14")
def several_authors(w):
    alice, eve = ("From", "alice@corp.example"), ("From", "eve@evil.example")
    sender = ("Sender", "alice@corp.example")
    yield good("one author", mail(clear_by(w.alice)))
    yield good("one author, a Sender beside", mail(clear_by(w.alice), fields=[alice, ("Sender", "eve@evil.example")]))
    for label, fields, reason in (
            ("two fields, hers first", [alice, eve], "ambiguous"), ("two fields, hers last", [eve, alice], "ambiguous"),
            ("two mailboxes, hers first", [("From", "alice@corp.example, eve@evil.example")], "ambiguous"),
            ("two mailboxes, hers last", [("From", "eve@evil.example, alice@corp.example")], "ambiguous"),
            ("she is the Sender", [eve, sender], "sender_only"), ("she is the Sender, said first", [sender, eve], "sender_only")):
        yield Case(label, mail(clear_by(w.alice), fields=fields), "mismatch", reasons=[reason])
    yield Case("the same twice", mail(clear_by(w.alice), fields=[alice, alice]), "mismatch", reasons=["ambiguous"])
    yield Case("folded before the colon's end", mail(clear_by(w.alice), fields=[eve, ("FROM", "alice@corp.example")]), "mismatch",
               reasons=["ambiguous"])


@attack("T-15")
def imitation_in_the_body(w):
    yield good("a real one", mail(clear_by(w.alice)))
    html = part("text/html", "<table class=\"seal\"><tr><td>&#x2714; Signed by alice@corp.example, valid_trusted</td></tr></table>")
    faked = [("Authentication-Results", "gw.partner.example; smime=pass"), ("X-Waxwing-Verdict", "valid_trusted")]
    yield Case("in html", mail(html), "none", layers=[])
    yield Case("in fields", mail(html, extra=faked), "none", layers=[])


@attack("T-24")
def reply_quotes_hidden_text(w):
    hidden = sealed(w, TEXT)
    yield good("at the root", mail(hidden), encryption="authenticated", payload=b"the figures")
    bait = multipart("mixed", part("text/plain", "What's up, Johnny?" + "\n" * 60), hidden)
    fields = [("From", "alice@corp.example"), ("Reply-To", "eve@evil.example")]
    yield Case("behind a bait", mail(bait, fields=fields), "none", "none", hidden=b"the figures", also=one_attachment)
    yield Case("in an alternative", mail(multipart("alternative", part("text/plain", "hi"), hidden), fields=fields), "none", "none",
               hidden=b"the figures", also=one_attachment)
    yield Case("in a message", mail(b"Content-Type: message/rfc822\r\n\r\n" + mail(hidden), fields=fields), "none", "none",
               hidden=b"the figures", also=one_attachment)
    yield Case("signed by her who sends it", mail(clear_by(w.eve, bait), "eve@evil.example"), "valid_trusted", "none", hidden=b"the figures")


@attack("T-25")
def content_type_confusion(w):
    key = bytes(32)
    enveloped = encrypt_cbc([to_rsa(w.bob_rsa, key)], TEXT, key)
    auth = encrypt_gcm([to_rsa(w.bob_rsa, key)], TEXT, key)
    signed = sign(w.alice, TEXT)

    def noted(verdict, _):
        return "smime_type_disagrees" in verdict["verdict"]["notes"]
    yield good("octet-stream .p7m", mail(p7m(auth, None, "application/octet-stream")), encryption="authenticated", payload=b"the figures")
    yield good("octet-stream .p7m, signed", mail(p7m(signed, None, "application/octet-stream")))
    yield good("x-pkcs7-mime (R-10)", mail(p7m(signed, "signed-data", "Application/X-PKCS7-Mime")))
    yield good("no smime-type (R-10)", mail(p7m(signed, None)))
    for said, data, signature, encryption in (("signed-data", enveloped, "none", "unauthenticated"), ("enveloped-data", signed, "valid_trusted", "none"),
                                              ("authEnveloped-data", enveloped, "none", "unauthenticated"),
                                              ("enveloped-data", auth, "none", "authenticated"), ("signed-data", auth, "none", "authenticated")):
        yield Case("%s said of something else (R-13)" % said, mail(p7m(data, said)), signature, encryption, payload=b"the figures", also=noted)
    opaque, beside = opaque_by(w.alice), clear_by(w.alice)
    unopened = dict(signature=("partial", "none", "malformed"), layers=[])
    yield Case("two Content-Type, S/MIME first", mail(b"Content-Type: application/pkcs7-mime; smime-type=signed-data\r\nContent-Type: text/plain\r\n"
                                                      + opaque.partition(b"\r\n")[2]), **unopened)
    yield Case("two Content-Type, S/MIME last", mail(b"Content-Type: text/plain\r\n" + opaque), **unopened)
    yield Case("two Content-Type, multipart", mail(b"Content-Type: multipart/mixed; boundary=x\r\n" + beside), **unopened)
    yield Case("two smime-type", mail(opaque.replace(b"smime-type=", b"smime-type=enveloped-data; smime-type=", 1)), **unopened)
    for label, data in (("encrypted", auth), ("signed", signed)):
        quoting = part("text/plain", b"see below\n\n" + pem("PKCS7", data))
        yield Case("a text that quotes PEM, " + label, mail(quoting, "eve@evil.example"), layers=[], payload=b"see below",
                   from_address="alice@corp.example")
    yield Case("two boundaries", mail(beside.replace(b"boundary=", b"boundary=x; boundary=", 1)), **unopened)
    yield Case("two encodings", mail(opaque.replace(b"\r\n\r\n", b"\r\nContent-Transfer-Encoding: 7bit\r\n\r\n", 1)), **unopened)
    yield Case("another protocol", mail(beside.replace(b"application/pkcs7-signature\"", b"application/pgp-signature\"", 1)), signature=("none", "partial"),
               layers=[])


@attack("T-36")
def protected_fields_from_outside(w):
    inner = part('text/plain; hp="clear"', "the figures", "Subject: inner", "From: alice@corp.example")
    yield good("hp at the payload's root", mail(clear_by(w.alice, inner)),
               also=lambda v, _: v["protected_headers"].get("Subject", {}).get("value") == "inner")

    def no_fields(verdict, _):
        return verdict["protected_headers"] == {}
    yield Case("hp without a layer", mail(inner), "none", also=no_fields)
    yield Case("hp on a part below an unsigned root", mail(multipart("mixed", inner, part("text/plain", "x"))), "none", also=no_fields)
    below = multipart("mixed", part("text/plain", "x"), inner)
    yield Case("hp on a part of the payload (R-73)", mail(clear_by(w.alice, below)), "valid_trusted", also=no_fields)
    outside = multipart("mixed", part('text/plain; hp="cipher"', "x", "Subject: phony"), clear_by(w.alice, TEXT))
    yield Case("hp outside the signed part", mail(outside), "partial", also=no_fields)
    phony = mail(clear_by(w.alice, TEXT).replace(b"multipart/signed;", b"multipart/signed; hp=\"clear\";", 1), extra=[("HP-Outer", "Subject: phony")])
    yield Case("hp on the layer itself", phony, "valid_trusted", also=no_fields)
