# SPDX-License-Identifier: Apache-2.0
"""Thunderbird as a reader and a writer: what it shows is read from the window that shows the
message, and what it sends leaves through its compose window to a mail server of ours."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))
from marionette import Thunderbird
from world import NextHop, wait_for

LIBRARY = r"""
const { MailServices } = ChromeUtils.importESModule("resource:///modules/MailServices.sys.mjs");
const { MailUtils } = ChromeUtils.importESModule("resource:///modules/MailUtils.sys.mjs");
const { setTimeout } = ChromeUtils.importESModule("resource://gre/modules/Timer.sys.mjs");
const db = Cc["@mozilla.org/security/x509certdb;1"].getService(Ci.nsIX509CertDB);
const E = Ci.nsICMSMessageErrors;
async function until(what, name, seconds = 40) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    let got;
    try { got = what(); } catch (e) { got = null; }
    if (got) return got;
    if (Date.now() > end) throw new Error("waited too long for " + name);
    await new Promise(next => setTimeout(next, 20));
  }
}
function word(status) {
  return Object.keys(E).find(name => E[name] === status) || String(status);
}
function question(w) {
  const bag = w.arguments?.[0];
  try { return bag.wrappedJSObject?.args?.text || bag.QueryInterface(Ci.nsIPropertyBag2).get("text"); } catch (e) { return String(e); }
}
function file(path) {
  const f = Cc["@mozilla.org/file/local;1"].createInstance(Ci.nsIFile);
  f.initWithPath(path);
  return f;
}
function inbox() {
  return MailServices.accounts.localFoldersServer.rootFolder.getChildNamed("judge");
}
function header(key) {
  return inbox().GetMessageHeader ? inbox().GetMessageHeader(key) : inbox().msgDatabase.getMsgHdrForKey(key);
}
function email(cert) {
  return (cert.getEmailAddresses ? cert.getEmailAddresses() : []).concat([cert.emailAddress || ""]);
}
function certificates(address) {
  return [...db.getCerts()].filter(c => email(c).includes(address));
}
"""
SET_UP = r"""
await until(() => Services.wm.getMostRecentWindow("mail:3pane"), "the main window");
MailServices.accounts.localFoldersServer.rootFolder.QueryInterface(Ci.nsIMsgLocalMailFolder).createLocalSubfolder("judge");
return Services.appinfo.version;
"""
TRUST = r"""
db.addCertFromBase64(args.root, "CT,C,C");
"""
PKCS12_IN = r"""
return db.importPKCS12File(file(args.file), args.password);
"""
PKCS12_OUT = r"""
const found = certificates(args.address);
return db.exportPKCS12File(file(args.file), found, args.password);
"""
IDENTIFY = r"""
const identity = MailServices.accounts.defaultAccount.defaultIdentity;
const [cert] = certificates(args.address);
for (const use of ["signing", "encryption"]) {
  Services.prefs.setStringPref(`mail.identity.${identity.key}.${use}_cert_name`, cert.displayName);
  Services.prefs.setStringPref(`mail.identity.${identity.key}.${use}_cert_dbkey`, cert.dbKey);
}
return identity.email;
"""
SHOW = r"""
const folder = inbox().QueryInterface(Ci.nsIMsgLocalMailFolder);
const hdr = folder.addMessage(args.message);
const win = MailUtils.openMessageInNewWindow(hdr);
const pane = await until(() => win.messageBrowser.contentWindow, "the message window");
const settled = () => (!args.signed || (pane.gSignatureStatusForURI && pane.gSignatureStatus !== E.VERIFY_NOT_YET_ATTEMPTED)) &&
  (!args.encrypted || pane.gEncryptionStatusForURI);
let late = false;
try { await until(() => settled() && (pane.msgLoaded || pane.gEncryptionStatusForURI), "the verdict", args.seconds); } catch (e) { late = true; }
// the verdict may be there a moment before the text is; what cannot be read never has one
const text = () => pane.getMessagePaneBrowser().contentDocument?.body?.textContent || "";
if (!late && (!args.encrypted || pane.gEncryptionStatus === E.SUCCESS))
  try { await until(() => text().trim(), "the text", 10); } catch (e) { /* the caller sees that there is none */ }
