# SPDX-License-Identifier: Apache-2.0
"""What holds for every command and subcommand."""
import os
import re

import pytest
from tree import GROUPS, LEAVES, TREE, name_of, subcommands

every = pytest.mark.parametrize("path", TREE, ids=name_of)
every_group = pytest.mark.parametrize("path", GROUPS, ids=name_of)
every_leaf = pytest.mark.parametrize("path", LEAVES, ids=name_of)


def test_the_walk_found_something():
    assert ("completion",) in LEAVES
    assert () in GROUPS


@every
def test_help(hextet, path):
    done = hextet(*path, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"Usage: {name_of(path)} ")
    too_wide = [line for line in done.stdout.splitlines() if len(line) > 80]
    assert not too_wide
    assert done.stdout.endswith("\n") and not re.search(r"[ \t]$", done.stdout, re.MULTILINE)
    for other in ("-h", "-?"):
        assert hextet(*path, other).stdout == done.stdout


@every
def test_help_that_does_not_arrive(hextet, path):
    with open("/dev/full", "w", encoding="ascii") as full:
        done = hextet(*path, "--help", stdout=full)
    assert done.returncode == 3
    assert "No space left on device" in done.stderr


@every
def test_unknown_option(hextet, path):
    done = hextet(*path, "--no-such-option")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--no-such-option" in done.stderr
    assert f"{name_of(path)} --help" in done.stderr


@every_group
def test_group_alone_shows_its_usage(hextet, path):
    done = hextet(*path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == hextet(*path, "--help").stdout


@every_group
def test_unknown_command(hextet, path):
    near = subcommands(path)[0]
    done = hextet(*path, near[:1] + near)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"did you mean '{near}'?" in done.stderr
    done = hextet(*path, "qqqqqqqqqqqq")
    assert (done.returncode, done.stdout) == (2, "")
    assert "did you mean" not in done.stderr


@every_leaf
def test_output_option_names_its_formats(hextet, path):
    if "--output=" not in hextet(*path, "--help").stdout:
        return
    done = hextet(*path, "--output", "yaml")
    assert (done.returncode, done.stdout) == (2, "")
    assert "'yaml'" in done.stderr and "jsonl" in done.stderr


def test_version(hextet, top):
    version = re.search(r"version: '([^']+)'", (top / "meson.build").read_text())[1]
    for option in ("--version", "-V"):
        assert hextet(option).stdout == f"hextet {version}\n"


def test_hidden_commands_are_not_shown_or_suggested(hextet):
    assert " docs " not in hextet("--help").stdout
    assert "docs" not in hextet("doc").stderr.replace("'doc'", "")
    assert "docs" not in hextet("completion", "bash").stdout


def test_closed_standard_streams(hextet, top, tmp_path):
    """Their numbers must not go to files, into which results and messages would then be written."""
    done = hextet("render", top / "examples" / "streaming", "-o", tmp_path / "out", stdin=None, stdout=None, stderr=None,
                  preexec_fn=lambda: os.closerange(0, 3))
    assert done.returncode == 3
    assert (tmp_path / "out" / ".hextet" / "lock").read_bytes() == b""


def test_closed_output(hextet):
    """A pipe whose reader has gone is an error, not a signal."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        assert hextet("--help", stdout=writer).returncode == 3
    finally:
        os.close(writer)
