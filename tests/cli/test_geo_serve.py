# SPDX-License-Identifier: Apache-2.0
"""`hextet geo serve`, asked by curl and by raw sockets over both families."""
import gzip
import hashlib
import json
import os
import random
import re
import signal
import socket
import ssl
import subprocess
import threading

import pytest

from geo_server import GNUTLS, Server, wait_for

ROWS = "1.1.1.0/24,CZ\n2001:1528::/32,CZ\n5.5.0.0/16,SK\n"
PATH = "/geo-exceptions.mmdb"


@pytest.fixture()
def rows(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text(ROWS)
    return path


@pytest.fixture()
def start(hextet_path, rows, tmp_path):
    """start(*args) -> a running Server over the fixture `rows`, which builds only when it is told to."""
    servers = []

    def run(*args, source=None, **options):
        servers.append(Server(hextet_path, "--from", source or f"csv:{rows}", "-o", tmp_path / "geo.mmdb", "--every",
                              "1d", *args, **options))
        return servers[-1]

    yield run
    for s in servers:
        assert s.stop() == 0, "\n".join(s.lines)


@pytest.fixture()
def curl(tool):
    def run(*args):
        return subprocess.run([tool("curl"), "-sS", "--max-time", "60", *map(str, args)], capture_output=True,
                              check=True).stdout
    return run


def status_of(curl, *args):
    return int(curl("-o", os.devnull, "-w", "%{http_code}", *args))


def test_curl_gets_the_file_of_both_families(start, curl, tmp_path):
    server = start().wait_healthy()
    content = (tmp_path / "geo.mmdb").read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    assert [u.split(":")[1] for u in server.urls] == ["//127.0.0.1", "//["]
    for url in server.urls:
        assert curl(url) == content
        head = curl("-I", url).decode().lower()
        assert f'etag: "{digest}"' in head and f"content-length: {len(content)}\r" in head
        base = url.removesuffix(PATH)
        line = f"{digest}  geo-exceptions.mmdb\n".encode()
        assert curl(url + ".sha256") == curl(base + "/sha256") == line


def test_curl_asks_conditionally(start, curl, tmp_path):
    server = start().wait_healthy()
    etag, copy = tmp_path / "etag", tmp_path / "copy"
    save = ["--etag-save", etag, "--etag-compare", etag, "-w", "%{http_code}", "-o", copy, server.url]
    assert curl(*save) == b"200"
    content = copy.read_bytes()
    assert curl(*save) == b"304" and copy.read_bytes() == content
    curl("-R", "-o", copy, server.url)  # with its date
    assert status_of(curl, "-z", copy, server.url) == 304
    assert status_of(curl, "-z", "Sun, 06 Nov 1994 08:49:37 GMT", server.url) == 200
    assert status_of(curl, "-H", 'If-None-Match: "other"', server.url) == 200
    assert status_of(curl, "-H", 'If-Match: "other"', server.url) == 412


def test_curl_asks_for_ranges(start, curl, tmp_path):
    server = start().wait_healthy()
    content = (tmp_path / "geo.mmdb").read_bytes()
    assert curl("-r", "10-19", server.url) == content[10:20]
    assert curl("-r", "-7", server.url) == content[-7:]
    assert status_of(curl, "-r", "0-0", server.url) == 206
    head = curl("-r", f"{len(content)}-", "-D", "-", server.url).decode()
    assert " 416 " in head and f"bytes */{len(content)}" in head
    part = tmp_path / "part"
    part.write_bytes(content[:100])
    curl("-C", "-", "-o", part, server.url)
    assert part.read_bytes() == content


def test_curl_takes_gzip(start, curl, tmp_path):
    server = start().wait_healthy()
    content = (tmp_path / "geo.mmdb").read_bytes()
    # It is made after the file itself was published.
    coded = wait_for("gzip", lambda: (a := server.get(PATH, **{"Accept-Encoding": "gzip"})).headers["Content-Encoding"]
                     == "gzip" and a)
    assert gzip.decompress(coded.body) == content and len(coded.body) < len(content)
    assert coded.headers["Vary"] == "Accept-Encoding"
    digest = hashlib.sha256(content).hexdigest()
    assert coded.headers["ETag"] == f'"{digest}-gzip"'
    assert curl("--compressed", server.url) == content
    assert curl(server.url) == content
    # Who has one form is told that it is fresh, whatever form would be sent.
    for etag in (f'"{digest}"', f'"{digest}-gzip"'):
        answer = server.get(PATH, **{"Accept-Encoding": "gzip", "If-None-Match": etag})
        assert (answer.status, answer.headers["ETag"], answer.body) == (304, etag, b"")


def test_lookups(start, tool, tmp_path):
    server = start().wait_healthy()
    answer = server.get("/v1/lookup?ip=2001:1528:132:70::ebe2")
    assert answer.status == 200 and answer.headers["Content-Type"] == "application/json"
    assert answer.json() == {"ip": "2001:1528:132:70::ebe2", "network": "2001:1528::/32", "country": "CZ",
                             "name": "Czechia", "in_eu": True}
    asked = ["1.1.1.1", "1.1.2.1", "5.5.5.5", "2001:1528::1", "::ffff:5.5.0.1", "2001:1527::"]
    answers = server.request("POST", "/v1/lookup", json.dumps(asked)).json()
    for ip, got in zip(asked, answers, strict=True):
        read = subprocess.run([tool("mmdblookup"), "-f", tmp_path / "geo.mmdb", "-i", ip, "country", "iso_code"],
                              capture_output=True, text=True)
        match = re.search(r'"(..)"', read.stdout)
        assert got["country"] == (match[1] if match else None), ip
    mixed = server.request("POST", "/v1/lookup", '["1.1.1.1", "1.1.1.300", 7, null]').json()
    assert [sorted(m) for m in mixed[1:]] == [["error", "hint", "ip"], ["error", "ip"], ["error", "ip"]]


REFUSALS = [
    ("GET", "/v1/lookup", None, 400),
    ("GET", "/v1/lookup?ip=", None, 400),
    ("GET", "/v1/lookup?ip=1.1.1.1.1", None, 400),
    ("POST", "/v1/lookup", "", 400),
    ("POST", "/v1/lookup", '["1.1.1.1"', 400),
    ("POST", "/v1/lookup", '{"ip": "1.1.1.1"}', 400),
    ("POST", "/v1/lookup", "[" * 100000, 400),
    ("POST", "/v1/lookup", json.dumps(["1.1.1.1"] * 10001), 413),
    ("POST", PATH, "x", 405),
    ("DELETE", "/health", None, 405),
    ("GET", "/", None, 404),
    ("GET", PATH + "x", None, 404),
    ("GET", "/health/", None, 404),
]


@pytest.mark.parametrize("method, path, body, status", REFUSALS, ids=range(len(REFUSALS)))
def test_refusals_are_json(start, method, path, body, status):
    server = start().wait_healthy()
    answer = server.request(method, path, body)
    assert answer.status == status
    assert answer.json()["error"]
    assert ("Allow" in answer.headers) == (status == 405)
    assert server.health().status == 200


def test_a_body_that_is_too_large(start, curl, tmp_path):
    """curl asks before it sends so much (Expect: 100-continue)."""
    server = start().wait_healthy()
    body = tmp_path / "body"
    body.write_text(" " * (1 << 20) + "[]")
    url = server.url.removesuffix(PATH) + "/v1/lookup"
    assert status_of(curl, "-H", "Expect: 100-continue", "--data-binary", f"@{body}", url) == 413
    body.write_text(" " * 1000000 + '["1.1.1.1"]')
    assert json.loads(curl("-H", "Expect: 100-continue", "--data-binary", f"@{body}", url))[0]["country"] == "CZ"


def test_as_many_lookups_as_allowed(start):
    server = start().wait_healthy()
    answers = server.request("POST", "/v1/lookup", json.dumps(["5.5.1.1"] * 10000)).json()
    assert len(answers) == 10000 and {a["country"] for a in answers} == {"SK"}


def test_hostile_requests_harm_nobody(start):
    server = start().wait_healthy()
    for sent in (b"\0\xff\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n",
                 b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nX: " + b"y" * 100000,
                 b"POST /v1/lookup HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
                 b"POST /v1/lookup HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
                 b"POST /v1/lookup HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                 b"GET /%00%ff%zz HTTP/1.1\r\nHost: x\r\n\r\n",
                 b"GET /v1/lookup?ip=%00&ip=&&=&ip HTTP/1.1\r\nHost: x\r\n\r\n"):
        with socket.create_connection(server.address()) as s:
            s.settimeout(60)
            s.sendall(sent)
            s.shutdown(socket.SHUT_WR)
            answer = b""
            try:
                while got := s.recv(65536):
                    answer += got
            except ConnectionResetError:
                pass
        assert not answer or re.match(rb"HTTP/1\.1 (400|404|413|414|431|505) ", answer), (sent[:40], answer[:200])
    assert server.health().status == 200


LOOKUP = b"POST /v1/lookup HTTP/1.1\r\nHost: x\r\n%s\r\n\r\n"


@pytest.mark.parametrize("head, body", [
    (b"Content-Length: 6\r\nTransfer-Encoding: chunked", b"0\r\n\r\n"),
    (b"Content-Length: 0\r\nContent-Length: 11", b'["1.1.1.1"]'),
    (b"Content-Length: 11\r\nContent-Length: 11", b'["1.1.1.1"]'),
    (b"Content-Length : 11", b'["1.1.1.1"]'),
    (b"Transfer-Encoding: xchunked", b"0\r\n\r\n"),
    (b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", b"0\r\n\r\n"),
    (b"Transfer-Encoding: chunked, identity", b"0\r\n\r\n"),
], ids=range(7))
def test_no_request_is_smuggled(start, head, body):
    """What ends nobody knows where gets 400, and nothing behind it is taken for a request (RFC 9112, 6.3)."""
    server = start().wait_healthy()
    for first in (LOOKUP % head, (LOOKUP % head).replace(b"POST", b"GET")):
        with socket.create_connection(server.address()) as s:
            s.settimeout(60)
            s.sendall(first + body + b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = b""
            try:
                while got := s.recv(65536):
                    answer += got
            except ConnectionResetError:
                pass
        assert answer.startswith(b"HTTP/1.1 400 ") and answer.count(b"HTTP/1.1") == 1, answer


@pytest.mark.parametrize("target, status", [("http://x/health", 200), ("HTTP://x:1/health?a=b", 200), ("http://x", 404),
                                            ("https://x/health/", 404), ("ftp://x/health", 404)])
def test_targets_as_proxies_get_them(start, target, status):
    server = start().wait_healthy()
    with socket.create_connection(server.address()) as s:
        s.settimeout(60)
        s.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert s.recv(65536).startswith(b"HTTP/1.1 %d " % status)


def test_one_client_does_not_take_all_connections(start):
    server = start().wait_healthy()
    held = [socket.create_connection(server.address()) for _ in range(80)]
    closed = 0
    for s in held:
        s.settimeout(60)
        try:
            s.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            closed += not s.recv(1000)
        except ConnectionError:
            closed += 1
    assert closed == 80 - 64
    assert server.request("GET", "/health", n=1).status == 200  # another client, ::1
    for s in held:
        s.close()
    wait_for("room again", lambda: server.health().status == 200)


def test_a_failed_build_keeps_the_file(start, rows, tmp_path):
    server = start().wait_healthy()
    before = server.file()
    rows.write_text(ROWS + "9.9.9.0/24,Atlantis\n")
    server.signal(signal.SIGHUP)
    wait_for("a failed build", lambda: server.health().status == 503)
    health = server.health().json()
    assert not health["healthy"] and "Atlantis" in health["reason"] and "rows.csv:4: " in health["reason"]
    server.wait_line("rows.csv:4:")
    assert server.metrics()["hextet_geo_healthy"] == 0
    assert server.metrics()['hextet_geo_builds_total{result="failed"}'] >= 1
    after = server.file()
    assert (after.status, after.body, after.headers["ETag"]) == (200, before.body, before.headers["ETag"])
    assert server.get("/v1/lookup?ip=1.1.1.1").json()["country"] == "CZ"
    rows.write_text(ROWS + "9.9.9.0/24,FR\n")
    server.signal(signal.SIGHUP)
    server.wait_healthy()
    new = server.file()
    assert new.headers["ETag"] == '"%s"' % hashlib.sha256((tmp_path / "geo.mmdb").read_bytes()).hexdigest()
    assert new.headers["ETag"] != before.headers["ETag"]
    assert server.get("/v1/lookup?ip=9.9.9.9").json()["country"] == "FR"
    assert server.get(PATH, **{"If-None-Match": before.headers["ETag"]}).status == 200


def test_the_same_rows_are_the_same_file(start, rows):
    server = start().wait_healthy()
    before = server.file()
    rows.write_text("".join(reversed(ROWS.splitlines(keepends=True))))
    server.signal(signal.SIGHUP)
    wait_for("a second build", lambda: server.metrics()['hextet_geo_builds_total{result="unchanged"}'] == 1)
    after = server.file()
    for name in ("ETag", "Last-Modified"):
        assert after.headers[name] == before.headers[name]
    assert server.get(PATH, **{"If-Modified-Since": before.headers["Last-Modified"]}).status == 304


def test_every_answer_is_one_file(start, rows):
    """While files come and go, what is sent is one of them as a whole, and the ETag is its own."""
    server = start().wait_healthy()
    stop, wrong, seen = threading.Event(), [], set()

    def ask(coding):
        while not stop.is_set():
            answer = server.get(PATH, **{"Accept-Encoding": coding})
            body = gzip.decompress(answer.body) if answer.headers["Content-Encoding"] else answer.body
            digest = hashlib.sha256(body).hexdigest()
            seen.add(digest)
            if answer.headers["ETag"].strip('"').removesuffix("-gzip") != digest:
                wrong.append(answer.headers["ETag"])

    threads = [threading.Thread(target=ask, args=(coding,)) for coding in ("gzip", "identity")]
    for t in threads:
        t.start()
    for n in range(20):
        rows.write_text(ROWS + "".join(f"9.9.{i}.0/24,FR\n" for i in range(2 * n, 5 * n)))
        networks = server.metrics()["hextet_geo_builds_total{result=\"published\"}"]
        server.signal(signal.SIGHUP)
        wait_for("a build", lambda old=networks: server.metrics()['hextet_geo_builds_total{result="published"}'] > old
                 or n == 0)
    stop.set()
    for t in threads:
        t.join()
    assert not wrong and len(seen) >= 10


ESTATE = """
estate: lab
domain: example.net
geo: {{ exceptions: "sqlite:{folder}/geo.db", publish: {{ listen: "127.0.0.1:{port}", path: /eu/own.mmdb, every: 1d }} }}
"""


def test_from_an_estate(hextet, hextet_path, tmp_path):
    source = f"sqlite:{tmp_path}/geo.db"
    assert hextet("geo", "init", source).returncode == 0
    assert hextet("geo", "exception", "add", source, "2001:1528:132:70::/64", "Czechia").returncode == 0
    with socket.create_server(("127.0.0.1", 0)) as s:
        port = s.getsockname()[1]
    (tmp_path / "estate").mkdir()
    (tmp_path / "estate/estate.yaml").write_text(ESTATE.format(folder=tmp_path, port=port))
    with Server(hextet_path, tmp_path / "estate", "-o", tmp_path / "geo.mmdb", listen=(), urls=1) as server:
        assert server.url == f"http://127.0.0.1:{port}/eu/own.mmdb"
        server.wait_healthy()
        assert server.get("/v1/lookup?ip=2001:1528:132:70::ebe2").json()["name"] == "Czechia"
        assert server.get("/eu/own.mmdb.sha256").body.endswith(b"  own.mmdb\n")
        assert hextet("geo", "exception", "add", source, "1.1.1.0/24", "SK").returncode == 0
        server.signal(signal.SIGHUP)
        wait_for("the new row", lambda: server.get("/v1/lookup?ip=1.1.1.1").json()["country"] == "SK")


def test_a_file_that_is_there_is_published_at_once(start, hextet, rows, tmp_path):
    assert hextet("geo", "build", "--from", f"csv:{rows}", "-o", tmp_path / "geo.mmdb").returncode == 0
    content = (tmp_path / "geo.mmdb").read_bytes()
    rows.unlink()
    server = start()
    wait_for("the file", lambda: server.file().status == 200)
    assert server.file().body == content
    wait_for("a failed build", lambda: "rows.csv" in server.health().json()["reason"])
    assert server.health().status == 503
    rows.write_text(ROWS)  # the build is tried again without being told
    server.wait_healthy()


@pytest.mark.parametrize("there", [b"", b"<html>", "half"])
def test_a_broken_file_is_not_published(start, hextet, rows, tmp_path, there):
    path = tmp_path / "geo.mmdb"
    if there == "half":
        assert hextet("geo", "build", "--from", f"csv:{rows}", "-o", path).returncode == 0
        there = path.read_bytes()[:200]
    path.write_bytes(there)
    rows.unlink()
    server = start()
    server.wait_line("what is there is not published")
    assert server.file().status == 503
    assert server.get("/v1/lookup?ip=1.1.1.1").status == 503


def test_a_build_that_hangs_or_dies_harms_nobody(start, rows, tmp_path):
    fifo = tmp_path / "fifo.csv"
    os.mkfifo(fifo)
    server = start(source=f"csv:{fifo}")
    with open(fifo, "w", encoding="ascii") as f:
        f.write(ROWS)
    server.wait_healthy()
    wait_for("the gzipped form", lambda: not server.children())
    server.signal(signal.SIGHUP)
    child, = wait_for("the build", server.children)
    assert server.file().status == 200  # while the build waits for its source
    os.kill(child, signal.SIGSEGV)
    wait_for("a failed build", lambda: server.health().status == 503)
    assert re.search(r"killed by signal|ended with status", server.health().json()["reason"])
    assert server.file().status == 200


def test_a_build_that_takes_too_long_is_given_up(start, tmp_path):
    fifo = tmp_path / "fifo.csv"
    os.mkfifo(fifo)
    server = start("--build-timeout", "1s", source=f"csv:{fifo}")
    server.wait_line("the build took longer than 1 s")
    assert server.health().status == 503


def test_metrics_are_prometheus_text(start):
    parser = pytest.importorskip("prometheus_client.parser")
    server = start().wait_healthy()
    for path in ("/health", "/nope", PATH, PATH):
        server.get(path)
    families = {f.name: f for f in
                parser.text_string_to_metric_families(server.get("/metrics").body.decode())}
    assert families["hextet_geo_networks"].samples[0].value == 3
    assert families["hextet_geo_healthy"].samples[0].value == 1
    assert families["hextet_geo_build_seconds"].type == "summary"
    requests = {(s.labels["path"], s.labels["status"]): s.value
                for s in families["hextet_geo_http_requests"].samples}
    assert requests["file", "200"] == 2 and requests["other", "404"] == 1
    assert all(f.documentation and f.type != "unknown" for f in families.values())


def test_nobody_listens_to_its_talk(start, rows):
    server = start().wait_healthy()
    os.dup2(os.open(os.devnull, os.O_RDONLY), server.process.stderr.fileno())  # the pipe's last reader is gone
    rows.write_text(ROWS + "9.9.9.0/24,FR\n")
    server.signal(signal.SIGHUP)
    wait_for("the new row", lambda: server.get("/v1/lookup?ip=9.9.9.9").json()["country"] == "FR")


def test_clients_that_leave_early(start, rows):
    """The file is larger than what sockets hold; whoever leaves in the middle leaves the others alone."""
    rng = random.Random(1)
    rows.write_text("".join(f"{a}.{b}.0.0/{rng.randint(16, 24)},{rng.choice(['CZ', 'SK', 'AT', 'HU'])}\n"
                            for a in range(1, 200) for b in range(256)))
    server = start().wait_healthy()
    size = len(server.file().body)
    for n in range(20):
        with socket.create_connection(server.address()) as s:
            s.sendall(f"GET {PATH} HTTP/1.1\r\nHost: x\r\n\r\n".encode() * 3)
            s.recv(1 + 1000 * n)
    assert size > 100000 and len(server.file().body) == size


def test_systemd_is_told(start, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(str(tmp_path / "notify"))
        s.settimeout(60)
        server = start(env={"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "400000"})
        told = set()
        while not {"READY=1", "WATCHDOG=1"} <= told:
            told |= set(s.recv(4096).decode().splitlines())
        server.wait_healthy()
        while not any(line.startswith("STATUS=3 networks") for line in told):
            told |= set(s.recv(4096).decode().splitlines())


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    for name in ("own", "other"):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-days", "2", "-subj", "/CN=localhost", "-addext",
                        "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1", "-keyout", folder / f"{name}.key", "-out",
                        folder / f"{name}.pem"], check=True, capture_output=True)
    return folder


def test_tls(start, curl, certificate, tmp_path):
    server = start("--tls-cert", certificate / "own.pem", "--tls-key", certificate / "own.key", env=GNUTLS)
    assert all(u.startswith("https://") for u in server.urls)
    for url in server.urls:
        health = url.removesuffix(PATH) + "/health"
        wait_for("a good build", lambda u=health: status_of(curl, "--cacert", certificate / "own.pem", u) == 200)
        assert curl("--cacert", certificate / "own.pem", url) == (tmp_path / "geo.mmdb").read_bytes()
        refused = subprocess.run(["curl", "-sS", "--cacert", certificate / "other.pem", url], capture_output=True)
        assert refused.returncode == 60  # not trusted
    context = ssl.create_default_context(cafile=str(certificate / "own.pem"))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with socket.create_connection(server.address()) as raw, context.wrap_socket(raw, server_hostname="localhost") as s:
        assert s.version() == "TLSv1.2"
    for version, taken in (("-tls1", False), ("-tls1_1", False), ("-tls1_2", True)):
        done = subprocess.run(["openssl", "s_client", "-connect", "%s:%d" % server.address(), version, "-cipher",
                               "DEFAULT:@SECLEVEL=0"], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        assert (done.returncode == 0) == taken and ("Cipher is (NONE)" in done.stdout) != taken, done.stderr


@pytest.mark.parametrize("args, status, said", [
    (["--listen", "192.0.2.1:0"], 3, "cannot listen on 192.0.2.1:0"),
    (["--listen", "example.net:80"], 2, "--listen takes"),
    (["--tls-cert", "own.pem"], 2, "--tls-cert and --tls-key go together"),
    (["--tls-cert", "own.pem", "--tls-key", "other.key"], 3, "not a certificate and its key"),
    (["--tls-cert", "none.pem", "--tls-key", "own.key"], 3, "cannot read none.pem"),
    (["--path", "x"], 2, "x cannot be the path that is published: it begins with '/'"),
    (["--path", "/x/"], 2, "it begins with '/'"),
    (["--path", "/health"], 2, "/health cannot be the path that is published: the server answers something else"),
    (["--from", "csv:-"], 2, "standard input can be read once"),
    (["--base", "csv:-"], 2, "standard input can be read once"),
    (["--base", "mmdb:x.mmdb"], 2, "x.mmdb is the base and the file that is published"),
    (["--every", "0"], 2, "--every is a time"),
    (["--every", "5 m"], 2, "--every is a time"),
])
def test_what_cannot_be_served(hextet, rows, certificate, args, status, said):
    done = hextet("geo", "serve", "--from", f"csv:{rows}", "-o", "x.mmdb", *args, cwd=certificate,
                  env={**os.environ, **GNUTLS})
    assert done.returncode == status and said in done.stderr
    assert not (certificate / "x.mmdb").exists()


def test_an_address_that_is_taken(hextet, rows, tmp_path):
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as s:
        where = f"[::1]:{s.getsockname()[1]}"
        done = hextet("geo", "serve", "--from", f"csv:{rows}", "-o", tmp_path / "x.mmdb", "--listen", where)
    assert done.returncode == 3 and f"cannot listen on {where}: Address already in use" in done.stderr
