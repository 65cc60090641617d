# SPDX-License-Identifier: Apache-2.0
"""The nft sink in a real kernel: packets, and what happens when somebody else changes the table. `nft` says what is
there, and reads the ruleset of the manual."""
import ipaddress
import json
import os
import random
import time

import pytest
from sink_lab import (ALLOWED4, ALLOWED6, BAD4, BAD6, BESIDE6, CLIENTS, CONTAINER, MACHINE, NEXT4, NEXT64, PORT, SAME64,
                      TALK, Lab)

pytestmark = pytest.mark.lab

HOUR = 3_600_000
TABLE = "inet hextet_guard"
PYTHON = "/usr/bin/python3"


@pytest.fixture(scope="module")
def module_lab(tool, hextet_path):
    if os.geteuid() != 0:
        pytest.skip("network namespaces with links need root")
    for name in ("ip", "nft", "setpriv"):
        tool(name)
    sink_tool = hextet_path.parent / "tests" / "sink_tool"
    assert sink_tool.exists(), "run 'ninja tests/sink_tool'"
    lab = Lab(sink_tool)
    try:
        lab.open()
        yield lab
    finally:
        lab.close()


@pytest.fixture
def lab(module_lab):
    """The lab without any firewall."""
    module_lab.run("machine", "nft", "flush", "ruleset")
    return module_lab


def opened(lab, *allow):
    tool = lab.tool()
    if allow:
        tool("allow " + " ".join(allow))
    tool("open nft:hextet_guard")
    return tool


def nft(lab, command):
    return lab.run("machine", "nft", "-f", "-", input=command + "\n").stdout


def listed(lab, *what):
    """nft's JSON of our table, without what is different each time; sets have no order, rules do."""
    done = lab.run("machine", "nft", "-j", "list", *(what or ("table", *TABLE.split())))
    objects = [without(x) for x in json.loads(done.stdout)["nftables"] if "metainfo" not in x]
    return sorted(objects, key=lambda x: x["set"]["name"] if "set" in x else "")


def without(x):
    if isinstance(x, dict):
        return {k: without(v) for k, v in x.items() if k not in ("handle", "expires", "timeout", "packets", "bytes")}
    return [without(v) for v in x] if isinstance(x, list) else x


def test_a_banned_64_and_its_neighbour(lab):
    sink = opened(lab)
    assert lab.reached(CLIENTS) == CLIENTS
    sink(f"ban 2001:db8:bad:1::/64 {HOUR} {BAD4}/32 {HOUR}")
    assert lab.reached(CLIENTS) == [NEXT64, ALLOWED6, BESIDE6, NEXT4, ALLOWED4]
    sink("unban 2001:db8:bad:1::/64")
    assert lab.reached([BAD6, SAME64, BAD4]) == [BAD6, SAME64]
    sink(f"unban {BAD4}/32")
    assert lab.reached(CLIENTS) == CLIENTS


@pytest.mark.parametrize("length", [16, 32, 47, 48, 56, 64, 127, 128])
def test_every_length(lab, length):
    sink = opened(lab)
    network = ipaddress.ip_network(f"{BAD6}/{length}", strict=False)
    sink(f"ban {network} {HOUR}")
    clients = [c for c in CLIENTS if ":" in c]
    outside = [c for c in clients if ipaddress.ip_address(c) not in network]
    if length < 32:  # the machine's own network is banned with it, and so are its neighbours
        assert lab.reached(clients, ("tcp",)) == []
    else:
        assert lab.reached(clients) == outside
    assert sink.networks() == [str(network)]


def test_an_allowed_host_inside_a_ban(lab):
    sink = opened(lab, f"{ALLOWED6}/128", f"{ALLOWED4}/32")
    sink(f"ban 2001:db8:bad::/48 {HOUR} 198.51.100.0/24 {HOUR} 2001:db8:bad:7::/64 {HOUR}")
    assert lab.reached(CLIENTS) == [ALLOWED6, ALLOWED4]
    # Nor does a ban of its own address reach it.
    sink(f"ban {ALLOWED6}/128 {HOUR} {ALLOWED4}/32 {HOUR}")
    assert lab.reached(CLIENTS) == [ALLOWED6, ALLOWED4]


def test_the_allowlist_opens_nothing(lab):
    """accept ends the guard's chain only: another table's drop still drops."""
    opened(lab, f"{ALLOWED6}/128")
    nft(lab, f"table inet other {{ chain c {{ type filter hook prerouting priority 0; ip6 saddr {ALLOWED6} drop; }}; }}")
    assert lab.reached([ALLOWED6, BESIDE6]) == [BESIDE6]


