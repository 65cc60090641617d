# SPDX-License-Identifier: Apache-2.0
"""hextet diff says what a change means: what appears and vanishes, in which family, on how many machines, and what is
too much at once. Every expectation is a line of the estate that was changed."""
import json
import re
import shutil
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def rendered(hextet, top, tmp_path_factory):
    """The folder of the streaming example's render; nobody writes to it."""
    out = tmp_path_factory.mktemp("rendered") / "out"
    done = hextet("render", top / "examples/streaming", "-o", out)
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture
def estate(top, tmp_path):
    return shutil.copytree(top / "examples/streaming", tmp_path / "estate")


def edit(path, pattern, replacement, count=1):
    text, n = re.subn(pattern, replacement, path.read_text(), count=count, flags=re.M)
    assert n, (path, pattern)
    path.write_text(text)


def changes(hextet, estate, out, *args):
    done = hextet("diff", estate, out, "--output", "json", *args)
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout)


def of_kind(result, kind):
    return [c for c in result["changes"] if c["kind"] == kind]


def test_nothing(hextet, estate, rendered):
    done = hextet("diff", estate, rendered)
    assert (done.returncode, done.stdout) == (0, "nothing would change\n")


def test_only_the_order_and_name_of_policy_lines(hextet, estate, rendered):
    policy = estate / "policy.yaml"
    lines = policy.read_text().splitlines(keepends=True)
    policy.write_text("".join(lines[:2] + lines[:1:-1]).replace("public dns", "dns for all"))
    result = changes(hextet, estate, rendered)
    assert not of_kind(result, "flow") and not result["refused"]
    assert all(c["text_only"] for c in of_kind(result, "file")) and of_kind(result, "file")


def test_one_service_goes_on_all_machines(hextet, estate, rendered):
    edit(estate / "policy.yaml", r"^.*monitoring agents.*\n", "")
    found = [c for c in of_kind(changes(hextet, estate, rendered), "flow") if c["chain"] == "input"]
    assert {(c["family"], c["ports"], c["change"], len(c["machines"])) for c in found} == \
        {(4, "tcp/5665", "vanishes", 17), (6, "tcp/5665", "vanishes", 17)}
    assert not any(c["alarm"] for c in found)


def test_a_new_flow_names_its_policy_line(hextet, estate, rendered):
    policy = estate / "policy.yaml"
    policy.write_text(policy.read_text() + "  - { name: new, from: any, to: gitlab, allow: app }\n")
    done = hextet("diff", estate, rendered)
    line = len(policy.read_text().splitlines())
    assert f"+ tcp/8080 over IPv4 and IPv6 into gitlab.de.example.net: from anywhere ({policy}:{line} 'new')" \
        in done.stdout
    assert "ALARM" not in done.stdout and done.returncode == 1


def test_one_family_of_a_service_goes(hextet, estate, rendered):
    edit(estate / "policy.yaml", "(public dns.*)from: any,", r'\1from: ["0.0.0.0/0"],')
    done = hextet("diff", estate, rendered)
    alarms = [line for line in done.stdout.splitlines() if line.startswith("ALARM")]
    assert any("- tcp/53 udp/53 over IPv6 into ns1.de.example.net" in line and "stays over IPv4" in line
               for line in alarms)
    assert done.stdout.startswith("ALARM")


def test_a_name_loses_its_aaaa(hextet, estate, rendered):
    edit(estate / "machines/de.yaml", r"^(db01.*\n(?:.*\n)*?)  ipv6: .*\n", r"\1")
    records = of_kind(changes(hextet, estate, rendered), "record")
    aaaa = [c for c in records if c["owner"] == "db01.de.example.net." and c["type"] == "AAAA"]
    assert [(c["change"], c["family"], c["data"]) for c in aaaa] == [("vanishes", 6, "2001:db8:172:5:b:c:d:e")]
    assert aaaa[0]["alarm"] and not any(c["alarm"] for c in records if c["type"] == "PTR")


def test_a_listener_loses_ipv6(hextet, estate, rendered):
    templates = estate / "templates/haproxy"
    templates.mkdir(parents=True)
    shutil.copy(TOP / "templates/haproxy/haproxy.cfg", templates)
    edit(templates / "haproxy.cfg", r"^\{% for l in f.listen %\}", "{% for l in f.listen if not l.ipv6 %}")
    listeners = of_kind(changes(hextet, estate, rendered), "listener")
    assert {(c["family"], c["address"], c["change"], len(c["machines"])) for c in listeners} == {(6, "::", "vanishes", 2)}
    assert {c["port"] for c in listeners} >= {80, 443} and all(c["alarm"] for c in listeners)


