# SPDX-License-Identifier: Apache-2.0
"""What the kernel makes of a ruleset: `load` puts files into a network namespace of their own and reads them back as
JSON; `Ruleset.verdict` walks one packet through a chain. Small on purpose: an expression it does not know is an error."""
import json
import os
import shutil
import subprocess
from ipaddress import ip_address, ip_network

import pytest

SCRIPT = 'for f do nft -f "$f" && nft -j list ruleset || exit 1; echo; done'


def namespace(*args):
    """The command line that runs args as root of a fresh network namespace."""
    return ["unshare", "-n" if os.geteuid() == 0 else "-rn", *args]


def load(paths):
    """One Ruleset for each file, in order."""
    if not shutil.which("nft", path=os.environ["PATH"] + ":/usr/sbin"):
        pytest.skip("nft is not installed")
    command = namespace("sh", "-c", SCRIPT, "sh", *map(str, paths))
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "Operation not permitted" in done.stderr:
        pytest.skip("network namespaces are not permitted")
    assert done.returncode == 0, done.stderr
    return [Ruleset(json.loads(line)) for line in done.stdout.splitlines() if line.strip()]


def bounds(value):
    """first and last, as numbers, of what may stand in a set."""
    if isinstance(value, dict) and "prefix" in value:
        net = ip_network((value["prefix"]["addr"], value["prefix"]["len"]))
        return int(net[0]), int(net[-1])
    if isinstance(value, dict) and "range" in value:
        return tuple(bounds(v)[0] for v in value["range"])
    if isinstance(value, str) and (":" in value or value[0].isdigit()):
        return (int(ip_address(value)),) * 2
    return value, value


class Ruleset:
    def __init__(self, dump):
        self.chains, self.sets = {}, {}
        for item in dump["nftables"]:
            if "chain" in item:
                self.chains[item["chain"]["name"]] = (item["chain"].get("policy"), [])
            elif "set" in item:
                elements = [bounds(e) for e in item["set"].get("elem", [])]
                assert elements, "a set without elements should not have been written"
                self.sets["@" + item["set"]["name"]] = elements
        for item in dump["nftables"]:
            if "rule" in item:
                self.chains[item["rule"]["chain"]][1].append([self.compile(e) for e in item["rule"]["expr"]])

    def compile(self, expression):
        """An expression as a function of a packet that gives True, False, or the packet's fate."""
        (kind, body), = expression.items()
        if kind == "match":
            return self.compile_match(body)
        if kind == "vmap":
            key, fates = self.key(body["key"]), {k: next(iter(v)) for k, v in body["data"]["set"]}
            return lambda p: fates.get(key(p), True)
        if kind == "jump":
            return lambda p: self.walk(body["target"], p) or True
        if kind == "limit":
            return lambda p: True
        assert kind in ("accept", "drop", "masquerade"), expression
        return lambda p: kind

    def compile_match(self, body):
        key, right = self.key(body["left"]), body["right"]
        assert body["op"] in ("==", "in", "!="), body
        if isinstance(right, str) and right.startswith("@"):
            ranges = self.sets[right]
        elif isinstance(right, dict) and "set" in right:
            ranges = [bounds(v) for v in right["set"]]
        else:
            ranges = [bounds(right)]
        words = {a for a, _ in ranges if isinstance(a, str)}
        ranges = [r for r in ranges if not isinstance(r[0], str)]

        def match(p):
            value = key(p)
            if value is None or isinstance(value, str):
                return value in words
            return any(a <= value <= b for a, b in ranges) != (body["op"] == "!=")

        return match

    @staticmethod
    def key(left):
        """What a match looks at; None where the packet has no such thing."""
        (kind, body), = left.items()
        if kind == "payload":
            protocol, field = body["protocol"], body["field"]
            layer = "family" if protocol in ("ip", "ip6") else "protocol"
            return lambda p: p.get(field) if p[layer] == protocol else None
        if kind == "meta":
            name = {"nfproto": "nfproto", "l4proto": "l4proto"}.get(body["key"], body["key"])
            return lambda p: p.get(name)
        if kind == "fib":
            return lambda p: not p.get("forged", False)
        assert kind == "ct", left
        name = " ".join(filter(None, ["ct", body.get("dir"), body["key"]]))
        return lambda p: p.get(name)

    def walk(self, chain, packet):
        """accept, drop, or None when no rule of the chain decides."""
        for rule in self.chains[chain][1]:
            for expression in rule:
                result = expression(packet)
                if result is not True:
                    break
            if isinstance(result, str):
                return result
        return None

    def verdict(self, hook, packet):
        """Whether a packet passes the chain of this name, and the one for forged sources before it."""
        for chain in ("forged", hook):
            if chain in self.chains:
                policy = self.chains[chain][0]
                if (self.walk(chain, packet) or policy) == "drop":
                    return False
        return True


def packet(source, destination, protocol, port, state="new", **more):
    """A packet of a connection's beginning; more: original destination for NAT, forged, interfaces."""
    v4 = source.version == 4
    p = {
        "family": "ip" if v4 else "ip6",
        "nfproto": "ipv4" if v4 else "ipv6",
        "protocol": protocol,
        "l4proto": protocol,
        "saddr": int(source),
        "daddr": int(destination),
        "dport": port,
        "iif": "eth0",
        "iifname": "eth0",
        "oifname": "eth1",
        "ct state": state,
    }
    if "translated" in more:
        address, original_port = more.pop("translated")
        p |= {"ct status": "dnat", "ct original ip daddr": int(address), "ct original proto-dst": original_port}
    return p | more
