# SPDX-License-Identifier: Apache-2.0
"""A running `hextet guard run`, its estate, its log and its control socket."""
import json
import os
import signal
import socket
import subprocess
import threading
import time

ESTATE = """estate: test
checks: {{documentation-prefix: ignore}}
guard:
  logs:
    - {{ file: {folder}/access.log, format: nginx }}
  never: [{never}]
  rules:
    login:
      match: {{ path: [/login], status: [401] }}
      window: {window}
      ipv4: {{ 32: 5 }}
      ipv6: {{ 64: 5, 56: {{ count: 20, children: 4, ratio: 0.8 }} }}
      ban: {{ for: {ban}, grow: 2, max: 7d }}
  sinks:
    - {{ file: {folder}/banned.txt }}
{sinks}
  memory: 16MiB
  reconcile: 1s
  state: {folder}/state/guard.db
  control: {folder}/guard.sock
{more}
"""


def wait_for(what, test, seconds=20):
    end = time.monotonic() + seconds
    while True:
        value = test()
        if value:
            return value
        assert time.monotonic() < end, f"no {what} after {seconds} s"
        time.sleep(0.02)


def line(ip, at=None, path="/login", status=401):
    """A line of nginx's, at a number of seconds since 1970 or now."""
    when = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(time.time() if at is None else at))
    return f'{ip} - - [{when}] "GET {path} HTTP/1.1" {status} 5 "-" "curl"\n'


class Guard:
    def __init__(self, program, folder, **estate):
        self.program, self.folder, self.process, self.said = str(program), folder, None, []
        (folder / "estate").mkdir(exist_ok=True)
        (folder / "state").mkdir(exist_ok=True)
        self.log = folder / "access.log"
        self.log.touch()
        self.write_estate(**estate)

    def write_estate(self, never="2001:db8:beef::/48", window="60s", ban="1h", sinks="", more="", text=None):
        text = text or ESTATE.format(folder=self.folder, never=never, window=window, ban=ban, sinks=sinks, more=more)
        (self.folder / "estate/estate.yaml").write_text(text)

    def start(self, *args, keep_root=True, env=None, wait=True, **options):
        self.said = []
        command = [self.program, "guard", "run", "-C", str(self.folder / "estate"), *map(str, args)]
        if keep_root:
            command.append("--no-drop-privileges")
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, text=True,
                                        stderr=subprocess.PIPE, env=os.environ | (env or {}), **options)
        threading.Thread(target=self._listen, args=(self.process,), daemon=True).start()
        if wait:
            wait_for("guard", lambda: self.has_said("the guard runs") or self.process.poll() is not None)
            assert self.process.poll() is None, "".join(self.said)
        return self

    def _listen(self, process):
        for text in process.stderr:
            self.said.append(text)

    def has_said(self, text):
        return any(text in s for s in list(self.said))

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            code = self.process.wait(30)
            assert code == 0, (code, "".join(self.said))

    def write(self, *lines):
        with self.log.open("a") as f:
            f.write("".join(lines))

    def connect(self):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(20)
        s.connect(str(self.folder / "guard.sock"))
        return s

    def ask(self, what, **more):
        with self.connect() as s, s.makefile("rw") as f:
            f.write(json.dumps({"do": what, **more}) + "\n")
            f.flush()
            return json.loads(f.readline())

    def status(self):
        return self.ask("status")

    def lines_read(self):
        return sum(log["lines"] for log in self.status()["logs"])

    def read_all(self, number):
        """Waits until so many lines were read in this run."""
        wait_for(f"{number} lines", lambda: self.lines_read() >= number)

    def in_file(self):
        path = self.folder / "banned.txt"
        return {s for s in path.read_text().split("\n") if s and s[0] != "#"} if path.exists() else set()
