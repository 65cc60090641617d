# SPDX-License-Identifier: Apache-2.0
"""How much of what `hextet scan` finds is right, and how much of what is there it finds, beside `grep -nE` for the words
that one would search for, in the files of the same languages.

    /usr/bin/python3 bench/bench_scan_quality.py build/hextet

The corpus is tests/scan/corpus. The rules were written with it at hand, so this is what they are held to, not what they
will reach on code that nobody has looked at.
"""
import json
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "scan"))
import scan_corpus  # noqa: E402

LANGUAGES = {"cpp": "c", "kotlin": "java", "typescript": "javascript", "ini": "toml"}
QUAD = r"(\[0-9|\\d)[^ ]*(\\\.|\[\.\]|\.\])"

# For each rule the expression that somebody in a hurry would give to grep.
WORDS = {
    "inet-addr": r"inet_addr|inet_network", "inet-aton": "inet_aton", "inet-ntoa": "inet_ntoa",
    "inet-class": "inet_netof|inet_lnaof|inet_makeaddr|IN_CLASS", "gethostbyname": "gethostbyname", "gethostbyaddr": "gethostbyaddr",
    "sockaddr-in": r"sockaddr_in\b", "af-inet": r"[AP]F_INET\b", "in-addr": r"in_addr\b|in_addr_t", "inaddr-any": "INADDR_ANY",
    "inaddr-loopback": "INADDR_(LOOPBACK|BROADCAST|NONE)", "inet-addrstrlen": r"\bINET_ADDRSTRLEN",
    "short-buffer": r"char .*(ip|addr).*\[", "s-addr": "s_addr", "interface-ioctl": "SIOCG?S?IF", "ip-option": "IP_TOS|IP_PKTINFO",
    "multicast-option": "IP_ADD_MEMBERSHIP|IP_MULTICAST|ip_mreq", "broadcast": "SO_BROADCAST|[bB]roadcast", "ip-header": "iphdr",
    "ethertype": r"ETHERTYPE_IP\b|ETH_P_IP\b", "icmp": r"IPPROTO_ICMP\b", "curl-ipv4": "IPRESOLVE_V4", "inet4address": "Inet4Address",
    "first-address": r"getByName|getaddrinfo|getaddress|LookupIP|\[0\]", "subnet-utils": "SubnetUtils",
    "ipv4-class": "IPv4(Address|Network|Interface)", "socket-default": r"socket\.socket\(", "python-server": r"Server\(",
    "network-tcp4": "(tcp|udp|ip)4", "to4": "To4", "go-ipv4": r"net\.IPv4", "no-fallback": "FallbackDelay", "family-4": "family: 4",
    "is-ipv4": "is_?(valid_?)?ipv?4|IsIP|validate_ipv4|isIPv4|isValidInet4", "resolve4": "resolve4", "record-a": "['\"]A['\"]|DNS_A|TypeA|ns_t_a",
    "result-order": "ipv4first", "gai-family": "allowed_gai_family", "ip2long": "ip2long|long2ip", "filter-ipv4": "FILTER_FLAG_IPV4",
    "io-socket-inet": "IO::Socket::INET", "perl-sockaddr": "sockaddr_in", "resolv-ipv4": "Resolv::IPv4",
    "django-ip-field": "IPAddressField", "reachability": "SCNetworkReachability", "asio-v4": r"v4\(|_v4", "qt-ipv4": "AnyIPv4",
    "ipv4-regex": QUAD, "ipv4-format": r"%d\.%d|%u\.%u|\{\}\.\{\}", "wildcard": r"0\.0\.0\.0", "loopback": r"127\.0\.0\.1",
    "everything": r"0\.0\.0\.0/0", "netmask": r"255\.255", "private-prefix": r"192\.168|10\.|172\.16", "arpa": "in-addr.arpa",
    "split-dots": r"(split|explode|strtok|Split).*\.", "last-octet": r"[lL]astIndex.*\.|rsplit|strrchr|strrpos|\\\.\\d|\\\.\[",
    "split-port": "(split|explode|strtok|Split|Cut|[iI]ndex|find|strchr|partition).*['\"/]:['\"/]|%%:", "join-port": r"['\"]:['\"]",
    "strip-mapped": "replace.*:/", "format-port": r"(%s|%v|\}|host|\{\}):(%|\$|\{|#)", "format-ipv4": "format.*ipv4",
    "short-column": r"(ip|addr|ADDR|IP).*(var)?char2?\(|(ip|addr).*(VAR)?CHAR2?\(", "integer-column": "(ip|addr).*(INT|NUMBER)",
    "sql-inet-aton": "(INET|inet)_(ATON|NTOA|aton|ntoa)", "sql-text": "LIKE|SUBSTRING_INDEX|split_part", "short-field": r"(ip|length|limit).*15",
    "integer-address": r"(uint32|u32|be32|u_int32).*ip|[iI][pP] +uint32", "ip-to-integer": "[iI]p_?(2|[tT]o_?)([iI]nt|[lL]ong|[nN]um)",
    "enumerate-network": r"getAllAddresses|\.hosts\(|ip_network|IPNetwork|iter_iprange|to_range|inc\(", "host-32": "/32",
    "prefix-32": r"32 - |> 32|<= 32", "limit-per-address": "limit_(req|conn)_zone", "limit-per-client": "keyGenerator|key_func|throttle",
    "haproxy-table": "stick-table type ip", "haproxy-track": "track-sc", "proc-net": "/proc/net/", "iptables": "iptables", "option-4": " -4",
    "ifconfig-address": "ifconfig|hostname -|ip .*addr", "sort-addresses": "sort -t", "cut-dots": r"cut -d ?'?\.",
    "getaddress-loop": r"getAddress\(\)", "jvm-ipv4": "preferIPv4", "nginx-listen": "listen", "nginx-allow": "allow",
    "nginx-real-ip": "set_real_ip_from", "nginx-resolver": "ipv6=off", "haproxy-bind": "bind", "haproxy-source": "acl .* src",
    "ipv6-disabled": "disable_ipv6", "gai-precedence": "precedence", "docker-ipv6": "enable_ipv6", "single-stack": "ipFamilyPolicy",
    "ip-families": "ipFamilies", "address-family": "AddressFamily", "inet-protocols": "inet_protocols",
    "unit-families": "RestrictAddressFamilies", "force-ipv4": "ForceIPv4", "listen-ipv4-only": "ipv4.?only|disable.?ipv6",
}


