# SPDX-License-Identifier: Apache-2.0
"""Every command and subcommand, found by walking `hextet --help`: nobody lists them."""
import functools
import os
import re
import subprocess
from pathlib import Path

HEXTET = os.environ.get("HEXTET", Path(__file__).resolve().parents[2] / "build-check" / "hextet")


@functools.cache
def help_of(path):
    return subprocess.run([HEXTET, *path, "--help"], text=True, capture_output=True, check=True, timeout=60).stdout


def subcommands(path):
    listed = re.search(r"^Commands:\n((?:  .*\n)+)", help_of(path), re.MULTILINE)
    return [line.split()[0] for line in listed[1].splitlines()] if listed else []


def walk(path=()):
    yield path
    for name in subcommands(path):
        yield from walk((*path, name))


TREE = list(walk())
GROUPS = [p for p in TREE if subcommands(p)]
LEAVES = [p for p in TREE if p not in GROUPS]


def name_of(path):
    return " ".join(("hextet", *path))
