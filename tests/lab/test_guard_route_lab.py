# SPDX-License-Identifier: Apache-2.0
"""The route sink in a real kernel: what is banned gets no answer, and nobody else's route is touched."""
import json
import os

import pytest
from sink_lab import (ALLOWED4, ALLOWED6, BAD4, BAD6, BESIDE6, CLIENTS, MACHINE, NEXT4, NEXT64, PORT, SAME64, Lab)

pytestmark = pytest.mark.lab

HOUR = 3_600_000
TABLE = "1066"
FAMILIES = ("-4", "-6")


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
        for family in FAMILIES:
            lab.run("machine", "ip", family, "rule", "add", "lookup", TABLE, "priority", "100")
        yield lab
    finally:
        lab.close()


@pytest.fixture
def lab(module_lab):
    for family in FAMILIES:
        module_lab.run("machine", "ip", family, "route", "flush", "table", TABLE, check=False)
    return module_lab


def opened(lab, *allow):
    tool = lab.tool()
    if allow:
        tool("allow " + " ".join(allow))
    tool(f"open route:{TABLE}")
    return tool


def routes(lab, table=TABLE):
    """What ip says is there, as type, destination and protocol."""
    return sorted((r.get("type", "unicast"), r["dst"], r["protocol"]) for family in FAMILIES for r in json.loads(
        lab.run("machine", "ip", "-d", "-j", family, "route", "show", "table", table, check=False).stdout or "[]"))


def test_a_banned_64_and_its_neighbour(lab):
    sink = opened(lab)
    assert lab.reached(CLIENTS) == CLIENTS
    main = routes(lab, "main")
    sink(f"ban 2001:db8:bad:1::/64 {HOUR} {BAD4}/32 {HOUR}")
    assert lab.reached([BAD6, SAME64, NEXT64, BAD4, NEXT4], ("tcp",)) == [NEXT64, NEXT4]
    assert routes(lab) == [("blackhole", BAD4, "104"), ("blackhole", "2001:db8:bad:1::/64", "104")]
    sink(f"unban 2001:db8:bad:1::/64 {BAD4}/32")
    assert lab.reached(CLIENTS) == CLIENTS
    assert routes(lab) == [] and routes(lab, "main") == main


def test_an_allowed_host_inside_a_ban(lab):
    """The ban is written down around it, and taken back whole."""
    sink = opened(lab, f"{ALLOWED6}/128", f"{ALLOWED4}/32")
    sink(f"ban 2001:db8:bad::/48 {HOUR} 198.51.100.0/24 {HOUR}")
    assert lab.reached(CLIENTS, ("tcp",)) == [ALLOWED6, ALLOWED4]
    assert len(routes(lab)) == 80 + 8
    assert sink.reconcile() == (0, 0, 0, None)
    sink("unban 2001:db8:bad::/48")
    assert len(routes(lab)) == 8
    assert lab.reached([BAD6, BESIDE6, BAD4], ("tcp",)) == [BAD6, BESIDE6]


def test_packets_of_a_banned_source(lab):
    """They arrive, as the manual says; not where rp_filter is on."""
    sink = opened(lab)
    said = []
    for rp_filter in (0, 1, 2):
        lab.run("machine", "sysctl", "-qw", "net.ipv4.conf.all.rp_filter=%d" % rp_filter,
                "net.ipv4.conf.to-client.rp_filter=%d" % rp_filter)
        counter = "table inet count { chain c { type filter hook input priority 0; ip saddr %s counter; }; }" % BAD4
        lab.run("machine", "nft", "-f", "-", input="flush ruleset\n" + counter + "\n")
        sink(f"ban {BAD4}/32 {HOUR}")
        lab.probe([["udp", BAD4, MACHINE[4], PORT]])
        table = json.loads(lab.run("machine", "nft", "-j", "list", "table", "inet", "count").stdout)["nftables"]
        rule = next(x["rule"] for x in table if "rule" in x)
        said.append(next(e["counter"]["packets"] for e in rule["expr"] if "counter" in e) > 0)
        sink(f"unban {BAD4}/32")
    lab.run("machine", "nft", "flush", "ruleset")
    for name in ("all", "to-client"):
        lab.run("machine", "sysctl", "-qw", f"net.ipv4.conf.{name}.rp_filter=0")
    assert said == [True, False, False]


def test_drift(lab):
    sink = opened(lab)
    bans = f"2001:db8:bad:1::/64 {HOUR} {BAD4}/32 {HOUR} 203.0.113.0/24 {HOUR}"
    sink(f"ban {bans}")
    before = routes(lab)
    for command, drift in (
            (("-6", "route", "flush", "table", TABLE), (1, 0, 0, None)),
            (("-4", "route", "flush", "table", TABLE), (2, 0, 0, None)),
            (("-4", "route", "del", "blackhole", BAD4, "table", TABLE), (1, 0, 0, None)),
            (("-4", "route", "add", "blackhole", NEXT4, "table", TABLE, "proto", "104"), (0, 1, 0, None)),
            (("-6", "route", "add", "blackhole", "2001:db8:bad::/48", "table", TABLE, "proto", "104"), (0, 1, 0, None)),
            (("-6", "route", "add", "blackhole", "default", "table", TABLE, "proto", "104"), (0, 1, 0, None))):
        lab.run("machine", "ip", *command)
        assert routes(lab) != before
        assert sink.reconcile() == drift, command
        assert routes(lab) == before
        assert sink.reconcile() == (0, 0, 0, None)


