# SPDX-License-Identifier: Apache-2.0
"""`hextet geo build --stream` on a small file system: a tmpfs of its own, in a mount namespace of its own."""
import os
import shlex
import subprocess

import pytest

pytestmark = pytest.mark.lab


@pytest.fixture
def build_on(hextet_path, tool, tmp_path):
    """build_on(rows, size) builds from so many networks on a file system of that size, where there is an older file:
    what it said on stderr, its status, the names that are there then, and whether the older file is."""
    if os.geteuid() != 0:
        pytest.skip("needs root")

    def run(rows, size):
        (tmp_path / "rows.csv").write_text("".join(f"{i >> 16}.{i >> 8 & 255}.{i & 255}.0/24,{('CZ', 'DE', 'AT')[i % 3]}\n"
                                                   for i in range(1 << 16, rows + (1 << 16))))
        (tmp_path / "disk").mkdir()
        script = f"""
mount -t tmpfs -o size={size} none {shlex.quote(str(tmp_path))}/disk
cd {shlex.quote(str(tmp_path))}/disk
echo old > out.mmdb
{shlex.quote(str(hextet_path))} geo build --stream --from ../rows.csv -o out.mmdb
echo $?
ls -A
grep -qx old out.mmdb && echo old || echo new
"""
        done = subprocess.run([tool("unshare"), "-m", "bash", "-c", script], capture_output=True, text=True, timeout=120,
                              check=False)
        return done.stderr, done.stdout.splitlines()

    return run


@pytest.mark.parametrize("rows, size", [(1100000, "9m"), (400000, "1m")], ids=["runs", "nodes"])
def test_full_disk(build_on, rows, size):
    """Too small for the sorted runs, for the nodes: an error, and nothing is left there."""
    stderr, stdout = build_on(rows, size)
    assert "cannot sort in .: No space left on device" in stderr and "--temp-folder" in stderr
    assert stdout == ["3", "out.mmdb", "old"]


def test_room_is_given_back(build_on):
    """3.2 MB of nodes become 2.4 MB of tree on 4 MiB."""
    stderr, stdout = build_on(400000, "4m")
    assert stdout == ["0", "out.mmdb", "new"], stderr
