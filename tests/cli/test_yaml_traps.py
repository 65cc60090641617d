# SPDX-License-Identifier: Apache-2.0
"""What people get wrong in YAML, what YAML gets wrong with addresses, and what nobody should feed to a parser.

Each row is one estate (a machines file, a sections file) and the findings that `hextet check` must report: all of them,
each at its place, with words of its message or hint. A row without findings must be accepted."""
import ctypes
import json
import os
import resource
import shutil
import subprocess

import pytest

GOOD = "m1.example.net:\n  groups: [g]\n  ip: 192.0.2.1\n  ipv6: 2001:db8::1\n"
OTHER = "m2.example.net:\n  groups: [g]\n  ip: 192.0.2.2\n  ipv6: 2001:db8::2\n"
SECTIONS = "checks: { documentation-prefix: ignore }\ngroups:\n  g: {}\n"
LAN = SECTIONS + "lans:\n  l: { router: m1.example.net, interface: e, rdnss: [RDNSS] }\n"
M, S = "machines/m.yaml", "s.yaml"

QUOTE = "quote it"
COLON = "key without a colon"
OPEN = "that opens here is not closed"


def good(old, new, text=GOOD):
    assert old in text
    return text.replace(old, new, 1)


def lan(rdnss):
    return LAN.replace("[RDNSS]", rdnss)


LAUGHS = SECTIONS + "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{b}: &{b} [{','.join(['*' + a] * 10)}]\n" for a, b in zip("abcdefghi", "bcdefghij"))