@pytest.mark.parametrize("client", [BAD6, BAD4])
def test_an_established_connection_ends(lab, client):
    """To the machine and, forwarded and with connections tracked, to a container."""
    sink = opened(lab)
    nft(lab, "table inet other { chain c { type filter hook forward priority 0; ct state established accept; }; }")
    for where, to in (("machine", MACHINE), ("container", CONTAINER)):
        port = PORT + (1 if where == "machine" else 2)
        echo = lab.start(where, PYTHON, TALK, "echo", port)
        assert echo.stdout.readline() == "ready\n"
        talk = lab.start("client", PYTHON, TALK, "talk", client, to[6 if ":" in client else 4], port)
        assert talk.stdout.readline() == "connected\n"

        def say():
            talk.stdin.write("hello\n")
            talk.stdin.flush()
            return talk.stdout.readline().strip()

        assert say() == "heard"
        network = ipaddress.ip_network((client, 64 if ":" in client else 24), strict=False)
        sink(f"ban {network} {HOUR}")
        assert say() == "silence"
        sink(f"unban {network}")
        echo.kill()
        talk.kill()


def test_a_ban_ends_by_itself(lab):
    sink = opened(lab)
    sink(f"ban 2001:db8:bad:1::/64 4000 {BAD4}/32 4000 {NEXT4}/32 {HOUR}")
    assert lab.reached([BAD6, BAD4, NEXT4]) == []
    deadline = time.monotonic() + 20
    # A ban that ends while they ask: a SYN is sent again and gets through, an echo request is not.
    while lab.answers([BAD6, BAD4, NEXT4]) != {BAD6: {True}, BAD4: {True}, NEXT4: {False}}:
        assert time.monotonic() < deadline
    assert sink.networks() == [f"{NEXT4}/32"]
    assert sink.reconcile() == (0, 0, 0, None)


def test_a_second_ban_renews_the_time(lab):
    sink = opened(lab)
    for left in (HOUR, 5 * HOUR, 60_000, 2**62):
        sink(f"ban 2001:db8:bad:1::/64 {left} {BAD4}/32 {left}")
        for line in sink("list"):
            got = int(line.split()[1])
            assert min(left, 18446744073708) - 60_000 < got <= left
        assert lab.reached([SAME64, BAD4]) == []
    # In one batch the last change counts, whatever came before it.
    sink(f"ban 2001:db8:bad:1::/64 {HOUR} 2001:db8:bad:1::/64 {3 * HOUR}")
    assert 2 * HOUR < max(int(line.split()[1]) for line in sink("list") if ":" in line) <= 3 * HOUR
    sink("unban 2001:db8:bad:1::/64 2001:db8:bad:1::/64 2001:db8::/32")
    assert sink.networks() == [f"{BAD4}/32"]


# What somebody does, and the drift that the next reconcile tells: missing, foreign, wrong_time, structure.
BANS = f"2001:db8:bad:1::/64 {HOUR} {BAD4}/32 {HOUR} 2001:db8:bad:2::/63 {HOUR}"
DRIFTS = {
    "flush ruleset": (3, 0, 0, "the table was missing"),
    f"delete table {TABLE}": (3, 0, 0, "the table was missing"),
    f"delete element {TABLE} ban6_64 {{ 2001:db8:bad:1:: }}": (1, 0, 0, None),
    f"flush set {TABLE} ban6_64": (1, 0, 0, None),
    f"add element {TABLE} ban6_64 {{ 2001:db8:bad:7:: timeout 1h }}": (0, 1, 0, None),
    f"add element {TABLE} ban6_64 {{ 2001:db8:bad:7:: }}": (0, 1, 0, None),
    f"add element {TABLE} ban6_64 {{ 2001:db8:bad:7::1 timeout 1h, 2001:db8:bad:1::1 }}": (0, 2, 0, None),
    f"add element {TABLE} ban4_32 {{ {NEXT4}, {ALLOWED4} timeout 5s }}": (0, 2, 0, None),
    f"delete element {TABLE} ban6_64 {{ 2001:db8:bad:1:: }}\n"
    f"add element {TABLE} ban6_64 {{ 2001:db8:bad:1:: timeout 1d }}": (0, 0, 1, None),
    f"delete element {TABLE} ban4_32 {{ {BAD4} }}\nadd element {TABLE} ban4_32 {{ {BAD4} }}": (0, 0, 1, None),
    f"flush chain {TABLE} prerouting": (0, 0, 0, "rules of the chain were missing"),
    f"insert rule {TABLE} prerouting accept": (0, 0, 0, "rules of the chain were changed or added"),
    f"add rule {TABLE} prerouting ip saddr @allow4 drop": (0, 0, 0, "rules of the chain were changed or added"),
    f"flush chain {TABLE} prerouting\ndelete set {TABLE} ban6_64": (1, 0, 0, "sets of the table were missing"),
    f"add element {TABLE} allow6 {{ 2001:db8:bad:1::/64 }}": (0, 0, 0, "the allowlist was another one"),
    f"flush set {TABLE} allow6": (0, 0, 0, "the allowlist was another one"),
    f"add chain {TABLE} another": (3, 0, 0, "a chain of the table was changed or added"),
    f"flush chain {TABLE} prerouting\ndelete chain {TABLE} prerouting": (3, 0, 0, "the chain of the table was missing"),
    f"add chain {TABLE} prerouting {{ policy drop; }}": (3, 0, 0, "a chain of the table was changed or added"),
    f"add set {TABLE} another {{ type ipv4_addr; }}": (3, 0, 0, "a set of the table was changed or added"),
    f"add table {TABLE} {{ flags dormant; }}": (3, 0, 0, "the table was dormant"),
}


