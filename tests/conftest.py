# SPDX-License-Identifier: Apache-2.0
"""What every test in Python gets: `hextet` runs the sanitized program, `tool` finds another one."""
import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[1]
SANITIZER_STATUS = 99  # as in tools/check

os.environ.setdefault("ASAN_OPTIONS", f"detect_leaks=1:exitcode={SANITIZER_STATUS}")
os.environ.setdefault("LSAN_OPTIONS", f"exitcode={SANITIZER_STATUS}")
os.environ.setdefault("UBSAN_OPTIONS", f"halt_on_error=1:print_stacktrace=1:exitcode={SANITIZER_STATUS}")


def pytest_configure(config):
    config.addinivalue_line("markers", "lab: needs root, makes network namespaces of its own and removes them")


@pytest.fixture(scope="session")
def top():
    """The top folder of the sources."""
    return TOP


@pytest.fixture(scope="session")
def hextet_path():
    """The program under test: $HEXTET, or build-check/hextet."""
    path = Path(os.environ.get("HEXTET", TOP / "build-check" / "hextet"))
    assert path.exists(), f"{path} does not exist; run 'make check', or set HEXTET"
    return path


@pytest.fixture(scope="session")
def hextet(hextet_path):
    """hextet(*args, input=None, **options of subprocess.run) -> CompletedProcess with text output.

    input may be str or bytes; bytes give bytes back. A sanitizer's report or a signal fails the test."""

    def run(*args, input=None, **options):
        options.setdefault("timeout", 120)
        if not isinstance(input, bytes):
            options.setdefault("text", True)
        if input is None:
            options.setdefault("stdin", subprocess.DEVNULL)
        else:
            options["input"] = input
        for stream in ("stdout", "stderr"):
            options.setdefault(stream, subprocess.PIPE)
        done = subprocess.run([str(hextet_path), *map(str, args)], **options)
        if done.returncode < 0 or done.returncode == SANITIZER_STATUS:
            pytest.fail(f"hextet {' '.join(map(str, args))} ended with {done.returncode}:\n{done.stderr}")
        return done

    return run


@pytest.fixture(scope="session")
def tool():
    """tool(name) -> the path of a program; the test is skipped, by the program's name, where there is none."""
    path = os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin"

    def find(name):
        found = shutil.which(name, path=path)
        if not found:
            pytest.skip(f"{name} is not installed")
        return found

    return find


@pytest.fixture(scope="session")
def release_path():
    """The release build: $HEXTET_RELEASE, or build/hextet."""
    path = Path(os.environ.get("HEXTET_RELEASE", TOP / "build" / "hextet"))
    if not path.exists():
        pytest.skip(f"no release build at {path}")
    return path


@pytest.fixture(scope="session")
def postgres():
    """A private PostgreSQL server, see postgres_cluster.Cluster; whoever stops it starts it again."""
    sys.path.insert(0, str(TOP / "tests"))
    from postgres_cluster import PROGRAMS, Cluster

    if not (PROGRAMS / "initdb").exists():
        pytest.skip("postgresql-15 is not installed")
    cluster = Cluster()
    yield cluster
    cluster.close()


@pytest.fixture(scope="module")
def machines(hextet, tool, tmp_path_factory):
    """machines(estate, names=None, etc=()) builds a lab that lasts until the end of the module, see lab/machines.py."""
    sys.path.insert(0, str(TOP / "tests/lab"))
    from machines import Machines

    with contextlib.ExitStack() as labs:
        yield lambda estate, names=None, etc=(): labs.enter_context(
            Machines(hextet, tool, tmp_path_factory.mktemp("lab"), estate, names, etc))