# name: (machines file, sections file or None for SECTIONS, [(file, line, column, words)])
TRAPS = {
    "clean": (GOOD, None, []),
    "duplicate machine": (GOOD + good("m1", "m1"), None, [(M, 5, 1, "already defined"), (M, 1, 1, "the first")]),
    "duplicate field": (good("ipv6:", "ip:"), None, [(M, 4, 3, "already defined"), (M, 3, 3, "the first")]),
    "duplicate in braces": ("m1: { ip: 192.0.2.1, ip: 192.0.2.2 }\n", None,
                            [(M, 1, 22, "already defined"), (M, 1, 7, "the first")]),
    "duplicate section": (GOOD, SECTIONS + "groups:\n  h: {}\n", [(S, 4, 1, "already defined"), (S, 2, 1, "the first")]),
    "sexagesimal address": (good("2001:db8::1", "2001:10:20:30:40:50:51:52"), None, []),
    "sexagesimal misuse": (good("192.0.2.1", "1:30"), None, [(M, 3, 7, '"1:30"')]),
    "words that YAML 1.1 types": (good("[g]", "[no, on, yes, y, off, null, 1, 1e3, 0x1f, 012]"),
                                  SECTIONS + "".join(f"  {w}: {{}}\n" for w in "no on yes y off null 1 1e3 0x1f 012".split()),
                                  []),
    # what an editor, a word processor or version control leaves behind
    "merge conflict": ("m1:\n<<<<<<< HEAD\n  ip: 192.0.2.1\n=======\n  ip: 192.0.2.2\n>>>>>>> b\n", None,
                       [(M, 2, 1, "merge conflict")]),
    "no-break space behind the colon": (good("ip: 1", "ip:\u00a01"), None, [(M, 3, 6, "no-break space")]),
    "no-break space as indentation": (good("  ip:", "\u00a0 ip:"), None, [(M, 3, 1, "no-break space")]),
    "no-break space in a comment": (good("192.0.2.1", "192.0.2.1 #\u00a0x"), None, []),
    "no-break space in an address": (good("192.0.2.1", "192.0.2.1\u00a0"), None, [(M, 3, 7, "U+00A0")]),
    "typographic quotes": (good("192.0.2.1", "\u201c192.0.2.1\u201d"), None, [(M, 3, 7, "typographic quote")]),
    "typographic dash": (GOOD, SECTIONS + "services: { s: { tcp: [22\u201325] } }\n", [(S, 4, 24, "typographic dash")]),
    "half a pair of quotes": (good("192.0.2.1", '192.0.2.1"'), None, [(M, 3, 7, "has none at its start")]),
    "a comment without a blank": (good("192.0.2.1", "192.0.2.1# x"), None, [(M, 3, 7, "before its #")]),
    "a range of ports": (GOOD, SECTIONS + "services: { s: { tcp: 22-25 } }\n", [(S, 4, 23, "list the numbers")]),
    "address without a key": (good("ip: 192.0.2.1", "2001:db8::1"), None, [(M, 3, 3, COLON)]),
    "no dash": (GOOD, SECTIONS + "services: { s: {} }\npolicy:\n  - { name: a, from: any, to: g, allow: s }\n"
                "  { name: b, from: any, to: g, allow: s }\n", [(S, 7, 3, 'write "- "')]),
    "no dash at the end": (GOOD, SECTIONS + "services: { s: {} }\npolicy:\n  { name: b, from: any, to: g, allow: s }\n"
                           "  - { name: a, from: any, to: g, allow: s }\n", [(S, 7, 3, "mapping")]),
    "nothing in a list of mappings": (GOOD, SECTIONS + "policy:\n", [(S, 4, 1, "[] for none")]),
    "two addresses": (good("192.0.2.1", "[192.0.2.1, 192.0.2.3]"), None, [(M, 3, 7, "one value")]),
    "a mapping of groups": (good("[g]", "{ g: }"), None, [(M, 2, 11, "[a, b]")]),
    # names
    "machine among the sections": (GOOD, SECTIONS + "m9.example.net: {}\n", [(S, 4, 1, "folder machines/")]),
    "misspelt section": (good("[g]", "[g, h]"), SECTIONS + "group: { h: {} }\n", [(S, 4, 1, "did you mean groups")]),
    "capitals": (good("ipv6", "IPv6"), None, [(M, 4, 3, "did you mean ipv6?")]),
    "the field that is not there yet": (good("ipv6", "ip6"), None, [(M, 4, 3, "did you mean ipv6?")]),
    "machine without its domain": (GOOD, LAN.replace("m1.example.net", "m1").replace("[RDNSS]", "[]"),
                                   [(S, 5, 16, "did you mean m1.example.net?")]),
    "another machine of the domain": (GOOD, LAN.replace("m1.example", "gateway.example").replace("[RDNSS]", "[]"),
                                      [(S, 5, 16, "define it in machines/")]),
    "no is the group of that name": (good("[g]", "[no]"), None, [(M, 2, 12, 'called "no"')]),
    # an address ending in ::
    "colons in a block": (good("2001:db8::1", "2001:db8::"), None, [(M, 4, 9, QUOTE)]),
    "colons in a block, last byte": (good("2001:db8::1\n", "2001:db8::"), None, [(M, 4, 9, QUOTE)]),
    "colons before a comment": (good("2001:db8::1", "2001:db8::   # why"), None, [(M, 4, 9, QUOTE)]),
    "colons before another field": (good("2001:db8::1", "2001:db8::") + "  comment: x\n", None, [(M, 4, 9, QUOTE)]),
    "colons in brackets": (GOOD, lan("[2001:db8::, 2001:db8::1]"), [(S, 5, 54, QUOTE)]),
    "colons at the end of brackets": (GOOD, lan("[2001:db8::1, 2001:db8::]"), [(S, 5, 67, QUOTE)]),
    "colons alone in brackets": (GOOD, lan("[2001:db8::]"), [(S, 5, 54, QUOTE)]),
    "colons in braces": ("m1: { ip: 192.0.2.1, ipv6: 2001:db8:: }\n", None, [(M, 1, 28, QUOTE)]),
    "colons in braces, no blank": ("m1: { ip: 192.0.2.1, ipv6: 2001:db8::}\n", None, [(M, 1, 28, QUOTE)]),
    "colons in braces, then a comma": ("m1: { ipv6: 2001:db8::, ip: 192.0.2.1 }\n", None, [(M, 1, 13, QUOTE)]),
    "colons in a block list": (GOOD, lan("\n      [x]").replace("{", "").replace("}", "").replace(
        ", interface: e, rdnss: \n      [x]", "\n    interface: e\n    rdnss:\n      - 2001:db8::\n      - 2001:db8::1"
    ).replace("l:  router", "l:\n    router").replace("checks:  documentation-prefix: ignore ",
                                                      "checks: { documentation-prefix: ignore }").replace("g: ", "g: {}"),
        [(S, 9, 9, QUOTE)]),
    "colons as a key": (GOOD + "  other_ips6:\n    2001:db8:::\n      comment: two colons\n", None, []),
    "colons in quotes": (good("2001:db8::1", '"2001:db8::"'), None, []),
    # blanks
    "tab instead of spaces": (good("  ip:", "\tip:"), None, [(M, 3, 1, "tab")]),
    "tab behind spaces": (good("  ip:", "  \tip:"), None, [(M, 3, 3, "tab")]),
    "tab behind spaces, above a value": (good("  ipv6:", "  \tipv6:"), None, [(M, 4, 3, "tab")]),
    "tab on the first field": (good("  groups:", "\tgroups:"), None, [(M, 2, 1, "tab")]),
    "tab before a value": (good("ip: 192", "ip:\t192"), None, []),
    "tab in a blank line": (GOOD + "\t\n" + OTHER, None, [(M, 5, 1, "tab")]),
    "tab in a comment below an error": (good("  ip:", "  ip") + "\t# note\n", None, [(M, 3, 3, COLON)]),
    "too deep": (good("  ip:", "   ip:"), None, [(M, 3, 4, "indentation")]),
    "too deep below a value": (good("  ipv6:", "   ipv6:"), None, [(M, 4, 4, "indented deeper")]),
    "the first line too deep": (good("m1", " m1") + OTHER, None, [(M, 5, 1, "indentation")]),
    "the first item too deep": (good("[g]", "\n     - g\n    - g"), None, [(M, 4, 5, "indentation")]),
    "not deep enough": (good("  ip:", " ip:"), None, [(M, 3, 2, "indentation")]),
    "a field at the margin": (good("  ipv6:", "ipv6:"), None, [(M, 4, 1, "is a field of machine")]),
    # what is missing
    "no colon": (good("  ip:", "  ip"), None, [(M, 3, 3, COLON)]),
    "no colon on the first field": (good("groups:", "groups"), None, [(M, 2, 3, COLON)]),
    "no colon on the last field": (good("ipv6:", "ipv6"), None, [(M, 4, 3, COLON)]),
    "no colon behind a name": (good("net:", "net"), None, [(M, 1, 1, COLON)]),
    "no colon behind a later name": (GOOD + good("net:", "net", OTHER), None, [(M, 5, 1, COLON)]),
    "no blank behind the colon": (good("ip: ", "ip:"), None, [(M, 3, 3, "colon without a blank")]),
    "no value": (good("192.0.2.1", ""), None, [(M, 3, 3, "no value")]),
    "no fields": ("m1:\n", None, [(M, 1, 1, "no value")]),
    "no section": (GOOD, SECTIONS + "endpoints:\n", [(S, 4, 1, "no value")]),
    "quote": (good("192.0.2.1", '"192.0.2.1'), None, [(M, 3, 7, OPEN)]),
    "single quote": (good("192.0.2.1", "'192.0.2.1"), None, [(M, 3, 7, OPEN)]),
    "quote, closed by accident": (good("192.0.2.1", '"192.0.2.1') + '  comment: "x"\n', None, [(M, 3, 7, OPEN)]),
    "bracket": (good("[g]", "[g"), None, [(M, 2, 11, OPEN)]),
    "bracket at the end": (GOOD + "  other: [g", None, [(M, 5, 10, OPEN)]),
    "brace": ("m1: { ip: 192.0.2.2\n" + OTHER, None, [(M, 1, 5, OPEN)]),
    "extra bracket": (good("[g]", "[g]]"), None, [(M, 2, 14, "closing bracket")]),
    "comma": (good("[g]", "{ a: b c: d }"), None, [(M, 2, 19, "")]),
    # more of YAML
    "anchors": (GOOD.replace("[g]", "&all [g]") + OTHER.replace("[g]", "*all"), None, []),
    "a mistake behind an anchor counts once": (GOOD.replace("[g]", "&all [h]") + OTHER.replace("[g]", "*all"), None,
                                               [(M, 2, 17, 'called "h"')]),
    "alias without anchor": (good("[g]", "*nope"), None, [(M, 2, 11, 'no anchor "nope"')]),
    "recursive alias": (good("[g]", "&a [*a]"), None, [(M, 2, 15, "inside its own anchor")]),
    "merge key": (GOOD.replace("net:", "net: &m") + "m2:\n  <<: *m\n", None, [(M, 6, 3, "merge keys")]),
    "two documents": (GOOD + "---\n" + OTHER, None, [(M, 6, 1, "one document")]),
    "document marks": ("---\n" + GOOD + "...\n", None, []),
    "YAML 1.1": ("%YAML 1.1\n---\n" + GOOD, None, [(M, 1, 1, "YAML 1.2")]),
    "tag": (good("192.0.2.1", "!include x"), None, [(M, 3, 7, "tags")]),
    "tag on a list": (good("[g]", "!!set [g]"), None, [(M, 2, 11, "tags")]),
    "text tag": (good("192.0.2.1", "!!str 192.0.2.1"), None, []),
    "complex key": ("? [a]\n: { ip: 192.0.2.1 }\n", None, [(M, 1, 3, "plain word")]),
    "empty name": ("'': {}\n", None, [(M, 1, 1, "not a name")]),
    "a name that leaves the folder": ("../x: {}\n", None, [(M, 1, 1, "not a name")]),
    "block scalar": (GOOD + "  comment: |\n    two\n    lines\n", None, []),
    "block scalar for an address": (good("192.0.2.1", "|\n    192.0.2.300"), None, [(M, 4, 5, "not an IPv4 address")]),
    "value continued by accident": (good("192.0.2.1\n", "192.0.2.1\n    comment\n"), None, [(M, 4, 5, "continues")]),
    "comment continued on purpose": (GOOD + "  comment: a long\n    story\n", None, []),
    "a list for a value": (good("192.0.2.1", "[192.0.2.1]"), None, [(M, 3, 7, "not a list")]),
    "a value for a list": (good("[g]", "g"), None, []),
    "a scalar file": ("hello\n", None, [(M, 1, 1, "a mapping from names to machines")]),
    "a list file": ("- a\n", None, [(M, 1, 1, "a mapping from names to machines")]),
    "empty file": ("", None, []),
    "only comments": ("# one\n\n# two\n", None, []),
    # bytes
    "byte order mark": ("\ufeff" + GOOD, None, []),
    "byte order mark and a mistake": ("\ufeff" + good("192.0.2.1", "x"), None, [(M, 3, 7, "not an IPv4 address")]),
    "CRLF": (GOOD.replace("\n", "\r\n"), None, []),
    "CRLF and a mistake": (good("192.0.2.1", "x").replace("\n", "\r\n"), None, [(M, 3, 7, '"x"')]),
    "CR": (GOOD.replace("\n", "\r"), None, [(M, 1, 16, "0x0d")]),
    "not UTF-8": (GOOD.encode().replace(b"192", b"\xff192"), None, [(M, 3, 7, "0xff")]),
    "overlong UTF-8": (GOOD.encode().replace(b"192", b"\xc0\xaf"), None, [(M, 3, 7, "0xc0")]),
    "UTF-16": (GOOD.encode("utf-16"), None, [(M, 1, 1, "UTF-8")]),
    "zero byte": (good("192", "1\x0092"), None, [(M, 3, 8, "0x00")]),
    "zero byte as an escape": (good("[g]", '["g\\0x"]'), None, [(M, 2, 12, "zero byte")]),
    "control character": (good("192", "1\x1b92"), None, [(M, 3, 8, "0x1b")]),
    "columns count characters": ("m1: { comment: \"日本😀\", ip: 192.0.2.300 }\n", None, [(M, 1, 27, "192.0.2.300")]),
    # too much
    "10 000 brackets": (good("[g]", "[" * 10000 + "]" * 10000), None, [(M, 2, 73, "64 levels")]),
    "10 000 braces": (good("[g]", "{a: " * 10000 + "}" * 10000), None, [(M, 2, 259, "64 levels")]),
    "10 000 levels": ("".join(" " * i + "a:\n" for i in range(10000)), None, [(M, 65, 65, "64 levels")]),
    "10 000 dashes": ("- " * 10000 + "a\n", None, [(M, 1, 129, "64 levels")]),
    "billion laughs": (GOOD, LAUGHS, [(S, 9, 32, "aliases stand for more than")]),
}