@pytest.mark.parametrize("command", DRIFTS)
def test_drift(lab, command):
    sink = opened(lab, f"{ALLOWED6}/128")
    sink(f"ban {BANS}")
    before = listed(lab)
    nft(lab, command)
    assert sink.reconcile() == DRIFTS[command]
    assert listed(lab) == before
    assert lab.reached(CLIENTS, ("tcp",)) == [ALLOWED6, BESIDE6, NEXT4, ALLOWED4]
    assert sink.reconcile() == (0, 0, 0, None)


def test_an_edited_rule_is_found(lab):
    """The same place, the same look at a glance: each rule in turn, changed in one thing."""
    sink = opened(lab, f"{ALLOWED6}/128")
    sink(f"ban {BANS}")
    before = listed(lab)
    rules = [r["rule"] for r in json.loads(lab.run("machine", "nft", "-j", "list", "table", *TABLE.split()).stdout)["nftables"]
             if "rule" in r]
    edits = ["ip saddr @allow4 drop", "ip6 saddr != @allow6 accept", "ip6 saddr & ffff:ffff:ffff:fff0:: @ban6_64 counter drop",
             "ip daddr @ban4_32 counter drop", "ip6 saddr & ffff:ffff:ffff:fffe:: @ban6_64 counter drop"]
    assert len(rules) == len(edits)
    for rule, edit in zip(rules, edits):
        handle = next(r["rule"]["handle"] for r in
                      json.loads(lab.run("machine", "nft", "-j", "list", "table", *TABLE.split()).stdout)["nftables"]
                      if "rule" in r and without(r["rule"]["expr"]) == without(rule["expr"]))
        nft(lab, f"replace rule {TABLE} prerouting handle {handle} {edit}")
        assert listed(lab) != before
        assert sink.reconcile() == (0, 0, 0, "rules of the chain were changed or added")
        assert listed(lab) == before


def test_a_ban_mends_a_flushed_table_at_once(lab):
    sink = opened(lab, f"{ALLOWED6}/128")
    sink(f"ban {BANS}")
    nft(lab, "flush ruleset")
    sink(f"ban 198.51.100.0/24 {HOUR}")
    assert lab.reached([BAD4, NEXT4, ALLOWED6]) == [ALLOWED6]
    nft(lab, "flush ruleset")
    sink(f"ban 2001:db8:bad:1::/64 {HOUR}")
    assert lab.reached([BAD4, BAD6, ALLOWED6]) == [BAD4, ALLOWED6]
    assert sink.reconcile() == (3, 0, 0, "the table was missing")
    assert lab.reached(CLIENTS, ("tcp",)) == [ALLOWED6, BESIDE6]


def rules(lab):
    """The rules by the sets they ask: handle and number of packets."""
    objects = json.loads(lab.run("machine", "nft", "-j", "list", "chain", *TABLE.split(), "prerouting").stdout)["nftables"]
    return {r["expr"][0]["match"]["right"]: (r["handle"], sum(e["counter"]["packets"] for e in r["expr"] if "counter" in e))
            for r in (x["rule"] for x in objects if "rule" in x)}


