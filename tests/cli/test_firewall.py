# SPDX-License-Identifier: Apache-2.0
"""The rendered firewall against firewall_model.py, packet by packet: small random estates are rendered, loaded into a
network namespace, read back from the kernel, and asked about packets at the edges of every prefix there is.

HEXTET_SEEDS=500 runs more estates than the few of every day."""
import json
import os
import random
from ipaddress import ip_address, ip_network

import pytest

from firewall_model import Model
from nft_reader import load, packet

SEEDS = int(os.environ.get("HEXTET_SEEDS", "12"))
SERVICES = {"ssh": {"tcp": 22}, "web": {"tcp": [80, 443], "udp": 443}, "dns": {"tcp": 53, "udp": 53},
            "app": {"tcp": 8080}}
PORTS = [22, 53, 80, 443, 8080, 81]
GROUPS = {"empty": {}, "nets": {}, "docker": {"roles": ["docker"]}, "a": {}, "b-2": {},
          "c.d_e": {"comment": 'x"\n{{ y }}'}}


def random_machine(rng, i):
    share = f"2001:db8:{i:x}"
    m = {"groups": rng.sample(["docker", "a", "b-2", "c.d_e"], rng.randint(1, 2))}
    families = rng.choice(["46", "46", "46", "4", "6"])
    if "4" in families:
        m["ip"] = f"198.51.100.{i + 1}"
    if "6" in families:
        m["ipv6"] = f"{share}::1"
    if rng.random() < 0.2:
        m["other_ips6"] = {f"{share}::2": {}}
    if rng.random() < 0.2:
        m["other_ips"] = {f"203.0.113.{i + 1}": {}}
    if rng.random() < 0.6:
        groups = rng.sample(["nets", "a", "b-2"], rng.randint(1, 2))
        m["routed_networks6"] = {f"{share}:f::/80": {"groups": groups}}
        if rng.random() < 0.6:
            docker = {"name": f"n{i}", "ipv4": f"172.18.{i}.0/24"}
            m["routed_networks6"][f"{share}:e::/80"] = {"groups": ["nets"], "docker_network": docker}
    if rng.random() < 0.3:
        net = rng.choice([f"10.0.{i}.0/24", f"192.0.2.{i * 8}/29"])
        m["routed_networks"] = {net: {"groups": [rng.choice(["nets", "a"])]}}
    return m


def random_party(rng, names):
    i = rng.randrange(len(names))
    literals = [f"198.51.100.{i + 1}", "198.51.100.0/30", f"2001:db8:{i:x}::/64", "192.0.2.0/24", "2001:db8::/32",
                "fe80::/10", "0.0.0.0/0", "::/0", "203.0.113.128/25"]
    single = [f"2001:db8:{i:x}:f::5", f"2001:db8:{i:x}:f::8/125", f"172.18.{i}.7"]
    some = rng.choice([["any"], ["all"], list(GROUPS), list(GROUPS), list(GROUPS), names, literals, literals, single])
    return rng.choice(some)


def random_estate(rng):
    names = [f"m{i}.example.net" for i in range(7)]
    machines = {name: random_machine(rng, i) for i, name in enumerate(names)}
    policy = []
    for n in range(rng.randint(5, 12)):
        sides = [[random_party(rng, names) for _ in range(rng.choice([1, 2, 3]))] for _ in range(2)]
        policy.append({"name": f"line {n}", "from": sides[0], "to": sides[1],
                       "allow": rng.sample(list(SERVICES), rng.randint(1, 2))})
    return {
        "groups": GROUPS, "services": SERVICES, "machines": machines, "policy": policy,
        "lans": {"wifi": {"router": names[0], "interface": "eth1", "ipv6": "2001:db8:100:1::/64", "groups": ["b-2"]}
                 | ({"ipv4": "192.168.7.0/24"} if rng.random() < 0.5 else {})},
        "vpn": {"staff": {"machines": [names[1]], "ipv4": "172.16.2.0/24", "ipv6": "2001:db8:100:2::/112"}},
        "nat64": {"machines": [names[4]], "prefix": "2001:db8:64::/96", "ipv4_pool": "192.168.255.0/24",
                  "clients": ["a", "b-2"]},
        "failover": {"vip": {"machines": names[2:4], "interface": "eth0", "vrid": 7, "ipv4": ["198.51.100.200/32"],
                             "ipv6": ["fe80::1:1/64", "2001:db8:100:3::1/64"]}},
    }


