# SPDX-License-Identifier: Apache-2.0
"""Where the tests of ban sinks take place:

    many clients' addresses ── client ── eth0  machine  eth1 ── container
    2001:db8:bad::/48                   192.0.2.10              172.18.0.5
    198.51.100.0/24                     2001:db8:1::10          2001:db8:1:f::5

The clients are behind a router, the namespace `client`, so that nothing of them is needed to reach them but a route."""
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

PROBE = Path(__file__).with_name("net_probe.py")
TALK = Path(__file__).with_name("talk_probe.py")
PORT = 80

BAD6, SAME64, NEXT64, ALLOWED6 = "2001:db8:bad:1::5", "2001:db8:bad:1::6", "2001:db8:bad:2::5", "2001:db8:bad:7::1"
BESIDE6 = "2001:db8:bad:7::2"  # of the same /64 as the allowed one
BAD4, NEXT4, ALLOWED4 = "198.51.100.7", "198.51.100.8", "198.51.100.200"
CLIENTS = [BAD6, SAME64, NEXT64, ALLOWED6, BESIDE6, BAD4, NEXT4, ALLOWED4]
MACHINE, CONTAINER = {4: "192.0.2.10", 6: "2001:db8:1::10"}, {4: "172.18.0.5", 6: "2001:db8:1:f::5"}


class Tool:
    """A sink_tool in a namespace: tool("list") -> the lines before "ok"."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, line):
        """All lines; the last one is "ok" or "error: ..."."""
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        said = []
        while not said or not (said[-1] == "ok" or said[-1].startswith("error: ")):
            got = self.process.stdout.readline()
            assert got, f"sink_tool ended at {line!r}"
            said.append(got.rstrip("\n"))
        return said

    def __call__(self, line):
        said = self.ask(line)
        assert said[-1] == "ok", f"{line}: {said[-1]}"
        return said[:-1]

    def networks(self):
        return [line.split()[0] for line in self("list")]

    def reconcile(self):
        """missing, foreign, wrong_time and structure of the drift."""
        words = self("reconcile")[0].split(" ", 7)
        return int(words[1]), int(words[3]), int(words[5]), None if words[7] == "-" else words[7]

    def close(self):
        self.process.communicate(timeout=20)
        assert self.process.returncode == 0


class Lab:
    """Three namespaces; everything in them ends with close()."""

    def __init__(self, sink_tool):
        self.names = {n: f"hx{os.getpid()}-{n}" for n in ("client", "machine", "container")}
        self.sink_tool, self.tools, self.processes = sink_tool, [], []

    def command(self, where, *args):
        return ["ip", "netns", "exec", self.names[where], *map(str, args)]

    def run(self, where, *args, **options):
        options = {"check": True, "capture_output": True, "text": True} | options
        return subprocess.run(self.command(where, *args), **options)

    def start(self, where, *args):
        process = subprocess.Popen(self.command(where, *args), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.processes.append(process)
        return process

    def tool(self, *prefix):
        tool = Tool(self.command("machine", *prefix, self.sink_tool))
        self.tools.append(tool)
        return tool

    def open(self):
        for name in self.names.values():
            subprocess.run(["ip", "netns", "add", name], check=True)
            subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)
        self.link("client", ["192.0.2.1/24", "2001:db8:1::1/64"], "machine", ["192.0.2.10/24", "2001:db8:1::10/64"])
        self.link("container", ["172.18.0.5/24", "2001:db8:1:f::5/64"], "machine", ["172.18.0.1/24", "2001:db8:1:f::1/64"])
        for where in ("client", "machine"):
            self.run(where, "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
        for where, gateways in (("client", MACHINE.values()), ("container", ("172.18.0.1", "2001:db8:1:f::1"))):
            for gateway in gateways:
                self.run(where, "ip", "route", "add", "default", "via", gateway)
        self.run("machine", "ip", "route", "add", "198.51.100.0/24", "via", "192.0.2.1")
        self.run("machine", "ip", "route", "add", "2001:db8:bad::/48", "via", "2001:db8:1::1")
        for address in CLIENTS:
            self.run("client", "ip", "address", "add", address, "dev", "lo", *(["nodad"] if ":" in address else []))
        for where in ("machine", "container"):
            server = self.start(where, sys.executable, PROBE, "serve", PORT)
            assert server.stdout.readline() == "ready\n"
        # Links take a moment to be up.
        assert any(all(self.probe(self.questions(CLIENTS))) for _ in range(10)), "the lab itself does not work"

    def link(self, a, a_addresses, b, b_addresses):
        names = f"to-{b}", f"to-{a}"
        subprocess.run(["ip", "link", "add", names[0], "netns", self.names[a], "type", "veth",
                        "peer", names[1], "netns", self.names[b]], check=True)
        for where, name, addresses in ((a, names[0], a_addresses), (b, names[1], b_addresses)):
            for address in addresses:
                self.run(where, "ip", "address", "add", address, "dev", name, *(["nodad"] if ":" in address else []))
            self.run(where, "ip", "link", "set", name, "up")

    def probe(self, probes):
        return json.loads(self.run("client", sys.executable, PROBE, "probe", input=json.dumps(probes)).stdout)

    @staticmethod
    def questions(sources, kinds=("tcp", "ping")):
        return [[kind, source, to[6 if ":" in source else 4], PORT]
                for source in sources for kind in kinds for to in (MACHINE, CONTAINER)]

    def answers(self, sources, kinds=("tcp", "ping")):
        """Whether each source gets answers of the machine and of the container: {True}, {False}, or both in one set."""
        probes = self.questions(sources, kinds)
        answers = self.probe(probes)
        return {source: {a for p, a in zip(probes, answers) if p[1] == source} for source in sources}

    def reached(self, sources, kinds=("tcp", "ping")):
        """Those of the sources that get an answer to all questions; that one gets some answers and not others fails."""
        good = self.answers(sources, kinds)
        assert all(len(a) == 1 for a in good.values()), good
        return [source for source in sources if good[source] == {True}]

    def close(self):
        try:
            for tool in self.tools:
                tool.close()
        finally:
            for tool in self.tools:
                tool.process.kill()
            for process in self.processes:
                process.send_signal(signal.SIGKILL)
                process.wait()
            for name in self.names.values():
                subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)
