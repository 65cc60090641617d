# SPDX-License-Identifier: Apache-2.0
"""What the policy means, said a second time, in Python and by addresses only: the oracle of test_firewall.py.

A policy line allows from × to × services. Who an address belongs to depends on who looks: in IPv4 a network behind NAT
is the address of the machine in front of it to everybody but that machine and the networks behind it.

An estate here is the dict that is written out as its YAML."""
from ipaddress import ip_address, ip_network

PRIVATE = [ip_network(n) for n in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")]


def listed(value):
    return value if isinstance(value, list) else [value]


def host(text):
    return ip_network(text.split("/")[0])


def inside_any(address, nets):
    return any(address in net for net in nets)


def is_private(net):
    return net.version == 4 and any(net.subnet_of(p) for p in PRIVATE)


class Network:
    """Something behind a machine: its prefixes, whether IPv4 is translated, its groups, whether it is a Docker link."""

    def __init__(self, nets, groups, docker=False):
        self.nets = {n.version: n for n in nets}
        v4 = self.nets.get(4)
        self.docker = docker
        self.groups = groups
        self.translated = docker or v4 is None or is_private(v4)


class Machine:
    def __init__(self, name, data, estate):
        self.name, self.groups = name, set(listed(data.get("groups", [])))
        self.ip = ip_address(data["ip"]) if "ip" in data else None
        texts = [data[k] for k in ("ip", "ipv6") if k in data]
        texts += [*data.get("other_ips", {}), *data.get("other_ips6", {})]
        self.addresses = [host(t) for t in texts]
        # Virtual addresses are any holder's, but nobody elsewhere reaches link-local ones.
        self.addresses += [host(a) for f in estate.get("failover", {}).values() if name in f["machines"]
                           for a in f.get("ipv4", []) + f.get("ipv6", []) if not ip_address(a.split("/")[0]).is_link_local]
        self.networks = []
        for text, net in data.get("routed_networks", {}).items():
            self.networks.append(Network([ip_network(text)], set(net.get("groups", []))))
        for text, net in data.get("routed_networks6", {}).items():
            v4 = net.get("docker_network", {}).get("ipv4")
            nets = [ip_network(text)] + ([ip_network(v4)] if v4 else [])
            self.networks.append(Network(nets, set(net.get("groups", [])), docker=True))
        for lan in estate.get("lans", {}).values():
            if lan["router"] == name:
                nets = [ip_network(lan[k]) for k in ("ipv4", "ipv6") if k in lan]
                self.networks.append(Network(nets, set(lan.get("groups", []))))
        self.translator = estate["nat64"] if name in estate.get("nat64", {}).get("machines", []) else None
        self.pool = [ip_network(self.translator["ipv4_pool"])] if self.translator else []
        # The VPN section only says which addresses are behind the machine; groups are those of its routed networks.
        self.unnamed = [ip_network(v[k]) for v in estate.get("vpn", {}).values() if name in v["machines"]
                        for k in ("ipv4", "ipv6") if k in v]
        roles = {r for g in self.groups for r in listed(estate["groups"][g].get("roles", []))}
        self.is_docker = "docker" in roles

    def behind(self):
        return [n for net in self.networks for n in net.nets.values()] + self.unnamed + self.pool

    def only_from_inside(self):
        """Networks that nobody else has a way to but through translation."""
        translated = [net.nets[4] for net in self.networks if net.translated and 4 in net.nets]
        public = [net.nets[4] for net in self.networks if not net.translated]
        return [n for n in translated + [n for n in self.unnamed + self.pool if is_private(n)] if n not in public]


class Model:
    def __init__(self, estate):
        self.estate = estate
        self.machines = {name: Machine(name, data, estate) for name, data in estate["machines"].items()}

    def is_member(self, party, groups):
        return party in ("any", "all") or party in groups

    def members(self, party, viewer):
        """The addresses of a party as a machine sees them, both families."""
        if party in self.machines:
            return self.machines[party].addresses
        if party != "all" and party not in self.estate["groups"]:
            return [ip_network(party)]
        nets = []
        for m in self.machines.values():
            if self.is_member(party, m.groups):
                nets += m.addresses
            for net in m.networks:
                if not self.is_member(party, net.groups):
                    continue
                nets += [n for n in net.nets.values() if n.version == 6 or not net.translated or m is viewer]
                if net.translated and m.ip:
                    nets.append(ip_network(m.ip))
            if m is viewer and m.pool and (party == "all" or party in m.translator["clients"]):
                nets += m.pool
        return nets

    def has(self, parties, address, viewer):
        return any(p == "any" or inside_any(address, self.members(p, viewer)) for p in parties)

    def lines(self, protocol, port):
        services = self.estate["services"]
        for line in self.estate["policy"]:
            if any(port in listed(services[s].get(protocol, [])) for s in listed(line["allow"])):
                yield listed(line["from"]), listed(line["to"])

    @staticmethod
    def is_own(m, address):
        return inside_any(address, m.addresses)

    def has_translated(self, m, party):
        return any(net.translated and self.is_member(party, net.groups) for net in m.networks)

    def input(self, name, source, destination, protocol, port):
        """Whether the machine lets this in; the destination is one of its own addresses."""
        m = self.machines[name]
        for sources, targets in self.lines(protocol, port):
            if not self.has(sources, source, m):
                continue
            for t in targets:
                named = t == name or self.is_member(t, m.groups)
                literal = not named and t not in ("any", "all") and t not in self.estate["groups"]
                if named or (literal and inside_any(destination, self.members(t, m))):
                    return True
                if destination == m.ip and self.has_translated(m, t):
                    return True
        return False

    def forward(self, name, source, destination, protocol, port, translated=None):
        """Whether the machine passes this on. translated: address and port before NAT."""
        m = self.machines[name]
        if not m.behind():
            return False
        if m.is_docker and any(net.docker and inside_any(source, net.nets.values())
                               and inside_any(destination, net.nets.values()) for net in m.networks):
            return True
        if translated and translated[0] == m.ip:
            for sources, targets in self.lines(protocol, translated[1]):
                if self.has(sources, source, m) and any(self.has_translated(m, t) for t in targets):
                    return True
        if m.translator and self.through_nat64(m, source, destination, protocol, port):
            return True
        from_inside, to_inside = inside_any(source, m.behind()), inside_any(destination, m.behind())
        for sources, targets in self.lines(protocol, port):
            if not self.has(sources, source, m):
                continue
            if from_inside and self.has(targets, destination, m):
                return True
            if not from_inside and to_inside and self.reaches(m, targets, destination):
                return True
        return False

    def through_nat64(self, m, source, destination, protocol, port):
        """The IPv6 side of a translator: its clients may go, in IPv6, where they may go in IPv4."""
        if destination not in ip_network(m.translator["prefix"]):
            return False
        behind = ip_address(int(destination) & 0xFFFFFFFF)
        return self.has(m.translator["clients"], source, None) and any(
            self.has(sources, source, None) and self.has(targets, behind, None)
            for sources, targets in self.lines(protocol, port))

    def reaches(self, m, targets, destination):
        """As has(), for a sender outside: what is behind NAT is not there, unless its address is written out."""
        for t in targets:
            if t == "any" and not inside_any(destination, m.only_from_inside()):
                return True
            if t != "any" and inside_any(destination, self.members(t, None)):
                return True
        return False
