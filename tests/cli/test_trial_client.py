# SPDX-License-Identifier: Apache-2.0
"""`hextet trial run --happy-eyeballs --path-mtu` at the loopback addresses, straight (--direct): what it reports, in each
form. Paths that are broken are in lab/test_happy_lab.py."""
import json
import os
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import jsonschema
import pytest
from geo_server import GNUTLS
from trial_server import TrialServer, page, silent

SCHEMA = json.loads((Path(__file__).parent.parent / "trial/report.schema.json").read_text())
ENV = {**os.environ, **GNUTLS}
OPTIONS = ["--happy-eyeballs", "--path-mtu", "--direct", "--stall", "1s"]


@pytest.fixture
def server():
    with TrialServer() as s:
        s.both["/"] = page(b"hello")
        yield s


@pytest.fixture
def estate(tmp_path, server):
    """One endpoint of one machine at the loopback addresses, on the server's port."""
    (tmp_path / "machines").mkdir()
    (tmp_path / "estate.yaml").write_text(json.dumps({
        "estate": "test", "domain": "example.net",
        "checks": {"special-purpose-address": "ignore", "single-family": "ignore", "endpoint-not-allowed": "ignore",
                   "machine-outside-prefixes": "ignore"},
        "groups": {"webs": {"comment": "web"}}, "services": {"web": {"tcp": server.port}},
        "endpoints": {"www.example.net": {"to": "web.example.net", "service": "web", "paths": ["/"]}}}))
    (tmp_path / "machines/m.yaml").write_text(json.dumps(
        {"web.example.net": {"groups": ["webs"], "ip": "127.0.0.1", "ipv6": "::1"}}))
    return tmp_path


def ask(hextet, *args):
    done = hextet("trial", "run", *args, env=ENV)
    assert done.returncode in (0, 1), done.stderr
    return done


def test_not_measured_unless_asked(hextet, estate):
    result = json.loads(ask(hextet, "--direct", "--output", "json", estate).stdout)[0]
    assert "happy_eyeballs" not in result and "path_mtu" not in result


def test_stall_in_each_report(hextet, estate, server, tmp_path):
    """IPv6 connects at once, so it wins whatever the machine does: the addresses are known from the start."""
    server.only6["/"] = silent()
    html, junit = tmp_path / "r.html", tmp_path / "r.xml"
    done = ask(hextet, *OPTIONS, "--output", "json", "--html", html, "--junit", junit, estate)
    results = json.loads(done.stdout)
    jsonschema.validate(results, SCHEMA)
    race = results[0]["happy_eyeballs"]
    assert done.returncode == 1 and (race["family"], race["request"]) == (6, "stalled")
    assert [(a["address"], a["end"]) for a in race["attempts"]] == [("::1", "won")]
    assert race["a"] == race["aaaa"] == {"addresses": 1, "us": 0}
    assert [(p["family"], p["address"], p["large"]) for p in results[0]["path_mtu"]] == \
        [(4, "127.0.0.1", "good"), (6, "::1", "server")]
    said = "IPv6 wins the race and then stalls: a dual-stack client hangs"
    assert [f["family"] for f in results[0]["findings"] if said in f["detail"]] == [6]
    assert said in html.read_text() and "a dual-stack client gets IPv6" in html.read_text()
    assert said in ElementTree.parse(junit).find(".//failure").text
    text = ask(hextet, *OPTIONS, estate).stdout
    assert said in text and "request: stalled" in text and "path MTU over IPv6 to ::1" in text


def test_same_for_both_is_clean(hextet, estate):
    done = ask(hextet, *OPTIONS, "--output", "json", estate)
    results = json.loads(done.stdout)
    jsonschema.validate(results, SCHEMA)
    assert done.returncode == 0 and results[0]["findings"] == []
    assert results[0]["happy_eyeballs"]["request"] == "ok"
    assert [(p["family"], p["large"]) for p in results[0]["path_mtu"]] == [(4, "good"), (6, "good")]


def test_the_large_request_is_large(hextet, estate, server):
    """It is a header of 4000 bytes; the race's own connection is closed without a word."""
    seen = []

    def note(connection, request):
        seen.append((request.family, len(request.headers.get("x-padding", ""))))
        connection.sendall(page(b"hello"))
    server.both["/"] = note
    ask(hextet, "--path-mtu", "--direct", estate)
    assert sorted(seen) == sorted([(f, n) for f in (4, 6) for n in (0, 0, 4000)])


def test_nobody_listens(hextet, estate, server):
    """Found by the fetches; nothing is said of it twice."""
    text = (estate / "estate.yaml").read_text().replace(f'"tcp": {server.port}', '"tcp": 1')
    (estate / "estate.yaml").write_text(text)
    result = json.loads(ask(hextet, *OPTIONS, "--output", "json", estate).stdout)[0]
    jsonschema.validate([result], SCHEMA)
    assert [(f["kind"], f["family"]) for f in result["findings"]] == [("unreachable", 4), ("unreachable", 6)]
    race = result["happy_eyeballs"]
    assert race["family"] == 0 and "request" not in race
    assert [(a["address"], a["end"]) for a in race["attempts"]] == [("::1", "refused"), ("127.0.0.1", "refused")]
    assert [(p["large"], p["mtu"]) for p in result["path_mtu"]] == [("none", 0)] * 2
