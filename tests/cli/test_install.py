# SPDX-License-Identifier: Apache-2.0
"""The release build: hardened, and installed where the file system standard wants it."""
import os
import platform
import re
import subprocess

import pytest


@pytest.fixture(scope="module")
def installed(release_path, tmp_path_factory):
    """A folder with what `make install DESTDIR=folder PREFIX=/usr` puts there."""
    build = release_path.parent
    root = tmp_path_factory.mktemp("root")
    subprocess.run(["meson", "install", "-C", build, "--no-rebuild", "--quiet", "--destdir", root], check=True,
                   capture_output=True, timeout=120)
    (prefix,) = {p for p in root.rglob("bin") if (p / "hextet").exists()}
    return prefix.parent


UNITS = ("hextet-apply-recover.service", "hextet-geo-fetch.service", "hextet-geo-fetch.timer", "hextet-geo-serve.service",
         "hextet-guard.service")
LIBRARY = ("libhextet-geo.a", "libhextet-geo.so", "libhextet-geo.so.0", "pkgconfig/libhextet-geo.pc")


def test_files(installed, top):
    libdir = next(installed.rglob("libhextet-geo.a")).parent.relative_to(installed)
    files = {str(p.relative_to(installed)) for p in installed.rglob("*") if not p.is_dir()}
    pages = {f"share/man/man{p.stem[-1]}/{p.stem}" for p in (top / "docs/man").glob("*.scd")}
    docs = {f"share/doc/hextet/{n}" for n in ("LICENSE", "README.md", "NEWS.md", "ARCHITECTURE.md", "CONTRIBUTING.md")}
    docs.add("share/hextet/estate.schema.json")
    shells = {"share/bash-completion/completions/hextet", "share/zsh/site-functions/_hextet",
              "share/fish/vendor_completions.d/hextet.fish"}
    library = {"include/hextet-geo.h"} | {f"{libdir}/{n}" for n in LIBRARY}
    systemd = {f"lib/systemd/system/{n}" for n in UNITS} | {"lib/sysusers.d/hextet.conf"}
    assert files >= pages | docs | shells | library | systemd | {"bin/hextet"}
    strange = {f for f in files if not f.startswith(("bin/hextet", "share/"))} - library - systemd
    assert not strange


def test_installed_program_runs(installed):
    done = subprocess.run([installed / "bin/hextet", "--version"], text=True, capture_output=True, check=True)
    assert done.stdout.startswith("hextet ")


def test_modes(installed):
    for path in installed.rglob("*"):
        program = path.parent.name == "bin" or ".so" in path.suffixes
        wanted = 0o755 if path.is_dir() or program else 0o644
        assert path.stat().st_mode & 0o777 == wanted, path


@pytest.fixture(scope="module")
def readelf(release_path):
    def run(*options):
        return subprocess.run(["readelf", "-W", *options, release_path], text=True, capture_output=True, check=True,
                              env=os.environ | {"LC_ALL": "C"}).stdout

    return run


def test_position_independent(readelf):
    assert re.search(r"Type:\s+DYN", readelf("-h"))
    assert "PIE" in readelf("-d")


def test_relocations_are_read_only_and_early(readelf):
    assert "GNU_RELRO" in readelf("-l")
    assert re.search(r"FLAGS.*\bBIND_NOW\b", readelf("-d"))


def test_stack_is_not_executable(readelf):
    assert re.search(r"GNU_STACK.*\sRW\s", readelf("-l"))


def test_stack_protector_and_fortify(readelf, release_path):
    symbols = readelf("--dyn-syms")
    assert "__stack_chk_fail" in symbols
    assert re.search(r"__\w+_chk\b", symbols.replace("__stack_chk_fail", ""))
    assert "-D_FORTIFY_SOURCE=3" in (release_path.parent / "compile_commands.json").read_text()


@pytest.mark.skipif(platform.machine() not in ("x86_64", "i686"), reason="control-flow enforcement is x86's")
def test_indirect_branches_land_on_endbr(release_path):
    code = subprocess.run(["objdump", "-d", "--no-show-raw-insn", "--disassemble=main", release_path], text=True,
                          capture_output=True, check=True).stdout
    assert re.search(r"<main>:\n\s+\w+:\s+endbr64", code)
