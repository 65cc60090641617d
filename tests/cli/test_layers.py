# SPDX-License-Identifier: Apache-2.0
"""tools/check-layers sees a wrong edge, a missing room, and nothing else."""
import subprocess

import pytest

TABLE = """
| room | holds | may use |
|---|---|---|
| `base` | things | libc |
| `addr` | more | base |
| `cmd` | all of it | all |
"""


@pytest.fixture
def layers(top, tmp_path):
    def run(files, table=TABLE):
        (tmp_path / "ARCHITECTURE.md").write_text(table)
        for name, text in files.items():
            path = tmp_path / "src" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        done = subprocess.run([top / "tools/check-layers", tmp_path], text=True, capture_output=True, check=False)
        return done.returncode, done.stdout.replace(f"{tmp_path}/src/", "") + done.stderr

    return run


GOOD = {
    "base/str.h": "#include <string.h>\n",
    "addr/ip.c": '#include "addr/ip.h"\n#include "base/str.h"\n#include <addr.h>\n',
    "cmd/main.c": '#include "command_table.h"\n#include "addr/ip.h"\n',
}


def test_good_tree(layers):
    assert layers(GOOD) == (0, "")


@pytest.mark.parametrize("name, text, message", [
    ("base/bad.c", '#include "addr/ip.h"\n', "base/bad.c:1: base may not use addr (it may use libc only)"),
    ("addr/bad.h", '\n  # include "cmd/command.h"\n', "addr/bad.h:2: addr may not use cmd (it may use base)"),
    ("base/bad.c", "#include <addr/ip.c>\n", "base/bad.c:1: base may not use addr"),
    ("addr/bad.c", '#include "geo/mmdb.h"\n', "addr/bad.c:1: geo/mmdb.h is in no room"),
    ("addr/bad.c", '#include "../cmd/command.h"\n', "addr/bad.c:1: ../cmd/command.h climbs out"),
    ("addr/bad.c", '#include "ip.c"\n', 'addr/bad.c:1: write "addr/ip.c", with its room'),
    ("geo/mmdb.c", "", "geo/mmdb.c:1: geo is not a room"),
])
def test_each_wrong_edge(layers, name, text, message):
    status, out = layers(GOOD | {name: text})
    assert status == 1
    assert message in out
    assert len(out.splitlines()) == 1


def test_no_sources(layers):
    assert layers({})[0] == 3


def test_no_table(layers):
    assert layers(GOOD, table="# nothing\n") == (3, "check-layers: there is no table of rooms\n")


def test_table_that_names_no_room(layers):
    status, out = layers(GOOD, table=TABLE.replace("| base |", "| bass |"))
    assert status == 3
    assert "bass" in out