def test_a_restart_keeps_bans_and_counters(lab):
    first = opened(lab, f"{ALLOWED6}/128")
    first(f"ban {BANS}")
    assert lab.reached([BAD6]) == []
    first.close()
    before = rules(lab)
    assert before["@ban6_64"][1] > 0
    assert lab.reached([BAD4, SAME64]) == []
    again = opened(lab, f"{ALLOWED6}/128")
    for network, left in (w.split() for w in (" ".join(BANS.split()[i:i + 2]) for i in (0, 2, 4))):
        again(f"want {network} {left}")
    drift = again.reconcile()
    assert drift[:2] == (0, 0) and drift[3] is None
    after = rules(lab)
    # The rules are the same ones; their counters have gone on.
    assert {name: r[0] for name, r in after.items()} == {name: r[0] for name, r in before.items()}
    assert after["@ban6_64"][1] > before["@ban6_64"][1]
    again.close()
    # Another allowlist replaces the old one, and the bans stay.
    other = opened(lab, f"{BAD6}/128")
    assert lab.reached([BAD6, SAME64, BAD4]) == [BAD6]
    assert len(other.networks()) == 3


def test_a_saved_ruleset_comes_back_as_it_was(lab, tmp_path):
    sink = opened(lab, f"{ALLOWED6}/128", "192.0.2.0/24", "255.255.255.0/24", "0.0.0.0/8", "ff00::/8", "::/8")
    sink(f"ban {BANS}")
    saved = tmp_path / "saved.nft"
    saved.write_text("flush ruleset\n" + lab.run("machine", "nft", "list", "ruleset").stdout)
    assert sink.reconcile() == (0, 0, 0, None)
    lab.run("machine", "nft", "-f", saved)
    drift = sink.reconcile()
    assert drift[:2] == (0, 0) and drift[3] is None


def test_the_ruleset_of_the_manual(lab, top):
    """nft makes the same of the manual's text as we make by netlink."""
    page = (top / "docs/man/hextet-guard.1.scd").read_text()
    text = page[page.index("table inet hextet_guard {"):]
    text = text[:text.index("\n```")]
    nft(lab, "\n".join(line.strip() for line in text.splitlines()))
    by_nft = listed(lab)
    nft(lab, "flush ruleset")
    sink = opened(lab, "192.0.2.0/24", "2001:db8:1::/64")
    for network in ("2001:db8:bad:1::/64", "2001:db8:bad:200::/56", f"{BAD4}/32"):
        sink(f"ban {network} {HOUR}")
    assert listed(lab) == by_nft


def test_anothers_table_is_left_alone(lab):
    nft(lab, f"table {TABLE} {{ set s {{ type ipv4_addr; }}; }}\ntable inet other {{ set s {{ type ipv4_addr; }}; }}")
    before = listed(lab, "ruleset")
    sink = lab.tool()
    said = sink.ask("open nft:hextet_guard")[-1]
    assert said.startswith("error: ") and "is not the guard's" in said
    assert sink.ask(f"ban {BAD4}/32 {HOUR}")[-1].startswith("error: ") and sink.ask("reconcile")[-1].startswith("error: ")
    assert listed(lab, "ruleset") == before
    nft(lab, f"delete table {TABLE}")
    sink.reconcile()
    assert lab.reached([BAD4, NEXT4]) == [NEXT4]
    assert "other" in lab.run("machine", "nft", "list", "tables").stdout


def test_bad_names(lab):
    sink = lab.tool()
    for name in ("", "a-b", "1a", "a" * 65, "a{"):
        said = sink.ask(f"open nft:{name}")[-1]
        assert said.startswith("error: nft:") and "nft:hextet_guard" in said, said
    assert listed(lab, "ruleset") == []


def test_without_permission(lab):
    tool = lab.tool("setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin")
    said = tool.ask("open nft:hextet_guard")[-1]
    assert said.startswith("error: ") and "CAP_NET_ADMIN" in said
    assert "CAP_NET_ADMIN" in tool.ask("reconcile")[-1]


def test_nft_is_not_needed(lab):
    """Neither to make the table nor to mend it: the daemon does it from inside its sandbox."""
    sink = lab.tool("env", "PATH=/nonexistent")
    sink("open nft:hextet_guard")
    sink(f"ban {BAD4}/32 {HOUR}")
    nft(lab, "flush ruleset")
    assert sink.reconcile() == (1, 0, 0, "the table was missing")
    assert lab.reached([BAD4, NEXT4]) == [NEXT4]


