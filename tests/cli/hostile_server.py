# SPDX-License-Identifier: Apache-2.0
"""An HTTP server that says what a test wants, byte by byte: one answer after the other, the last one again and again."""
import socket
import threading
import urllib.parse


def answer(body=b"", status=200, length=None, **headers):
    """One answer; headers by name with _ for -; length overrides the true one, "" leaves it out."""
    lines = [f"HTTP/1.1 {status} Because"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if length != "":
        lines.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + body


class HostileServer:
    """answers: {path: answer or list of answers}; an answer is bytes, or a function of the connection that sends them.
    What no path has is 404. .requests are (path, headers) as they came."""

    def __init__(self, answers, host="127.0.0.1"):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.socket = socket.create_server((host, 0), family=family)
        self.answers = {path: a if isinstance(a, list) else [a] for path, a in answers.items()}
        self.requests = []
        port = self.socket.getsockname()[1]
        self.base = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def _serve(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection):
        with connection:
            request = b""
            while b"\r\n\r\n" not in request:
                got = connection.recv(65536)
                if not got:
                    return
                request += got
            first, *lines = request.split(b"\r\n\r\n")[0].decode().split("\r\n")
            path = urllib.parse.unquote(first.split(" ")[1])
            self.requests.append((path, {n.lower(): v for n, v in (line.split(": ", 1) for line in lines)}))
            queue = self.answers.get(path.split("?")[0], [answer(b"no such path", 404)])
            reply = queue.pop(0) if len(queue) > 1 else queue[0]
            try:
                if callable(reply):
                    reply(connection)
                else:
                    connection.sendall(reply)
            except OSError:
                pass
