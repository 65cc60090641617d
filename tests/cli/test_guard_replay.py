# SPDX-License-Identifier: Apache-2.0
"""hextet guard replay: tests/replay/*.replay (a section guard, lines of a log, the bans), and the same bans however the
lines come: in pieces, compressed, on standard input.

    --- guard            the section of the estate, without sinks
    --- log FORMAT       the lines
    --- bans             AT PREFIX until UNTIL RULE COUNT, one a line
"""
import gzip
import json
import random
import re
from pathlib import Path

import pytest

REPLAYS = sorted((Path(__file__).resolve().parents[1] / "replay").glob("*.replay"))
ESTATE = """machines:
  web.example.net: { ip: 198.51.100.1, ipv6: "2001:db8:172::1" }
guard:
  sinks: [{ dry: true }]
"""


class Case:
    def __init__(self, path, folder):
        head, guard, log, bans = re.split(r"^--- (?:guard|log .*|bans)\n", path.read_text(), flags=re.MULTILINE)
        assert head.startswith("# "), "say what it shows"
        self.format = re.search(r"^--- log (.*)$", path.read_text(), re.MULTILINE)[1]
        self.log, self.bans = log.encode(), bans.splitlines()
        self.estate = folder / "estate"
        self.estate.mkdir()
        (self.estate / "estate.yaml").write_text(ESTATE + "".join(f"  {line}\n" for line in guard.splitlines()))


@pytest.fixture
def case(request, tmp_path):
    return Case(request.param, tmp_path)


every_case = pytest.mark.parametrize("case", REPLAYS, ids=lambda p: p.stem, indirect=True)


@pytest.fixture
def bans(hextet, case):
    """bans(LOG…) -> the lines as in the files."""
    def run(*logs, **options):
        done = hextet("guard", "replay", "--estate", case.estate, "--format", case.format, "--output=json", *logs,
                      **options)
        assert done.returncode == 0, done.stderr
        out = done.stdout if isinstance(done.stdout, str) else done.stdout.decode()
        return ["{at} {prefix} until {until} {rule} {count}".format(**json.loads(line)) for line in out.splitlines()]

    return run


@every_case
def test_bans(bans, case, tmp_path):
    (tmp_path / "log").write_bytes(case.log)
    assert bans(tmp_path / "log") == case.bans


@every_case
def test_compressed_and_from_a_pipe(bans, case, tmp_path):
    (tmp_path / "log.gz").write_bytes(gzip.compress(case.log))
    assert bans(tmp_path / "log.gz") == case.bans
    assert bans("-", input=case.log) == case.bans


@every_case
def test_in_pieces(bans, case, tmp_path):
    """Cut anywhere between two lines, some pieces compressed, some empty: one stream all the same."""
    lines = case.log.splitlines(keepends=True)
    r = random.Random(case.format)
    for pieces in (2, 3, len(lines)):
        ends = [0, *sorted(r.randint(0, len(lines)) for _ in range(pieces - 1)), len(lines)]
        names = []
        for i, (a, b) in enumerate(zip(ends, ends[1:])):
            text = b"".join(lines[a:b])
            names.append(tmp_path / f"{pieces}-{i}")
            names[-1].write_bytes(gzip.compress(text) if i % 3 == 1 else text)
        assert bans(*names) == case.bans


@every_case
def test_last_line_without_an_end(bans, case, tmp_path):
    (tmp_path / "log").write_bytes(case.log.rstrip(b"\n"))
    assert bans(tmp_path / "log") == case.bans