def grep(corpus, rules, folder):
    """What grep finds, as the same kind of places."""
    texts = {}
    for (name, number), text in corpus.lines.items():
        texts.setdefault(name, {})[number] = text
    for name, lines in texts.items():
        (folder / name).write_text("".join(lines.get(i, "") + "\n" for i in range(1, max(lines) + 1)))
    found = set()
    for rule in rules:
        names = [n for n in texts if LANGUAGES.get(n.partition(".")[0], n.partition(".")[0]) in rule["languages"]]
        done = subprocess.run(["grep", "-nHE", "-e", WORDS[rule["id"]], *names], cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode > 1:
            raise RuntimeError(done.stderr)
        for line in done.stdout.splitlines():
            name, number, _ = line.split(":", 2)
            found.add(scan_corpus.Place(name, int(number), rule["id"]))
    return found


def main():
    """Prints the table; its last line is for all rules."""
    hextet = sys.argv[1] if len(sys.argv) > 1 else "build/hextet"
    rules = json.loads(subprocess.run([hextet, "scan", "--list", "--output", "json"], check=True, capture_output=True).stdout)
    corpus = scan_corpus.read()
    with tempfile.TemporaryDirectory() as ours, tempfile.TemporaryDirectory() as theirs:
        scan = scan_corpus.measure(corpus, scan_corpus.scan(hextet, corpus, Path(ours)))
        words = scan_corpus.measure(corpus, grep(corpus, rules, Path(theirs)))
    nothing = scan_corpus.Quality(0, 0, 0)
    print(f"{corpus.snippets} snippets, {len(corpus.hits)} places to be found, {len(corpus.fine)} that only look like one")
    print(f"{'':20}{'places':>7}{'precision':>11}{'recall':>8}   grep -nE: {'precision':>9}{'recall':>8}")
    for rule in [*sorted({p.rule for p in corpus.hits}), None]:
        a, b = scan.get(rule, nothing), words.get(rule, nothing)
        print(f"{rule or 'all':20}{a.right + a.missed:7}{a.precision:11.3f}{a.recall:8.3f}             {b.precision:9.3f}{b.recall:8.3f}")


if __name__ == "__main__":
    main()
