# SPDX-License-Identifier: Apache-2.0
"""The rendered firewalls do to packets what `hextet trace` says about them: random probes between machines, a network
behind NAT and strangers, over both families; and what every firewall has to leave alone works through them: neighbour
discovery, path-MTU discovery, traceroute, and connections that were there before a reload."""
import json
import random
import socket
import sys

import pytest
from machines import PROVIDER_ADDRESSES, wait_until

pytestmark = pytest.mark.lab

PROBES = 2400
PORTS = [22, 53, 80, 443, 8080]
BIG = 400_000
ESTATE = """
estate: lab
prefixes:
  2001:db8::/32: { gateway: "fe80::1" }
  198.51.100.0/24: { gateway: 198.51.100.254 }
groups: { edge: {}, db: {}, routers: {}, inside: {}, admin: {} }
services:
  ssh: { tcp: 22 }
  dns: { tcp: 53, udp: 53 }
  web: { tcp: [80, 443], udp: 443 }
  app: { tcp: 8080, udp: 8080 }
policy:
  - { name: web, from: any, to: edge, allow: web }
  - { name: admin, from: [admin, 203.0.113.7, "2001:db8:c::/65"], to: all, allow: ssh }
  - { name: app, from: edge, to: [inside, db], allow: app }
  - { name: out, from: inside, to: any, allow: dns }
  - { name: six only, from: 2001:db8:c::8, to: inside, allow: app }
  - { name: four only, from: 203.0.113.8, to: [db, inside], allow: [dns, app] }
  - { name: literal, from: 2001:db8:1:f::5, to: 2001:db8:3::1, allow: app }
checks: { %s }
"""
MACHINES = """
r.example.net:
  groups: [routers]
  ip: 198.51.100.1
  ipv6: 2001:db8:1::1
  routed_networks: { 10.0.0.0/24: { groups: [inside] } }
  routed_networks6: { "2001:db8:1:f::/80": { groups: [inside] } }
edge.example.net: { groups: [edge, admin], ip: 198.51.100.2, ipv6: "2001:db8:2::1" }
db.example.net: { groups: [db], ip: 198.51.100.3, ipv6: "2001:db8:3::1" }
"""
# The router publishes a port of the inside, as a sysadmin would.
PUBLISH = "table ip published { chain prerouting { type nat hook prerouting priority dstnat; " \
          "ip daddr 198.51.100.1 tcp dport 8080 dnat to 10.0.0.5; ip daddr 198.51.100.1 udp dport 8080 dnat to 10.0.0.5; }; }"
ADDRESSES = {
    "r.example.net": ["198.51.100.1", "2001:db8:1::1"],
    "edge.example.net": ["198.51.100.2", "2001:db8:2::1"],
    "db.example.net": ["198.51.100.3", "2001:db8:3::1"],
    "inside": ["10.0.0.5", "2001:db8:1:f::5"],
    "client": ["203.0.113.7", "203.0.113.8", "203.0.113.9", "2001:db8:c::7", "2001:db8:c::8", "2001:db8:c:0:8000::9"],
}
ROUTER, EDGE = "r.example.net", "edge.example.net"
# Answers every line; a line "big" with a lot.
TALK = f"""
import socket, threading
def talk(c):
    for line in c.makefile("r"):
        c.sendall(b"x" * {BIG} + b"\\n" if line == "big\\n" else line.encode())
s = socket.create_server(("::", 443), family=socket.AF_INET6, dualstack_ipv6=True)
t = socket.create_server(("::", 53), family=socket.AF_INET6, dualstack_ipv6=True)
print("ready", flush=True)
def serve(s):
    while True:
        threading.Thread(target=talk, args=(s.accept()[0],), daemon=True).start()
threading.Thread(target=serve, args=(t,), daemon=True).start()
serve(s)
"""


@pytest.fixture(scope="module")
def lab(machines, hextet):
    checks = json.loads(hextet("check", "--list", "--output", "json").stdout)
    ignored = ", ".join(f"{c['name']}: ignore" for c in checks)
    lab = machines({"estate.yaml": ESTATE % ignored, "machines/all.yaml": MACHINES})
    lab.host("client", ipv4=[a for a in ADDRESSES["client"] if "." in a], ipv6=["2001:db8:c::/64"], mtu=1280)
    # The narrow link is the provider's; the client itself does not know of it.
    lab["client"].ip("link set eth0 mtu 1500")
    router = lab[ROUTER]
    lab.link(router, "eth1", "inside")
    router.run("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1", check=True)
    router.ip("link set eth1 up", "address add 10.0.0.1/24 dev eth1", "address add 2001:db8:1:f::1/80 dev eth1 nodad")
    inside = lab.host("inside", ipv4=["10.0.0.5/24"], ipv6=["2001:db8:1:f::5/80"], segment="inside")
    inside.ip("route add default via 2001:db8:1:f::1", "route add default via 10.0.0.1")
    router.run("nft", PUBLISH, check=True)
    return lab


