# SPDX-License-Identifier: Apache-2.0
"""Every kind of sink holds what the bans and the allowlist mean: the target itself is asked, address by address."""
import ipaddress
import os
import re
import signal
import subprocess
import sys
import time

import pytest

from conftest import TOP

sys.path.insert(0, str(TOP / "tests/guard"))
from sinkbox import HAProxy, Model, Nft, SinkTool, has, is_root  # noqa: E402

ROUNDS = 25
TIMEOUT = 0.5  # SINK_TIMEOUT_MS


@pytest.fixture
def sink_tool(hextet_path):
    """sink_tool(*prefix) -> SinkTool; all are closed, and none has leaked."""
    open_tools = []

    def start(*prefix):
        open_tools.append(SinkTool(hextet_path.parent / "tests/sink_tool", prefix))
        return open_tools[-1]

    yield start
    for t in open_tools:
        t.close()


@pytest.fixture
def haproxy(tool, tmp_path):
    """haproxy(**options of HAProxy) -> one that is not started yet."""
    made = []

    def make(**options):
        made.append(HAProxy(tool("haproxy"), tmp_path, **options))
        return made[-1]

    yield make
    for h in made:
        h.stop()


class FileTarget:
    def __init__(self, tmp_path, form, before, after):
        self.path, self.before, self.after = tmp_path / "list", before, after
        self.spec = f"file:{self.path}" + (f",format={form}" if form else "")

    def networks(self):
        lines = self.path.read_text().splitlines()
        assert lines[0].startswith("# ")
        for line in lines[1:]:
            assert line.startswith(self.before) and line.endswith(self.after)
            yield ipaddress.ip_network(line[len(self.before):len(line) - len(self.after)])

    def banned(self, addresses):
        networks = list(self.networks())
        return [any(has(n, a) for n in networks) for a in addresses]


def run_model(seed, tool_, spec, banned, said=lambda lines: None):
    """Random changes, some reconciles between them and restarts; then every answer is the model's."""
    model = Model(seed)
    if model.allow:
        tool_.do("allow", *model.allow)
    tool_.do("open", spec)
    said(tool_.do("reconcile"))  # what an earlier round left
    for step in model.steps():
        said(tool_.do(*step))
        if model.random.random() < 0.3:
            found = tool_.do("reconcile")
            assert found == ["missing 0 foreign 0 wrong_time 0 structure -"], (seed, found)
        if model.random.random() < 0.1:
            tool_.do("open", spec)
            said(tool_.do("reconcile"))
    # Nobody bans the machine itself: the kernel asks its own addresses first.
    addresses = [a for a in model.addresses() if not a.is_loopback]
    wrong = [str(a) for a, b in zip(addresses, banned(addresses)) if b != model.banned(a)]
    assert not wrong, (seed, wrong, model.bans, model.allow)
    said(tool_.do("reconcile"))
    wrong = [str(a) for a, b in zip(addresses, banned(addresses)) if b != model.banned(a)]
    assert not wrong, (seed, wrong)
    return sum(map(model.banned, addresses)), len(addresses)


def run_rounds(start, spec, banned, said=lambda lines: None, rounds=ROUNDS):
    some = all_ = 0
    for seed in range(rounds):
        b, n = run_model(seed, start(), spec, banned, said)
        some, all_ = some + b, all_ + n
    assert all_ > 50 * rounds and 0.05 < some / all_ < 0.95, "the model asks nothing"


@pytest.mark.parametrize("form, before, after", [("", "", ""), ("nginx", "deny ", ";"), ("nginx-geo", "", " 1;"),
                                                 ("apache", "Require not ip ", "")])
def test_file(sink_tool, tmp_path, form, before, after):
    target = FileTarget(tmp_path, form, before, after)
    run_rounds(sink_tool, target.spec, target.banned)


def test_dry(sink_tool):
    """What it says it would do, done."""
    for seed in range(ROUNDS):
        held = set()

        def said(lines):
            for line in lines:
                if line.startswith("would "):
                    verb, network = line.split()[1:3]
                    (held.add if verb == "ban" else held.remove)(ipaddress.ip_network(network))

        model = Model(seed)
        t = sink_tool()
        if model.allow:
            t.do("allow", *model.allow)
        t.do("open", "dry")
        for step in model.steps():
            said(t.do(*step))
        for a in model.addresses():
            assert any(has(n, a) for n in held) == model.banned(a), (seed, a)


