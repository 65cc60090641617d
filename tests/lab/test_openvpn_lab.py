# SPDX-License-Identifier: Apache-2.0
"""A client outside takes its rendered profile: over IPv6 and over IPv4 it gets both of its addresses, reaches what was
pushed, and sends nothing else into the tunnel."""
import subprocess

import pytest
from machines import wait_until

pytestmark = pytest.mark.lab

ESTATE = {"estate.yaml": """
estate: vpn
domain: example.net
checks: { documentation-prefix: ignore }
prefixes:
  2001:db8:1::/48: { per_machine: 64, gateway: "fe80::1" }
  192.0.2.0/24: { gateway: 192.0.2.1 }
groups: { vpn: { roles: [openvpn] }, web: { roles: [nginx] }, staff: {} }
services: { openvpn: { udp: 1195 }, app: { tcp: 8080 } }
policy:
  - { name: entry, from: any, to: vpn, allow: openvpn }
  - { name: app, from: staff, to: web, allow: app }
vpn:
  staff:
    machines: [vpn.example.net]
    ipv4: 172.16.2.0/24
    ipv6: "2001:db8:1:a:f:2::/112"
    routes: [all]
    clients:
      alice: { ipv4: 172.16.2.14, ipv6: "2001:db8:1:a:f:2:0:100c" }
      bob: { ipv4: 172.16.2.15, ipv6: "2001:db8:1:a:f:2:0:100d", routes: ["2001:db8:1:b::1"] }
""", "machines/all.yaml": """
vpn.example.net:
  groups: [vpn]
  ip: 192.0.2.10
  ipv6: "2001:db8:1:a::1"
  routed_networks: { 172.16.2.0/24: { groups: [staff] } }
  routed_networks6: { "2001:db8:1:a:f:2::/112": { groups: [staff] } }
web.example.net: { groups: [web], ip: 192.0.2.20, ipv6: "2001:db8:1:b::1" }
other.example.net: { groups: [web], ip: 192.0.2.21, ipv6: "2001:db8:1:c::1" }
"""}
PKI = """set -e
openssl ecparam -name prime256v1 -genkey -noout -out ca.key
openssl req -x509 -new -key ca.key -days 30 -subj /CN=ca -out ca.crt
make() {
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout $1.key -subj /CN=$2 -out $1.csr
	printf 'basicConstraints=CA:FALSE\\nkeyUsage=digitalSignature\\nextendedKeyUsage=%s\\n' $3 > $1.ext
	openssl x509 -req -in $1.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 -extfile $1.ext -out $1.crt
}
make server staff serverAuth
make alice alice clientAuth
make bob bob clientAuth
make mallory mallory clientAuth
openvpn --genkey tls-crypt tls-crypt.key
"""


@pytest.fixture(scope="module")
def lab(machines, tool, tmp_path_factory):
    for program in ("openvpn", "openssl"):
        tool(program)
    pki = tmp_path_factory.mktemp("pki")
    made = subprocess.run(["sh", "-c", PKI], cwd=pki, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    lab = machines(ESTATE)
    lab.pki = pki
    server = lab["vpn.example.net"]
    for name in ("ca.crt", "server.crt", "server.key", "tls-crypt.key"):
        server.write(f"/etc/openvpn/pki/staff/{name}", (pki / name).read_text())
    server.run("nft", "-f", "/etc/nftables.d/hextet.nft", check=True)
    server.run("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1", check=True)
    server.run("mkdir", "-p", "/var/run/openvpn", check=True)
    server.openvpn = server.start("openvpn", "--cd", "/etc/openvpn/server", "--config", "staff.conf",
                                  ready=("log", "Initialization Sequence Completed"))
    for name in ("web.example.net", "other.example.net"):
        lab[name].serve(8080)
    return lab


def connect(lab, name, host, profile, **addresses):
    """A host outside with a client's profile and keys; its openvpn, connected."""
    client = lab.host(host, **addresses)
    for key in ("ca.crt", "tls-crypt.key", f"{name}.crt", f"{name}.key"):
        client.write(f"/etc/openvpn/client/{key}", (lab.pki / key).read_text())
    client.write("/etc/openvpn/client/profile.ovpn", profile)
    client.openvpn = client.start("openvpn", "--cd", "/etc/openvpn/client", "--config", "profile.ovpn")
    return client


def profile(lab, name):
    return lab["vpn.example.net"].path(f"/etc/openvpn/profiles/staff/{name}.ovpn").read_text()


def is_up(client):
    return "Initialization Sequence Completed" in client.openvpn.log()


def addresses(client):
    return client.run("ip", "-o", "address", "show", "dev", "tun0", check=True).stdout


def routes6(client):
    """The IPv6 networks that go into the tunnel."""
    shown = client.run("ip", "-6", "route", "show", "dev", "tun0", check=True).stdout
    return {line.split()[0] for line in shown.splitlines()} - {"fe80::/64"}


def test_all_routes_over_ipv6(lab):
    """The pushed /48 holds the server's own address: the tunnel must not go into itself."""
    client = connect(lab, "alice", "over6", profile(lab, "alice"), ipv6=["2001:db8:c::7"], ipv4=["203.0.113.7"])
    wait_until(lambda: is_up(client), client.openvpn.log)
    assert "[AF_INET6]2001:db8:1:a::1:1195" in client.openvpn.log()
    assert " 172.16.2.14/24 " in addresses(client) and " 2001:db8:1:a:f:2:0:100c/112 " in addresses(client)
    assert routes6(client) >= {"2001:db8:1::/48", "2001:db8:1:a:f:2::/112"}
    assert client.probe([("tcp", "172.16.2.14", "192.0.2.20", 8080),
                         ("tcp", "2001:db8:1:a:f:2:0:100c", "2001:db8:1:b::1", 8080)]) == ["answer"] * 2
    client.openvpn.stop()


def test_own_routes_over_ipv4(lab):
    """bob's are one address: the other machine of the same prefix is not reached through the tunnel."""
    text = profile(lab, "bob")
    assert text.index("udp6") < text.index("udp4")
    client = connect(lab, "bob", "over4", text, ipv4=["203.0.113.8"])
    wait_until(lambda: is_up(client), client.openvpn.log)
    assert "[AF_INET]192.0.2.10:1195" in client.openvpn.log()
    assert " 172.16.2.15/24 " in addresses(client) and " 2001:db8:1:a:f:2:0:100d/112 " in addresses(client)
    assert routes6(client) == {"2001:db8:1:b::1", "2001:db8:1:a:f:2::/112"}
    mine = "2001:db8:1:a:f:2:0:100d"
    assert client.probe([("tcp", mine, "2001:db8:1:b::1", 8080)]) == ["answer"]
    assert "dev tun0" in client.run("ip", "-6", "route", "get", "2001:db8:1:b::1", check=True).stdout
    assert "tun0" not in client.run("ip", "-6", "route", "get", "2001:db8:1:c::1").stdout
    assert "tun0" not in client.run("ip", "-4", "route", "get", "192.0.2.20", check=True).stdout
    assert client.probe([("tcp", mine, "2001:db8:1:c::1", 8080)], 0.5) != ["answer"]
    client.openvpn.stop()


def test_who_is_not_in_the_estate_does_not_get_in(lab):
    """With a good certificate, but without a file."""
    text = profile(lab, "alice").replace("alice.", "mallory.")
    client = connect(lab, "mallory", "mallory", text, ipv6=["2001:db8:c::9"], ipv4=["203.0.113.9"])
    wait_until(lambda: "AUTH_FAILED" in client.openvpn.log(), client.openvpn.log)
    assert not is_up(client)
