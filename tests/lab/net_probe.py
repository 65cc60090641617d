# SPDX-License-Identifier: Apache-2.0
"""Runs inside a network namespace. `serve PORT...` answers on TCP and UDP over both families and, when standard input
ends, prints what UDP said to it and which ICMPv6 types came. `probe` reads [[kind, source, destination, port]...] as
JSON and prints for each whether there was an answer."""
import itertools
import json
import os
import select
import socket
import struct
import sys
from concurrent.futures import ThreadPoolExecutor

TIMEOUT = 1.0
NUMBERS = itertools.count()


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def opened(kind, source):
    s = socket.socket(family(source), kind)
    s.settimeout(TIMEOUT)
    s.bind((source, 0))
    return s


def tcp(source, destination, port):
    with opened(socket.SOCK_STREAM, source) as s:
        s.connect((destination, port))
        return s.recv(2) == b"ok"


def udp(source, destination, port):
    with opened(socket.SOCK_DGRAM, source) as s:
        s.sendto(source.encode(), (destination, port))
        return s.recv(100) == b"ok"


def ping(source, destination, _):
    """An echo request; the answer is recognised by its identifier and its number, which no other request of this
    process has: before it is bound, the socket hears the answers to others as well."""
    v6, me = ":" in destination, os.getpid() & 0xFFFF
    protocol, request, reply = (socket.IPPROTO_ICMPV6, 128, 129) if v6 else (socket.IPPROTO_ICMP, 8, 0)
    body = struct.pack("!BBHHH", request, 0, 0, me, next(NUMBERS) & 0xFFFF)
    if not v6:
        words = sum(struct.unpack("!4H", body))
        total = (words & 0xFFFF) + (words >> 16)
        body = body[:2] + struct.pack("!H", ~total & 0xFFFF) + body[4:]
    with socket.socket(family(source), socket.SOCK_RAW, protocol) as s:
        s.settimeout(TIMEOUT)
        s.bind((source, 0))
        s.sendto(body, (destination, 0))
        while True:
            got = s.recv(200)[0 if v6 else 20:]
            if got[0] == reply and got[4:8] == body[4:8]:
                return True


def icmp6(source, destination, kind):
    """One message of a type, with hop limit 255; the receiver tells what came."""
    with socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6) as s:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, 255)
        s.bind((source, 0))
        s.sendto(struct.pack("!BBHI", kind, 0, 0, 1280) + bytes(48), (destination, 0))
    return True


KINDS = {"tcp": tcp, "udp": udp, "ping": ping, "icmp6": icmp6}


def attempt(probe):
    kind, *rest = probe
    try:
        return KINDS[kind](*rest)
    except (TimeoutError, ConnectionError):
        return False


def serve(ports):
    listeners, datagrams = [], []
    for port in ports:
        listeners.append(socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True))
        s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        s.bind(("::", port))
        datagrams.append(s)
    raw = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
    heard = {"udp": [], "icmp6": []}
    print("ready", flush=True)
    while True:
        for s in select.select([sys.stdin, raw, *listeners, *datagrams], [], [])[0]:
            if s is sys.stdin:
                print(json.dumps(heard), flush=True)
                return
            if s is raw:
                heard["icmp6"].append(s.recv(200)[0])
            elif s in listeners:
                with s.accept()[0] as connection:
                    connection.send(b"ok")
            else:
                # Answers come from the address that was asked, not from the first that the host has.
                said, to, _, peer = s.recvmsg(100, 100)
                heard["udp"].append(said.decode())
                try:
                    s.sendmsg([b"ok"], to, 0, peer)
                except OSError:
                    pass  # no way back to a forged address


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve([int(p) for p in sys.argv[2:]])
    else:
        probes = json.load(sys.stdin)
        with ThreadPoolExecutor(len(probes)) as pool:
            print(json.dumps(list(pool.map(attempt, probes))))
