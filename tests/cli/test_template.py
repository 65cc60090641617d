# SPDX-License-Identifier: Apache-2.0
"""The template engine against Python's jinja2."""
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "template"))
import casefile  # noqa: E402
import oracle  # noqa: E402
import random_templates  # noqa: E402

CASES = casefile.read_all()


@pytest.fixture(scope="session")
def batch(hextet_path):
    return hextet_path.parent / "tests/template_batch"


@pytest.fixture(scope="session")
def results(batch):
    return dict(zip([c["name"] for c in CASES], oracle.rendered(batch, CASES)))


def test_there_are_enough_cases():
    assert len([c for c in CASES if not c.get("refused")]) >= 200


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["name"])
def test_case(results, case):
    """The same bytes; where Jinja2 fails, a failure in the same line of the same template."""
    got, want = results[case["name"]], oracle.expected(case)
    if "out" in want:
        assert not case.get("fails"), f"{case['where']}: jinja2 renders it"
        if case.get("refused"):
            assert "errors" in got, f"{case['where']}: not refused: {got}"
        else:
            assert got == want, case["where"]
        return
    assert case.get("fails"), f"{case['where']}: jinja2 fails: {want}"
    assert "errors" in got, f"{case['where']}: jinja2 says {want}"
    first = got["errors"][0]
    assert first["severity"] == "error"
    if not case.get("elsewhere"):
        assert first["line"] == want["line"], f"{case['where']}: {want}, {got}"


@pytest.mark.parametrize("seed", range(4))
def test_random(batch, seed):
    """Templates that nobody wrote. hextet may refuse what Jinja2 renders, but only for a reason that is documented."""
    cases = random_templates.cases(seed, 1000)
    rendered = refused = 0
    for case, got in zip(cases, oracle.rendered(batch, cases)):
        want = oracle.expected(case)
        if "out" in want and "out" in got:
            assert got["out"] == want["out"], case
            rendered += 1
        elif "out" in want:
            message = got["errors"][0]["message"]
            assert random_templates.is_documented(message, want["out"]), (message, want, case)
            refused += 1
        elif want["line"] is not None:  # None: Jinja2 evaluates constants of a branch that is not taken
            assert "errors" in got, (want, got, case)
    assert rendered > len(cases) / 5, "the generator makes too few templates that work"
    assert refused < rendered / 4, "too much is refused"
