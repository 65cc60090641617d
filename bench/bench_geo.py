# SPDX-License-Identifier: Apache-2.0
"""Builds, rebuilds, lookups and streams of `hextet geo`, each beside its peer in the same run; bench_geo_http.py has the
answers.

    /usr/bin/python3 bench/bench_geo.py build/hextet [--stream=PREFIXES]

The rows are real ones, of both families (tools/npm-install). Times are wall-clock times of the whole program, the best of
RUNS, which take turns; files are in memory (/dev/shm), because what is measured is not the disk. --stream=50000000 needs
4 GB of disk and some minutes; PREFIXES are 2 million otherwise. Exit status 1 when a limit is not held.
"""
import ipaddress
import json
import multiprocessing
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
RUNS, EXCEPTIONS = 9, 10000
PACKAGE = "@ip-location-db/geo-whois-asn-country/geo-whois-asn-country-ipv{}.csv"

failures = 0


def say(what, value, unit, limit=None, at_least=False, note=""):
    """One line; a limit that is not held counts as a failure."""
    global failures
    text = f"{what:<58} {value:>12,.{3 if value < 10 else 1 if value < 1000 else 0}f} {unit}"
    if limit is not None:
        held = value >= limit if at_least else value <= limit
        failures += not held
        text += f"   ({'at least' if at_least else 'at most'} {limit:,g}{'' if held else ': NOT HELD'})"
    print(text + (f"   {note}" if note else ""), flush=True)


def free_port():
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as s:
        return s.getsockname()[1]


def run(argv, **options):
    """(wall seconds, peak MB, standard output) of one program."""
    with tempfile.TemporaryFile() as out:
        start = time.monotonic()
        child = subprocess.Popen([str(a) for a in argv], stdout=out, stderr=subprocess.DEVNULL, **options)
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.monotonic() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            sys.exit(f"{' '.join(map(str, argv))} ended with {child.returncode}")
        out.seek(0)
        return wall, usage.ru_maxrss / 1024, out.read().decode()


def best(results):
    return min(r[0] for r in results), max(r[1] for r in results)


def random_exceptions(path, sources):
    """10 000 networks inside the real ranges of both families, half of each."""
    rng = random.Random(1)
    with open(path, "w", encoding="ascii") as out:
        out.write("network,country\n")
        for source, lengths in zip(sources, ((24, 28, 32), (48, 56, 64))):
            rows = source.read_text().splitlines()
            seen = set()
            while len(seen) < EXCEPTIONS // 2:
                first, last, _ = rng.choice(rows).split(",")
                ip = rng.randint(int(ipaddress.ip_address(first)), int(ipaddress.ip_address(last)))
                kind = ipaddress.IPv4Network if "." in first else ipaddress.IPv6Network
                seen.add(kind((ip, rng.choice(lengths)), strict=False))
            for net in sorted(seen):
                out.write(f"{net},{rng.choice(['CZ', 'DE', 'US', 'BR'])}\n")


def bench_build(hextet, folder, sources):
    target, perl = folder / "real.mmdb", folder / "perl.mmdb"
    command = [hextet, "geo", "build", "--build-epoch=1"]
    for source in sources:
        command += ["--from", f"csv:{source}"]
    quick, verified = [], []
    for _ in range(RUNS):
        for results, more in ((quick, ["--no-verify"]), (verified, [])):
            target.unlink(missing_ok=True)
            results.append(run([*command, *more, "-o", target]))
    peer = best([run([HERE / "geo_perl_build.pl", perl, *sources]) for _ in range(2)])
    stats = json.loads(run([*command, "--stats", "-o", target])[2])
    print(f"{stats['networks']:,} networks, {stats['nodes']:,} nodes, {stats['record_size']} bits")
    say("build of the real ranges, --no-verify", best(quick)[0], "s", 0.10)
    say("  peak memory", best(quick)[1], "MB", 24)
    say("  MaxMind's writer for Perl", peer[0], "s", note=f"{peer[1]:.0f} MB")
    say("  as many times as fast as that", peer[0] / best(quick)[0], "x", 20, at_least=True)
    say("  with the verification", best(verified)[0], "s", 0.16)
    say("  file", target.stat().st_size / 1e6, "MB", 2.65, note=f"Perl's: {perl.stat().st_size / 1e6:.2f} MB")
    return target


def bench_rebuild(hextet, folder, sources, base):
    rows, target = folder / "exceptions.csv", folder / "over.mmdb"
    # Elsewhere: a program that is started counts the memory of the one that started it as its own peak.
    with multiprocessing.Pool(1) as pool:
        pool.apply(random_exceptions, (rows, sources))
    command = [hextet, "geo", "build", "--build-epoch=1", "--from", rows, "--base", base, "-o", target]
    quick, verified = [], []
    for _ in range(RUNS):
        for results, more in ((quick, ["--no-verify"]), (verified, [])):
            target.unlink(missing_ok=True)
            results.append(run([*command, *more]))
    say(f"{EXCEPTIONS:,} exceptions over that file, --no-verify", 1000 * best(quick)[0], "ms", 15)
    say("  with the verification", 1000 * best(verified)[0], "ms")


def bench_lookups(hextet, base):
    """`hextet geo bench` asks libmaxminddb the same in the same run."""
    text = subprocess.run([hextet, "geo", "bench", base], text=True, capture_output=True, check=False)
    print(text.stdout.rstrip() or text.stderr.rstrip())
    return text.returncode


def bench_stream(hextet, folder, prefixes):
    source = f"csv:{folder / 'prefixes.csv'}"
    with open(folder / "prefixes.csv", "wb") as out:
        subprocess.run([HERE / "gen-prefixes", str(prefixes)], stdout=out, check=True)
    wall, peak, _ = run([hextet, "geo", "build", "--stream", "--no-verify", "--from", source, "-o",
                         folder / "stream.mmdb"])
    say(f"--stream of {prefixes:,} prefixes", wall, "s", note=f"{(folder / 'stream.mmdb').stat().st_size / 1e6:.0f} MB")
    say("  peak memory", peak, "MB", 64)


def main():
    hextet = Path(sys.argv[1]).resolve()
    prefixes = next((int(a.split("=")[1]) for a in sys.argv[2:] if a.startswith("--stream=")), 2000000)
    modules = subprocess.run([HERE.parent / "tools/npm-install"], text=True, stdout=subprocess.PIPE, check=True)
    sources = [Path(modules.stdout.strip()) / PACKAGE.format(family) for family in (4, 6)]
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as fast, tempfile.TemporaryDirectory() as large:
        base = bench_build(hextet, Path(fast), sources)
        bench_rebuild(hextet, Path(fast), sources, base)
        wrong = bench_lookups(hextet, base)
        bench_stream(hextet, Path(large), prefixes)
    sys.exit(bool(failures or wrong))


if __name__ == "__main__":
    main()