def test_haproxy(sink_tool, haproxy, tmp_path):
    (tmp_path / "banned.lst").write_text("")
    h = haproxy().start()
    run_rounds(sink_tool, h.spec, h.banned, rounds=40)


@pytest.mark.lab
def test_nft(sink_tool, tool):
    """By what `nft` lists, rule by rule; the packets are in tests/lab."""
    tool("nft")
    if not is_root():
        pytest.skip("a network namespace needs root")
    for seed in range(ROUNDS):
        t = sink_tool("unshare", "--net")
        t.do("allow")

        def banned(addresses, pid=t.process.pid):
            done = subprocess.run(["nsenter", f"--net=/proc/{pid}/ns/net", "nft", "-j", "list", "ruleset"],
                                  capture_output=True, text=True, check=True)
            return Nft(done.stdout).banned(addresses)

        run_model(seed, t, "nft:hextet_guard", banned)


@pytest.mark.lab
def test_route(sink_tool, tool):
    """The kernel is asked where it would send each address."""
    tool("ip")
    if not is_root():
        pytest.skip("a network namespace needs root")
    for seed in range(ROUNDS):
        t = sink_tool("unshare", "--net")
        t.do("allow")  # it answers: it is in its own namespace now
        space = ["nsenter", f"--net=/proc/{t.process.pid}/ns/net"]
        for words in ("link set lo up", "route add default dev lo", "-6 route add default dev lo",
                      "rule add lookup 100", "-6 rule add lookup 100"):
            subprocess.run([*space, "ip", *words.split()], check=True)

        def banned(addresses):
            done = subprocess.run([*space, "ip", "-force", "-batch", "-"], capture_output=True, text=True, check=False,
                                  input="".join(f"route get {a}\n" for a in addresses))
            pairs = re.findall(r"answers: (.*)\nCommand failed -:(\d+)", done.stderr)
            assert {what for what, _ in pairs} <= {"Invalid argument"}, done.stderr  # what a blackhole answers
            lines = {int(n) for _, n in pairs}
            return [i in lines for i in range(1, len(addresses) + 1)]

        run_model(seed, t, "route:100", banned)


def test_shared_pieces_survive(sink_tool, tmp_path):
    """/56 inside /48, both around the same allowed /64: what both want goes with the last of them."""
    target = FileTarget(tmp_path, "", "", "")
    t = sink_tool()
    t.do("allow", "2001:db8:1:7::/64")
    t.do("open", target.spec)
    t.do("ban", "2001:db8:1::/48", 1000000, "2001:db8:1::/56", 1000000)
    inside, outside, never = map(ipaddress.ip_address, ("2001:db8:1:8::1", "2001:db8:1:800::1", "2001:db8:1:7::1"))
    assert target.banned([inside, outside, never]) == [True, True, False]
    t.do("unban", "2001:db8:1::/48")
    assert target.banned([inside, outside, never]) == [True, False, False]
    t.do("ban", "2001:db8:1::/48", 1000000)
    t.do("unban", "2001:db8:1::/56")
    assert target.banned([inside, outside, never]) == [True, True, False]
    t.do("unban", "2001:db8:1::/48")
    assert target.banned([inside, outside, never]) == [False, False, False]


def test_ipv6_ban_never_takes_ipv4(sink_tool, haproxy, tmp_path):
    """HAProxy looks an IPv4 address up as ::ffff:a.b.c.d too, so ::/64 itself would ban all of IPv4."""
    (tmp_path / "banned.lst").write_text("::/64\n")
    h = haproxy().start()
    asked = [ipaddress.ip_address(a) for a in ("192.0.2.1", "::2", "::1:0:0:1", "2001:db8::1")]
    assert h.banned(asked) == [True, True, True, False], "HAProxy has learnt it: the manual can forget it"
    t = sink_tool()
    t.do("open", h.spec)
    t.do("want", "::/64", 1000000)
    assert t.reconcile()["foreign"] == 1
    assert h.banned(asked) == [False, True, True, False]


# --- drift -----------------------------------------------------------------------------------------------------------

