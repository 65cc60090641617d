# SPDX-License-Identifier: Apache-2.0
"""The rendered firewall in a real kernel, asked by real sockets:

    client, stranger ── eth0  machine  eth1 ── container
    (one namespace)           its ruleset      2001:db8:1:f::5, 172.18.0.5 behind port 8080 of the machine

Every question is asked twice: before the ruleset is loaded everything must be answered, so that silence afterwards is
the ruleset's doing."""
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.lab

PROBE = Path(__file__).with_name("net_probe.py")
ESTATE = """
estate: lab
groups:
  web: { roles: [docker] }
  office: {}
  containers: {}
services:
  ssh: { tcp: 22 }
  http: { tcp: 80, udp: 80 }
  app: { tcp: 8080 }
  late: { tcp: 9000, udp: 9000 }
machines: {}
policy:
  - { name: everybody, from: any, to: web, allow: http }
  - { name: admin, from: office, to: all, allow: ssh }
  - { name: app, from: office, to: containers, allow: app }
  - { name: from inside, from: containers, to: web, allow: late }
  - { name: out, from: containers, to: office, allow: late }
"""
MACHINES = """
web.example.net:
  groups: [web]
  ip: 192.0.2.10
  ipv6: 2001:db8:1::10
  routed_networks6:
    2001:db8:1:f::/80: { groups: [containers], docker_network: { name: n, ipv4: 172.18.0.0/24 } }
office.example.net: { groups: [office], ip: 192.0.2.20, ipv6: "2001:db8:2::20" }
"""
# Docker's part: it publishes two ports of the container on the machine, in IPv4.
PUBLISH = """
table ip docker {
	chain prerouting {
		type nat hook prerouting priority dstnat;
		ip daddr 192.0.2.10 tcp dport 8080 dnat to 172.18.0.5:80
		ip daddr 192.0.2.10 tcp dport 9001 dnat to 172.18.0.5:8080
	}
}
"""
PORTS = [22, 80, 8080, 9000]

# kind, source, destination, port, whether the ruleset lets it through
FROM_OUTSIDE = [
    ("tcp", "192.0.2.30", "192.0.2.10", 80, True),
    ("tcp", "2001:db8:2::30", "2001:db8:1::10", 80, True),
    ("udp", "192.0.2.30", "192.0.2.10", 80, True),
    ("udp", "2001:db8:2::30", "2001:db8:1::10", 80, True),
    ("tcp", "2001:db8:2::20", "2001:db8:1::10", 22, True),
    ("tcp", "192.0.2.30", "192.0.2.10", 22, False),
    ("tcp", "2001:db8:2::30", "2001:db8:1::10", 22, False),
    ("tcp", "2001:db8:2::30", "2001:db8:1::10", 9000, False),
    ("udp", "192.0.2.20", "192.0.2.10", 9000, False),
    ("tcp", "2001:db8:2::20", "2001:db8:1:f::5", 8080, True),
    ("tcp", "2001:db8:2::30", "2001:db8:1:f::5", 8080, False),
    ("tcp", "2001:db8:2::20", "2001:db8:1:f::5", 80, False),
    # The policy is about the port that was asked for, 8080, not about the one it is translated to.
    ("tcp", "192.0.2.20", "192.0.2.10", 8080, True),
    ("tcp", "192.0.2.20", "192.0.2.10", 9001, False),
    ("tcp", "192.0.2.30", "192.0.2.10", 8080, False),
    ("tcp", "192.0.2.20", "172.18.0.5", 8080, False),
    ("ping", "192.0.2.30", "192.0.2.10", 0, True),
    ("ping", "2001:db8:2::30", "2001:db8:1::10", 0, True),
    ("ping", "2001:db8:2::30", "2001:db8:1:f::5", 0, True),
]
FROM_INSIDE = [
    ("tcp", "2001:db8:1:f::5", "2001:db8:1::10", 9000, True),
    ("tcp", "172.18.0.5", "192.0.2.10", 9000, True),
    ("tcp", "2001:db8:1:f::5", "2001:db8:2::20", 9000, True),
    ("tcp", "172.18.0.5", "192.0.2.20", 9000, True),
    ("udp", "2001:db8:1:f::5", "2001:db8:2::20", 9000, True),
    ("tcp", "2001:db8:1:f::5", "2001:db8:2::30", 9000, False),
    ("tcp", "172.18.0.5", "192.0.2.30", 80, False),
    ("udp", "2001:db8:1:f::5", "2001:db8:2::20", 80, False),
    ("ping", "2001:db8:1:f::5", "2001:db8:2::30", 0, True),
]


