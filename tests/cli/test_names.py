# SPDX-License-Identifier: Apache-2.0
"""Targets knot, unbound, tayga, jool and radvd: what the programs refuse, and what they take without a word although it
cannot work, is refused by the template's line; and their lists of clients are never wider than the policy."""
import ipaddress
import json
import re
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
ESTATE = """
domain: example.net
checks: { documentation-prefix: ignore, role-unreachable: ignore, role-without-section: ignore, single-family: ignore,
          nat64-prefix-length: ignore, nat64-reserved-octet: ignore }
groups: { ns: { roles: [knot] }, nat64: { roles: [unbound, tayga, jool] }, router: { roles: [radvd] } }
lans: { wifi: { router: gw.example.net, interface: eth1, ipv6: "2001:db8:1:1::/64" } }
nat64: { machines: [t.example.net], prefix: "PREFIX", ipv4_pool: 192.168.255.0/24 }
machines:
  ns.example.net: { groups: [ns], ip: 192.0.2.1, ipv6: "2001:db8:1::1" }
  t.example.net: { groups: [nat64], ip: 192.0.2.2, ipv6: "2001:db8:1::2", other_ips: { 192.0.2.3: {} } }
  gw.example.net: { groups: [router], ip: 192.0.2.4, ipv6: "2001:db8:1::4" }
"""
PROGRAMS = {"knot": "knotc", "dns": "knotc", "unbound": "unbound-checkconf", "tayga": "tayga", "radvd": "radvd"}
TEMPLATES = {"knot": "knot/knot.conf", "dns": "dns/knot.conf", "unbound": "unbound/hextet.conf", "tayga": "tayga/tayga.conf",
             "jool": "jool/jool.conf", "radvd": "radvd/radvd.conf"}


@pytest.fixture
def estate(tmp_path):
    (tmp_path / "estate").mkdir()

    def write(prefix="2001:db8:64::/96"):
        (tmp_path / "estate/estate.yaml").write_text(ESTATE.replace("PREFIX", prefix))
        return tmp_path / "estate"

    return write


def verify(hextet, estate, target):
    return hextet("render", estate, "--target", target, "--verify", "--output", "json")


def broken(estate, target, old, new):
    """The template with one place changed; gives its path and the line."""
    text = (TOP / "templates" / TEMPLATES[target]).read_text()
    assert text.count(old) == 1, f"{old!r} is there {text.count(old)} times"
    path = estate / "templates" / TEMPLATES[target]
    path.parent.mkdir(parents=True)
    path.write_text(text.replace(old, new))
    return path, text[:text.index(old)].count("\n") + 1 + (len(new) - len(new.lstrip("\n")))