def test_file_drift(sink_tool, tmp_path):
    path = tmp_path / "list"
    t = sink_tool()
    t.do("open", f"file:{path},format=nginx")
    t.do("ban", "192.0.2.0/24", 1000000, "2001:db8::/32", 1000000)
    good = path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o644
    for edit, missing, foreign in [
        (lambda b: b.replace(b"deny 192.0.2.0/24;\n", b""), 1, 0),
        (lambda b: b + b"deny 203.0.113.0/24;\n", 0, 2),  # a network, and out of order
        (lambda b: b + b"# mine\n", 0, 1),
        (lambda b: b[:-1], 1, 1),
        (lambda b: b.replace(b"2001:db8::", b"2001:DB8::"), 1, 1),
        (lambda b: b.replace(b";", b" ;"), 2, 2),
        (lambda b: b.replace(b"# ", b"## ", 1), 0, 2),
        (lambda b: b"\0" * 100 + b"\n", 2, 2),
        (lambda b: b + b"\n", 0, 1),
        (lambda b: b"", 2, 1),
    ]:
        path.write_bytes(edit(good))
        found = t.reconcile()
        assert path.read_bytes() == good, found
        if missing or b"203" not in edit(good):
            assert (found["missing"], found["foreign"]) == (missing, foreign), edit(good)
        assert t.reconcile() == {"missing": 0, "foreign": 0, "wrong_time": 0, "structure": "-"}
    path.unlink()
    assert t.reconcile()["missing"] == 2
    assert path.read_bytes() == good


def test_file_that_cannot_be_written_is_left(sink_tool, tmp_path):
    folder = tmp_path / "there"
    folder.mkdir()
    path = folder / "list"
    t = sink_tool()
    t.do("open", f"file:{path}")
    t.do("ban", "192.0.2.0/24", 1000000)
    good = path.read_bytes()
    folder.rename(tmp_path / "away")
    error = t.ask("ban", "203.0.113.0/24", 1000000)[1]
    assert str(path) in error and "No such file" in error
    assert str(path) in t.ask("reconcile")[1]
    assert (tmp_path / "away/list").read_bytes() == good
    (tmp_path / "away").rename(folder)
    t.reconcile()
    assert path.read_text().splitlines()[1:] == ["192.0.2.0/24", "203.0.113.0/24"]
    # A file of the last run is not emptied by a change before the first reconcile.
    t.do("open", f"file:{path}")
    t.do("ban", "198.51.100.1/32", 1000000)
    assert path.read_text().splitlines()[1:] == ["192.0.2.0/24", "198.51.100.1/32", "203.0.113.0/24"]


@pytest.mark.parametrize("text, line", [("events {}\nhttp {}\n", 1), ("# bans\n\n192.0.2.0/24\nroot:x:0:0::/:\n", 4),
                                        ("192.0.2.1/24\n", 1), ("\x7fELF\0", 1)])
@pytest.mark.parametrize("kind", ["file:{path}", "haproxy:{folder}/admin.sock,acl={path}"])
def test_what_is_no_list_is_never_overwritten(sink_tool, tmp_path, text, line, kind):
    path = tmp_path / "precious"
    path.write_text(text)
    t = sink_tool()
    assert f"{path}: line {line} is no line of a list" in t.ask("open", kind.format(path=path, folder=tmp_path))[1]
    t.ask("ban", "203.0.113.0/24", 1000000)
    t.ask("reconcile")
    assert path.read_text() == text
    path.write_text("# by hand\n\n  192.0.2.0/24\n2001:DB8::/32\n")  # a list, which the guard can take over
    t.ask("reconcile")
    assert path.read_text().splitlines()[1:] == ["203.0.113.0/24"]


