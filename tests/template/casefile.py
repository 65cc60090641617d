# SPDX-License-Identifier: Apache-2.0
"""Reads cases/*.txt: pairs of a template and its data.

    === name [options] [refused] [chomp]
    --- data              (a JSON object; the file's first data holds for all cases after it that have none)
    --- template          (the one that is rendered)
    --- template NAME     (another that it names)

options are letters of t (trim_blocks), l (lstrip_blocks) and k (keep_trailing_newline) after a dash: -tlk. A case that is
`refused` is one that Jinja2 renders and hextet does not; `fails` says that both must fail; all others must give the same
bytes. chomp drops the newline at the end of each template. In data and templates, a line ends where it ends: there are no escapes.
"""
from pathlib import Path

CASES = Path(__file__).resolve().parent / "cases"


def read(path):
    common, case, section, out = "{}", None, None, []

    def close():
        if case is not None:
            case.setdefault("data", common)
            assert "template" in case, case
            out.append(case)

    for number, line in enumerate(path.read_text().split("\n")[:-1], 1):
        if line.startswith("=== "):
            close()
            name, *flags = line[4:].split()
            case = {"name": f"{path.stem}-{name}", "templates": {}, "where": f"{path.name}:{number}"}
            case["options"] = "".join(f[1:] for f in flags if f[0] == "-")
            case.update({f: True for f in flags if f[0] != "-"})
            section = None
        elif line == "--- data":
            section = "data"
            if case is None:
                common = ""
            else:
                case["data"] = ""
        elif line.startswith("--- template"):
            section = line[13:] or "template"
            (case if section == "template" else case["templates"])[section] = ""
        elif case is None and section == "data":
            common += line + "\n"
        elif section in ("data", "template"):
            case[section] += line + "\n"
        elif section:
            case["templates"][section] += line + "\n"
        else:
            assert not line.strip() or line.startswith("#"), f"{path}:{number}"
    close()
    for c in out:
        if c.get("chomp"):
            c["template"] = c["template"][:-1]
            c["templates"] = {k: v[:-1] for k, v in c["templates"].items()}
    return out


def read_all():
    cases = [c for path in sorted(CASES.glob("*.txt")) for c in read(path)]
    names = [c["name"] for c in cases]
    assert len(names) == len(set(names)), sorted(n for n in names if names.count(n) > 1)
    return cases
