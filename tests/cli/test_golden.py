# SPDX-License-Identifier: Apache-2.0
"""Golden output: tests/golden/TARGET/CASE/ holds an estate (a folder `estate`, or a file `estate` that names one from
the top of the sources) and `expected`, the files that `render --target TARGET` writes for it, byte by byte. What is
expected must also pass the target's own parser: a golden file alone proves nothing about the program that will read it.

UPDATE=1 writes `expected` anew; read the difference before you commit it."""
import json
import os
import shutil
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
GOLDEN = TOP / "tests" / "golden"
CASES = sorted(p.parent for p in GOLDEN.glob("*/*/estate"))


def target_of(case):
    return case.parent.name


def estate_of(case):
    estate = case / "estate"
    return estate if estate.is_dir() else TOP / estate.read_text().strip()


def files_below(folder):
    """path from the folder -> bytes, without what hextet keeps for itself."""
    found = sorted(p for p in folder.rglob("*") if p.is_file())
    return {str(q): p.read_bytes() for p in found if (q := p.relative_to(folder)).parts[0] != ".hextet"}


def update(case, files):
    shutil.rmtree(case / "expected", ignore_errors=True)
    for name, content in files.items():
        path = case / "expected" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


@pytest.fixture(params=CASES, ids=lambda case: f"{case.parent.name}/{case.name}")
def case(request):
    return request.param


def test_every_target_has_one(hextet):
    done = hextet("render", "--list", "--output", "json")
    assert done.returncode == 0, done.stderr
    targets = {row["target"] for row in json.loads(done.stdout)}
    assert targets == {target_of(case) for case in CASES}


def test_expected(hextet, case, tmp_path):
    out = tmp_path / "out"
    done = hextet("render", estate_of(case), "--target", target_of(case), "-o", out)
    assert done.returncode == 0, done.stderr
    written = files_below(out)
    if os.environ.get("UPDATE"):
        update(case, written)
    expected = files_below(case / "expected")
    assert expected, "nothing is expected: a case without files shows nothing; UPDATE=1 writes them"
    assert sorted(written) == sorted(expected)
    for name, content in expected.items():
        assert written[name].decode() == content.decode(), name


def test_verified(hextet, case):
    done = hextet("render", estate_of(case), "--target", target_of(case), "--verify", "--output", "json")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["targets"]
    assert [row["target"] for row in rows] == [target_of(case)]
    if rows[0]["missing"]:
        pytest.skip(f"{rows[0]['missing']} is not installed: {rows[0]['not_verified']} files not verified")