def test_haproxy_drift_and_restart(sink_tool, haproxy, tmp_path):
    h = haproxy()
    t = sink_tool()
    error = t.ask("open", h.spec)[1]
    assert "admin.sock" in error and "is it running" in error
    assert h.acl.exists(), "HAProxy does not start without the file of an ACL"
    # While it is down the file is kept up to date.
    t.do("want", "192.0.2.0/24", 1000000)
    assert "is it running" in t.ask("reconcile")[1]
    assert "192.0.2.0/24" in h.acl.read_text()
    h.start()
    assert h.entries() == ["192.0.2.0/24"], "it begins with the bans"
    assert t.reconcile() == {"missing": 0, "foreign": 0, "wrong_time": 0, "structure": "-"}

    t.do("ban", "2001:db8::/32", 1000000)
    h.ask(f"clear acl {h.acl}", f"add acl {h.acl} 203.0.113.9")
    found = t.reconcile()
    assert (found["missing"], found["foreign"]) == (2, 1)
    assert sorted(h.entries()) == ["192.0.2.0/24", "2001:db8::/32"]
    # Spelled in a way that `del acl` would not find.
    h.ask(f"add acl {h.acl} 2001:db8:0:0::/32", f"add acl {h.acl} 010.0.0.0/8", f"add acl {h.acl} 192.0.2.0/24")
    assert t.reconcile()["foreign"] >= 1
    assert sorted(h.entries()) == ["192.0.2.0/24", "2001:db8::/32"]
    assert t.reconcile()["foreign"] == 0

    h.stop()
    error = t.ask("ban", "203.0.113.0/24", 1000000)[1]
    assert "it is not running" in error
    h.start()
    assert t.reconcile()["missing"] == 1
    assert sorted(h.entries()) == ["192.0.2.0/24", "2001:db8::/32", "203.0.113.0/24"]
    assert h.acl.read_text().splitlines()[1:] == ["192.0.2.0/24", "203.0.113.0/24", "2001:db8::/32"]


def test_haproxy_many(sink_tool, haproxy, tmp_path):
    """More than one line of commands, and a large removal, which is a new version of the list."""
    (tmp_path / "banned.lst").write_text("")
    h = haproxy().start()
    t = sink_tool()
    t.do("open", h.spec)
    networks = [f"2001:db8:{n:x}::/48" for n in range(1, 2001)] + [f"10.{n // 256}.{n % 256}.0/24" for n in range(2000)]
    for at in range(0, len(networks), 1000):
        t.do("ban", *(w for n in networks[at:at + 1000] for w in (n, 10**9)))
    assert sorted(h.entries()) == sorted(networks)
    t.do("unban", *networks[500:1500])
    rest = networks[:500] + networks[1500:]
    assert sorted(h.entries()) == sorted(rest)
    t.do("unban", *networks[:100])
    assert sorted(h.entries()) == sorted(rest[100:])
    assert t.reconcile() == {"missing": 0, "foreign": 0, "wrong_time": 0, "structure": "-"}


@pytest.mark.parametrize("more, spec, says", [
    ("", "{admin},acl={folder}/other.lst", ["no ACL of this file", "src -f {folder}/other.lst"]),
    ("    http-request deny if {{ hdr(x) -f {folder}/names.lst }}", "{admin},acl={folder}/names.lst",
     ["no list of addresses", "src -f"]),
])
def test_haproxy_says_what_to_write(sink_tool, haproxy, tmp_path, more, spec, says):
    (tmp_path / "banned.lst").write_text("")
    (tmp_path / "names.lst").write_text("")
    h = haproxy(more=more.format(folder=tmp_path)).start()
    error = sink_tool().ask("open", "haproxy:" + spec.format(admin=h.socket, folder=tmp_path))[1]
    for words in says:
        assert words.format(folder=tmp_path) in error


@pytest.mark.parametrize("spec", ["haproxy", "haproxy:", "haproxy:/run/x.sock", "haproxy:x,acl=/y", "haproxy:/x,acl=y",
                                  "file", "file:x", "file:/x,format=csv", "nginx:/x", "nft", "dry:x"])
def test_wrong_specs(sink_tool, spec):
    error = sink_tool().ask("open", spec)[1]
    assert spec in error and "write" in error or "belongs" in error or "name" in error, error


