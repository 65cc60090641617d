# SPDX-License-Identifier: Apache-2.0
"""An apply that locks the operator out, with the real nft on a machine of the lab: without a confirmation the old rules are
back after the deadline, and the operator gets in; with one the new rules stay."""
import pytest
from machines import wait_until

pytestmark = pytest.mark.lab

NAME = "a.example.net"
ADDRESSES = {"ipv4": "198.51.100.10", "ipv6": "2001:db8:1::10"}
OPERATOR = {"ipv4": "203.0.113.7", "ipv6": "2001:db8:c::7"}
ESTATE = f"""
domain: example.net
groups: {{ web: {{ roles: [] }} }}
services: {{ login: {{ tcp: [2222] }}, other: {{ tcp: [80] }} }}
prefixes:
  198.51.100.0/24: {{ gateway: 198.51.100.1 }}
  2001:db8:1::/64: {{ gateway: "2001:db8:1::1" }}
machines:
  {NAME}: {{ ip: {ADDRESSES["ipv4"]}, ipv6: "{ADDRESSES["ipv6"]}", interface: eth0, groups: [web] }}
policy:
  - {{ name: in, from: any, to: web, allow: [SERVICE] }}
"""
OPEN, SHUT = ESTATE.replace("SERVICE", "login"), ESTATE.replace("SERVICE", "other")


@pytest.fixture(scope="module")
def lab(machines):
    lab = machines({"estate.yaml": OPEN})
    lab.host("operator", **{family: [address] for family, address in OPERATOR.items()})
    lab[NAME].serve(2222)
    lab[NAME].run("nft", "-f", "/etc/nftables.d/hextet.nft", check=True)
    return lab


@pytest.fixture(scope="module")
def apply(lab, hextet_path, tmp_path_factory):
    """apply(text of an estate or None, options) runs on the machine."""
    folder = tmp_path_factory.mktemp("apply")

    def run(text, *args, code=0):
        where = []
        if text:
            (folder / "estate.yaml").write_text(text)
            where = [folder, "--machine", NAME, "--target", "nftables", "--force"]
        done = lab[NAME].run(hextet_path, "apply", *where, *args)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    return run


def gets_in(lab):
    probes = [("tcp", OPERATOR[family], ADDRESSES[family], 2222) for family in ADDRESSES]
    return lab["operator"].probe(probes)


def rules(lab):
    return lab[NAME].run("nft", "list", "ruleset", check=True).stdout


def test_locked_out_and_back_in(lab, apply):
    apply(OPEN)
    before = rules(lab)
    assert gets_in(lab) == ["answer", "answer"]
    apply(SHUT, "--confirm", "5s")
    assert rules(lab) != before and gets_in(lab) == ["silence", "silence"]
    wait_until(lambda: "taken back" in ended(lab), "the old rules are not back")
    assert rules(lab) == before and gets_in(lab) == ["answer", "answer"]


def ended(lab):
    found = lab[NAME].run("sh", "-c", "ls /var/lib/hextet/apply/journal.* 2>/dev/null; cat /var/lib/hextet/apply/last").stdout
    return "" if "journal" in found else found


def test_committed_stays(lab, apply):
    apply(OPEN)
    apply(SHUT, "--confirm", "10m")
    shut = rules(lab)
    assert "committed" in apply(None, "--commit")
    assert rules(lab) == shut and gets_in(lab) == ["silence", "silence"]
    apply(OPEN)
    assert gets_in(lab) == ["answer", "answer"]


def test_first_rules_are_withdrawn(lab, apply):
    """Where there was no file before, taking back leaves no table of ours, and other tables alone."""
    lab[NAME].run("rm", "-rf", "/var/lib/hextet/apply", "/etc/nftables.d", check=True)
    lab[NAME].run("nft", "add table inet hextet; delete table inet hextet; add table inet mine", check=True)
    apply(SHUT, "--confirm", "10m")
    assert "table inet hextet" in rules(lab)
    apply(None, "--rollback")
    assert rules(lab) == "table inet mine {\n}\n"
