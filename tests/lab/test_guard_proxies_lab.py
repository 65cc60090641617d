# SPDX-License-Identifier: Apache-2.0
"""Real nginx, HAProxy, varnishncsa and Apache write the logs, clients choose everything that a client can choose, and
the truth is the client's own socket: `hextet guard parse` must name it for every line, with the directive that the
server itself was given.

    client ── nginx, Apache, Varnish, HAProxy                        alone
    client ── HAProxy ── nginx (X-Forwarded-For believed by nginx, or by hextet; PROXY protocol)
    client ── HAProxy ── Varnish, Apache
"""
import ipaddress
import json
import os
import random
import re
import subprocess
import sys
from base64 import b64encode
from pathlib import Path

import pytest

from conftest import TOP

pytestmark = pytest.mark.lab

RUN = Path(__file__).with_name("proxies_run.py")
HERE = {4: "192.0.2.1", 6: "2001:db8:1::1"}
CLIENTS = ["198.51.0.0/16", "2001:db8:c::/48"]
TRUSTED = ["--trusted", "192.0.2.1", "--trusted", "2001:db8:1::1"]
EACH = 40  # requests for each way, half of them in each family

COMBINED = '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"'
NGINX = {  # name: (escape, text)
    "plain": ("default", COMBINED),
    "xff": ("default", COMBINED + ' "$http_x_forwarded_for"'),
    "json": ("json", '{"time":"$time_iso8601","client":"$remote_addr","user":"$remote_user","line":"$request",'
                     '"code":$status,"size":$body_bytes_sent,"agent":"$http_user_agent"}'),
    "proxied": ("default", '$proxy_protocol_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent'),
    "host": ("default", '$http_host $remote_addr "$remote_user" [$time_local] "$request" $status'),
}
TCPLOG = "%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq"
# Logs of servers behind HAProxy that learn the client from what they may refuse to read.
NAMES_THE_PROXY = ["nginx-real_ip.log", "nginx-hextet-believes.log", "nginx-rendered-behind.log", "nginx-proxy.log",
                   "apache-remoteip.log", "apache-hextet-believes.log", "ncsa-xff.log"]
NCSA_XFF = '%h %l %u %t "%r" %s %b "%{Referer}i" "%{User-agent}i" "%{X-Forwarded-For}i"'
APACHE = '%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"'
APACHE_REAL = '%a %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"'
APACHE_XFF = APACHE + ' "%{X-Forwarded-For}i"'
HTTPLOG_ID = "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs " \
             "%{+Q}r %ID"
ONLY_ID = "%ID %Ts %ST %{+Q}r"

NGINX_CONF = """
daemon off; worker_processes 1; user root; pid {folder}/nginx.pid; error_log {folder}/nginx.error;
events {{ worker_connections 512; }}
http {{
    client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
    uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
    large_client_header_buffers 4 32k; underscores_in_headers on;
{formats}
{servers}
}}
"""
NGINX_SERVER = """
    server {{
        listen 192.0.2.1:{port}{more}; listen [2001:db8:1::1]:{port}{more};
        access_log {folder}/{log} {format};
        {directives}
        location / {{ return 200 "yes\\n"; }}
    }}
"""
REAL_IP = "set_real_ip_from 192.0.2.1; set_real_ip_from 2001:db8:1::1; real_ip_recursive on; real_ip_header "

HAPROXY_CONF = """
global
    maxconn 500
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
    timeout http-request 2s
    unique-id-format %{+X}o\\ %ci:%cp_%fi:%fp_%Ts_%rt:%pid
"""
VCL = """
vcl 4.1;
backend default none;
import std;
sub vcl_recv { std.log("port " + std.port(local.ip)); return (synth(200)); }
"""
APACHE_CONF = """
ServerRoot {folder}
PidFile {folder}/apache.pid
DefaultRuntimeDir {folder}
Mutex file:{folder} default
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule remoteip_module {modules}/mod_remoteip.so
ServerName lab
ErrorLog {folder}/apache.error
HttpProtocolOptions Unsafe
LimitRequestLine 20000
User nobody
Group nogroup
"""
APACHE_SERVER = """
Listen 192.0.2.1:{port}
Listen [2001:db8:1::1]:{port}
<VirtualHost *:{port}>
    LogFormat "{text}" f{port}
    CustomLog {folder}/{log} f{port}
    DocumentRoot {folder}/www
    {directives}
</VirtualHost>
"""