const icon = id => {
  const e = pane.document.getElementById(id);
  return e && !e.hidden ? (e.getAttribute("src") || "") : "";
};
const shown = {
  key: hdr.messageKey, late, signature: word(pane.gSignatureStatus), encryption: word(pane.gEncryptionStatus),
  signer: pane.gSignerCert ? email(pane.gSignerCert) : [],
  signedIcon: icon("signedHdrIcon"), encryptedIcon: icon("encryptedHdrIcon"),
  text: text(),
};
win.close();
return shown;
"""
WRITE = r"""
let opened;
if (args.reply) {
  const hdr = header(args.reply);
  MailServices.compose.OpenComposeWindow(null, hdr, hdr.folder.getUriForMsg(hdr), Ci.nsIMsgCompType.ReplyToSender,
    Ci.nsIMsgCompFormat.PlainText, MailServices.accounts.defaultAccount.defaultIdentity, null, null);
} else {
  const params = Cc["@mozilla.org/messengercompose/composeparams;1"].createInstance(Ci.nsIMsgComposeParams);
  params.composeFields = Cc["@mozilla.org/messengercompose/composefields;1"].createInstance(Ci.nsIMsgCompFields);
  params.composeFields.to = args.to;
  params.composeFields.subject = args.subject;
  params.composeFields.body = args.text;
  params.type = Ci.nsIMsgCompType.New;
  params.format = Ci.nsIMsgCompFormat.PlainText;
  params.identity = MailServices.accounts.defaultAccount.defaultIdentity;
  MailServices.compose.OpenComposeWindowWithParams(null, params);
}
const win = await until(() => {
  const w = Services.wm.getMostRecentWindow("msgcompose");
  return w && w.document.readyState == "complete" && w.windowLoaded !== false && w.gMsgCompose && w.gMsgCompose.editor && w.composeEditorReady !== false && w;
}, "the compose window");
await until(() => !win.gWindowLocked && win.gMsgCompose.compFields.composeSecure, "the compose window's readiness");
// a question of Thunderbird's is said here instead of asked
const asked = [];
const grep = () => { for (const w of Services.wm.getEnumerator(null)) if (/commonDialog/.test(w.location.href)) {
  asked.push(question(w)); w.close(); } };
await until(() => win.document.querySelector("mail-address-pill"), "the recipient");
if (args.reply) {
  await until(() => win.gMsgCompose.editor.document.body.textContent.includes("it is secret"), "the quoted text");
  win.gMsgCompose.editor.insertText(args.text);
}
win.gSelectedTechnologyIsPGP = false;
await until(() => win.gCurrentIdentity && !win.gCheckEncryptionStateCompletionIsPending, "the choice of encryption");
// choosing encryption chooses a signature too, unless that is chosen afterwards
if (win.gSendEncrypted != args.encrypt) win.toggleEncryptMessage();
await until(() => !win.gCheckEncryptionStateCompletionIsPending, "the choice of encryption");
if (win.gSendSigned != args.sign) win.toggleGlobalSignMessage();
const state = { sign: win.gSendSigned, encrypt: win.gSendEncrypted, pgp: win.gSelectedTechnologyIsPGP };
let refused = null;
Promise.resolve(win.GenericSendMessage(Ci.nsIMsgCompDeliverMode.Now)).catch(e => { refused = String(e); });
try {
  await until(() => { grep(); return win.closed || refused || asked.length; }, "sending");
} finally {
  if (!win.closed) { try { win.gMsgCompose.compFields && (win.gContentChanged = false); win.close(); } catch (e) {} }
}
return { ...state, refused, asked };
"""


class Reader:
    """a Thunderbird of Bob's at that address, in an empty folder, and the mail server that takes what he sends"""

    def __init__(self, folder, address):
        self.hop = NextHop()
        os.makedirs(folder)
        self.app = Thunderbird(folder, preferences(self.hop.port, address))
        try:
            self.app.start()
            self.version = self.script(SET_UP)
        except BaseException:
            self.app.stop()
            raise
        print("Thunderbird " + self.version)

    def script(self, body, **arguments):
        return self.app.script(LIBRARY, body, **arguments)

    def trust(self, pem):
        self.script(TRUST, root=re.search("-----BEGIN CERTIFICATE-----(.*?)-----END", pem, re.S).group(1).replace("\n", ""))

    def show(self, message, signed=False, encrypted=False, seconds=20):
        if not isinstance(message, bytes):
            with open(message, "rb") as f:
                message = f.read()
        return self.script(SHOW, message=message.decode("latin-1"), signed=signed, encrypted=encrypted, seconds=seconds)

    def write(self, **arguments):
        before = len(self.hop.mails)
        said = self.script(WRITE, **arguments)
        if said["refused"] or said["asked"]:
            raise RuntimeError("Thunderbird does not send: %s" % said)

        def a_mail():
            return len(self.hop.mails) > before
        wait_for(a_mail)
        return self.hop.mails[-1][2]


