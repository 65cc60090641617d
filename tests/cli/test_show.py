# SPDX-License-Identifier: Apache-2.0
"""hextet show: the example's machines and groups, and the JSON Schema with python3-jsonschema as the judge."""
import json
import re
import shutil

import jsonschema
import pytest
import yaml

LOADING = {"bad-value", "unknown-key", "missing-key", "host-bits"}


class Yaml12(yaml.SafeLoader):
    """Scalars as an editor's YAML 1.2 reader types them."""


Yaml12.yaml_implicit_resolvers = {}
for tag, regex, first in [("bool", r"true|false", "tf"), ("int", r"[-+]?[0-9]+", "-+0123456789"),
                          ("float", r"[-+]?[0-9]+\.[0-9]+", "-+0123456789"), ("null", r"|~|null", ["", "~", "n"])]:
    Yaml12.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"(?:{regex})$"), list(first))


@pytest.fixture(scope="module")
def streaming(top):
    return top / "examples/streaming"


@pytest.fixture(scope="module")
def schema(hextet):
    found = json.loads(hextet("show", "--schema").stdout)
    jsonschema.Draft202012Validator.check_schema(found)
    return jsonschema.Draft202012Validator(found)


def shown(hextet, *args, **options):
    done = hextet("show", *args, "--output", "json", **options)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def line_of(path, text):
    return next(n for n, line in enumerate(path.read_text().split("\n"), 1) if text in line)


def test_machine(hextet, streaming):
    found = shown(hextet, "machine", "vpn01a.de.example.net", streaming)
    assert found["groups"] == ["vpn"] and found["roles"] == ["openvpn"]
    assert [(a["address"], a["family"], a["prefix"], a["site"]) for a in found["addresses"]] == [
        ("198.51.100.20", 4, "198.51.100.0/24", "de"), ("2001:db8:172:a:b:c:d:e", 6, "2001:db8:172::/48", "de")]
    assert found["subnet6"] == "2001:db8:172:a::/64"
    assert [(n["network"], n["groups"]) for n in found["routed_networks"]] == [
        ("172.16.2.0/24", ["vpnclients"]), ("2001:db8:172:a:f:2::/112", ["vpnclients"])]
    assert [(v["name"], v["clients"]) for v in found["vpn"]] == [("staff", 2)]
    assert found["failover"] == [] and found["endpoints"] == []
    policy = streaming / "policy.yaml"
    assert {p["name"]: (p["side"], p["place"]) for p in found["policy"]} == {
        name: (side, f"{policy}:{line_of(policy, name + ',')}") for name, side in {
            "public web": "from", "vpn entry": "both", "public dns": "from", "admin": "both",
            "monitoring agents": "to", "office browsing": "to"}.items()}


def test_machine_with_failover(hextet, streaming):
    found = shown(hextet, "machine", "fe02.de.example.net", streaming)
    assert [(f["name"], f["preference"]) for f in found["failover"]] == [("fe01", 2), ("fe02", 1)]
    assert [e["name"] for e in found["endpoints"]] == ["www.example.net", "api.example.net"]
    assert set(found["targets"]) >= {"haproxy", "nftables", "nginx"}


def test_other_addresses_are_shown_in_canonical_form(hextet, streaming, tmp_path):
    shutil.copytree(streaming, tmp_path / "estate")
    path = tmp_path / "estate/machines/af.yaml"
    path.write_text(path.read_text().replace("2001:db8:fe38:70f:b:c:d:e:", "2001:DB8:FE38:070f:b:c:d:e:"))
    found = shown(hextet, "machine", "deliverynode.cdn.example.net", tmp_path / "estate")
    assert [a["address"] for a in found["addresses"] if a["use"] == "other"] == ["203.0.113.11", "2001:db8:fe38:70f:b:c:d:e"]


def test_group(hextet, streaming):
    found = shown(hextet, "group", "containers", streaming)
    assert found["machines"] == []
    assert [n["network"] for n in found["networks"]] == [
        "2001:db8:10a:a:f::/96", "2001:db8:10a:b:f::/80", "2001:db8:10a:b:e::/80", "2001:db8:10a:b:d::/80"]
    assert [p["side"] for p in found["policy"]] == ["to", "to", "from", "from"]


def test_estate(hextet, streaming):
    found = shown(hextet, "estate", streaming)
    assert (found["name"], found["machines"], len(found["groups"]), len(found["prefixes"])) == ("streaming", 17, 17, 8)


