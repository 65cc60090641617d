# SPDX-License-Identifier: Apache-2.0
"""hextet template: files, options, messages and exit codes."""
import json
import re

import pytest


@pytest.fixture
def files(tmp_path):
    (tmp_path / "t.j2").write_text("{% for m in machines %}\n{{ m.name }} {% include 'part.j2' %}\n{% endfor %}\n")
    (tmp_path / "part.j2").write_text("[{{ m.ip | bracket }}]\n")
    (tmp_path / "data.json").write_text('{"machines": [{"name": "fe01", "ip": "10.0.0.1"},\n {"name": "fe02", "ip": "::1"}]}')
    return tmp_path


def test_renders(hextet, files):
    done = hextet("template", "t.j2", "--data", "data.json", cwd=files)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "\nfe01 [10.0.0.1]\n\nfe02 [[::1]]\n"


def test_as_render_turns_three_switches_on(hextet, files):
    one = hextet("template", "t.j2", "--data", "data.json", "--as-render", cwd=files)
    three = hextet("template", "t.j2", "--data", "data.json", "--trim-blocks", "--lstrip-blocks",
                   "--keep-trailing-newline", cwd=files)
    assert one.stdout == three.stdout == "fe01 [10.0.0.1]\nfe02 [[::1]]\n"


def test_standard_input(hextet, files):
    done = hextet("template", "-", "--data", "data.json", input="{{ machines | length }}", cwd=files)
    assert (done.returncode, done.stdout) == (0, "2")
    done = hextet("template", "t.j2", "--data", "-", input='{"machines": []}', cwd=files)
    assert (done.returncode, done.stdout) == (0, "")
    done = hextet("template", "-", "--data", "-", cwd=files)
    assert done.returncode == 2


def test_set_comes_on_top(hextet, files):
    done = hextet("template", "-", "--data", "-", "--set", "a=1=2", input="")
    assert done.returncode == 2
    (files / "d.json").write_text('{"a": 1, "b": 2}')
    done = hextet("template", "-", "--data", "d.json", "--set", "a=x=y", input="{{ a }} {{ b }}", cwd=files)
    assert done.stdout == "x=y 2"


def test_undefined_shows_both_places_and_prints_nothing(hextet, files):
    (files / "part.j2").write_text("text\n  {{ m.adress }}\n")
    done = hextet("template", "t.j2", "--data", "data.json", cwd=files)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("part.j2:2:8: error: a dict has no 'adress' [undefined]\n"
                                  "    2 |   {{ m.adress }}\n      |        ^~~~~~\n")
    assert "data.json:1:15: note: a dict was written here [undefined]\n" in done.stderr
    assert "t.j2:2:17: note: included from here [undefined]\n" in done.stderr


def test_did_you_mean(hextet):
    done = hextet("template", "-", "--set", "machine=x", input="{{ machnie }}")
    assert "<stdin>:1:4: error: 'machnie' is undefined" in done.stderr
    assert "hint: did you mean 'machine'?" in done.stderr


def test_syntax(hextet, files):
    (files / "t.j2").write_text("a\n{% if x %}\n{{ x | uper }}")
    done = hextet("template", "t.j2", cwd=files)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == ("t.j2:3:8: error: there is no filter 'uper' [template-syntax]\n    3 | {{ x | uper }}\n"
                           "      |        ^~~~\n      = hint: did you mean 'upper'?\n")


def test_search(hextet, files):
    (files / "other").mkdir()
    (files / "other/part.j2").write_text("other\n")
    done = hextet("template", "t.j2", "--data", "data.json", "--search", "other", cwd=files)
    assert "fe01 other" in done.stdout
    done = hextet("template", "t.j2", "--data", "data.json", "--search", "nowhere", cwd=files)
    assert done.returncode == 1
    assert "t.j2:2:25: error: there is no template 'part.j2'" in done.stderr
    assert "hint: searched: nowhere, then the templates of this program" in done.stderr


@pytest.mark.parametrize("text, message", [
    ("[1]", "data.json:1:1: error: the data is one JSON object, not a list"),
    ('{"a": 1,\n "a": 2}', 'data.json:2:4: error: duplicate object key near \'"a"\''),
    ("{", "data.json:1:1: error: string or '}' expected near end of file"),
])
def test_bad_data(hextet, files, text, message):
    (files / "data.json").write_text(text)
    done = hextet("template", "t.j2", "--data", "data.json", cwd=files)
    assert (done.returncode, done.stdout) == (1, "")
    assert message in done.stderr


def test_missing_files(hextet, files):
    for args in (["nope.j2"], ["t.j2", "--data", "nope.json"], ["."]):
        done = hextet("template", *args, cwd=files)
        assert (done.returncode, done.stdout) == (3, "")
        assert f"cannot read {args[-1]}: " in done.stderr


def test_full_disk(hextet, files):
    with open("/dev/full", "w", encoding="ascii") as full:
        done = hextet("template", "t.j2", "--data", "data.json", cwd=files, stdout=full)
    assert done.returncode == 3
    assert "cannot write the result: No space left on device" in done.stderr


def test_control_characters_stay_in_the_message(hextet):
    done = hextet("template", "-", input="{{ x\x1b[31m }}")
    assert done.returncode == 1
    assert "\x1b" not in done.stderr


@pytest.mark.parametrize("kind, some", [("filters", "nft_set"), ("tests", "divisibleby")])
def test_lists_and_manual_agree(hextet, hextet_path, kind, some):
    listed = json.loads(hextet("template", f"--list-{kind}", "--output", "json").stdout)
    assert some in [w["name"] for w in listed]
    assert [w for w in listed if not w["doc"]] == []
    page = (hextet_path.parent / "docs/hextet-template.5").read_text()
    section = page.split(f".SH {kind.upper()}\n")[1].split("\n.SH ")[0].replace("\\-", "-").replace("\\&", "")
    described = re.findall(r"^\\fB([^\\]+)\\fR", section, re.MULTILINE)
    assert sorted(described) == sorted(w["name"] for w in listed)


def test_list_as_text(hextet):
    text = hextet("template", "--list-filters").stdout
    assert "join(d='', attribute=none)\n" in text
    assert "[hextet's own]" in text