def test_a_refused_element_takes_nothing_with_it(lab):
    """Somebody made the set anew, for three elements."""
    sink = opened(lab)
    sink(f"ban {BAD4}/32 {HOUR}")
    nft(lab, f"flush chain {TABLE} prerouting\ndelete set {TABLE} ban4_32\n"
             f"add set {TABLE} ban4_32 {{ type ipv4_addr; flags timeout; size 3; }}\n"
             f"add rule {TABLE} prerouting ip saddr @allow4 accept\nadd rule {TABLE} prerouting ip6 saddr @allow6 accept\n"
             f"add rule {TABLE} prerouting ip saddr @ban4_32 counter drop")
    bans = " ".join(f"203.0.113.{i}/32 {HOUR}" for i in range(9))
    said = sink.ask(f"ban {bans} 2001:db8:bad:1::/64 {HOUR}")
    assert said[0].startswith("refused: ") and "203.0.113." in said[0] and said[-1] == "ok"
    assert len(sink.networks()) == 4 and "2001:db8:bad:1::/64" in sink.networks()
    assert lab.reached([SAME64, NEXT64]) == [NEXT64]
    nft(lab, "flush ruleset")
    assert sink.ask("reconcile")[-1] == "ok"
    assert len(sink.networks()) == 11


def verdict(table, address):
    """What nft's own words say of a source address, by Python's ipaddress."""
    objects = [(kind, body) for x in table for kind, body in x.items()]
    sets = {body["name"]: body for kind, body in objects if kind == "set"}
    family = "ip6" if address.version == 6 else "ip"

    def has(name, key):
        for e in sets[name].get("elem", []):
            e = e["elem"]["val"] if isinstance(e, dict) and "elem" in e else e
            if isinstance(e, dict) and "prefix" in e:
                if key in ipaddress.ip_network((e["prefix"]["addr"], e["prefix"]["len"])):
                    return True
            elif isinstance(e, dict) and "range" in e:
                if ipaddress.ip_address(e["range"][0]) <= key <= ipaddress.ip_address(e["range"][1]):
                    return True
            elif ipaddress.ip_address(e) == key:
                return True
        return False

    for body in (body for kind, body in objects if kind == "rule"):
        match, *_, last = [e for e in body["expr"] if "counter" not in e]
        left, mask = match["match"]["left"], None
        if "&" in left:
            left, mask = left["&"]
        if left["payload"] != {"protocol": family, "field": "saddr"}:
            continue
        length = ipaddress.ip_address(mask) if mask and not isinstance(mask, dict) else None
        key = address if length is None else type(address)(int(address) & int(length))
        assert match["match"]["op"] in ("==", "in")
        if has(match["match"]["right"][1:], key):
            return next(iter(last))
    return "accept"


def test_random_bans_and_allowlists(lab):
    """Banned and not allowed: dropped. All others: not. For addresses around every edge."""
    rng = random.Random(7)
    pool = [ipaddress.ip_network(n) for n in ("2001:db8::/40", "198.51.0.0/16")]

    def network(low6, low4):
        base = rng.choice(pool)
        length = rng.randint(*(low6, 128) if base.version == 6 else (low4, 32))
        host = rng.getrandbits(base.max_prefixlen - base.prefixlen) & rng.getrandbits(base.max_prefixlen)
        return ipaddress.ip_network((int(base.network_address) | host, length), strict=False)

    for _ in range(12):
        allow = [network(44, 20) for _ in range(rng.randint(0, 6))]
        sink = opened(lab, *map(str, allow))
        bans = {}
        for _ in range(40):
            n = network(40, 16)
            if rng.random() < 0.3 and bans:
                n = rng.choice(list(bans))
                sink(f"unban {n}")
                del bans[n]
            else:
                sink(f"ban {n} {HOUR}")
                bans[n] = True
        assert sorted(sink.networks()) == sorted(map(str, bans))
        table = json.loads(lab.run("machine", "nft", "-j", "list", "table", *TABLE.split()).stdout)["nftables"]
        for n in [*allow, *bans]:
            for a in (n[0], n[-1], n[rng.randrange(n.num_addresses)], n[0] - 1, n[-1] + 1):
                banned = any(a in b for b in bans if b.version == a.version)
                allowed = any(a in b for b in allow if b.version == a.version)
                assert verdict(table, a) == ("drop" if banned and not allowed else "accept"), (a, allow, bans)
        assert sink.reconcile() == (0, 0, 0, None)
        sink.close()
        lab.tools.remove(sink)
        nft(lab, "flush ruleset")
