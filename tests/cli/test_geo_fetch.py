# SPDX-License-Identifier: Apache-2.0
"""`hextet geo fetch`, from our own server and from servers that lie."""
import base64
import gzip
import hashlib
import json
import os
import random
import signal
import socket
import subprocess

import pytest

from geo_server import GNUTLS, Server, wait_for
from hostile_server import HostileServer, answer

ROWS = "1.1.1.0/24,CZ\n2001:1528::/32,CZ\n5.5.0.0/16,SK\n"
FILE = "/geo.mmdb"


def sha256(content):
    return hashlib.sha256(content).hexdigest()


@pytest.fixture(scope="module")
def good(hextet, tmp_path_factory):
    """Two good files."""
    folder = tmp_path_factory.mktemp("good")
    contents = []
    for name, rows in (("a", ROWS), ("b", ROWS + "9.9.9.0/24,FR\n")):
        (folder / f"{name}.csv").write_text(rows)
        done = hextet("geo", "build", "--from", f"csv:{folder}/{name}.csv", "-o", folder / name, "--build-epoch", "1")
        assert done.returncode == 0, done.stderr
        contents.append((folder / name).read_bytes())
    return contents


@pytest.fixture()
def target(tmp_path):
    return tmp_path / "fetched.mmdb"


@pytest.fixture()
def fetch(hextet, target):
    """fetch(url, *args) -> CompletedProcess; nothing may be left beside the target."""

    def run(url, *args, **options):
        done = hextet("geo", "fetch", url, "-o", target, "--output", "json", *args, **options)
        left = {p.name for p in target.parent.iterdir()}
        assert left <= {"fetched.mmdb", "fetched.mmdb.etag", ".fetched.mmdb.lock"}, left
        return done

    return run


def result(done):
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_from_our_own_server(hextet_path, tmp_path, target, fetch):
    folder = tmp_path.parent / (tmp_path.name + "-server")
    folder.mkdir()
    rows = folder / "rows.csv"
    rows.write_text(ROWS)
    with Server(hextet_path, "--from", f"csv:{rows}", "-o", folder / "geo.mmdb", "--every", "1d") as server:
        server.wait_healthy()
        for url, family in zip(server.urls, ("-4", "-6"), strict=True):
            target.unlink(missing_ok=True)
            got = result(fetch(url, family))
            assert got["changed"] and got["networks"] == 3 and got["sha256"] == sha256(target.read_bytes())
        inode = target.stat().st_ino
        done = fetch(server.url)
        assert not result(done)["changed"] and "unchanged" in done.stderr
        assert target.stat().st_ino == inode and not (tmp_path / "fetched.mmdb.etag").exists()
        counts = server.metrics()
        assert counts['hextet_geo_http_requests_total{path="file",status="304"}'] == 1
        assert 'hextet_geo_http_requests_total{path="sha256",status="200"}' not in counts  # the ETag is the digest
        rows.write_text(ROWS + "9.9.9.0/24,FR\n")
        server.signal(signal.SIGHUP)
        wait_for("a new file", lambda: server.metrics()["hextet_geo_networks"] == 4)
        assert result(fetch(server.url))["changed"]
        assert target.read_bytes() == (folder / "geo.mmdb").read_bytes()
        # A file that somebody damaged is not what the server has.
        target.write_bytes(target.read_bytes()[:-1])
        assert result(fetch(server.url))["changed"]
        assert target.read_bytes() == (folder / "geo.mmdb").read_bytes()


def test_from_our_own_server_with_tls(hextet_path, tmp_path, target, fetch):
    folder = tmp_path.parent / (tmp_path.name + "-server")
    folder.mkdir()
    (folder / "rows.csv").write_text(ROWS)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                    "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,IP:::1", "-keyout",
                    folder / "key", "-out", folder / "cert"], check=True, capture_output=True)
    env = {**os.environ, **GNUTLS}
    with Server(hextet_path, "--from", f"csv:{folder}/rows.csv", "-o", folder / "geo.mmdb", "--tls-cert",
                folder / "cert", "--tls-key", folder / "key", env=env) as server:
        server.wait_line("published")
        for url in server.urls:
            assert result(fetch(url, "--force", "--cacert", folder / "cert", env=env))["bytes"] > 0
        done = fetch(server.url, env=env)
        assert done.returncode == 3 and "certificate" in done.stderr
        assert target.read_bytes() == (folder / "geo.mmdb").read_bytes()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_etag_of_another_server_is_kept(good, target, fetch, host):
    state = target.with_name("fetched.mmdb.etag")
    with HostileServer({FILE: [answer(good[0], ETag='W/"v1"'), answer(status=304, length="", ETag='W/"v1"'),
                               answer(good[1], ETag='"v2"')]}, host) as server:
        assert result(fetch(server.base + FILE))["changed"]
        assert state.read_text() == f'sha256 {sha256(good[0])}\netag W/"v1"\n'
        assert not result(fetch(server.base + FILE))["changed"]
        assert result(fetch(server.base + FILE))["changed"]
        asked = [headers.get("if-none-match") for path, headers in server.requests if path == FILE]
        assert asked == [None, 'W/"v1"', 'W/"v1"']
        # It is not sent for a file that it does not belong to.
        target.write_bytes(good[0])
        assert result(fetch(server.base + FILE))["changed"]
        assert server.requests[-2][1]["if-none-match"] == f'"{sha256(good[0])}"'
        # Nor when it is unreadable.
        for broken in ("", "sha256\n", "etag x\n", "\0" * 100, "x" * 5000, f"sha256 {sha256(good[1])}\netag a\rb\n"):
            state.write_text(broken)
            assert not result(fetch(server.base + FILE))["changed"]
            sent = [h for p, h in server.requests if p == FILE][-1]
            assert sent["if-none-match"] == f'"{sha256(good[1])}"', broken


