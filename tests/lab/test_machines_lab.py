# SPDX-License-Identifier: Apache-2.0
"""The lab itself: machines.py builds what the rendered files say, its probes tell answers apart, and nothing is left of
it, however it ends."""
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from machines import Daemon, wait_until

pytestmark = pytest.mark.lab

ESTATE = {"estate.yaml": """
estate: lab
domain: example.net
checks: { documentation-prefix: ignore }
prefixes:
  2001:db8:1::/48: { per_machine: 64, gateway: "fe80::1" }
  192.0.2.0/24: { gateway: 192.0.2.1 }
  2001:db8:99::/48: {}
  2001:db8:2::/48: {}
  198.51.100.0/24: {}
groups: { web: { roles: [nginx, keepalived] }, office: { roles: [radvd] } }
failover:
  web: { machines: [a.example.net, b.example.net], interface: eth0.7, vrid: 7, ipv4: [192.0.2.99/32],
         ipv6: ["fe80::9:9/64", "2001:db8:99::1/112"] }
lans: { office: { router: r.example.net, interface: eth1, ipv6: "2001:db8:2:1::/64" } }
""", "machines/all.yaml": """
a.example.net: { groups: [web], ip: 192.0.2.10, ipv6: "2001:db8:1:1::a" }
b.example.net: { groups: [web], ip: 192.0.2.11, ipv6: "2001:db8:1:2::b" }
r.example.net: { groups: [office], ip: 198.51.100.1, ipv6: "2001:db8:2::1" }
"""}
A, B, CLIENT = ("192.0.2.10", "2001:db8:1:1::a"), ("192.0.2.11", "2001:db8:1:2::b"), ("203.0.113.7", "2001:db8:c::7")


@pytest.fixture(scope="module")
def lab(machines):
    lab = machines(ESTATE)
    lab.host("client", ipv4=[CLIENT[0], "203.0.113.128/25"], ipv6=[CLIENT[1], "2001:db8:c:2::/64"])
    lab["a.example.net"].serve(80)
    return lab


def test_machines_reach_each_other(lab):
    a, b, client = lab["a.example.net"], lab["b.example.net"], lab["client"]
    for source, machine in ((CLIENT, client), (("203.0.113.200", "2001:db8:c:2::77"), client), (B, b)):
        assert machine.probe([(kind, s, d, 80) for kind in ("tcp", "udp", "ping") for s, d in zip(source, A)]) \
            == ["answer"] * 6
    assert a.probe([("ping", s, d, 0) for s, d in zip(A, CLIENT)]) == ["answer"] * 2


def test_words_of_probes(lab):
    client = lab["client"]
    assert client.probe([(kind, s, d, 81) for kind in ("tcp", "udp") for s, d in zip(CLIENT, A)]) == ["refused"] * 4
    nobody = [(kind, CLIENT[1], "2001:db8:1:1::ffff", 80) for kind in ("tcp", "udp", "ping")]
    assert client.probe(nobody) == ["unreachable"] * 3
    lab["b.example.net"].run("nft", "table inet t { chain c { type filter hook input priority 0; meta l4proto { tcp, udp, "
                             "icmp } drop; icmpv6 type echo-request drop; }; }", check=True)
    silent = [(kind, s, d, 80) for kind in ("tcp", "udp", "ping") for s, d in zip(CLIENT, B)]
    assert client.probe(silent, seconds=0.5) == ["silence"] * 6
    lab["b.example.net"].run("nft", "flush ruleset", check=True)


def test_a_machine_has_its_own_files_and_name(lab):
    a = lab["a.example.net"]
    a.write("/etc/nginx/certs/x.pem", "text\n")
    assert a.run("cat", "/etc/nginx/certs/x.pem", check=True).stdout == "text\n"
    assert a.run("hostname", check=True).stdout == "a.example.net\n"
    a.run("sh", "-c", "echo x > /run/x; mkdir /var/lib/x", check=True)
    assert a.path("/run/x").read_text() == "x\n" and not Path("/run/x").exists()
    assert lab["b.example.net"].run("test", "-e", "/run/x").returncode == 1
    assert "eth0.7" in a.run("ip", "-br", "link", check=True).stdout


