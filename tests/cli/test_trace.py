# SPDX-License-Identifier: Apache-2.0
"""The policy means something: the rendered firewall lets through exactly what the model means (flows_compare, box by
box, both ways), `hextet trace` says what both do, and its answers about sets are those about all their addresses.

HEXTET_SEEDS=500 runs more estates than the few of every day."""
import json
import os
import random
import shutil
import subprocess
from ipaddress import ip_address, ip_network

import pytest

from firewall_model import Model
from test_firewall import GROUPS, SERVICES, edges, every_prefix, random_estate, two_machines

SEEDS = int(os.environ.get("HEXTET_SEEDS", "16"))
LENGTHS = ["2001:db8:64::/96", "2001:db8::/32", "2001:db8:6400::/40", "2001:db8:64::/48", "2001:db8:64::/56",
           "2001:db8:64::/64"]


def rich_estate(rng):
    """random_estate() with more of what has gone wrong elsewhere: one-family parties, overlaps, deep nesting."""
    estate = random_estate(rng)
    names = list(estate["machines"])
    for name in rng.sample(names, 3):
        estate["machines"][name]["groups"] = rng.sample(["docker", "a", "b-2", "c.d_e", "nets"], 3)
    vpn = estate["machines"][names[1]]
    vpn["routed_networks6"] = {"2001:db8:100:2::/112": {"groups": ["nets"]}} | vpn.get("routed_networks6", {})
    if rng.random() < 0.5:
        vpn["routed_networks"] = {"172.16.2.0/24": {"groups": ["b-2"]}}
    if rng.random() < 0.5:
        estate["lans"]["wire"] = {"router": names[5], "interface": "eth2", "ipv4": "203.0.113.192/28",
                                  "groups": rng.sample(["a", "nets", "b-2"], 2)}
    if rng.random() < 0.5:
        estate["machines"][names[6]] |= {"ip": "192.168.7.20", "ipv6": "2001:db8:100:1::20"}  # in a LAN
    estate["nat64"]["prefix"] = rng.choice(LENGTHS)
    for line in estate["policy"]:
        if rng.random() < 0.4:
            line[rng.choice(["from", "to"])] = [rng.choice([
                "empty", "nets", names[1], "198.51.100.2", "2001:db8:1::1", "172.16.2.9", "192.168.7.0/25",
                "2001:db8:100:1::/65", "10.0.0.0/8", "2001:db8:100:2::7", "198.51.100.200", "192.168.255.3"])]
    return estate


def write_estate(estate, folder, ignored=None):
    (folder / "machines").mkdir(parents=True)
    sections = {k: v for k, v in estate.items() if k != "machines"}
    (folder / "estate.yaml").write_text(json.dumps({"estate": "random", "checks": ignored or {}} | sections))
    (folder / "machines" / "m.yaml").write_text(json.dumps(estate["machines"]))
    return folder


@pytest.fixture(scope="session")
def compare(hextet_path):
    """compare(folders): fails when a firewall lets through more or less than the policy means."""

    def run(folders):
        command = [hextet_path.parent / "tests/flows_compare", *folders]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        lines = done.stdout.splitlines()
        assert done.returncode == 0, done.stderr + "\n".join(lines[:5])
        return json.loads(lines[-1])

    return run


class Tracer:
    """Questions to one estate."""

    def __init__(self, hextet, folder):
        self.hextet, self.folder = hextet, folder

    def ask(self, questions):
        """{(from, to, service, family): answer}"""
        lines = "".join(" ".join(map(str, q)) + "\n" for q in questions)
        done = self.hextet("trace", self.folder, "--batch", "-", input=lines)
        assert done.returncode in (0, 1), done.stderr + done.stdout[:1000]
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        assert not any("error" in a for a in answers), answers
        return {(a["from"], a["to"], a["service"], a["family"]): a for a in answers}

    def verdicts(self, sources, to, service):
        answers = self.ask([(sources, to, service)])
        return {family: answers[k]["verdict"] for k in answers for family in [k[3]]}


@pytest.fixture
def tracer(hextet, tmp_path):
    return lambda estate: Tracer(hextet, write_estate(estate, tmp_path / "estate"))


