# SPDX-License-Identifier: Apache-2.0
"""Real HAProxy and nginx on the files that were rendered for them, asked over both families. Clients of any address are
on the loopback of a network namespace; /etc, /run and /var are the machine's, in a mount namespace."""
import ipaddress
import json
import os
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest
from logstash_filter import Filter

pytestmark = pytest.mark.lab

PROBE = Path(__file__).with_name("web_probe.py")
ESTATE = """
estate: lab
domain: example.net
checks: { documentation-prefix: ignore }
prefixes: { "2001:db8:1::/48": { per_machine: 64 }, 192.0.2.0/24: {} }
groups:
  edge: { roles: [haproxy, nginx] }
  cdn: { roles: [nginx] }
services: { http: { tcp: 80 }, https: { tcp: 443 } }
endpoints:
  www.example.net: { to: edge, service: https }
  API.example.net: { to: edge, service: https }
  plain.example.net: { to: edge, service: http }
  cdn.example.net: { to: cdn, service: https }
guard:
  logs: [{ syslog: "[::]:5140", format: haproxy }]
  trusted_proxies: [cdn, "::1", 127.0.0.1]
  rules: { flood: { window: 10s, ipv4: { 32: 2000 }, ipv6: { 64: 2000 }, ban: { for: 10m } } }
  sinks: [{ haproxy: /run/haproxy/admin.sock, acl: /etc/haproxy/banned.lst }]
"""
MACHINES = """
edge.example.net: { groups: [edge], ip: 192.0.2.1, ipv6: "2001:db8:1:1::a:1" }
node.example.net: { groups: [cdn], ip: 192.0.2.20, ipv6: "2001:db8:1:2::b:1" }
"""
EDGE = {4: "192.0.2.1", 6: "2001:db8:1:1::a:1"}
CDN = {4: "192.0.2.20", 6: "2001:db8:1:2::b:1"}
CLIENTS = {4: "198.51.100.66", 6: "2001:db8:c:1::1"}
OTHERS = ["198.51.100.67", "198.51.100.99", "2001:db8:c:1::2", "2001:db8:c:2::1", "2001:db8:bad:1::5", "2001:db8:bad:2::5"]
BANNED = "2001:db8:bad:1::/64\n198.51.100.99\n"
ETC = ["passwd", "group", "nsswitch.conf", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "hosts", "ssl/openssl.cnf",
       "nginx/nginx.conf", "nginx/mime.types", "nginx/modules-enabled"]
FOLDERS = ["/run/haproxy", "/var/log/nginx", "/var/lib/nginx", "/var/lib/haproxy", "/var/www", "/var/tmp"]

WHO = """
location = /who { return 200 "$remote_addr|$http_x_unique_id|$http_forwarded|$http_x_real_ip|$http_x_forwarded_proto|$http_x_forwarded_for"; }
location = /key { return 200 "$client_net"; }
location = /limited { limit_req zone=lab; limit_req_status 429; }
"""


def hosts_and_more():
    """Addresses whose bytes mean something to a regular expression, a string or a line."""
    rng = random.Random(6)
    for _ in range(200):
        yield ipaddress.IPv6Address(bytes(rng.choice((0, 10, 13, 0x24, 0x2e, 0x7f, 0x80, 0xc3, 0xff)) for _ in range(16)))
    for _ in range(50):
        yield ipaddress.IPv4Address(bytes(rng.choice((1, 10, 13, 0x80, 0xdf)) for _ in range(4)))


class Asked(dict):
    """What the probe saw: answers by the name of the question."""

    def body(self, name):
        return bytes.fromhex(self[name]["body"])


def curl(family, host, path, source=None, scheme="https", server=EDGE, headers=()):
    address = server[family] if family == 4 else f"[{server[family]}]"
    port = 443 if scheme == "https" else 80
    return ("curl", ["--interface", source or CLIENTS[family], "--connect-to", f"::{address}:{port}",
                     *[arg for h in headers for arg in ("-H", h)], f"{scheme}://{host}{path}"])


