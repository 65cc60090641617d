# SPDX-License-Identifier: Apache-2.0
"""From the line in the log to the packet that is dropped: a guard in the lab's machine, and clients that are banned one
after the other while they send. For test_guard_reaction_lab.py and bench/bench_reaction.py.

Run as a program it is one end. `listen LOG PORT` takes packets, and at the first one of a source writes the lines that
ban it; when standard input ends it prints for each source how many milliseconds after the write its last packet came.
`send PORT SECONDS SOURCE...` lets each source send to the machine every half millisecond for so long."""
import json
import os
import select
import socket
import sys
import time

LINES = 5  # the rule's count
PORT = 7


def sources(number):
    """So many of each family, each in a /56 of its own."""
    return [a for i in range(1, number + 1) for a in (f"2001:db8:bad:{i:x}00::5", f"198.51.100.{i}")]


def listen(log, port):
    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    s.bind(("::", port))
    written, last = {}, {}
    with open(log, "a", encoding="ascii", buffering=1 << 16) as f:
        print("ready", flush=True)
        while True:
            ready = select.select([s, sys.stdin], [], [])[0]
            if sys.stdin in ready:
                break
            peer = s.recvfrom(100)[1][0].removeprefix("::ffff:")
            now = time.monotonic()
            if peer in written:
                last[peer] = now
                continue
            when = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime())
            f.write(f'{peer} - - [{when}] "POST /login HTTP/1.1" 401 5 "-" "x"\n' * LINES)
            f.flush()
            last[peer] = written[peer] = time.monotonic()
    print(json.dumps({peer: 1000 * max(0, last[peer] - written[peer]) for peer in written}))


def send(port, seconds, addresses, machine):
    for source in addresses:
        to = machine[6 if ":" in source else 4]
        with socket.socket(socket.AF_INET6 if ":" in source else socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind((source, 0))
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                try:
                    s.sendto(b"x", (to, port))
                except OSError:
                    pass  # no neighbour yet
                time.sleep(0.0005)


class Machine:
    """A guard with an nft sink in the lab's machine, as the user nobody with what it keeps of its privileges."""

    def __init__(self, lab, program, folder, **estate):
        from guard_daemon import Guard  # of tests/cli

        for path in (folder, *folder.parents):
            if path != path.parent:
                os.chmod(path, os.stat(path).st_mode | 0o111)
        wrapper = folder / "hextet"
        wrapper.write_text(f'#!/bin/sh\nexec ip netns exec {lab.names["machine"]} {program} "$@"\n')
        wrapper.chmod(0o755)
        self.lab = lab
        self.guard = Guard(wrapper, folder, sinks="    - { nft: hextet_guard }", **estate)
        for path in (folder, folder / "state", folder / "estate"):
            os.chown(path, 65534, 65534)
        self.guard.log.chmod(0o644)
        # The leak detector of the sanitized program needs ptrace, which is not for a guard.
        self.guard.start("--user", "nobody", keep_root=False, env={"ASAN_OPTIONS": "detect_leaks=0:exitcode=99"})

    def measure(self, number, seconds):
        """{source: milliseconds} for `number` sources of each family."""
        self.lab.run("client", "sysctl", "-qw", "net.ipv4.ip_nonlocal_bind=1", "net.ipv6.ip_nonlocal_bind=1")
        for family, network in (("-4", "198.51.100.0/24"), ("-6", "2001:db8:bad::/48")):
            self.lab.run("client", "ip", family, "route", "replace", "local", network, "dev", "lo")
        listener = self.lab.start("machine", sys.executable, __file__, "listen", self.guard.log, PORT)
        assert listener.stdout.readline() == "ready\n"
        self.lab.run("client", sys.executable, __file__, "send", PORT, seconds, *sources(number))
        return json.loads(listener.communicate("", timeout=20)[0])


def percentile(values, p):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * p / 100))]


if __name__ == "__main__":
    if sys.argv[1] == "listen":
        listen(sys.argv[2], int(sys.argv[3]))
    else:
        from sink_lab import MACHINE

        send(int(sys.argv[2]), float(sys.argv[3]), sys.argv[4:], MACHINE)