def preferences(port, address):
    wanted = {
        "app.update.enabled": False, "app.donation.eoy.version.viewed": 999, "datareporting.policy.dataSubmissionEnabled": False,
        "mail.provider.suppress_dialog_on_startup": True, "mail.spotlight.firstRunDone": True, "mail.winsearch.firstRunDone": True,
        "mail.shell.checkDefaultClient": False, "mailnews.start_page.enabled": False, "mail.rights.version": 1,
        "mail.biff.show_alert": False, "mail.tabs.drawInTitlebar": False, "mail.openpgp.enable": False,
        "network.proxy.type": 0, "network.captive-portal-service.enabled": False, "network.connectivity-service.enabled": False,
        "extensions.update.enabled": False, "extensions.getAddons.cache.enabled": False, "services.settings.server": "http://127.0.0.1:9",
        "security.OCSP.enabled": 0, "mail.compose.warn_public_recipients.aggressive": False, "mail.SpellCheckBeforeSend": False,
        "mail.warn_on_send_accel_key": False, "mailnews.send_default_charset": "UTF-8", "mail.collect_email_address_outgoing": False,
        "mail.smime.accept_insecure_sha1_message_signatures": False, "marionette.port": 0, "toolkit.telemetry.enabled": False,
        "mail.accountmanager.accounts": "account1,account2", "mail.accountmanager.defaultaccount": "account1",
        "mail.accountmanager.localfoldersserver": "server2",
        "mail.account.account1.identities": "id1", "mail.account.account1.server": "server1", "mail.account.account2.server": "server2",
        "mail.server.server1.type": "pop3", "mail.server.server1.hostname": "127.0.0.1", "mail.server.server1.userName": "bob",
        "mail.server.server1.name": "bob", "mail.server.server1.login_at_startup": False, "mail.server.server1.check_new_mail": False,
        "mail.server.server2.type": "none", "mail.server.server2.hostname": "Local Folders", "mail.server.server2.userName": "nobody",
        "mail.server.server2.name": "Local Folders",
        "mail.identity.id1.fullName": "Bob", "mail.identity.id1.useremail": address, "mail.identity.id1.smtpServer": "smtp1",
        "mail.identity.id1.valid": True, "mail.identity.id1.fcc": False, "mail.identity.id1.compose_html": False,
        "mail.identity.id1.e2etechpref": 1, "mail.identity.id1.autoEncryptDrafts": False,
        "mail.smtpservers": "smtp1", "mail.smtp.defaultserver": "smtp1", "mail.smtpserver.smtp1.hostname": "127.0.0.1",
        "mail.smtpserver.smtp1.port": port, "mail.smtpserver.smtp1.authMethod": 1, "mail.smtpserver.smtp1.try_ssl": 0,
    }
    return wanted
