# SPDX-License-Identifier: Apache-2.0

# Sockets.

s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)           # hit: af-inet
s.connect((host, port))

s = socket.socket()                                             # hit: socket-default
s.connect((host, port))

s = socket.socket(family, kind, proto)                          # fine: socket-default

s = socket.create_connection((host, port), timeout=5)           # fine: socket-default

for family, kind, proto, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
    s = socket.socket(family, kind, proto)                      # fine: socket-default
    if family == socket.AF_INET:                                # fine: af-inet
        s.bind((source4, 0))
    elif family == socket.AF_INET6:
        s.bind((source6, 0))

s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)           # fine: af-inet, socket-default

# The family is AF_INET by default                              # fine: af-inet
server = socket.create_server(("", 8080), family=socket.AF_INET6, dualstack_ipv6=True)

address = socket.gethostbyname(host)                            # hit: gethostbyname

name, aliases, addresses = socket.gethostbyname_ex(host)        # hit: gethostbyname

print("gethostbyname failed")                                   # fine: gethostbyname

def gethostbyname_cached(name):                                 # fine: gethostbyname
    return cache.get(name)

packed = socket.inet_aton(text)                                 # hit: inet-aton

packed = socket.inet_pton(family, text)                         # fine: inet-aton

text = socket.inet_ntoa(data[4:8])                              # hit: inet-ntoa

text = ipaddress.ip_address(data).compressed                    # fine: inet-ntoa

infos = socket.getaddrinfo(host, 443)[0]                        # hit: first-address

first = socket.getaddrinfo(host, 443, 0, socket.SOCK_STREAM)[0][4] # hit: first-address

for info in socket.getaddrinfo(host, 443):                      # fine: first-address
    try_one(info)

s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)         # hit: broadcast
s.sendto(hello, ("255.255.255.255", 5000))                      # hit: netmask

s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)         # fine: broadcast

mreq = struct.pack("4sl", socket.inet_aton(group), socket.INADDR_ANY) # hit: inet-aton, inaddr-any
s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, mreq) # hit: multicast-option

if version == 4:
    s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, mreq) # fine: multicast-option
else:
    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, mreq6)

s.setsockopt(socket.SOL_IP, socket.IP_TOS, 0x10)                # hit: ip-option

s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)         # fine: ip-option

ping = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) # hit: af-inet, icmp

proto = socket.IPPROTO_ICMPV6 if v6 else socket.IPPROTO_ICMP    # fine: icmp

ifreq = fcntl.ioctl(s.fileno(), SIOCGIFADDR, struct.pack("256s", name)) # hit: interface-ioctl

raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.ntohs(ETH_P_ALL)) # fine: ethertype

raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_IP)) # hit: ethertype

if to == INADDR_LOOPBACK:                                       # hit: inaddr-loopback
    return True

# Servers.

server = HTTPServer(("", 8080), Handler)                        # hit: python-server
server.serve_forever()

class Server(ThreadingHTTPServer):
    address_family = socket.AF_INET6

server = Server(("::", 8080), Handler)                          # fine: python-server

class Server(ThreadingHTTPServer):                              # fine: python-server
    address_family = socket.AF_INET6
server = ThreadingHTTPServer(("::", 8080), Handler)             # fine: python-server

with socketserver.TCPServer((HOST, PORT), Handler) as server:   # hit: python-server
    server.serve_forever()

app.run(host="0.0.0.0", port=5000)                              # hit: wildcard

app.run(host="::", port=5000)                                   # fine: wildcard

uvicorn.run(app, host=os.environ.get("HOST", "0.0.0.0"), port=8000) # hit: wildcard

bind = ["0.0.0.0:8000", "[::]:8000"]                            # fine: wildcard

__version__ = "0.0.0.0"                                         # fine: wildcard

ALLOWED_HOSTS = ["127.0.0.1", "example.net"]                    # hit: loopback

INTERNAL_IPS = ["127.0.0.1", "::1"]                             # fine: loopback

redis = Redis(host="127.0.0.1", port=6379)                      # hit: loopback

redis = Redis(host="localhost", port=6379)                      # fine: loopback

"""Connects to 127.0.0.1 unless told otherwise."""              # fine: loopback
connect(settings.HOST)

# Addresses.

client = ipaddress.IPv4Address(text)                            # hit: ipv4-class

network = ipaddress.IPv4Network(cidr, strict=False)             # hit: ipv4-class

network = ipaddress.ip_network(cidr)                            # fine: ipv4-class
if isinstance(network, ipaddress.IPv4Network):                  # fine: ipv4-class
    width = 32

if isinstance(a, ipaddress.IPv6Address) and a.ipv4_mapped:
    a = ipaddress.IPv4Address(a.ipv4_mapped)                    # fine: ipv4-class

