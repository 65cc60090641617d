# SPDX-License-Identifier: Apache-2.0
"""HAProxy, Varnish and nginx as rendered, in a row on one machine, and Varnish and nginx alone on another. Clients of both
families get pages, are known at the end of the row, and cannot be somebody else at any hop that they reach."""
import json
import re
import shlex
import socket
import subprocess

import pytest

pytestmark = pytest.mark.lab

ESTATE = {"estate.yaml": """
estate: lab
domain: example.net
checks: { documentation-prefix: ignore }
prefixes:
  2001:db8:1::/48: { per_machine: 64, gateway: "fe80::1" }
  192.0.2.0/24: { gateway: 192.0.2.1 }
groups:
  edge: { roles: [haproxy, varnish, nginx] }
  cache: { roles: [varnish, nginx] }
  apps: {}
services: { http: { tcp: 80 }, https: { tcp: 443 }, purge: { tcp: 6081 } }
policy:
  - { name: web, from: any, to: [edge, cache], allow: [http, https] }
  - { name: pages change, from: [apps, 203.0.113.9, "2001:db8:c:9::9"], to: edge, allow: purge }
endpoints:
  www.example.net: { to: edge, service: https }
  staff.example.net: { to: edge, service: https, only: ["2001:db8:c:1::/64", 203.0.113.8] }
  six.example.net: { to: edge, service: https, only: "2001:db8:c:1::/64" }
  plain.example.net: { to: cache, service: http }
  few.example.net: { to: cache, service: http, only: "2001:db8:c:1::/64" }
guard:
  logs: [{ file: /var/log/nginx/access.log, format: nginx }]
  trusted_proxies: [apps, "::1", 127.0.0.1]
  rules: { flood: { window: 10s, ipv4: { 32: 2000 }, ipv6: { 64: 2000 }, ban: { for: 10m } } }
  sinks: [{ nft: hextet_guard }]
""", "machines/all.yaml": """
edge.example.net: { groups: [edge], ip: 192.0.2.10, ipv6: "2001:db8:1:1::a" }
cache.example.net: { groups: [cache], ip: 192.0.2.11, ipv6: "2001:db8:1:2::b" }
app.example.net: { groups: [apps], ip: 192.0.2.12, ipv6: "2001:db8:1:3::c" }
"""}
EDGE, CACHE = {4: "192.0.2.10", 6: "2001:db8:1:1::a"}, {4: "192.0.2.11", 6: "2001:db8:1:2::b"}
APP = {4: "192.0.2.12", 6: "2001:db8:1:3::c"}
CLIENT = {4: "203.0.113.7", 6: "2001:db8:c:1::7"}
OTHER = {4: "203.0.113.8", 6: "2001:db8:c:2::8"}
PURGER = {4: "203.0.113.9", 6: "2001:db8:c:9::9"}
NAMES = {"edge.example.net": ["www", "staff", "six"], "cache.example.net": ["plain", "few"]}
WHO = """location = /who { add_header Cache-Control no-store;
    return 200 "$remote_addr|$http_x_unique_id|$http_x_forwarded_for|$http_forwarded$http_x_real_ip"; }
location / { add_header Cache-Control max-age=600; }
"""
FORGED = ["X-Forwarded-For: 198.51.100.1", "X-Forwarded-For: 2001:db8:bad::1, 127.0.0.1", "X-Real-IP: 198.51.100.1",
          "Forwarded: for=198.51.100.1", "X-Unique-ID: 7F000001:0001_7F000001:0001_00000000_0000:0000"]


def varnish_command(machine):
    """What systemd would run: the drop-in's last ExecStart."""
    text = machine.path("/etc/systemd/system/varnish.service.d/60-hextet.conf").read_text().replace("\\\n", " ")
    return shlex.split(re.findall(r"^ExecStart=(.+)$", text, re.M)[-1])