@pytest.fixture(scope="session")
def ignored(hextet):
    """Every check silenced: these estates are odd on purpose."""
    rows = json.loads(hextet("check", "--list", "--output", "json").stdout)
    return {row["name"]: "ignore" for row in rows}


@pytest.fixture
def rendered(hextet, ignored, tmp_path):
    """rendered(estate) -> machine -> the Ruleset that the kernel has after loading its file."""

    def run(estate):
        folder, out = tmp_path / "estate", tmp_path / "out"
        (folder / "machines").mkdir(parents=True)
        sections = {k: v for k, v in estate.items() if k != "machines"}
        (folder / "estate.yaml").write_text(json.dumps({"estate": "random", "checks": ignored} | sections))
        (folder / "machines" / "m.yaml").write_text(json.dumps(estate["machines"]))
        done = hextet("render", folder, "--target", "nftables", "-o", out)
        assert done.returncode == 0, done.stderr
        names = list(estate["machines"])
        return dict(zip(names, load(out / name / "etc/nftables.d/hextet.nft" for name in names)))

    return run


def edges(nets):
    """First and last address of each prefix, and the ones just outside."""
    found = set()
    for net in nets:
        for a in (int(net[0]) - 1, int(net[0]), int(net[-1]), int(net[-1]) + 1):
            if 0 <= a < 1 << net.max_prefixlen:
                found.add((net.version, a))
    return [ip_address(a.to_bytes(4 if v == 4 else 16, "big")) for v, a in sorted(found)]


def every_prefix(model, estate):
    nets = [n for m in model.machines.values() for n in m.addresses + m.behind()]
    for line in estate["policy"]:
        for party in line["from"] + line["to"]:
            if "." in party or ":" in party:
                if party not in model.machines and party not in GROUPS:
                    nets.append(ip_network(party))
    return nets


def ask(rng, model, rules, name, places, count):
    """Compares `count` packets of each kind; returns how many of them were let through."""
    m, passed = model.machines[name], 0
    behind = edges(m.behind())
    for _ in range(count):
        source, protocol, port = rng.choice(places), rng.choice(["tcp", "udp", "tcp"]), rng.choice(PORTS)
        own = [a[0] for a in m.addresses if a.version == source.version]
        if own:
            to = rng.choice(own)
            expected = model.input(name, source, to, protocol, port)
            assert rules.verdict("input", packet(source, to, protocol, port)) == expected, \
                (name, source, to, protocol, port)
            passed += expected
        # Half of the forwarded packets touch a network behind the machine, or there would be little to see.
        ends = [source, rng.choice(behind if behind and rng.random() < 0.7 else places)]
        rng.shuffle(ends)
        source, to = ends
        if m.translator and source.version == 6 and rng.random() < 0.5:
            to = ip_network(m.translator["prefix"])[int(rng.choice([p for p in places if p.version == 4]))]
        if source.version != to.version:
            continue
        more, expected = {}, None
        if to.version == 4 and m.ip and rng.random() < 0.5:
            more["translated"] = (rng.choice([m.ip, places[0]]), rng.choice(PORTS))
            if more["translated"][0].version != 4:
                more.clear()
        expected = model.forward(name, source, to, protocol, port, **more)
        assert rules.verdict("forward", packet(source, to, protocol, port, **more)) == expected, \
            (name, source, to, protocol, port, more)
        passed += expected
    return passed


