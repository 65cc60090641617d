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


HBA = "local all all peer\n"


@pytest.mark.parametrize("template, text, line, says", [
    ("pg_hba.conf", HBA + "host all all 0.0.0.0/0 scram-sha-256\n", 2, "lets in more than the policy does"),
    ("pg_hba.conf", HBA + "hostssl all all all scram-sha-256\n", 2, "lets in more than the policy does"),
    ("pg_hba.conf", HBA + "hostssl all all 2001:db8:1:1::/64 scram-sha-256\n", 2, "lets in more than the policy does"),
    ("pg_hba.conf", HBA + "hostssl all all 192.0.2.1/32 trust\n", 2, "the method is one of"),
    ("pg_hba.conf", HBA + "hostssl all all 192.0.2.1/24 scram-sha-256\n", 2, "192.0.2.1/24"),
    ("pg_hba.conf", HBA + "hostssl all all m.example.net scram-sha-256\n", 2, "write an address with its length"),
    ("pg_hba.conf", HBA + "{# two\nlines #}hostssl all all zz::1/128 scram-sha-256\n", 3, "postgres refuses"),
    ("pg_hba.conf", HBA + "hostssl all all ::1/128 scram-sha-256 clientcert\n", 2, "not in name=value format"),
    ("pg_hba.conf", HBA + "# one \\\nhost all all all reject\n", 2, "a backslash at the end takes the next line away"),
    ("pg_hba.conf", HBA + "host all all all reject # \\\r\nhost all all all reject\n", 2, "takes the next line away"),
    ("hextet.conf", "listen_addresses = '::1, localhost'\n", 1, "'localhost' is not an address"),
    ("hextet.conf", "port = 1\nlisten_addresses = ::1\n", 2, "syntax error"),
    ("hextet.conf", "listen_adresses = '::1'\n", 1, "unrecognized configuration parameter"),
])
def test_postgresql(refused, template, text, line, says):
    refused("postgresql", "postgresql/" + template, text, line, says)


def test_postgresql_takes_what_is_narrower(hextet, estate):
    path = estate / "templates/postgresql/pg_hba.conf"
    path.parent.mkdir(parents=True)
    path.write_text('# one\n\nhostssl "a b", c replication 192.0.2.1/32 cert map=x # "more\nhost all all all reject\n'
                    "hostssl all all 2001:db8:1:1::1/128 scram-sha-256\n")
    done = hextet("render", estate, "--target", "postgresql", "--verify")
    assert done.returncode == 0, done.stderr


def test_postgresql_name_that_ends_in_a_backslash(hextet, estate, tmp_path):
    (estate / "estate.yaml").write_text(ESTATE.lstrip().replace("name: data", "name: 'data \\'"))
    done = hextet("render", estate, "--target", "postgresql", "--verify", "-o", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    lines = (tmp_path / "out/m.example.net/etc/postgresql/15/main/pg_hba.conf").read_text().splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("# data"))
    assert not lines[at].endswith("\\")
    assert "192.0.2.1/32" in lines[at + 1] and "2001:db8:1:1::1/128" in lines[at + 2]


@pytest.mark.parametrize("text, line, says", [
    ('input {\n  beats {\n    host => "::g"\n  }\n}\n', 3, "'::g' is not an address"),
    ('input {\n  beats {\n    host => "localhost"\n  }\n}\n', 3, "'localhost' is not an address"),
    ('input {\n  beats {\n    port => 5044\n  }\n', 4, "a plugin, or '}', is missing here"),
    ("filter {\n  ruby { code => 'x }\n}\n", 2, "the quote is not closed"),
    ('filter {\n  ruby {\n    code "x"\n  }\n}\n', 3, "'=>' is missing behind the name"),
    ('filter {\n  if "a" in [tags]\n    drop { }\n  else\n    x => 1\n}\n', 5, "the branch has no '{'"),
    ('filter {\n  grok { match => ["a" "b"] }\n}\n', 2, "a list goes on with ','"),
    ("filters { }\n", 1, "a section is input, filter or output"),
    ("filter { a { b => " + "[" * 40 + "]" * 40 + " } }\n", 1, "at most 32 deep"),
])
def test_logstash(refused, text, line, says):
    refused("logstash", "logstash/hextet.conf", text, line, says)


def test_logstash_script(tool, refused):
    tool("ruby")
    refused("logstash", "logstash/client.rb", "def filter(event)\n  [event\nend\n", 3, "ruby refuses")


@pytest.mark.parametrize("template, text, line, says", [
    ("elasticsearch.yml", 'network.host: ["::1", "[2001:db8::1]"]\n', 1, "'[2001:db8::1]' is not such an address"),
    ("elasticsearch.yml", 'a: b\nnetwork.publish_host: "2001:db8:::1"\n', 2, "'2001:db8:::1' is not such an address"),
    ("elasticsearch.yml", 'discovery.seed_hosts: ["[2001:db8::1]:9300",\n  "2001:db8::1:9300"]\n', 2, "'2001:db8::1:9300'"),
    ("elasticsearch.yml", 'a: b\na: c\n', 2, "a"),
    ("access-template.json", '{ "template": {\n "mappings": { "properties": { } }\n', 2, "end of file"),
])
def test_elasticsearch(refused, template, text, line, says):
    refused("elasticsearch", "elasticsearch/" + template, text, line, says)


def test_elasticsearch_types(hextet, estate):
    path = estate / "templates/elasticsearch/access-template.json"
    path.parent.mkdir(parents=True)
    path.write_text('{ "template": { "mappings": { "properties": { "client_ip": { "type": "keyword" } } } } }\n')
    done = hextet("render", estate, "--target", "elasticsearch", "--verify")
    assert done.returncode == 1 and "the type of client_ip is not ip" in done.stderr
