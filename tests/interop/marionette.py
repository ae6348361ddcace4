# SPDX-License-Identifier: Apache-2.0
"""A Thunderbird of our own, without a screen, that runs scripts for us over Marionette.

Packets are LENGTH:JSON over TCP; a command is [0, id, name, parameters], its
answer [1, id, error, result].  The profile is a folder of its own, and only the
process that was started here is ever stopped.
"""
import json
import os
import shutil
import signal
import socket
import subprocess

from world import wait_for

SYSTEM_ACCESS = "--remote-allow-system-access"


class Thunderbird:
    def __init__(self, folder, prefs, seconds=120):
        self.folder, self.seconds, self.count, self.buffer = folder, seconds, 0, b""
        self.profile, self.process, self.link = os.path.join(folder, "profile"), None, None
        os.makedirs(self.profile)
        with open(os.path.join(self.profile, "user.js"), "w") as f:
            for name, value in prefs.items():
                f.write("user_pref(%s, %s);\n" % (json.dumps(name), json.dumps(value)))

    def start(self):
        program = shutil.which("thunderbird")
        if not program:
            raise RuntimeError("thunderbird is not installed")
        home = os.path.join(self.folder, "home")
        os.makedirs(home)
        environment = dict(os.environ, HOME=home, MOZ_HEADLESS="1", XDG_RUNTIME_DIR=home, MOZ_CRASHREPORTER_DISABLE="1")
        for name in ("DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS"):
            environment.pop(name, None)
        self.log = open(os.path.join(self.folder, "log"), "ab")
        self.process = subprocess.Popen([program, "--headless", "--marionette", SYSTEM_ACCESS, "--no-remote",
                                         "--profile", self.profile], stdout=self.log, stderr=self.log,
                                        stdin=subprocess.DEVNULL, env=environment, start_new_session=True)
        self.connect()
        self.command("WebDriver:NewSession", {"capabilities": {"alwaysMatch": {"acceptInsecureCerts": False}}})
        self.command("WebDriver:SetTimeouts", {"script": self.seconds * 1000})
        self.command("Marionette:SetContext", {"value": "chrome"})
        return self

    def connect(self):
        """it writes the port that it chose into its profile"""
        def thunderbird_answers():
            if self.process.poll() is not None:
                raise RuntimeError(f"Thunderbird ended with {self.process.returncode}; see {self.log.name}")
            try:
                with open(os.path.join(self.profile, "MarionetteActivePort")) as f:
                    return socket.create_connection(("127.0.0.1", int(f.read())), 10)
            except (OSError, ValueError):
                return None
        self.link = wait_for(thunderbird_answers, self.seconds)
        self.link.settimeout(self.seconds + 10)
        self.receive()

    def receive(self):
        while b":" not in self.buffer:
            self.fill()
        length, self.buffer = self.buffer.split(b":", 1)
        while len(self.buffer) < int(length):
            self.fill()
        packet, self.buffer = self.buffer[:int(length)], self.buffer[int(length):]
        return json.loads(packet)

    def fill(self):
        more = self.link.recv(65536)
        if not more:
            raise RuntimeError("Thunderbird hung up")
        self.buffer += more

    def command(self, name, parameters):
        self.count += 1
        packet = json.dumps([0, self.count, name, parameters]).encode()
        self.link.sendall(b"%d:%s" % (len(packet), packet))
        while True:
            kind, number, error, result = self.receive()
            if kind == 1 and number == self.count:
                break
        if error:
            raise RuntimeError("%s: %s: %s" % (name, error.get("error"), error.get("message")))
        return result["value"] if isinstance(result, dict) and "value" in result else result

    def script(self, library, body, **arguments):
        """the body of an async function, with `args`; gives what it returns"""
        text = ("const [args, done] = arguments;\n%s\n(async () => {\n%s\n})().then(value => done({value}),"
                " error => done({error: String(error) + ' ' + (error && error.stack)}));" % (library, body))
        answer = self.command("WebDriver:ExecuteAsyncScript",
                              {"script": text, "args": [arguments], "newSandbox": True, "sandbox": "system"})
        if "error" in answer:
            raise RuntimeError("script: " + answer["error"])
        return answer.get("value")

    def stop(self):
        if not self.process:
            return
        try:
            if self.link:
                self.command("Marionette:Quit", {"flags": ["eForceQuit"]})
        except (OSError, RuntimeError):
            pass  # it may go before it answers
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            pass
        try:
            os.killpg(self.process.pid, signal.SIGKILL)  # the group that was made for it alone
        except ProcessLookupError:
            pass
        self.process.wait()
        self.process = None
