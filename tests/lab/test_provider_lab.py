# SPDX-License-Identifier: Apache-2.0
"""Addressing as the provider of the talk does it: one address alone on the interface, the default route over fe80::1, a
/64 routed to the machine of which a container gets a part, and the rest of it unreachable instead of travelling back and
forth. systemd-networkd does all of it, from the rendered files."""
import json
import socket

import pytest
from machines import PROVIDER_ADDRESSES

pytestmark = pytest.mark.lab

NAME, OTHER = "machine.de.example.net", "vpn01a.de.example.net"
MACHINE = "2001:db8:10a:a:b:c:d:e"
CONTAINER = "2001:db8:10a:a:f::5"  # in the routed /96
UNUSED = ["2001:db8:10a:a::", "2001:db8:10a:a::1", "2001:db8:10a:a:f:1::5", "2001:db8:10a:a:ffff:ffff:ffff:ffff"]
CLIENT = "2001:db8:c::7"
UNREACHABLE, TIME_EXCEEDED = 1, 3
COUNT = "table ip6 lab {{ chain arrivals {{ type filter hook prerouting priority raw; ip6 daddr {0} counter; }}; }}"


@pytest.fixture(scope="module")
def lab(machines, top):
    lab = machines(top / "examples/streaming", names=[NAME, OTHER])
    lab.host("client", ipv4=["203.0.113.7"], ipv6=[CLIENT])
    return lab


@pytest.fixture(scope="module")
def container(lab):
    """What Docker would do: a bridge with the first address of the network, a container behind it."""
    lab.link(lab[NAME], "docker0", f"{NAME}/docker0")
    lab[NAME].ip("link set docker0 up", "address add 2001:db8:10a:a:f::1/96 dev docker0 nodad")
    container = lab.host("container", ipv6=[f"{CONTAINER}/96"], segment=f"{NAME}/docker0")
    container.ip("route add default via 2001:db8:10a:a:f::1")
    return container


def show(machine, *args):
    return json.loads(machine.run("ip", "-6", "-j", *args, check=True).stdout)


def errors(client, destination, hop_limit=255):
    """Sends one datagram and gives the first ICMPv6 error about it: (type, who says so)."""
    with client.net(), socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6) as icmp, \
            socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as udp:
        udp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, hop_limit)
        icmp.settimeout(10)
        udp.sendto(b"?", (destination, 33434))
        while True:
            said, (speaker, *_) = icmp.recvfrom(2000)
            if said[0] < 128 and said[32:48] == socket.inet_pton(socket.AF_INET6, destination):
                return said[0], speaker


def arrivals(machine, destination, send):
    """How often packets to an address came to the machine while send() ran, and what send gave."""
    machine.run("nft", COUNT.format(destination), check=True)
    got = send()
    listed = json.loads(machine.run("nft", "-j", "list", "chain", "ip6", "lab", "arrivals", check=True).stdout)
    machine.run("nft", "delete table ip6 lab", check=True)
    rule = next(o["rule"] for o in listed["nftables"] if "rule" in o)
    return next(e["counter"]["packets"] for e in rule["expr"] if "counter" in e), got


def test_one_address_alone(lab):
    links = show(lab[NAME], "address", "show", "dev", "eth0", "scope", "global")
    assert [(a["local"], a["prefixlen"]) for link in links for a in link.get("addr_info", []) if a] == [(MACHINE, 128)]


def test_default_route_over_link_local(lab):
    route, = show(lab[NAME], "route", "show", "default")
    assert (route["gateway"], route["dev"]) == ("fe80::1", "eth0")
    # Nothing else of the provider's networks is taken to be on the link.
    on_link = {r["dst"] for r in show(lab[NAME], "route", "show", "dev", "eth0") if "gateway" not in r}
    assert on_link <= {MACHINE, "fe80::/64", "multicast", "ff00::/8"}


def test_machines_meet_over_the_provider(lab):
    other = "2001:db8:172:a:b:c:d:e"
    assert lab[NAME].probe([("ping", MACHINE, other, 0), ("ping", "198.51.100.30", "198.51.100.20", 0)]) == ["answer"] * 2
    assert errors(lab[OTHER], MACHINE, hop_limit=1) == (TIME_EXCEEDED, PROVIDER_ADDRESSES[1])


def test_container_is_reachable_from_outside(lab, container):
    client = lab["client"]
    container.serve(8080)
    asked = [(kind, CLIENT, CONTAINER, 8080) for kind in ("tcp", "udp", "ping")]
    assert client.probe(asked) == ["answer"] * 3
    # On its own address, in both directions: client, provider, machine, container.
    client.serve(9000)
    assert container.probe([("tcp", CONTAINER, CLIENT, 9000), ("udp", CONTAINER, CLIENT, 9000)]) == ["answer"] * 2
    assert errors(client, CONTAINER, hop_limit=2) == (TIME_EXCEEDED, MACHINE)
    assert errors(client, CONTAINER, hop_limit=3)[1] == CONTAINER  # a closed port


@pytest.mark.parametrize("address", UNUSED)
def test_unused_addresses_are_unreachable(lab, address):
    n, error = arrivals(lab[NAME], address, lambda: errors(lab["client"], address))
    assert (n, error) == (1, (UNREACHABLE, MACHINE))


def test_without_the_route_they_travel_back_and_forth(lab):
    """The test above can fail: it is the rendered route that ends the journey, and not the provider."""
    lab[NAME].ip("route del unreachable 2001:db8:10a:a::/64")
    n, (kind, _) = arrivals(lab[NAME], UNUSED[1], lambda: errors(lab["client"], UNUSED[1]))
    assert n > 100 and kind == TIME_EXCEEDED
    lab[NAME].ip("route add unreachable 2001:db8:10a:a::/64 metric 4096")
