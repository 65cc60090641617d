# SPDX-License-Identifier: Apache-2.0
"""The units: systemd's own programs read them."""
import os
import re
import subprocess
from pathlib import Path

import pytest

# And how exposed systemd may find each: the guard keeps one capability, and its netlink.
SERVICES = {"hextet-geo-serve.service": 1.5, "hextet-geo-fetch.service": 1.5, "hextet-guard.service": 2.0}


@pytest.fixture(scope="module")
def units(hextet_path, top, tmp_path_factory):
    """A folder with the units, as they are installed but for the program's path."""
    folder = tmp_path_factory.mktemp("units")
    for path in (hextet_path.parent / "packaging/systemd").glob("*.service"):
        text, n = re.subn(r"(?<==)\S*/bin/hextet(?= )", str(hextet_path), path.read_text())
        assert n == 1 and "@" not in text.replace("@system-service", "").replace("@privileged", "").replace("@res", "")
        (folder / path.name).write_text(text)
    for path in (top / "packaging/systemd").glob("*.timer"):
        (folder / path.name).write_text(path.read_text())
    return folder


def run(tool, name, *args):
    return subprocess.run([tool(name), *map(str, args)], text=True, capture_output=True, timeout=60,
                          env=os.environ | {"LC_ALL": "C", "SYSTEMD_COLORS": "0"})


def test_units_are_valid(units, tool):
    done = run(tool, "systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *sorted(units.iterdir()))
    ours = [line for line in done.stderr.splitlines() if "hextet" in line]
    assert (done.returncode, ours) == (0, [])


def test_verify_finds_mistakes(units, tool, tmp_path):
    for path in units.iterdir():
        text = path.read_text().replace("ProtectSystem=strict", "ProtectSytem=strict").replace("OnBootSec=1min", "OnBootSec=x")
        (tmp_path / path.name).write_text(text)
    done = run(tool, "systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *sorted(tmp_path.iterdir()))
    assert len([line for line in done.stderr.splitlines() if "hextet" in line]) >= 3


@pytest.mark.parametrize("name", SERVICES)
def test_units_are_confined(units, tool, name):
    done = run(tool, "systemd-analyze", "security", "--offline=true", f"--threshold={10 * SERVICES[name]:.0f}", "--no-pager", units / name)
    level = re.search(r"Overall exposure level for \S+: (\S+)", done.stdout)
    assert level and done.returncode == 0, done.stdout + done.stderr
    assert float(level[1]) <= SERVICES[name]


def test_the_user(tool, top, tmp_path):
    text = (top / "packaging/systemd/hextet.conf").read_text()
    (tmp_path / "etc").mkdir()
    config = Path(tmp_path / "hextet.conf")
    config.write_text(text)
    done = run(tool, "systemd-sysusers", f"--root={tmp_path}", config)
    if done.returncode and "denied" in done.stderr:
        pytest.skip("systemd-sysusers needs root")
    assert done.returncode == 0, done.stderr
    assert re.search(r"^hextet:.*:/var/lib/hextet:/usr/sbin/nologin$", (tmp_path / "etc/passwd").read_text(), re.M)