def quote(text):
    return text.replace("\\", "\\\\").replace('"', '\\"')


def nginx_directive(name):
    escape, text = NGINX[name]
    return f"log_format {name} escape={escape} '{text}';"


USERS = ["plain", "two words", "", ":", "-", "- - [01/Jan/2026:00:00:00 +0000] ", 'q" 200 1 "', "\\", "\\\"", "\t",
         "[", "] \"", "203.0.113.9 - -", "x" * 400, "\xc3\xa9", "\xff\xfe", "%20", "a\x01b", "{|}", "#22",
         '- [23/Nov/2026:06:14:11 +0000] "GET /login HTTP/1.1" 401 5 "-" "-"', "$remote_addr", "::1"]
AGENTS = ["curl/8", "", '" 200 1 "-" "', "\\", "ends in \\", "[x]", "203.0.113.9", "\xff", "a\tb", "{|}", "#{", "x" * 900,
          '","client":"203.0.113.9","x":"', "'", "%h", '" "2001:db8:bad::9']
FORWARDED = ["203.0.113.9", "203.0.113.9, 2001:db8:bad::9", "unknown", "", '"', "[2001:db8:bad::9]:443",
             "2001:db8:bad::9", "203.0.113.9:80", ",,,", "192.0.2.1", "192.0.2.1, 2001:db8:1::1", '"203.0.113.9', "\\",
             "203.0.113.9 ,", "x" * 300,
             # Varnish cuts what it logs at vsl_reclen, 255 bytes if it is not told otherwise: here behind the victim.
             *("x" * (225 - n) + ", 203.0.113.9" for n in range(6)),
             "127.0.0.1, 203.0.113.9", "' OR 1", "203.0.113.9\t"]
TARGETS = ["/{id}", "/{id}?x=\"y", "/{id}/%22", "/{id}/[::1]:80", "/{id}/\\", "/{id}?a=b c", "/{id}/'\"'", "//{id}/../x",
           "http://evil.example/{id}", "/{id}/\xff\xfe", "/{id}/" + "a" * 700, "/{id}#22", "/{id}/{|}", "/{id}?[01/Jan",
           "/{id}/%00", "/{id};x=203.0.113.9", "/{id}/\t", "/{id}]", "/{id} ", "*{id}"]
