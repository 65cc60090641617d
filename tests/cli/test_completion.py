# SPDX-License-Identifier: Apache-2.0
"""Completion, asked of the shells themselves."""
import re
import subprocess

import pytest
from tree import LEAVES, TREE, subcommands

BASH = """
. <({hextet} completion bash)
COMP_WORDS=({words}) COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_hextet
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
# Outside of a line editor there is no compsys: stand-ins print what the function hands to it.
ZSH = """
compdef() {{ }}
compadd() {{ print -l -- ${{(P)2}} }}
_describe() {{ print -l -- ${{${{(P)2}}%%:*}} }}
_files() {{ print -- FILES }}
. <({hextet} completion zsh)
words=({words}) CURRENT=$#words
_hextet
"""
FISH = "{hextet} completion fish | source\ncomplete -C '{line}'\n"


def ask_bash(hextet_path, tool, *words):
    quoted = " ".join(f"'{w}'" for w in ("hextet", *words))
    out = subprocess.run([tool("bash"), "--norc", "-c", BASH.format(hextet=hextet_path, words=quoted)], text=True,
                         capture_output=True, check=True, timeout=60)
    assert out.stderr == ""
    return set(out.stdout.split())


def ask_zsh(hextet_path, tool, *words):
    quoted = " ".join(f"'{w}'" for w in ("hextet", *words))
    out = subprocess.run([tool("zsh"), "-f", "-c", ZSH.format(hextet=hextet_path, words=quoted)], text=True,
                         capture_output=True, check=True, timeout=60)
    assert out.stderr == ""
    # compadd and _describe would leave out what does not start with the word at hand.
    return {w for w in out.stdout.split() if w.startswith(words[-1])}


def ask_fish(hextet_path, tool, *words):
    out = subprocess.run([tool("fish"), "--no-config", "-c",
                          FISH.format(hextet=hextet_path, line=" ".join(("hextet", *words)))], text=True,
                         capture_output=True, check=True, timeout=60)
    assert out.stderr == ""
    return {line.split("\t")[0] for line in out.stdout.splitlines()}


every_shell = pytest.mark.parametrize("ask", [ask_bash, ask_zsh, ask_fish], ids=["bash", "zsh", "fish"])


@every_shell
def test_commands(ask, hextet_path, tool):
    assert ask(hextet_path, tool, "") == set(subcommands(()))
    assert "completion" in ask(hextet_path, tool, "comp")


@every_shell
def test_subcommands(ask, hextet_path, tool):
    for path in TREE:
        if path and subcommands(path):
            assert ask(hextet_path, tool, *path, "") == set(subcommands(path))


@every_shell
def test_every_option_of_every_command(ask, hextet, hextet_path, tool):
    for path in LEAVES:
        wanted = set(re.findall(r"^ .*?(--[a-z0-9-]+)", hextet(*path, "--help").stdout, re.MULTILINE))
        assert wanted and ask(hextet_path, tool, *path, "--") >= wanted


@every_shell
def test_values(ask, hextet, hextet_path, tool):
    """An argument in between does not confuse the path; an option with known values offers them."""
    for path in LEAVES:
        if "--output=FORMAT" in hextet(*path, "--help").stdout:
            assert ask(hextet_path, tool, *path, "something", "--output", "j") == {"json", "jsonl"}


@every_shell
def test_names_of_a_table(ask, hextet, hextet_path, tool):
    names = {line.split()[0] for line in hextet("check", "--list").stdout.splitlines()}
    assert ask(hextet_path, tool, "check", "--only", "d") == {n for n in names if n.startswith("d")} != set()