def load(lab):
    for name in ADDRESSES:
        if name.endswith(".net"):
            lab[name].run("nft", "-f", "/etc/nftables.d/hextet.nft", check=True)


def pick(rng):
    """Where a probe starts, the probe, and what to ask: a published port is asked for by the name of what is there."""
    here, there = rng.sample(list(ADDRESSES), 2)
    family = rng.choice([4, 6])
    source = rng.choice([a for a in ADDRESSES[here] if (":" in a) == (family == 6)])
    to = rng.choice([a for a in ADDRESSES[there] if (":" in a) == (family == 6)])
    kind, port = rng.choice(["tcp", "udp", "tcp", "udp", "ping"]), rng.choice(PORTS)
    if there == "inside" and family == 4:
        if here == ROUTER:
            return None
        to, kind, port = "198.51.100.1", rng.choice(["tcp", "udp"]), 8080
    if here == ROUTER and there == "inside":
        return None
    asked = "inside" if to == "198.51.100.1" and port == 8080 and kind != "ping" and here != "inside" else to
    if here == "inside" and to == "198.51.100.1" and port == 8080:
        return None  # round the corner, translated twice
    return here, (kind, source, to, port), asked


def expectations(hextet, folder, picked):
    """What trace says of each probe."""
    questions = {(p[1], asked, f"{p[0]}/{p[3]}") for _, p, asked in picked if p[0] != "ping"}
    done = hextet("trace", folder, "--batch", "-", input="".join(" ".join(q) + "\n" for q in questions))
    said = {}
    for answer in map(json.loads, done.stdout.splitlines()):
        said[answer["from"], answer["to"], answer["service"], answer["family"]] = answer["verdict"]
    # The policy is not about ICMP: an echo is answered everywhere.
    return ["answer" if p[0] == "ping" or said[p[1], asked, f"{p[0]}/{p[3]}", 6 if ":" in p[1] else 4] == "accept"
            else "silence" for _, p, asked in picked]


def probe_all(lab, picked):
    got = [None] * len(picked)
    for here in ADDRESSES:
        mine = [i for i, p in enumerate(picked) if p[0] == here]
        for i, word in zip(mine, lab[here].probe([picked[i][1] for i in mine], seconds=1.5)):
            got[i] = word
    return got


@pytest.fixture
def servers(lab):
    servers = [lab[name].serve(*PORTS) for name in ADDRESSES]
    yield
    for server in servers:
        server.stop()


@pytest.mark.usefixtures("servers")
def test_probes_end_as_trace_said(lab, hextet):
    rng = random.Random("trace lab")
    picked = []
    while len(picked) < PROBES:
        if (p := pick(rng)):
            picked.append(p)
    expected = expectations(hextet, lab.folder / "estate", picked)
    # Without rules nothing hides 10.0.0.5 behind its router, so nobody can answer it.
    some = [p for p in picked[:400] if not p[1][1].startswith("10.")]
    silent = [p for p, word in zip(some, probe_all(lab, some)) if word != "answer"]
    assert not silent, ("without rules everything must be answered", silent[:5])
    load(lab)
    got = probe_all(lab, picked)
    # What was silent though it may speak is asked again: a busy machine loses datagrams.
    again = [i for i, (g, e) in enumerate(zip(got, expected)) if g != e == "answer"]
    for i, word in zip(again, probe_all(lab, [picked[i] for i in again])):
        got[i] = word
    wrong = [(p, g, e) for p, g, e in zip(picked, got, expected) if g != e]
    assert not wrong, (len(wrong), wrong[:5])
    both = {(p[1][0], ":" in p[1][1], e) for p, e in zip(picked, expected)}
    assert len(both) == 2 * 2 * 2 + 2, "each protocol in each family was let through, and stopped"


@pytest.fixture(scope="module")
def talkers(lab):
    load(lab)
    for name in ("inside", EDGE):
        lab[name].start(sys.executable, "-c", TALK, ready=("log", "ready"))
    return lab


def connect(machine, source, to, port):
    with machine.net():
        return socket.create_connection((to, port), 20, (source, 0))


def say(connection, line, size):
    connection.sendall(line.encode() + b"\n")
    got = 0
    while got < size:
        more = len(connection.recv(1 << 16))
        assert more, "the connection ended"
        got += more
    return got


