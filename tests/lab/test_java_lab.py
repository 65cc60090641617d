# SPDX-License-Identifier: Apache-2.0
"""A JVM with the environment that our drop-in gives it takes IPv6 first, one without takes IPv4; and gitlab.rb, evaluated
by Ruby, says where GitLab listens and whom it believes."""
import ipaddress
import json
import re
import shlex

import pytest

pytestmark = pytest.mark.lab

ESTATE = {"estate.yaml": """
estate: lab
domain: example.net
checks: { documentation-prefix: ignore, single-family: ignore, endpoint-one-family: ignore }
prefixes:
  2001:db8:1::/48: { per_machine: 64, gateway: "fe80::1" }
  192.0.2.0/24: { gateway: 192.0.2.1 }
groups: { app: { roles: [java, gitlab] }, mon: { roles: [icinga] } }
services: { http: { tcp: 80 }, https: { tcp: 443 } }
policy: [{ name: web, from: any, to: app, allow: [http, https] }]
endpoints:
  git.example.net: { to: both.example.net, service: https, only: "2001:db8:c::/48" }
  six.example.org: { to: six.example.net, service: https }
  four.example.org: { to: four.example.net, service: https }
guard:
  logs: [{ file: /var/log/nginx/access.log, format: nginx }]
  trusted_proxies: [mon, "::1", 127.0.0.1]
  rules: { flood: { window: 10s, ipv4: { 32: 2000 }, ipv6: { 64: 2000 }, ban: { for: 10m } } }
  sinks: [{ nft: hextet_guard }]
""", "machines/all.yaml": """
both.example.net: { groups: [app], ip: 192.0.2.10, ipv6: "2001:db8:1:1::a" }
six.example.net: { groups: [app], ipv6: "2001:db8:1:2::b" }
four.example.net: { groups: [app], ip: 192.0.2.12 }
mon.example.net: { groups: [mon], ip: 192.0.2.13, ipv6: "2001:db8:1:4::d" }
"""}
DROPIN = "/etc/systemd/system/service.d/60-hextet-java.conf"
SOURCE = """import java.net.*;
public class First {
    public static void main(String[] names) throws Exception {
        for (String name : names) System.out.println(InetAddress.getByName(name).getHostAddress());
    }
}
"""
SHIM = """require 'json'
class Settings < BasicObject
  def initialize; @all = ::Hash.new { |h, k| h[k] = {} }; end
  def method_missing(name, *value); value.empty? ? @all[name.to_s] : @all[name.to_s] = value[0]; end
  def from_file(path); instance_eval(::File.read(path), path); end
  def all; @all; end
end
settings = Settings.new
settings.from_file('/etc/gitlab/gitlab.rb')
puts JSON.generate(settings.all)
"""


@pytest.fixture(scope="module")
def lab(machines, tool):
    for name in ("java", "javac", "ruby"):
        tool(name)
    return machines(ESTATE, names=["both.example.net", "six.example.net", "four.example.net"],
                    etc=["java-17-openjdk", "ssl/certs/java"])


def environment(machine):
    """What systemd makes of the drop-in."""
    lines = re.findall(r"^Environment=(.+)$", machine.path(DROPIN).read_text(), re.M)
    return [word for line in lines for word in shlex.split(line)]


def first(machine, tool, *env):
    machine.write("/var/tmp/First.java", SOURCE)
    hosts = machine.path("/etc/hosts")
    hosts.write_text("127.0.0.1 localhost\n::1 localhost\n192.0.2.80 dual.lab\n2001:db8:1::80 dual.lab\n")
    done = machine.run("env", *env, tool("java"), "-Xshare:auto", "-XX:-UsePerfData", "/var/tmp/First.java", "dual.lab", check=True)
    return ipaddress.ip_address(done.stdout.strip().split("%")[0])


def test_java_prefers_ipv6_with_the_drop_in(lab, tool):
    both = lab["both.example.net"]
    assert str(first(both, tool)) == "192.0.2.80"
    assert str(first(both, tool, *environment(both))) == "2001:db8:1::80"


def test_java_where_there_is_one_family(lab, tool):
    six = lab["six.example.net"]
    assert str(first(six, tool, *environment(six))) == "2001:db8:1::80"
    assert not lab["four.example.net"].path(DROPIN).exists()
    assert str(first(lab["four.example.net"], tool)) == "192.0.2.80"


def test_java_follows_gai_conf(lab, tool):
    """On a dual-stack machine the JVM does as all others do."""
    both = lab["both.example.net"]
    both.write("/etc/gai.conf", "precedence ::ffff:0:0/96 100\n")
    try:
        assert str(first(both, tool, *environment(both))) == "192.0.2.80"
    finally:
        both.path("/etc/gai.conf").unlink()


def settings(machine, tool):
    machine.write("/etc/gitlab/gitlab.rb", "gitlab_rails['smtp_enable'] = true\nfrom_file '/etc/gitlab/hextet.rb'\n")
    return json.loads(machine.run(tool("ruby"), "-e", SHIM, check=True).stdout)


@pytest.mark.parametrize("name, url, listen", [("both", "https://git.example.net", ["0.0.0.0", "[::]"]),
                                               ("six", "https://six.example.org", ["[::]"]),
                                               ("four", "https://four.example.org", ["0.0.0.0"])])
def test_gitlab_rb(lab, tool, name, url, listen):
    said = settings(lab[f"{name}.example.net"], tool)
    assert said["external_url"] == url and said["gitlab_rails"]["smtp_enable"]
    assert said["nginx"]["listen_addresses"] == listen
    proxies = {"127.0.0.1/32", "192.0.2.13/32", "::1/128", "2001:db8:1:4::d/128"}
    for trusted in said["nginx"]["real_ip_trusted_addresses"], said["gitlab_rails"]["trusted_proxies"]:
        assert {str(ipaddress.ip_network(p)) for p in trusted} == proxies
    assert {str(ipaddress.ip_network(p)) for p in said["gitlab_rails"]["monitoring_whitelist"]} == proxies
    only = said["nginx"].get("custom_gitlab_server_config")
    assert only == ("allow 2001:db8:c::/48; deny all;" if name == "both" else None)