@pytest.mark.parametrize("seed", range(SEEDS))
def test_firewalls_let_through_what_the_policy_means(compare, tmp_path, seed):
    folders = [write_estate(rich_estate(random.Random(f"trace {seed} {i}")), tmp_path / str(i)) for i in range(12)]
    found = compare(folders)
    assert found["machines"] == 12 * 7 and found["boxes"] > 100


def test_the_example_lets_through_what_the_policy_means(compare, top):
    assert compare([top / "examples/streaming"])["boxes"] > 100


# In another generator each of these three became a rule from anywhere (docs: "never wider").
WIDENED = {
    "a source of IPv4 only, a destination of IPv6 only": ("192.0.2.0/24", "six", []),
    "a source of IPv4 only, a destination of both": ("192.0.2.0/24", "both", [4]),
    "a source that is nobody": ("empty", "both", []),
    "a group of IPv4 only, a prefix of IPv6": ("four", "2001:db8:1::/48", []),
    "a group of IPv6 only, a group of IPv4 only": ("six", "four", []),
    "an empty group and an address": (["empty", "192.0.2.1"], "both", [4]),
}


@pytest.mark.parametrize("case", WIDENED)
def test_a_side_without_addresses_is_nobody(tracer, compare, case):
    sources, to, families = WIDENED[case]
    estate = two_machines([{"name": "x", "from": sources, "to": to, "allow": "ssh"}], empty={})
    t = tracer(estate)
    compare([t.folder])
    for name in estate["machines"]:
        answers = t.ask([("any", name, "ssh")])
        for a in answers.values():
            assert a["verdict"] == "drop" and (a["partly"] <= (a["family"] in families)), a
            for rect in a["accepted"]:
                assert all(ip_network(p).subnet_of(ip_network("192.0.2.0/24")) for p in rect["from"]), a
    got = {f for a in t.ask([("any", "all", "ssh")]).values() for f in [a["family"]] if a["partly"]}
    assert got == set(families)


def test_a_group_of_networks_only(tracer, compare):
    estate = two_machines([{"name": "x", "from": "four", "to": "nets", "allow": "ssh"},
                           {"name": "y", "from": "six", "to": "nets", "allow": "ssh"}], nets={})
    estate["machines"]["d.example.net"]["routed_networks6"] = {
        "2001:db8:1:f::/80": {"groups": ["nets"], "docker_network": {"name": "n", "ipv4": "172.18.0.0/24"}}}
    t = tracer(estate)
    compare([t.folder])
    assert t.verdicts("v4.example.net", "nets", "ssh")[4] == "accept"
    assert t.verdicts("v6.example.net", "nets", "ssh")[6] == "accept"
    answers = t.ask([("four", "nets", "ssh"), ("v6.example.net", "d.example.net", "ssh"),
                     ("v4.example.net", "172.18.0.5", "ssh")])
    translated = answers["four", "nets", "ssh", 4]["accepted_path"]
    assert translated["to"] == "198.51.100.1" and translated["hops"][0]["translated"]
    assert answers["v6.example.net", "d.example.net", "ssh", 6]["verdict"] == "drop", "the host is not its network"
    assert answers["v4.example.net", "172.18.0.5", "ssh", 4]["verdict"] == "drop", "nobody outside sees behind NAT"


def test_ipv4_behind_nat_is_its_machine_elsewhere(tracer, compare):
    estate = two_machines([{"name": "x", "from": "nets", "to": "four", "allow": "ssh"}], nets={})
    estate["machines"]["d.example.net"]["routed_networks"] = {"10.0.0.0/24": {"groups": ["nets"]}}
    t = tracer(estate)
    compare([t.folder])
    hops = t.ask([("10.0.0.7", "four", "ssh")])["10.0.0.7", "four", "ssh", 4]["accepted_path"]["hops"]
    assert [(h["machine"], h["chain"], h["from"]) for h in hops] == [
        ("d.example.net", "forward", "10.0.0.7"), ("v4.example.net", "input", "198.51.100.1")]


def test_overlapping_groups(tracer, compare):
    estate = two_machines([{"name": "x", "from": ["four", "more"], "to": "more", "allow": "ssh"}], more={})
    for name in ("d.example.net", "v4.example.net"):
        estate["machines"][name]["groups"].append("more")
    t = tracer(estate)
    compare([t.folder])
    assert t.verdicts("four", "both", "ssh")[4] == "accept"
    assert t.verdicts("more", "more", "ssh") == {4: "accept", 6: "accept"}
    assert t.verdicts("six", "more", "ssh")[6] == "drop"


