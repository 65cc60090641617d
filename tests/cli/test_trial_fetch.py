# SPDX-License-Identifier: Apache-2.0
"""The fetch engine of `hextet trial` beside curl -4 and curl -6: the same URLs, the same answers; and openssl for what
TLS shows. tests/probe/fetch_tool prints all of each answer."""
import gzip
import hashlib
import json
import os
import socket
import ssl
import struct
import subprocess
import time
from pathlib import Path

import pytest
from geo_server import GNUTLS
from trial_server import TrialServer, certificate, endless, page, redirect, reset, silent, tls_context, trickle

BINARY = bytes(range(256)) * 40
HOME = {4: "127.0.0.1", 6: "::1"}


@pytest.fixture(scope="module")
def pem(tmp_path_factory, tool):
    tool("openssl")
    return certificate(tmp_path_factory.mktemp("trial"))


@pytest.fixture(scope="module")
def fetch(hextet_path):
    """fetch("4 URL", …, option=value) -> the answers, in the order of the lines."""
    program = hextet_path.parent / "tests/fetch_tool"

    def run(*lines, env=None, **options):
        done = subprocess.run([program, *(f"{k}={v}" for k, v in options.items())], input="\n".join(lines), text=True,
                              capture_output=True, timeout=120, env={**os.environ, **GNUTLS, **(env or {})})
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    return run


@pytest.fixture(params=["gnutls", "openssl"])
def flavour(request, tmp_path):
    """The environment for either flavour of libcurl: the other one under the name that is asked for first."""
    if request.param == "gnutls":
        return {}
    library = next(Path("/usr/lib").glob("*/libcurl.so.4"), None)
    if not library:
        pytest.skip("libcurl4 is not installed")
    (tmp_path / "libcurl-gnutls.so.4").symlink_to(library)
    return {"LD_LIBRARY_PATH": str(tmp_path)}


def both(fetch, url, **options):
    """{4: answer, 6: answer}"""
    return {a["family"]: a for a in fetch(f"4 {url}", f"6 {url}", **options)}


def curl(tool, family, url, *args):
    """What curl says of it: exit status, and the answer."""
    end = "\n%{http_code} %{remote_ip} %{num_redirects} %{url_effective} %{exitcode}"
    done = subprocess.run([tool("curl"), "-q", f"-{family}", "-sSL", "--max-redirs", "10", "--noproxy", "*", "-w", end,
                           *args, url], capture_output=True, timeout=60)
    body, _, last = done.stdout.rpartition(b"\n")
    status, remote, redirects, effective, _ = last.decode().split(" ")
    return {"exit": done.returncode, "body": hashlib.sha256(body).hexdigest(), "status": int(status),
            "remote": remote, "redirects": int(redirects), "url": effective}


PAGES = {
    "/": page(b"hello"),
    "/empty": page(b""),
    "/204": b"HTTP/1.1 204 No Content\r\n\r\n",
    "/404": page(b"nothing here", 404),
    "/500": page(b"broken", 500),
    "/binary": page(BINARY, headers=[("Content-Type", "application/octet-stream")]),
    "/no-length": page(BINARY, length=""),
    "/chunked": page(b"5\r\nhello\r\n1\r\n!\r\n0\r\nX-Trailer: 1\r\n\r\n", length="",
                     headers=[("Transfer-Encoding", "chunked")]),
    "/interim": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + page(b"after"),
    "/http1.0": page(b"old", version="HTTP/1.0"),
    "/folded": page(b"x", headers=[("X-Long", "one\r\n  two")]),
    "/one": redirect("/"),
    "/absolute": redirect("http://localhost:{port}/one", 301),
    "/dots": redirect("a/../././one?x=1#fragment", 307),
    "/query": redirect("?to=1", 308),
    "/scheme-relative": redirect("//localhost:{port}/"),
    "/no-location": page(b"where to?", 302),
    "/not-modified": b"HTTP/1.1 304 Not Modified\r\n\r\n",
    "/space": redirect("/with space"),
    "/with%20space": page(b"a space"),
    "/case": page(b"x", 301, headers=[("LOCATION", "/")]),
}


@pytest.fixture(scope="module")
def server():
    with TrialServer() as s:
        for path, answer in PAGES.items():
            s.both[path] = answer.replace(b"{port}", str(s.port).encode())
        s.only4["/query"] = s.only6["/query"] = lambda c, r: c.sendall(
            page(b"there") if "?" in r.path else PAGES["/query"])
        yield s


