# SPDX-License-Identifier: Apache-2.0
"""hextet scan: which files are read (git is the oracle), what is found there, what excludes a place, and each output."""
import json
import random
import shutil
import subprocess
import urllib.parse

import pytest

JAVA = """// inet_addr( in a comment
class Geo {
    Map<String, String> load(Row row) {
        for (String a : new SubnetUtils(row.network).getInfo().getAllAddresses()) {
            map.put(a, row.country);
        }
    }
}
"""
PYTHON = """import re
LINE = re.compile(r'^(?P<client_ip>[0-9.]+) - ')
GOOD = re.compile(r'^(?P<client_ip>[0-9a-fA-F:.]+) - ')
"""


@pytest.fixture
def scan(hextet, tmp_path):
    """scan({file: text}, *args) -> (exit status, [(file, line, id), …])"""

    def run(files, *args):
        top = tmp_path / "tree"
        shutil.rmtree(top, ignore_errors=True)
        for name, text in files.items():
            (top / name).parent.mkdir(parents=True, exist_ok=True)
            (top / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        done = hextet("scan", "--output", "jsonl", *args, top)
        found = [json.loads(line) for line in done.stdout.splitlines()]
        return done.returncode, [(f["file"].removeprefix(f"{top}/"), f["line"], f["id"]) for f in found]

    run.top = tmp_path / "tree"
    return run


def test_the_talks_two_places(scan):
    status, found = scan({"Geo.java": JAVA, "parser.py": PYTHON})
    assert status == 1
    assert found == [("Geo.java", 4, "subnet-utils"), ("Geo.java", 4, "enumerate-network"), ("parser.py", 2, "ipv4-regex")]


def test_nothing(scan):
    assert scan({"a.c": "int main(void) { return 0; }\n", "b.bin": b"\0inet_addr("}) == (0, [])


def test_as_text(hextet, tmp_path):
    (tmp_path / "a.c").write_text("\n\tx = \u00e4; a = inet_addr(text);\n")
    done = hextet("scan", tmp_path)
    assert done.returncode == 1
    assert "a.c:2:13: error: inet_addr() reads IPv4 addresses only [inet-addr]\n" in done.stdout
    assert "hint: getaddrinfo()" in done.stdout and "1 place in 1 file;" in done.stderr


@pytest.mark.parametrize("text, left", [
    ("inet_addr(a); // hextet-scan: ignore\n", 0), ("// hextet-scan: ignore\ninet_addr(a);\ninet_addr(b);\n", 1),
    ("inet_addr(a); /* hextet-scan: ignore[inet-addr] */\n", 0), ("inet_addr(a); // hextet-scan: ignore[loopback]\n", 1),
    ("inet_addr(a);\n// hextet-scan: ignore-file\ninet_addr(b);\n", 0), ("x(\"hextet-scan: ignore\"); inet_addr(a);\n", 1),
    ("/* hextet-scan: ignore[a, inet-addr] */ \ninet_addr(a);\n", 0),
    ("/* hextet-scan: ignore-file[loopback] */ inet_addr(a);\n", 1),
    ("/* hextet-scan: ignore */ /* hextet-scan: ignore */ inet_addr(a);\ninet_addr(b);\n", 0),
    ("/* hextet-scan: ignore\n*/\ninet_addr(a);\n", 0), ("\n  /* hextet-scan: ignore */", 0),
    ("x(); /* hextet-scan: ignore\n*/ inet_addr(a);\n", 1)])
def test_ignore_comments(scan, text, left):
    status, found = scan({"a.c": text})
    assert len(found) == left and status == (left > 0)


def test_rules_and_severity(scan):
    files = {"a.c": 'inet_addr("127.0.0.1");\n'}
    assert {f[2] for f in scan(files)[1]} == {"inet-addr", "loopback"}
    assert [f[2] for f in scan(files, "--severity", "warning")[1]] == ["inet-addr"]
    assert [f[2] for f in scan(files, "--rule", "loopback")[1]] == ["loopback"]


def test_languages_by_name_and_first_line(scan, hextet):
    files = {"tool": "#!/usr/bin/env -S python3 -u\ns = socket.socket()\n", "other": "inet_addr(a)\n", "a.h": "inet_addr(a);\n"}
    assert scan(files) == (1, [("a.h", 1, "inet-addr"), ("tool", 2, "socket-default")])
    done = hextet("scan", "--language", "c", scan.top / "other")
    assert done.returncode == 1 and "[inet-addr]" in done.stdout


def test_baseline(scan, hextet):
    top = scan.top
    scan({"a.c": "inet_addr(a);\n\ninet_addr(b);\n"})
    known = top.parent / "known"
    assert hextet("scan", "--write-baseline", known, top).returncode == 0
    assert len(known.read_text().splitlines()) == 2
    (top / "a.c").write_text("int moved;\n\n  inet_addr( a );\ninet_addr(b);\n")
    assert hextet("scan", "--baseline", known, top).returncode == 0
    (top / "a.c").write_text("inet_addr(a);\ninet_addr(a);\ninet_addr(b);\n")
    done = hextet("scan", "--baseline", known, "--output", "jsonl", top)
    assert done.returncode == 1 and [json.loads(x)["line"] for x in done.stdout.splitlines()] == [2]
    known.write_text("nonsense\n")
    done = hextet("scan", "--baseline", known, top)
    assert done.returncode == 2 and f"{known}:1: not a line of a baseline" in done.stderr


def test_a_baseline_needs_every_file(scan, hextet):
    scan({"a.c": "inet_addr(a);\n"})
    known = scan.top.parent / "known"
    known.write_text("old\n")
    done = hextet("scan", "--write-baseline", known, scan.top, scan.top / "none")
    assert done.returncode == 3 and f"{known} was not written" in done.stderr and known.read_text() == "old\n"


def test_sarif_paths_are_uris(scan, hextet):
    scan({"a b#\u00e4%.c": "inet_addr(a);\n"})
    out = scan.top.parent / "out.sarif"
    assert hextet("scan", "--sarif", out, scan.top).returncode == 1
    [result] = json.loads(out.read_text())["runs"][0]["results"]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == urllib.parse.quote(str(scan.top / "a b#\u00e4%.c"))


def test_sarif(scan, hextet):
    scan({"a.c": "\u00fc(); inet_addr(a);\n"})
    out = scan.top.parent / "out.sarif"
    assert hextet("scan", "--sarif", out, scan.top).returncode == 1
    report = json.loads(out.read_text())
    [run] = report["runs"]
    [result] = run["results"]
    assert report["version"] == "2.1.0" and result["ruleId"] in {r["id"] for r in run["tool"]["driver"]["rules"]}
    assert result["level"] == "error" and result["message"]["text"]
    place = result["locations"][0]["physicalLocation"]
    assert place["region"] == {"startLine": 1, "startColumn": 6, "endColumn": 16}
    assert place["artifactLocation"]["uri"].endswith("a.c")


def test_list(hextet):
    rules = json.loads(hextet("scan", "--list", "--output", "json").stdout)
    assert len(rules) >= 60 and all(r["why"] and r["fix"] and r["example"] and r["languages"] for r in rules)
    assert len({r["id"] for r in rules}) == len(rules)
    assert "why:" in hextet("scan", "--list").stdout


def test_what_cannot_be_read(hextet, tmp_path):
    done = hextet("scan", tmp_path / "none")
    assert done.returncode == 3 and "No such file" in done.stderr
    (tmp_path / "big.c").write_text("inet_addr(a);" * 1000)
    done = hextet("scan", "--max-size", "1K", tmp_path)
    assert done.returncode == 0 and "big.c: left out" in done.stderr
    done = hextet("scan", "--max-size", "1G", tmp_path)
    assert done.returncode == 2 and "at most 256M" in done.stderr
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "bad.c").write_bytes(b"\xff\xfe inet_addr(\xff);\n")
    done = hextet("scan", tmp_path / "bad.c", tmp_path / "loop" / "bad.c")
    assert done.returncode == 1 and done.stdout.count("[inet-addr]") == 2