@pytest.mark.parametrize("seed", range(SEEDS))
def test_random_estates(rendered, seed):
    rng = random.Random(seed)
    estate = random_estate(rng)
    model, rules = Model(estate), rendered(estate)
    places = edges(every_prefix(model, estate))
    passed = sum(ask(rng, model, rules[name], name, places, 400) for name in rules)
    assert passed, "no packet was let through: nothing was shown"
    for name, machine in model.machines.items():
        for source in [n[0] for n in machine.behind()]:
            forged = packet(source, places[-1], "tcp", 22, state="established", forged=True)
            assert not rules[name].verdict("forward", forged) and not rules[name].verdict("input", forged)


def two_machines(policy, **groups):
    """A machine with both families, and one of each family, in groups of their own."""
    return {
        "groups": {"both": {}, "four": {}, "six": {}} | groups, "services": SERVICES, "policy": policy,
        "machines": {"d.example.net": {"groups": ["both"], "ip": "198.51.100.1", "ipv6": "2001:db8:1::1"},
                     "v4.example.net": {"groups": ["four"], "ip": "198.51.100.4"},
                     "v6.example.net": {"groups": ["six"], "ipv6": "2001:db8:6::1"}},
    }


def accepted(rules, chain="input"):
    """The rules that name a policy line."""
    return sum(len(r) > 1 for r in rules.chains[chain][1]) - 3  # lo, and the two jumps


ANYBODY = [ip_address(a) for a in ("0.0.0.0", "203.0.113.9", "198.51.100.4", "192.0.2.1",
                                   "::2", "2001:db8:6::1", "2001:db8::1")]


@pytest.mark.parametrize("sources, targets", [
    ("192.0.2.0/24", "six"), ("four", "six"), ("four", "2001:db8:1::/48"), ("2001:db8:6::/48", "four"),
    ("empty", "both"), (["empty", "2001:db8:6::/48"], "four"),
])
def test_families_that_do_not_meet_allow_nothing(rendered, sources, targets):
    """A source in IPv4 and a destination in IPv6 have no packet in common: not "from anywhere", in neither family."""
    rules = rendered(two_machines([{"name": "x", "from": sources, "to": targets, "allow": "ssh"}], empty={}))
    for name, r in rules.items():
        assert accepted(r) == 0, name
        for own in ("198.51.100.1", "2001:db8:1::1"):
            assert not any(r.verdict("input", packet(a, ip_address(own), "tcp", 22))
                           for a in ANYBODY if a.version == ip_address(own).version)


def test_source_of_one_family_is_a_rule_of_one_family(rendered):
    rules = rendered(two_machines([{"name": "x", "from": "four", "to": "both", "allow": "ssh"}]))["d.example.net"]
    own = {4: ip_address("198.51.100.1"), 6: ip_address("2001:db8:1::1")}
    let_in = [str(a) for a in ANYBODY if rules.verdict("input", packet(a, own[a.version], "tcp", 22))]
    assert let_in == ["198.51.100.4"]


def test_any_to_a_machine_of_one_family(rendered):
    rules = rendered(two_machines([{"name": "x", "from": "any", "to": ["four", "six"], "allow": "ssh"}]))
    for name, family in (("v4.example.net", 4), ("v6.example.net", 6)):
        own = {4: ip_address("198.51.100.4"), 6: ip_address("2001:db8:6::1")}
        for a in ANYBODY:
            assert rules[name].verdict("input", packet(a, own[a.version], "tcp", 22)) == (a.version == family)


def test_unknown_key_is_an_error_and_writes_nothing(hextet, tmp_path):
    (tmp_path / "e.yaml").write_text("groups: { a: {} }\nservices: { ssh: { tcp: 22 } }\n"
                                     "policy:\n  - { name: x, form: a, to: a, allow: ssh }\n")
    done = hextet("render", tmp_path, "--target", "nftables", "-o", tmp_path / "out")
    assert done.returncode == 1
    assert "e.yaml:4:16: error:" in done.stderr and "from" in done.stderr
    assert not (tmp_path / "out").exists()