def prepare(hextet, tool, tmp_path, machine):
    """The machine's root: what was rendered, what the machine has anyway."""
    if os.geteuid() != 0:
        pytest.skip("a machine's files in a mount namespace need root")
    for folder, text in (("machines/all.yaml", MACHINES), ("estate.yaml", ESTATE)):
        path = tmp_path / "estate" / folder
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    done = hextet("render", tmp_path / "estate", "-o", tmp_path / "out", "--machine", machine)
    assert done.returncode == 0, done.stderr
    root = tmp_path / "out" / machine
    (tmp_path / "out").chmod(0o755)
    for folder in ["etc/haproxy/certs", "etc/nginx/certs", *(f[1:] for f in FOLDERS)]:
        (root / folder).mkdir(parents=True, exist_ok=True)
    subprocess.run([tool("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-subj", "/CN=lab", "-keyout", tmp_path / "key", "-out", tmp_path / "cert"], check=True,
                   capture_output=True)
    pem = (tmp_path / "cert").read_text() + (tmp_path / "key").read_text()
    (root / "etc/haproxy/certs/all.pem").write_text(pem)
    (root / "etc/haproxy/banned.lst").write_text(BANNED)
    (root / "etc/nginx/conf.d/lab.conf").write_text("limit_req_zone $client_net zone=lab:1m rate=1r/m;\n")
    for name in ("www.example.net", "api.example.net", "plain.example.net", "cdn.example.net"):
        (root / "etc/nginx/certs" / f"{name}.pem").write_text(pem)
        (root / "etc/nginx/hextet.d" / name).mkdir(parents=True)
        (root / "etc/nginx/hextet.d" / name / "lab.conf").write_text(WHO)
        (root / "var/www" / name).mkdir(parents=True)
        (root / "var/www" / name / "index.html").write_text(f"this is {name}\n")
        (root / "var/www" / name / "limited").write_text("not yet\n")
    return root


def ask(root, daemons, questions, **more):
    plan = {"root": str(root), "etc": ETC, "folders": FOLDERS, "daemons": daemons, "syslog": None, "log_lines": 0,
            "addresses": [f"{a}/{128 if ':' in a else 32}" for a in
                          [*EDGE.values(), *CDN.values(), *CLIENTS.values(), *OTHERS]],
            "requests": list(questions.values()), "read": ["/var/log/nginx/access.log", "/var/log/nginx/error.log"]}
    done = subprocess.run(["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc",
                           sys.executable, PROBE], input=json.dumps(plan | more), capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    asked = Asked(zip(questions, seen["answers"]))
    asked.syslog, asked.files, asked.stderr = seen["syslog"], seen["files"], done.stderr
    return asked


EDGE_QUESTIONS = {
    **{f"page{f}": curl(f, "www.example.net", "/") for f in (4, 6)},
    **{f"who{f}": curl(f, "www.example.net", "/who", headers=[
        "X-Forwarded-For: 203.0.113.9", "X-Unique-ID: 7F000001:0001_7F000001:0001_00000000_0000:0000",
        "Forwarded: for=203.0.113.9", "X-Real-IP: 203.0.113.9", "X-Forwarded-Proto: gopher"]) for f in (4, 6)},
    **{f"proxied{f}": curl(f, "www.example.net", "/who", source=CDN[f], headers=[
        "X-Forwarded-For: 203.0.113.9, " + {4: "2001:db8:77::1", 6: "203.0.113.77"}[f]]) for f in (4, 6)},
    **{f"proxied_banned{f}": curl(f, "www.example.net", "/who", source=CDN[f], headers=[
        "X-Forwarded-For: 2001:db8:bad:1:1::1"]) for f in (4, 6)},
    **{f"unknown{f}": curl(f, "evil.example.org", "/") for f in (4, 6)},
    **{f"unknown_plain{f}": curl(f, "evil.example.org", "/", scheme="http") for f in (4, 6)},
    "case": curl(6, "wWw.ExAmple.NET", "/"),
    "case_of_estate": curl(6, "api.example.net", "/"),
    "redirect": curl(6, "www.example.net", "/a?b=c", scheme="http"),
    "redirect_port": curl(4, "www.example.net:80", "/a", scheme="http"),
    "plain": curl(6, "plain.example.net", "/", scheme="http"),
    "banned": curl(6, "www.example.net", "/", source="2001:db8:bad:1::5"),
    "banned4": curl(4, "www.example.net", "/", source="198.51.100.99"),
    "not_banned": curl(6, "www.example.net", "/", source="2001:db8:bad:2::5"),
    "ban": ("socket", {"path": "/run/haproxy/admin.sock", "text": "add acl /etc/haproxy/banned.lst 2001:db8:bad:2::/64"}),
    "banned_now": curl(6, "www.example.net", "/", source="2001:db8:bad:2::5"),
    "limit6": curl(6, "www.example.net", "/limited"),
    "limit6_same": curl(6, "www.example.net", "/limited", source="2001:db8:c:1::2"),
    "limit6_other": curl(6, "www.example.net", "/limited", source="2001:db8:c:2::1"),
    "limit4": curl(4, "www.example.net", "/limited"),
    "limit4_same": curl(4, "www.example.net", "/limited"),
    "limit4_other": curl(4, "www.example.net", "/limited", source="198.51.100.67"),
    "chain": ("http", {"to": ["127.0.0.1", 8080], "path": "/who", "headers": {
        "Host": "www.example.net", "X-Forwarded-For": f"203.0.113.9, 2001:db8:77::5, {CDN[4]}, {CDN[6]}"}}),
    "inner_unknown": ("http", {"to": ["127.0.0.1", 8080], "path": "/", "headers": {"Host": "evil.example.org"}}),
    "table": ("socket", {"path": "/run/haproxy/admin.sock", "text": "show table https"}),
    **{f"key {a}": ("http", {"to": ["::1", 8080], "path": "/key",
                             "headers": {"Host": "www.example.net", "X-Forwarded-For": str(a)}})
       for a in hosts_and_more()},
}


@pytest.fixture(scope="module")
def edge(hextet, tool, tmp_path_factory):
    daemons = [[tool("haproxy"), "-db", "-f", "/etc/haproxy/haproxy.cfg"], [tool("nginx"), "-g", "daemon off;"]]
    tool("curl")
    root = prepare(hextet, tool, tmp_path_factory.mktemp("edge"), "edge.example.net")
    config = root / "etc/haproxy/haproxy.cfg"
    config.write_text(config.read_text().replace("maxconn 20000", "maxconn 200"))  # descriptors are few in some containers
    return ask(root, daemons, EDGE_QUESTIONS, syslog=["::1", 5140], log_lines=20,
               ready=[["127.0.0.1", 8080], ["::1", 8080], [EDGE[4], 443], [EDGE[6], 443]])


def test_same_answer_over_both_families(edge):
    assert edge["page4"]["status"] == edge["page6"]["status"] == 200
    assert edge.body("page4") == edge.body("page6") == b"this is www.example.net\n"


@pytest.mark.parametrize("family", [4, 6])
def test_client_is_known_and_cannot_be_somebody_else(edge, hextet, family):
    address, uid, forwarded, real_ip, proto, chain = edge.body(f"who{family}").decode().split("|")
    assert (address, forwarded, real_ip, proto, chain) == (CLIENTS[family], "", "", "https", CLIENTS[family])
    decoded = json.loads(hextet("addr", "uid", uid, "--output", "json").stdout)
    assert decoded["client"]["address"] == CLIENTS[family]
    assert decoded["frontend"] == {"address": EDGE[family], "family": family, "port": 443}
    assert any(line.rstrip().endswith(uid) and f" {CLIENTS[family]}:" in line for line in edge.syslog)
    assert any(line.startswith(CLIENTS[family] + " ") and f'"{uid}"' in line
               for line in edge.files["/var/log/nginx/access.log"].splitlines())


def test_logstash_reads_what_they_wrote(edge, hextet, tool, tmp_path):
    """Every line; of a page over either family both lines have the client's address and network, and HAProxy's id."""
    logs = [line.rstrip() for line in edge.syslog], edge.files["/var/log/nginx/access.log"].splitlines()
    read = Filter(hextet, tool("ruby"), tmp_path / "logstash").read
    for lines in logs:
        events = read(lines)
        assert None not in events, [line for line, event in zip(lines, events) if not event]
        for family in (4, 6):
            net = str(ipaddress.ip_network((CLIENTS[family], 32 if family == 4 else 64), strict=False))
            found = [e for e in events if "/who" in e["request"] and e["client_ip"] == CLIENTS[family]]
            assert found and all(e["client_net"] == net and "tags" not in e for e in found)
            decoded = json.loads(hextet("addr", "uid", found[0]["unique_id"], "--output", "json").stdout)
            assert decoded["client"]["address"] == found[0]["id_client_ip"] == CLIENTS[family]
            assert decoded["client"]["port"] == found[0]["id_client_port"]
            assert (found[0]["id_frontend_ip"], found[0]["id_frontend_port"]) == (EDGE[family], 443)


@pytest.mark.parametrize("family, client", [(4, "2001:db8:77::1"), (6, "203.0.113.77")])
def test_trusted_proxy_is_believed_about_one_hop(edge, hextet, family, client):
    address, uid, *_ = edge.body(f"proxied{family}").decode().split("|")
    assert address == client
    assert json.loads(hextet("addr", "uid", uid, "--output", "json").stdout)["client"]["address"] == client
    assert edge[f"proxied_banned{family}"]["status"] == 403
    assert edge.body("chain").decode().split("|")[0] == "2001:db8:77::5"


def test_names(edge):
    for f in (4, 6):
        assert edge[f"unknown{f}"]["status"] == edge[f"unknown_plain{f}"]["status"] == 421
    assert edge["inner_unknown"]["status"] == 421
    assert edge.body("case") == b"this is www.example.net\n"
    assert edge.body("case_of_estate") == b"this is api.example.net\n"
    assert edge.body("plain") == b"this is plain.example.net\n"
    for name, to in ("redirect", "https://www.example.net/a?b=c"), ("redirect_port", "https://www.example.net/a"):
        assert (edge[name]["status"], edge[name]["headers"]["location"]) == (301, to)


def test_bans(edge):
    assert edge["banned"]["status"] == edge["banned4"]["status"] == 403
    assert edge["not_banned"]["status"] == 200
    assert edge["ban"]["text"].strip() == ""
    assert edge["banned_now"]["status"] == 403


def test_one_key_a_network(edge):
    limits = {name: edge[name]["status"] for name in edge if name.startswith("limit")}
    assert limits == {"limit6": 200, "limit6_same": 429, "limit6_other": 200,
                      "limit4": 200, "limit4_same": 429, "limit4_other": 200}
    for address in hosts_and_more():
        assert edge.body(f"key {address}") == address.packed[:8], address
    keys = re.findall(r"key=(\S+)", edge["table"]["text"])
    assert "2001:db8:c:1::" in keys and "2001:db8:c:2::" in keys
    assert any(k.endswith(CLIENTS[4]) for k in keys)
    assert not [k for k in keys if k in (CLIENTS[6], "2001:db8:c:1::2")]


PUBLIC_QUESTIONS = {
    **{f"page{f}": curl(f, "cdn.example.net", "/", server=CDN) for f in (4, 6)},
    **{f"who{f}": curl(f, "cdn.example.net", "/who", server=CDN, headers=["X-Forwarded-For: 203.0.113.9"])
       for f in (4, 6)},
    **{f"redirect{f}": curl(f, "cdn.example.net", "/a?b", scheme="http", server=CDN) for f in (4, 6)},
    **{f"unknown{f}": curl(f, "evil.example.org", "/", scheme="http", server=CDN) for f in (4, 6)},
    **{f"unknown_tls{f}": curl(f, "evil.example.org", "/", server=CDN) for f in (4, 6)},
    "fronted": curl(6, "cdn.example.net", "/", server=CDN, headers=["Host: evil.example.org"]),
}


@pytest.fixture(scope="module", params=["alone", "with a default site"])
def public(hextet, tool, tmp_path_factory, request):
    tool("curl")
    root = prepare(hextet, tool, tmp_path_factory.mktemp("public"), "node.example.net")
    (root / "etc/nginx/sites-enabled").mkdir()
    if request.param != "alone":
        (root / "etc/nginx/sites-enabled/default").write_text(
            "server { listen 80 default_server; listen [::]:80 default_server; return 404; }\n")
    asked = ask(root, [[tool("nginx"), "-g", "daemon off;"]], PUBLIC_QUESTIONS,
                ready=[[CDN[f], p] for f in (4, 6) for p in (80, 443)])
    asked.unknown = 421 if request.param == "alone" else 404
    return asked


def test_public_nginx(public):
    for f in (4, 6):
        assert public.body(f"page{f}") == b"this is cdn.example.net\n"
        assert public.body(f"who{f}").decode().split("|")[0] == CLIENTS[f]
        assert (public[f"redirect{f}"]["status"], public[f"redirect{f}"]["headers"]["location"]) == \
            (301, "https://cdn.example.net/a?b")
        assert public[f"unknown{f}"]["status"] == public.unknown
        assert public[f"unknown_tls{f}"]["curl"] == 35  # the handshake is refused
    assert public["fronted"]["status"] == 421