# A template of the target, and how one of its families is left out: program, port and the family that goes.
ONE_FAMILY = {
    "knot": ("knot.conf", r"for a in listen %", 'for a in listen if ":" not in a | string %', "knot", 53, 6),
    "unbound": ("hextet.conf",
                r"(for a in listen) %(?=.\n *interface)", r'\1 if ":" in a | string %', "unbound", 53, 4),
    "openvpn": ("server.conf", r"^proto udp6$", "proto udp4", "openvpn (staff)", 1194, 6),
    "postgresql": ("hextet.conf",
                   r"\{\{ addresses .*\}\}", "127.0.0.1, 198.51.100.50", "postgresql", 5432, 6),
    "gitlab": ("hextet.rb", r"for h in hosts %", 'for h in hosts if h == "[::]" %', "nginx (gitlab)", 443, 4),
    "jenkins": ("service.conf", r"\{\{ host \}\}", "127.0.0.1", "jenkins", 8090, 6),
    "logstash": ("hextet.conf", r"for a in addresses %",
                 'for a in addresses if ":" not in a | string %', "logstash", 5044, 6),
}


@pytest.mark.parametrize("target", ONE_FAMILY)
def test_one_family_of_a_listener_goes(hextet, estate, rendered, target):
    name, pattern, replacement, program, port, family = ONE_FAMILY[target]
    template = estate / "templates" / target / name
    template.parent.mkdir(parents=True)
    shutil.copy(TOP / "templates" / target / name, template)
    edit(template, pattern, replacement)
    found = [c for c in of_kind(changes(hextet, estate, rendered), "listener") if c["change"] == "vanishes"]
    assert found and {(c["program"], c["family"]) for c in found} == {(program, family)}
    at_port = [c for c in found if c["port"] == port]
    assert at_port and all(c["alarm"] == f"it no longer listens over IPv{family}, but still over IPv{10 - family}"
                           for c in at_port)
    lines = hextet("diff", estate, rendered).stdout.splitlines()
    assert any(line.startswith("ALARM") and program in line and f"still over IPv{10 - family}" in line
               for line in lines)


def test_a_listener_that_is_not_understood_is_said(hextet, estate, rendered):
    template = estate / "templates/unbound/hextet.conf"
    template.parent.mkdir(parents=True)
    shutil.copy(TOP / "templates/unbound/hextet.conf", template)
    edit(template, r"^    interface: .*", "    interface: eth0")
    result = changes(hextet, estate, rendered)
    files = [c for c in of_kind(result, "file") if c.get("note")]
    reason = r"its meaning is not known: the new file, line \d+: 'eth0' is no address"
    assert files and all(re.search(reason, c["note"]) for c in files) and not of_kind(result, "listener")


def test_a_statement_that_nobody_knows_is_not_a_flow_that_goes(hextet, estate, rendered):
    templates = estate / "templates/nftables"
    templates.mkdir(parents=True)
    shutil.copy(TOP / "templates/nftables/hextet.nft", templates)
    edit(templates / "hextet.nft", r'^(\t\tiif "lo" accept)$', r"\1\n\t\ttcp dport 23 counter accept")
    result = changes(hextet, estate, rendered, "--target", "nftables")
    assert not of_kind(result, "flow") and not result["refused"]
    assert all(c["text_only"] and "'counter'" in c["note"] for c in of_kind(result, "file"))


def test_too_much_is_refused(hextet, estate, rendered, tmp_path):
    out = shutil.copytree(rendered, tmp_path / "out", symlinks=True)
    before = {p: p.read_bytes() for p in out.rglob("*") if p.is_file()}
    (estate / "policy.yaml").write_text("policy: []\n")
    result = changes(hextet, estate, out)
    assert result["refused"] and any("flows (100 %)" in r for r in result["refusals"])
    done = hextet("render", estate, "-o", out)
    assert done.returncode == 1 and "REFUSED: " in done.stderr and "--force" in done.stderr
    assert {p: p.read_bytes() for p in out.rglob("*") if p.is_file()} == before
    assert not changes(hextet, estate, out, "--max-change", "100%")["refused"]
    assert not changes(hextet, estate, out, "--force")["refused"]
    assert hextet("render", estate, "-o", out, "--force").returncode == 0
    assert hextet("diff", estate, out).returncode == 0


def test_a_machine_that_goes_is_no_refusal(hextet, estate, rendered):
    text = (estate / "machines/af.yaml").read_text()
    (estate / "machines/af.yaml").write_text(text[:text.index("lbv01.cdn.example.net:")])
    result = changes(hextet, estate, rendered)
    assert result["gone"] == ["lbv01.cdn.example.net"]
    assert not any("lbv01" in r for r in result["refusals"])
    assert not any("lbv01.cdn.example.net" in c["machines"] for c in of_kind(result, "flow"))


def test_a_first_render_is_never_refused(hextet, estate, tmp_path):
    assert hextet("render", estate, "-o", tmp_path / "new", "--max-change", "0%").returncode == 0


@pytest.mark.parametrize("share", ["", "%", "101%", "-1", "many"])
def test_a_share_that_is_none(hextet, estate, rendered, share):
    assert hextet("diff", estate, rendered, "--max-change", share).returncode == 2
