# SPDX-License-Identifier: Apache-2.0
"""The labelled corpus of `hextet scan`: how it is read, and how good the rules are on it.

A file in corpus/ is one language; its ending says which (.pyw and .nginx, since tools/lint takes *.py for code of ours,
and nginx is not told from other .conf files by a few lines). Snippets stand between blank lines, and each is scanned as a
file of its own, since many rules look for an excuse elsewhere in the file. What is right for a line is said at its end,
in a comment that is taken off before the scan, so that it may stand where the language has no comments:

    // hit: rule, rule       these rules must find this line
    // fine: rule, rule      these must not, though a search for words would

A line without a label must not be found by any rule. A snippet without a label is a heading, and is scanned all the same.
Labels say what somebody who knows IPv6 would say about the line, not what the rules do.
"""
import json
import re
import subprocess
from collections import Counter
from pathlib import Path
from typing import NamedTuple

CORPUS = Path(__file__).resolve().parent / "corpus"
LABEL = re.compile(r"\s*(?://|#|--|/\*)\s*(hit|fine): ([a-z0-9, -]+?)\s*(?:\*/)?$")


class Place(NamedTuple):
    """One rule and one line of the corpus."""
    file: str
    line: int
    rule: str


class Corpus(NamedTuple):
    """All of it. `snippets` are those with labels; `lines` is what is scanned: {(file, line number): text}."""
    snippets: int
    languages: set
    hits: set
    fine: set
    lines: dict
    starts: dict  # (file, line number of a snippet's first line): its number of lines


def read_labels(line):
    """The line without its labels, and [(kind, rule), …]."""
    labels = []
    while match := LABEL.search(line):
        labels += [(match[1], rule.strip()) for rule in match[2].split(",")]
        line = line[:match.start()]
    return line, labels


def read(folder=CORPUS):
    """The whole corpus."""
    corpus = Corpus(0, set(), set(), set(), {}, {})
    snippets = 0
    for path in sorted(p for p in folder.iterdir() if not p.name.startswith(".")):
        corpus.languages.add(path.suffix)
        start, labelled = None, False
        for number, raw in enumerate([*path.read_text().splitlines(), ""], 1):
            if not raw.strip():
                snippets += labelled
                start, labelled = None, False
                continue
            text, labels = read_labels(raw)
            start = start or number
            corpus.starts[path.name, start] = number - start + 1
            corpus.lines[path.name, number] = text
            labelled |= bool(labels)
            for kind, rule in labels:
                (corpus.hits if kind == "hit" else corpus.fine).add(Place(path.name, number, rule))
    return corpus._replace(snippets=snippets)


def scan(hextet, corpus, folder):
    """The places that `hextet scan` finds; each snippet is a file in the folder."""
    for (name, start), n in corpus.starts.items():
        text = "\n".join(corpus.lines[name, start + i] for i in range(n))
        (folder / f"{start}-{name}").write_text(text + "\n")
    done = subprocess.run([hextet, "scan", "--output", "jsonl", folder], capture_output=True, text=True, check=False)
    if done.returncode != 1:
        raise RuntimeError(f"hextet scan ended with {done.returncode}: {done.stderr}")
    found = set()
    for row in map(json.loads, done.stdout.splitlines()):
        start, _, name = Path(row["file"]).name.partition("-")
        found.add(Place(name, int(start) + row["line"] - 1, row["id"]))
    return found


class Quality(NamedTuple):
    """How many places were right to be found, wrong to be found, and missed."""
    right: int
    wrong: int
    missed: int

    @property
    def precision(self):
        """Of what was found, how much is right. Nothing found is nothing wrong."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def recall(self):
        """Of what is there, how much was found."""
        return self.right / (self.right + self.missed) if self.right + self.missed else 1.0


def measure(corpus, found):
    """{rule: Quality}, with None for all rules together."""
    right, wrong, missed = (Counter(p.rule for p in places)
                            for places in (found & corpus.hits, found - corpus.hits, corpus.hits - found))
    rules = sorted({*right, *wrong, *missed})
    return {rule: Quality(right[rule], wrong[rule], missed[rule]) for rule in rules} | \
        {None: Quality(right.total(), wrong.total(), missed.total())}