class Walk:
    """The way of one connection, with the verdicts of firewall_model.py: an oracle that shares nothing with trace."""

    def __init__(self, estate):
        self.model = Model(estate)
        self.machines = self.model.machines.values()

    def owners(self, a):
        return [m for m in self.machines if any(a == n[0] for n in m.addresses)]

    def behind(self, a):
        found = [(n.prefixlen, m.name, m) for m in self.machines for n in m.behind() if a in n]
        longest = max((f[0] for f in found), default=0)
        return [m for length, _, m in found if length == longest]

    def is_simple(self, a):
        """At most one machine has it, or is in front of it, and not both."""
        prefix = ip_network(self.model.estate["nat64"]["prefix"])
        return len(self.owners(a)) + len(set(m.name for m in self.behind(a))) <= 1 and a not in prefix

    def accepts(self, source, to, protocol, port):
        """None where no firewall lies between."""
        (own_s, own_d), (net_s, net_d) = [self.owners(a) for a in (source, to)], [self.behind(a) for a in (source, to)]
        front_s, front_d = (net_s or own_s), (net_d or own_d)
        same = front_s and front_d and front_s[0] is front_d[0]
        if same and not (net_s and own_d):
            return None  # itself, its networks, or between them: the other tests have that
        gates = []
        if net_s and not same:
            gates.append(self.model.forward(net_s[0].name, source, to, protocol, port))
            if net_s[0].ip and any(source in n for n in net_s[0].only_from_inside()):
                source = net_s[0].ip
        if net_d:
            gates.append(self.model.forward(net_d[0].name, source, to, protocol, port))
        if own_d:
            gates.append(self.model.input(own_d[0].name, source, to, protocol, port))
        return all(gates) if gates else None


@pytest.mark.parametrize("seed", range(SEEDS))
def test_one_connection(tracer, seed):
    rng = random.Random(f"one {seed}")
    estate = random_estate(rng)
    walk, t = Walk(estate), tracer(estate)
    places = [p for p in edges(every_prefix(walk.model, estate)) if walk.is_simple(p)]
    questions = {}
    while len(questions) < 400:
        a, b = rng.sample(places, 2)
        protocol, port = rng.choice(["tcp", "udp"]), rng.choice([22, 53, 443, 8080])
        if a.version == b.version:
            questions[str(a), str(b), f"{protocol}/{port}"] = walk.accepts(a, b, protocol, port)
    answers, passed = t.ask(questions), 0
    for (a, b, service), expected in questions.items():
        answer = answers[a, b, service, ip_address(a).version]
        if expected is not None:
            assert (answer["verdict"] == "accept") == expected, (answer, expected)
            passed += expected
            assert answer["machine"] and (answer["file"] is not None) == expected
    assert passed, "nothing was let through: nothing was shown"


def has_way(answer):
    return bool((answer["accepted_path"] or answer["dropped_path"] or {}).get("hops"))


@pytest.mark.parametrize("seed", range(SEEDS))
def test_sets_are_all_their_addresses(tracer, seed):
    """For prefixes: the verdict and the exact part of it follow from the answers about addresses at all edges."""
    rng = random.Random(f"sets {seed}")
    estate = rich_estate(rng)
    model, t = Model(estate), tracer(estate)
    nets = [n for n in every_prefix(model, estate) if n.prefixlen > 8]
    places = edges(nets)
    wide = [ip_network("198.51.100.0/24"), ip_network("2001:db8::/44"), ip_network("172.16.0.0/12")]
    for _ in range(6):
        a, b = rng.choice(nets + wide), rng.choice(nets + wide)
        if a.version != b.version:
            continue
        points = [[p for p in places if p in n][:12] for n in (a, b)]
        service = rng.choice(["tcp/22", "tcp/53", "udp/443"])
        single = t.ask([(p, q, service) for p in points[0] for q in points[1]])
        whole = t.ask([(a, b, service)])[str(a), str(b), service, a.version]
        counted = [s for s in single.values() if has_way(s)]
        if whole["verdict"] == "accept":
            assert all(s["verdict"] == "accept" for s in counted), (whole, [s for s in counted
                                                                            if s["verdict"] == "drop"][:1])
        if any(s["verdict"] == "accept" for s in counted) and whole["verdict"] == "drop":
            assert whole["partly"], whole
        for path, verdict in (("accepted_path", "accept"), ("dropped_path", "drop")):
            if whole[path]:
                p = whole[path]
                one = t.ask([(p["from"], p["to"], service)])[p["from"], p["to"], service, a.version]
                assert one["verdict"] == verdict or one["partly"] or verdict == "accept", (whole, one)