NAMES = ["a", "b", "build", "x.c", "y.c", "a.b", "[x]", "#h", "!k", "long name", "B"]
PATTERNS = ["a", "/a", "a/", "*.c", "!x.c", "build/", "/build/*", "!/build/x.c", "a/**", "**/b", "a/**/x.c", "[ab]", "[!a]*", "\\#h",
            "\\!k", "?", "x.*", "*/y.c", "# comment", "", "a/b", "**", "!*/", "b/*/a", "long\\ name", "long name   ", "[a-c].b", "\\[x]",
            "/**/y.c", "a/b/", "!a/b/x.c", "*b*", "[]x]", "***", "a**", "B"]


@pytest.mark.parametrize("seed", range(30))
def test_gitignore_as_git_reads_it(scan, tool, hextet, seed):
    rng, files = random.Random(seed), {}
    for _ in range(40):
        path = "/".join(rng.choice(NAMES) for _ in range(rng.randint(1, 4)))
        if not any(path.startswith(f + "/") or f.startswith(path + "/") or f == path for f in files):
            files[path] = "#!/bin/sh\nping -4 host\n"
    folders = sorted({"/".join(f.split("/")[:i]) for f in files for i in range(len(f.split("/")))})
    for folder in rng.sample(folders, min(3, len(folders))):
        lines = rng.choices(PATTERNS, k=rng.randint(1, 5))
        files[f"{folder}/.gitignore".lstrip("/")] = "\n".join(lines) + rng.choice(["", "\n", "\r\n"])
    found = {f for f, _, _ in scan(files, "--language", "shell")[1]}
    git = ["git", "-C", scan.top]
    env = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run([tool("git"), *git[1:], "init", "-q"], check=True, env=env)
    listed = subprocess.run([*git, "ls-files", "-o", "-z", "--exclude-standard"], check=True, env=env, capture_output=True, text=True)
    expected = {f for f in listed.stdout.split("\0") if f and not f.endswith(".gitignore")}
    assert found == expected
