# SPDX-License-Identifier: Apache-2.0
"""OpenVPN's own words about a server, and ours about what it reads when a client comes: each with the template's line."""
import subprocess

import pytest

ESTATE = """
estate: vpn
domain: example.net
checks: { documentation-prefix: ignore }
prefixes: { "2001:db8:1::/48": {}, 192.0.2.0/24: {} }
groups: { vpn: { roles: [openvpn] } }
vpn:
  staff: { machines: [v.example.net], ipv4: 10.8.0.0/24, ipv6: "2001:db8:1:f::/112", routes: [all], clients: {
    alice: { ipv4: 10.8.0.5, ipv6: "2001:db8:1:f::5" } } }
machines:
  v.example.net: { groups: [vpn], ip: 192.0.2.1, ipv6: "2001:db8:1::1" }
"""
SERVER = """proto udp6
dev tunstaff
dev-type tun
topology subnet
server 10.8.0.0 255.255.255.0
server-ipv6 2001:db8:1:f::/112
client-config-dir /etc/openvpn/ccd/staff
ca /etc/openvpn/pki/staff/ca.crt
cert /etc/openvpn/pki/staff/server.crt
key /etc/openvpn/pki/staff/server.key
tls-crypt /etc/openvpn/pki/staff/tls-crypt.key
dh none
"""
CCD = """ifconfig-push 10.8.0.5 255.255.255.0
ifconfig-ipv6-push 2001:db8:1:f::5/112 2001:db8:1:f::1
push "route 192.0.2.0 255.255.255.0"
push "route-ipv6 2001:db8:1::/48"
"""


def verify(hextet, tmp_path, **templates):
    estate = tmp_path / "estate"
    (estate / "templates" / "openvpn").mkdir(parents=True)
    (estate / "estate.yaml").write_text(ESTATE.lstrip())
    for name, text in templates.items():
        (estate / "templates" / "openvpn" / name).write_text(text)
    return estate / "templates" / "openvpn", hextet("render", estate, "--target", "openvpn", "--verify")


def test_good(hextet, tool, tmp_path):
    tool("openvpn")
    done = verify(hextet, tmp_path, **{"server.conf": SERVER, "ccd": CCD})[1]
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("old, new, line, says", [
    ("proto udp6", "proto udp66", 1, "Bad protocol"),
    ("1:f::/112", "1:e::/63", 6, "must be between /64 and /124"),
    ("topology subnet", "topologie subnet", 4, "topologie ("),
    ("255.255.255.0\n", "255.255.255.0 nopool\n", 6, "incompatible with 'nopool'"),
    ("pki/staff/server.key", "pki/none/server.key", 10, "--key fails"),
    ("server-ipv6 2001", "server-ipv6 zz01", 6, '"zz01:db8:1:f::/112" is not an IPv6 network'),
])
def test_server(hextet, tool, tmp_path, old, new, line, says):
    tool("openvpn")
    folder, done = verify(hextet, tmp_path, **{"server.conf": SERVER.replace(old, new, 1)})
    assert done.returncode == 1
    assert any(x.startswith(f"{folder}/server.conf:{line}:") and says in x for x in done.stderr.splitlines()), done.stderr


def test_show_gateway_would_not_do(tool, tmp_path):
    """It is the check that is usually recommended; else ours would be too much."""
    (tmp_path / "s.conf").write_text(SERVER.replace("255.255.255.0\n", "255.255.255.0 nopool\n", 1))
    done = subprocess.run([tool("openvpn"), "--config", tmp_path / "s.conf", "--show-gateway"], capture_output=True)
    assert done.returncode == 0


@pytest.mark.parametrize("old, new, line, says", [
    ("10.8.0.5", "10.9.0.5", 1, "not in the IPv4 network of staff"),
    ("10.8.0.5", "alice.example.net", 1, "would ask the DNS"),
    ("255.255.255.0", "255.255.0.0", 1, "mask is not that of"),
    ("f::5/112", "f::5/64", 2, "not that of the network of staff, /112"),
    ("f::5/112", "e::5/112", 2, "not in the IPv6 network"),
    ("192.0.2.0", "192.0.2.1", 3, "bits behind its mask"),
    ("255.255.255.0\"", "255.0.255.0\"", 3, "is not a mask"),
    ("2001:db8:1::/48", "2001:db8:1::1/48", 4, "is not an IPv6 network"),
    ("push \"route 192", "rooute \"192", 3, "is no option for a client's file"),
    ("/48\"", "/48", 4, "a quote does not end"),
])
def test_clients_file(hextet, tool, tmp_path, old, new, line, says):
    tool("openvpn")
    folder, done = verify(hextet, tmp_path, ccd=CCD.replace(old, new, 1))
    assert done.returncode == 1
    assert any(x.startswith(f"{folder}/ccd:{line}:") and says in x for x in done.stderr.splitlines()), done.stderr


@pytest.mark.parametrize("remote, says", [
    ("remote vpn.example.net 1194 udp6", "would ask the DNS"),
    ("remote 192.0.2.1 1194 udp6", "not an IPv6 address"),
    ("remote 192.0.2.1 1194", "no family"),
])
def test_profile(hextet, tool, tmp_path, remote, says):
    tool("openvpn")
    folder, done = verify(hextet, tmp_path, **{"client.ovpn": f"client\n{remote}\n"})
    assert done.returncode == 1
    assert any(x.startswith(f"{folder}/client.ovpn:2:") and says in x for x in done.stderr.splitlines()), done.stderr