def test_answer_as_json(hextet, top):
    estate = top / "examples/streaming"
    done = hextet("trace", estate, "--from", "oauth", "--to", "database", "--service", "postgresql", "--output", "json")
    answers = json.loads(done.stdout)
    assert done.returncode == 0 and [a["family"] for a in answers] == [4, 6]
    for a in answers:
        assert (a["verdict"], a["machine"], a["chain"]) == ("accept", "db01.de.example.net", "input")
        text = (estate / "policy.yaml").read_text().splitlines()[a["line"] - 1]
        assert a["file"] == f"{estate}/policy.yaml" and text[a["column"] - 1:].startswith("app to database")
        assert a["missing"] is None and a["dropped_path"] is None


def test_answer_as_text(hextet, top):
    done = hextet("trace", top / "examples/streaming", "--from", "any", "--to", "db01.de.example.net",
                  "--service", "ssh", "--family", "6")
    assert done.returncode == 1 and done.stdout.startswith("IPv6: partly\n  accepted: ")
    assert "chain input" in done.stdout and "      |             ^~~~~" in done.stdout
    line = "{ name: NAME, from: 2001:db8:10a:a:f::1, to: db01.de.example.net, allow: ssh }"
    assert f'= hint: write under "policy:" - {line}' in done.stdout


def test_what_is_missing_in_one_family(tracer, hextet):
    t = tracer(two_machines([{"name": "x", "from": "four", "to": "both", "allow": "ssh"}]))
    done = hextet("trace", t.folder, "--from", "four", "--to", "both", "--service", "ssh")
    assert done.returncode == 1 and 'four has no IPv6 address: give its machines "ipv6:"' in done.stdout
    estate = two_machines([{"name": "x", "from": "four", "to": "both", "allow": "ssh"}])
    estate["machines"]["v4.example.net"]["groups"].append("both")
    estate["machines"]["w.example.net"] = {"groups": ["six"], "ip": "198.51.100.9", "ipv6": "2001:db8:9::1"}
    estate["policy"].append({"name": "y", "from": ["198.51.100.9"], "to": "both", "allow": "ssh"})
    write_estate(estate, t.folder.parent / "second")
    done = hextet("trace", t.folder.parent / "second", "--from", "w.example.net", "--to", "both", "--service", "ssh")
    assert done.returncode == 1 and 'nobody in "from" of "y" has an IPv6 address: add one there' in done.stdout


def test_a_failover_address_is_not_always_at_home(hextet, top):
    """Whoever may have the address is asked for it through a firewall while the other one has it."""
    t = Tracer(hextet, top / "examples/streaming")
    for source in ["fe01.de.example.net", "198.51.100.11", "fe01"]:
        for a in t.ask([(source, "fe02", "postgresql")]).values():
            assert (a["verdict"], a["chain"]) == ("drop", "input"), a
            assert source == "fe01" or a["machine"] == "fe02.de.example.net", a
    same = t.ask([("fe01", "fe01", "postgresql"), ("fe01.de.example.net", "fe01.de.example.net", "ssh")])
    assert {(a["verdict"], a["machine"]) for a in same.values()} == {("accept", None)}


@pytest.mark.parametrize("client", ["172.16.2.14", "2001:db8:172:a:f:2:0:100c"])
def test_virtual_addresses_are_their_holders_addresses(hextet, top, client):
    """Clients of the VPN reach the web where DNS says it is, through the chains of both ends."""
    [answer] = Tracer(hextet, top / "examples/streaming").ask([(client, "www.example.net", "https")]).values()
    assert (answer["verdict"], answer["policy"], answer["partly"]) == ("accept", "public web", False), answer
    hops = answer["accepted_path"]["hops"]
    assert [h["chain"] for h in hops] == ["forward", "input"] and hops[0]["machine"] == "vpn01a.de.example.net", answer


