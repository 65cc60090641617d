# SPDX-License-Identifier: Apache-2.0
"""The example's HAProxy, Varnish and nginx in a row, as rendered, and `hextet trial run` at a client: it finds nothing. Then
an nginx beside them that answers IPv6 differently in one way a name, and the trial says which way it is, for each."""
import json
import shutil
import subprocess

import pytest
from test_chain_lab import varnish_command

pytestmark = pytest.mark.lab

NAME = "fe01.de.example.net"
CLIENT = ["203.0.113.7", "2001:db8:c::7"]
VIPS = {"198.51.100.101": "2001:db8:fff0:f::fe01", "198.51.100.102": "2001:db8:fff0:f::fe02"}
PAGES = {"www.example.net": ["index.html", "health"], "api.example.net": ["v1/status"]}
ENDPOINTS = """endpoints:
  www.example.net: { to: [fe01, fe02], service: https, paths: [/, /health] }
  api.example.net: { to: [fe01, fe02], service: https, paths: [/v1/status] }
"""
TEXT = "default_type text/plain; "
OK = TEXT + "return 200 'the same\\n';"
ACL = "allow 0.0.0.0/0; deny all; root /var/www/small;"  # return would come before it
# name: (the port, nginx over IPv4, nginx over IPv6; None: nothing listens, "" means the last server of that socket, what
# the trial finds: kind and family). The port 443 is one socket a family for all names, told apart by SNI.
PLANTS = {
    "none": (443, OK, OK, None),
    "listener": (9001, OK, None, ("unreachable", 6)),
    "filtered": (9002, OK, OK, ("unreachable", 6)),
    "rejected": (9003, OK, OK, ("unreachable", 6)),
    "no-record": (443, OK, OK, ("unreachable", 6)),
    "black-hole": (9005, "root /var/www/large;", "root /var/www/large;", ("unreachable", 6)),
    "plain": (9006, OK, "plain", ("unreachable", 6)),
    "cut": (9007, None, None, ("unreachable", 6)),
    "stalled": (9008, None, None, ("unreachable", 6)),
    "other-issue": (9010, OK, "ssl_certificate /etc/nginx/other.pem; ssl_certificate_key /etc/nginx/other.pem; " + OK,
                    ("certificate", 0)),
    "other-name": (9011, OK, "ssl_certificate /etc/nginx/wrong.pem; ssl_certificate_key /etc/nginx/wrong.pem; " + OK,
                   ("certificate", 6)),
    "expired": (9012, OK, "ssl_certificate /etc/nginx/old.pem; ssl_certificate_key /etc/nginx/old.pem; " + OK,
                ("certificate", 6)),
    "old-tls": (9013, OK, "ssl_protocols TLSv1.2; " + OK, ("protocol", 6)),
    "no-h2": (9014, OK, OK, ("protocol", 6)),
    "body": (443, OK, TEXT + "return 200 'almost the same\\n';", ("body", 0)),
    "json": (443, "default_type application/json; return 200 '{\"country\": \"DE\", \"n\": [1, 2]}';",
             "default_type application/json; return 200 '{\"n\": [1, 2], \"country\": null}';", ("body", 0)),
    "acl": (443, ACL, ACL, ("status", 6)),
    "server": (443, OK, "", ("status", 6)),
    "redirect": (443, "return 301 https://none.plant.example.net/;", "return 301 https://body.plant.example.net/;",
                 ("redirect", 0)),
    "literal": (443, "return 302 https://none.plant.example.net/;", "return 302 https://198.51.100.101/;",
                ("redirect", 6)),
    "loop": (443, OK, "return 302 https://loop.plant.example.net/;", ("redirect", 6)),
    "hsts": (443, 'add_header Strict-Transport-Security "max-age=63072000"; ' + OK, OK, ("header", 6)),
    "cache": (443, "add_header Cache-Control max-age=60; " + OK, "add_header Cache-Control no-store; " + OK,
              ("header", 0)),
    "gzip": (443, "gzip on; gzip_min_length 1; gzip_types text/plain; root /var/www/small;", "root /var/www/small;",
             ("header", 0)),
    "slow": (9009, None, None, ("time", 6)),
}
# Over IPv4 all well; over IPv6 the port says what goes wrong.
ODD = """
import socket, ssl, sys, threading, time
def serve(s, port, bad, context):
    while True:
        try:
            c = context.wrap_socket(s.accept()[0], server_side=True)
            c.recv(65536)
            if bad and port == 9009:
                time.sleep(0.2)
            body = b"x" * 1000
            c.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 1000\\r\\nConnection: close\\r\\n\\r\\n" + body[:500])
            if bad and port == 9008:
                time.sleep(60)
            if not (bad and port == 9007):
                c.sendall(body[500:])
            c.close()
        except OSError:
            pass
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/etc/nginx/good.pem")
for port in 9007, 9008, 9009:
    for family, address in (socket.AF_INET, sys.argv[1]), (socket.AF_INET6, sys.argv[2]):
        s = socket.create_server((address, port), family=family)
        threading.Thread(target=serve, args=(s, port, family == socket.AF_INET6, context)).start()
print("ready", flush=True)
"""


