# SPDX-License-Identifier: Apache-2.0
"""Runs `hextet geo serve` for a test, on ports that the kernel chooses."""
import http.client
import json
import os
import re
import signal
import subprocess
import threading
import time
import urllib.parse
from pathlib import Path

LIMIT = 60  # seconds until something that must happen is taken for something that does not

# GCC 12's leak checker crashes on the thread-local storage of GnuTLS, which is loaded late, when it looks for pointers there;
# kept from that, it takes the loader's own table of such storage for lost.
GNUTLS = {"LSAN_OPTIONS": os.environ.get("LSAN_OPTIONS", "") +
          f":use_tls=0:suppressions={Path(__file__).with_name('lsan_loader.supp')}:print_suppressions=0"}


def wait_for(what, condition):
    """Waits until condition() is true; fails the test when it never is."""
    end = time.monotonic() + LIMIT
    while not (value := condition()):
        assert time.monotonic() < end, f"never happened: {what}"
        time.sleep(0.01)
    return value


class Answer:
    def __init__(self, response):
        self.status, self.headers, self.body = response.status, response.headers, response.read()

    def json(self):
        return json.loads(self.body)


class Server:
    """with Server(hextet_path, "--from", "csv:a.csv", "-o", "a.mmdb") as s: s.get("/health")"""

    def __init__(self, program, *args, listen=("127.0.0.1:0", "[::1]:0"), env=None, cwd=None, before=None,
                 urls=None):
        listens = [word for text in listen for word in ("--listen", text)]
        self.lines, self.urls = [], []
        self.process = subprocess.Popen([str(program), "geo", "serve", *listens, *map(str, args)], text=True,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                        env={**os.environ, **(env or {})}, cwd=cwd,
                                        preexec_fn=before)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        urls = urls or len(listen)
        wait_for(f"{urls} lines 'listening on'", lambda: self._is_listening(urls))

    def _read(self):
        for line in self.process.stderr:
            self.lines.append(line.rstrip("\n"))

    def _is_listening(self, count):
        self.urls = [m[1] for line in list(self.lines) if (m := re.match(r".*listening on (\S+)$", line))]
        assert self.process.poll() is None or len(self.urls) == count, "\n".join(self.lines)
        return len(self.urls) == count

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        status = self.stop()
        assert kind or status == 0, f"exit status {status}:\n" + "\n".join(self.lines)

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(LIMIT)
        self.reader.join(LIMIT)
        return status

    def signal(self, number):
        self.process.send_signal(number)

    @property
    def url(self):
        return self.urls[0]

    def address(self, n=0):
        parts = urllib.parse.urlsplit(self.urls[n])
        return parts.hostname, parts.port

    def request(self, method, path, body=None, headers=None, n=0):
        host, port = self.address(n)
        connection = http.client.HTTPConnection(host, port, timeout=LIMIT)
        try:
            connection.request(method, path, body, headers or {})
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def get(self, path, **headers):
        return self.request("GET", path, headers=headers)

    def file(self):
        return self.get(urllib.parse.urlsplit(self.url).path)

    def health(self):
        return self.get("/health")

    def wait_healthy(self):
        wait_for("a good build: " + "\n".join(self.lines), lambda: self.health().status == 200)
        return self

    def wait_line(self, text):
        """The first line of talk that has the text."""
        return wait_for(f"a line with '{text}' in:\n" + "\n".join(self.lines),
                        lambda: next((line for line in list(self.lines) if text in line), None))

    def metrics(self):
        """{'name{label="value"}': number}"""
        text = self.get("/metrics").body.decode()
        return {name: float(value) for name, value in
                (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))}

    def children(self):
        path = f"/proc/{self.process.pid}/task/{self.process.pid}/children"
        with open(path, encoding="ascii") as f:
            return [int(pid) for pid in f.read().split()]
