# SPDX-License-Identifier: Apache-2.0
"""Bans in a real HAProxy, asked by real connections of both families, over binds of one family and of both; through a
reload and a crash."""
import ipaddress
import json
import os
import subprocess
import sys
import time

import pytest

from conftest import TOP

sys.path.insert(0, str(TOP / "tests/guard"))
from sinkbox import HAProxy, Model, SinkTool  # noqa: E402

pytestmark = pytest.mark.lab

HERE = {4: "192.0.2.1", 6: "2001:db8:1::1"}
APART, TOGETHER = 8080, 8081  # one bind a family; one for both, where IPv4 clients are ::ffff:a.b.c.d
BINDS = f"""
    bind {HERE[4]}:{APART}
    bind [{HERE[6]}]:{APART} v6only
    bind [::]:{TOGETHER} v4v6
"""
# source address and port to ask: the status of each answer
ASK = """
import json, socket, sys
here = json.loads(sys.argv[1])
answers = []
for source, port in json.load(sys.stdin):
    six = ":" in source
    with socket.socket(socket.AF_INET6 if six else socket.AF_INET) as s:
        s.settimeout(5)
        s.bind((source, 0))
        s.connect((here["6" if six else "4"], port))
        s.sendall(b"GET / HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n")
        answers.append(int(s.recv(4096).split()[1]))
print(json.dumps(answers))
"""


class Lab:
    def __init__(self, tool, hextet_path, folder):
        self.name = f"hx{os.getpid()}-haproxy"
        self.inside = ["ip", "netns", "exec", self.name]
        self.haproxy = HAProxy(tool("haproxy"), folder, prefix=self.inside)
        text = self.haproxy.config.read_text()
        self.haproxy.config.write_text(text.replace("frontend web", "frontend web" + BINDS))
        self.tool_path = hextet_path.parent / "tests/sink_tool"
        self.tools = []

    def open(self):
        subprocess.run(["ip", "netns", "add", self.name], check=True)
        for words in ("ip link set lo up", "sysctl -qw net.ipv6.ip_nonlocal_bind=1",
                      *(f"ip address add {a} dev lo" + (" nodad" if ":" in a else "") for a in HERE.values()),
                      *(f"ip route add local {p} dev lo" for p in ("10.0.0.0/8", "198.51.100.0/24")),
                      *(f"ip -6 route add local {p} dev lo" for p in ("2001:db8::/44", "2002::/16"))):
            subprocess.run([*self.inside, *words.split()], check=True)

    def sink(self):
        self.tools.append(SinkTool(self.tool_path))
        return self.tools[-1]

    def statuses(self, questions):
        done = subprocess.run([*self.inside, sys.executable, "-c", ASK, json.dumps({str(k): v for k, v in HERE.items()})],
                              input=json.dumps([[str(a), port] for a, port in questions]), capture_output=True,
                              text=True, check=True)
        return json.loads(done.stdout)

    def close(self):
        for t in self.tools:
            t.close()
        self.haproxy.stop()
        subprocess.run(["ip", "netns", "delete", self.name], check=False, capture_output=True)


