# SPDX-License-Identifier: Apache-2.0
"""nginx as it was rendered in front of a stand-in for Jenkins that listens where the drop-in says and answers with the
headers that it got: the same page over both families, with the client's address, whatever the client says of itself."""
import json
import re
import shlex
import subprocess
import sys

import pytest

pytestmark = pytest.mark.lab

ESTATE = {"estate.yaml": """
estate: lab
domain: example.net
checks: { documentation-prefix: ignore, single-family: ignore, endpoint-one-family: ignore }
prefixes:
  2001:db8:1::/48: { per_machine: 64, gateway: "fe80::1" }
  192.0.2.0/24: { gateway: 192.0.2.1 }
groups: { ci: { roles: [jenkins] }, web: { roles: [nginx] }, edge: { roles: [haproxy] }, cdn: {} }
services: { http: { tcp: 80 }, https: { tcp: 443 } }
policy: [{ name: web, from: any, to: ci, allow: [http, https] }]
endpoints:
  ci.example.net: { to: both.example.net, service: https }
  four.example.org: { to: four.example.net, service: https }
  beside.example.org: { to: beside.example.net, service: https }
  www.example.org: { to: web, service: https }
  behind.example.org: { to: behind.example.net, service: https }
guard:
  logs: [{ file: /var/log/nginx/access.log, format: nginx }]
  trusted_proxies: [cdn, "::1", 127.0.0.1]
  rules: { flood: { window: 10s, ipv4: { 32: 2000 }, ipv6: { 64: 2000 }, ban: { for: 10m } } }
  sinks: [{ nft: hextet_guard }]
""", "machines/all.yaml": """
both.example.net: { groups: [ci], ip: 192.0.2.10, ipv6: "2001:db8:1:1::a" }
four.example.net: { groups: [ci], ip: 192.0.2.11 }
beside.example.net: { groups: [ci, web], ip: 192.0.2.12, ipv6: "2001:db8:1:3::c" }
behind.example.net: { groups: [ci, edge], ip: 192.0.2.13, ipv6: "2001:db8:1:4::d" }
cdn.example.net: { groups: [cdn], ip: 192.0.2.14, ipv6: "2001:db8:1:5::e" }
"""}
NAMES = {"both": "ci.example.net", "four": "four.example.org", "beside": "beside.example.org",
         "behind": "behind.example.org"}
ADDRESSES = {"both": ("192.0.2.10", "2001:db8:1:1::a"), "four": ("192.0.2.11",),
             "beside": ("192.0.2.12", "2001:db8:1:3::c"), "behind": ("192.0.2.13", "2001:db8:1:4::d")}
CASES = [(machine, address) for machine in NAMES for address in ADDRESSES[machine]]
CLIENTS = {4: "203.0.113.7", 6: "2001:db8:c:1::2"}
DROPIN = "/etc/systemd/system/jenkins.service.d/60-hextet.conf"
FORGED = ["-H", "X-Forwarded-For: 198.51.100.1", "-H", "X-Real-IP: 198.51.100.1", "-H", "Forwarded: for=198.51.100.1",
          "-H", "X-Forwarded-Proto: gopher", "-H", "X-Forwarded-Host: evil.example.org", "-H", "X-Forwarded-Port: 1"]
JENKINS = """
import http.server, ipaddress, json, socket, sys

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        size = len(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        body = json.dumps({"headers": {k.lower(): v for k, v in self.headers.items()}, "size": size}).encode()
        if self.headers.get("Upgrade") == "websocket":
            self.send_response(101)
            self.send_header("Upgrade", "websocket")
            self.send_header("Connection", "upgrade")
            self.send_header("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
            self.end_headers()
            self.wfile.write(b"frames")
            self.close_connection = True
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    do_POST = do_GET

class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET

Server((sys.argv[1], int(sys.argv[2])), Handler).serve_forever()
"""


def environment(machine):
    """What systemd makes of the drop-in."""
    lines = re.findall(r"^Environment=(.+)$", machine.path(DROPIN).read_text(), re.M)
    return dict(word.split("=", 1) for line in lines for word in shlex.split(line))


