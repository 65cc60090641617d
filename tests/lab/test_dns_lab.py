# SPDX-License-Identifier: Apache-2.0
"""knotd on the example's ns1, with its firewall, on the files that were rendered: every address has its PTR and the name
leads back to it, asked by kdig over both families; dynamic updates are taken with the key and refused without. Which
addresses there are is read from the YAML."""
import ipaddress
import re

import pytest
import yaml

pytestmark = pytest.mark.lab

EXAMPLE = "examples/streaming"
NS, MON = "ns1.de.example.net", "mon01.de.example.net"
SERVERS = {4: "198.51.100.53", 6: "2001:db8:172:53:b:c:d:e"}
ZONE, NAME = "example.net.", "gitlab.example.net."
NEW = "2001:db8:172:4::80"
KEYFILE = "/etc/knot/hextet.key"


@pytest.fixture(scope="module")
def lab(machines, tool, top):
    for name in ("knotd", "keymgr", "kdig", "nsupdate"):
        tool(name)
    lab = machines(top / EXAMPLE, names=[NS, MON])
    ns = lab[NS]
    ns.run("sh", "-c", "mkdir -p /run/knot /var/lib/knot && chown knot: /run/knot /var/lib/knot && umask 027 && "
           f"keymgr -t hextet hmac-sha256 > {KEYFILE} && chgrp knot {KEYFILE}", check=True)
    ns.run("nft", "-f", "/etc/nftables.d/hextet.nft", check=True)
    ns.knotd = ns.start("knotd", "-c", "/etc/knot/knot.conf", ready=("tcp", SERVERS[6], 53))
    lab.host("client", ipv4=["203.0.114.7"], ipv6=["2001:db8:c::7"])
    return lab


def ask(host, questions, server, *options):
    """[(name, type)] -> the answers' data, in order; one run of kdig for all of them."""
    args = [word for name, kind in questions for word in (name, kind)]
    out = host.run("kdig", f"@{server}", "+noall", "+header", "+answer", "+timeout=10", *options, *args, check=True).stdout
    parts = re.split(r"^;; ->>HEADER<<-.*\n;; Flags: (.*);.*\n", out, flags=re.MULTILINE)[1:]
    assert len(parts) == 2 * len(questions), out
    assert all("aa" in flags.split() for flags in parts[::2]), "an answer without authority"
    return [sorted(line.split()[-1] for line in part.splitlines() if line and line[0] != ";") for part in parts[1::2]]


def machine_addresses(top):
    """name -> all addresses that the machine database gives it."""
    found = {}
    for path in (top / EXAMPLE / "machines").glob("*.yaml"):
        for name, m in yaml.safe_load(path.read_text()).items():
            found[name] = [ipaddress.ip_address(a) for a in
                           [m["ip"], m["ipv6"], *m.get("other_ips", {}), *m.get("other_ips6", {})]]
    return found


@pytest.mark.parametrize("family", SERVERS)
def test_every_address_has_its_name_and_the_name_its_address(lab, top, family):
    machines = machine_addresses(top)
    pairs = [(name, a) for name, addresses in machines.items() for a in addresses]
    assert len(pairs) > 30
    answers = ask(lab["client"], [(a.reverse_pointer, "PTR") for _, a in pairs], SERVERS[family])
    assert answers == [[f"{name}."] for name, _ in pairs]
    for kind, version in (("A", 4), ("AAAA", 6)):
        answers = ask(lab["client"], [(name, kind) for name in machines], SERVERS[family])
        assert answers == [sorted(str(a) for a in addresses if a.version == version) for addresses in machines.values()]


def test_over_tcp(lab):
    for server in SERVERS.values():
        assert ask(lab["client"], [(NS, "AAAA")], server, "+tcp") == [[SERVERS[6]]]


def test_nobody_gets_the_zone(lab):
    for server in SERVERS.values():
        done = lab["client"].run("kdig", f"@{server}", "AXFR", ZONE, "+timeout=5")
        assert "NOTAUTH" in done.stdout + done.stderr and "gitlab" not in done.stdout


def update(host, server, *statements, key=None):
    """What the server says to a dynamic update: None is yes. key: the text of a key file of keymgr."""
    words = re.search(r"^# (hmac-sha256:hextet:\S+)", key)[1] if key else None
    lines = [f"server {server}", *([f"key {words.replace(':hextet:', ':hextet ')}"] if key else []), *statements, "send", ""]
    done = host.run("nsupdate", "-v", input="\n".join(lines))
    said = re.search(r"update failed: (.*)", done.stdout + done.stderr)
    assert (done.returncode != 0) == bool(said), done.stdout + done.stderr
    return said and said[1]


def add(name, kind, data, zone=ZONE):
    return f"zone {zone}", f"add {name} 60 {kind} {data}"


@pytest.fixture
def key(lab):
    return lab[NS].path(KEYFILE).read_text()


def aaaa(lab):
    return [ask(lab["client"], [(NAME, "AAAA")], server)[0] for server in SERVERS.values()]


@pytest.mark.parametrize("family", SERVERS)
def test_an_update_with_the_key_comes_and_goes(lab, key, family):
    zone = lab[NS].path("/etc/knot/zones/example.net.zone")
    before, stored = aaaa(lab), zone.read_bytes()
    assert update(lab[MON], SERVERS[family], *add(NAME, "AAAA", NEW), key=key) is None
    assert aaaa(lab) == [sorted([*before[0], NEW])] * 2
    lab[NS].run("knotc", "-c", "/etc/knot/knot.conf", "-b", "reload", check=True)
    assert aaaa(lab) == [sorted([*before[0], NEW])] * 2, "a reload took the record away, though no file has changed"
    assert update(lab[MON], SERVERS[family], f"zone {ZONE}", f"delete {NAME} AAAA {NEW}", key=key) is None
    assert aaaa(lab) == before and zone.read_bytes() == stored


def test_updates_that_are_refused(lab, key):
    """Without the key, with another secret, another type, another zone, and with the key from outside of the estate."""
    before = aaaa(lab)
    wrong = re.sub(r"(hextet:).{8}", r"\g<1>AAAAAAAA", key)
    mon, outside, no_rule = lab[MON], lab["client"], "NOTAUTH(BADKEY)"  # Knot's word for a key that may not do this
    for server in SERVERS.values():
        assert update(mon, server, *add(NAME, "AAAA", NEW)) == "NOTAUTH"
        assert update(mon, server, *add(NAME, "AAAA", NEW), key=wrong) == "NOTAUTH(BADSIG)"
        assert update(mon, server, *add(NAME, "A", "192.0.2.9"), key=key) == no_rule
        assert update(mon, server, *add("1.b.0.0.d.0.0.c.0.0.b.0.0.4.0.0.0.2.7.1.0.8.b.d.0.1.0.0.2.ip6.arpa.", "AAAA", NEW,
                                        "2.7.1.0.8.b.d.0.1.0.0.2.ip6.arpa."), key=key) == no_rule
        assert update(outside, server, *add(NAME, "AAAA", NEW), key=key) == no_rule
    assert aaaa(lab) == before