class Lab:
    """Three namespaces; everything in them ends with close()."""

    def __init__(self):
        self.names = {n: f"hx{os.getpid()}-{n}" for n in ("client", "machine", "container")}
        self.servers = {}

    def run(self, where, *args, **options):
        options = {"check": True, "capture_output": True, "text": True} | options
        return subprocess.run(["ip", "netns", "exec", self.names[where], *map(str, args)], **options)

    def open(self):
        for name in self.names.values():
            subprocess.run(["ip", "netns", "add", name], check=True)
            subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)
        for where in self.names:
            self.run(where, "sysctl", "-qw", "net.ipv6.conf.default.accept_dad=0", "net.ipv6.conf.all.accept_dad=0")
        self.link("client", "eth0", ["192.0.2.20/24", "192.0.2.30/24", "2001:db8:2::20/64", "2001:db8:2::30/64"],
                  "machine", "eth0", ["192.0.2.10/24", "2001:db8:1::10/64", "2001:db8:2::1/64"])
        self.link("container", "eth0", ["172.18.0.5/24", "2001:db8:1:f::5/80"],
                  "machine", "eth1", ["172.18.0.1/24", "2001:db8:1:f::1/80"])
        self.run("machine", "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
        for where, gateways in (("client", ("192.0.2.10", "2001:db8:2::1")),
                                ("container", ("172.18.0.1", "2001:db8:1:f::1"))):
            for gateway in gateways:
                self.run(where, "ip", "route", "add", "default", "via", gateway)
        for where in self.names:
            self.serve(where)
        # Links take a moment to be up.
        ends = [("ping", "192.0.2.30", "172.18.0.5", 0), ("ping", "2001:db8:2::30", "2001:db8:1:f::5", 0)]
        assert any(all(self.probe("client", ends)) for _ in range(5)), "the lab itself does not work"

    def link(self, a, a_name, a_addresses, b, b_name, b_addresses):
        subprocess.run(["ip", "link", "add", a_name, "netns", self.names[a], "type", "veth",
                        "peer", b_name, "netns", self.names[b]], check=True)
        for where, name, addresses in ((a, a_name, a_addresses), (b, b_name, b_addresses)):
            for address in addresses:
                self.run(where, "ip", "address", "add", address, "dev", name, *(["nodad"] if ":" in address else []))
            self.run(where, "ip", "link", "set", name, "up")

    def serve(self, where):
        command = ["ip", "netns", "exec", self.names[where], sys.executable, str(PROBE), "serve", *map(str, PORTS)]
        server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.servers[where] = server
        assert server.stdout.readline() == "ready\n"

    def heard(self, where):
        """Ends the server and tells what it has heard."""
        return json.loads(self.servers.pop(where).communicate("", timeout=10)[0])

    def probe(self, where, probes):
        done = self.run(where, sys.executable, PROBE, "probe", input=json.dumps([list(p[:4]) for p in probes]))
        return json.loads(done.stdout)

    def close(self):
        for server in self.servers.values():
            server.kill()
            server.wait()
        for name in self.names.values():
            subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)


@pytest.fixture
def lab(tool):
    if os.geteuid() != 0:
        pytest.skip("network namespaces with links need root")
    for name in ("ip", "nft"):
        tool(name)
    lab = Lab()
    try:
        lab.open()
        yield lab
    finally:
        lab.close()


@pytest.fixture
def ruleset(hextet, tmp_path):
    folder = tmp_path / "estate"
    (folder / "machines").mkdir(parents=True)
    rows = json.loads(hextet("check", "--list", "--output", "json").stdout)
    checks = "checks: " + json.dumps({row["name"]: "ignore" for row in rows}) + "\n"
    (folder / "estate.yaml").write_text(checks + ESTATE.replace("machines: {}\n", ""))
    (folder / "machines" / "m.yaml").write_text(MACHINES)
    done = hextet("render", folder, "--target", "nftables", "-o", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    return tmp_path / "out/web.example.net/etc/nftables.d/hextet.nft"


def test_real_packets(lab, ruleset):
    lab.run("machine", "nft", "-f", "-", input=PUBLISH)
    assert all(lab.probe("client", FROM_OUTSIDE)) and all(lab.probe("container", FROM_INSIDE))

    lab.run("machine", "nft", "-f", ruleset)
    for where, table in (("client", FROM_OUTSIDE), ("container", FROM_INSIDE)):
        got = lab.probe(where, table)
        assert {t[:4]: g for t, g in zip(table, got)} == {t[:4]: t[4] for t in table}
    assert "docker" in lab.run("machine", "nft", "list", "tables").stdout, "another's table is gone"


def test_errors_pass_and_forgeries_do_not(lab, ruleset):
    lab.run("machine", "nft", "-f", ruleset)
    # Errors about a packet that nobody sent: no connection vouches for them. 137, 139: redirect, node information.
    lab.probe("client", [("icmp6", "2001:db8:2::30", to, kind) for to in ("2001:db8:1::10", "2001:db8:1:f::5")
                         for kind in (1, 2, 3, 4, 137, 139)])
    # An address of the container's network on the wrong side, to a port that is open for it; and one that may.
    forged, honest = "2001:db8:1:f::66", "2001:db8:1:f::5"
    lab.run("client", "ip", "address", "add", f"{forged}/128", "dev", "lo", "nodad")
    lab.probe("client", [("udp", forged, "2001:db8:1::10", 9000)])
    lab.probe("container", [("udp", honest, "2001:db8:1::10", 9000)])
    machine, container = lab.heard("machine"), lab.heard("container")
    assert {1, 2, 3, 4} <= set(machine["icmp6"]) and {1, 2, 3, 4} <= set(container["icmp6"])
    assert not {137, 139} & set(machine["icmp6"] + container["icmp6"])
    assert machine["udp"] == [honest]


def test_a_second_load_and_a_bad_file_change_nothing(lab, ruleset, tmp_path):
    lab.run("machine", "nft", "-f", ruleset)
    before = lab.run("machine", "nft", "-s", "list", "ruleset").stdout
    lab.run("machine", "nft", "-f", ruleset)
    assert lab.run("machine", "nft", "-s", "list", "ruleset").stdout == before
    bad = tmp_path / "bad.nft"
    bad.write_text(ruleset.read_text() + "add rule inet hextet input tcp dport 22 jump nowhere\n")
    assert lab.run("machine", "nft", "-f", bad, check=False).returncode != 0
    assert lab.run("machine", "nft", "-s", "list", "ruleset").stdout == before