def test_segments(lab):
    """The VLAN is shared, a LAN is its router's own, and the provider finds virtual addresses on the VLAN."""
    a, r = lab["a.example.net"], lab["r.example.net"]
    a.ip("address add 2001:db8:99::1 dev eth0.7 nodad")
    lab.route("2001:db8:99::/112", "eth0.7")
    client = lab["client"]
    wait_until(lambda: client.probe([("tcp", CLIENT[1], "2001:db8:99::1", 80)]) == ["answer"], "no answer")
    laptop = lab.host("laptop", segment="r.example.net/eth1", ipv6=["2001:db8:2:1::7/64"])
    r.ip("address add 2001:db8:2:1::1/64 dev eth1 nodad")
    wait_until(lambda: laptop.probe([("ping", "2001:db8:2:1::7", "2001:db8:2:1::1", 0)]) == ["answer"], "no answer")


def test_daemons(lab, tmp_path):
    a = lab["a.example.net"]
    nginx = a.start("sh", "-c", "trap 'echo bye; exit 3' TERM; echo hello; while :; do sleep 0.01; done", ready=("log", "hello"))
    nginx.kill(signal.SIGTERM)
    assert (nginx.wait(), nginx.log()) == (3, "hello\nbye\n")
    with pytest.raises(pytest.fail.Exception, match="a.example.net: sh ended with 4:\nno such thing"):
        a.start("sh", "-c", "echo no such thing; exit 4", ready=("tcp", "::1", 1))
    with pytest.raises(pytest.fail.Exception, match="(?s)a.example.net: ls .*: 2\n.*nowhere"):
        a.run("ls", "/nowhere", check=True)
    assert isinstance(a.networkd, Daemon) and a.networkd.is_running()


KILLED = """
import pathlib, shutil, subprocess, sys, time
from machines import Machines
from test_machines_lab import ESTATE
hextet = lambda *args: subprocess.run([sys.argv[1], *map(str, args)], capture_output=True, text=True)
with Machines(hextet, shutil.which, pathlib.Path(sys.argv[2]), ESTATE, ["a.example.net"]) as lab:
    a = lab["a.example.net"]
    orphan = a.run("sh", "-c", "sleep 1000 >&- 2>&- &", check=True)
    daemon = a.start("sleep", "1000")
    print(a.pid, lab.provider.pid, a.networkd.process.pid, daemon.process.pid, flush=True)
    if sys.argv[3] == "killed":
        time.sleep(1000)
"""


def inhabitants(net):
    """The processes in a network namespace."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            found += [process.name] if os.readlink(process / "ns/net") == net else []
        except OSError:
            pass  # it has just ended
    return found


@pytest.mark.parametrize("end", ["closed", "killed"])
def test_nothing_is_left(hextet_path, tool, tmp_path, end):
    """Neither of a lab that is closed, nor of one whose pytest is killed."""
    script = subprocess.Popen([sys.executable, "-c", KILLED, hextet_path, tmp_path, end], stdout=subprocess.PIPE,
                              env=os.environ | {"PYTHONPATH": str(Path(__file__).parent)}, text=True)
    pids = script.stdout.readline().split()
    assert len(pids) == 4
    if end == "killed":
        nets = [os.readlink(f"/proc/{pid}/ns/net") for pid in pids[:2]]
        assert len(inhabitants(nets[0])) >= 5  # PID 1, networkd, the orphan, the daemon and who waits for it
        script.kill()
        wait_until(lambda: not any(map(inhabitants, nets)), "processes are left")
    script.wait(20)
    wait_until(lambda: not any(is_alive(pid) for pid in pids), "processes are left")


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
