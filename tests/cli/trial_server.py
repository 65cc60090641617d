# SPDX-License-Identifier: Apache-2.0
"""One server on 127.0.0.1 and ::1, the same port, whose IPv4 and IPv6 behaviour can be set apart.

    with TrialServer() as s:
        s.both["/"] = page(b"hello")
        s.only6["/x"] = page(b"other", 500)     # wins over both
        s.both["/slow"] = trickle(page(b"..."), every_s=0.5)
        s.url("/")                              # http://localhost:PORT/

A behaviour is bytes, sent as they are, or a function (connection, request) that does what it likes; the connection is
closed afterwards. What no path has is 404. Names: "localhost" is both families' loopback; with tls=True the certificate
of tls_context(name) is for localhost, 127.0.0.1 and ::1.
"""
import socket
import ssl
import subprocess
import threading
import time
from collections import namedtuple

# family 4 or 6; headers by lower-case name (the last one counts); proxy: what came before the request, a PROXY header
Request = namedtuple("Request", "family method path headers client proxy")
PROXY_V2 = b"\r\n\r\n\0\r\nQUIT\n"


def page(body=b"", status=200, headers=(), length=None, version="HTTP/1.1"):
    """The bytes of one answer. headers: pairs; length overrides the true one, "" leaves it out."""
    lines = [f"{version} {status} Because", *(f"{name}: {value}" for name, value in headers)]
    if length != "":
        lines.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1") + body


def redirect(to, status=302):
    return page(b"", status, [("Location", to)])


def trickle(data, every_s, chunk=1):
    """Sends so many bytes at a time."""
    def behave(connection, _request):
        for i in range(0, len(data), chunk):
            connection.sendall(data[i:i + chunk])
            time.sleep(every_s)
    return behave


def endless(start, more):
    """Sends `more` again and again, until the client has enough."""
    def behave(connection, _request):
        connection.sendall(start)
        while True:
            connection.sendall(more)
    return behave


def silent(data=b""):
    """Sends data, then nothing, until the client goes."""
    def behave(connection, _request):
        connection.sendall(data)
        while connection.recv(65536):
            pass
    return behave


def reset(data=b""):
    """Sends data, then breaks the connection."""
    def behave(connection, _request):
        connection.sendall(data)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    return behave


def certificate(folder, name="localhost", days=30, subject="/O=Trial/CN=localhost",
                san="DNS:localhost,IP:127.0.0.1,IP:::1"):
    """A self-signed certificate and its key, made by openssl: the path of one PEM file with both."""
    pem, key = folder / f"{name}.pem", folder / f"{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", str(days), "-subj", subject, "-addext", f"subjectAltName={san}", "-keyout", key,
                    "-out", pem], check=True, capture_output=True)
    pem.write_bytes(pem.read_bytes() + key.read_bytes())
    return pem


def tls_context(pem, alpn=None, version=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    if alpn:
        context.set_alpn_protocols(alpn)
    if version:
        context.minimum_version = context.maximum_version = version
    return context


class TrialServer:
    """context4, context6: TLS in that family (a dict of behaviours decides after the handshake). proxy=True: a PROXY
    protocol header comes before all else. families: where it listens."""

    def __init__(self, context4=None, context6=None, proxy=False, families=(4, 6)):
        self.both, self.only4, self.only6 = {}, {}, {}
        self.contexts, self.proxy = {4: context4, 6: context6}, proxy
        self.tls = bool(context4 or context6)
        self.raw = {}       # family -> behaviour in place of HTTP, before TLS; the request is None
        self.requests = []  # as they came
        self.accepted = {4: 0, 6: 0}
        self.lock = threading.Lock()
        self.sockets = self._listen(families)
        for family, listener in self.sockets.items():
            threading.Thread(target=self._accept, args=(listener, family), daemon=True).start()

    def _listen(self, families):
        """The same port in both families; one that is taken in the other is not used."""
        held = []
        try:
            while True:
                first = socket.create_server(("::1", 0), family=socket.AF_INET6, backlog=1024)
                held.append(first)
                self.port = first.getsockname()[1]
                try:
                    second = socket.create_server(("127.0.0.1", self.port), backlog=1024)
                except OSError:
                    continue
                held.append(second)
                found = {6: first, 4: second}
                sockets = {family: found[family] for family in families}
                held = [s for s in held if s not in sockets.values()]
                return sockets
        finally:
            for s in held:
                s.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for listener in self.sockets.values():
            listener.close()

    def url(self, path="/", host="localhost"):
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}{path}"

    def count(self, family, path=None):
        """How many requests came."""
        return sum(r.family == family and path in (None, r.path) for r in self.requests)

    def _accept(self, listener, family):
        while True:
            try:
                connection, client = listener.accept()
            except OSError:
                return
            self.accepted[family] += 1
            threading.Thread(target=self._serve, args=(connection, family, client), daemon=True).start()

    def _serve(self, connection, family, client):
        try:
            with connection:
                proxy = self._read_proxy(connection) if self.proxy else None
                if family in self.raw:
                    self._behave(self.raw[family], connection, None)
                    return
                if self.contexts[family]:
                    connection = self.contexts[family].wrap_socket(connection, server_side=True)
                with connection:
                    self._answer(connection, family, client, proxy)
        except (OSError, ValueError):
            pass

    @staticmethod
    def _behave(behaviour, connection, request):
        if callable(behaviour):
            behaviour(connection, request)
        else:
            connection.sendall(behaviour)

    def _read_exactly(self, connection, n):
        data = b""
        while len(data) < n:
            got = connection.recv(n - len(data))
            if not got:
                raise ValueError("ended")
            data += got
        return data

    def _read_proxy(self, connection):
        head = self._read_exactly(connection, 16)
        if head[:12] != PROXY_V2:
            raise ValueError("no PROXY header")
        return head + self._read_exactly(connection, int.from_bytes(head[14:16], "big"))

    def _answer(self, connection, family, client, proxy):
        data = b""
        while b"\r\n\r\n" not in data:
            got = connection.recv(65536)
            if not got:
                return
            data += got
        first, *lines = data.split(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
        method, path, _ = first.split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        request = Request(family, method, path, headers, client[0], proxy)
        with self.lock:
            self.requests.append(request)
        own = self.only4 if family == 4 else self.only6
        path = path.partition("?")[0]
        self._behave(own.get(path, self.both.get(path, page(b"no such path", 404))), connection, request)
        if not isinstance(connection, ssl.SSLSocket):
            return
        try:
            connection.unwrap()
        except OSError:
            pass
