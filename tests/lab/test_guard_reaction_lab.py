# SPDX-License-Identifier: Apache-2.0
"""A running guard, real packets: banned because of what stands in a log, and again after somebody flushed the ruleset."""
import json
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))
from guard_daemon import line, wait_for  # noqa: E402
from reaction import Machine, percentile, sources  # noqa: E402
from sink_lab import ALLOWED6, BAD4, BAD6, BESIDE6, CLIENTS, NEXT4, NEXT64, SAME64, Lab  # noqa: E402

pytestmark = pytest.mark.lab


@pytest.fixture
def machine(tool, hextet_path, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("network namespaces with links need root")
    for name in ("ip", "nft"):
        tool(name)
    lab, running = Lab(None), None
    try:
        lab.open()
        running = Machine(lab, hextet_path, tmp_path, never=f"{ALLOWED6}/128")
        yield running
    finally:
        if running:
            running.guard.stop()
        lab.close()


def test_from_the_log_to_the_packet(machine):
    guard, lab = machine.guard, machine.lab
    assert lab.reached(CLIENTS) == CLIENTS
    guard.write(*[line(ip) for ip in (BAD6, BAD4, ALLOWED6) for _ in range(5)])
    wait_for("the bans", lambda: len(guard.in_file()) == 2)
    wait_for("silence", lambda: lab.reached([BAD6, SAME64, BAD4]) == [])
    assert lab.reached([NEXT64, NEXT4, ALLOWED6, BESIDE6]) == [NEXT64, NEXT4, ALLOWED6, BESIDE6]
    # From inside the sandbox, and without a program: what somebody flushed is there again within an interval.
    lab.run("machine", "nft", "flush", "ruleset")
    wait_for("word of it", lambda: guard.has_said("the table was missing; 2 missing"))
    assert lab.reached([BAD6, SAME64, BAD4, NEXT4]) == [NEXT4]
    sink = next(s for s in guard.status()["sinks"] if s["sink"].startswith("nft:"))
    assert sink["working"] and sink["drift"]["structure"] == "the table was missing"
    assert guard.ask("unban", network="2001:db8:bad:1::/64")["ok"]
    wait_for("an answer", lambda: lab.reached([BAD6, SAME64]) == [BAD6, SAME64])
    # A ban by hand, of a length that no rule has.
    assert guard.ask("ban", network="2001:db8:bad::/50", for_s=60)["ok"]
    wait_for("silence", lambda: lab.reached([BAD6, NEXT64, BESIDE6, ALLOWED6]) == [ALLOWED6])


def test_two_hundred_bans_one_after_the_other(machine):
    """Each of them, of both families, is cut off while it sends. How fast is bench_reaction.py's; this says it only."""
    took = machine.measure(100, 0.1)
    assert set(took) == set(sources(100))
    wait_for("the bans", lambda: len(machine.guard.in_file()) == 200)
    table = json.loads(machine.lab.run("machine", "nft", "-j", "list", "table", "inet", "hextet_guard").stdout)
    sets = {x["set"]["name"]: len(x["set"].get("elem", [])) for x in table["nftables"] if "set" in x}
    assert sets["ban6_64"] == 100 and sets["ban4_32"] == 100
    print(f"p50 {percentile(took.values(), 50):.2f} ms, p99 {percentile(took.values(), 99):.2f} ms")
