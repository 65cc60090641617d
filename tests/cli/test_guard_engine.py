# SPDX-License-Identifier: Apache-2.0
"""The guard's engine against guard/engine_oracle.py, which does the same by brute force: random traces, however they are
cut, with and without a restart after every batch. Paths and globs against Python's own."""
import multiprocessing
import random
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "guard"))
import engine_oracle as oracle
import traces

SLICE = 2500


@pytest.fixture(scope="session")
def batch(hextet_path):
    """batch(text, *options) -> lines."""
    def run(text, *options):
        done = subprocess.run([hextet_path.parent / "tests/engine_batch", *options], input=text, text=True,
                              capture_output=True, timeout=300, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.splitlines()

    return run


def split(lines):
    """What each trace printed."""
    one = []
    for line in lines:
        one.append(line)
        if line.startswith("end "):
            yield one
            one = []
    assert not one


def text_and_bans(seed):
    """A random trace as engine_batch reads it, and what it should print."""
    trace = traces.random_trace(seed)
    return traces.text_of(trace), oracle.run(trace)


@pytest.mark.parametrize("first, options", [
    *[(n * SLICE, ()) for n in range(3)],
    *[(n * SLICE, ("--cuts", str(n))) for n in range(3, 6)],
    *[(n * SLICE, ("--cuts", str(n), "--restart")) for n in range(6, 8)],
    (8 * SLICE, ("--restart",)),
], ids=str)
def test_engine_does_what_brute_force_does(batch, first, options):
    n = SLICE if options != ("--restart",) else SLICE // 25  # a restart after every single request takes its time
    with multiprocessing.Pool() as pool:
        texts, wanted = zip(*pool.imap(text_and_bans, range(first, first + n), 50), strict=True)
    printed = list(split(batch("".join(texts), *options)))
    assert len(printed) == n
    wrong = [first + i for i in range(n) if printed[i] != wanted[i]]
    assert not wrong, f"seeds {wrong[:5]}: {printed[wrong[0] - first]} instead of {wanted[wrong[0] - first]}"
    # The traces are of use: there are bans of several levels, repetitions, late lines and steps of the clock.
    bans = [line.split() for lines in wanted for line in lines if line.startswith("ban ")]
    assert len({b[1].split("/")[1] for b in bans}) >= 7 and sum(int(b[5]) > 1 for b in bans) > n // 20
    assert sum(lines[-1].split()[3] != "0" for lines in wanted) > n // 10
    assert sum(lines[-1].split()[4] != "0" for lines in wanted) > n // 100


def test_cuts_and_restarts_change_nothing(batch):
    text = "".join(traces.text_of(traces.random_trace(seed)) for seed in range(5000000, 5000040))
    for options in (("--cuts", "1"), ("--cuts", "2", "--restart"), ("--restart",)):
        assert batch(text, *options) == batch(text)


PATHS = {
    b"/login": b"/login", b"/%6cogin": b"/login", b"//login": b"/login", b"/./login": b"/login",
    b"/x/../login": b"/login", b"/x/%2E%2e/login": b"/login", b"/login;v=1": b"/login", b"/login;v=1;w/": b"/login/",
    b"/login?x": b"/login", b"/login#x": b"/login", b"/LOGIN": b"/LOGIN", b"/a%2Flogin": b"/a/login",
    b"/login%00": b"/login\0", b"/%256cogin": b"/%6cogin", b"/login%": b"/login%", b"/login%6": b"/login%6",
    b"/login%zz": b"/login%zz", b"/..;/login": b"/login", b"/../../login": b"/login", b"/a/..": b"/", b"/a/.": b"/a/",
    b"/login%3bv": b"/login;v", b"/login%3Fx": b"/login?x", b"": b"", b"*": b"*", b"/": b"/", b"//": b"/",
    b"/login/": b"/login/", b"/...": b"/...", b"/.well-known/x": b"/.well-known/x",
    b"/" + b"./" * 8000 + b"login": b"/login", b"/" + b"a" * 5000 + b"/../login": b"/login",
    b"/" + b"a" * 40000: b"/" + b"a" * 32767,
}


def hexes(*texts):
    return " ".join(t.hex() or "-" for t in texts)


def test_evasive_paths(batch):
    lines = batch("".join(f"path {hexes(p)}\n" for p in PATHS))
    assert [bytes.fromhex(line) for line in lines] == list(PATHS.values())
    assert [oracle.normal_path(p) for p in PATHS] == list(PATHS.values())


def test_random_paths(batch):
    r = random.Random(9)
    pieces = [b"/", b"/", b".", b"..", b"%2e", b"%2E", b"%2f", b"%", b"%2", b"%00", b"%25", b"%3b", b";", b"?", b"#",
              b"a", b"login", b"\xff", b"\0", b" "]
    paths = [b"".join(r.choice(pieces) for _ in range(r.randint(0, 14))) for _ in range(40000)]
    lines = batch("".join(f"path {hexes(p)}\n" for p in paths))
    wrong = [(p, line) for p, line in zip(paths, lines, strict=True) if bytes.fromhex(line) != oracle.normal_path(p)]
    assert wrong == []
    assert len({oracle.normal_path(p) for p in paths if oracle.normal_path(p) != p}) > 5000


def test_random_globs(batch):
    r = random.Random(10)
    pairs = [(bytes(r.choice(b"ab*?*A.\n") for _ in range(r.randint(0, 7))),
              bytes(r.choice(b"abAB.\n\xff") for _ in range(r.randint(0, 9)))) for _ in range(40000)]
    lines = batch("".join(f"glob {hexes(g, t)}\n" for g, t in pairs))
    wanted = [f"{int(oracle.glob_matches(g, t))} {int(oracle.glob_matches(g, t, True))}" for g, t in pairs]
    assert lines == wanted
    assert len(set(wanted)) == 3


def test_globs_take_no_exponential_time(batch):
    """Backtracking over all stars would not end within the test's time."""
    assert batch(f"glob {hexes(b'*a' * 200 + b'b', b'a' * 30000)}\n") == ["0 0"]
