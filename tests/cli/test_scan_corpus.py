# SPDX-License-Identifier: Apache-2.0
"""hextet scan on the labelled corpus (tests/scan/scan_corpus.py): what it finds is right, and it finds what is there."""
import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scan"))
import scan_corpus  # noqa: E402

LIMIT = 0.98

# Where rules and labels differ, and why it is left so. Kept short: each is a place where a reader is misled.
KNOWN = {
    ("python.pyw", "wildcard", '__version__ = "0.0.0.0"'): "a version of zeros is written like the address",
    ("go.go", "split-port", 'host, port, ok := strings.Cut(target, ":")'):
        "what is called a target has a port in network code, and a rule's name in build tools",
}


@pytest.fixture(scope="module")
def corpus():
    """The corpus, read once."""
    return scan_corpus.read()


@pytest.fixture(scope="module")
def found(corpus, hextet_path, tmp_path_factory):
    """What the program finds in it."""
    return scan_corpus.scan(hextet_path, corpus, tmp_path_factory.mktemp("corpus"))


def test_every_difference_is_known(corpus, found):
    differences = {(p.file, p.rule, corpus.lines[p.file, p.line].strip()) for p in found ^ corpus.hits}
    assert sorted(differences - set(KNOWN)) == [], "rules and labels differ: mend the rule, or the label if it is wrong"
    assert sorted(set(KNOWN) - differences) == [], "no longer differs: take it out of KNOWN"


def test_precision_and_recall(corpus, found):
    qualities = scan_corpus.measure(corpus, found)
    for rule, q in qualities.items():
        print(f"{rule or 'all':20} precision {q.precision:.3f} recall {q.recall:.3f} ({q.right + q.missed} places)")
    assert qualities[None].precision >= LIMIT and qualities[None].recall >= LIMIT


def test_every_rule_has_both_kinds(hextet, corpus):
    rules = {rule["id"] for rule in json.loads(hextet("scan", "--list", "--output", "json").stdout)}
    assert rules - {p.rule for p in corpus.hits} == set(), "no snippet that the rule must find"
    assert rules - {p.rule for p in corpus.fine} == set(), "no snippet that the rule must leave alone"
    assert {p.rule for p in corpus.hits | corpus.fine} - rules == set(), "labels with rules that do not exist"


def test_size_and_languages(corpus):
    assert corpus.snippets >= 300
    assert not corpus.hits & corpus.fine
    languages = {".c", ".cpp", ".java", ".pyw", ".go", ".js", ".ts", ".rb", ".php", ".pl", ".sql", ".sh", ".nginx", ".cfg",
                 ".yaml", ".toml", ".properties"}
    assert languages <= corpus.languages


@pytest.mark.parametrize("line, text, labels", [
    ("x(); // hit: a, b", "x();", [("hit", "a"), ("hit", "b")]),
    ("x # hit: a # fine: b-c", "x", [("fine", "b-c"), ("hit", "a")]),
    ("x /* fine: a */", "x", [("fine", "a")]),
    ("hit: a", "hit: a", []),
    ("# hit: me if you can!", "# hit: me if you can!", [])])
def test_labels_are_read(line, text, labels):
    assert scan_corpus.read_labels(line) == (text, labels)