@pytest.fixture
def lab(tool, hextet_path, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("a network namespace needs root")
    lab = Lab(tool, hextet_path, tmp_path)
    lab.haproxy.acl.write_text("")
    try:
        lab.open()
        yield lab
    finally:
        lab.close()


def usable(a):
    """Addresses that the lab's clients can have."""
    return any(a in ipaddress.ip_network(n) for n in ("10.0.0.0/8", "198.51.100.0/24", "2001:db8::/44")
               if ipaddress.ip_network(n).version == a.version)


def test_random_bans(lab):
    """What is refused at the door is what the model says, over either kind of bind."""
    lab.haproxy.start()
    asked = refused = 0
    for seed in range(8):
        model, t = Model(100 + seed), lab.sink()
        if model.allow:
            t.do("allow", *model.allow)
        t.do("open", lab.haproxy.spec)
        t.do("reconcile")
        for step in model.steps():
            t.do(*step)
        questions = [(a, port) for a in filter(usable, model.addresses()) for port in (APART, TOGETHER)]
        want = [403 if model.banned(a) else 200 for a, _ in questions]
        assert lab.statuses(questions) == want, (seed, model.bans, model.allow)
        asked, refused = asked + len(want), refused + want.count(403)
    assert asked > 500 and 0.1 < refused / asked < 0.9


def test_ipv4_in_ipv6(lab):
    """To HAProxy a ban of an IPv4 network has the 6to4 clients behind its addresses in it, and nobody else's."""
    lab.haproxy.start()
    t = lab.sink()
    t.do("open", lab.haproxy.spec)
    t.do("ban", "198.51.100.0/24", 10**6)
    assert lab.statuses([("198.51.100.7", APART), ("198.51.100.7", TOGETHER), ("2002:c633:6407::1", APART),
                         ("2002:c633:6507::1", APART), ("10.0.0.7", APART)]) == [403, 403, 403, 200, 200]


def test_reload_and_crash(lab):
    """A new process begins with the file; whatever it lacks is back after the next reconcile."""
    first = [("2001:db8:1:2::1", APART), ("198.51.100.7", APART)]
    second = [("2001:db8:2:2::1", APART), ("10.0.0.1", TOGETHER)]
    lab.haproxy.start()
    t = lab.sink()
    t.do("open", lab.haproxy.spec)
    t.do("ban", "2001:db8:1:2::/64", 10**6, "198.51.100.7/32", 10**6)
    assert lab.statuses(first + second) == [403, 403, 200, 200]
    t.do("reconcile")
    t.do("ban", "2001:db8:2::/48", 10**6, "10.0.0.0/8", 10**6)  # in the process, not yet in the file
    assert lab.statuses(first + second) == [403] * 4

    # A reload as systemd's unit does it: a new process that takes the old one's place.
    old = lab.haproxy.process
    lab.haproxy.process = subprocess.Popen([*lab.inside, lab.haproxy.program, "-db", "-f", str(lab.haproxy.config), "-sf",
                                            str(old.pid)], stderr=subprocess.PIPE)
    old.wait(20)
    old.stderr.close()
    for _ in range(100):
        if not set(lab.haproxy.entries()) >= {"10.0.0.0/8"}:
            break
        time.sleep(0.05)
    assert lab.statuses(first + second) == [403, 403, 200, 200]
    assert t.reconcile()["missing"] == 2
    assert lab.statuses(first + second) == [403] * 4

    lab.haproxy.process.kill()
    lab.haproxy.process.wait()
    lab.haproxy.process.stderr.close()
    assert t.ask("unban", "10.0.0.0/8")[1] is not None
    assert t.ask("reconcile")[1] is not None
    lab.haproxy.start()
    assert lab.statuses(first + second) == [403, 403, 403, 200], "the file was kept while there was no HAProxy"


def test_time_to_refusal(lab):
    """From the ban to the first refused connection, two hundred times; in an ACL that has twenty thousand already."""
    lab.haproxy.start()
    t = lab.sink()
    t.do("open", lab.haproxy.spec)
    for at in range(0, 20000, 1000):
        t.do("ban", *(w for n in range(at, at + 1000) for w in (f"2001:db8:b:{n:x}::/64", 10**9)))
    took = []
    for n in range(200):
        begin = time.monotonic()
        t.do("ban", f"2001:db8:a:{n:x}::/64", 10**9)
        took.append(time.monotonic() - begin)
    assert set(lab.statuses([(f"2001:db8:a:{n:x}::5", APART) for n in range(200)])) == {403}
    assert set(lab.statuses([(f"2001:db8:a:{n:x}::5", APART) for n in range(200, 220)])) == {200}
    print(f"ban to refusal: p50 {sorted(took)[100] * 1000:.1f} ms, p99 {sorted(took)[198] * 1000:.1f} ms")