def write_estate(folder, machines, sections=None, **more):
    (folder / "machines").mkdir(parents=True)
    for name, text in {M: machines, S: sections or SECTIONS, **more}.items():
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def findings(hextet, folder, **options):
    done = hextet("check", "--output", "json", "estate", cwd=folder, **options)
    return done, [f for f in json.loads(done.stdout) if f["check"] in LOADING]


# What loading reports; everything else is the business of the checks.
LOADING = {"yaml-syntax", "yaml-limit", "yaml-encoding", "duplicate-key", "bad-value", "host-bits", "unknown-key",
           "unknown-name", "missing-key", "file"}


def words_of(finding):
    return f"{finding['message']} | {finding['hint']}"


@pytest.mark.parametrize("name", TRAPS)
def test_trap(hextet, tmp_path, name):
    machines, sections, expected = TRAPS[name]
    write_estate(tmp_path / "estate", machines, sections)
    done, found = findings(hextet, tmp_path)
    assert [(f["file"].removeprefix("estate/"), f["line"], f["col"]) for f in found] == [e[:3] for e in expected], found
    for finding, (*_, words) in zip(found, expected):
        assert words in words_of(finding)
    assert done.returncode == 1 or not expected
    assert done.stderr == ""


def test_empty_file(hextet, tmp_path):
    """Nothing asks for its machines: only the file itself can tell."""
    write_estate(tmp_path / "estate", GOOD, **{"machines/n.yaml": "", "machines/o.yaml": "# later\n"})
    done = hextet("check", "--output", "json", "estate", cwd=tmp_path)
    assert done.returncode == 0
    assert [(f["file"], f["severity"]) for f in json.loads(done.stdout) if f["check"] == "empty-file"] == [
        ("estate/machines/n.yaml", "warning")]