@pytest.mark.parametrize("path", PAGES)
def test_same_as_curl(fetch, tool, server, path):
    url = server.url(path)
    for family, got in both(fetch, url).items():
        theirs = curl(tool, family, url)
        assert theirs["exit"] == 0 and got["problem"] == "ok", (theirs, got["why"])
        last = got["hops"][-1]
        assert (got["status"], got["body"], last["remote"], len(got["hops"]) - 1) == \
            (theirs["status"], theirs["body"], theirs["remote"], theirs["redirects"])
        assert last["url"] == theirs["url"]
        assert {hop["remote"] for hop in got["hops"]} == {HOME[family]}


def test_headers(fetch, server):
    for got in both(fetch, server.url("/folded")).values():
        assert got["headers"] == [["X-Long", "one two"], ["Content-Length", "1"], ["Connection", "close"]]
    for got in both(fetch, server.url("/interim")).values():
        assert ["Link", "</a>"] not in got["headers"] and len(got["headers"]) == 2
    for got in both(fetch, server.url("/chunked")).values():
        assert "X-Trailer" not in [name for name, _ in got["headers"]]


def test_coded_body_is_decoded(fetch, server):
    server.both["/gzip"] = page(gzip.compress(BINARY), headers=[("Content-Encoding", "gzip")])
    server.both["/not-gzip"] = page(b"plain", headers=[("Content-Encoding", "gzip")])
    for got in both(fetch, server.url("/gzip")).values():
        assert got["body"] == hashlib.sha256(BINARY).hexdigest() and got["body_len"] == len(BINARY)
    for got in both(fetch, server.url("/not-gzip")).values():
        assert got["problem"] == "protocol"


def test_bomb_is_cut(fetch, server):
    """A small body that is 64 MiB after decoding."""
    server.both["/bomb"] = page(gzip.compress(bytes(64 << 20), 9), headers=[("Content-Encoding", "gzip")])
    for got in both(fetch, server.url("/bomb"), body_max=100000).values():
        assert (got["problem"], got["body_kept"]) == ("too-large", 100000)


def hostile(s):
    s.both.update({
        "/loop": redirect("/loop2"), "/loop2": redirect("/loop"), "/self": redirect("/self"),
        "/ftp": redirect("ftp://localhost/"), "/file": redirect("file:///etc/passwd"),
        "/bad-redirect": redirect("http://[::1"), "/long-redirect": redirect("/" + "x" * 40000),
        "/junk": b"junk junk junk\n" * 100, "/nothing": b"", "/half": b"HTTP/1.1 200 OK\r\nX-",
        "/cut": page(b"abc", length=1000), "/reset": reset(page(b"abc", length=1000)),
        "/bad-chunk": page(b"zz\r\nhello\r\n", length="", headers=[("Transfer-Encoding", "chunked")]),
        "/many-headers": page(b"x", headers=[(f"X-{i}", "y") for i in range(3000)]),
        "/long-header": page(b"x", headers=[("X-Long", "y" * 1000000)]),
        "/endless-header": endless(b"HTTP/1.1 200 OK\r\n", b"X-More: " + b"y" * 1000 + b"\r\n"),
        "/endless-line": endless(b"HTTP/1.1 200 OK\r\nX-More: ", b"y" * 65536),
        "/endless": endless(page(length=""), b"x" * 65536),
        "/endless-chunks": endless(page(length="", headers=[("Transfer-Encoding", "chunked")]), b"5\r\nhello\r\n"),
        "/silent": silent(), "/silent-header": silent(b"HTTP/1.1 200 OK\r\nX: "),
        "/silent-body": silent(page(b"abc", length=1000)),
        "/loris-header": trickle(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 1000, 0.2),
        "/loris-body": trickle(page(b"y" * 10000), 0.1, 40),
    })
    for i in range(20):
        s.both[f"/hop{i}"] = redirect(f"/hop{i + 1}")


