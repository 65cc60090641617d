# SPDX-License-Identifier: Apache-2.0
"""Icinga runs the checks that were rendered: an address that is cut goes red in its own family only, its host is not UP
for that, and pages are fetched over both families."""
import pytest
from machines import wait_until

pytestmark = pytest.mark.lab

ESTATE = {"estate.yaml": """
estate: lab
domain: example.net
checks: { documentation-prefix: ignore }
prefixes:
  2001:db8:1::/48: { per_machine: 64, gateway: "fe80::1" }
  192.0.2.0/24: { gateway: 192.0.2.1 }
groups: { monitoring: { roles: [icinga] }, web: { roles: [nginx] } }
services: { https: { tcp: 443 } }
endpoints: { www.example.net: { to: web, service: https, paths: [/health, /missing] } }
policy:
  - { name: web, from: any, to: web, allow: https }
""", "machines/all.yaml": """
mon.example.net: { groups: [monitoring], ip: 192.0.2.10, ipv6: "2001:db8:1:1::a" }
web.example.net: { groups: [web], ip: 192.0.2.11, ipv6: "2001:db8:1:2::b", other_ips6: { "2001:db8:1:2::c": {} } }
cut.example.net: { groups: [monitoring], ip: 192.0.2.12, ipv6: "2001:db8:1:3::c" }
"""}
# What an operator sets in constants.conf, and the feature through which the test sees the results.
MAIN = """
const PluginDir = "/usr/lib/nagios/plugins"
const HextetCheckInterval = 1s
const HextetRetryInterval = 1s
const HextetAttempts = 1
const HextetPingPackets = 1
include <itl>
include <plugins>
library "checker"
object CheckerComponent "checker" { }
library "perfdata"
object PerfdataWriter "results" {
  host_perfdata_path = "/var/log/icinga2/hosts"
  service_perfdata_path = "/var/log/icinga2/services"
  host_temp_path = "/var/log/icinga2/hosts.new"
  service_temp_path = "/var/log/icinga2/services.new"
  host_format_template = "$host.name$\\t\\t$host.state$\\t$host.output$"
  service_format_template = "$host.name$\\t$service.name$\\t$service.state$\\t$service.output$"
  rotation_interval = 1s
}
include "/etc/icinga2/conf.d/hextet.conf"
"""


class Results:
    """The last result of each check, (host, service or "") -> (state, text)."""

    def __init__(self, machine):
        self.machine, self.seen, self.last = machine, set(), {}

    def read(self):
        for path in sorted(self.machine.path("/var/log/icinga2").glob("*.[0-9]*")):
            if path.name not in self.seen:
                self.seen.add(path.name)
                for line in path.read_text().splitlines():
                    host, service, state, text = line.split("\t")
                    self.last[host, service] = state, text
        return self.last

    def wait(self, host, expected):
        """Until the host's services, and "" itself, are as expected."""
        wait_until(lambda: self.read() and expected.items() <= self.states(host).items(),
                   lambda: f"{expected} in {self.last}", 60)

    def states(self, host):
        return {service: state for (name, service), (state, _) in self.last.items() if name == host}


@pytest.fixture(scope="module")
def lab(machines, tool):
    for program in ("icinga2", "nginx"):
        tool(program)
    lab = machines(ESTATE)
    web = lab["web.example.net"]
    web.write("/var/www/www.example.net/health", "well\n")
    web.write("/etc/nginx/nginx.conf", "events { }\nhttp { include /etc/nginx/conf.d/hextet.conf; }\n")
    web.run("mkdir", "-p", "/etc/nginx/certs", "/var/log/nginx", "/var/lib/nginx", check=True)
    cert = "/etc/nginx/certs/www.example.net.pem"
    web.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "9",
            "-subj", "/CN=www.example.net", "-keyout", cert, "-out", cert + ".crt", check=True)
    web.run("sh", "-c", f"cat {cert}.crt >> {cert}", check=True)
    web.start("nginx", "-g", "daemon off;", ready=("tcp", "::1", 443))
    return lab


@pytest.fixture(scope="module")
def results(lab):
    mon = lab["mon.example.net"]
    mon.write("/etc/icinga2/icinga2.conf", MAIN)
    folders = [f"/var/{name}/icinga2" for name in ("log", "lib", "cache", "spool")] + ["/run/icinga2"]
    mon.run("install", "-d", "-o", "nagios", "-g", "nagios", *folders, check=True)
    mon.start("icinga2", "daemon", "-c", "/etc/icinga2/icinga2.conf", ready=("file", "/run/icinga2/icinga2.pid"))
    return Results(mon)


def test_pages_over_both_families(results):
    """The public name is in TLS and in the request, or nginx would refuse the handshake; a missing page is not green."""
    results.wait("web.example.net", {"": "UP", "ping4": "OK", "ping6": "OK", "ping6 2001:db8:1:2::c": "OK",
                                     "http4 www.example.net/health": "OK", "http6 www.example.net/health": "OK",
                                     "http4 www.example.net/missing": "WARNING"})
    assert "200 OK" in results.last["web.example.net", "http6 www.example.net/health"][1]


def test_cut_ipv6_is_red_and_ipv4_stays_green(lab, results):
    cut = lab["cut.example.net"]
    results.wait("cut.example.net", {"": "UP", "ping4": "OK", "ping6": "OK"})
    assert results.last["cut.example.net", ""] == ("UP", "ping4 OK, ping6 OK")
    cut.run("nft", "table ip6 cut { chain c { type filter hook input priority 0; policy drop; }; }", check=True)
    results.wait("cut.example.net", {"": "DOWN", "ping4": "OK", "ping6": "CRITICAL"})
    assert results.last["cut.example.net", ""] == ("DOWN", "ping4 OK, ping6 CRITICAL")
    assert results.states("web.example.net")[""] == "UP"
    cut.run("nft", "flush ruleset", check=True)
    results.wait("cut.example.net", {"": "UP", "ping4": "OK", "ping6": "OK"})