class Authority:
    """Certificates of one issuer."""

    def __init__(self, openssl, folder):
        self.openssl, self.folder = openssl, folder
        self.run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=lab",
                 "-days", "30", "-keyout", "ca.key", "-out", "ca.pem")

    def run(self, *args):
        subprocess.run([self.openssl, *args], cwd=self.folder, check=True, capture_output=True)

    def issue(self, *names, days="20"):
        """Certificate and key in one text."""
        (self.folder / "ext").write_text("subjectAltName=" + ",".join(f"DNS:{n}" for n in names))
        self.run("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={names[0]}",
                 "-keyout", "key", "-out", "request")
        self.run("x509", "-req", "-in", "request", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "ext",
                 "-days", days, "-out", "cert")
        return (self.folder / "cert").read_text() + (self.folder / "key").read_text()


def planted(v4, v6):
    """nginx.conf: one server a name and family."""
    servers = {4: [], 6: []}
    for name, (port, *texts, _) in PLANTS.items():
        for family, address, text in zip((4, 6), (v4, f"[{v6}]"), texts):
            if text:
                tls = "" if text == "plain" else " ssl" if name == "no-h2" and family == 6 else " ssl http2"
                block = f"listen {address}:{port}{tls}; server_name {name}.plant.example.net; "
                servers[family].append(f"server {{ {block}location / {{ {OK} }} }}" if text == "plain" else
                                       f"server {{ {block}{at_server(text)} }}")
    return "\n".join(["daemon off; pid /run/planted.pid; error_log /var/log/planted.log;", "events { worker_connections 256; }",
                      "http { access_log off; client_body_temp_path /var/tmp/a; proxy_temp_path /var/tmp/b;",
                      "fastcgi_temp_path /var/tmp/c; uwsgi_temp_path /var/tmp/d; scgi_temp_path /var/tmp/e;",
                      "ssl_certificate /etc/nginx/good.pem; ssl_certificate_key /etc/nginx/good.pem; ssl_protocols TLSv1.2 TLSv1.3;",
                      *(f"server {{ listen {a}:443 ssl http2 default_server; return 404; }}" for a in (v4, f"[{v6}]")),
                      *servers[4], *servers[6], "}"])


def at_server(text):
    """TLS's settings are the server's, all else is in its location."""
    settings = [s for s in text.split("; ") if s.startswith("ssl_")]
    rest = text[sum(len(s) + 2 for s in settings):]
    return "".join(s + "; " for s in settings) + f"location / {{ {rest} }}"


@pytest.fixture(scope="module")
def estate(top, tmp_path_factory):
    """The example, with those of its public names that this row answers for."""
    folder = tmp_path_factory.mktemp("streaming") / "estate"
    shutil.copytree(top / "examples" / "streaming", folder)
    (folder / "endpoints.yaml").write_text(ENDPOINTS)
    return folder


@pytest.fixture(scope="module")
def lab(machines, tool, estate, tmp_path_factory):
    for name in ("varnishd", "nginx", "haproxy", "nft"):
        tool(name)
    authority = Authority(tool("openssl"), tmp_path_factory.mktemp("pem"))
    lab = machines(estate, names=[NAME], etc=["nginx/nginx.conf", "nginx/mime.types"])
    machine = lab[NAME]
    for folder in ("nginx", "varnish", "haproxy"):
        for place in ("lib", "log"):
            machine.path(f"/var/{place}/{folder}").mkdir(parents=True, exist_ok=True)
    for name, pages in PAGES.items():
        for page in pages:
            machine.write(f"/var/www/{name}/{page}", f"{page} of {name}\n")
    machine.write("/etc/varnish/secret", "lab\n")
    machine.write("/etc/haproxy/banned.lst", "")  # the guard writes it
    machine.write("/etc/haproxy/certs/all.pem", authority.issue(*PAGES))
    machine.path("/run/haproxy").mkdir()
    config = machine.path("/etc/haproxy/haproxy.cfg")  # containers may allow few open files
    config.write_text(config.read_text().replace("maxconn 20000", "maxconn 200"))
    # keepalived would give it the virtual addresses: test_failover_lab.py.
    for v4, v6 in VIPS.items():
        machine.ip(f"address add {v4}/32 dev eth0.4001", f"address add {v6}/128 dev eth0.4001 nodad")
        lab.route(f"{v4}/32", "eth0.4001")
        lab.route(f"{v6}/128", "eth0.4001")
    machine.start(tool("nginx"), "-g", "daemon off;", ready=("tcp", "::1", 8080))
    machine.start(tool("varnishd"), *varnish_command(machine)[1:], ready=("tcp", "::1", 6081))
    machine.start(tool("haproxy"), "-db", "-f", "/etc/haproxy/haproxy.cfg", ready=("tcp", "::1", 443))
    client = lab.host("client", ipv4=CLIENT[:1], ipv6=CLIENT[1:])
    client.write("/etc/ca.pem", (authority.folder / "ca.pem").read_text())
    lab.authority = authority
    return lab


