# SPDX-License-Identifier: Apache-2.0
"""The manual: a page for each command, no loose ends, and examples that say what really happens."""
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from tree import TREE, name_of

TOP = Path(__file__).resolve().parents[2]
SECTIONS = ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "SEE ALSO"]
PAGES = sorted((TOP / "docs/man").glob("*.scd"))
BLOCK = re.compile(r"^```[a-z]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)


def examples():
    """(where, command, expected lines) of each `$ hextet` in a literal block of the manual and of README.md."""
    for path in [*PAGES, TOP / "README.md"]:
        for block in BLOCK.finditer(path.read_text()):
            steps = re.split(r"^\$ ", block[1].replace("\\\\", "\\"), flags=re.MULTILINE)
            if steps[0].strip() or len(steps) == 1:
                continue  # no transcript
            yield path.name, [(step.split("\n")[0], step.split("\n")[1:-1]) for step in steps[1:]]


EXAMPLES = list(examples())


@pytest.fixture
def built(hextet_path, page):
    path = hextet_path.parent / "docs" / page.stem
    assert path.exists(), f"{page.name} is not built; see docs/meson.build"
    return path


@pytest.fixture
def shell(hextet_path, tmp_path):
    """Runs a command line with hextet in PATH, in a folder that has a copy of the examples."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/hextet").symlink_to(hextet_path)
    shutil.copytree(TOP / "examples", tmp_path / "work/examples")
    env = os.environ | {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}"}

    def run(command, **options):
        return subprocess.run(["bash", "-c", command], text=True, cwd=tmp_path / "work", env=env, check=False,
                              stdin=subprocess.DEVNULL, timeout=120, **options)

    return run


@pytest.mark.parametrize("path", [p for p in TREE if len(p) < 2], ids=name_of)
def test_each_command_has_a_page(path):
    assert (TOP / "docs/man" / ("-".join(("hextet", *path)) + ".1.scd")).exists()


@every_page
def test_page_belongs_to_something(page):
    name, section = page.stem.rsplit(".", 1)
    assert section != "1" or tuple(name.split("-")[1:]) in [p for p in TREE if len(p) < 2]


@every_page
def test_page_has_its_sections(page):
    found = re.findall(r"^# (.*)$", page.read_text(), re.MULTILINE)
    wanted = SECTIONS if page.stem.endswith(".1") else ["NAME", "DESCRIPTION", "SEE ALSO"]
    assert [s for s in wanted if s not in found] == []


@every_page
def test_page_is_clean(page, built, tool):
    text = built.read_text()
    assert not re.search(r"^\W*@[A-Z]+.*@$", text, re.MULTILINE), "a part was not generated"
    done = subprocess.run([tool("groff"), "-man", "-t", "-K", "utf8", "-ww", "-z", built], text=True,
                          capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("path", [p for p in TREE if p], ids=name_of)
def test_page_explains_each_option(hextet, hextet_path, tool, path):
    page = hextet_path.parent / "docs" / f"hextet-{path[0]}.1"
    text = subprocess.run([tool("groff"), "-man", "-t", "-Tascii", "-P-c", page], text=True, capture_output=True,
                          check=True).stdout
    text = re.sub(r".\x08", "", text)
    options = re.findall(r"^ .*?(--[a-z0-9-]+)", hextet(*path, "--help").stdout, re.MULTILINE)
    assert [o for o in options if o not in text] == []


@pytest.mark.parametrize("where, steps", EXAMPLES, ids=[f"{w}: {s[0][0]}" for w, s in EXAMPLES])
def test_example_is_true(shell, where, steps):
    for command, expected in steps:
        done = shell(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        pattern = "".join("(?:.*\n)*?" if line.strip() == "..." else re.escape(line.rstrip()) + "[ \t]*\n"
                          for line in expected)
        shown = done.stdout if done.stdout.endswith("\n") or not done.stdout else done.stdout + "\n"
        assert re.fullmatch(pattern, shown), f"{where}: $ {command}\n{done.stdout}"


FIRST_STEPS = sorted({steps[0][0] for _, steps in EXAMPLES
                      if steps[0][1] and not re.search(r"[|<>&;$]", steps[0][0])})


@pytest.mark.parametrize("command", FIRST_STEPS)
def test_result_that_does_not_arrive(shell, command):
    """Every example that prints a result ends with 3 when the disk is full."""
    assert shlex.split(command)[0] == "hextet"
    if not shell(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout:
        return
    done = shell(f"{command} >/dev/full", stderr=subprocess.PIPE)
    assert done.returncode == 3
    assert "No space left on device" in done.stderr


def test_docs_refuses_what_it_does_not_know(hextet):
    for args in (("colours",), ("options", "no-such-command"), ("commands", "completion"), ()):
        done = hextet("docs", *args)
        assert (done.returncode, done.stdout) == (2, "")


def test_a_part_that_cannot_be_made_ends_the_build(top, hextet_path, tmp_path):
    page = tmp_path / "hextet-x.1.scd"
    page.write_text("hextet-x(1)\n\n# NAME\n\n@OPTIONS no-such-command@\n")
    done = subprocess.run([top / "tools/man-page", hextet_path, page], text=True, capture_output=True, check=False)
    assert done.returncode != 0
    assert done.stdout == ""
