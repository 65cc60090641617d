# SPDX-License-Identifier: Apache-2.0
"""Files with one thing wrong (tests/geo/make_mmdb.py): verify says what and where, and nothing that reads them crashes."""
import json
import sys

import pytest

sys.path.insert(0, str(__import__("pathlib").Path(__file__).resolve().parents[1] / "geo"))
from make_mmdb import CASES, GOOD  # noqa: E402


@pytest.mark.parametrize("name", CASES)
def test_verify(hextet, tmp_path, name):
    file, message, offset, is_error = CASES[name]
    path = tmp_path / "file.mmdb"
    path.write_bytes(file)
    done = hextet("geo", "verify", "--output", "json", path)
    findings = json.loads(done.stdout)["findings"]
    assert done.returncode == is_error, done.stdout
    if message is None:
        assert findings == []
        return
    first = next(f for f in findings if f["severity"] == ("error" if is_error else "warning"))
    assert first["message"].startswith(message)
    if offset is not None:
        assert first["offset"] == offset
    assert all(f["offset"] <= len(file) for f in findings)


@pytest.mark.parametrize("name", [n for n in CASES if n not in ("laughs", "tree-2^32-networks")])
def test_readers_say_no(hextet, tmp_path, name):
    """What reads a file ends with an answer or with a message, whatever is wrong with it."""
    path = tmp_path / "file.mmdb"
    path.write_bytes(CASES[name][0])
    for command in (["lookup", "--db", path, "0.0.0.1", "255.255.255.255", "::1", "2001:db8::1"], ["dump", path]):
        done = hextet("geo", *command)
        assert done.returncode in (0, 1, 3), (command, done.stderr)
        if done.returncode == 3:
            assert done.stderr.strip()


@pytest.mark.parametrize("name", [n for n in CASES if CASES[n][3]])
def test_base_is_refused(hextet, tmp_path, name):
    """A file that is no good is no base, and what was built before stays."""
    base, rows, out = tmp_path / "base.mmdb", tmp_path / "rows.csv", tmp_path / "out.mmdb"
    base.write_bytes(CASES[name][0])
    rows.write_text("192.0.2.0/24,CZ\n")
    out.write_bytes(GOOD)
    done = hextet("geo", "build", "--from", f"csv:{rows}", "--base", f"mmdb:{base}", "-o", out)
    assert done.returncode in (1, 3), done.stdout
    assert "base.mmdb" in done.stderr
    assert out.read_bytes() == GOOD


@pytest.mark.parametrize("name, message", [("tree-2^32-networks", "4294967296 networks"), ("tree-cyclic", "leads back to itself")])
def test_rows_of_a_file_are_counted_before_they_are_read(hextet, tmp_path, name, message):
    path, out = tmp_path / "file.mmdb", tmp_path / "out.mmdb"
    path.write_bytes(CASES[name][0])
    done = hextet("geo", "build", "--from", f"mmdb:{path}", "-o", out, timeout=60)
    assert (done.returncode, out.exists()) == (1, False), done.stderr
    assert message in done.stderr


def test_more_than_4_gib(hextet, tmp_path):
    """Refused by its size, before it takes all memory."""
    path, rows = tmp_path / "file.mmdb", tmp_path / "rows.csv"
    rows.write_text("192.0.2.0/24,CZ\n")
    with open(path, "wb") as file:
        file.seek(4 << 30)
        file.write(GOOD)
    for command in (["verify", path], ["lookup", "--db", path, "192.0.2.1"], ["dump", path], ["build", "--from",
                    f"csv:{rows}", "--base", f"mmdb:{path}", "-o", tmp_path / "out.mmdb"]):
        done = hextet("geo", *command)
        assert done.returncode == 3, command
        assert "file.mmdb: File too large" in done.stderr and "4 GiB is the most" in done.stderr
