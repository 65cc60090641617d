# SPDX-License-Identifier: Apache-2.0
"""An office whose devices have no IPv4: radvd gives them addresses and resolvers, unbound makes AAAA records of A (DNS64),
tayga translates (NAT64), and the firewalls of all machines let through what the policy says and nothing else. Every daemon
runs on its rendered files; tayga is started by Debian's init script. What a device hears is read by rdisc6; names are
asked by dig."""
import ipaddress
import re

import pytest
from machines import wait_until

pytestmark = pytest.mark.lab

ESTATE = {"estate.yaml": """
estate: office
domain: office.example
checks: { documentation-prefix: ignore, single-family: ignore, nameservers-one-family: ignore }
prefixes:
  2001:db8:1::/48: { gateway: "fe80::1" }
  192.0.2.0/24: { gateway: 192.0.2.1 }
groups:
  ns: { roles: [knot] }
  nat64: { roles: [unbound, tayga] }
  router: { roles: [radvd] }
  old: {}
  devices: {}
  guests: {}
services: { dns: { tcp: 53, udp: 53 }, http: { tcp: 80 }, ssh: { tcp: 22 } }
lans:
  wifi: { router: gw.office.example, interface: eth1, ipv6: "2001:db8:1:f1::/64", groups: [devices], domain: office.example,
          rdnss: ["2001:db8:1:64::53"] }
  guests: { router: gw.office.example, interface: eth2, ipv6: "2001:db8:1:f2::/64", groups: [guests] }
nat64: { machines: [nat64.office.example], prefix: "2001:db8:1:6464::/96", ipv4_pool: 192.168.255.0/24, clients: [devices] }
policy:
  - { name: names, from: any, to: ns, allow: dns }
  - { name: resolver, from: [devices, guests], to: nat64, allow: dns }
  - { name: web, from: devices, to: any, allow: http }
  - { name: guests web, from: guests, to: old, allow: http }
  - { name: admin, from: ns, to: all, allow: ssh }
""", "machines/all.yaml": """
gw.office.example: { groups: [router], ip: 192.0.2.2, ipv6: "2001:db8:1:1::1" }
ns.office.example: { groups: [ns], ip: 192.0.2.53, ipv6: "2001:db8:1:53::53" }
nat64.office.example: { groups: [nat64, devices], ip: 192.0.2.64, ipv6: "2001:db8:1:64::53" }
old.office.example: { groups: [old], ip: 192.0.2.80 }
"""}
ROOT = "20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D"
RESOLVER, LAN, OLD = "2001:db8:1:64::53", ipaddress.ip_network("2001:db8:1:f1::/64"), "2001:db8:1:6464::c000:250"


@pytest.fixture(scope="module")
def lab(machines, tool):
    for name in ("knotd", "keymgr", "unbound", "tayga", "radvd", "rdisc6", "dig", "busybox", "curl"):
        tool(name)
    lab = machines(ESTATE, etc=["init.d/tayga"])
    for name in lab.names:
        lab[name].run("nft", "-f", "/etc/nftables.d/hextet.nft", check=True)
    start_knot(lab["ns.office.example"])
    start_translator(lab["nat64.office.example"])
    old = lab["old.office.example"]
    old.write("/var/www/index.html", "hello over IPv4\n")
    old.httpd = old.start("busybox", "httpd", "-f", "-vv", "-p", "80", "-h", "/var/www", ready=("tcp", "192.0.2.80", 80))
    lab["gw.office.example"].start("radvd", "-n", "-m", "stderr", "-p", "/run/radvd.pid", "-C", "/etc/radvd.conf",
                                   ready=("file", "/run/radvd.pid"))
    return lab


def start_knot(ns):
    ns.run("sh", "-c", "mkdir -p /run/knot /var/lib/knot && chown knot: /run/knot /var/lib/knot && umask 027 && "
           "keymgr -t hextet hmac-sha256 > /etc/knot/hextet.key && chgrp knot /etc/knot/hextet.key", check=True)
    ns.start("knotd", "-c", "/etc/knot/knot.conf", ready=("tcp", "192.0.2.53", 53))


def start_translator(nat64):
    nat64.write("/etc/unbound/unbound.conf", 'include-toplevel: "/etc/unbound/unbound.conf.d/*.conf"\n')
    # Debian's has the root's key too, and from here no way to the root: what is asked below does not wait for it.
    nat64.write("/etc/unbound/unbound.conf.d/root.conf", f'server:\n    trust-anchor: ". DS {ROOT}"\n')
    nat64.run("sh", "-c", "mkdir -p /var/spool/tayga /var/lib/unbound && chown unbound: /var/lib/unbound && "
              "ln -s ../run /var/run", check=True)
    nat64.run("/etc/init.d/tayga", "start", check=True)
    nat64.start("unbound", "-d", "-p", "-c", "/etc/unbound/unbound.conf", ready=("tcp", RESOLVER, 53))


def addresses(host):
    out = host.run("ip", "-6", "-br", "address", "show", "dev", "eth0", "scope", "global", check=True).stdout
    return [ipaddress.ip_interface(a) for a in re.findall(r"[0-9a-f:]+/\d+", out.partition("UP")[2])]