for host in ipaddress.ip_network(cidr).hosts():                 # hit: enumerate-network
    table[str(host)] = country

addresses = list(ipaddress.ip_network(cidr))                    # hit: enumerate-network

for address in ipaddress.ip_network(cidr):                      # hit: enumerate-network
    table[address] = country

table = {str(a): country for a in IPNetwork(cidr)}              # hit: enumerate-network

for host in inventory.hosts():                                  # fine: enumerate-network
    deploy(host)

networks = [ipaddress.ip_network(c) for c in cidrs]             # fine: enumerate-network

for network in list(map(ipaddress.ip_network, cidrs)):          # fine: enumerate-network
    table.insert(network, country)

for subnet in ipaddress.ip_network(cidr).subnets(new_prefix=64): # fine: enumerate-network
    plan(subnet)

if ipaddress.ip_address(text) in ipaddress.ip_network(cidr):    # fine: enumerate-network
    return True

for ip in iter_iprange("192.0.2.1", "192.0.2.254"):             # hit: enumerate-network
    scan(ip)

n = ip2int(address)                                             # hit: ip-to-integer

n = int(ipaddress.ip_address(address))                          # fine: ip-to-integer

n = struct.unpack("!I", socket.inet_aton(address))[0]           # hit: inet-aton

mask = (0xffffffff << (32 - prefix)) & 0xffffffff               # hit: prefix-32

mask = (1 << width) - (1 << (width - prefix))                   # fine: prefix-32

rol = (x << n | x >> (32 - n)) & 0xffffffff                     # fine: prefix-32

if not 0 <= prefix_len <= 32:                                   # hit: prefix-32
    raise ValueError(prefix_len)

rules.append(ip + "/32")                                        # hit: host-32

rules.append(f"{ip}/32")                                        # hit: host-32

rules.append(f"{ip}/{ip.max_prefixlen}")                        # fine: host-32

path = root + "/lib/x86/32"                                     # fine: host-32

# Text.

LINE = re.compile(r'^(?P<client_ip>[0-9.]+) - (?P<user>\S+)')   # hit: ipv4-regex

LINE = re.compile(r'^(?P<client_ip>[0-9a-fA-F:.]+) - ')         # fine: ipv4-regex

LINE = re.compile(r'^(?P<client_ip>\S+) - (?P<user>\S+)')       # fine: ipv4-regex

LOG = re.compile(r'([\d.]+) - - \[(.*?)\] "(.*?)" (\d+) (\d+)') # hit: ipv4-regex

VERSION = re.compile(r'^(\d+)\.(\d+)\.(\d+)$')                  # fine: ipv4-regex

match = re.search(r'gcc version ([\d.]+)', out)                 # fine: ipv4-regex

match = re.search(r'v(\d+\.\d+\.\d+)', out)                     # fine: ipv4-regex

number = re.compile(r'^-?[\d.]+$')                              # fine: ipv4-regex

ip_re = re.compile(r'[\d.]+')                                   # hit: ipv4-regex

TRACE = re.compile(r'^[0-9a-f]{8} (\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})') # hit: ipv4-regex

BOTH = re.compile(r'(?:\d{1,3}\.){3}\d{1,3}|[0-9a-f:]+')        # fine: ipv4-regex

IPV4_RE = r'(?:\d{1,3}\.){3}\d{1,3}'                            # fine: ipv4-regex
IPV6_RE = r'(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}'

TIME = re.compile(r'\d{2}:\d{2}:\d{2}\.\d{1,6}')                # fine: ipv4-regex

MAC = re.compile(r'([0-9a-f]{2}:){5}[0-9a-f]{2}')               # fine: ipv4-regex

FLOAT = re.compile(r'\d{1,3}\.\d{2}')                           # fine: ipv4-regex

host, port = address.split(":")                                 # hit: split-port

host, _, port = address.rpartition(":")                         # fine: split-port

name, value = header.split(":", 1)                              # fine: split-port

host, port = request.host.split(":")                            # hit: split-port

hours, minutes, seconds = "12:30:00".split(":")                 # fine: split-port

ip = request.META["HTTP_HOST"].split(":")[0]                    # hit: split-port

parts = hostport.partition(":")                                 # hit: split-port

mac = mac_address.split(":")                                    # fine: split-port

groups = ipv6_address.split(":")                                # fine: split-port

parts = ip.split(".")                                           # hit: split-dots
reverse = ".".join(reversed(parts)) + ".in-addr.arpa"           # hit: arpa

reverse = ipaddress.ip_address(ip).reverse_pointer              # fine: arpa

a, b, c, d = map(int, ip_addr.split("."))                       # hit: split-dots

module, _, attribute = path.rpartition(".")                     # fine: split-dots, last-octet

