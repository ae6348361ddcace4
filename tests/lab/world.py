# SPDX-License-Identifier: Apache-2.0
"""What the cases of the mail lab share: organisations, senders, next hops.

An Org is a whole Waxwing of its own in a folder of its own, on loopback high
ports.  Only the standard library is used.
"""
import base64, http.client, json, os, shutil, signal, smtplib, socket, subprocess, sys, tempfile, threading, time

LIBEXEC = os.environ.get("WAXWING_LIBEXEC") or os.path.join(os.environ.get("WAXWING_INSTALL", "/usr/local"), "libexec/waxwing")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(what, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        got = what()
        if got:
            return got
        time.sleep(0.05)
    raise AssertionError("waited too long for " + getattr(what, "__name__", "something"))


class Local(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=60)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(60)
        self.sock.connect(self.path)


class Org:
    def __init__(self, domain, relay=None, listen="smtp", settings="", separate=False):
        self.domain = domain
        self.folder = tempfile.mkdtemp(prefix="waxwing-lab-")
        self.boxes = os.path.join(self.folder, "mail")
        self.route = f"maildir:{self.boxes}"
        self.out, self.inn = free_port(), free_port()
        self.relay = relay or "smtp:127.0.0.1:9"
        self.listen = listen
        self.settings = settings
        self.separate = separate
        self.process = None
        self.host = "127.0.0.1"
        self.level = "debug"

    def write_config(self):
        self.config = os.path.join(self.folder, "waxwing.toml")
        with open(self.config, "w") as f:
            f.write(
                f'[host]\nname = "gw.{self.domain}"\n'
                f'[paths]\nstate = "{self.folder}/state"\nrun = "{self.folder}/run"\nlibexec = "{LIBEXEC}"\n'
                f'[listen]\noutbound = ["{self.listen}:{self.host}:{self.out}"]\ninbound = ["{self.listen}:127.0.0.1:{self.inn}"]\n'
                f'[relay]\noutbound = "{self.relay}"\n'
                f'[log]\ntarget = "stderr"\nlevel = "{self.level}"\n'
                f"[service]\nseparate_users = {str(self.separate).lower()}\n{self.settings}")

    def up(self):
        self.write_config()
        self.log = open(os.path.join(self.folder, "log"), "ab")
        self.process = subprocess.Popen([os.path.join(LIBEXEC, "waxwingd"), "--config", self.config],
                                        stdout=self.log, stderr=self.log)

        def answers():
            try:
                return self.api("GET", "/v1/status") and self.greets()
            except OSError:
                return False
        wait_for(answers)
        return self

    def greets(self):
        with socket.create_connection((self.host, self.out), 5) as s:
            return s.recv(200).startswith(b"220")

    def down(self, keep=False):
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    def api(self, method, path, body=None, must=True):
        link = Local(os.path.join(self.folder, "run/api.sock"))
        link.request(method, path, json.dumps(body) if body is not None else None, {"Content-Type": "application/json"})
        reply = link.getresponse()
        text = reply.read()
        link.close()
        if must and reply.status >= 300:
            raise AssertionError(f"{method} {path}: {reply.status} {text.decode()}")
        return json.loads(text) if text else {}

    def found(self, *people):
        self.api("POST", "/v1/domains", {"name": self.domain, "route": self.route})
        for person in people:
            self.api("POST", "/v1/people", {"address": f"{person}@{self.domain}"})
            self.api("POST", "/v1/identities", {"owner": f"{person}@{self.domain}"})
        return self

    def box(self, person):
        folder = os.path.join(self.boxes, f"{person}@{self.domain}", "new")
        if not os.path.isdir(folder):
            return []
        return [open(os.path.join(folder, n), "rb").read() for n in sorted(os.listdir(folder))]

    def pid_of(self, name):
        for process in self.api("GET", "/v1/status").get("processes", []):
            if process["name"] == name:
                return process["pid"]
        return None


def send(port, sender, rcpts, message, lmtp=False):
    """Returns the replies: one for SMTP, {recipient: (code, text)} for LMTP."""
    if isinstance(message, str):
        message = message.replace("\n", "\r\n").encode()
    talk = socket.create_connection(("127.0.0.1", port), 30)
    talk.settimeout(500)
    lines = talk.makefile("rb")

    def reply():
        while True:
            line = lines.readline()
            if not line:
                raise OSError("the gateway hung up")
            if line[3:4] != b"-":
                return int(line[:3]), line[4:].decode().strip()

    def say(text):
        talk.sendall(text.encode() + b"\r\n")
        return reply()
    reply()
    say("LHLO lab" if lmtp else "EHLO lab")
    first = say(f"MAIL FROM:<{sender}>")
    if first[0] != 250:
        return first
    outcome, accepted = {}, []
    for rcpt in rcpts:
        got = say(f"RCPT TO:<{rcpt}>")
        if got[0] == 250:
            accepted.append(rcpt)
        else:
            outcome[rcpt] = got
    got = say("DATA")
    if got[0] != 354:
        return got
    stuffed = b"\r\n".join(b"." + l if l.startswith(b".") else l for l in message.split(b"\r\n"))
    talk.sendall(stuffed + (b"" if stuffed.endswith(b"\r\n") else b"\r\n") + b".\r\n")
    if not lmtp:
        return reply()
    for rcpt in accepted:
        outcome[rcpt] = reply()
    return outcome


class NextHop:
    """Takes what it is given; `answer(rcpt)` gives (code, text) after the dot, in LMTP for each."""

    def __init__(self, lmtp=False, answer=None, cut_after_dot=0, size=100000000):
        self.lmtp, self.answer, self.cut = lmtp, answer or (lambda rcpt: (250, "2.0.0 kept")), cut_after_dot
        self.size, self.mails = size, []
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.spec = f"{'lmtp' if lmtp else 'smtp'}:127.0.0.1:{self.port}"
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                peer, _ = self.server.accept()
                peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError:
                return
            threading.Thread(target=self.talk, args=(peer,), daemon=True).start()

    def talk(self, peer):
        lines = peer.makefile("rb")
        say = lambda text: peer.sendall(text.encode() + b"\r\n")
        say("220 hop")
        sender, rcpts = None, []
        while True:
            line = lines.readline()
            if not line:
                return
            word = line[:4].upper()
            if word in (b"EHLO", b"LHLO"):
                say(f"250-hop\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-DSN\r\n250 SIZE {self.size}")
            elif word == b"MAIL":
                sender, rcpts = line.decode().strip(), []
                say("250 2.1.0 ok")
            elif word == b"RCPT":
                rcpts.append(line.decode().split("<")[1].split(">")[0])
                say("250 2.1.5 ok")
            elif word == b"DATA":
                say("354 go")
                body = bytearray()
                while True:
                    line = lines.readline()
                    if not line:
                        return
                    if line == b".\r\n":
                        break
                    body += line[1:] if line.startswith(b".") else line
                self.mails.append((sender, list(rcpts), bytes(body)))
                if self.cut > 0:
                    self.cut -= 1
                    peer.close()
                    return
                for rcpt in rcpts if self.lmtp else rcpts[:1]:
                    code, text = self.answer(rcpt)
                    say(f"{code} {text}")
            elif word == b"QUIT":
                say("221 bye")
                return
            else:
                say("250 2.0.0 ok")