def device(lab, name, interface):
    """A device on a LAN that knows nothing: it listens to the router, by the kernel and by rdisc6."""
    host = lab.host(name, segment=f"gw.office.example/{interface}")
    host.heard = wait_until(lambda: (done := host.run("rdisc6", "-1", "-r", "1", "-w", "2000", "eth0")).returncode == 0
                            and done.stdout, f"{name} hears no router")
    wait_until(lambda: addresses(host), f"{name} made no address")
    servers = re.findall(r"Recursive DNS server\s*: (\S+)", host.heard)
    host.write("/etc/resolv.conf", "".join(f"nameserver {s}\n" for s in servers))
    return host


@pytest.fixture(scope="module")
def laptop(lab):
    return device(lab, "laptop", "eth1")


@pytest.fixture(scope="module")
def guest(lab):
    return device(lab, "guest", "eth2")


def dig(host, *args, server=RESOLVER):
    """The status and the answers, sorted: unbound turns their order."""
    out = host.run("dig", f"@{server}", "+tries=1", "+time=5", "+noall", "+comments", "+answer", *args).stdout
    status = re.search(r"status: (\w+)", out)
    return status and status[1], sorted(line.split()[-1] for line in out.splitlines() if line and line[0] != ";")


def test_a_device_configures_itself(laptop):
    (address,) = addresses(laptop)
    assert address.ip in LAN and address.network == LAN
    assert re.search(r"default.* via fe80::", laptop.run("ip", "-6", "route", check=True).stdout)
    assert laptop.run("ip", "-4", "route", check=True).stdout == ""
    assert re.search(r"Prefix\s*: 2001:db8:1:f1::/64", laptop.heard)
    assert re.findall(r"Recursive DNS server\s*: (\S+)", laptop.heard) == [RESOLVER]
    assert re.findall(r"DNS search list\s*: (\S+)", laptop.heard) == ["office.example"]
    assert re.search(r"Router lifetime\s*:\s*1800 ", laptop.heard)


def test_resolver_answers_over_both_families_of_the_estate(laptop):
    for args in ([], ["+tcp"]):
        assert dig(laptop, "ns.office.example", "AAAA", *args) == ("NOERROR", ["2001:db8:1:53::53"])
    assert dig(laptop, "-x", "192.0.2.80") == ("NOERROR", ["old.office.example."])
    assert dig(laptop, "-x", "2001:db8:1:53::53") == ("NOERROR", ["ns.office.example."])


def test_dns64(laptop):
    """A name with A gets AAAA behind the prefix, as RFC 6052 says; one that has AAAA keeps it; the prefix is found."""
    assert dig(laptop, "old.office.example", "AAAA") == ("NOERROR", [OLD])
    prefix = int(ipaddress.ip_address("2001:db8:1:6464::"))
    assert dig(laptop, "ipv4only.arpa", "AAAA") == ("NOERROR", [
        str(ipaddress.ip_address(prefix + int(ipaddress.ip_address(a)))) for a in ("192.0.0.170", "192.0.0.171")])
    assert dig(laptop, "nobody.office.example", "AAAA") == ("NXDOMAIN", [])


def test_fetch_by_name_from_an_ipv4_only_server(lab, laptop):
    got = wait_until(lambda: (done := laptop.run("curl", "-sS", "-m", "10", "http://old.office.example/")).returncode == 0
                     and done.stdout, "no page")
    assert got == "hello over IPv4\n"
    seen = lab["old.office.example"].httpd.log()
    assert "192.0.2.64" in seen and "192.168.255." not in seen, "the pool was not hidden: " + seen
    assert laptop.probe([("ping", str(addresses(laptop)[0].ip), OLD, 0)], seconds=3) == ["answer"]


def test_large_answers(lab, laptop):
    """A page of many packets: the tunnel's own MTU and the shorter IPv4 header are in the way."""
    lab["old.office.example"].write("/var/www/large", "x" * 3_000_000)
    got = laptop.run("curl", "-sS", "-m", "20", "-o", "/dev/null", "-w", "%{size_download}", "http://old.office.example/large")
    assert got.stdout == "3000000", got.stderr


def test_translator_lets_nobody_else_through(lab, laptop, guest):
    """The policy lets guests fetch from the old server, but they are no clients of nat64; and clients get no other port."""
    own, other = (str(addresses(h)[0].ip) for h in (laptop, guest))
    assert laptop.probe([("tcp", own, OLD, 80), ("tcp", own, OLD, 22)]) == ["answer", "silence"]
    assert guest.probe([("tcp", other, OLD, 80)]) == ["silence"]
    outside = lab.host("outside", ipv6=["2001:db8:c::7"])
    assert outside.probe([("tcp", "2001:db8:c::7", OLD, 80), ("udp", "2001:db8:c::7", RESOLVER, 53)]) == ["silence"] * 2


def test_resolver_refuses_others_by_itself(lab, laptop, guest):
    """The firewall lets guests ask, for a policy line says so. Their answers would lead to a translator that is not
    theirs, so the resolver refuses; and so it does with everybody when there is no firewall."""
    assert dig(guest, "old.office.example", "AAAA") == ("REFUSED", [])
    nat64, ns = lab["nat64.office.example"], lab["ns.office.example"]
    assert dig(ns, "+time=1", "old.office.example", "AAAA")[0] is None
    nat64.run("nft", "delete table inet hextet", check=True)
    try:
        assert dig(ns, "old.office.example", "AAAA") == ("REFUSED", [])
        assert dig(ns, "old.office.example", "AAAA", server="192.0.2.64") == ("REFUSED", [])
        assert dig(laptop, "old.office.example", "AAAA") == ("NOERROR", [OLD])
    finally:
        nat64.run("nft", "-f", "/etc/nftables.d/hextet.nft", check=True)