def test_what_is_shown_of_bytes_that_are_no_text(hextet, tmp_path):
    write_estate(tmp_path / "estate", GOOD)
    (tmp_path / "estate/b.yaml").write_bytes(b"a: \xc2\x9b2J \xff\xfe \xc3\xa9 \xc3\n")
    done = hextet("check", "estate", cwd=tmp_path, input=b"")
    assert "    1 | a: .2J .. \u00e9 .\n".encode() in done.stdout


def test_duplicate_in_two_files(hextet, tmp_path):
    write_estate(tmp_path / "estate", GOOD, **{"machines/n.yaml": OTHER + GOOD})
    done, found = findings(hextet, tmp_path)
    assert done.returncode == 1
    assert [(f["file"], f["line"], f["col"], f["severity"]) for f in found if f["check"] == "duplicate-key"] == [
        ("estate/machines/n.yaml", 5, 1, "error"), ("estate/machines/m.yaml", 1, 1, "note")]


def test_aliased_sections_can_be_spread_over_files(hextet, tmp_path):
    """The items of two sections are the same nodes: joining one with a second file must not touch the other."""
    write_estate(tmp_path / "estate", GOOD, SECTIONS.replace("groups:", "groups: &x") + "services: *x\n",
                 **{"t.yaml": "groups: { h: {}, i: {} }\nservices: { j: {} }\n"})
    done, found = findings(hextet, tmp_path)
    assert [f for f in found if f["severity"] == "error"] == []