@pytest.mark.parametrize("target, old, new, says", [
    ("knot", "update-type: AAAA", "update-type: AAAAA", "knotc refuses"),
    ("knot", 'listen: "{{ a }}@53"', 'listen: "{{ a }}@99999"', "knotc refuses"),
    ("knot", "    key: hextet", "    key: other", "knotc refuses"),
    ("dns", "journal-content: all", "journal-content: some", "knotc refuses"),
    ("dns", "    acl: hextet_update", "    acl: nobody", "knotc refuses"),
    ("unbound", "prefer-ip6:", "prefer-ipv6:", "unbound-checkconf refuses"),
    ("unbound", "interface: {{ a }}", "interface: {{ a }}::", "unbound-checkconf refuses"),
    ("unbound", "access-control: ::/0 refuse", "access-control: ::/129 refuse", "netblock too large"),
    ("unbound", "dns64-prefix: {{ dns64 }}", "dns64-prefix: 2001:db8:64::/95", "/32, /40, /48, /56, /64 or /96"),
    ("unbound", "dns64-prefix: {{ dns64 }}", "dns64-prefix: 2001:db8:64:0:ff00::/96", "bits 64 to 71"),
    ("unbound", "dns64-prefix: {{ dns64 }}", "dns64-prefix: 192.0.2.0/24", "no IPv6 network"),
    ("unbound", '"dns64 validator iterator"', '"validator iterator"', "does not load dns64"),
    ("tayga", "tun-device nat64", "tun-devise nat64", "tayga refuses"),
    ("tayga", "ipv4-addr {{ own }}", "ipv4-addr {{ own }}.1", "tayga refuses"),
    ("tayga", "prefix {{ prefix }}", "prefix 2001:db8:64::/95", "/32, /40, /48, /56, /64 or /96"),
    ("tayga", "prefix {{ prefix }}", "prefix 2001:db8:64:0:ff00::/96", "bits 64 to 71"),
    ("tayga", "prefix {{ prefix }}", "prefix 2001:db8:64::1/96", "bits behind the length"),
    ("tayga", "dynamic-pool {{ pool }}", "dynamic-pool 192.168.255.0/31", "no address for a client"),
    ("jool", '"pool6": "{{ prefix }}"', '"pool6": "2001:db8::/95"', "/32, /40, /48, /56, /64 or /96"),
    ("jool", '"framework": "netfilter"', '"framework": "netfilters"', "netfilter or iptables"),
    ("jool", '"instance": "hextet"', '"instance": "hextet-of-the-example"', "at most 15 characters"),
    ("jool", '"instance": "hextet",', '"instance": "hextet"', "expected near"),
    ("jool", '"address-dependent-filtering"', '"address-dependent-filter"', "no key that is known"),
    ("jool", '"prefix": "{{ machine.ip }}/32", "port range": "61001-65535"',
     '"prefix": "192.0.2.9/32", "port range": "61001-65535"', "the machine's own IPv4 addresses"),
    ("jool", '"61001-65535"', '"22-65535"', "not below 1024"),
    ("radvd", "AdvSendAdvert on;", "AdvSendAdverts on;", "radvd refuses"),
    ("radvd", "prefix {{ p.network }} {", "prefix 2001:db8::/129 {", ""),
    ("radvd", "prefix {{ p.network }} {", "prefix 2001:db8::1/64 {", "bits behind its length"),
    ("radvd", "prefix {{ p.network }} {", "prefix 2001:db8::/80 {", "in a /64 only"),
    ("radvd", "MinRtrAdvInterval 200;", "MinRtrAdvInterval 500;", "three quarters"),
    ("radvd", "AdvDefaultLifetime 1800;", "AdvDefaultLifetime 300;", "lose their router"),
])
def test_broken_output_is_refused(hextet, tool, estate, target, old, new, says):
    tool(PROGRAMS.get(target, "sh"))
    folder = estate()
    path, _ = broken(folder, target, old, new)
    done = verify(hextet, folder, target)
    assert done.returncode == 1, done.stdout
    errors = [line for line in done.stderr.splitlines() if ": error: " in line]
    assert errors and all(re.match(rf"{re.escape(str(path))}:\d+:", line) for line in errors), done.stderr
    assert says in done.stderr and "hextet-verify" not in done.stderr


def test_the_line_is_the_templates(hextet, tool, estate):
    """Of each kind of reader: a program's words, and ours."""
    for target, old, new in (("radvd", "MaxRtrAdvInterval 600;", "MaxRtrAdvInterval 250;"), ("knot", "any: info", "any: inf"),
                             ("tayga", "data-dir /var", "data-dirs /var")):
        tool(PROGRAMS[target])
        folder = estate()
        path, line = broken(folder, target, old, new)
        assert f"{path}:{line}:" in verify(hextet, folder, target).stderr


@pytest.mark.parametrize("prefix", ["64:ff9b::/96", "2001:db8:6400::/40", "2001:db8:6464::/48", "2001:db8:1:6400::/56",
                                    "2001:db8:1:6464::/64", "3fff:64::/32"])