def test_a_virtual_address_of_one_family_gives_nothing_in_the_other(tracer, compare):
    estate = two_machines([{"name": "x", "from": "both", "to": "four", "allow": "ssh"}])
    estate["failover"] = {"vip": {"machines": ["v4.example.net"], "interface": "eth0", "vrid": 7,
                                  "ipv4": ["198.51.100.200/32"]}}
    t = tracer(estate)
    compare([t.folder])
    assert t.verdicts("both", "198.51.100.200", "ssh")[4] == "accept"
    assert t.verdicts("any", "v4.example.net", "ssh").get(6, "drop") == "drop"


HINTED = [("office", "any", "postgresql"), ("fe01", "fe02", "postgresql"), ("any", "all", "ssh"),
          ("any", "fe01", "ssh"), ("www.example.net", "database", "postgresql"), ("frontend", "containers", "dns"),
          ("oauth01.de.example.net", "www.example.net", "ssh"), ("203.0.113.9", "2001:db8:172:5:b:c:d:e", "https")]


@pytest.mark.parametrize("question", HINTED, ids=" ".join)
def test_what_the_hint_says_helps(hextet, top, tmp_path, question):
    """With its line, the connection that was dropped there no longer is; and no hint opens the world."""
    for a in Tracer(hextet, top / "examples/streaming").ask([question]).values():
        if a["verdict"] == "accept" or not a["dropped_path"]:
            continue
        dropped = a["dropped_path"]["hops"][-1]
        if "NAT" in a["missing"]:
            assert dropped["chain"] == "forward" and dropped["to"].startswith("172.16.2."), a
            continue
        line = a["missing"].split("policy:\" - ")[1].replace("NAME", "hint")
        assert not (a["partly"] and ("from: any" in line or "to: any" in line or "to: all" in line)), line
        copy = tmp_path / str(a["family"])
        shutil.copytree(top / "examples/streaming", copy)
        with open(copy / "policy.yaml", "a", encoding="ascii") as out:
            out.write(f"  - {line}\n")
        for b in Tracer(hextet, copy).ask([question]).values():
            if b["family"] == a["family"] and b["dropped_path"]:
                assert b["dropped_path"]["hops"][-1] != dropped, line


@pytest.mark.parametrize("words, said", [
    (("ofice", "gitlab", "ssh"), "--from: the estate has no 'ofice'; did you mean 'office'?"),
    (("office", "gitlab", "shs"), "--service: the estate has no 'shs'; did you mean 'ssh'?"),
    (("office", "fe01.de.exampel.net", "ssh"), "did you mean 'fe01.de.example.net'?"),
    (("2001:db8::1/48", "gitlab", "ssh"), "bits are set behind the prefix length"),
    (("office", "gitlab", "tcp/70000"), "nor tcp/PORT, udp/PORT"),
    (("office", "gitlab", "tcp/0"), "nor tcp/PORT, udp/PORT"),
])
def test_wrong_words(hextet, top, words, said):
    options = [o for pair in zip(("--from", "--to", "--service"), words) for o in pair]
    done = hextet("trace", top / "examples/streaming", *options)
    assert done.returncode == 2 and said in done.stderr and not done.stdout


def test_batch(hextet, top):
    lines = "# a comment\n\noffice gitlab ssh\nofice gitlab ssh\noffice gitlab\n"
    done = hextet("trace", top / "examples/streaming", "--batch", "-", input=lines)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 2
    assert [a.get("verdict") for a in answers] == ["accept", "accept", None, None]
    assert [a["question"] for a in answers[2:]] == [4, 5] and "office" in answers[2]["error"]


def test_an_estate_with_mistakes_is_not_asked(hextet, tmp_path):
    (tmp_path / "e.yaml").write_text("groups: { a: {} }\npolicy:\n  - { name: x, from: b, to: a, allow: ssh }\n")
    done = hextet("trace", tmp_path, "--from", "any", "--to", "a", "--service", "tcp/22")
    assert done.returncode == 3 and "e.yaml:3:" in done.stderr and not done.stdout


def test_groups_of_the_generator_are_all_there():
    assert set(GROUPS) >= {"empty", "nets"} and SERVICES
