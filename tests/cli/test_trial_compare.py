# SPDX-License-Identifier: Apache-2.0
"""`hextet trial compare`: two reports, and what became of the findings."""
import json

import pytest
from test_trial_report import family, finding, result


@pytest.fixture
def compare(hextet, tmp_path):
    """compare(old, new, *args) -> (exit status, [(change, name, kind), …])"""
    def run(old, new, *args):
        for name, value in (("old.json", old), ("new.json", new)):
            (tmp_path / name).write_text(value if isinstance(value, str) else json.dumps(value))
        done = hextet("trial", "compare", *args, "--output", "json", tmp_path / "old.json", tmp_path / "new.json")
        assert done.returncode in (0, 1), done.stderr
        return done.returncode, [(d["change"], d["name"], d.get("kind")) for d in json.loads(done.stdout)]
    return run


A, B = "https://a.example/", "https://b.example/"


def test_same(compare):
    both = [result(A, [finding()]), result(B)]
    assert compare(both, both) == (0, [])
    assert compare(both, both[::-1]) == (0, [])
    assert compare([], []) == (0, [])


def test_better_and_worse(compare):
    good, bad = result(A), result(A, [finding("status", 6, "IPv4 200, IPv6 403")])
    assert compare([good], [bad]) == (1, [("worse", A, "status")])
    assert compare([bad], [good]) == (0, [("better", A, "status")])


def test_other_words_are_the_same_finding(compare):
    assert compare([result(A, [finding("body", 0, "line 1")])], [result(A, [finding("body", 0, "line 2")])]) == (0, [])
    assert compare([result(A, [finding("body", 4)])], [result(A, [finding("body", 6)])])[0] == 1


def test_headers_are_told_apart(compare):
    server, via = finding("header", 0, '"Server": IPv4 "a", IPv6 "b"'), finding("header", 0, '"Via": IPv4 "a", IPv6 "b"')
    again = finding("header", 0, '"Server": IPv4 "a", IPv6 "c"')
    assert compare([result(A, [server])], [result(A, [again, via])]) == (1, [("worse", A, "header")])


def test_new_and_gone(compare):
    assert compare([result(A)], [result(B)]) == (0, [("new", B, None), ("gone", A, None)])
    assert compare([result(A)], [result(A), result(B, [finding()])]) == (1, [("new", B, None), ("worse", B, "body")])


def test_names_count_not_urls(compare):
    """The same URL at two machines."""
    one, two = result(A, name=A + " at m1"), result(A, [finding()], name=A + " at m2")
    assert compare([one, two], [two, one]) == (0, [])


def test_slower(compare):
    quick, slow = ([base + i * 7 for i in range(10)] for base in (20_000, 200_000))
    a, b = result(A, v6=family("2001:db8::1", quick)), result(A, v6=family("2001:db8::1", slow))
    assert compare([a], [b]) == (1, [("worse", A, "time")])
    assert compare([b], [a]) == (0, [("better", A, "time")])
    few = result(A, v6=family("2001:db8::1", slow[:3]))
    assert compare([a], [few]) == (0, [])


def test_json_lines(compare):
    lines = "".join(json.dumps(r) + "\n" for r in [result(A), result(B)])
    assert compare(lines, [result(A), result(B)]) == (0, [])


@pytest.mark.parametrize("text, words", [
    ("[", "line 1"), ("{}", "has no \"url\""), ("[1]", "has no \"url\""), ('[{"url":"x"}]', "has no list"),
    ('[{"url":"x","findings":[{"kind":"odd","family":4}]}]', "without a known kind"),
    ('[{"url":"x","findings":[{"kind":"body","family":5}]}]', "4, 6 or 0"),
    ('[{"url":"x","findings":[],"ipv4":{"address":"::1::"}}]', "an address is none"),
    ('[{"url":"x","findings":[]}]\n\nnonsense', "line"),
])
def test_broken_reports(hextet, tmp_path, text, words):
    (tmp_path / "bad.json").write_text(text)
    (tmp_path / "good.json").write_text("[]")
    for files in (("bad.json", "good.json"), ("good.json", "bad.json")):
        done = hextet("trial", "compare", *(tmp_path / f for f in files))
        assert done.returncode == 3 and "bad.json: " in done.stderr and words in done.stderr


def test_text_and_usage(hextet, tmp_path):
    (tmp_path / "old.json").write_text(json.dumps([result(A), result(B)]))
    (tmp_path / "new.json").write_text(json.dumps([result(A, [finding("body", 0, "a\x1b[31m")])]))
    done = hextet("trial", "compare", tmp_path / "old.json", tmp_path / "new.json")
    assert done.returncode == 1
    assert done.stdout == (f"worse  {A}: body: a\\x1b[31m\ngone   {B}\n1 worse, 0 better; 0 URLs new, 1 gone\n")
    assert hextet("trial", "compare", "a").returncode == 2
    assert hextet("trial", "compare", "a", "b", "c").returncode == 2
    missing = hextet("trial", "compare", tmp_path / "none.json", tmp_path / "new.json")
    assert missing.returncode == 3 and "none.json" in missing.stderr
