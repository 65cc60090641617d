# SPDX-License-Identifier: Apache-2.0
"""tools/check counts what happened, and cannot be talked into a pass."""
import json
import os
import subprocess

import pytest

JUNIT = """<?xml version="1.0" encoding="utf-8"?><testsuites><testsuite name="pytest">
<testcase classname="tests.a" name="good" />
<testcase classname="tests.a" name="bad"><failure message="assert 1 == 2&#10;more" /></testcase>
<testcase classname="tests.a" name="broken"><error message="no such fixture" /></testcase>
<testcase classname="tests.a" name="absent"><skipped type="pytest.skip" message="nft is not installed" /></testcase>
</testsuite></testsuites>"""
PASSING = '<testsuites><testsuite name="pytest"><testcase classname="a" name="good" /></testsuite></testsuites>'
EMPTY = '<testsuites><testsuite name="pytest" tests="0" /></testsuites>'


def meson_log(*tests):
    keys = ("name", "result", "returncode", "stdout")
    return "".join(json.dumps(dict(zip(keys, t))) + "\n" for t in tests)


@pytest.fixture
def count(top, tmp_path):
    def run(kind, status, text, ci="false"):
        path = tmp_path / "results"
        path.write_text(text)
        done = subprocess.run([top / "tools/check", "--sum", f"{kind}:{status}:{path}"], text=True,
                              capture_output=True, env=os.environ | {"CI": ci}, check=False)
        return done.returncode, done.stdout.splitlines()

    return run


def test_pytest_results_are_counted_and_named(count):
    status, lines = count("pytest", 1, JUNIT)
    assert status == 1
    assert lines[-1] == "1 passed, 2 failed, 1 skipped"
    assert "failed: tests.a.bad: assert 1 == 2" in lines
    assert "failed: tests.a.broken: no such fixture" in lines
    assert "skipped: tests.a.absent: nft is not installed" in lines


def test_a_skip_is_a_failure_in_ci_only(count):
    one_skip = PASSING.replace(' name="good" />', ' name="x"><skipped message="no nft" /></testcase>')
    assert count("pytest", 0, one_skip) == (0, ["", "skipped: a.x: no nft", "0 passed, 0 failed, 1 skipped"])
    status, lines = count("pytest", 0, one_skip, ci="true")
    assert status == 1
    assert lines[-1] == "0 passed, 1 failed, 0 skipped"
    assert "no nft" in lines[-2]


def test_all_passed(count):
    assert count("pytest", 0, PASSING) == (0, ["", "1 passed, 0 failed, 0 skipped"])


@pytest.mark.parametrize("status, text, why", [
    (5, EMPTY, "the suite has no test"),
    (0, EMPTY, "the suite has no test"),
    (3, PASSING, "ended with status 3 although no test failed"),
    (0, "<testsuites>", "its results cannot be read"),
])
def test_a_run_without_results_fails(count, status, text, why):
    code, lines = count("pytest", status, text)
    assert code == 1
    assert any(line.startswith("failed: pytest: ") and why in line for line in lines)


def test_tap_points_of_meson_are_counted(count):
    tap = "1..4\nok 1 - a\nnot ok 2 - b\nok 3 - c # SKIP no root\nok 4 - d\n"
    status, lines = count("meson", 1, meson_log(("base", "FAIL", 1, tap), ("fuzz_ip", "OK", 0, "replayed 3 inputs\n")))
    assert status == 1
    assert lines[-1] == "3 passed, 1 failed, 1 skipped"
    assert "failed: base: b" in lines
    assert "skipped: base: c: no root" in lines


@pytest.mark.parametrize("result", ["FAIL", "TIMEOUT", "ERROR", "INTERRUPT", "UNEXPECTEDPASS"])
def test_a_program_that_dies_after_its_last_good_test_fails(count, result):
    status, lines = count("meson", 1, meson_log(("base", result, 99, "1..1\nok 1 - a\n")))
    assert status == 1
    assert lines[-1] == "1 passed, 1 failed, 0 skipped"
    assert f"failed: base: {result.lower()}, exit status 99" in lines


def test_missing_results_fail(top, tmp_path):
    done = subprocess.run([top / "tools/check", "--sum", f"meson:0:{tmp_path}/none"], text=True, capture_output=True,
                          check=False)
    assert done.returncode == 1
    assert done.stdout.endswith("0 passed, 1 failed, 0 skipped\n")
