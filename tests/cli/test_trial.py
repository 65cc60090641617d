# SPDX-License-Identifier: Apache-2.0
"""`hextet trial run` as people use it: what it fetches, what it finds, how it ends."""
import json
import os
import pty
import re
import select
import signal
import subprocess
import time

import pytest
from geo_server import GNUTLS
from trial_server import TrialServer, certificate, endless, page, redirect, silent, tls_context

ENV = {**os.environ, **GNUTLS}


@pytest.fixture(scope="module")
def trial(hextet):
    """trial(*args) -> (exit status, {url: [(kind, family), …]}, the results as they are)"""
    def run(*args):
        done = hextet("trial", "run", "--output", "json", *args, env=ENV)
        assert done.returncode in (0, 1), done.stderr
        results = json.loads(done.stdout)
        return done.returncode, {r["url"]: [(f["kind"], f["family"]) for f in r["findings"]] for r in results}, results
    return run


@pytest.fixture
def server():
    with TrialServer() as s:
        s.both["/"] = page(b"hello")
        yield s


@pytest.fixture(scope="module")
def pem(tmp_path_factory, tool):
    tool("openssl")
    return certificate(tmp_path_factory.mktemp("trial"))


def estate(folder, server, **endpoint):
    """One endpoint of one machine at the loopback addresses, on the server's port."""
    fields = {"to": "web.example.net", "service": "web", "paths": ["/"], **endpoint}
    folder.mkdir(exist_ok=True)
    (folder / "machines").mkdir(exist_ok=True)
    (folder / "estate.yaml").write_text(json.dumps({
        "estate": "test", "domain": "example.net",
        "checks": {"special-purpose-address": "ignore", "single-family": "ignore", "endpoint-not-allowed": "ignore",
                   "machine-outside-prefixes": "ignore", "endpoint-one-family": "ignore",
                   "endpoint-only-one-family": "ignore"},
        "groups": {"webs": {"comment": "web"}}, "services": {"web": {"tcp": server.port}},
        "endpoints": {"www.example.net": fields}}))
    (folder / "machines/m.yaml").write_text(json.dumps(
        {"web.example.net": {"groups": ["webs"], "ip": "127.0.0.1", "ipv6": "::1"}}))
    return folder


def test_same_is_yes(trial, server):
    assert trial(server.url(), server.url("/missing"))[:2] == (0, {server.url(): [], server.url("/missing"): []})


@pytest.mark.parametrize("kind, family, answer", [
    ("status", None, page(b"hello", 500)), ("body", None, page(b"hullo")), ("unreachable", 6, b""),
])
def test_what_differs(trial, server, kind, family, answer):
    server.only6["/"] = answer
    status, found, _ = trial(server.url())
    assert status == 1
    (got, of), = found[server.url()]
    assert got == kind and (family is None or of == family)


def test_repeat_counts(trial, server):
    """Broken every other time over IPv6: one finding, that says so; each fetch has a connection of its own."""
    state = {"n": 0}

    def every_other(connection, _request):
        state["n"] += 1
        connection.sendall(page(b"hello") if state["n"] % 2 else page(b"no", 500))

    server.only6["/"] = every_other
    status, found, results = trial("--repeat", "6", "--parallel", "1", server.url())
    assert status == 1 and [k for k, _ in found[server.url()]] == ["status"]
    assert "3 of 6 times" in results[0]["findings"][0]["detail"]
    assert server.accepted == {4: 6, 6: 6}


def test_body_that_changes_by_itself(trial, server):
    """Another page each time: with --repeat that is said, and a filter is the answer."""
    state = {"n": 0}

    def fresh(connection, _request):
        state["n"] += 1
        connection.sendall(page(b"nonce=%d;" % state["n"]))

    server.both["/"] = fresh
    status, found, results = trial("--repeat", "3", server.url())
    assert status == 1 and [k for k, _ in found[server.url()]] == ["body"]
    assert "from fetch to fetch" in results[0]["findings"][0]["detail"]
    assert trial("--filter", "s/nonce=[0-9]+/nonce=/", server.url())[0] == 0
    server.both["/"], server.only6["/"] = page(b"a"), page(b"b")
    _, _, results = trial("--repeat", "3", server.url())
    assert "from fetch to fetch" not in results[0]["findings"][0]["detail"]


def test_direct(trial, server, tmp_path):
    """The name is in no DNS: the addresses are the machine database's, Host is the endpoint's."""
    server.both["/"] = lambda c, r: c.sendall(page(r.headers["host"].encode()))
    folder = estate(tmp_path / "e", server, paths=["/", "/missing"])
    status, found, _ = trial("--direct", folder)
    assert status == 0 and len(found) == 2 and not any(found.values())
    assert {r.headers["host"] for r in server.requests} == {f"www.example.net:{server.port}"}
    assert (server.count(4), server.count(6)) == (2, 2)
    status, found, _ = trial(folder)
    assert status == 1 and all(len(f) == 2 and f[0][0] == "unreachable" for f in found.values())


