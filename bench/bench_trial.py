# SPDX-License-Identifier: Apache-2.0
"""`hextet trial run` beside `curl --parallel`: the same URLs over both families, a connection each, 64 at a time.

    /usr/bin/python3 bench/bench_trial.py build/hextet

The server is nginx on both loopback addresses. Ours compares the answers too, all of them the same. Memory must not grow
with the number of fetches but for what the report holds: its size after 10 000 is measured against that after 1000, and
that of large bodies against small ones. Exit status 1 when a limit is not held.
"""
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import bench_geo
from bench_geo import free_port, say

NGINX = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{ access_log off; client_body_temp_path {folder}; proxy_temp_path {folder};
  fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder}; open_file_cache max=10;
  server {{ listen 127.0.0.1:{port} backlog=4096; listen [::1]:{port} backlog=4096; root {folder};
    location /page {{ try_files /page.html =404; }} location /large {{ try_files /large.bin =404; }} }} }}
"""
PARALLEL = 64


def measure(command):
    """Seconds and the most memory in MiB; the program must say yes."""
    begun = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    talk = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, f"{command[:6]} ended with {status}: {talk.decode()[:2000]}"
    return time.monotonic() - begun, usage.ru_maxrss / 1024


def ours(program, urls):
    return measure([program, "trial", "run", "--parallel", str(PARALLEL), "--output", "json", *urls])


def theirs(folder, urls):
    """One curl, first all over IPv4, then all over IPv6."""
    for family in ("ipv4", "ipv6"):
        lines = [line for url in urls for line in (f'url = "{url}"', "output = /dev/null")]
        (folder / f"{family}.list").write_text("\n".join([family, "silent", 'header = "Connection: close"', *lines]))
    spent = [measure(["curl", "-q", "--parallel", "--parallel-max", str(PARALLEL), "-K", folder / f"{family}.list"])
             for family in ("ipv4", "ipv6")]
    return sum(seconds for seconds, _ in spent), max(memory for _, memory in spent)


def bench(program, folder, port):
    base = f"http://localhost:{port}"
    urls = [f"{base}/page{i}" for i in range(5000)]
    best = min((ours(program, urls) for _ in range(3)), key=lambda m: m[0])
    peer = min((theirs(folder, urls) for _ in range(3)), key=lambda m: m[0])
    say("10 000 fetches and 5000 comparisons", best[0], "s", 30)
    say("of the time of curl --parallel", best[0] / peer[0], "", 2)
    say("of its memory", best[1] / peer[1], "", 2)
    few = ours(program, urls[:500])
    say("memory: 10 000 fetches", best[1], "MiB", 100)
    say("more than 1000 fetches take", best[1] - few[1], "MiB", 20)
    large = ours(program, [f"{base}/large{i}" for i in range(500)])
    say("1000 bodies of 1 MiB, 64 at a time", large[1], "MiB", 400)


def main(program):
    nginx = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
    if not nginx or not shutil.which("curl"):
        print("bench_trial: nginx or curl is not installed")
        return
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        folder.chmod(0o755)
        (folder / "page.html").write_bytes(b"<p>hello</p>\n" * 300)
        (folder / "large.bin").write_bytes(os.urandom(1 << 20))
        (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port))
        server = subprocess.Popen([nginx, "-p", folder, "-c", folder / "nginx.conf"], stderr=subprocess.DEVNULL)
        try:
            while subprocess.run(["curl", "-sf", "-o", "/dev/null", f"http://localhost:{port}/page"],
                                 check=False).returncode:
                time.sleep(0.05)
            bench(program, folder, port)
        finally:
            server.terminate()
            server.wait()
    sys.exit(bool(bench_geo.failures))


if __name__ == "__main__":
    main(sys.argv[1])
