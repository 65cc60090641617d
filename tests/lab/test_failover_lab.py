# SPDX-License-Identifier: Apache-2.0
"""Two machines with the rendered keepalived.conf and haproxy.cfg: HAProxy ends on the preferred one, and the virtual
addresses of both families answer from the other one within 3 s; they go back when it returns. And what keepalived does
not notice: a virtual address that somebody else has."""
import signal
import time

import pytest
from machines import wait_until

pytestmark = pytest.mark.lab

VIP4, VIP6 = "192.0.2.100", "2001:db8:2::100"
ESTATE = {"estate.yaml": """
estate: failover
domain: example.net
checks: { documentation-prefix: ignore }
prefixes:
  2001:db8:1::/48: { per_machine: 64, gateway: "fe80::1" }
  2001:db8:2::/48: {}
  192.0.2.0/24: { gateway: 192.0.2.1 }
groups: { edge: { roles: [haproxy, keepalived] } }
services: { http: { tcp: 80 } }
policy: [{ name: web, from: any, to: edge, allow: http }]
endpoints: { www.example.net: { to: www, service: http } }
failover:
  www: { machines: [a.example.net, b.example.net], interface: eth0.7, vrid: 7, ipv4: [192.0.2.100/32],
         ipv6: ["fe80::7:7/64", "2001:db8:2::100/64"], track: [haproxy] }
""", "machines/all.yaml": """
a.example.net: { groups: [edge], ip: 192.0.2.10, ipv6: "2001:db8:1:1::a" }
b.example.net: { groups: [edge], ip: 192.0.2.11, ipv6: "2001:db8:1:2::b" }
"""}


def start_haproxy(machine):
    return machine.start("haproxy", "-db", "-f", "/etc/haproxy/haproxy.cfg",
                         ready=("tcp", "::1", 80))


def holds(machine):
    """Which virtual addresses a machine has."""
    shown = machine.run("ip", "-o", "address", "show", "dev", "eth0.7", check=True).stdout
    return {vip for vip in (VIP4, VIP6, "fe80::7:7") if f" {vip}/" in shown}


def answers(client):
    """Whether something answers at both addresses, whoever has them."""
    return client.probe([("tcp", "203.0.113.7", VIP4, 80), ("tcp", "2001:db8:c::7", VIP6, 80)], 0.2) == ["answer"] * 2


@pytest.fixture(scope="module")
def lab(machines, tool):
    for program in ("keepalived", "haproxy"):
        tool(program)
    lab = machines(ESTATE)
    for name in ("a.example.net", "b.example.net"):
        machine = lab[name]
        machine.path("/var/lib/haproxy").mkdir(parents=True, exist_ok=True)
        machine.path("/run/haproxy").mkdir(parents=True, exist_ok=True)
        path = machine.path("/etc/haproxy/haproxy.cfg")  # containers may allow few open files
        path.write_text(path.read_text().replace("maxconn 20000", "maxconn 200"))
        machine.run("nft", "-f", "/etc/nftables.d/hextet.nft", check=True)
        machine.haproxy = start_haproxy(machine)
        machine.keepalived = machine.start("keepalived", "-n", "-l", "-D", "-P", ready=("log", "Startup complete"))
    lab.host("client", ipv4=["203.0.113.7"], ipv6=["2001:db8:c::7"])
    lab.route(f"{VIP4}/32", "eth0.7")
    lab.route(f"{VIP6}/128", "eth0.7")
    return lab


def test_both_families_move_and_return(lab):
    a, b, client = lab["a.example.net"], lab["b.example.net"], lab["client"]
    everything = {VIP4, VIP6, "fe80::7:7"}
    said = lambda: a.keepalived.log() + b.keepalived.log()  # noqa: E731
    wait_until(lambda: holds(a) == everything and holds(b) == set() and answers(client), said)
    began = time.monotonic()
    a.haproxy.kill(signal.SIGKILL)
    a.haproxy.wait()
    wait_until(lambda: holds(b) == everything and answers(client), said)
    took = time.monotonic() - began
    print(f"after {took:.2f} s both families answered from the other machine")
    assert took < 3
    assert holds(a) == set()
    a.haproxy = start_haproxy(a)
    wait_until(lambda: holds(a) == everything and holds(b) == set() and answers(client), said)


def test_a_hung_service_moves_them_too(lab):
    """Its socket still takes connections: only who waits for an answer notices."""
    a, b, client = lab["a.example.net"], lab["b.example.net"], lab["client"]
    wait_until(lambda: len(holds(a)) == 3, a.keepalived.log)
    pids = a.run("pidof", "haproxy", check=True).stdout.split()
    a.run("kill", "-STOP", *pids, check=True)
    assert a.accepts("::1", 80)
    wait_until(lambda: len(holds(b)) == 3 and answers(client), a.keepalived.log)
    a.haproxy.process.send_signal(signal.SIGCONT)  # nsenter stops with the program and wakes it when it is woken
    a.run("kill", "-CONT", *pids, check=True)
    wait_until(lambda: len(holds(a)) == 3 and not holds(b), a.keepalived.log)


def test_a_duplicate_is_seen_by_the_checker_only(hextet, lab, tmp_path):
    """The virtual address becomes that of machine b; the configuration is what the template makes of it."""
    text = ESTATE["estate.yaml"].replace("2001:db8:2::100/64", "2001:db8:1:2::b/64")
    assert text != ESTATE["estate.yaml"]
    (tmp_path / "machines").mkdir()
    (tmp_path / "estate.yaml").write_text(text)
    (tmp_path / "machines" / "all.yaml").write_text(ESTATE["machines/all.yaml"])
    done = hextet("check", tmp_path)
    assert done.returncode == 1
    assert "2001:db8:1:2::b already belongs to" in done.stderr + done.stdout
    a = lab["a.example.net"]
    rendered = a.path("/etc/keepalived/keepalived.conf").read_text()
    duplicate = rendered.replace(f"{VIP6}/64", "2001:db8:1:2::b/64").replace("script_user nobody", "script_user root")
    assert duplicate.count("2001:db8:1:2::b/64") == 1
    a.write("/etc/keepalived/duplicate.conf", duplicate)
    a.run("keepalived", "-t", "-f", "/etc/keepalived/duplicate.conf", check=True)
