# SPDX-License-Identifier: Apache-2.0
"""libhextet-geo as programs meet it: its names, its header, its answers over the real rows, a server that it asks.

The library under test is that of the release build; the comparison runs in the sanitized one."""
import ctypes
import json
import os
import re
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
CALLS = {f"hextet_geo_{n}" for n in ("open", "open_bytes", "close", "reload", "country4", "country6", "country_text",
                                     "countries4", "countries6", "status")}


def run(*command, **options):
    return subprocess.run(list(map(str, command)), text=True, check=True, stdout=subprocess.PIPE, timeout=300,
                          **options).stdout


@pytest.fixture(scope="module")
def shared(release_path):
    return release_path.parent / "libhextet-geo.so"


@pytest.fixture(scope="module")
def static(release_path):
    return release_path.parent / "libhextet-geo.a"


@pytest.fixture
def files(hextet, tmp_path):
    """file(country, name) -> a file in which 192.0.2.0/24 and 2001:db8::/32 are in a country."""
    def make(country, name="geo.mmdb"):
        rows = tmp_path / "rows.csv"
        rows.write_text(f"192.0.2.0/24,{country}\n2001:db8::/32,{country}\n")
        done = hextet("geo", "build", "--from", rows, "-o", tmp_path / name, "--force")
        assert done.returncode == 0, done.stderr
        return tmp_path / name

    return make


# --- its names


def test_shared_library_exports_its_calls_only(shared, tool):
    names = {line.split()[-1] for line in run(tool("nm"), "-D", "--defined-only", shared).splitlines()}
    assert names == {f"{c}@@HEXTET_GEO_0" for c in CALLS} | {"HEXTET_GEO_0"}


def test_shared_library_needs_nothing_but_libc(shared, tool):
    dynamic = run(tool("readelf"), "-dW", shared)
    assert re.findall(r"NEEDED.*\[(.*)\]", dynamic) == ["libc.so.6"]
    assert re.search(r"SONAME.*\[libhextet-geo\.so\.0\]", dynamic)
    assert "BIND_NOW" in dynamic


def test_static_library_shows_its_calls_only(static, tool):
    lines = run(tool("nm"), "--defined-only", "--extern-only", static).splitlines()
    assert {line.split()[-1] for line in lines if " T " in line} == CALLS
    assert len(lines) - sum(not line or line.endswith(":") for line in lines) == len(CALLS)


@pytest.mark.parametrize("library", ["shared", "static"])
def test_library_never_aborts(library, request, tool):
    """Neither it nor the parts of the program that do when memory runs out."""
    path = request.getfixturevalue(library)
    undefined = run(tool("nm"), *(["-D"] if library == "shared" else []), "-u", path)
    assert "malloc" in undefined
    assert not re.search(r"\b(abort|exit|_exit|arena_\w+|__assert_fail|err|errx|printf|perror)\b", undefined)


# --- its header


def test_header_in_cplusplus(shared, tool, tmp_path, files):
    source = tmp_path / "use.cc"
    source.write_text("""
#include <hextet-geo.h>
#include <cstdio>
int main(int, char **argv) {
	hextet_geo *geo;
	struct hextet_geo_status status; // as with stat(2), the word alone is the call
	char code[3];
	if (hextet_geo_open(argv[1], HEXTET_GEO_WATCH, &geo, nullptr) < 0 ||
	    hextet_geo_country_text(geo, "2001:db8::1", code) != 1)
		return 1;
	hextet_geo_status(geo, &status);
	std::puts(status.memory > 0 ? code : "?");
	hextet_geo_close(geo);
}
""")
    run(tool("g++"), "-std=c++11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I", TOP / "include", source, "-o",
        tmp_path / "use", shared, f"-Wl,-rpath,{shared.parent}")
    assert run(tmp_path / "use", files("CZ")) == "CZ\n"


@pytest.mark.parametrize("standard", ["c99", "c11", "gnu17"])
def test_header_alone(standard, tool, tmp_path):
    source = tmp_path / "alone.c"
    source.write_text("#include <hextet-geo.h>\nint main(void) { return 0; }\n")
    run(tool("cc"), f"-std={standard}", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I", TOP / "include", "-c", source,
        "-o", tmp_path / "alone.o")


def test_names_of_a_program_do_not_clash(static, tool, tmp_path, files):
    """A program may call its own things as the library's parts are called."""
    source = tmp_path / "clash.c"
    source.write_text("""
#include <hextet-geo.h>
#include <stdio.h>
int mmdb_open(void) { return 1; }
int mmdb_verify = 2, str_of, client_seat, http_fetch, library_load, ip_parse;
void client_trie_done(void) {}
int main(int argc, char **argv) {
	struct hextet_geo *geo;
	char code[3];
	(void)argc;
	if (hextet_geo_open(argv[1], 0, &geo, NULL) == 0 && hextet_geo_country_text(geo, "192.0.2.1", code) == 1)
		puts(code);
	hextet_geo_close(geo);
	return 0;
}
""")
    run(tool("cc"), "-I", TOP / "include", source, "-o", tmp_path / "clash", static)
    assert run(tmp_path / "clash", files("SK")) == "SK\n"


