# SPDX-License-Identifier: Apache-2.0
"""`hextet geo serve`: answers of one core beside nginx's, and the time from a commit in PostgreSQL to the published file.

    /usr/bin/python3 bench/bench_geo_http.py build/hextet

The file is that of the real ranges (tools/npm-install) with 10 000 exceptions over it. Server and client have a core each
where there are two. No real-time scheduling (chrt) here: the server's children would wait for each other. Exit status 1
when a limit is not held.
"""
import http.client
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import bench_geo
from bench_geo import EXCEPTIONS, HERE, PACKAGE, free_port, random_exceptions, say

sys.path[:0] = [str(HERE.parent / "tests"), str(HERE.parent / "tests/cli")]
from geo_server import Server, wait_for  # noqa: E402
from postgres_cluster import PROGRAMS, Cluster  # noqa: E402

FILE = "/geo-exceptions.mmdb"
SECONDS = 3
COUNTRIES = ["AT", "HU", "PL", "SI"] * 4
NGINX = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{ access_log off; keepalive_requests 1000000000; client_body_temp_path {folder}; proxy_temp_path {folder};
  fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder}; open_file_cache max=10;
  server {{ listen [::1]:{port}; root {folder}; }} }}
"""


def on_core(n):
    return lambda: os.sched_setaffinity(0, {n % os.cpu_count()})


def etag_of(url):
    head = subprocess.run(["curl", "-sI", url], text=True, capture_output=True, check=False).stdout
    match = re.search(r"(?i)^etag: (.*?)\r?$", head, re.MULTILINE)
    return match and match[1]


def wrk(url, *args):
    """Answers a second, the best of three."""
    rates = []
    for _ in range(3):
        done = subprocess.run(["wrk", "-t1", "-c16", f"-d{SECONDS}s", *args, url], text=True, capture_output=True,
                              check=True, preexec_fn=on_core(1))
        assert "Non-2xx" not in done.stdout, done.stdout
        rates.append(float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)[1]))
    return max(rates)


def nginx(folder):
    """A server of the folder's files, and its URL; None where there is no nginx."""
    program = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
    if not program:
        return None, None
    port = free_port()
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port))
    server = subprocess.Popen([program, "-p", folder, "-c", folder / "nginx.conf"], stderr=subprocess.DEVNULL,
                              preexec_fn=on_core(0))
    url = f"http://[::1]:{port}"
    wait_for("nginx", lambda: etag_of(f"{url}/geo.mmdb"))
    return server, url


def bench_answers(server, folder):
    base = server.url.removesuffix(FILE)
    ours = wrk(server.url, "-H", f"If-None-Match: {etag_of(server.url)}")
    say("304 answers of one core", ours, "/s", 20000, at_least=True)
    whole = wrk(server.url)
    lookups = wrk(base + "/v1/lookup?ip=2001:1528:132:70::ebe2")
    peer, url = nginx(folder)
    if peer:
        try:
            theirs = wrk(f"{url}/geo.mmdb", "-H", f"If-None-Match: {etag_of(url + '/geo.mmdb')}")
            say("  nginx, one worker", theirs, "/s", note=f"ratio {ours / theirs:.2f}")
            say("whole files", whole, "/s")
            theirs = wrk(f"{url}/geo.mmdb")
            say("  nginx, one worker", theirs, "/s", note=f"ratio {whole / theirs:.2f}")
        finally:
            peer.terminate()
            peer.wait()
    say("lookups, one a request", lookups, "/s")


class Asker:
    """Asks for the file on one connection."""

    def __init__(self, server):
        self.connection = http.client.HTTPConnection(*server.address())
        self.etag = None

    def is_new(self):
        self.connection.request("HEAD", FILE, headers={"If-None-Match": self.etag or '""'})
        answer = self.connection.getresponse()
        answer.read()
        if answer.status != 200 or answer.headers["ETag"] == self.etag:
            return False
        self.etag = answer.headers["ETag"]
        return True


def commit_to_file(cluster, asker, country):
    """After a while, milliseconds from sending a commit until the file that has it is answered with."""
    with subprocess.Popen(cluster.psql_command("geo"), text=True, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as psql:
        psql.stdin.write("\\echo ready\n")
        psql.stdin.flush()
        psql.stdout.readline()
        time.sleep(0.3)  # the last build has its gzipped form by now
        start = time.monotonic()
        psql.stdin.write(f"UPDATE geo_exceptions SET country = '{country}' WHERE id = 1;\n")
        psql.stdin.flush()
        while not asker.is_new():
            time.sleep(0.001)  # the builder may need this core
        return 1000 * (time.monotonic() - start)


def listens(server):
    return server.health().json()["sources"][0]["changes"] == "heard of"


def bench_notify(hextet, folder, rows, base):
    if not PROGRAMS.exists():
        print("postgresql-15 is not installed: no commits were measured")
        return
    cluster = Cluster()
    try:
        spec = cluster.spec(cluster.database("geo"))
        subprocess.run([hextet, "geo", "init", spec], check=True, capture_output=True)
        lines = rows.read_text().splitlines()[1:]
        cluster.sql("COPY geo_exceptions (network, country) FROM STDIN WITH (FORMAT csv);\n" +
                    "\n".join(lines) + "\n\\.\n", "geo")
        with Server(hextet, "--from", spec, "--base", f"mmdb:{base}", "-o", folder / "notified.mmdb",
                    listen=["[::1]:0"]) as server:
            server.wait_healthy()
            asker = Asker(server)
            for what in ("a commit", "the same, PostgreSQL restarted"):
                wait_for("LISTEN", lambda: listens(server))
                asker.is_new()
                took = [commit_to_file(cluster, asker, country) for country in COUNTRIES]
                say(f"{what}, until the file is published: best", min(took), "ms")
                say("  median", statistics.median(took), "ms", 200)
                say("  worst", max(took), "ms")
                cluster.restart()
                server.wait_line("changes are not heard of")
            print(next(line for line in reversed(server.lines) if "published" in line))
    finally:
        cluster.close()


def main():
    hextet = Path(sys.argv[1]).resolve()
    if not shutil.which("wrk"):
        sys.exit("wrk is not installed")
    modules = subprocess.run([HERE.parent / "tools/npm-install"], text=True, stdout=subprocess.PIPE, check=True)
    sources = [Path(modules.stdout.strip()) / PACKAGE.format(family) for family in (4, 6)]
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None) as name:
        folder = Path(name)
        folder.chmod(0o755)
        base, rows = folder / "base.mmdb", folder / "exceptions.csv"
        subprocess.run([hextet, "geo", "build", *(f"--from=csv:{s}" for s in sources), "-o", base], check=True,
                       capture_output=True)
        random_exceptions(rows, sources)
        with Server(hextet, "--from", f"csv:{rows}", "--base", f"mmdb:{base}", "-o", folder / "geo.mmdb",
                    listen=["[::1]:0"], before=on_core(0)) as server:
            server.wait_healthy()
            bench_answers(server, folder)
        bench_notify(hextet, folder, rows, base)
    print(f"{EXCEPTIONS:,} exceptions over the real ranges")
    sys.exit(bool(bench_geo.failures))


main()