def test_messages_cannot_drive_the_terminal(hextet, tmp_path):
    write_estate(tmp_path / "estate", good("192.0.2.1", '"\\e[2J\\n"'))
    done = hextet("check", "estate", cwd=tmp_path)
    assert done.returncode == 1
    assert "\x1b" not in done.stdout
    assert '".[2J." is not an IPv4 address' in done.stdout


def test_file_names_cannot_drive_the_terminal(hextet, tmp_path):
    """C0, C1 and the override of the direction, in a name that is not UTF-8 either."""
    write_estate(tmp_path / "estate", GOOD)
    name = os.fsencode(tmp_path / "estate") + b"/\xff\x1b[2J\xc2\x9b2J\xe2\x80\xae\n.yaml"
    with open(name, "w", encoding="utf-8") as f:
        f.write("groups: { h: 1 }\n")
    done = hextet("check", "estate", cwd=tmp_path)
    assert "estate/..[2J.2J...yaml:1:14: error:" in done.stdout
    done = hextet("check", "--output", "json", "estate", cwd=tmp_path)
    assert [f["file"] for f in json.loads(done.stdout)] == ["estate/\ufffd\x1b[2J\x9b2J\u202e\n.yaml"]
    assert not {"\x1b", "\x9b", "\u202e"} & set(done.stdout)