@pytest.mark.parametrize("path, problem, word", [
    ("/loop", "redirect-loop", "/loop again"), ("/self", "redirect-loop", "/self again"),
    ("/hop0", "redirect-loop", "more than 10 times"), ("/ftp", "protocol", "ftp://localhost/"),
    ("/file", "protocol", "only http:// and https://"), ("/bad-redirect", "protocol", "redirects to"),
    ("/long-redirect", "protocol", "URL of"), ("/junk", "protocol", "not HTTP"),
    ("/nothing", "cut", "without an answer"), ("/half", "cut", ""), ("/cut", "cut", "early"), ("/reset", "cut", ""),
    ("/bad-chunk", "cut", ""), ("/many-headers", "protocol", "headers"), ("/long-header", "protocol", "header"),
    ("/endless-header", "protocol", "headers"), ("/endless-line", "protocol", "header"),
    ("/endless", "too-large", "--max-body"), ("/endless-chunks", "too-large", "--max-body"),
    ("/silent", "stalled", "got the request"), ("/silent-header", "stalled", "got the request"),
    ("/silent-body", "stalled", "after 3 bytes"), ("/loris-header", "stalled", "got the request"),
    ("/loris-body", "time", "not done in"),
])
def test_hostile_server(fetch, path, problem, word):
    """Only IPv6 is broken: IPv4 gets the plain page meanwhile, and nothing waits for long."""
    with TrialServer() as s:
        hostile(s)
        s.only6, s.both = s.both, {}
        s.only4[path] = page(b"fine")
        begun = time.monotonic()
        got = both(fetch, s.url(path), stall_ms=400, total_ms=3000, body_max=1 << 20)
    assert time.monotonic() - begun < 30
    assert got[4]["problem"] == "ok" and got[4]["status"] == 200
    assert (got[6]["problem"], word in got[6]["why"]) == (problem, True), got[6]["why"]
    assert got[6]["body_kept"] <= 1 << 20


@pytest.mark.parametrize("families", [(4,), (6,)])
def test_never_the_other_family(fetch, families):
    """Where one family does not answer, the other is not asked in its place."""
    there, gone = (4, 6) if families == (4,) else (6, 4)
    with TrialServer(families=families) as s:
        s.both["/"] = page(b"x")
        literal = f"http://[::1]:{s.port}/" if there == 6 else f"http://127.0.0.1:{s.port}/"
        for url in (s.url(), literal):
            got = both(fetch, url)
            assert got[there]["problem"] == "ok" and got[gone]["problem"] in ("refused", "unresolved")
        assert s.accepted == {there: 2, gone: 0}


def test_mapped_literal_is_no_ipv6(fetch, server):
    before = dict(server.accepted)
    got = both(fetch, f"http://[::ffff:127.0.0.1]:{server.port}/")
    assert got[6]["problem"] == "unresolved" and got[4]["problem"] == "unresolved"
    assert server.accepted == before


def test_connect_keeps_host(fetch, server):
    """Straight at an address: the name need not exist."""
    server.both["/host"] = lambda c, r: c.sendall(page(r.headers["host"].encode()))
    name = f"www.example.net:{server.port}"
    got = fetch(f"4 http://{name}/host 127.0.0.1", f"6 http://{name}/host ::1", f"4 http://{name}/one 127.0.0.1")
    assert [a["problem"] for a in got] == ["ok"] * 3
    host = hashlib.sha256(name.encode()).hexdigest()
    assert sorted(a["hops"][-1]["remote"] for a in got if a["body"] == host) == ["127.0.0.1", "::1"]
    # A redirect to another host goes by its own name.
    server.both["/away"] = redirect(f"http://localhost:{server.port}/host")
    got, = fetch(f"6 http://{name}/away ::1")
    assert got["problem"] == "ok" and got["body"] != host


def test_addresses_that_answer_nobody(fetch):
    got = both(fetch, "http://name.invalid/")
    assert {a["problem"] for a in got.values()} == {"unresolved"}
    assert "IPv6 address (AAAA)" in got[6]["why"] and "IPv4 address (A)" in got[4]["why"]


@pytest.mark.parametrize("url, problem", [
    ("ftp://localhost/", "bad-url"), ("http:///", "bad-url"), ("http://[::1/", "bad-url"),
    ("http://localhost:99999/", "bad-url"), ("http://\u00fc\u0301.invalid/", "unresolved"),
    ("http://b\u00fccher.invalid/", "unresolved"), ("http://xn--zzzzzzzz--.invalid/", "unresolved"),
    ("http://" + "a" * 300 + ".invalid/", "unresolved"), ("http://\xad/", "bad-url"), ("javascript:1", "bad-url"),
    ("http://localhost:0/", "refused"),
])
def test_odd_urls(fetch, url, problem):
    got = both(fetch, url)
    assert {a["problem"] for a in got.values()} <= {problem, "no-route"}, got
    assert all(a["why"] for a in got.values())


