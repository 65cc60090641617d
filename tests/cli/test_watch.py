# SPDX-License-Identifier: Apache-2.0
"""What no checker sees, or no checker is there to see, in the files for Icinga, PostgreSQL, Logstash and Elasticsearch:
a template that writes it is refused, by the line of the template."""
import pytest

ESTATE = """
estate: watch
domain: example.net
checks: { documentation-prefix: ignore }
prefixes: { "2001:db8:1::/48": { per_machine: 64 }, 192.0.2.0/24: {} }
groups: { all-in-one: { roles: [icinga, postgresql, logstash, elasticsearch] } }
services: { postgresql: { tcp: 5432 }, beats: { tcp: 5044 }, elastic: { tcp: [9200, 9300] } }
policy:
  - { name: data, from: all-in-one, to: all-in-one, allow: [postgresql, beats, elastic] }
"""


@pytest.fixture
def estate(tmp_path):
    folder = tmp_path / "estate"
    (folder / "machines").mkdir(parents=True)
    (folder / "estate.yaml").write_text(ESTATE.lstrip())
    (folder / "machines" / "m.yaml").write_text('m.example.net: { groups: [all-in-one], ip: 192.0.2.1, ipv6: "2001:db8:1:1::1" }\n')
    return folder


@pytest.fixture
def refused(hextet, estate):
    """Renders with one template in the place of ours, and checks where the complaint lands."""
    def refused(target, template, text, line, *says):
        path = estate / "templates" / template
        path.parent.mkdir(parents=True)
        path.write_text(text)
        done = hextet("render", estate, "--target", target, "--verify")
        assert done.returncode == 1, done.stderr
        assert f"{path}:{line}:" in done.stderr, done.stderr
        assert "hextet-verify" not in done.stderr
        for words in says:
            assert words in done.stderr
    return refused


@pytest.mark.parametrize("text, line, says", [
    ('object Host "a" {\n  check_command = "dummy"\n  address6 = "zz::1"\n}\n', 3, "'zz::1' is not an address"),
    ('object Host "a" {\n  check_command = "dummy"\n  address6 = "192.0.2.1"\n}\n', 3, "is an IPv4 address, where IPv6"),
    ('object Host "a" {\n  check_command = "dummy"\n  address = "2001:db8::1"\n}\n', 3, "is an IPv6 address, where IPv4"),
    ('object Host "a" { check_command = "dummy" }\nobject Service "s" {\n  host_name = "a"\n  check_command = "ping6"\n'
     '  vars.ping_address = "192.0.2.1"\n}\n', 5, "where IPv6 is asked"),
    ('object Host "a" { check_command = "dummy" }\nobject Service "s" {\n  host_name = "a"\n  check_command = "http"\n'
     '  vars.http_ipv4 = true\n  vars.http_address = "2001:db8:::1"\n}\n', 6, "'2001:db8:::1' is not an address"),
    ('object Host "a" {\n  check_comand = "dummy"\n}\n', 2, "Attribute 'check_comand' does not exist"),
    ('object Host "a" {\n  check_command = "pong6"\n}\n', 2, "Object 'pong6'"),
    ('object Host "a" {\n  check_command : "pong6"\n}\n', 2, "syntax error"),
    ('object Host "a" { check_command = "dummy" }\nobject Host "a" { check_command = "dummy" }\n', 2, "re-defined"),
])
def test_icinga(tool, refused, text, line, says):
    tool("icinga2")
    refused("icinga", "icinga/hextet.conf", text, line, says)
