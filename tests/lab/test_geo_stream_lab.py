# SPDX-License-Identifier: Apache-2.0
"""`hextet geo build --stream` on a file system that is full: a tmpfs of its own, in a mount namespace of its own."""
import os
import shlex
import subprocess

import pytest

pytestmark = pytest.mark.lab


@pytest.mark.parametrize("rows, size, where", [(1100000, "9m", "cannot sort in ."), (400000, "1m", "cannot sort in ."),
                                               (400000, "4m", "cannot write")], ids=["runs", "nodes", "result"])
def test_full_disk(hextet_path, tool, tmp_path, rows, size, where):
    """Too small for the sorted runs, for the nodes, for the result: an error, and as much room as before."""
    if os.geteuid() != 0:
        pytest.skip("needs root")
    source = tmp_path / "rows.csv"
    source.write_text("".join(f"{i >> 16}.{i >> 8 & 255}.{i & 255}.0/24,{('CZ', 'DE', 'AT')[i % 3]}\n"
                              for i in range(1 << 16, rows + (1 << 16))))
    script = f"""
mount -t tmpfs -o size={size} none {shlex.quote(str(tmp_path))}/disk
cd {shlex.quote(str(tmp_path))}/disk
echo old > out.mmdb
{shlex.quote(str(hextet_path))} geo build --stream --from ../rows.csv -o out.mmdb
echo "status $?"
cat out.mmdb
ls -A
df --output=used . | tail -1
"""
    (tmp_path / "disk").mkdir()
    done = subprocess.run([tool("unshare"), "-m", "bash", "-c", script], capture_output=True, text=True, timeout=120,
                          check=False)
    assert f"{where}" in done.stderr and ": No space left on device" in done.stderr, done.stderr
    assert [line.strip() for line in done.stdout.splitlines()] == ["status 3", "old", "out.mmdb", "4"]
