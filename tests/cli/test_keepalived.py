# SPDX-License-Identifier: Apache-2.0
"""What keepalived -t does not mind (oracle: it is asked, too) and hextet's reader of the rendered text does: each with
the line of the template that is wrong."""
import subprocess

import pytest

ESTATE = """
estate: pair
domain: example.net
checks: { documentation-prefix: ignore }
prefixes: { "2001:db8:1::/48": {}, 192.0.2.0/24: {} }
groups: { edge: { roles: [keepalived] } }
failover:
  www: { machines: [a.example.net, b.example.net], interface: eth0.7, vrid: 7, ipv4: [192.0.2.99/32],
         ipv6: ["fe80::7/64", "2001:db8:1::99/64"] }
machines:
  a.example.net: { groups: [edge], ip: 192.0.2.1, ipv6: "2001:db8:1::1" }
  b.example.net: { groups: [edge], ip: 192.0.2.2, ipv6: "2001:db8:1::2" }
"""
GOOD = """vrrp_sync_group www {
    group {
        four
        six
    }
}
vrrp_instance four {
    interface eth0.7
    virtual_router_id 7
    priority 9
    virtual_ipaddress {
        192.0.2.99/32
    }
}
vrrp_instance six {
    interface eth0.7
    virtual_router_id 7
    priority 9
    virtual_ipaddress {
        fe80::7/64
        2001:db8:1::99/64
    }
}
"""


def verify(hextet, tmp_path, text):
    """The template's path and what --verify says about it, for machine a."""
    estate = tmp_path / "estate"
    (estate / "templates" / "keepalived").mkdir(parents=True)
    (estate / "estate.yaml").write_text(ESTATE.lstrip())
    template = estate / "templates" / "keepalived" / "keepalived.conf"
    template.write_text(text)
    return template, hextet("render", estate, "--target", "keepalived", "--machine", "a.example.net", "--verify")


def daemon_is_content(tmp_path, text):
    path = tmp_path / "keepalived.conf"
    path.write_text(text)
    done = subprocess.run(["unshare", "-n", "sh", "-c", "ip link add eth0.7 type bridge && ip link set eth0.7 up && "
                           f"keepalived -t -f {path}"], capture_output=True, text=True)
    return done.returncode == 0


def test_good(hextet, tool, tmp_path):
    tool("keepalived")
    assert verify(hextet, tmp_path, GOOD)[1].returncode == 0


@pytest.mark.parametrize("old, new, line, says", [
    ("        fe80::7/64\n        2001:db8:1::99/64\n", "        2001:db8:1::99/64\n        fe80::7/64\n", 20,
     "first IPv6 address of six is not link-local"),
    ("192.0.2.99/32", "192.0.2.2/32", 12, "it belongs to machine b.example.net"),
    ("2001:db8:1::99/64", "2001:db8:1::2/64", 21, "it belongs to machine b.example.net"),
    ("192.0.2.99/32", "192.0.2.98/32", 12, "the estate does not know it"),
    ("2001:db8:1::99/64", "2001:db8:1::99/60", 21, "another prefix length"),
    ("        2001:db8:1::99/64\n", "", 0, "2001:db8:1::99 of the entry www is missing"),
    ("        192.0.2.99/32\n", "        192.0.2.99/32\n        192.0.2.99/32\n", 13, "there twice, the first time in line 12"),
    ("        four\n", "", 14, "in no sync group"),
])
def test_blind_spots(hextet, tool, tmp_path, old, new, line, says):
    tool("keepalived")
    assert GOOD.count(old) == 1
    template, done = verify(hextet, tmp_path, GOOD.replace(old, new))
    assert done.returncode == 1
    place = f"{template}:{line}:" if line else ""
    assert any(place in x and says in x and "error:" in x for x in done.stderr.splitlines()), done.stderr


@pytest.mark.parametrize("old, new", [
    ("        fe80::7/64\n        2001:db8:1::99/64\n", "        2001:db8:1::99/64\n        fe80::7/64\n"),
    ("192.0.2.99/32", "192.0.2.2/32"),
    (GOOD[:GOOD.index("vrrp_instance")], ""),
])
def test_they_are_blind_spots(tool, tmp_path, old, new):
    """Else our reader would be needless."""
    tool("keepalived")
    if subprocess.run(["unshare", "-n", "true"]).returncode:
        pytest.skip("network namespaces need root")
    assert daemon_is_content(tmp_path, GOOD.replace(old, new))


@pytest.mark.parametrize("old, new, line, says", [
    ("priority 9\n    virtual_ipaddress {\n        192", "priority 300\n    virtual_ipaddress {\n        192", 10, "300"),
    ("interface eth0.7\n    virtual_router_id 7\n    priority 9\n    virtual_ipaddress {\n        192",
     "interfaze eth0.7\n    virtual_router_id 7\n    priority 9\n    virtual_ipaddress {\n        192", 8, "interfaze"),
])
def test_keepaliveds_own_complaints(hextet, tool, tmp_path, old, new, line, says):
    tool("keepalived")
    assert GOOD.count(old) == 1
    template, done = verify(hextet, tmp_path, GOOD.replace(old, new))
    assert done.returncode == 1
    assert any(x.startswith(f"{template}:{line}:") and says in x for x in done.stderr.splitlines()), done.stderr


@pytest.mark.parametrize("text, line, says", [
    ("vrrp_instance a {\n", 2, "a block does not end"),
    ("}\n", 1, "a block ends here that never began"),
    ("x\n{\n}\n", 2, "a block begins without a keyword"),
    ('vrrp_script a {\n script "b\n}\n', 2, "a quote does not end"),
])
def test_the_reader_is_strict(hextet, tool, tmp_path, text, line, says):
    tool("keepalived")
    done = verify(hextet, tmp_path, text)[1]
    assert done.returncode == 1
    assert f"line {line}: {says}" in done.stderr