def test_direct_without_an_address(trial, server, tmp_path):
    folder = estate(tmp_path / "e", server)
    (folder / "machines/m.yaml").write_text(json.dumps({"web.example.net": {"groups": ["webs"], "ip": "127.0.0.1"}}))
    status, found, results = trial("--direct", folder)
    (kind, family), = [f for fs in found.values() for f in fs]
    assert (status, kind, family) == (1, "unreachable", 6)
    assert "no IPv6 address" in results[0]["findings"][0]["detail"]
    assert server.accepted == {4: 1, 6: 0}


def test_proxy_v2(trial):
    with TrialServer(proxy=True) as s:
        s.both["/"] = lambda c, r: c.sendall(page(b"x"))
        status, found, _ = trial("--proxy-v2", s.url())
        assert (status, found[s.url()]) == (0, [])
        assert {r.family: len(r.proxy) for r in s.requests} == {4: 28, 6: 52}
        status, found, _ = trial(s.url())
        assert status == 1 and {f for _, f in found[s.url()]} == {4, 6}


def test_certificates(trial, pem, tmp_path):
    with TrialServer(tls_context(pem), tls_context(pem)) as s:
        s.both["/"] = page(b"x")
        assert trial("--ca-file", pem, s.url())[0] == 0
        assert trial("--insecure", s.url())[0] == 0
        status, found, _ = trial(s.url())
        assert status == 1 and found[s.url()] == [("certificate", 4), ("certificate", 6)]
        s.contexts[6] = tls_context(certificate(tmp_path, "other"))
        status, found, _ = trial("--insecure", s.url())
        assert status == 1 and "certificate" in [k for k, _ in found[s.url()]]


def test_many(trial, server):
    """Each URL of 1000 once in each family, in the order given."""
    server.both.update({f"/{i}": page(b"%d" % i) for i in range(1000)})
    server.only6["/500"] = page(b"other")
    urls = [server.url(f"/{i}") for i in range(1000)]
    status, found, results = trial(*urls)
    assert status == 1 and [u for u, f in found.items() if f] == [server.url("/500")]
    assert [r["url"] for r in results] == urls
    assert (server.count(4), server.count(6)) == (1000, 1000)


def test_reports_are_files(hextet, server, tmp_path):
    server.only6["/"] = page(b"other", 404)
    for option in ("--junit", "--html"):
        path = tmp_path / "report"
        done = hextet("trial", "run", option, path, server.url(), env=ENV)
        assert done.returncode == 1 and path.stat().st_size > 0
        done = hextet("trial", "run", option, tmp_path / "no/such/folder", server.url(), env=ENV)
        assert done.returncode == 3 and "no/such/folder" in done.stderr


@pytest.mark.parametrize("args, word", [
    (["--repeat", "0", "http://x/"], "--repeat"), (["--parallel", "100000", "http://x/"], "--parallel"),
    (["--rate", "fast", "http://x/"], "--rate"), (["--rate", "nan", "http://x/"], "--rate"),
    (["--retry", "-1", "http://x/"], "--retry"), (["--max-body", "0", "http://x/"], "--max-body"),
    (["--timeout", "soon", "http://x/"], "--timeout"), (["--filter", "x", "http://x/"], "--filter x"),
    (["--direct", "http://x/"], "estate"),
])
def test_wrong_usage(hextet, args, word):
    done = hextet("trial", "run", *args, env=ENV)
    assert done.returncode == 2 and word in done.stderr and not done.stdout


def test_what_cannot_be_tried(hextet, tmp_path):
    for args, word in ((["/no/such/folder"], "/no/such/folder"), ([tmp_path], "no .yaml file"),
                       (["--ca-file", "/no/such.pem", "http://x/"], "/no/such.pem")):
        done = hextet("trial", "run", *args, env=ENV)
        assert done.returncode == 3 and word in done.stderr


def test_estate_with_errors_is_not_tried(hextet, server, tmp_path):
    folder = estate(tmp_path / "e", server, to="nobody.example.net")
    done = hextet("trial", "run", folder, env=ENV)
    assert done.returncode == 3 and "nothing was done" in done.stderr and not server.requests


def test_stopped(hextet_path, server):
    """Ctrl-C: what is finished is reported, and that the rest was not tried."""
    server.both["/slow"] = silent()
    process = subprocess.Popen([hextet_path, "trial", "run", "--parallel", "2", "--stall", "1s", "--output", "json",
                                server.url(), server.url("/slow"), *[server.url(f"/{i}") for i in range(50)]],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENV)
    end = time.monotonic() + 60
    while server.count(6, "/slow") == 0:
        assert time.monotonic() < end
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, talk = process.communicate(timeout=60)
    assert process.returncode == 3 and "were not tried" in talk
    assert [r["url"] for r in json.loads(out)] == [server.url()]