def trial(lab, hextet_path, *args):
    """(exit status, {url: result})"""
    done = lab["client"].run(hextet_path, "trial", "run", "--ca-file", "/etc/ca.pem", "--output", "json", "--connect-timeout", "2s",
                             "--stall", "2s", "--timeout", "4s", *args)
    assert done.returncode in (0, 1), done.stderr
    return done.returncode, {r["url"]: r for r in json.loads(done.stdout)}


def test_the_chain_as_rendered_is_clean(lab, hextet_path, estate):
    status, results = trial(lab, hextet_path, "--direct", "--repeat", "3", estate)
    urls = ["https://www.example.net/", "https://www.example.net/health", "https://api.example.net/v1/status"]
    assert sorted(results) == sorted(urls)
    assert [f for r in results.values() for f in r["findings"]] == [] and status == 0
    # nginx was asked for each page by one of the two; Varnish had it the other times.
    log = lab[NAME].path("/var/log/nginx/access.log").read_text().splitlines()
    asked = {line.split('"')[1].split()[1] for line in log if line.split()[0] in CLIENT and '" 200 ' in line}
    assert asked == {"/", "/health", "/v1/status"}


@pytest.fixture(scope="module")
def planted_lab(lab, tool):
    """A host of the Internet, with the planted differences; its names are in the client's /etc/hosts."""
    v4, v6 = "203.0.113.80", "2001:db8:c:80::80"
    host = lab.host("planted", ipv4=[v4], ipv6=[v6])
    names = [f"{n}.plant.example.net" for n in PLANTS]
    host.write("/etc/nginx/good.pem", lab.authority.issue(*names))
    host.write("/etc/nginx/other.pem", lab.authority.issue(*names))
    host.write("/etc/nginx/wrong.pem", lab.authority.issue("default.example.org"))
    host.write("/etc/nginx/old.pem", lab.authority.issue(*names, days="-1"))
    host.write("/var/www/large/index.html", "x" * 20000)
    host.write("/var/www/small/index.html", "the same\n" * 10)
    host.write("/etc/nginx/planted.conf", planted(v4, v6))
    host.write("/etc/odd.py", ODD)
    host.start(tool("nginx"), "-e", "/var/log/planted.log", "-c", "/etc/nginx/planted.conf", ready=("tcp", v6, 443))
    host.start("python3", "/etc/odd.py", v4, v6, ready=("log", "ready"))
    # A tunnel on the way whose ICMPv6 "packet too big" somebody filters: what is large does not arrive.
    rules = """table ip6 way { chain forward { type filter hook forward priority 0;
        tcp dport 9002 drop
        tcp dport 9003 reject with icmpv6 type admin-prohibited
        tcp sport 9005 ip6 length > 1240 drop
    }; }"""
    subprocess.run(["nsenter", f"--net=/proc/{lab.provider.pid}/ns/net", "nft", rules], check=True)
    client = lab["client"]
    client.write("/etc/hosts", "".join(f"{v4} {n}\n" + (f"{v6} {n}\n" if n != "no-record.plant.example.net" else "")
                                       for n in names))
    return lab


def test_twenty_planted_differences(planted_lab, hextet_path):
    assert sum(expected is not None for *_, expected in PLANTS.values()) > 20
    urls = {f"https://{name}.plant.example.net{f':{port}' if port != 443 else ''}/": expected
            for name, (port, _, _, expected) in PLANTS.items() if name != "slow"}
    status, results = trial(planted_lab, hextet_path, "--json-bodies", *urls)
    found = {url: [(f["kind"], f["family"]) for f in results[url]["findings"]] for url in urls}
    wrong = {url: (expected, found[url]) for url, expected in urls.items()
             if (expected not in found[url] if expected else found[url])}
    assert status == 1 and not wrong, json.dumps({u: results[u]["findings"] for u in wrong}, indent=1)


def test_a_slow_family_takes_more_than_one_look(planted_lab, hextet_path):
    url = "https://slow.plant.example.net:9009/"
    assert trial(planted_lab, hextet_path, url)[1][url]["findings"] == []
    status, results = trial(planted_lab, hextet_path, "--repeat", "8", url)
    assert [(f["kind"], f["family"]) for f in results[url]["findings"]] == [("time", 6)] and status == 1