# --- the example, built as a stranger builds it


def test_example_by_pkg_config(release_path, tool, tmp_path, files):
    subprocess.run(["meson", "install", "-C", release_path.parent, "--no-rebuild", "--quiet", "--destdir",
                    tmp_path / "root"], check=True, capture_output=True, timeout=120)
    (pc,) = (tmp_path / "root").rglob("libhextet-geo.pc")
    env = os.environ | {"PKG_CONFIG_PATH": str(pc.parent), "PKG_CONFIG_SYSROOT_DIR": str(tmp_path / "root")}
    flags = run(tool("pkg-config"), "--cflags", "--libs", "libhextet-geo", env=env).split()
    run(tool("cc"), "-Wall", "-Wextra", "-Werror", TOP / "examples/geo/lookup.c", "-o", tmp_path / "lookup", *flags)
    done = subprocess.run([tmp_path / "lookup", files("CZ")], input="192.0.2.7\n2001:db8::7\n203.0.113.1\nnonsense\n",
                          text=True, capture_output=True, check=True, timeout=60,
                          env=os.environ | {"LD_LIBRARY_PATH": str(pc.parents[1])})
    assert done.stdout == "192.0.2.7 CZ\n2001:db8::7 CZ\n203.0.113.1 -\n"
    assert "'nonsense' is no address" in done.stderr


# --- a server


class Status(ctypes.Structure):
    _fields_ = [("build_epoch", ctypes.c_uint64), ("loaded_at", ctypes.c_uint64), ("networks", ctypes.c_uint64),
                ("memory", ctypes.c_size_t), ("reloads", ctypes.c_uint64), ("refused", ctypes.c_uint64),
                ("refusal", ctypes.c_char * 256)]


class Geo:
    """The library by ctypes."""

    def __init__(self, library, source, flags=0):
        self.c = ctypes.CDLL(str(library))
        self.geo, self.why = ctypes.c_void_p(), ctypes.create_string_buffer(256)
        self.opened = self.c.hextet_geo_open(str(source).encode(), flags, ctypes.byref(self.geo), self.why)

    def country(self, address):
        code = ctypes.create_string_buffer(3)
        return code.value.decode() if self.c.hextet_geo_country_text(self.geo, address.encode(), code) == 1 else None

    def reload(self):
        return self.c.hextet_geo_reload(self.geo, self.why)

    def status(self):
        status = Status()
        self.c.hextet_geo_status(self.geo, ctypes.byref(status))
        return status

    def close(self):
        self.c.hextet_geo_close(self.geo)


@pytest.fixture
def server():
    """A server whose `answer` is (status, body, etag); `seen` has the If-None-Match of each request."""
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            status, body, etag = self.server.answer
            self.server.seen.append(self.headers["If-None-Match"])
            if etag and self.headers["If-None-Match"] == etag:
                status, body = 304, b""
            self.send_response(status)
            if etag:
                self.send_header("ETag", etag)
            if status != 304:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.seen = []
    threading.Thread(target=http.serve_forever, daemon=True).start()
    yield http
    http.shutdown()
    http.server_close()


def test_url(shared, server, files):
    url = f"http://127.0.0.1:{server.server_port}/geo.mmdb"
    first, second = files("CZ", "a").read_bytes(), files("SK", "b").read_bytes()

    server.answer = (200, first, '"one"')
    geo = Geo(shared, url, flags=1)
    if geo.opened < 0 and b"install the package" in geo.why.value:
        pytest.skip("libcurl is not installed")
    assert geo.opened == 0, geo.why.value
    assert geo.country("2001:db8::1") == "CZ"
    assert geo.reload() == 0  # 304
    assert server.seen == [None, '"one"']
    server.answer = (200, second[:-10], '"two"')
    assert geo.reload() < 0 and b"broken at byte" in geo.why.value
    assert geo.country("2001:db8::1") == "CZ"
    server.answer = (503, b"busy", None)
    assert geo.reload() < 0 and b"the server answers 503" in geo.why.value
    server.answer = (200, second, '"two"')
    assert geo.reload() == 1
    assert server.seen[-1] == '"one"'  # not that of the broken one
    assert geo.country("2001:db8::1") == "SK" and geo.country("192.0.2.1") == "SK"
    assert geo.status().reloads == 1 and geo.status().refused == 2
    geo.close()


