# SPDX-License-Identifier: Apache-2.0
"""Logs that real nginx, HAProxy, varnishncsa and Apache wrote of clients who want to be taken for somebody else. Every
client has an address of his own, so the truth is the socket that he opened."""
import ipaddress
import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.lab

PROBE = Path(__file__).with_name("log_probe.py")
COUNT = 300
SERVERS = ["nginx", "haproxy", "varnish", "apache"]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("logs")
    for part in (folder, *folder.parents):  # servers drop their rights
        if part.owner() == "root" and part != Path("/"):
            part.chmod(part.stat().st_mode | 0o055)
    folder.chmod(0o777)
    done = subprocess.run(["unshare", "-mnpf", "--mount-proc", "--kill-child", sys.executable, PROBE, folder, str(COUNT)],
                          capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr + (folder / "others.out").read_text()
    return folder


def clients(lab, server):
    truth = json.loads((lab / "truth.json").read_text())
    return truth[server] + (truth["mapped"] if server == "haproxy" else [])


def records(hextet, lab, server):
    """What was parsed, without the probe's own knocking; and the lines that were not."""
    done = hextet("guard", "parse", "--format", server, "--output", "jsonl", lab / f"{server}.log")
    got = [json.loads(line) for line in done.stdout.splitlines()]
    lines = (lab / f"{server}.log").read_text(errors="surrogateescape").split("\n")
    refused = [lines[r["line"] - 1] for r in got if r.get("unparsed")]
    assert done.returncode == (1 if refused else 0), done.stderr
    return [r for r in got if r.get("addr", "::1") != "::1"], refused


@pytest.mark.parametrize("server", SERVERS)
def test_every_client_has_his_own_address(hextet, lab, server):
    got, refused = records(hextet, lab, server)
    want = {str(ipaddress.ip_address(c["addr"])): c for c in clients(lab, server)}
    # varnishncsa does not say who it was whose request was none.
    assert all(server == "varnish" and line.startswith("- - - [") for line in refused), refused
    assert len(got) + len(refused) == len(want)
    seen = {r["addr"] for r in got}
    assert len(seen) == len(got) and seen <= want.keys()
    assert all(not want[a]["good"] for a in want.keys() - seen)


@pytest.mark.parametrize("server", SERVERS)
def test_requests_are_what_was_sent(hextet, lab, server):
    by_addr = {r["addr"]: r for r in records(hextet, lab, server)[0]}
    checked = 0
    for c in clients(lab, server):
        r = by_addr.get(c["addr"])
        if r and c["good"] and r["status"] == 401:
            assert (r["method"], r["path"]) == (c["method"], c["path"]), c
            assert r["agent"] in (None, c["agent"]), c  # HAProxy's log has none
            checked += 1
    assert checked > COUNT / 3