def test_international_name(fetch, server):
    """Whatever the locale: DNS's form, as Python's encoder has it."""
    server.both["/host"] = lambda c, r: c.sendall(page(r.headers["host"].encode()))
    url = f"http://B\u00fccher.example:{server.port}/host"
    wanted = "B\u00fccher.example".encode("idna") + f":{server.port}".encode()
    for locale in ("C", "C.UTF-8"):
        got, = fetch(f"6 {url} ::1", env={"LC_ALL": locale})
        assert got["body"] == hashlib.sha256(wanted.lower()).hexdigest()


def test_nothing_of_the_user_takes_part(fetch, server, tmp_path):
    """A proxy in the environment, ~/.netrc and cookies."""
    (tmp_path / ".netrc").write_text("machine localhost login me password secret\n")
    server.both["/cookie"] = page(b"", 302, [("Set-Cookie", "a=1"), ("Location", "/headers")])
    server.both["/headers"] = lambda c, r: c.sendall(page(",".join(sorted(r.headers)).encode()))
    env = {"http_proxy": "http://127.0.0.1:1", "ALL_PROXY": "http://127.0.0.1:1", "HOME": str(tmp_path)}
    got, = fetch(f"4 {server.url('/cookie')}", env=env)
    assert got["problem"] == "ok"
    assert got["body"] == hashlib.sha256(b"accept,accept-encoding,host,user-agent").hexdigest()


def test_password_is_not_shown(fetch, server):
    server.both["/auth"] = lambda c, r: c.sendall(page(r.headers.get("authorization", "").encode()))
    server.both["/to-auth"] = redirect("/auth")
    got, = fetch(f"4 http://me:secret@localhost:{server.port}/to-auth")
    assert got["body"] == hashlib.sha256(b"Basic bWU6c2VjcmV0").hexdigest()
    assert "secret" not in json.dumps(got)


def test_rate_is_kept(fetch):
    """Each family on its own: ten fetches at 20 a second take at least 9/20 s, both together no more than one."""
    with TrialServer() as s:
        s.both["/"] = page(b"x")
        begun = time.monotonic()
        got = fetch(*[f"{family} {s.url()}" for family in (4, 6) for _ in range(10)], rate=20)
        assert 0.45 <= time.monotonic() - begun
    assert [a["problem"] for a in got] == ["ok"] * 20


def test_retry(fetch):
    with TrialServer() as s:
        answers = [reset(), b"", page(b"third")]
        s.only6["/"] = lambda c, r: s._behave(answers.pop(0), c, r)
        s.both["/"] = page(b"first")
        got = both(fetch, s.url(), retry=3)
        assert (got[4]["attempts"], got[6]["attempts"], got[6]["problem"]) == (1, 3, "ok")
        assert got[6]["body"] == hashlib.sha256(b"third").hexdigest()
        s.only6["/"] = reset()
        assert both(fetch, s.url(), retry=1)[6]["attempts"] == 2


@pytest.mark.parametrize("client, family, block", [
    ("192.0.2.7", 4, b"\xc0\x00\x02\x07\x7f\x00\x00\x01"),
    ("2001:db8::7", 6, socket.inet_pton(socket.AF_INET6, "2001:db8::7") + socket.inet_pton(socket.AF_INET6, "::1")),
    ("2001:db8::7", 4, socket.inet_pton(socket.AF_INET6, "2001:db8::7") +
     socket.inet_pton(socket.AF_INET6, "::ffff:127.0.0.1")),
    ("::ffff:192.0.2.7", 6, socket.inet_pton(socket.AF_INET6, "::ffff:192.0.2.7") +
     socket.inet_pton(socket.AF_INET6, "::1")),
    ("[2001:db8::7]:4711", 6, socket.inet_pton(socket.AF_INET6, "2001:db8::7") +
     socket.inet_pton(socket.AF_INET6, "::1")),
])
def test_proxy_v2(fetch, client, family, block, pem):
    """The header as HAProxy's proxy-protocol.txt section 2.2 has it, before HTTP and before TLS."""
    port = 4711 if client.startswith("[") else 49152
    for contexts in ({}, {"context4": tls_context(pem), "context6": tls_context(pem)}):
        with TrialServer(proxy=True, **contexts) as s:
            s.both["/"] = redirect("/x")
            s.both["/x"] = page(b"x")
            got, = fetch(f"{family} {s.url()} - {client}", insecure=1)
            assert got["problem"] == "ok" and len(got["hops"]) == 2, got["why"]
            head = b"\r\n\r\n\0\r\nQUIT\n\x21" + (b"\x11" if len(block) == 8 else b"\x21")
            ports = struct.pack(">HH", port, s.port)
            assert [r.proxy for r in s.requests] == [head + struct.pack(">H", len(block) + 4) + block + ports] * 2
            assert 0 < got["connect_us"] <= got["first_byte_us"] <= got["total_us"]


