# SPDX-License-Identifier: Apache-2.0
"""Asks many addresses at once: ask([(kind, source, destination, port)…], seconds) -> a word for each. kind is tcp, udp
or ping; the words are

    answer       a connection, a datagram, an echo
    refused      somebody is there, and has no such port
    unreachable  a router or the machine said so with ICMP, or there is no route
    silence      nothing, and nobody else answered for those seconds"""
import errno
import os
import select
import socket
import struct
import time

AT_ONCE = 400  # sockets
UNREACHABLE = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EACCES, errno.EPERM, errno.EPROTO, errno.ENONET}
ECHO = {4: (socket.IPPROTO_ICMP, 8, 0, 3, 20), 6: (socket.IPPROTO_ICMPV6, 128, 129, 1, 40)}  # …, unreachable, IP header


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def word(error):
    if error in UNREACHABLE:
        return "unreachable"
    if error in (errno.ECONNREFUSED, errno.ECONNRESET):
        return "refused"
    if error == errno.ETIMEDOUT:
        return "silence"
    raise OSError(error, os.strerror(error))


class Transport:
    """A TCP connection or a UDP datagram."""

    def __init__(self, kind, source, destination, port):
        self.result, self.is_tcp = None, kind == "tcp"
        self.socket = socket.socket(family(source), socket.SOCK_STREAM if self.is_tcp else socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        # Every ICMP error counts, not only those that end a connection: *_RECVERR, which Python does not name.
        self.socket.setsockopt(*((socket.IPPROTO_IPV6, 25) if ":" in source else (socket.IPPROTO_IP, 11)), 1)
        try:
            self.socket.bind((source, 0))
            self.socket.connect((destination, port))
            self.socket.send(source.encode())
        except BlockingIOError:
            pass
        except OSError as e:
            self.result = word(e.errno)

    def event(self):
        error = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        self.result = word(error) if error else "answer"

    def events(self):
        return select.POLLOUT if self.is_tcp else select.POLLIN


class Echo:
    """All echo requests of one family share a raw socket; identifier and sequence number tell them apart."""

    def __init__(self, version):
        self.version, self.pending = version, {}
        self.protocol, self.request, self.reply, self.unreachable, self.header = ECHO[version]
        self.socket = socket.socket(socket.AF_INET if version == 4 else socket.AF_INET6, socket.SOCK_RAW, self.protocol)
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)

    def send(self, ping, source, destination):
        key = struct.pack("!HH", os.getpid() & 0xFFFF, len(self.pending))
        self.pending[key] = ping
        packed = socket.inet_pton(family(source), source)
        if self.version == 4:
            words = sum(struct.unpack("!4H", struct.pack("!BBH", self.request, 0, 0) + key))
            total = (words & 0xFFFF) + (words >> 16)
            body = struct.pack("!BBH", self.request, 0, ~(total + (total >> 16)) & 0xFFFF) + key
            info = [(socket.IPPROTO_IP, 8, struct.pack("@i4s4s", 0, packed, packed))]  # IP_PKTINFO
        else:
            body = struct.pack("!BBH", self.request, 0, 0) + key
            info = [(socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, packed + struct.pack("@I", 0))]
        try:
            self.socket.sendmsg([body], info, 0, (destination, 0))
        except OSError as e:
            ping.result = word(e.errno)

    def event(self):
        got = self.socket.recv(2000)[20 if self.version == 4 else 0:]
        if got[0] == self.reply and got[4:8] in self.pending:
            self.pending[got[4:8]].result = "answer"
        elif got[0] == self.unreachable:
            ping = self.pending.get(got[8 + self.header + 4:8 + self.header + 8])
            if ping:
                ping.result = "unreachable"

    def events(self):
        return select.POLLIN


class Ping:
    def __init__(self, echoes, source, destination):
        self.result = None
        version = 6 if ":" in source else 4
        if version not in echoes:
            echoes[version] = Echo(version)
        echoes[version].send(self, source, destination)


def ask_some(probes, seconds):
    echoes, asked = {}, []
    for kind, source, destination, port in probes:
        asked.append(Ping(echoes, source, destination) if kind == "ping" else
                     Transport(kind, source, destination, port))
    waiting = {x.socket.fileno(): x for x in [*echoes.values(), *asked] if not isinstance(x, Ping)}
    poll = select.poll()
    for fd, x in waiting.items():
        if isinstance(x, Echo) or x.result is None:
            poll.register(fd, x.events())
    end = time.monotonic() + seconds
    while any(x.result is None for x in asked) and (left := end - time.monotonic()) > 0:
        for fd, _ in poll.poll(left * 1000):
            waiting[fd].event()
            end = time.monotonic() + seconds
            if isinstance(waiting[fd], Transport):
                poll.unregister(fd)
    for x in waiting.values():
        x.socket.close()
    return [x.result or "silence" for x in asked]


def ask(probes, seconds):
    return [word for i in range(0, len(probes), AT_ONCE) for word in ask_some(probes[i:i + AT_ONCE], seconds)]