def test_a_file_that_does_not_parse_has_no_consequences(hextet, tmp_path):
    """Names that it may hold are not missed, and what was read is still checked."""
    write_estate(tmp_path / "estate", good("ip:", "ip"), SECTIONS + "lans:\n  l: { router: m1.example.net, "
                 "interface: e }\n  k: { router: x, interface: e, ipv6: 2001:db8::1/64 }\n")
    done, found = findings(hextet, tmp_path)
    assert [(f["file"], f["line"], f["col"]) for f in found] == [("estate/s.yaml", 6, 39), ("estate/machines/m.yaml", 3, 3)]


def test_a_misspelt_family_is_one_mistake(hextet, tmp_path):
    """What a check could say about the machine would only be a consequence."""
    write_estate(tmp_path / "estate", good("ipv6:", "ipv66:"))
    done = hextet("check", "--output", "json", "estate", cwd=tmp_path)
    found = [f for f in json.loads(done.stdout) if f["file"].endswith("m.yaml")]
    assert [(f["line"], f["col"], f["check"], f["hint"]) for f in found] == [(4, 3, "unknown-key", "did you mean ipv6?")]


def test_hundred_megabytes_are_refused_at_once(hextet, tmp_path):
    write_estate(tmp_path / "estate", GOOD)
    with open(tmp_path / "estate" / "big.yaml", "wb") as f:
        f.truncate(100 << 20)
    done, found = findings(hextet, tmp_path, timeout=5)
    assert [(f["file"], f["line"], f["check"]) for f in found] == [("estate/big.yaml", 0, "yaml-limit")]
    assert "64 MiB" in found[0]["message"]


def limited_run(path, folder, megabytes):
    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))

    return subprocess.run([str(path), "check", "estate"], cwd=folder, preexec_fn=limit, capture_output=True, text=True,
                          timeout=20)


@pytest.mark.parametrize("text", [b"\x00" * (100 << 20), LAUGHS.encode(), b"[{a: " * (4 << 20)],
                         ids=["100 MB", "billion laughs", "8 M brackets"])
def test_hostile_files_take_little_memory(release_path, tmp_path, text):
    write_estate(tmp_path / "estate", GOOD, **{"t.yaml": text})
    done = limited_run(release_path, tmp_path, 200)
    assert done.returncode == 1, done.stderr
    assert "yaml-limit" in done.stdout


@pytest.mark.parametrize("text", ["groups: { a: [" + "x, " * 200000 + "}\n", "groups: [\n" + "x,\n" * 200000 + "}\n"],
                         ids=["a line", "lines"])
def test_a_long_way_back_to_the_bracket(hextet, tmp_path, text):
    """What explains a mistake reads the text once."""
    write_estate(tmp_path / "estate", GOOD, text)
    done, found = findings(hextet, tmp_path, timeout=10)
    assert [(f["file"], f["line"], f["col"]) for f in found] == [("estate/s.yaml", 1, text.index("[") + 1)]
    assert OPEN in found[0]["message"]


