# SPDX-License-Identifier: Apache-2.0
"""log_probe.py FOLDER COUNT: nginx, HAProxy, Varnish and Apache in this network namespace, and COUNT clients of each, every
one with an address of his own and with texts that are to confuse who reads the log. Leaves SERVER.log and truth.json."""
import base64
import json
import os
import random
import socket
import subprocess
import sys
import time
from pathlib import Path

NGINX = """
daemon off; master_process off; pid {dir}/nginx.pid; error_log {dir}/nginx.err;
events {{ }}
http {{
  access_log {dir}/nginx.log;
  client_body_temp_path {dir}/n1; proxy_temp_path {dir}/n2; fastcgi_temp_path {dir}/n3; uwsgi_temp_path {dir}/n4;
  scgi_temp_path {dir}/n5;
  server {{ listen 127.0.0.1:8001; listen [::1]:8001; location / {{ return 401; }} }}
}}
"""
HAPROXY = """
global
    log stdout len 4096 format raw local0
defaults
    mode http
    log global
    option httplog
    timeout client 5s
    timeout server 5s
    timeout connect 5s
frontend web
    bind 127.0.0.1:8002
    bind ::1:8002 v6only
    capture cookie c= len 60
    capture request header User-Agent len 60
    http-request return status 401
frontend mapped
    bind :::8012 v4v6
    http-request return status 401
"""
VCL = """
vcl 4.1;
backend none none;
sub vcl_recv { return (synth(401)); }
"""
APACHE = """
ServerName lab.example.net
ServerRoot {dir}
PidFile {dir}/apache.pid
ErrorLog {dir}/apache.err
Listen 127.0.0.1:8004
Listen [::1]:8004
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authn_core_module /usr/lib/apache2/modules/mod_authn_core.so
LoadModule authn_file_module /usr/lib/apache2/modules/mod_authn_file.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule authz_user_module /usr/lib/apache2/modules/mod_authz_user.so
LoadModule auth_basic_module /usr/lib/apache2/modules/mod_auth_basic.so
User nobody
Group nogroup
LogFormat "%h %l %u %t \\"%r\\" %>s %O \\"%{{Referer}}i\\" \\"%{{User-Agent}}i\\"" combined
CustomLog {dir}/apache.log combined
DocumentRoot {dir}
<Location "/">
    AuthType Basic
    AuthName lab
    AuthUserFile {dir}/users
    Require valid-user
</Location>
"""
PORTS = {"nginx": 8001, "haproxy": 8002, "varnish": 8003, "apache": 8004, "mapped": 8012}
PIECES = ['"', "\\", '\\"', "\\x22", "#22", "{", "|", "}", "[", "]", "-", ":", "/", "a", "'", "192.0.2.66", "::66", "HTTP/1.1",
          " - - [23/Nov/2026:06:14:11 +0000] \"GET /fake HTTP/1.1\" 200 1", "] \"", "\" 200 1 \"", " ", " - "]


def hostile(rng, blanks=True, most=6):
    pieces = PIECES if blanks else [p for p in PIECES if " " not in p]
    return "".join(rng.choice(pieces) for _ in range(rng.randrange(most)))


def client(rng, n):
    """One client: who he is and what he sends."""
    six = rng.random() < .5
    r = {"addr": f"2001:db8:{rng.randrange(1, 4)}::{n + 1:x}" if six else f"10.{rng.randrange(256)}.{n >> 8}.{n & 255}",
         "port": rng.choice((0, rng.randrange(1024, 10000))), "method": rng.choice(("GET", "POST", "HEAD")),
         "path": "/" + hostile(rng, blanks=False), "query": rng.choice(("", "?" + hostile(rng, blanks=False))),
         "user": hostile(rng), "agent": ("x" + hostile(rng) + "x")}
    r["request"] = f"{r['method']} {r['path']}{r['query']} HTTP/1.1"
    r["good"] = "#" not in r["path"] + r["query"]
    if rng.random() < .1:  # none at all
        r["request"] = rng.choice(("", "GET", "\x16\x03\x01\x02", "GET /a", "quit", '"', "GET / HTTP/9", "x" * 500))
        r["good"] = False
    return r


def send(r, port):
    family = socket.AF_INET6 if ":" in r["addr"] else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as s:
        s.settimeout(5)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((r["addr"], r["port"]))
        s.connect(("::1" if family == socket.AF_INET6 else "127.0.0.1", port))
        user = base64.b64encode(r["user"].encode() + b":x").decode()
        s.sendall(f"{r['request']}\r\nHost: lab.example.net\r\nUser-Agent: {r['agent']}\r\nCookie: c={r['agent']}\r\n"
                  f"Authorization: Basic {user}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        try:
            while s.recv(65536):
                pass
        except OSError:
            pass


def wait_for(port):
    for _ in range(300):
        try:
            socket.create_connection(("::1", port), 1).close()
            return
        except OSError:
            time.sleep(.05)
    raise SystemExit(f"nothing listens on port {port}")


def start(folder):
    (folder / "nginx.conf").write_text(NGINX.format(dir=folder))
    (folder / "haproxy.cfg").write_text(HAPROXY)
    (folder / "default.vcl").write_text(VCL)
    (folder / "apache.conf").write_text(APACHE.format(dir=folder))
    (folder / "users").write_text("somebody:{SHA}none\n")
    opened = {name: open(folder / f"{name}.{end}", "w") for name, end in (("haproxy", "log"), ("others", "out"))}
    others = {"stdout": opened["others"], "stderr": opened["others"]}
    daemons = [
        subprocess.Popen(["nginx", "-c", folder / "nginx.conf"], **others),
        subprocess.Popen(["haproxy", "-db", "-f", folder / "haproxy.cfg"], stdout=opened["haproxy"],
                         stderr=opened["others"]),
        subprocess.Popen(["varnishd", "-n", folder / "varnish", "-F", "-a", "127.0.0.1:8003", "-a", "[::1]:8003", "-T", "none",
                          "-s", "malloc,32m", "-f", folder / "default.vcl"], **others),
        subprocess.Popen(["apache2", "-DFOREGROUND", "-f", folder / "apache.conf"], **others),
    ]
    for port in PORTS.values():
        wait_for(port)
    daemons.append(subprocess.Popen(["varnishncsa", "-n", folder / "varnish", "-w", folder / "varnish.log", "-a"], **others))
    time.sleep(1)
    return daemons


def main():
    folder, count = Path(sys.argv[1]), int(sys.argv[2])
    for command in ("ip link set lo up", "ip route add local 10.0.0.0/8 dev lo", "ip -6 route add local 2001:db8::/32 dev lo"):
        subprocess.run(command.split(), check=True)
    for family in "ipv4", "ipv6":
        Path(f"/proc/sys/net/{family}/ip_nonlocal_bind").write_text("1")
    os.umask(0)
    daemons = start(folder)
    rng = random.Random(4)
    truth = {}
    try:
        for i, (name, port) in enumerate(PORTS.items()):
            truth[name] = [client(rng, i * count + n) for n in range(count)]
            for r in truth[name]:
                send(r, port)
        time.sleep(2)
    finally:
        for d in reversed(daemons):
            d.terminate()
        for d in daemons:
            d.wait(20)
    (folder / "truth.json").write_text(json.dumps(truth))


main()
