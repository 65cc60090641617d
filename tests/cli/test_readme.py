# SPDX-License-Identifier: Apache-2.0
"""What README.md shows in its ```console blocks is what a terminal shows: each block runs in an empty folder that has
`examples/` beside it. Lines that begin with "$ " are commands, what follows is their output; "..." stands for any lines."""

import os
import re
import subprocess

import pytest

BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_transcripts(top, hextet_path, tool, tmp_path):
    for program in ("haproxy", "nft", "nginx", "kzonecheck", "dockerd"):
        tool(program)
    blocks = BLOCK.findall((top / "README.md").read_text())
    assert blocks
    (tmp_path / "examples").symlink_to(top / "examples")
    path = f"{hextet_path.parent}:{os.environ['PATH']}"
    for block in blocks:
        for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, expected = step.partition("\n")
            done = subprocess.run(["sh", "-c", command], cwd=tmp_path, env={**os.environ, "PATH": path},
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
            pattern = re.escape(expected.rstrip("\n")).replace(re.escape("..."), r"(?:.|\n)*")
            if not re.fullmatch(pattern, done.stdout.rstrip("\n")):
                pytest.fail(f"$ {command}\n--- README\n{expected}\n--- now\n{done.stdout}")
