# SPDX-License-Identifier: Apache-2.0
"""A sink of any kind beside a model of what it should hold, and targets that are asked what they do hold."""
import ipaddress
import json
import os
import random
import socket
import subprocess
import time


class SinkTool:
    """tests/guard/sink_tool.c as a process; `prefix` runs it somewhere else."""

    def __init__(self, path, prefix=()):
        self.process = subprocess.Popen([*prefix, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        bufsize=1)

    def ask(self, *words):
        """The lines that the command printed, and None or its error."""
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        lines = []
        while True:
            line = self.process.stdout.readline()
            assert line, "sink_tool has ended"
            line = line.rstrip("\n")
            if line == "ok":
                return lines, None
            if line.startswith("error: "):
                return lines, line.removeprefix("error: ")
            lines.append(line)

    def do(self, *words):
        lines, error = self.ask(*words)
        assert error is None, (words[0], error)
        return lines

    def reconcile(self):
        """What it found: {"missing": 0, ...}"""
        words = self.do("reconcile")[-1].split(maxsplit=7)
        return {k: int(v) if v.isdigit() else v for k, v in zip(words[::2], words[1::2])}

    def networks(self):
        return {ipaddress.ip_network(line.split()[0]) for line in self.do("list")}

    def close(self):
        self.process.stdin.close()
        assert self.process.wait(30) == 0


def has(network, address):
    return network.version == address.version and address in network


class Model:
    """Random bans and allowlists of both families, nested and overlapping, near each other; and what they mean."""

    HOMES = [("10.0.0.0/22", (22, 32)), ("198.51.100.0/24", (24, 32)), ("2001:db8::/44", (44, 72)),
             ("2001:db8:7:7::/64", (64, 128)), ("::/60", (60, 100))]

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.allow, self.bans = set(), set()
        self.allow = {self.network() for _ in range(self.random.randrange(6))}

    def network(self):
        """Mostly new; often around or inside one that is there, or around ::ffff:0:0/96."""
        (home, (low, high)), chance = self.random.choice(self.HOMES), self.random.random()
        near = sorted(self.bans | self.allow, key=str)
        if chance < 0.4 and near:
            first = self.random.choice(near)
            home, (low, high) = next((h, l) for h, l in self.HOMES if has(ipaddress.ip_network(h), first[0]))
            number = int(self.random.choice([first[0], first[-1]]))
        elif chance < 0.45:
            return ipaddress.ip_network(("::", self.random.randint(60, 95)))
        else:
            home = ipaddress.ip_network(home)
            number = int(home[0]) | self.random.getrandbits(home.max_prefixlen - home.prefixlen)
        make = ipaddress.IPv6Network if ":" in str(home) else ipaddress.IPv4Network
        return make((number, self.random.randint(low, high)), strict=False)

    def steps(self):
        """Batches of bans and unbans as commands of the tool, applied to the model too."""
        for _ in range(self.random.randint(3, 16)):
            if self.bans and self.random.random() < 0.4:
                chosen = self.random.sample(sorted(self.bans, key=str), self.random.randint(1, len(self.bans)))
                if self.random.random() < 0.2:
                    chosen.append(self.network())  # not banned, as a rule
                self.bans -= set(chosen)
                yield ["unban", *chosen]
            else:
                chosen = {self.network() for _ in range(self.random.randint(1, 8))}
                self.bans |= chosen
                yield ["ban", *(w for n in sorted(chosen, key=str) for w in (n, self.random.randint(10**6, 10**9)))]

    def banned(self, address):
        return any(has(n, address) for n in self.bans) and not any(has(n, address) for n in self.allow)

    def addresses(self, n=200):
        """Both ends of everything, the ones beside them, and some inside."""
        found = set()
        for network in self.bans | self.allow | {self.network() for _ in range(8)}:
            make = type(network.network_address)
            first, last = int(network.network_address), int(network.broadcast_address)
            for number in (first - 1, first, first + 1, self.random.randint(first, last), last - 1, last, last + 1):
                if 0 <= number < 1 << network.max_prefixlen:
                    address = make(number)
                    # ::ffff:a.b.c.d is IPv4: no client has it as an IPv6 address.
                    if address.version == 4 or address.ipv4_mapped is None:
                        found.add(address)
        found = sorted(found, key=str)
        return self.random.sample(found, min(n, len(found)))


class HAProxy:
    """A real one, in a folder; no traffic, its runtime socket answers what it would match."""

    CONFIG = """
global
    stats socket {folder}/admin.sock mode 600 level {level}
    maxconn 100
defaults
    mode http
    timeout connect 2s
    timeout client 5s
    timeout server 5s
frontend web
    bind unix@{folder}/web.sock
    http-request deny deny_status 403 if {{ src -f {acl} }}
    http-request return status 200
{more}
"""

    def __init__(self, program, folder, level="operator", more="", prefix=()):
        self.program, self.folder, self.prefix = program, folder, prefix
        self.acl = folder / "banned.lst"
        self.socket = folder / "admin.sock"
        self.spec = f"haproxy:{self.socket},acl={self.acl}"
        self.config = folder / "haproxy.cfg"
        self.config.write_text(self.CONFIG.format(folder=folder, acl=self.acl, level=level, more=more))
        self.process = None

    def start(self):
        self.process = subprocess.Popen([*self.prefix, self.program, "-db", "-f", str(self.config)],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        for _ in range(200):
            assert self.process.poll() is None, self.process.stderr.read().decode()
            try:
                self.ask("show acl")
                return self
            except OSError:
                time.sleep(0.05)
        raise AssertionError("HAProxy does not answer")

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process.stderr.close()
            self.process = None

    def ask(self, *commands):
        """The answers, one a command."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(30)
            s.connect(str(self.socket))
            s.sendall((";".join(commands) + "\n").encode())
            text = b"".join(iter(lambda: s.recv(65536), b"")).decode()
        answers = []
        while text:
            answer, text = ("", text[1:]) if text.startswith("\n") else text.split("\n\n", 1)
            answers.append(answer)
        assert len(answers) == len(commands), (commands, answers)
        return answers

    def entries(self):
        return [line.split()[1] for line in self.ask(f"show acl {self.acl}")[0].splitlines()]

    def banned(self, addresses):
        result = []
        for at in range(0, len(addresses), 50):
            asked = addresses[at:at + 50]
            result += ["match=yes" in a for a in self.ask(*(f"get acl {self.acl} {x}" for x in asked))]
        return result


class Nft:
    """A ruleset as `nft` lists it, applied to source addresses by its rules' order."""

    def __init__(self, listing):
        objects = json.loads(listing)["nftables"]
        self.sets = {o["set"]["name"]: [self.element(e) for e in o["set"].get("elem", [])]
                     for o in objects if "set" in o}
        self.rules = [o["rule"]["expr"] for o in objects if "rule" in o]

    @staticmethod
    def element(e):
        e = e.get("elem", e)["val"] if isinstance(e, dict) and "elem" in e else e
        if isinstance(e, str):
            return ipaddress.ip_address(e), ipaddress.ip_address(e)
        if "prefix" in e:
            n = ipaddress.ip_network((e["prefix"]["addr"], e["prefix"]["len"]))
            return n[0], n[-1]
        return tuple(map(ipaddress.ip_address, e["range"]))

    def banned(self, addresses):
        return [self.verdict(a) == "drop" for a in addresses]

    def verdict(self, address):
        for rule in self.rules:
            left, right = rule[0]["match"]["left"], rule[0]["match"]["right"]
            mask = None
            if "&" in left:
                left, mask = left["&"]
            assert left["payload"]["field"] == "saddr"
            if left["payload"]["protocol"] != ("ip" if address.version == 4 else "ip6"):
                continue
            key = type(address)(int(address) & int(ipaddress.ip_address(mask))) if mask else address
            if any(first <= key <= last for first, last in self.sets[right.removeprefix("@")]):
                return next(word for word in ("accept", "drop") if word in rule[-1])
        return None


def is_root():
    return os.geteuid() == 0