def test_progress_on_a_terminal(hextet_path, server):
    """A bar when it takes more than half a second, wiped at the end; none when stderr is no terminal."""
    def slow(connection, _request):
        time.sleep(0.2)
        connection.sendall(page(b"x"))

    server.both["/slow"] = slow
    command = [hextet_path, "trial", "run", "--parallel", "2", "--repeat", "6", server.url("/slow")]
    ours, theirs = pty.openpty()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=theirs, env=ENV)
    os.close(theirs)
    shown = b""
    while True:
        ready, _, _ = select.select([ours], [], [], 60)
        try:
            got = os.read(ours, 4096) if ready else b""
        except OSError:
            break
        if not got:
            break
        shown += got
    assert process.wait(60) == 0
    assert re.search(rb"\r\[#+ *\] \d+ of 12 fetched", shown) and shown.endswith(b"\r\x1b[K")
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=ENV, check=True)
    assert done.stderr == b""


def test_redirects_stay_in_their_family(trial, server):
    """A redirect to a name that only has IPv4 is no way out for IPv6."""
    server.both["/away"] = redirect(f"http://127.0.0.1:{server.port}/")
    status, found, _ = trial(server.url("/away"))
    assert status == 1 and found[server.url("/away")] == [("redirect", 6)]
    assert server.count(4, "/") == 1 and server.count(6, "/") == 0


@pytest.mark.parametrize("path, answer", [
    ("/colon", lambda r: page(b"", 500) if ":" in r.headers.get("x-forwarded-for", "") else page(b"x")),
    ("/forwarded", lambda r: page(b"", 400) if "[" in r.headers.get("forwarded", "") else page(b"x")),
    ("/mapped", lambda r: page(b"", 403) if "::ffff:" in r.headers.get("x-forwarded-for", "").lower() else page(b"x")),
])
def test_simulated_clients(trial, server, path, answer):
    """A service that stumbles over one form is found, in both families, and one that does not is not."""
    server.both[path] = lambda c, r: c.sendall(answer(r))
    status, found, _ = trial("--simulate-client", server.url(path), server.url())
    assert status == 1 and {f for k, f in found[server.url(path)] if k == "client"} == {4, 6}
    assert found[server.url()] == []
    forms = {(r.family, r.headers.get("x-forwarded-for"), r.headers.get("forwarded")) for r in server.requests}
    assert len(forms) > 20


def test_simulated_clients_behind_proxy_v2(trial):
    """The service refuses IPv6 clients, whatever the connection: a PROXY header shows it over IPv4 too."""
    with TrialServer(proxy=True) as s:
        s.both["/"] = lambda c, r: c.sendall(page(b"", 403) if b"\x20\x01\x0d\xb8" in r.proxy else page(b"x"))
        status, found, results = trial("--simulate-client", "--proxy-v2", s.url())
        assert status == 1 and ("client", 4) in found[s.url()]
        assert any("proxy-v2-ipv6" in f["detail"] for f in results[0]["findings"])
        assert len({r.proxy[13:] for r in s.requests if r.family == 4}) == 3


def test_endless_bodies(trial, server):
    """Over both families: as far as they were seen they are the same, which is no proof."""
    server.both["/"] = endless(page(length=""), b"x" * 65536)
    status, found, results = trial("--max-body", "100K", server.url())
    assert (status, found[server.url()]) == (1, [("body", 0)])
    assert "first 102400 bytes" in results[0]["findings"][0]["detail"]


@pytest.mark.parametrize("name, answer, kind, word", [
    ("junk", b"junk\n", "unreachable", "not HTTP"), ("nothing", b"", "unreachable", "without an answer"),
    ("headers", page(b"x", headers=[(f"X-{i}", "y") for i in range(2000)]), "unreachable", "headers"),
    ("cut", page(b"abc", length=9), "unreachable", "early"), ("silent", silent(), "unreachable", "got the request"),
    ("loop", redirect("/"), "redirect", "again"), ("ftp", redirect("ftp://x/"), None, "ftp://x/"),
    ("binary", page(bytes(range(256)), headers=[("Content-Type", "image/png")]), "body", "256"),
])
def test_bad_servers(hextet, trial, server, name, answer, kind, word):
    """Each over IPv6 only; and nothing of it reaches the terminal as it is."""
    server.only6["/"] = answer
    status, found, results = trial("--stall", "1s", server.url())
    assert status == 1 and found[server.url()]
    assert kind in (None, found[server.url()][0][0])
    assert word in results[0]["findings"][0]["detail"]
    shown = hextet("trial", "run", "--stall", "1s", server.url(), env=ENV).stdout
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", shown)