WAYS = [("client", "203.0.113.9", EDGE, "198.51.100.2"), ("client", "2001:db8:c::9", EDGE, "2001:db8:2::1")]


@pytest.mark.parametrize("way", WAYS)
def test_a_narrow_link_is_found(talkers, way):
    """The machine sends more than the client's link takes: the router's word about it comes through the input chain."""
    here, source, there, to = way
    talkers[there].ip("route flush cache")
    with connect(talkers[here], source, to, 443) as c:
        assert say(c, "big", BIG + 1) == BIG + 1
    assert "mtu 1280" in talkers[there].run("ip", "route", "get", source, check=True).stdout


@pytest.mark.parametrize("source, to", [("2001:db8:1:f::5", "2001:db8:c::7"), ("10.0.0.5", "203.0.113.7")])
def test_a_narrow_link_is_found_from_behind_the_firewall(talkers, source, to):
    """The same for what is behind a firewall, through its forward chain and, in IPv4, back through its NAT."""
    with talkers["client"].net():
        server = socket.create_server((to, 53), family=socket.AF_INET6 if ":" in to else socket.AF_INET)
    server.settimeout(20)
    with server, connect(talkers["inside"], source, to, 53) as c:
        peer, _ = server.accept()
        with peer:
            peer.settimeout(20)
            c.settimeout(20)
            c.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 * BIG)
            c.sendall(b"x" * BIG)
            got = 0
            while got < BIG:
                got += len(peer.recv(1 << 16))
    assert "mtu 1280" in talkers["inside"].run("ip", "route", "get", to, check=True).stdout


def hop(machine, source, to, limit):
    """Who answers to a datagram with this hop limit: a traceroute's single step."""
    v6 = ":" in to
    kind, header = (socket.IPPROTO_ICMPV6, 0) if v6 else (socket.IPPROTO_ICMP, 20)
    family = socket.AF_INET6 if v6 else socket.AF_INET
    with machine.net(), socket.socket(family, socket.SOCK_RAW, kind) as icmp, \
            socket.socket(family, socket.SOCK_DGRAM) as udp:
        udp.setsockopt(*((socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS) if v6 else
                         (socket.IPPROTO_IP, socket.IP_TTL)), limit)
        udp.bind((source, 0))
        icmp.settimeout(10)
        udp.sendto(b"?", (to, 53))
        while True:
            said, (speaker, *_) = icmp.recvfrom(2000)
            if said[header] == (3 if v6 else 11):
                return speaker


def test_traceroute(talkers):
    """Through both chains: the way in shows the firewall itself, the way out what is behind it."""
    four, six = PROVIDER_ADDRESSES
    client, inside = talkers["client"], talkers["inside"]
    assert [hop(client, "2001:db8:c::7", "2001:db8:1:f::5", n) for n in (1, 2)] == [six, "2001:db8:1::1"]
    assert [hop(inside, "2001:db8:1:f::5", "2001:db8:c::7", n) for n in (1, 2)] == ["2001:db8:1:f::1", six]
    assert [hop(inside, "10.0.0.5", "203.0.113.7", n) for n in (1, 2)] == ["10.0.0.1", four]


def test_neighbours_are_found(talkers):
    """With rules loaded and everything forgotten, both sides of the router find each other again."""
    router, inside = talkers[ROUTER], talkers["inside"]
    for machine in (router, inside, talkers[EDGE]):
        machine.run("ip", "neigh", "flush", "all", check=True)
    ways = [("ping", "2001:db8:1:f::5", "2001:db8:2::1", 0), ("ping", "10.0.0.5", "198.51.100.2", 0)]
    assert inside.probe(ways, seconds=10) == ["answer"] * 2
    wait_until(lambda: "2001:db8:1:f::5 dev eth1 lladdr" in router.run("ip", "-6", "neigh").stdout, "no neighbour")


def test_connections_survive_a_reload(talkers):
    client, router, edge = talkers["client"], talkers[ROUTER], talkers[EDGE]
    with connect(client, "2001:db8:c::9", "2001:db8:2::1", 443) as six, \
            connect(client, "203.0.113.9", "198.51.100.2", 443) as four, \
            connect(talkers["inside"], "2001:db8:1:f::5", "2001:db8:2::1", 53) as through, \
            connect(talkers["inside"], "10.0.0.5", "198.51.100.2", 53) as translated:
        for _ in range(5):
            for machine in (router, edge):
                machine.run("nft", "-f", "/etc/nftables.d/hextet.nft", check=True)
            for c in (six, four, through, translated):
                assert say(c, "hello", 6) == 6