def test_prefixes_of_every_length(hextet, tool, estate, prefix, tmp_path):
    """The programs take them all, and what the resolver says of ipv4only.arpa is what RFC 6052's table says."""
    for target in ("unbound", "tayga", "jool"):
        tool(PROGRAMS.get(target, "sh"))
        done = verify(hextet, estate(prefix), target)
        assert done.returncode == 0, done.stderr
        (row,) = json.loads(done.stdout)["targets"]
        assert row["not_verified"] == 0, row
    hextet("render", estate(prefix), "--target", "unbound", "-o", tmp_path / "out")
    text = (tmp_path / "out/t.example.net/etc/unbound/unbound.conf.d/hextet.conf").read_text()
    found = [ipaddress.IPv6Address(a) for a in re.findall(r"ipv4only.arpa. AAAA ([^\"]+)", text)]
    network = ipaddress.ip_network(prefix)
    skip = range(64, 72) if network.prefixlen < 96 else ()
    places = [i for i in range(network.prefixlen, 128) if i not in skip][:32]
    for address, wanted in zip(found, ("192.0.0.170", "192.0.0.171"), strict=True):
        bits = f"{int(address):0128b}"
        assert int("".join(bits[i] for i in places), 2) == int(ipaddress.ip_address(wanted)) and address in network
        assert bits[64:72] == "0" * 8


def allowed(text):
    return {ipaddress.ip_network(n) for n in re.findall(r"^    access-control: (\S+) allow$", text, re.MULTILINE)
            if not ipaddress.ip_network(n).is_loopback}


def test_resolvers_are_never_open(hextet, tmp_path):
    """The golden estate: what a line with `any` gives, what one family gives, what nobody gives."""
    hextet("render", TOP / "tests/golden/unbound/branches/estate", "--target", "unbound", "-o", tmp_path / "out")
    found = {p.parts[-5]: allowed(p.read_text()) for p in (tmp_path / "out").glob("*/etc/unbound/*/*")}

    def nets(*texts):
        return {ipaddress.ip_network(t) for t in texts}

    assert found["t1.example.test"] == nets("192.0.2.9", "2001:db8:1:10::/64")  # the LAN's IPv4 is behind its router
    assert found["t2.example.test"] == nets("192.0.2.9")  # the line's literal is of IPv4
    assert found["four.example.test"] == nets("192.0.2.9", "192.0.2.60")
    assert found["six.example.test"] == nets("2001:db8:1:20::/64")
    assert found["server.example.test"] == set()
    everything = found["open.example.test"]
    assert everything and all(n.prefixlen >= (26 if n.version == 4 else 64) for n in everything)
    assert found["t3.example.test"] == nets("192.0.2.9", "2001:db8:1:10::/64", "2001:db8:1:20::/64")


def test_example_estates_secrets_stay_out(hextet, tmp_path):
    """No file has a secret in it: knot.conf includes the operator's."""
    hextet("render", TOP / "examples/streaming", "--target", "knot", "-o", tmp_path / "out")
    (conf,) = (tmp_path / "out").glob("*/etc/knot/knot.conf")
    assert "secret:" not in conf.read_text() and 'include: "/etc/knot/hextet.key"' in conf.read_text()


@pytest.mark.parametrize("target", ["knot", "unbound"])
def test_nothing_for_a_machine_that_has_no_address_yet(hextet, estate, tmp_path, target):
    """unbound would not start with both families off, and one machine's file must not keep the others from theirs."""
    folder = estate()
    path = folder / "estate.yaml"
    path.write_text(path.read_text() + "  new-ns.example.net: { groups: [ns] }\n  new-t.example.net: { groups: [nat64] }\n")
    done = hextet("render", folder, "--target", target, "--verify", "-o", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert [p.name for p in (tmp_path / "out").glob("*.example.net")] == [{"knot": "ns.example.net", "unbound": "t.example.net"}[target]]