def test_date_of_a_server_without_etags(good, fetch):
    date = "Sun, 06 Nov 1994 08:49:37 GMT"
    with HostileServer({FILE: [answer(good[0], Last_Modified=date), answer(status=304, length="")]}) as server:
        assert result(fetch(server.base + FILE))["changed"]
        assert not result(fetch(server.base + FILE))["changed"]
        assert [h for p, h in server.requests if p == FILE][-1]["if-modified-since"] == date


def test_digests(good, target, fetch):
    line = f"{sha256(good[0])}  geo.mmdb\n".encode()
    wrong = f"{sha256(good[1])}  geo.mmdb\n".encode()
    file = answer(good[0])
    with HostileServer({FILE: file, FILE + ".sha256": answer(line)}) as server:
        assert "no digest" not in fetch(server.base + FILE).stderr
        assert [p for p, _ in server.requests] == [FILE, FILE + ".sha256"]
        assert result(fetch(server.base + FILE + "?key=1#x", "--force"))
        assert [p for p, _ in server.requests[2:]] == [FILE + "?key=1", FILE + ".sha256?key=1"]
    target.unlink()
    for digest in (answer(status=404), answer(b"<html>" + line), answer(b""), answer(status=403)):
        with HostileServer({FILE: file, FILE + ".sha256": digest}) as server:
            assert "no digest" in fetch(server.base + FILE).stderr
            assert target.read_bytes() == good[0]
        target.unlink()
    with HostileServer({FILE: file, FILE + ".sha256": answer(wrong)}) as server:
        done = fetch(server.base + FILE)
        assert done.returncode == 1 and sha256(good[0]) in done.stderr and not target.exists()
        assert len(server.requests) == 4  # asked again once: it may have been published in between
    with HostileServer({FILE: [answer(good[1]), file], FILE + ".sha256": answer(line)}) as server:
        assert result(fetch(server.base + FILE))["changed"] and target.read_bytes() == good[0]
    target.unlink()
    with HostileServer({FILE: file, FILE + ".sha256": answer(status=500)}) as server:
        done = fetch(server.base + FILE)
        assert done.returncode == 3 and "500" in done.stderr and not target.exists()
    with HostileServer({FILE: file}) as server:
        assert fetch(server.base + FILE, "--sha256", sha256(good[1])).returncode == 1
        assert not target.exists()
        assert result(fetch(server.base + FILE, "--sha256", sha256(good[0]).upper()))["changed"]
        assert fetch(server.base + FILE, "--sha256", "abc").returncode == 2