def start(lab, name, tool, pem):
    machine, address = lab[name], EDGE if name.startswith("edge") else CACHE
    for folder in ("nginx", "varnish", "haproxy"):
        for place in ("lib", "log"):
            machine.path(f"/var/{place}/{folder}").mkdir(parents=True, exist_ok=True)
    machine.write("/etc/varnish/secret", "lab\n")
    for n in NAMES[name]:
        machine.write(f"/etc/nginx/hextet.d/{n}.example.net/lab.conf", WHO)
        machine.write(f"/var/www/{n}.example.net/index.html", f"this is {n}\n")
    machine.start(tool("nginx"), "-g", "daemon off;", ready=("tcp", "::1", 8080))
    machine.start(tool("varnishd"), *varnish_command(machine)[1:], ready=("tcp", "::1", 6081))
    if name.startswith("edge"):
        machine.path("/run/haproxy").mkdir()
        config = machine.path("/etc/haproxy/haproxy.cfg")
        config.write_text(config.read_text().replace("maxconn 20000", "maxconn 200"))
        machine.write("/etc/haproxy/certs/all.pem", pem)
        machine.start(tool("haproxy"), "-db", "-f", "/etc/haproxy/haproxy.cfg", ready=("tcp", address[6], 443))
    return machine


@pytest.fixture(scope="module")
def lab(machines, tool, tmp_path_factory):
    for name in ("curl", "cc", "varnishd", "nginx", "haproxy"):
        tool(name)
    folder = tmp_path_factory.mktemp("pem")
    subprocess.run([tool("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-subj", "/CN=lab", "-keyout", folder / "key", "-out", folder / "cert"], check=True,
                   capture_output=True)
    lab = machines(ESTATE, etc=["nginx/nginx.conf", "nginx/mime.types"])
    lab.host("client", ipv4=[a[4] for a in (CLIENT, OTHER, PURGER)], ipv6=[a[6] for a in (CLIENT, OTHER, PURGER)])
    for name in NAMES:
        start(lab, name, tool, (folder / "cert").read_text() + (folder / "key").read_text())
    return lab


def curl(lab, url, source, to, *args, headers=(), where="client"):
    """(status, body): to is the machine's addresses; the family is the source's."""
    family = 6 if ":" in source else 4
    address = f"[{to[6]}]" if family == 6 else to[4]
    port = re.search(r":(\d+)/", url + "/")
    port = port[1] if port else {"https": 443, "http": 80}[url.split(":")[0]]
    done = lab[where].run("curl", "-gsk", "-m", "10", "--interface", source, "--connect-to", f"::{address}:{port}", *args,
                          *[x for h in headers for x in ("-H", h)], "-w", "\n%{http_code}", url, check=True)
    body, _, status = done.stdout.rpartition("\n")
    return int(status), body


@pytest.mark.parametrize("family", [4, 6])
def test_page_and_address_at_every_hop(lab, hextet, family):
    assert curl(lab, "https://www.example.net/", CLIENT[family], EDGE) == (200, "this is www\n")
    status, body = curl(lab, "https://www.example.net/who", CLIENT[family], EDGE)
    address, uid, chain, others = body.split("|")
    assert (status, address, chain, others) == (200, CLIENT[family], CLIENT[family], "")
    decoded = json.loads(hextet("addr", "uid", uid, "--output", "json").stdout)
    assert decoded["client"]["address"] == CLIENT[family]
    log = lab["edge.example.net"].path("/var/log/nginx/access.log").read_text()
    assert re.search(rf"^{re.escape(CLIENT[family])} .*GET /who .*{uid}", log, re.M), log


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("url, to", [("https://www.example.net/who", EDGE), ("http://plain.example.net/who", CACHE)])
def test_forged_headers_do_not_count(lab, family, url, to):
    status, body = curl(lab, url, CLIENT[family], to, headers=FORGED)
    address, uid, chain, others = body.split("|")
    assert (status, address, chain, others) == (200, CLIENT[family], CLIENT[family], "")
    assert not uid.startswith("7F000001")


@pytest.mark.parametrize("family", [4, 6])
def test_forged_at_varnish_own_port(lab, family):
    """The policy opens 6081 to some; on the wire of this lab, without its firewall, to all."""
    status, body = curl(lab, "http://www.example.net:6081/who", CLIENT[family], EDGE, headers=FORGED)
    assert (status, body.split("|")[0]) == (200, CLIENT[family])


@pytest.mark.parametrize("family", [4, 6])
def test_trusted_proxy_is_believed_about_one_hop(lab, family):
    for url in "https://www.example.net/who", "http://www.example.net:6081/who":
        said = ["X-Forwarded-For: 198.51.100.1, 2001:DB8:77:0::5"]
        status, body = curl(lab, url, APP[family], EDGE, headers=said, where="app.example.net")
        assert (status, body.split("|")[0]) == (200, "2001:db8:77::5")


@pytest.mark.parametrize("method", ["FOO", "TRACE", "PRI"])
def test_nothing_is_piped(lab, method):
    """A second request behind a method that nobody knows would reach nginx as it is, with its forged header."""
    text = (f"{method} /who HTTP/1.1\r\nHost: plain.example.net\r\n\r\n"
            "GET /who HTTP/1.1\r\nHost: plain.example.net\r\nX-Forwarded-For: 198.51.100.1\r\nConnection: close\r\n\r\n")
    with lab["client"].net(), socket.create_connection((CACHE[6], 80), 10, source_address=(CLIENT[6], 0)) as s:
        s.sendall(text.encode())
        came = b"".join(iter(lambda: s.recv(65536), b"")).decode()
    assert came.startswith("HTTP/1.1 405") and "198.51.100.1" not in came


def test_whitelist(lab):
    """only: an IPv6 network and one IPv4 address; an IPv6 network alone is for nobody of IPv4."""
    asked = {(name, source): curl(lab, f"https://{name}.example.net/", source, EDGE)[0]
             for name in ("www", "staff", "six") for source in (*CLIENT.values(), *OTHER.values())}
    allowed = {("staff", CLIENT[6]), ("staff", OTHER[4]), ("six", CLIENT[6])}
    assert asked == {k: 200 if k[0] == "www" or k in allowed else 403 for k in asked}
    forged = curl(lab, "https://six.example.net/", OTHER[6], EDGE, headers=[f"X-Forwarded-For: {CLIENT[6]}"])
    assert forged[0] == 403
    # Varnish alone: what is in its cache is not for the others either.
    for url in "http://few.example.net/", "http://FEW.example.net:80/":
        assert [curl(lab, url, s, CACHE)[0] for s in (CLIENT[6], OTHER[6], CLIENT[4])] == [200, 403, 403]


@pytest.mark.parametrize("family", [4, 6])
def test_purge(lab, family):
    """Behind HAProxy the peer is always the loopback, which may PURGE; a client may not."""
    for url in "https://www.example.net/", "http://www.example.net:6081/":
        purge = [curl(lab, url, s[family], EDGE, "-X", "PURGE", headers=FORGED)[0] for s in (CLIENT, PURGER)]
        assert purge == [403, 200], url
    edge = lab["edge.example.net"]
    page = edge.path("/var/www/www.example.net/changing")
    for text in "one", "two":
        page.write_text(text)
        assert curl(lab, "http://www.example.net:6081/", PURGER[family], EDGE, "-X", "PURGE")[0] == 200
        purged = curl(lab, "http://www.example.net:6081/changing", PURGER[family], EDGE, "-X", "PURGE")
        assert purged[0] == 200
        assert curl(lab, "https://www.example.net/changing", CLIENT[family], EDGE) == (200, text)
    page.write_text("three")
    assert curl(lab, "https://www.example.net/changing", CLIENT[family], EDGE)[1] == "two"  # it was cached
    assert curl(lab, "http://plain.example.net/", PURGER[family], CACHE, "-X", "PURGE")[0] == 403  # no policy there


def test_own_port_is_open_only_where_the_policy_opens_it(lab):
    for family in 4, 6:
        probes = [("tcp", CLIENT[family], to[family], 6081) for to in (EDGE, CACHE)]
        with lab["client"].net():
            for kind, source, to, port in probes:
                s = socket.socket(socket.AF_INET6 if family == 6 else socket.AF_INET)
                s.settimeout(5)
                s.bind((source, 0))
                assert (s.connect_ex((to, port)) == 0) == (to in EDGE.values()), to
                s.close()