# RFC 6052, section 2.4: where 192.0.2.33 is behind each length of translation prefix.
RFC_6052 = [("2001:db8::/32", "2001:db8:c000:221::"), ("2001:db8:100::/40", "2001:db8:1c0:2:21::"),
            ("2001:db8:122::/48", "2001:db8:122:c000:2:2100::"), ("2001:db8:122:300::/56", "2001:db8:122:3c0:0:221::"),
            ("2001:db8:122:344::/64", "2001:db8:122:344:c0:2:2100::"),
            ("2001:db8:122:344::/96", "2001:db8:122:344::192.0.2.33")]


@pytest.mark.parametrize("prefix, translated", RFC_6052)
@pytest.mark.parametrize("target, expected", [("192.0.2.33", True), ("192.0.2.32", False), ("192.0.2.32/31", True),
                                              ("192.0.0.0/16", True), ("any", True), ("2001:db8:6::/48", False)])
def test_nat64_as_in_rfc_6052(rendered, prefix, translated, target, expected):
    estate = two_machines([{"name": "x", "from": "six", "to": target, "allow": "ssh"}])
    estate["nat64"] = {"machines": ["d.example.net"], "prefix": prefix, "clients": ["six"]}
    rules, to = rendered(estate)["d.example.net"], ip_address(translated)
    assert rules.verdict("forward", packet(ip_address("2001:db8:6::1"), to, "tcp", 22)) == expected
    assert not rules.verdict("forward", packet(ip_address("2001:db8:6::2"), to, "tcp", 22)), "not a client"


ICMP6 = {"destination-unreachable", "packet-too-big", "time-exceeded", "parameter-problem"}
ND = {"nd-neighbor-solicit", "nd-neighbor-advert", "nd-router-solicit", "nd-router-advert"}
MLD = {"mld-listener-query", "mld-listener-report", "mld-listener-done", "mld2-listener-report"}


def icmp6(kind, source="2001:db8::9", hoplimit=64, state="untracked"):
    return packet(ip_address(source), ip_address("2001:db8:1::1"), "icmpv6", None, state=state, type=kind,
                  hoplimit=hoplimit) | {"l4proto": "ipv6-icmp"}


def test_icmp6_follows_rfc_4890(rendered):
    rules = rendered(two_machines([]))["d.example.net"]
    for kind in ICMP6 | {"echo-request"}:
        assert rules.verdict("input", icmp6(kind, state="invalid")), kind
    for kind in ND:
        assert rules.verdict("input", icmp6(kind, "fe80::1", 255, state="invalid")), kind
        assert not rules.verdict("input", icmp6(kind, "fe80::1", 254)), kind
    for kind in MLD:
        assert rules.verdict("input", icmp6(kind, "fe80::1", 1)) and not rules.verdict("input", icmp6(kind)), kind
    assert not rules.verdict("input", icmp6("nd-router-advert", hoplimit=255))
    for kind in ("nd-redirect", "router-renumbering", "ind-neighbor-solicit", "echo-reply"):
        assert not rules.verdict("input", icmp6(kind, "fe80::1", 255)), kind


def test_a_refusal_names_the_template_and_the_policy_line(hextet, ignored, tool, tmp_path):
    """nft's line 52 of the output is of no use to anybody: the complaint names what has to be changed."""
    tool("nft")
    (tmp_path / "estate.yaml").write_text(
        f"checks: {json.dumps(ignored)}\nservices: {{ ssh: {{ tcp: 22 }} }}\npolicy:\n"
        "  - { name: admin, from: any, to: all, allow: ssh }\n")
    (tmp_path / "machines").mkdir()
    (tmp_path / "machines" / "m.yaml").write_text("m.example.net: { ip: 198.51.100.1 }\n")
    own = tmp_path / "templates" / "nftables"
    own.mkdir(parents=True)
    (own / "hextet.nft").write_text("table inet x {\n\tchain input {\n{% for r in input if r.match %}\n"
                                    "\t\t{{ r.match }} acept\n{% endfor %}\n\t}\n}\n")
    done = hextet("render", tmp_path, "--target", "nftables", "--verify")
    assert done.returncode == 1
    assert f"{own}/hextet.nft:4:" in done.stderr and "syntax error" in done.stderr
    assert f"{tmp_path}/estate.yaml:4:13: note:" in done.stderr