labels = fqdn.split(".")                                        # fine: split-dots

anonymous = ip.rsplit(".", 1)[0] + ".0"                         # hit: last-octet

stem = filename.rsplit(".", 1)[0]                               # fine: last-octet

anonymous = re.sub(r'\.\d+$', '.0', ip)                         # hit: last-octet

version = re.sub(r'\.\d+$', '', version)                        # fine: last-octet

if ip.startswith(("10.", "192.168.")):                          # hit: private-prefix
    return "office"

if ip.startswith("172.16."):                                    # hit: private-prefix
    return "vpn"

if ipaddress.ip_address(ip).is_private:                         # fine: private-prefix
    return "office"

if version.startswith("10."):                                   # fine: private-prefix
    return "macos"

url = "http://" + host + ":" + str(port)                        # hit: join-port

url = "http://%s:%d/" % (host, port)                            # hit: format-port

where = "%s:%d" % (filename, lineno + 1)                        # fine: format-port

package = "%s:%s" % (name, arch)                                # fine: format-port

peer = "%s:%d" % (host, port)                                   # hit: format-port

url = f"https://{host}:{port}/api"                              # hit: format-port

url = f"https://[{host}]:{port}/api"                            # fine: format-port

key = "{}:{}".format(user, group)                               # fine: format-port

netloc = "{}:{}".format(host, port)                             # hit: format-port

text = "%d.%d.%d.%d" % tuple(data)                              # hit: ipv4-format

text = "{}.{}.{}.{}".format(*octets)                            # hit: ipv4-format

version = "{}.{}.{}".format(*sys.version_info)                  # fine: ipv4-format

gateway = {"address": "192.0.2.1", "netmask": "255.255.255.0"}  # hit: netmask

allowed = ["0.0.0.0/0"]                                         # hit: everything

allowed = ["0.0.0.0/0", "::/0"]                                 # fine: everything

with open("/proc/net/arp") as f:                                # hit: proc-net
    neighbours = f.readlines()

for name in "/proc/net/tcp", "/proc/net/tcp6":                  # fine: proc-net
    sockets += read(name)

# Frameworks.

ip = models.IPAddressField(null=True)                           # hit: django-ip-field

ip = models.GenericIPAddressField(null=True)                    # fine: django-ip-field

ip = forms.GenericIPAddressField(protocol="IPv4")               # hit: django-ip-field

ip_address = models.CharField(max_length=15)                    # hit: short-field

client_ip = models.CharField(max_length=45)                     # fine: short-field

phone = models.CharField(max_length=15)                         # fine: short-field

ip = Column(String(15), nullable=False)                         # hit: short-field

ip = Column(INET, nullable=False)                               # fine: short-field

zip = Column(String(10))                                        # fine: short-field

schema = {"type": "string", "format": "ipv4"}                   # hit: format-ipv4

schema = {"anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]}    # fine: format-ipv4

if validators.is_ipv4(text):                                    # hit: is-ipv4
    return text

if is_ipv4(text) or is_ipv6(text):                              # fine: is-ipv4
    return text

if not django_validators.validate_ipv4_address(text):           # hit: is-ipv4
    return text

limiter = Limiter(app=app, key_func=get_remote_address)         # hit: limit-per-client

limiter = Limiter(app=app, key_func=client_network)             # fine: limit-per-client

urllib3.util.connection.allowed_gai_family = lambda: socket.AF_INET # hit: gai-family, af-inet

urllib3.util.connection.HAS_IPV6 = True                         # fine: gai-family

answer = dns.resolver.resolve(name, "A")                        # hit: record-a

answers = [dns.resolver.resolve(name, kind) for kind in ("A", "AAAA")] # fine: record-a

grade = lookup(student, "A")                                    # fine: record-a

subprocess.run(["iptables", "-A", "INPUT", "-s", ip, "-j", "DROP"]) # hit: iptables

subprocess.run(["ip6tables" if ":" in ip else "iptables", "-A", "INPUT", "-s", ip, "-j", "DROP"]) # fine: iptables

# iptables is for IPv4 only                                     # fine: iptables
subprocess.run(["nft", "add", "element", "inet", "filter", "bad", ip])

cmd = ["java", "-Djava.net.preferIPv4Stack=true", "-jar", jar]  # hit: jvm-ipv4

c.setopt(pycurl.IPRESOLVE, pycurl.IPRESOLVE_V4)                 # hit: curl-ipv4

c.setopt(pycurl.IPRESOLVE, pycurl.IPRESOLVE_WHATEVER)           # fine: curl-ipv4

cursor.execute("SELECT INET_ATON(%s)", (ip,))                   # hit: sql-inet-aton

cursor.execute("SELECT INET6_ATON(%s)", (ip,))                  # fine: sql-inet-aton
