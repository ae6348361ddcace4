# SPDX-License-Identifier: Apache-2.0
"""A mail server as organisations run it: Postfix around Waxwing, Dovecot for mailboxes and passwords.

An Office is one Postfix instance and one Dovecot with folders, ports and
users of their own; neither touches what the machine has installed to run.
Postfix's master must be root; no init system is needed.

    submission (AUTH) -> content_filter lmtp -> Waxwing out -> re-injection -> the other's port 25
    port 25           -> content_filter lmtp -> Waxwing in  -> re-injection -> Dovecot
"""
import base64, grp, imaplib, os, pwd, shutil, smtplib, socket, subprocess, tempfile, threading

from world import Org, free_port, wait_for

PASSWORD = "secret"

MAIN = """compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {folder}/maillog
maillog_file_prefixes = {folder}
myhostname = mx.{domain}
mydestination =
relay_domains = {domain}
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtp_dns_support_level = disabled
smtp_host_lookup = native
smtp_tls_security_level = none
smtpd_tls_security_level = none
alias_maps =
local_recipient_maps =
biff = no
enable_long_queue_ids = yes
lmtp_send_xforward_command = yes
lmtp_destination_recipient_limit = 1000
smtpd_authorized_xforward_hosts = 127.0.0.0/8
transport_maps = texthash:{folder}/transport
minimal_backoff_time = 600s
smtpd_sasl_type = dovecot
smtpd_sasl_path = {folder}/sasl
{more}
"""