def test_ways_to_name_the_estate(hextet, streaming):
    expected = shown(hextet, "group", "cdn", streaming)["machines"]
    for args, cwd in [(("-C", streaming, "group", "cdn"), None), ((streaming, "group", "cdn"), None),
                      (("group", "cdn"), streaming), (("group", "cdn", "."), streaming)]:
        assert shown(hextet, *args, cwd=cwd)["machines"] == expected


@pytest.mark.parametrize("args, code, words", [
    (("machine", "fe03.de.example.net", "ESTATE"), 1, "did you mean 'fe01.de.example.net'?"),
    (("group", "x", "ESTATE"), 1, "no group called 'x'"),
    (("machine",), 2, "name the machine"),
    ((), 2, "say what to show"),
    (("planet", "x"), 2, "'x' cannot be shown"),
    (("machine", "a", "b", "c"), 2, "too much"),
    (("--schema", "machine"), 2, "needs no"),
    (("machine", "a", "/nonexistent"), 3, "No such file"),
])
def test_refusals(hextet, streaming, args, code, words):
    done = hextet("show", *[streaming if a == "ESTATE" else a for a in args])
    assert (done.returncode, done.stdout) == (code, "")
    assert words in done.stderr


def test_a_faulty_estate_is_shown_with_a_warning(hextet, streaming, tmp_path):
    shutil.copytree(streaming, tmp_path / "estate")
    path = tmp_path / "estate/vpn.yaml"
    path.write_text(path.read_text().replace("machines:", "machine:"))
    done = hextet("show", "machine", "fe01.de.example.net", tmp_path / "estate")
    assert done.returncode == 0 and "may lack something" in done.stderr
    assert done.stdout.startswith("name: fe01.de.example.net\n")


# The schema.
def files_of(folder):
    return sorted(folder.rglob("*.yaml"))


def errors(schema, text):
    return list(schema.iter_errors(yaml.load(text, Yaml12) or {}))


def test_the_example_validates(schema, streaming):
    for path in files_of(streaming):
        assert errors(schema, path.read_text()) == [], path


def test_the_check_fixtures_validate(schema, top):
    """Whatever loads is valid: the schema is never stricter than the program."""
    files = files_of(top / "tests/check")
    assert len(files) > 50
    wrong = [path for path in files if errors(schema, path.read_text())]
    assert wrong == []


def keys_and_values(path):
    """The places of every key and scalar of a file."""
    def walk(node):
        if isinstance(node, yaml.ScalarNode):
            yield node
        elif isinstance(node, yaml.SequenceNode):
            for item in node.value:
                yield from walk(item)
        else:
            for key, value in node.value:
                yield key
                yield from walk(value)
    return walk(yaml.compose(path.read_text()))


def cut(text, node, new):
    return text[:node.start_mark.index] + new + text[node.end_mark.index:]


def structural(hextet, folder):
    """Whether hextet refuses for a reason of shape: fields, kinds and types of values."""
    found = json.loads(hextet("check", "--output", "json", folder).stdout)
    return [f for f in found if f["check"] in LOADING and f["check"] != "host-bits"]


@pytest.mark.parametrize("file", ["failover.yaml", "guard.yaml", "services.yaml", "vpn.yaml", "lans.yaml", "geo.yaml",
                                  "machines/af.yaml", "machines/office.yaml"])
def test_schema_and_program_refuse_the_same(hextet, schema, streaming, tmp_path, file):
    """Every key and value, replaced: what hextet refuses for its shape, the schema refuses, and the other way round."""
    shutil.copytree(streaming, tmp_path / "estate")
    path = tmp_path / "estate" / file
    text, differ, refused = path.read_text(), [], 0
    for node in list(keys_and_values(path))[::3]:
        for new in ("zz yy", "[[x]]"):
            path.write_text(cut(text, node, new))
            try:
                by_schema = bool(errors(schema, path.read_text()))
            except (yaml.YAMLError, TypeError, ValueError):
                continue  # no YAML, or a list as a key
            by_program = structural(hextet, tmp_path / "estate")
            refused += by_schema
            if by_schema != bool(by_program):
                differ.append((cut(text, node, new).split("\n")[node.start_mark.line], by_schema, by_program))
    assert refused > 3
    assert differ == []
