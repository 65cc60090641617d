# SPDX-License-Identifier: Apache-2.0
"""The example's log: exactly the planted attackers are banned, and nobody else; and each decoy is one: without what
protects it, it would be banned."""
import gzip
import ipaddress
import json
import re
import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "guard"))
import example_log


@pytest.fixture
def replay(hextet, top):
    """replay(estate) -> the bans' objects."""
    def run(estate, *more):
        done = hextet("guard", "replay", "--estate", estate, "--format", "nginx", "--output=json", *more,
                      top / "examples/streaming/logs/access.log.gz")
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    return run


@pytest.fixture
def changed(top, tmp_path, replay):
    """changed((from, to)…) -> the networks that are banned when guard.yaml is changed so."""
    def run(*changes):
        estate = tmp_path / "estate"
        shutil.copytree(top / "examples/streaming", estate, dirs_exist_ok=True)
        text = (top / "examples/streaming/guard.yaml").read_text()
        for old, new in changes:
            assert re.search(old, text)
            text = re.sub(old, new, text)
        (estate / "guard.yaml").write_text(text)
        return [ban["prefix"] for ban in replay(estate)]

    return run


def inside(networks, outer):
    outer = ipaddress.ip_network(outer)
    return [n for n in map(ipaddress.ip_network, networks) if n.version == outer.version and
            (n.subnet_of(outer) or outer.subnet_of(n))]


def test_the_log_is_what_the_script_makes(top, tmp_path):
    example_log.r.seed(4)
    example_log.main([tmp_path / "log.gz"])
    log = gzip.decompress((top / "examples/streaming/logs/access.log.gz").read_bytes())
    assert gzip.decompress((tmp_path / "log.gz").read_bytes()) == log


def test_exactly_the_planted_are_banned(replay, top):
    bans = replay(top / "examples/streaming")
    assert sorted(b["prefix"] for b in bans) == sorted(example_log.PLANTED)
    assert {b["rule"] for b in bans} == {"login"}
    assert not [d for d in example_log.DECOYS if inside([b["prefix"] for b in bans], d)]


def test_it_says_why(replay, hextet, top):
    bans = {b["prefix"]: b for b in replay(top / "examples/streaming", "--explain")}
    for prefix, ban in bans.items():
        network, evidence = ipaddress.ip_network(prefix), ban["evidence"]
        level = next(v for v in evidence["levels"] if v["prefix"] == prefix)
        assert level["count"] == level["needed"] == ban["count"]
        for line in (evidence["first_line"], evidence["last_line"]):
            assert ipaddress.ip_address(line.split()[0]) in network
        assert evidence["last_line"].startswith(evidence["client"] + " ")
    rotator = bans["2001:db8:bad3:a00::/56"]["evidence"]
    assert (rotator["children"], rotator["ratio"]) == (8, 1)
    done = hextet("guard", "replay", "--estate", top / "examples/streaming", "--format", "nginx", "--explain",
                  top / "examples/streaming/logs/access.log.gz")
    assert "* /56: 100 of 100 requests, 8 of 8 /64s, ratio 1.00 of 0.80\n" in done.stdout
    assert "4895 lines" in done.stderr and "4 bans (1 IPv4, 3 IPv6)" in done.stderr
    assert "1 of 4895 lines could not be parsed" in done.stderr and "06:18:2\n" in done.stderr


@pytest.mark.parametrize("decoy, changes", [
    ("2001:db8:cafe::/48", [(r", ratio: 0.8", "")]),
    ("198.18.9.9/32", [(r"32: 20 ", "32: 19 ")]),
    ("2001:db8:bad4::19/128", [(r"64: 20\n", "64: 19\n")]),
    ("198.18.55.1/32", [(r"status: \[401, 403\]", "status: [200, 401, 403]"), (r"32: 20 ", "32: 15 "),
                        (r"/login, ", "'*', ")]),
    ("2001:db8:beef::10/128", [(r"never: \[.*?\]", "never: []")]),
])
def test_decoys_would_be_banned_else(changed, decoy, changes):
    assert inside(changed(*changes), decoy)


def test_machines_would_be_banned_elsewhere(top, tmp_path, replay):
    """The same guard in an estate without these machines."""
    (tmp_path / "estate.yaml").write_text((top / "examples/streaming/guard.yaml").read_text().replace("frontend, ", ""))
    banned = [b["prefix"] for b in replay(tmp_path)]
    assert inside(banned, "2001:db8:172:1:b:c:d:e/128") and inside(banned, "198.51.100.60/32")