MASTER = """127.0.0.1:{submission} inet n - n - - smtpd
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_sender_login_maps=texthash:{folder}/logins
  -o smtpd_sender_restrictions=reject_sender_login_mismatch
  -o {{ smtpd_recipient_restrictions = permit_sasl_authenticated, reject }}
  -o {{ content_filter = lmtp:inet:127.0.0.1:{filter} }}
127.0.0.1:{port25} inet n - n - - smtpd
  -o mynetworks=
  -o smtpd_relay_restrictions=reject_unauth_destination
  -o {{ content_filter = lmtp:inet:127.0.0.1:{inn} }}
127.0.0.1:{again} inet n - n - - smtpd
  -o content_filter=
  -o receive_override_options=no_header_body_checks,no_unknown_recipient_checks
  -o smtpd_discard_ehlo_keywords={hidden}
  -o {{ smtpd_recipient_restrictions = check_recipient_access texthash:{folder}/refused, permit_mynetworks, reject }}
  -o {{ cleanup_service_name = cleanup-again }}
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
cleanup-again unix n - n - 0 cleanup
  -o hopcount_limit=100
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
lmtp unix - - n - - lmtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""

DOVECOT = """{first}
base_dir = {folder}/dovecot
state_dir = {folder}/dovecot-state
log_path = {folder}/dovecot.log
protocols = imap lmtp
listen = 127.0.0.1
ssl = no
first_valid_uid = 1
{mailboxes}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service lmtp {{
  unix_listener {folder}/lmtp {{
    mode = 0666
  }}
}}
service auth {{
  unix_listener {folder}/sasl {{
    mode = 0666
  }}
}}
"""

# 2.3, Debian 12
MAILBOXES_3 = """disable_plaintext_auth = no
mail_location = maildir:{folder}/boxes/%u
passdb {{
  driver = passwd-file
  args = username_format=%u {folder}/passwd
}}
userdb {{
  driver = passwd-file
  args = username_format=%u {folder}/passwd
  default_fields = uid={uid} gid={gid} home={folder}/boxes/%u
}}
"""

# 2.4, Debian 13
FIRST_4 = "dovecot_config_version = 2.4.0\ndovecot_storage_version = 2.4.0"
MAILBOXES_4 = """auth_allow_cleartext = yes
mail_driver = maildir
mail_path = {folder}/boxes/%{{user}}
passdb passwd-file {{
  passwd_file_path = {folder}/passwd
}}
userdb passwd-file {{
  passwd_file_path = {folder}/passwd
  fields {{
    uid:default = {uid}
    gid:default = {gid}
    home:default = {folder}/boxes/%{{user}}
  }}
}}
"""


def dovecot_settings(version, **words):
    """in the words of this `dovecot --version`"""
    new = tuple(int(n) for n in version.split(".")[:2]) >= (2, 4)
    mailboxes = (MAILBOXES_4 if new else MAILBOXES_3).format(**words)
    return DOVECOT.format(first=FIRST_4 if new else "", mailboxes=mailboxes, **words).lstrip()


class Tap:
    """What one Postfix says to the next, octet by octet; passed on unchanged."""

    def __init__(self, port):
        self.target, self.said = port, b""
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            peer, _ = self.server.accept()
            there = socket.create_connection(("127.0.0.1", self.target))
            threading.Thread(target=self.pump, args=(peer, there, True), daemon=True).start()
            threading.Thread(target=self.pump, args=(there, peer, False), daemon=True).start()

    def pump(self, one, other, keep):
        try:
            while data := one.recv(65536):
                if keep:
                    self.said += data
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)
        except OSError:
            pass


class Office:
    """tapped: what Waxwing says to the re-injection port is in reinjected.said"""
    main, master = MAIN, MASTER

    def __init__(self, domain, *people, more="", settings="", tapped=False):
        self.domain, self.people, self.more = domain, people, more
        self.keyless = ()  # who has a mailbox and no identity
        self.services = ""  # more lines for master.cf
        self.folder = tempfile.mkdtemp(prefix="office-")
        os.chmod(self.folder, 0o755)
        self.submission, self.port25, self.again, self.imap = (free_port() for _ in range(4))
        self.tap = Tap(self.port25)
        self.reinjected = Tap(self.again) if tapped else None
        self.routes, self.refused = {}, {}
        self.logins = {f"{p}@{domain}": f"{p}@{domain}" for p in people}
        self.dovecot = None
        hop = f"smtp:127.0.0.1:{self.reinjected.port if tapped else self.again}"
        self.org = Org(domain, relay=hop, listen="lmtp", settings=settings)
        self.org.route = hop
        self.filter = self.org.out  # where submitted mail goes for its protection
        self.hidden = ""  # what the re-injection port does not say it can

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w") as f:
            f.write(text)
        os.chmod(path, 0o644)
        return path

    def write_maps(self):
        table = lambda rows: "".join(f"{k} {v}\n" for k, v in rows.items())
        self.write("transport", f"{self.domain} lmtp:unix:{self.folder}/lmtp\n" +
                   "".join(f"{d} smtp:[127.0.0.1]:{port}\n" for d, port in self.routes.items()))
        self.write("logins", table({f"{p}@{self.domain}": f"{p}@{self.domain}" for p in self.keyless} | self.logins))
        self.write("refused", table(self.refused))

    def write_services(self):
        self.write("postfix/master.cf", self.master.format(
            folder=self.folder, submission=self.submission, port25=self.port25, again=self.again, filter=self.filter,
            inn=self.org.inn, hidden=self.hidden) + self.services)

    def again_from_start(self):
        """not a reload: Waxwing keeps its session with the re-injection port, and that one its tables"""
        self.write_maps()
        self.write_services()
        self.postfix("stop")
        self.postfix("start")

    def postfix(self, *words):
        subprocess.run(["postfix", "-c", self.folder + "/postfix", *words], check=True, timeout=60,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def start(self):
        """all but Waxwing"""
        mail = pwd.getpwnam("mail")
        os.mkdir(self.folder + "/postfix")
        os.mkdir(self.folder + "/queue")
        os.mkdir(self.folder + "/data")
        os.chown(self.folder + "/data", pwd.getpwnam("postfix").pw_uid, grp.getgrnam("postfix").gr_gid)
        os.mkdir(self.folder + "/boxes")
        os.chown(self.folder + "/boxes", mail.pw_uid, mail.pw_gid)
        words = dict(folder=self.folder, domain=self.domain, submission=self.submission, imap=self.imap, more=self.more,
                     uid=mail.pw_uid, gid=mail.pw_gid)
        self.write("postfix/main.cf", self.main.format(**words))
        self.write_services()
        self.write("passwd", "".join(f"{p}@{self.domain}:{{PLAIN}}{PASSWORD}::::::\n" for p in self.people + self.keyless))
        version = subprocess.run(["dovecot", "--version"], check=True, capture_output=True, text=True).stdout
        conf = self.write("dovecot.conf", dovecot_settings(version, **words))
        self.write_maps()
        self.dovecot = subprocess.Popen(["dovecot", "-F", "-c", conf])
        wait_for(lambda: os.path.exists(self.folder + "/lmtp") and os.path.exists(self.folder + "/sasl"))
        self.postfix("start")

    def up(self):
        self.start()
        self.org.up()
        self.org.found(*self.people)
        for person in self.keyless:
            self.org.api("POST", "/v1/people", {"address": f"{person}@{self.domain}"})
        return self

    def down(self):
        self.org.down()
        try:
            self.postfix("stop")
        except subprocess.SubprocessError:
            pass
        if self.dovecot:
            self.dovecot.terminate()
            self.dovecot.wait(20)
        shutil.rmtree(self.folder, ignore_errors=True)

    def submit(self, person, rcpts, message, sender=None, options=()):
        """as a mail program does: AUTH, then the message; Postfix has it when this returns"""
        with smtplib.SMTP("127.0.0.1", self.submission, timeout=60) as talk:
            talk.ehlo("lab")
            talk.login(f"{person}@{self.domain}", PASSWORD)
            return talk.sendmail(sender or f"{person}@{self.domain}", rcpts, message, options)

    def box(self, person):
        """read over IMAP"""
        with imaplib.IMAP4("127.0.0.1", self.imap, timeout=60) as talk:
            talk.login(f"{person}@{self.domain}", PASSWORD)
            talk.select("INBOX", readonly=True)
            found = talk.search(None, "ALL")[1][0].split()
            return [talk.fetch(n, "(BODY.PEEK[])")[1][0][1] for n in found]

    def maillog(self):
        with open(self.folder + "/maillog") as f:
            return f.read()

    def logged(self, *words):
        """the lines of Postfix's log that hold all these words"""
        return [l for l in self.maillog().splitlines() if all(w in l for w in words)]


def introduce(one, other):
    """what each knows of the other: its people's and its domain's certificates, and trust in its certifier"""
    for cert in other.api("GET", "/v1/certs")["items"]:
        if cert.get("source") != "own":
            continue
        pem = base64.b64encode(other.api("GET", f"/v1/certs/{cert['id']}")["pem"].encode()).decode()
        if cert["kind"] == "ca":
            one.api("POST", "/v1/trust", {"certificate": pem, "domains": [other.domain]})
        elif cert["kind"] == "domain":
            one.api("POST", "/v1/certs", {"certificates": pem, "domain": other.domain})
        else:
            one.api("POST", "/v1/certs", {"certificates": pem})


def arrived(office, person, n):
    """the one mail with this marker"""
    def there():
        return [m for m in office.box(person) if b"marker %d\r\n" % n in m]
    found = wait_for(there, 30)
    assert len(found) == 1, f"{len(found)} copies of {n}"
    return found[0]
