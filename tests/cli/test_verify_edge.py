# SPDX-License-Identifier: Apache-2.0
"""What the checkers of Varnish, systemd drop-ins, Ruby and nginx refuse, and what they let pass and we do not, is said at
the template's line."""
from pathlib import Path

import pytest

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
ESTATE = """
estate: edge
domain: example.net
checks: { documentation-prefix: ignore }
groups: { web: { roles: [varnish, nginx] }, git: { roles: [gitlab] }, ci: { roles: [jenkins, java] } }
services: { http: { tcp: 80 }, https: { tcp: 443 } }
policy: [{ name: web, from: any, to: [web, git, ci], allow: [http, https] }]
endpoints:
  www.example.net: { to: web, service: http }
  git.example.net: { to: git, service: https }
  ci.example.net: { to: ci, service: https }
machines:
  w.example.net: { groups: [web], ip: 192.0.2.1, ipv6: "2001:db8::1" }
  g.example.net: { groups: [git], ip: 192.0.2.2, ipv6: "2001:db8::2" }
  j.example.net: { groups: [ci], ip: 192.0.2.3, ipv6: "2001:db8::3" }
"""
CASES = [
    ("varnishd", "varnish/hextet.vcl", "import std;", 'import std;\nacl x { "::1"; }', "Unused acl"),
    ("varnishd", "varnish/hextet.vcl", "acl purgers {", 'acl purgers {\n    "2001:db8::1"/64;', "Non-zero bits"),
    ("varnishd", "varnish/hextet.vcl", "acl purgers {", 'acl purgers {\n    "::1"/129;', "Too wide mask"),
    ("varnishd", "varnish/hextet.vcl", "acl purgers {", 'acl purgers {\n    "localhost";', "is not an address"),
    ("varnishd", "varnish/hextet.vcl", "acl purgers {", 'acl purgers {\n    "::"/0;', "everybody"),
    ("systemd-analyze", "varnish/service.conf", "ExecStart=\n", "ExecStart=\nExecStrt=/bin/true\n", "Unknown key"),
    ("systemd-analyze", "varnish/service.conf", "    -T ", "    -a x=2001:db8::1:80 \\\n    -T ", "in brackets"),
    ("systemd-analyze", "java/service.conf", "[Service]", "[Service]\nEnvironmen=a", "Unknown key"),
    ("systemd-analyze", "java/service.conf", "{{ value }}", "yes", "any other word"),
    ("ruby", "gitlab/hextet.rb", "['real_ip_recursive'] = 'on'", "['real_ip_recursive'] = ]", "syntax error"),
    ("ruby", "gitlab/hextet.rb", "{{ s.name }}['redirect", "a['listen_addresses'] = ['::']\n{{ s.name }}['redirect",
     "in brackets"),
    ("ruby", "gitlab/hextet.rb", "['monitoring_whitelist'] = [", "['monitoring_whitelist'] = [\n  '::/0',", "everybody"),
    ("ruby", "gitlab/hextet.rb", "['monitoring_whitelist'] = [", "['monitoring_whitelist'] = [\n  'mon',", "is not an address"),
    ("sh", "varnish/reload.sh", "set -e", "set -e )", "yntax error"),
    ("nginx", "jenkins/site.conf", "default   \"\";", "default   \"\"", "nginx"),
    ("nginx", "jenkins/site.conf", "return 421;", "retrun 421;", "unknown directive"),
    ("nginx", "jenkins/location.conf", "proxy_buffering off;", "proxy_buffering none;", "invalid value"),
    ("nginx", "jenkins/location.conf", "{{ port }};", "8080;", "Jenkins listens at http://[::1]:8090"),
    ("nginx", "jenkins/location.conf", "X-Forwarded-For $remote_addr", "X-Forwarded-For $proxy_add_x_forwarded_for", "alone"),
    ("systemd-analyze", "jenkins/service.conf", "[Service]", "[Service]\nEnvironmen=a", "Unknown key"),
    ("systemd-analyze", "jenkins/service.conf", "_ADDRESS={{ host }}", "_ADDRESS=::", "past nginx"),
    ("systemd-analyze", "jenkins/service.conf", "Addresses={{ prefer }}", "Addresses=yes", "any other word"),
]


@pytest.mark.parametrize("program, template, old, new, says", CASES)
def test_refused_at_the_template_line(hextet, tool, tmp_path, program, template, old, new, says):
    tool(program)
    text = (TEMPLATES / template).read_text()
    assert text.count(old) == 1
    path = tmp_path / "templates" / template
    path.parent.mkdir(parents=True)
    path.write_text(text.replace(old, new))
    (tmp_path / "estate.yaml").write_text(ESTATE)
    done = hextet("render", tmp_path, "--target", template.split("/")[0], "--verify")
    assert done.returncode == 1, done.stderr
    errors = [line for line in done.stderr.splitlines() if ": error: " in line and says in line]
    assert errors and errors[0].startswith(f"{path}:"), done.stderr
    line = int(errors[0].removeprefix(f"{path}:").split(":")[0])
    assert abs(line - (text[:text.index(old)].count("\n") + 1 + new.count("\n"))) <= 1, done.stderr