def truncated(content):
    return answer(content[:len(content) // 2], length=len(content))


def without_length(content):
    return answer(content[:len(content) // 2], length="")


def flip(content, where):
    return content[:where] + bytes([content[where] ^ 0xff]) + content[where + 1:]


REFUSED = {
    "truncated": (truncated, 3),
    "half and no length": (without_length, 1),
    "length too short": (lambda c: answer(c, length=len(c) - 10), 1),
    "length too long": (lambda c: answer(c, length=len(c) + 10), 3),
    "length is no number": (lambda c: answer(c, length="many"), 3),
    "empty": (lambda c: answer(b""), 1),
    "web page": (lambda c: answer(b"<!DOCTYPE html><h1>Welcome</h1>" * 100), 1),
    "gzip not told": (lambda c: answer(gzip.compress(c)), 1),
    "gzip told but not true": (lambda c: answer(c, Content_Encoding="gzip"), 3),
    "gzip cut": (lambda c: answer(gzip.compress(c)[:len(c) // 4], Content_Encoding="gzip"), 1),
    "metadata flipped": (lambda c: answer(flip(c, c.rindex(b"MaxMind.com"))), 1),
    "node points nowhere": (lambda c: answer(b"\xff\xff\xff" + c[3:]), 1),
    "padded in front": (lambda c: answer(b"\n" + c), 1),
    "304 nobody asked": (lambda c: answer(status=304, length=""), 3),
    "204": (lambda c: answer(status=204, length=""), 3),
    "206": (lambda c: answer(c[10:], 206, Content_Range=f"bytes 10-{len(c) - 1}/{len(c)}"), 3),
    "404 with the file": (lambda c: answer(c, 404), 3),
    "500 with the file": (lambda c: answer(c, 500), 3),
    "no HTTP": (lambda c: b"\0" * 1000, 3),
    "closed at once": (lambda c: b"", 3),
    "redirect to a file": (lambda c: answer(status=302, Location="file:///etc/passwd"), 3),
    "redirect to ftp": (lambda c: answer(status=302, Location="ftp://127.0.0.1/geo.mmdb"), 3),
    "redirect to no URL": (lambda c: answer(status=302, Location="http://[bad/"), 3),
    "redirect to itself": (lambda c: answer(status=302, Location=FILE), 3),
}


@pytest.mark.parametrize("what", REFUSED)
@pytest.mark.parametrize("there", [False, True])
def test_what_is_refused_changes_nothing(good, target, fetch, what, there):
    reply, status = REFUSED[what]
    if there:
        target.write_bytes(good[1])
    with HostileServer({FILE: reply(good[0])}) as server:
        done = fetch(server.base + FILE, "--force")
    assert done.returncode == status, done.stderr
    assert done.stderr.startswith("error: ") and done.stdout == ""
    assert target.exists() == there and (not there or target.read_bytes() == good[1])


@pytest.mark.parametrize("user", ["", "name:s3cret@", "name:s3/c@ret@", "s3cret@"])
def test_no_message_shows_what_is_secret(good, target, fetch, user):
    with HostileServer({FILE: [answer(b"<html>"), answer(status=500), answer(good[0])]}) as server:
        url = server.base.replace("://", f"://{user}") + FILE + "?license_key=s3cret"
        for args in ([], [], ["--sha256", "0" * 64]):
            done = fetch(url, *args)
            assert done.returncode in (1, 2, 3) and "error: " in done.stderr
            assert "http://" in done.stderr and "?***" in done.stderr
            assert "cret" not in done.stderr and "s3" not in done.stderr


def test_name_and_password_of_netrc(good, fetch, tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    (home / ".netrc").write_text("machine 127.0.0.1 login name password s3cret\n")
    with HostileServer({FILE: answer(good[0])}) as server:
        assert result(fetch(server.base + FILE, env={**os.environ, "HOME": str(home)}))["changed"]
        assert server.requests[0][1]["authorization"] == "Basic " + base64.b64encode(b"name:s3cret").decode()


def test_what_is_no_file_is_not_replaced(good, fetch, hextet, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with HostileServer({FILE: answer(good[0])}) as server:
        for path in (pipe, tmp_path):
            done = hextet("geo", "fetch", server.base + FILE, "-o", path)
            assert done.returncode == 3 and "error: cannot" in done.stderr
    (tmp_path / "good").write_bytes(good[0])
    (tmp_path / "rows.csv").write_text(ROWS)
    for args in (["build", "--from", tmp_path / "rows.csv"], ["export", tmp_path / "good", "--format", "csv"]):
        with socket.socket(socket.AF_UNIX) as s:
            s.bind(str(tmp_path / "socket"))  # not /dev/null: a test that fails must not replace that
            done = hextet("geo", *args, "-o", tmp_path / "socket")
        assert done.returncode == 3 and "socket: it is no regular file, and not replaced by one" in done.stderr
        assert (tmp_path / "socket").is_socket()
        (tmp_path / "socket").unlink()
    assert pipe.is_fifo() and not server.requests


def test_random_damage_is_refused(good, target, fetch):
    """What is taken in spite of a flipped byte is a good file, for example with another letter in a name."""
    rng = random.Random(3)
    taken = 0
    for _ in range(25):
        content = flip(good[0], rng.randrange(len(good[0])))
        with HostileServer({FILE: answer(content)}) as server:
            done = fetch(server.base + FILE, "--force")
            assert done.returncode in (0, 1), done.stderr
            taken += done.returncode == 0
            if done.returncode == 0:
                assert target.read_bytes() == content
    assert taken < 20
    with HostileServer({FILE: answer(flip(good[0], 5)), FILE + ".sha256": answer(sha256(good[0]).encode())}) as server:
        assert fetch(server.base + FILE, "--force").returncode == 1


def test_redirects(good, target, fetch):
    hops = {f"/{n}": answer(status=302, Location=f"/{n + 1}") for n in range(5)}
    with HostileServer({**hops, "/5": answer(good[0]), "/start": answer(status=302, Location="/0")}) as server:
        assert result(fetch(server.base + "/0"))["changed"]
        done = fetch(server.base + "/start")
        assert done.returncode == 3 and "redirects" in done.stderr


def test_size_limits(good, target, fetch):
    with HostileServer({FILE: answer(good[0]), "/chunked": answer(good[0], length=""),
                        "/bomb": answer(gzip.compress(b"\0" * (64 << 20)), Content_Encoding="gzip")}) as server:
        for path, limit in ((FILE, len(good[0]) - 1), ("/chunked", len(good[0]) - 1), ("/bomb", "1M")):
            done = fetch(server.base + path, "--max-size", limit)
            assert done.returncode == 3 and "larger than the limit" in done.stderr, (path, done.stderr)
            assert not target.exists()
        assert result(fetch(server.base + FILE, "--max-size", len(good[0])))["changed"]


def test_a_slow_server_is_left(good, target, fetch):
    def trickle(connection):
        connection.sendall(answer(good[0])[:-100])
        connection.recv(1)  # until the client leaves

    with HostileServer({FILE: trickle}) as server:
        done = fetch(server.base + FILE, "--timeout", "1s")
    assert done.returncode == 3 and "timed out" in done.stderr.lower() and not target.exists()


def test_retries(good, target, fetch):
    with HostileServer({FILE: [answer(b"busy", 503), b"", answer(good[0])]}) as server:
        done = fetch(server.base + FILE, "--retry", "2")
        assert result(done)["changed"] and done.stderr.count("trying again in") == 2
    target.unlink()
    with HostileServer({FILE: [answer(b"busy", 503), answer(good[0])]}) as server:
        assert fetch(server.base + FILE).returncode == 3
    for status in (404, 403):  # will not go better
        with HostileServer({FILE: [answer(b"", status), answer(good[0])]}) as server:
            assert fetch(server.base + FILE, "--retry", "5").returncode == 3
            assert len(server.requests) == 1


def test_one_fetch_at_a_time(good, target, fetch, hextet_path):
    def wait(connection):
        connection.recv(1)

    with HostileServer({FILE: wait, "/other": answer(good[0])}) as server:
        first = subprocess.Popen([str(hextet_path), "geo", "fetch", server.base + FILE, "-o", str(target)],
                                 stderr=subprocess.DEVNULL)
        try:
            wait_for("the first fetch", lambda: server.requests)
            done = fetch(server.base + "/other")
            assert done.returncode == 3 and "another fetch of" in done.stderr
        finally:
            first.kill()
            first.wait()
        # What was killed leaves neither a lock nor half a file.
        assert result(fetch(server.base + "/other"))["changed"]


def test_every(good, target, hextet_path):
    with HostileServer({FILE: [answer(good[0]), answer(status=500), answer(good[1])]}) as server:
        process = subprocess.Popen([str(hextet_path), "geo", "fetch", server.base + FILE, "-o", str(target), "--every",
                                    "1s"], stderr=subprocess.DEVNULL)
        try:
            wait_for("the second file", lambda: target.exists() and target.read_bytes() == good[1])
        finally:
            process.terminate()
            assert process.wait() == -signal.SIGTERM


def test_one_family(good, target, fetch):
    with HostileServer({FILE: answer(good[0])}, "::1") as server:
        done = fetch(server.base + FILE, "-4")
        assert done.returncode == 3 and not server.requests
        assert result(fetch(server.base + FILE, "-6"))["changed"]


@pytest.mark.parametrize("args, status, said", [
    ([], 2, "name the URL"),
    (["http://127.0.0.1/x"], 2, "-o"),
    (["ftp://127.0.0.1/x", "-o", "x"], 2, "begins with http:// or https://"),
    (["file:///etc/passwd", "-o", "x"], 2, "begins with http:// or https://"),
    (["http://", "-o", "x"], 2, "http://"),
    (["http://127.0.0.1:1/x", "-o", "x"], 3, "127.0.0.1"),
    (["http://127.0.0.1:1/x", "-o", "no/such/folder/x"], 3, "no/such/folder"),
    (["http://127.0.0.1:1/x", "-o", "."], 3, "."),
    (["http://127.0.0.1:1/x", "-o", "x", "--max-size", "0"], 2, "--max-size is a size"),
    (["http://127.0.0.1:1/x", "-o", "x", "--retry", "-1"], 2, "--retry is a number"),
])
def test_what_cannot_be_fetched(hextet, tmp_path, args, status, said):
    done = hextet("geo", "fetch", *args, cwd=tmp_path)
    assert done.returncode == status and said in done.stderr, done.stderr
    assert not (tmp_path / "x").exists()