@pytest.fixture(scope="module")
def lab(machines, tool, tmp_path_factory):
    for name in ("nginx", "haproxy", "curl", "openssl"):
        tool(name)
    lab = machines(ESTATE, names=[f"{name}.example.net" for name in NAMES] + ["cdn.example.net"],
                   etc=["nginx/nginx.conf", "nginx/mime.types", "nginx/modules-enabled"])
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run([tool("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-subj", "/CN=lab", "-keyout", folder / "key", "-out", folder / "cert"], check=True,
                   capture_output=True)
    pem = (folder / "cert").read_text() + (folder / "key").read_text()
    for name in NAMES:
        start(lab[f"{name}.example.net"], pem, ADDRESSES[name], name == "behind", tool)
    lab.client = lab.host("client", ipv4=[CLIENTS[4]], ipv6=[CLIENTS[6]])
    return lab


def start(machine, pem, addresses, behind, tool):
    for folder in ("/run/haproxy", "/var/log/nginx", "/var/lib/nginx", "/var/lib/haproxy", "/var/tmp"):
        machine.path(folder).mkdir(parents=True, exist_ok=True)
    for name in [*NAMES.values(), "www.example.org"]:
        machine.write(f"/etc/nginx/certs/{name}.pem", pem)
    said = environment(machine)
    listen = said["JENKINS_LISTEN_ADDRESS"], int(said["JENKINS_PORT"])
    machine.start(sys.executable, "-c", JENKINS, *listen, ready=("tcp", *listen))
    at = ("tcp", "127.0.0.1", 8080) if behind else ("tcp", addresses[-1], 443)
    machine.start(tool("nginx"), "-g", "daemon off;", ready=at)
    if behind:
        machine.write("/etc/haproxy/certs/all.pem", pem)
        config = machine.path("/etc/haproxy/haproxy.cfg")
        config.write_text(config.read_text().replace("maxconn 20000", "maxconn 200"))  # few descriptors in containers
        machine.start(tool("haproxy"), "-db", "-f", "/etc/haproxy/haproxy.cfg", ready=("tcp", addresses[-1], 443))


def family(address):
    return 6 if ":" in address else 4


def curl(host, name, address, *args, scheme="https"):
    to = f"[{address}]" if family(address) == 6 else address
    port = 443 if scheme == "https" else 80
    return host.run("curl", "-gsk", "--max-time", "20", "--connect-to", f"::{to}:{port}", *args,
                    f"{scheme}://{name}/").stdout


def headers(host, name, address, *args):
    return json.loads(curl(host, name, address, *args))["headers"]


@pytest.mark.parametrize("machine, address", CASES)
def test_jenkins_sees_the_client_only(lab, machine, address):
    name, client = NAMES[machine], CLIENTS[family(address)]
    for args in ([], FORGED):
        seen = headers(lab.client, name, address, *args)
        assert seen["x-forwarded-for"] == seen["x-real-ip"] == client
        assert (seen["host"], seen["x-forwarded-host"], seen["x-forwarded-proto"]) == (name, name, "https")
        assert seen.get("x-forwarded-port") == (None if machine == "behind" else "443")
        assert "forwarded" not in seen


@pytest.mark.parametrize("machine, address", CASES)
def test_a_trusted_proxy_is_believed(lab, machine, address):
    seen = headers(lab["cdn.example.net"], NAMES[machine], address, "-H", "X-Forwarded-For: 2001:db8:77::1")
    assert seen["x-forwarded-for"] == "2001:db8:77::1"


@pytest.mark.parametrize("machine, address", CASES)
def test_redirect_and_other_names(lab, machine, address):
    where = ["-o", "/dev/null", "-w", "%{http_code} %{redirect_url}"]
    name = NAMES[machine]
    assert curl(lab.client, name, address, *where, scheme="http") == f"301 https://{name}/"
    assert curl(lab.client, "evil.example.org", address, *where, scheme="http").split()[0] == "421"


@pytest.mark.parametrize("machine, address", CASES)
def test_websocket_and_nothing_else(lab, machine, address):
    upgrade = ["--http1.1", "-i", "-H", "Connection: Upgrade", "-H", "Sec-WebSocket-Version: 13",
               "-H", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "-H"]  # and its answer: RFC 6455 section 1.3
    said = curl(lab.client, NAMES[machine], address, *upgrade, "Upgrade: websocket")
    assert " 101 " in said.splitlines()[0] and said.endswith("frames")
    said = curl(lab.client, NAMES[machine], address, *upgrade, "Upgrade: h2c")
    assert " 200 " in said.splitlines()[0] and '"upgrade"' not in said


@pytest.mark.parametrize("machine, address", CASES)
def test_large_body(lab, machine, address, tmp_path):
    """nginx's own limit is 1 MiB."""
    body = tmp_path / "artifact"
    body.write_bytes(bytes(3 << 20))
    said = curl(lab.client, NAMES[machine], address, "--data-binary", f"@{body}")
    assert json.loads(said)["size"] == 3 << 20


@pytest.mark.parametrize("machine, address", CASES)
def test_not_past_nginx(lab, machine, address):
    port = int(environment(lab[f"{machine}.example.net"])["JENKINS_PORT"])
    assert not lab[f"{machine}.example.net"].accepts(address, port)


def test_names_of_nginx_stay_its_own(lab):
    """Beside the role nginx: www leads to a group without Jenkins."""
    machine = lab["beside.example.net"]
    machine.write("/var/www/www.example.org/index.html", "of nginx\n")
    for folder in ("/var/www", "/var/www/www.example.org"):
        machine.path(folder).chmod(0o755)
    for address in ADDRESSES["beside"]:
        assert curl(lab.client, "www.example.org", address) == "of nginx\n"