def test_proxy_v2_refused(fetch):
    with TrialServer(families=(4,)) as s:
        got, = fetch(f"6 {s.url()} - 2001:db8::1")
        assert got["problem"] == "refused" and s.accepted == {4: 0, 6: 0}


@pytest.mark.parametrize("version, name", [(ssl.TLSVersion.TLSv1_2, "TLSv1.2"), (ssl.TLSVersion.TLSv1_3, "TLSv1.3")])
def test_tls(fetch, flavour, tool, pem, version, name):
    """Fingerprint, names and dates as openssl reads them from what the server sends."""
    context = tls_context(pem, ["http/1.1"], version)
    with TrialServer(context, context) as s:
        s.both["/"] = page(b"secret")
        sent = subprocess.run([tool("openssl"), "s_client", "-connect", f"127.0.0.1:{s.port}"], input=b"",
                              capture_output=True, timeout=60).stdout
        for got in both(fetch, s.url(), ca_file=pem, env=flavour).values():
            assert got["problem"] == "ok" and got["body"] == hashlib.sha256(b"secret").hexdigest(), got["why"]
            assert (got["tls"], got["alpn"]) == (name, "http/1.1")
            check_certificate(tool, sent, got["certificate"])
            assert 0 < got["connect_us"] < got["tls_us"] <= got["first_byte_us"] <= got["total_us"]


def check_certificate(tool, pem, ours):
    shown = subprocess.run([tool("openssl"), "x509", "-noout", "-fingerprint", "-sha256", "-subject", "-issuer",
                            "-nameopt", "sep_comma_plus_space,utf8", "-startdate", "-enddate", "-dateopt", "iso_8601"],
                           input=pem, capture_output=True, check=True).stdout.decode()
    fields = dict(line.split("=", 1) for line in shown.splitlines())
    assert fields["sha256 Fingerprint"].replace(":", "").lower() == ours["sha256"]
    assert (fields["subject"].strip(), fields["issuer"].strip()) == (ours["subject"], ours["issuer"])
    for field, key in (("notBefore", "not_before"), ("notAfter", "not_after")):
        assert time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(ours[key])) == fields[field]
    assert ours["names"] == "localhost, 127.0.0.1, ::1"


def test_certificate_of_a_refused_server(fetch, flavour, tool, pem):
    """Nothing is asked of who is not trusted; GnuTLS shows the certificate all the same."""
    with TrialServer(tls_context(pem), tls_context(pem)) as s:
        for got in both(fetch, s.url(), env=flavour).values():
            assert got["problem"] == "untrusted" and "certificate" in got["why"]
            if not flavour:
                check_certificate(tool, pem.read_bytes(), got["certificate"])
        assert not s.requests


def test_tls_failures(fetch, flavour, pem, tmp_path):
    """Another name, plain HTTP where TLS is meant, a server that is silent after it accepted, one that leaves."""
    other = certificate(tmp_path, "other", san="DNS:other.example")
    with TrialServer(tls_context(pem), tls_context(other)) as s:
        s.both["/"] = page(b"x")
        got = both(fetch, s.url(), ca_file=pem, env=flavour)
        assert (got[4]["problem"], got[6]["problem"]) == ("ok", "untrusted")
        got = both(fetch, s.url(), ca_file=other, env=flavour)
        assert (got[4]["problem"], got[6]["problem"]) == ("untrusted", "untrusted")
        s.raw[6] = page(b"plain")
        assert both(fetch, s.url(), ca_file=pem, env=flavour)[6]["problem"] == "tls"
        s.raw[6] = silent()
        got = both(fetch, s.url(), ca_file=pem, env=flavour, connect_ms=500)[6]
        assert got["problem"] == "stalled" and "TLS handshake" in got["why"]
        s.raw[6] = reset()
        assert both(fetch, s.url(), ca_file=pem, env=flavour)[6]["problem"] in ("tls", "cut", "refused")


def test_memory_is_bounded(hextet_path, server):
    """However many there are, no more than `parallel` are in memory at a time."""
    program = hextet_path.parent / "tests/fetch_tool"
    lines = "\n".join(f"{family} {server.url('/binary')}" for family in (4, 6))
    done = subprocess.run([program, "count=500", "parallel=16"], input=lines, text=True, capture_output=True,
                          timeout=120)
    assert done.stdout == "1000 1000 0 16\n", done.stderr