# --- its answers


@pytest.fixture(scope="module")
def compare(hextet_path):
    return hextet_path.parent / "tests/client_compare"


@pytest.fixture(scope="module")
def real(hextet, tool, tmp_path_factory):
    """A file of the real rows."""
    tool("npm")
    done = subprocess.run([TOP / "tools/npm-install"], text=True, stdout=subprocess.PIPE, check=False)
    if done.returncode:
        pytest.skip("npm cannot install the packages of tests/npm")
    folder = Path(done.stdout.strip()) / "@ip-location-db/geo-whois-asn-country"
    path = tmp_path_factory.mktemp("geo") / "real.mmdb"
    sources = [f"--from={folder}/geo-whois-asn-country-ipv{family}.csv" for family in (4, 6)]
    assert hextet("geo", "build", *sources, "-o", path).returncode == 0
    return path


def test_real_rows_answer_as_libmaxminddb(compare, real):
    """Both ends of every network and beside them, and random addresses: more than three million."""
    done = subprocess.run([compare, real, "150000", "1"], text=True, stdout=subprocess.PIPE, check=False, timeout=600)
    assert done.returncode == 0, done.stdout
    compared, differ = map(int, re.search(r"(\d+) compared, (\d+) differ", done.stdout).groups())
    assert compared > 3_000_000 and differ == 0


def test_compiled_form_is_small(shared, real):
    geo = Geo(shared, real)
    assert geo.opened == 0
    assert geo.status().memory <= 6_000_000
    assert geo.country("2001:1528:132:70::ebe2") == "CZ"
    geo.close()


def test_bench(hextet, files):
    """It prints every number, and 1 when the two libraries differ; how fast they are is for `make bench`."""
    rows = json.loads(hextet("geo", "bench", files("CZ"), "--output", "json").stdout)
    assert rows["ranges_v4"] == rows["ranges_v6"] == 1 and rows["memory"] > 0 and rows["load_ms"] > 0
    assert [(r["family"], r["method"]) for r in rows["lookups"]] == [(f, m) for f in (4, 6) for m in ("single", "batched")]
    assert all(r["ns"] > 0 and r["libmaxminddb_ns"] > 0 and r["ratio"] > 0 for r in rows["lookups"])


def test_bench_of_no_file(hextet, tmp_path):
    assert hextet("geo", "bench", tmp_path / "nothing").returncode == 3
    (tmp_path / "nonsense").write_bytes(b"nonsense")
    assert hextet("geo", "bench", tmp_path / "nonsense").returncode == 1
    assert hextet("geo", "bench").returncode == 2


# --- under fire


@pytest.mark.lab
def test_thousand_replacements_under_fire(hextet_path):
    done = subprocess.run([hextet_path.parent / "tests/client_fire", "1000", "2"], text=True, capture_output=True,
                          check=False, timeout=600)
    assert done.returncode == 0 and "no wrong answer" in done.stdout, done.stdout + done.stderr


@pytest.mark.lab
@pytest.mark.parametrize("barrier", ["membarrier", "without membarrier"])
def test_no_data_race_under_fire(barrier, hextet_path, tool, tmp_path):
    """The same program with ThreadSanitizer, once with each way of the readers' barrier."""
    targets = json.loads(run("meson", "introspect", "--targets", hextet_path.parent))
    (parts,) = [t for t in targets if t["name"] == "hextet-geo-parts"]
    sources = [Path(s) for s in parts["target_sources"][0]["sources"]]
    if barrier != "membarrier":
        guard = next(s for s in sources if s.name == "client_guard.c")
        changed = tmp_path / "client_guard.c"
        text, n = re.subn(r"client_guard_asymmetric = membarrier\(.*;", "client_guard_asymmetric = false;",
                          guard.read_text())
        assert n == 1
        changed.write_text(text)
        sources[sources.index(guard)] = changed
    objects = run(tool("cc"), "-print-file-name=libtsan.so").strip()
    if not os.path.isabs(objects):
        pytest.skip("libtsan is not installed")
    run(tool("cc"), "-fsanitize=thread", "-g", "-O1", "-std=gnu17", "-D_GNU_SOURCE", '-DHEXTET_VERSION="0"',
        "-ffunction-sections", "-Wl,--gc-sections", "-I", TOP / "src", "-I", TOP / "include",
        TOP / "tests/geo/client_fire.c", *sources, "-o", tmp_path / "fire")
    done = subprocess.run([tmp_path / "fire", "200", "3"], text=True, capture_output=True, check=False, timeout=600,
                          env=os.environ | {"TSAN_OPTIONS": "halt_on_error=1"})
    assert done.returncode == 0 and "WARNING" not in done.stderr, done.stdout + done.stderr[-3000:]