def test_others_routes_are_left_alone(lab):
    foreign = [("-4", "blackhole", BAD4), ("-4", "unreachable", "203.0.113.0/24"), ("-6", "blackhole", "2001:db8:bad:1::/64"),
               ("-6", "blackhole", "2001:db8:bad:ff00::/56")]
    for family, kind, network in foreign:
        lab.run("machine", "ip", family, "route", "add", kind, network, "table", TABLE, "proto", "static")
    before = routes(lab)
    sink = opened(lab)
    assert sink.networks() == []
    said = sink.ask(f"ban {BAD4}/32 {HOUR} {NEXT4}/32 {HOUR} 2001:db8:bad:1::/64 {HOUR} 2001:db8:bad:2::/64 {HOUR}")
    assert said[-1] == "ok" and "not the guard's" in said[0] and "(and 1 more)" in said[0]
    assert sink.networks() == [f"{NEXT4}/32", "2001:db8:bad:2::/64"]
    assert "not the guard's" in sink.ask("reconcile")[1]
    # Unban takes away what is ours only, also where both have a route for the same network.
    sink(f"unban {BAD4}/32 2001:db8:bad:1::/64 {NEXT4}/32 2001:db8:bad:2::/64 203.0.113.0/24 2001:db8:bad:ff00::/56")
    assert routes(lab) == before
    assert sink.reconcile() == (0, 0, 0, None) and routes(lab) == before


def test_a_restart_finds_what_it_wrote(lab):
    first = opened(lab)
    first(f"ban {BAD6}/128 {HOUR} {BAD4}/32 {HOUR}")
    first.close()
    again = opened(lab)
    assert again.networks() == [f"{BAD4}/32", f"{BAD6}/128"]
    again(f"want {BAD4}/32 {HOUR}")
    assert again.reconcile() == (0, 1, 0, None)
    assert routes(lab) == [("blackhole", BAD4, "104")]


def test_names_of_tables(lab, tmp_path):
    sink = lab.tool()
    for name in ("main", "local", "default", "254", "255", "253", "0", "0xfe"):
        assert "a table of their own" in sink.ask(f"open route:{name}")[-1]
    for name in ("", "nosuch", "4294967296", "-1", "1x", "0x", "12a"):
        assert "/etc/iproute2/rt_tables" in sink.ask(f"open route:{name}")[-1]
    for name in ("1", "252", "256", "4294967295", "0x42A"):
        sink(f"open route:{name}")
    sink(f"ban {BAD4}/32 {HOUR} {BAD6}/128 {HOUR}")
    assert len(routes(lab)) == 2  # 0x42a is 1066


def test_a_table_without_routes(lab):
    sink = lab.tool()
    sink("open route:4711")
    assert sink.networks() == [] and sink.reconcile() == (0, 0, 0, None)
    sink(f"unban {BAD4}/32 {BAD6}/128")
    for n in (200, 1067):
        sink(f"open route:{n}")
        sink(f"ban {BAD4}/32 {HOUR} {BAD6}/128 {HOUR}")
        assert len(routes(lab, str(n))) == 2 and sink.networks() == [f"{BAD4}/32", f"{BAD6}/128"]


def test_many(lab):
    """More than one batch, and some of each batch taken by others."""
    sink = opened(lab)
    networks = [f"203.0.{i}.{j}/32" for i in range(8) for j in range(250)] + \
        [f"2001:db8:bad:{i:x}::/64" for i in range(1, 1500)]
    for n in networks[::400]:
        lab.run("machine", "ip", "route", "add", "blackhole", n, "table", TABLE)
    said = sink.ask("ban " + " ".join(f"{n} {HOUR}" for n in networks[:1500]))
    assert "(and 3 more)" in said[0] and said[-1] == "ok"
    for i in range(1500, len(networks), 1000):
        sink.ask("ban " + " ".join(f"{n} {HOUR}" for n in networks[i:i + 1000]))
    assert set(sink.networks()) == set(networks) - set(networks[::400])
    assert sink.ask("reconcile")[0].startswith("missing 9 foreign 0 ")
    sink("unban " + " ".join(networks))
    assert len(routes(lab)) == len(networks[::400])


def test_without_permission(lab):
    tool = lab.tool("setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin")
    tool(f"open route:{TABLE}")
    said = tool.ask(f"ban {BAD4}/32 {HOUR}")[-1]
    assert said.startswith("error: ") and "CAP_NET_ADMIN" in said
