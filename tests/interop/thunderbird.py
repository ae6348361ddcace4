#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""usage: thunderbird.py WAXWING - Thunderbird reads what we sealed, writes to us, and answers us encrypted
"""
import base64
import email
import re
import shutil
import signal

from judge import *

os.environ.setdefault("WAXWING_INSTALL", os.path.dirname(os.path.dirname(WAXWING)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))
from reader import PKCS12_IN, PKCS12_OUT, IDENTIFY, Reader
from world import NextHop, Org, send


def read(name):
    with open(name) as f:
        return f.read()


def text_of(entity):
    """all the text of a message, its transfer encodings undone; Thunderbird signs text as base64"""
    parts = email.message_from_bytes(entity or b"").walk()
    return b"".join(p.get_payload(decode=True) or b"" for p in parts if p.get_content_type() == "text/plain")


def good(label, shown, encrypted=False):
    check(label + ": the signature is good", shown["signature"] == "SUCCESS", shown)
    check(label + ": the text is shown", "it is secret" in shown["text"], shown)
    check(label + (": decrypted" if encrypted else ": not encrypted"),
          (shown["encryption"] == "SUCCESS") == encrypted, shown)


def seal(out, *arguments, kind="rsa"):
    run(WAXWING, "seal", message(), "--from", FROM, "--sign", path("alice-%s.p12" % kind), "--password-file", path("password"),
        *arguments, "--out", path(out))
    return path(out)


def altered(sealed, out):
    """one letter of the text inside is changed; a base64 body is changed through its octets"""
    with open(sealed, "rb") as f:
        whole = f.read()
    head, body = whole.split(b"\r\n\r\n", 1)
    if b"multipart/signed" in head:
        body = body.replace(b"the figures", b"the fingers", 1)
    else:
        data = bytearray(base64.b64decode(body))
        data[data.find(b"the figures") + 6 if b"the figures" in data else len(data) // 2] ^= 1
        body = base64.encodebytes(bytes(data)).replace(b"\n", b"\r\n")
    assert head + b"\r\n\r\n" + body != whole
    with open(path(out), "wb") as f:
        f.write(head + b"\r\n\r\n" + body)
    return path(out)


def it_reads_ours(judge):
    judge.trust(read(path("root.pem")))
    check("it imports Bob's .p12", judge.script(PKCS12_IN, file=path("bob-rsa.p12"), password="secret") == 0)
    check("it is Bob", judge.script(IDENTIFY, address=TO) == TO)
    for kind in ("rsa", "p256"):
        for extra in ([], ["--opaque"]):
            label = "signed with %s %s" % (kind, extra)
            sealed = seal("signed.eml", *extra, kind=kind)
            shown = judge.show(sealed, signed=True)
            good(label, shown)
            check(label + ": the signer", FROM in shown["signer"], shown)
            shown = judge.show(altered(sealed, "bad.eml"), signed=True)
            check(label + ", altered: bad", shown["signature"] in ("VERIFY_DIGEST_MISMATCH", "VERIFY_BAD_SIGNATURE"), shown)
        for cipher in ("aes256-cbc", "aes128-cbc"):
            label = "signed with %s, encrypted with %s" % (kind, cipher)
            sealed = seal("both.eml", "--to-cert", path("bob-rsa.pem"), "--cipher", cipher, kind=kind)
            good(label, judge.show(sealed, signed=True, encrypted=True), encrypted=True)
            shown = judge.show(altered(sealed, "bad.eml"), encrypted=True)
            check(label + ", altered: not good", shown["signature"] != "SUCCESS" or shown["encryption"] != "SUCCESS", shown)
    # editions differ: 153 shows nothing of AuthEnvelopedData, 140 an error; one that reads it must show it right
    shown = judge.show(seal("gcm.eml", "--to-cert", path("bob-rsa.pem"), "--cipher", "aes256-gcm"), encrypted=True, seconds=3)
    reads = not shown["late"] and shown["encryption"] == "SUCCESS"
    print("Thunderbird reads AES-GCM: %s" % reads)
    check("AES-GCM: the text is there exactly when it says so", ("it is secret" in shown["text"]) == reads, shown)
    sealed = seal("nobody.eml", "--to-cert", path("alice-rsa.pem"))
    shown = judge.show(sealed, encrypted=True)
    check("to another: not decrypted", shown["encryption"] != "SUCCESS" and "it is secret" not in shown["text"], shown)


def we_read_its(judge):
    judge.show(seal("signed.eml", kind="rsa"), signed=True)
    text = "Dear Alice, 100 %.\n.\nAnd now it is secret.\n"
    for sign, encrypt in ((True, False), (True, True), (False, True)):
        mail = judge.write(to=FROM, subject="to Alice", text=text, sign=sign, encrypt=encrypt)
        label = "Thunderbird writes sign=%s encrypt=%s" % (sign, encrypt)
        with open(path("theirs.eml"), "wb") as f:
            f.write(mail)
        check(label + ": hidden on the way", (b"it is secret" in text_of(mail)) != encrypt and (b"it is secret" not in mail or not encrypt))
        verdict, payload = waxwing_open(path("theirs.eml"), *[word for kind in ("rsa", "p256")
                                        for word in ("--identity", path("alice-%s.p12" % kind))], "--password-file", path("password"))
        said = words(verdict)
        check(label + ": signature", said[0] == ("valid_trusted" if sign else "none"), (said, verdict["verdict"]["reasons"]))
        check(label + ": encryption", said[1] in (("authenticated", "unauthenticated") if encrypt else ("none",)), said)
        check(label + ": content", b"it is secret" in text_of(payload), payload)
        if sign and not encrypt:
            needle = text.split("\n")[0].encode()
            coded = base64.b64encode(needle)[:12]
            verdict, _ = waxwing_open(flip(path("theirs.eml"), "bad.eml", coded if coded in mail else needle))
            check(label + ", altered", words(verdict)[0] == "altered", words(verdict))


def it_answers_our_gateway(judge):
    """one mail of an identity with its two certificates, and the encrypted answer to it"""
    org, hop = Org("hosted.example"), NextHop()
    org.relay = hop.spec
    try:
        org.up().found("ann")
        ours = [org.api("GET", "/v1/certs/" + c["id"]) for c in org.api("GET", "/v1/certs")["items"]]
        org.api("POST", "/v1/trust", {"certificate": base64.b64encode(read(path("root.pem")).encode()).decode()})
        text = "From: Ann <ann@hosted.example>\nTo: Bob <%s>\nSubject: plan\nMessage-ID: <%%s@hosted.example>\nDate: %s\n\nit is secret\n" % (TO, now())
        got = send(org.out, "ann@hosted.example", [TO], text % "one")
        check("the gateway signs", got[0] == 250 and len(hop.mails) == 1, got)
        signed = hop.mails[-1][2]
        shown = judge.show(signed, signed=True)
        check("its certifier is unknown: untrusted", shown["signature"] == "VERIFY_UNTRUSTED" and "ok" not in shown["signedIcon"], shown)
        for cert in ours:
            if cert["kind"] == "ca":
                judge.trust(cert["pem"])
        shown = judge.show(signed, signed=True)
        good("from the gateway", shown)
        mail = judge.write(reply=shown["key"], text="the answer is hidden\n", sign=True, encrypt=True)
        check("the answer is encrypted", b"the answer is hidden" not in mail and b"enveloped-data" in mail.lower().replace(b"authenveloped", b"enveloped"), mail[:1500])
        got = send(org.inn, TO, ["ann@hosted.example"], mail.decode().replace("\r\n", "\n"))
        check("the gateway takes the answer", got[0] == 250, got)
        box = org.box("ann")
        check("Ann reads it", box and b"the answer is hidden" in box[-1], box)
        check("smime=pass", box and b"smime=pass" in box[-1], box)
        org.api("POST", "/v1/certs", {"certificates": base64.b64encode(read(path("bob-rsa.pem")).encode()).decode()})
        got = send(org.out, "ann@hosted.example", [TO], text % "two")
        check("the gateway encrypts", got[0] == 250 and b"it is secret" not in hop.mails[-1][2], got)
        good("sealed by the gateway", judge.show(hop.mails[-1][2], signed=True, encrypted=True), encrypted=True)
        exchange(judge, org)
    finally:
        org.down()


def exchange(judge, org):
    """our .p12 goes into Thunderbird and NSS; theirs come to us"""
    answer = org.api("POST", "/v1/identities/ann@hosted.example/export", {"password": "secret password"})
    files = {"ann.p12": answer["p12"], "ann-sign.p12": answer["p12_sign"]}
    for name, text in files.items():
        with open(path(name), "wb") as f:
            f.write(base64.b64decode(text))
    check("Thunderbird refuses our .p12 with a wrong password",
          judge.script(PKCS12_IN, file=path("ann.p12"), password="wrong") != 0)
    for name in files:
        check("Thunderbird imports our " + name, judge.script(PKCS12_IN, file=path(name), password="secret password") == 0)
    check("Thunderbird writes a .p12", judge.script(PKCS12_OUT, file=path("tb.p12"), address=TO, password="secret") in (0, None))
    nss = path("nss")
    os.makedirs(nss)
    run("certutil", "-N", "-d", nss, "--empty-password")
    for name in files:
        run("pk12util", "-i", path(name), "-d", nss, "-W", "secret password")
    keys = run("certutil", "-K", "-d", nss).stdout.decode()
    check("NSS has both keys of ours", keys.count("rsa") == 1 and keys.count(" ec ") == 1, keys)
    run("pk12util", "-i", path("bob-rsa.p12"), "-d", nss, "-W", "secret")
    names = run("certutil", "-L", "-d", nss).stdout.decode()
    nick = re.search(r"^(.*?bob-rsa.*?)\s+u,u,u", names, re.M) or re.search(r"^(.*?\S)\s+u,u,u\s*$(?!.*ann)", names, re.M)
    run("pk12util", "-o", path("nss.p12"), "-n", nick.group(1).strip(), "-d", nss, "-W", "secret")
    for writer in ("tb", "nss"):
        other = Org("partner.example")
        try:
            other.up()
            other.api("POST", "/v1/domains", {"name": "partner.example", "route": "maildir:" + other.boxes})
            other.api("POST", "/v1/people", {"address": TO})
            with open(path(writer + ".p12"), "rb") as f:
                p12 = base64.b64encode(f.read()).decode()
            other.api("POST", "/v1/identities/import", {"owner": TO, "p12": p12, "password": "secret"})
            got = other.api("GET", "/v1/identities")
            check("Waxwing imports the .p12 of " + writer, TO in json.dumps(got), got)
        finally:
            other.down()


def cmsutil():
    """NSS's own command: opens what we encrypted, verifies what we signed, writes what we open"""
    nss = path("nss-cms")
    os.makedirs(nss)
    run("certutil", "-N", "-d", nss, "--empty-password")
    run("certutil", "-A", "-d", nss, "-n", "root", "-t", "CT,C,C", "-i", path("root.pem"))
    run("pk12util", "-i", path("bob-rsa.p12"), "-d", nss, "-W", "secret")
    run("certutil", "-A", "-d", nss, "-n", "alice", "-t", ",,", "-i", path("alice-rsa.pem"))
    for kind in ("rsa", "p256"):
        signed = der_of(seal("signed.eml", "--opaque", kind=kind))
        done = run("cmsutil", "-D", "-d", nss, "-i", signed, "-u", "4", good=False)
        check("cmsutil verifies %s" % kind, done.returncode == 0 and b"it is secret" in done.stdout, done)
        with open(signed, "rb") as f:
            whole = f.read()
        with open(signed, "wb") as f:
            f.write(whole.replace(b"the figures", b"the fingers"))
        check("cmsutil refuses %s altered" % kind, run("cmsutil", "-D", "-d", nss, "-i", signed, "-u", "4", good=False).returncode != 0)
    run(WAXWING, "seal", message(), "--from", FROM, "--to-cert", path("bob-rsa.pem"), "--cipher", "aes256-cbc", "--out", path("s.eml"))
    done = run("cmsutil", "-D", "-d", nss, "-i", der_of(path("s.eml")), good=False)
    check("cmsutil decrypts", done.returncode == 0 and b"it is secret" in done.stdout, done)
    run("cmsutil", "-E", "-d", nss, "-r", FROM, "-i", message(), "-o", path("theirs.der"))
    verdict, payload = waxwing_open(path("theirs.der"), "--identity", path("alice-rsa.p12"), "--password-file", path("password"))
    check("cmsutil encrypts", words(verdict)[1] == "unauthenticated" and b"it is secret" in (payload or b""), words(verdict))
    run("cmsutil", "-S", "-d", nss, "-N", "bob-rsa", "-G", "-H", "SHA256", "-i", message(), "-o", path("theirs.der"), good=False)
    verdict, payload = waxwing_open(path("theirs.der"), "--from", TO)
    check("cmsutil signs", words(verdict)[0] == "valid_trusted", (words(verdict), verdict["verdict"]["reasons"]))


def der_of(name):
    with open(name, "rb") as f:
        body = f.read().split(b"\r\n\r\n", 1)[1]
    with open(path("bare.der"), "wb") as f:
        f.write(base64.b64decode(body))
    return path("bare.der")


def too_long(number, frame):
    raise TimeoutError("stopped by signal %d" % number)


# whoever stops this, and whatever hangs: the Thunderbird that was started goes as well
for number in (signal.SIGTERM, signal.SIGALRM):
    signal.signal(number, too_long)
signal.alarm(270)
make_world(["rsa", "p256"])
try:
    cmsutil()
except Exception as trouble:
    check("cmsutil", False, repr(trouble))
judge = None
try:
    judge = Reader(path("thunderbird"), TO)
    for part in (it_reads_ours, we_read_its, it_answers_our_gateway):
        try:
            part(judge)
        except Exception as trouble:  # a judge that cannot work is a failure, not a skip
            check(part.__name__, False, repr(trouble))
except Exception as trouble:
    check("Thunderbird starts", False, repr(trouble))
finally:
    if judge:
        judge.app.stop()
    shutil.rmtree(path("thunderbird"), ignore_errors=True)
finish()
