# SPDX-License-Identifier: Apache-2.0
"""README's table of systems: every target is in a row, and every test that is named exists."""
import json
import re

import pytest


@pytest.fixture(scope="module")
def rows(top):
    text = (top / "README.md").read_text()
    table = re.search(r"^## Every system of the talk\n(.*?)^## ", text, re.MULTILINE | re.DOTALL)[1]
    found = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line.startswith("|")]
    assert found[0] == ["system", "what follows from the estate", "proven by"]
    return found[2:]


def test_every_target_is_in_a_row(hextet, rows):
    named = {word for _, what, _ in rows for word in re.findall(r"`([^`]+)`", what)}
    targets = {t["target"] for t in json.loads(hextet("render", "--list", "--output", "json").stdout)}
    assert targets and not targets - named


def test_every_row_names_tests_that_exist(top, rows):
    for system, what, proof in rows:
        files = re.findall(r"`(tests/[^`]+)`", proof)
        assert files or what.endswith("planned"), system
        for file in files:
            path = top / file
            assert path.exists() and re.search(r"^def test_", path.read_text(), re.MULTILINE), file
