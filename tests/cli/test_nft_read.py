# SPDX-License-Identifier: Apache-2.0
"""Our reader of firewalls against the kernel's: both read the same files of random estates and of the golden folders,
and both are asked about packets at the edges of every prefix.

HEXTET_SEEDS=500 runs more estates than the few of every day."""
import json
import os
import random
import re
import subprocess
from ipaddress import ip_address, ip_network

import pytest

from firewall_model import Model
from nft_reader import load, packet
from test_firewall import PORTS, edges, every_prefix, random_estate

SEEDS = int(os.environ.get("HEXTET_SEEDS", "6"))
LINK = re.compile(r"forward: (?:ip|ip6) saddr (\S+) (?:ip|ip6) daddr (\S+) accept")


@pytest.fixture(scope="session")
def read(hextet_path):
    """read(paths) -> one Reading for each file, in order."""

    def run(paths):
        command = [hextet_path.parent / "tests/nft_dump", *paths]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return [Reading(json.loads(line)) for line in done.stdout.splitlines()]

    return run


class Reading:
    def __init__(self, dump):
        assert "error" not in dump, dump
        self.boxes = dump["boxes"]
        for box in self.boxes:
            for side in ("from", "to"):
                box[side] = [tuple(int(ip_address(end)) for end in pair) for pair in box[side]]
        self.links = [tuple(map(ip_network, m.groups())) for m in map(LINK.fullmatch, dump["other"]) if m]

    def lets(self, chain, source, destination, protocol, port, translated=None):
        if chain == "forward" and any(source in a and destination in b for a, b in self.links):
            return True
        ends = [(destination, port, False)]
        if translated:
            ends.append((*translated, True))
        return any(box["chain"] == chain and box["family"] == source.version and box["protocol"] == protocol
                   and box["translated"] == before and box["port_first"] <= number <= box["port_last"]
                   and any(a <= int(source) <= b for a, b in box["from"])
                   and any(a <= int(to) <= b for a, b in box["to"])
                   for to, number, before in ends for box in self.boxes)


def compare(rng, ours, kernel, places, count):
    """How many of `count` random packets both let through, after they agreed on each."""
    passed = 0
    for _ in range(count):
        source, to = rng.choice(places), rng.choice(places)
        chain, protocol, port = rng.choice(["input", "forward"]), rng.choice(["tcp", "udp"]), rng.choice(PORTS)
        more = {}
        if source.version != to.version:
            continue
        if chain == "forward" and source.version == 4 and rng.random() < 0.5:
            more["translated"] = (rng.choice([p for p in places if p.version == 4]), rng.choice(PORTS))
        verdict = ours.lets(chain, source, to, protocol, port, **more)
        assert verdict == kernel.verdict(chain, packet(source, to, protocol, port, **more)), \
            (chain, source, to, protocol, port, more)
        passed += verdict
    return passed


@pytest.mark.parametrize("seed", range(SEEDS))
def test_random_estates(hextet, read, tmp_path, seed):
    rng = random.Random(f"read {seed}")
    estate = random_estate(rng)
    folder, out = tmp_path / "estate", tmp_path / "out"
    (folder / "machines").mkdir(parents=True)
    checks = json.loads(hextet("check", "--list", "--output", "json").stdout)
    sections = {k: v for k, v in estate.items() if k != "machines"}
    (folder / "estate.yaml").write_text(json.dumps({"estate": "random", "checks": {c["name"]: "ignore" for c in checks}} | sections))
    (folder / "machines" / "m.yaml").write_text(json.dumps(estate["machines"]))
    done = hextet("render", folder, "--target", "nftables", "-o", out)
    assert done.returncode == 0, done.stderr
    paths = sorted(out.glob("*/etc/nftables.d/hextet.nft"))
    places = edges(every_prefix(Model(estate), estate))
    assert sum(compare(rng, *pair, places, 400) for pair in zip(read(paths), load(paths)))


def test_golden_folders(top, read):
    paths = sorted((top / "tests/golden/nftables").glob("*/expected/*/etc/nftables.d/hextet.nft"))
    rng, passed = random.Random(1), 0
    assert paths
    for ours, kernel in zip(read(paths), load(paths)):
        ends = {(6 if a > 1 << 64 else 4, a + d)
                for box in ours.boxes for side in ("from", "to") for pair in box[side] for a in pair
                for d in (-1, 0, 1)}
        places = [ip_address(a.to_bytes(4 if v == 4 else 16, "big")) for v, a in sorted(ends)
                  if 0 <= a < 1 << (32 if v == 4 else 128)]
        passed += compare(rng, ours, kernel, places, 400)
    assert passed