def test_many_unknown_names_end_in_time(release_path, tmp_path):
    """10 000 wrong names among 10 000 right ones: not 100 M comparisons."""
    names = "".join(f"  group-number-{n}: {{}}\n" for n in range(10000))
    machines = "".join(f"m{n}: {{ groups: [group-nomber-{n}] }}\n" for n in range(10000))
    write_estate(tmp_path / "estate", machines, "groups:\n" + names)
    done = subprocess.run([str(release_path), "check", "--output", "json", "estate"], cwd=tmp_path, capture_output=True,
                          text=True, timeout=5)
    assert sum(f["check"] == "unknown-name" for f in json.loads(done.stdout)) == 10000


# The folder itself.
def test_one_error_does_not_drown(hextet, top, tmp_path):
    """While estate.yaml cannot be read, nobody knows which warnings it silences."""
    estate = shutil.copytree(top / "examples/streaming", tmp_path / "estate")
    text = (estate / "estate.yaml").read_text()
    (estate / "estate.yaml").write_text(text.replace("documentation-prefix:", "documentation-prefix"))
    done, found = findings(hextet, tmp_path)
    assert [(f["file"], f["severity"]) for f in found] == [("estate/estate.yaml", "error")]
    assert done.returncode == 1


def test_a_folder_without_yaml(hextet, tmp_path):
    done = hextet("check", tmp_path)
    assert done.returncode == 3 and "no .yaml file" in done.stderr


def test_a_file_in_place_of_the_folder(hextet, tmp_path):
    (tmp_path / "x.yaml").write_text(GOOD)
    done = hextet("check", tmp_path / "x.yaml")
    assert done.returncode == 3 and "is not a folder" in done.stderr


def test_no_folder(hextet, tmp_path):
    done = hextet("check", tmp_path / "none")
    assert done.returncode == 3 and "No such file" in done.stderr


def one_file_finding(hextet, tmp_path, **options):
    done, found = findings(hextet, tmp_path, **options)
    assert done.returncode == 3
    assert [(f["line"], f["col"], f["check"], f["severity"]) for f in found] == [(0, 0, "file", "error")]
    return found[0]["file"], words_of(found[0])


def test_dangling_symlink(hextet, tmp_path):
    (write_estate(tmp_path / "estate", GOOD) / "x.yaml").symlink_to("nowhere")
    assert one_file_finding(hextet, tmp_path) == (
        "estate/x.yaml", "cannot read the file: No such file or directory | "
        "it is a symbolic link that leads nowhere: mend it or remove it")


def test_folder_named_like_a_file(hextet, tmp_path):
    (write_estate(tmp_path / "estate", GOOD) / "x.yaml").mkdir()
    assert "not a regular file" in one_file_finding(hextet, tmp_path)[1]


def test_pipe(hextet, tmp_path):
    os.mkfifo(write_estate(tmp_path / "estate", GOOD) / "x.yaml")
    assert "not a regular file" in one_file_finding(hextet, tmp_path, timeout=5)[1]


def test_machines_is_a_file(hextet, tmp_path):
    folder = tmp_path / "estate"
    folder.mkdir()
    (folder / "s.yaml").write_text(SECTIONS)
    (folder / "machines").write_text(GOOD)
    assert one_file_finding(hextet, tmp_path)[0] == "estate/machines"


def without_root_powers():
    """Root reads every file, unless CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH are taken from what it may execute."""
    if os.geteuid() == 0:
        for capability in (1, 2):
            assert ctypes.CDLL(None).prctl(24, capability, 0, 0, 0) == 0  # PR_CAPBSET_DROP


def test_unreadable_file(hextet, tmp_path):
    path = write_estate(tmp_path / "estate", GOOD, **{"t.yaml": "estate: x\n"}) / "t.yaml"
    path.chmod(0)
    file, words = one_file_finding(hextet, tmp_path, preexec_fn=without_root_powers)
    assert file == "estate/t.yaml" and "Permission denied" in words