@pytest.mark.parametrize("behaviour", ["silent", "slow", "cut", "garbage", "full", "denied"])
def test_haproxy_that_hangs(sink_tool, tmp_path, behaviour):
    """Whatever sits behind the socket: an answer within the time, a sentence, and no wait for the next change."""
    path = tmp_path / "admin.sock"
    server = subprocess.Popen([sys.executable, "-c", FALSE_HAPROXY, str(path), behaviour], stdout=subprocess.PIPE)
    try:
        assert server.stdout.readline()
        t = sink_tool()
        begin = time.monotonic()
        error = t.ask("open", f"haproxy:{path},acl={tmp_path}/banned.lst")[1]
        took = time.monotonic() - begin
        assert str(path) in error or "banned.lst" in error
        assert took < TIMEOUT + 2, "it waits longer than it may"
        if behaviour == "denied":
            assert "stats socket" in error and "level admin" in error
        if behaviour in ("silent", "full"):
            assert "does not answer" in error and took >= TIMEOUT * 0.9
            begin = time.monotonic()
            for _ in range(20):
                assert "does not answer" in t.ask("ban", "192.0.2.1/32", 1000000)[1]
            assert time.monotonic() - begin < 4 * TIMEOUT, "each change waits anew"
            assert "does not answer" in t.ask("reconcile")[1]
            assert "192.0.2.1/32" in (tmp_path / "banned.lst").read_text()
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


FALSE_HAPROXY = """
import socket, sys, time
path, behaviour = sys.argv[1:]
s = socket.socket(socket.AF_UNIX)
s.bind(path)
s.listen(0 if behaviour == "full" else 16)
if behaviour == "full":  # its queue of connections is, and nobody accepts
    waiting = []
    for _ in range(4):
        c = socket.socket(socket.AF_UNIX)
        c.setblocking(False)
        try:
            c.connect(path)
        except BlockingIOError:
            pass
        waiting.append(c)
print("ready", flush=True)
kept = []
while True:
    if behaviour == "full":
        time.sleep(60)
        continue
    c, _ = s.accept()
    kept.append(c)
    if behaviour == "slow":
        c.sendall(b"type=i")
    elif behaviour == "cut":
        c.recv(1000)
        c.sendall(b"type=ip, case=sensitive")
        c.close()
    elif behaviour == "denied":
        c.recv(1000)
        c.sendall(b"Permission denied\\n\\n")
        c.close()
    elif behaviour == "garbage":
        c.recv(1000)
        c.sendall(b"\\0\\xff\\n\\n\\n%s%n" * 1000 + b"\\n\\n")
        c.close()
"""


def test_haproxy_stopped_in_the_middle(sink_tool, haproxy, tmp_path):
    """SIGSTOP: a real HAProxy that accepts (the kernel does) and never answers; then it goes on."""
    (tmp_path / "banned.lst").write_text("")
    h = haproxy().start()
    t = sink_tool()
    t.do("open", h.spec)
    os.kill(h.process.pid, signal.SIGSTOP)
    try:
        assert "does not answer" in t.ask("ban", "192.0.2.1/32", 1000000)[1]
    finally:
        os.kill(h.process.pid, signal.SIGCONT)
    # What waited in its socket is done now too, perhaps behind the mending: then there are two for a while.
    for _ in range(100):
        t.reconcile()
        if h.entries() == ["192.0.2.1/32"]:
            break
        time.sleep(0.05)
    assert h.entries() == ["192.0.2.1/32"]


def test_haproxy_socket_of_others(sink_tool, haproxy, tmp_path):
    if not is_root():
        pytest.skip("becoming somebody else needs root")
    (tmp_path / "banned.lst").write_text("")
    tmp_path.chmod(0o755)
    for parent in list(tmp_path.parents)[:3]:
        parent.chmod(parent.stat().st_mode | 0o111)
    h = haproxy().start()
    t = sink_tool("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups")
    assert "must be in the group" in t.ask("open", h.spec)[1]


def test_odd_path(sink_tool, haproxy, tmp_path):
    """What separates commands, in the name of the ACL: HAProxy reads it as one word."""
    h = haproxy()
    h.acl = tmp_path / "a;b\\c.lst"
    h.acl.write_text("192.0.2.0/24\n")
    h.config.write_text(h.config.read_text().replace(f"{tmp_path}/banned.lst", str(h.acl).replace("\\", "\\\\")))
    h.start()
    t = sink_tool()
    t.do("open", f"haproxy:{h.socket},acl={h.acl}")
    assert t.networks() == {ipaddress.ip_network("192.0.2.0/24")}
    t.do("ban", "2001:db8::/32", 1000000)
    assert t.reconcile()["foreign"] == 1
    assert t.networks() == {ipaddress.ip_network("2001:db8::/32")}