METHODS = ["GET", "GET", "GET", "POST", "HEAD", "PURGE", "OPTIONS", "G\"ET", "get", "<BAD>"]
HOSTS = ["www.example.net", "203.0.113.9", "[::1]:80", "a b", 'x"y', "", "WWW.example.net:8080", "\\", "-", "x]"]
RAW = [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\r\n\r\n", b"\x00\x00\x00\x00\r\n\r\n", b"GET\r\n\r\n",
       b"GET / HTTP/9.9\r\n\r\n", b'" 200 5 "-" "-"\r\n\r\n', b"GET /" + b"x" * 40000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
       b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x80\x2e\x01\x00\x02", b"GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n"]


def hostile(rng, number):
    """The bytes of one request; mostly HTTP."""
    if rng.random() < 0.12:
        return rng.choice(RAW)
    user, word = rng.choice(USERS), rng.choice(["secret", "", "a b", '"'])
    lines = ["{} {} HTTP/1.1".format(rng.choice(METHODS), rng.choice(TARGETS).replace("{id}", f"id{number}")),
             "Host: " + rng.choice(HOSTS), "Connection: close"]
    if rng.random() < 0.85:
        lines.append("Authorization: Basic " + b64encode(f"{user}:{word}".encode("latin-1")).decode())
    if rng.random() < 0.9:
        lines.append("User-Agent: " + rng.choice(AGENTS))
    for name in ("X-Forwarded-For", "x-forwarded-for", "Forwarded", "X-Real-IP", "X_Forwarded_For", "Referer"):
        if rng.random() < 0.5:
            value = rng.choice(FORWARDED)
            lines.append(f"{name}: " + (f"for={value}" if name == "Forwarded" else value))
    head = lines[1:]
    rng.shuffle(head)
    return ("\r\n".join([lines[0], *head]) + "\r\n\r\n").encode("latin-1")


class Lab:
    """Servers, their logs, and the ways that lead to them."""

    def __init__(self, folder, tool):
        self.folder, self.tool, self.rng = folder, tool, random.Random(20)
        self.ways = []      # (port, logs that a request to it appears in)
        self.formats = {}   # log: [(what hextet is given, more arguments)]
        self.backends = []  # (port, log, how): behind HAProxy
        self.ports, self.daemons, self.readers, self.collect, self.requests = [], [], [], [], []
        self.sent = {}      # log: [number of request]
        self.named = 0

    def way(self, port, *logs):
        self.ways.append((port, logs))
        self.ports += [(a, port) for a in HERE.values()]

    def log(self, name, *formats):
        self.formats[name] = [f if isinstance(f, tuple) else (f, []) for f in formats]
        return name

    def nginx(self, rendered):
        servers = ""
        for port, (name, form, listen, directives, how) in enumerate([
            ("alone", "plain", "", "", None),
            ("json", "json", "", "", None),
            ("host", "host", "", "", None),
            ("nobody-believed", "xff", "", "", None),
            ("rendered", "hextet", "", "", None),
            ("real_ip", "plain", "", REAL_IP + "X-Forwarded-For;", "http"),
            ("hextet-believes", "xff", "", "", "http"),
            ("rendered-behind", "hextet", "", REAL_IP + "X-Forwarded-For;", "http"),
            ("proxy", "plain", " proxy_protocol", REAL_IP + "proxy_protocol;", "proxy"),
            ("proxy_addr", "proxied", " proxy_protocol", "", "proxy"),
        ], 8101):
            log = f"nginx-{name}.log"
            servers += NGINX_SERVER.format(port=port, more=listen, folder=self.folder, log=log, format=form,
                                           directives=directives)
            formats = {"plain": ["nginx"], "json": ["json:addr=client,time=time,request=line,status=code,bytes=size"],
                       "hextet": ["nginx", rendered]}.get(form, [])
            if form not in ("json", "hextet"):
                formats.append(nginx_directive(form))
            self.log(log, *((f, TRUSTED if form == "xff" else []) for f in formats))
            if how:
                self.backends.append((port, log, how))
            else:
                self.way(port, log)
        formats = "\n".join("    " + d for d in [*map(nginx_directive, NGINX), rendered])
        (self.folder / "nginx.conf").write_text(NGINX_CONF.format(folder=self.folder, formats=formats, servers=servers))
        self.daemons.append(("nginx", [self.tool("nginx"), "-c", str(self.folder / "nginx.conf")]))

    def apache(self):
        conf = APACHE_CONF.format(folder=self.folder, modules="/usr/lib/apache2/modules")
        (self.folder / "www").mkdir()
        believe = "RemoteIPHeader X-Forwarded-For\n    RemoteIPInternalProxy 192.0.2.1 2001:db8:1::1"
        for port, name, text, directives in [(8201, "alone", APACHE, ""), (8202, "remoteip", APACHE_REAL, believe),
                                             (8203, "hextet-believes", APACHE_XFF, "")]:
            log = self.log(f"apache-{name}.log", (f'LogFormat "{quote(text)}" f{port}', TRUSTED if "xff" in name else []))
            conf += APACHE_SERVER.format(port=port, folder=self.folder, text=quote(text), log=log, directives=directives)
            if name == "alone":
                self.formats[log].append(("apache", []))
                self.way(port, log)
            else:
                self.backends.append((port, log, "http"))
        self.formats["apache-hextet-believes.log"] = [(f'LogFormat "{quote(APACHE_XFF)}"', TRUSTED)]
        (self.folder / "apache.conf").write_text(conf)
        self.daemons.append(("apache", [self.tool("apache2"), "-DFOREGROUND", "-f", str(self.folder / "apache.conf")]))

    def varnish(self):
        (self.folder / "lab.vcl").write_text(VCL)
        name = str(self.folder / "varnish")
        listen = [w for port in ("8301", "8302", "8303,PROXY") for a in ("192.0.2.1", "[2001:db8:1::1]")
                  for w in ("-a", f"{a}:{port}")]
        self.daemons.append(("varnishd", [self.tool("varnishd"), "-j", "none", "-n", name, "-F", "-T", "none", "-s",
                                          "malloc,16m", "-p", "vsl_reclen=12k", "-f", str(self.folder / "lab.vcl"), *listen]))
        for port, log, text in ((8301, "ncsa.log", None), (8302, "ncsa-xff.log", NCSA_XFF),
                                (8303, "ncsa-proxy.log", None)):
            self.readers.append((log, [self.tool("varnishncsa"), "-n", name, "-t", "30", "-w", str(self.folder / log),
                                       "-q", f'ReqStart[3] ne "" and ReqURL ne "" and VCL_Log eq "port {port}"',
                                       *(["-F", text] if text else [])]))
        self.way(8301, self.log("ncsa.log", "varnish"))
        self.backends.append((8303, self.log("ncsa-proxy.log", "varnish"), "proxy"))
        self.backends.append((8302, self.log("ncsa-xff.log", (f"varnish:{NCSA_XFF}", TRUSTED)), "http"))

    def haproxy(self, rendered):
        conf, port = HAPROXY_CONF, 8500

        def section(kind, bind, lines, *formats, framing="raw", limit=65535):
            nonlocal conf, port
            port += 1
            log = self.log(f"haproxy-{port}.log", *formats)
            self.collect.append((port + 1000, log))
            conf += "\n".join([f"\n{kind} p{port}", *(f"    bind {b.format(port)}" for b in bind),
                               f"    log 127.0.0.1:{port + 1000} len {limit} format {framing} local0",
                               *(f"    {line}" for line in lines), ""])
            return log

        both, answer = ["192.0.2.1:{}", "[2001:db8:1::1]:{} v6only"], "http-request return status 200"
        for text, framing, *formats in [
            ("", "raw", "haproxy"), ("", "rfc5424", "haproxy"), (HTTPLOG_ID, "raw", f'log-format "{HTTPLOG_ID}"'),
            (ONLY_ID, "raw", f'log-format "{ONLY_ID}"'), (rendered, "raw", "haproxy", f'log-format "{rendered}"'),
            (rendered, "rfc3164", "haproxy"),
        ]:
            option = f'log-format "{text}"' if text else "option httplog"
            self.way(port + 1, section("frontend", both, [option, answer], *formats, framing=framing))
        # One bind for both: IPv4 clients arrive as ::ffff:a.b.c.d.
        option = f'log-format "{HTTPLOG_ID}"'
        self.ways.append((port + 1, [section("frontend", ["[::]:{} v4v6"], [option, answer], option, "haproxy")]))
        # Lines that are cut, mostly before their last quote.
        self.way(port + 1, section("frontend", both, ["option httplog", answer], "haproxy", limit=160))
        for back, log, how in self.backends:
            if how == "proxy":  # as TCP: HAProxy does not look at what the client sends
                own = section("listen", both, ["mode tcp", "option tcplog",
                                               f"server s [2001:db8:1::1]:{back} send-proxy-v2"],
                              f'log-format "{TCPLOG}"')
            else:
                own = section("listen", both, ["option httplog", "option forwardfor", "option accept-invalid-http-request",
                                               f"server s 192.0.2.1:{back}"], "haproxy")
            self.way(port, own, log)
        (self.folder / "haproxy.cfg").write_text(conf)
        self.daemons.append(("haproxy", [self.tool("haproxy"), "-db", "-f", str(self.folder / "haproxy.cfg")]))

    def make_requests(self):
        """Each has a source address of its own, and most a short port: v6:port reads as an address too."""
        rng = self.rng
        for port, logs in self.ways:
            for i in range(EACH):
                n, family = len(self.requests), (4, 6)[i % 2]
                source = f"198.51.{100 + n // 250}.{n % 250 + 1}" if family == 4 else rng.choice([
                    f"2001:db8:c::{n:x}", f"2001:db8:c:{n:x}::1", f"2001:db8:c:{n:x}::{n:x}:1",
                    f"2001:db8:c:{n:x}:1:2:3:4", f"2001:db8:c::{n:x}:0:0:1", f"2001:db8:c:{n:x}::"])
                from_port = rng.choice([rng.randint(80, 999), rng.randint(1000, 9999), rng.randint(10000, 60999)])
                self.requests.append({"source": source, "port": from_port, "to": [HERE[family], port],
                                      "bytes": hostile(rng, n).decode("latin-1")})
                for log in logs:
                    self.sent.setdefault(log, []).append(n)

    def run(self):
        """What the clients' sockets said."""
        self.make_requests()
        plan = {"addresses": [f"{a}/{128 if ':' in a else 32}" for a in HERE.values()], "clients": CLIENTS,
                "collect": self.collect, "daemons": self.daemons, "readers": self.readers, "requests": self.requests,
                "ports": self.ports, "logs": list(self.formats)}
        (self.folder / "plan.json").write_text(json.dumps(plan))
        done = subprocess.run(["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", sys.executable, RUN,
                               self.folder], capture_output=True, text=True, timeout=240)
        assert done.returncode == 0, done.stderr + "".join(
            f"{p.name}: {p.read_text(errors='replace')[-2000:]}" for p in self.folder.glob("*.out"))
        return json.loads(done.stdout)


def rendered_directives(hextet, folder):
    """The log formats that hextet itself writes, for the example's HAProxy and the nginx behind it."""
    done = hextet("render", TOP / "examples/streaming", "-o", folder)
    assert done.returncode == 0, done.stderr
    haproxy = {m for f in folder.rglob("haproxy.cfg") for m in re.findall(r'^\s*log-format "(.*)"$', f.read_text(), re.M)}
    nginx = {m for f in folder.rglob("hextet.conf") for m in re.findall(r"^log_format hextet .*;$", f.read_text(), re.M)}
    assert len(haproxy) == 1 and nginx
    return haproxy.pop(), max(nginx, key=len)


@pytest.fixture
def lab(tool, hextet, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("addresses in a network namespace need root")
    tmp_path.chmod(0o755)
    lab = Lab(tmp_path, tool)
    haproxy, nginx = rendered_directives(hextet, tmp_path / "rendered")
    lab.nginx(nginx)
    lab.varnish()
    lab.apache()
    lab.haproxy(haproxy)
    return lab


def test_every_line_names_its_client(lab, hextet):
    ran = lab.run()
    truth = ran["truth"]
    assert len(truth) >= 500
    wrong, lines = [], 0
    for log, formats in lab.formats.items():
        text = (lab.folder / log).read_bytes().split(b"\n")[ran["before"][log]:-1]
        (lab.folder / log).write_bytes(b"".join(t + b"\n" for t in text))
        for format_, more in formats:
            lines += len(text)
            wrong += judge(hextet, lab, truth, log, text, format_, more)
    assert not wrong, f"{len(wrong)} of {lines} lines:\n" + "\n".join(wrong[:20])
    assert lab.named >= 1000
    print(f"{len(truth)} requests, {lines} lines, {lab.named} name their client, {lines - lab.named} only the proxy")


def is_unnamed(truth, log, row, line):
    """Lines that do not say who the client was. What a server refuses before it comes to X-Forwarded-For (HAProxy puts
    it last), or before nginx's realip is asked (which is never for a 400), has the proxy's address: the proxy is trusted,
    so nobody is banned for it; or a header that only the client wrote, which is not believed. HAProxy gives no id to
    what is no request. $proxy_protocol_addr has no such gap."""
    number = re.search(rb"/id(\d+)\b", line)
    if row.get("reason") == "no-address":
        return line.startswith(b"- ")
    if row.get("reason") == "bad-forwarded":
        return log in NAMES_THE_PROXY and b'" 400 ' in line
    if log not in NAMES_THE_PROXY or (number and truth[int(number[1])][0].encode() in line):
        return False
    return row.get("status") in (400, 405, 414) and row["addr"] in HERE.values()


def judge(hextet, lab, truth, log, text, format_, more):
    """Each line has the address of its client's socket; a line without the number of its request has that of a request
    that no other line is about."""
    done = hextet("guard", "parse", "--format", format_, *more, "--output", "jsonl", lab.folder / log)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    here = f"{log}, {format_!r}: "
    if len(rows) != len(text):
        return [f"{here}{done.returncode}, {len(rows)} rows of {len(text)} lines: {done.stderr[:300]}"]
    wrong, named, last = [], 0, None
    left = {ipaddress.ip_address(truth[n][0]) for n in lab.sent[log]}
    for row, line in zip(rows, text):
        if is_unnamed(truth, log, row, line):
            continue
        named += 1
        said = ipaddress.ip_address(row["addr"]) if "addr" in row else None
        number = re.search(rb"id(\d+)\b", line)
        right = {ipaddress.ip_address(truth[int(number[1])][0])} if number else left | {last}
        if said is None or said not in right:
            wrong.append(f"{here}{row} in {line[:300]!r}")
        left.discard(said)
        last = said  # a connection may have two lines
    if named < EACH * 0.3:
        wrong.append(f"{here}only {named} lines name their client")
    lab.named += named
    return wrong
