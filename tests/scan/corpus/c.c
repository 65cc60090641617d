/* SPDX-License-Identifier: Apache-2.0 */

/* Making a server socket. */

int fd = socket(AF_INET, SOCK_STREAM, 0);                       // hit: af-inet
struct sockaddr_in sin;                                         // hit: sockaddr-in
memset(&sin, 0, sizeof(sin));
sin.sin_family = AF_INET;                                       // hit: af-inet
sin.sin_port = htons(port);
sin.sin_addr.s_addr = htonl(INADDR_ANY);                        // hit: inaddr-any, s-addr
if (bind(fd, (struct sockaddr *)&sin, sizeof(sin)) < 0)
	err(1, "bind");

struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE }, *list;
if ((rc = getaddrinfo(NULL, "http", &hints, &list)) != 0)
	errx(1, "%s", gai_strerror(rc));
for (struct addrinfo *ai = list; ai; ai = ai->ai_next) {
	int fd = socket(ai->ai_family, ai->ai_socktype, ai->ai_protocol);
	if (ai->ai_family == AF_INET)                           // fine: af-inet
		name = "IPv4";
}

struct addrinfo hints, *res;
memset(&hints, 0, sizeof(hints));
hints.ai_family = AF_INET;                                      // hit: af-inet
hints.ai_socktype = SOCK_DGRAM;
if (getaddrinfo(host, service, &hints, &res) != 0)
	return -1;

/* One socket for both families. */
struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = in6addr_any };
int off = 0, fd = socket(AF_INET6, SOCK_STREAM, 0);             // fine: af-inet
setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));

switch (ss.ss_family) {
case AF_INET:                                                   // fine: af-inet
	port = ((struct sockaddr_in *)&ss)->sin_port;           // fine: sockaddr-in
	break;
case AF_INET6:
	port = ((struct sockaddr_in6 *)&ss)->sin6_port;
	break;
}

struct sockaddr_in peer;                                        // hit: sockaddr-in
socklen_t len = sizeof(peer);
int c = accept(fd, (struct sockaddr *)&peer, &len);
syslog(LOG_INFO, "connection from %s", inet_ntoa(peer.sin_addr)); // hit: inet-ntoa

struct sockaddr_storage peer;
socklen_t len = sizeof(peer);
int c = accept(fd, (struct sockaddr *)&peer, &len);
getnameinfo((struct sockaddr *)&peer, len, text, sizeof(text), NULL, 0, NI_NUMERICHOST); // fine: inet-ntoa

/* Older code connects like this. */

struct hostent *he = gethostbyname(host);                       // hit: gethostbyname
if (!he) {
	fprintf(stderr, "gethostbyname(%s): %s\n", host, hstrerror(h_errno)); // fine: gethostbyname
	return -1;
}
memcpy(&addr.sin_addr, he->h_addr_list[0], he->h_length);

if (gethostbyname_r(name, &buf, tmp, sizeof(tmp), &result, &h_errno)) // hit: gethostbyname
	return NULL;

/* gethostbyname() is not used here since it knows no IPv6 */   // fine: gethostbyname
rc = getaddrinfo(host, NULL, &hints, &list);

static int gethostbyname_calls;                                 // fine: gethostbyname
gethostbyname_calls++;

struct hostent *he = gethostbyaddr((char *)&addr, sizeof(addr), AF_INET); // hit: gethostbyaddr, af-inet

rc = getnameinfo(sa, salen, host, sizeof(host), NULL, 0, 0);    // fine: gethostbyaddr

// gethostbyaddr(3) blocks for long                             // fine: gethostbyaddr
resolve_later(peer);

/* Text to address and back. */

server.sin_addr.s_addr = inet_addr("192.0.2.1");                // hit: inet-addr, s-addr

if ((addr = inet_addr(argv[1])) == INADDR_NONE)                 // hit: inet-addr, inaddr-loopback
	usage();

net = inet_network(line);                                       // hit: inet-addr

static const char usage[] = "call inet_addr(text) to convert";  // fine: inet-addr

struct in6_addr inet_addr6;                                     // fine: inet-addr
if (inet_pton(AF_INET6, text, &inet_addr6) != 1)
	return -EINVAL;

if (inet_aton(value, &conf->bind_addr) == 0)                    // hit: inet-aton
	return CONFIG_ERROR;

if (inet_pton(AF_INET, text, &a4) == 1 || inet_pton(AF_INET6, text, &a6) == 1) // fine: inet-aton, af-inet
	return 0;

if (inet_pton(AF_INET, text, &addr) != 1)                       // hit: af-inet
	return -EINVAL;

char *s = strdup(inet_ntoa(*(struct in_addr *)he->h_addr_list[0])); // hit: inet-ntoa, in-addr

log_debug("inet_ntoa() failed");                                // fine: inet-ntoa

char text[INET_ADDRSTRLEN];                                     // hit: inet-addrstrlen
inet_ntop(AF_INET, &sa->sin_addr, text, sizeof(text));          // hit: af-inet

char text[INET6_ADDRSTRLEN];
inet_ntop(sa->sa_family, addr_of(sa), text, sizeof(text));      // fine: inet-addrstrlen

/* INET_ADDRSTRLEN would be too short */                        // fine: inet-addrstrlen
char text[NI_MAXHOST];

char ip[16];                                                    // hit: short-buffer
snprintf(ip, sizeof(ip), "%u.%u.%u.%u", a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255); // hit: ipv4-format

struct client {
	char client_ip[20];                                     // hit: short-buffer
	char name[32];
	time_t since;
};

char ip_str[46];                                                // fine: short-buffer

unsigned char mac_addr[6];                                      // fine: short-buffer
unsigned char sll_addr[8];                                      // fine: short-buffer

uint8_t hw_address[ETH_ALEN];                                   // fine: short-buffer

unsigned char ip6_addr[16];                                     // fine: short-buffer
memcpy(ip6_addr, &in6, 16);

/* Address classes. */

if (IN_CLASSA(ntohl(addr.s_addr)))                              // hit: inet-class, s-addr
	mask = IN_CLASSA_NET;

in.s_addr = inet_netof(in);                                     // hit: inet-class, s-addr

const char *inet_class = "IN_CLASSB(x)";                        // fine: inet-class

class_a = IN_CLASS(rr);                                         // fine: inet-class

/* Addresses as they are kept. */

struct acl_entry {
	struct in_addr addr, mask;                              // hit: in-addr
	struct acl_entry *next;
};

struct ip_address {
	sa_family_t family;
	union {
		struct in_addr v4;                              // fine: in-addr
		struct in6_addr v6;
	};
};

in_addr_t gateway;                                              // hit: in-addr
bool is_in_addr(const char *name);                              // fine: in-addr

struct session {
	uint32_t client_ip;                                     // hit: integer-address
	uint16_t client_port;
};

static inline u_int32_t hash_ip(u_int32_t ip)                   // hit: integer-address
{
	return ip * 2654435761U;
}

static bool is_private(uint32_t ip)                             // hit: integer-address
{
	return (ip & 0xff000000) == 0x0a000000;
}

struct flow {
	union {
		__be32 ip4;                                     // fine: integer-address
		struct in6_addr ip6;
	} src, dst;
};

uint32_t ip_hash = siphash(key, addr, len);                     // fine: integer-address
uint32_t ip_count = 0, ip_flags = 0;                            // fine: integer-address
uint32_t zip = crc32(0, data, n);                               // fine: integer-address

uint32_t ip_len = ntohs(h->tot_len);                            // fine: integer-address

struct bpf_sock {
	__u32 src_ip4;                                          // fine: integer-address
	__u32 src_ip6[4];
};

uint64_t ip = regs->ip;                                         // fine: integer-address

if (a->sin_addr.s_addr == b->sin_addr.s_addr)                   // hit: s-addr
	return true;

return IN6_ARE_ADDR_EQUAL(&a->sin6_addr, &b->sin6_addr);        // fine: s-addr

if (a->family == AF_INET6)
	return memcmp(&a->v6.s6_addr, &b->v6.s6_addr, 16) == 0;
return a->v4.s_addr == b->v4.s_addr;                            // fine: s-addr

if ((ntohl(sin->sin_addr.s_addr) & mask) == net)                // hit: s-addr
	allow = 1;

if (addr.s_addr == htonl(INADDR_LOOPBACK))                      // hit: inaddr-loopback, s-addr
	local = true;

if (sa->sa_family == AF_INET)                                   // fine: af-inet
	local = v4->sin_addr.s_addr == htonl(INADDR_LOOPBACK);  // fine: inaddr-loopback, s-addr
else if (sa->sa_family == AF_INET6)
	local = IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);

to.sin_addr.s_addr = htonl(INADDR_BROADCAST);                   // hit: inaddr-loopback, s-addr
setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &yes, sizeof(yes));    // hit: broadcast

/* SO_BROADCAST is for DHCP */                                  // fine: broadcast
setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));

const char *any = "INADDR_ANY";                                 // fine: inaddr-any

hints.ai_flags = AI_PASSIVE;
if (bind_to_any) /* as INADDR_ANY did */                        // fine: inaddr-any
	list = lookup(NULL, &hints);

/* Interfaces, multicast, options. */

struct ifreq ifr;
strncpy(ifr.ifr_name, "eth0", IFNAMSIZ);
if (ioctl(fd, SIOCGIFADDR, &ifr) == 0)                          // hit: interface-ioctl
	mine = ((struct sockaddr_in *)&ifr.ifr_addr)->sin_addr; // hit: sockaddr-in

if (ioctl(fd, SIOCGIFCONF, &ifc) < 0)                           // hit: interface-ioctl
	return -errno;

if (getifaddrs(&list) < 0)                                      // fine: interface-ioctl
	return fallback_to(SIOCGIFCONF);                        // fine: interface-ioctl

if (ioctl(fd, SIOCGIFHWADDR, &ifr) < 0)                         // fine: interface-ioctl
	return -errno;

struct ip_mreq mreq;                                            // hit: multicast-option
mreq.imr_multiaddr.s_addr = inet_addr("239.255.255.250");       // hit: inet-addr, s-addr
mreq.imr_interface.s_addr = htonl(INADDR_ANY);                  // hit: inaddr-any, s-addr
setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &mreq, sizeof(mreq)); // hit: multicast-option

if (group->ss_family == AF_INET6)
	rc = setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &m6, sizeof(m6));
else
	rc = setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &m4, sizeof(m4)); // fine: multicast-option

setsockopt(fd, IPPROTO_IP, MCAST_JOIN_GROUP, &req, sizeof(req)); // fine: multicast-option

int tos = IPTOS_LOWDELAY;
setsockopt(fd, IPPROTO_IP, IP_TOS, &tos, sizeof(tos));          // hit: ip-option

if (v6)
	setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &tos, sizeof(tos));
else
	setsockopt(fd, IPPROTO_IP, IP_TOS, &tos, sizeof(tos));  // fine: ip-option

setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));        // hit: ip-option

/* Packets. */

struct iphdr *iph = (struct iphdr *)(packet + ETH_HLEN);        // hit: ip-header
if (iph->protocol != IPPROTO_TCP)
	return;

if (*packet >> 4 == 4)
	return read_v4((const struct iphdr *)packet, n);        // fine: ip-header
return read_v6((const struct ip6_hdr *)packet, n);

if (ntohs(eth->ether_type) != ETHERTYPE_IP)                     // hit: ethertype
	return;

switch (eth->h_proto) {
case htons(ETH_P_IP):                                           // fine: ethertype
	return ipv4(skb);
case htons(ETH_P_IPV6):
	return ipv6(skb);
}

int s = socket(PF_INET, SOCK_RAW, IPPROTO_ICMP);                // hit: af-inet, icmp

int s = family == AF_INET ? socket(family, SOCK_RAW, IPPROTO_ICMP) // fine: af-inet, icmp
			  : socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);

int s = socket(AF_UNIX, SOCK_STREAM, 0);                        // fine: af-inet
if (s < 0) /* not AF_INET: this one is local */                 // fine: af-inet
	return -errno;

/* Text. */

if (sscanf(line, "%d.%d.%d.%d", &a, &b, &c, &d) != 4)           // hit: ipv4-format
	return -1;

snprintf(version, sizeof(version), "%d.%d.%d", major, minor, patch); // fine: ipv4-format

printf("%lu.%03lu\n", ms / 1000, ms % 1000);                    // fine: ipv4-format

#define NIPQUAD_FMT "%u.%u.%u.%u"                               // hit: ipv4-format

static const char version[] = "1.2.3.4";                        // fine: ipv4-regex, wildcard

regcomp(&re, "^[0-9]{1,3}(\\.[0-9]{1,3}){3}$", REG_EXTENDED);   // hit: ipv4-regex

regcomp(&re, "^([0-9]+)\\.([0-9]+)$", REG_EXTENDED);            // fine: ipv4-regex

regcomp(&re, "version ([0-9.]+)", REG_EXTENDED);                // fine: ipv4-regex

char *colon = strchr(host, ':');                                // hit: split-port
if (colon) {
	*colon++ = '\0';
	port = atoi(colon);
}

char *colon = strrchr(host, ':');                               // fine: split-port
if (host[0] == '[' && colon && colon[-1] == ']')
	*colon++ = '\0';

char *value = strchr(header, ':');                              // fine: split-port

is_v6 = strchr(addr, ':') != NULL;                              // fine: split-port

char *p = strtok(server_addr, ":");                             // hit: split-port

for (part = strtok_r(ip, ".", &save); part; part = strtok_r(NULL, ".", &save)) // hit: split-dots
	octets[n++] = atoi(part);

for (label = strtok(name, "."); label; label = strtok(NULL, ".")) // fine: split-dots
	n++;

char *last = strrchr(ip_text, '.');                             // hit: last-octet
strcpy(last, ".0");

char *ext = strrchr(path, '.');                                 // fine: last-octet

snprintf(url, sizeof(url), "http://%s:%d/status", host, port);  // hit: format-port

snprintf(url, sizeof(url), "http://%s%s%s:%d/status", open, host, close, port); // fine: format-port

fprintf(stderr, "%s:%d: syntax error\n", file, line);           // fine: format-port

snprintf(key, sizeof(key), "%s:%d", __FILE__, __LINE__);        // fine: format-port

snprintf(endpoint, sizeof(endpoint), "%s:%u", hostname, port);  // hit: format-port

snprintf(endpoint, sizeof(endpoint), "[%s]:%u", hostname, port); // fine: format-port

snprintf(name, sizeof(name), "%u.%u.%u.%u.in-addr.arpa", d, c, b, a); // hit: ipv4-format, arpa

/* answers for in-addr.arpa */                                  // fine: arpa
zone = family == AF_INET ? "in-addr.arpa" : "ip6.arpa";         // fine: arpa, af-inet

if (strncmp(client, "192.168.", 8) == 0 || strncmp(client, "10.", 3) == 0) // hit: private-prefix
	trusted = 1;

if (strncmp(version, "1.", 2) == 0)                             // fine: private-prefix
	old = 1;

const char *listen_addr = "0.0.0.0";                            // hit: wildcard

const char *listen_addrs[] = { "0.0.0.0", "::" };               // fine: wildcard

if (strcmp(host, "127.0.0.1") == 0)                             // hit: loopback
	return true;

return !strcmp(host, "127.0.0.1") || !strcmp(host, "::1");      // fine: loopback

/* 127.0.0.1 is what they call home */                          // fine: loopback
return is_loopback(sa);

char netmask[] = "255.255.255.0";                               // hit: netmask

/* 255.255.255.0 for /24 */                                     // fine: netmask
prefixlen = 24;

uint32_t mask = htonl(~0U << (32 - prefix_len));                // hit: prefix-32

if (prefixlen > 32)                                             // hit: prefix-32
	return -EINVAL;

if (prefixlen > (family == AF_INET ? 32 : 128))                 // fine: prefix-32, af-inet
	return -EINVAL;

hash = value << 5 | value >> (32 - 5);                          // fine: prefix-32

shift = 32 - bits;                                              // fine: prefix-32

snprintf(rule, sizeof(rule), "%s/32", ip);                      // hit: host-32

snprintf(rule, sizeof(rule), v6 ? "%s/128" : "%s/32", ip);      // fine: host-32

FILE *f = fopen("/proc/net/tcp", "r");                          // hit: proc-net

static const char *const files[] = { "/proc/net/tcp", "/proc/net/tcp6" }; // fine: proc-net

FILE *f = fopen("/proc/net/dev", "r");                          // fine: proc-net

curl_easy_setopt(curl, CURLOPT_IPRESOLVE, CURL_IPRESOLVE_V4);   // hit: curl-ipv4

curl_easy_setopt(curl, CURLOPT_IPRESOLVE, v6 ? CURL_IPRESOLVE_V6 : CURL_IPRESOLVE_V4); // fine: curl-ipv4

n = res_query(name, ns_c_in, ns_t_a, answer, sizeof(answer));   // hit: record-a

n = res_query(name, ns_c_in, v6 ? ns_t_aaaa : ns_t_a, answer, sizeof(answer)); // fine: record-a

SCNetworkReachabilityRef r = SCNetworkReachabilityCreateWithAddress(NULL, (struct sockaddr *)&zero); // hit: reachability

SCNetworkReachabilityRef r = SCNetworkReachabilityCreateWithName(NULL, "example.net"); // fine: reachability

if (mysql_query(db, "SELECT name FROM hosts WHERE addr = INET_ATON('192.0.2.1')")) // hit: sql-inet-aton // fine: inet-aton
	return -1;

long n = ip_to_long(client);                                    // hit: ip-to-integer

/* ip_to_long() is gone */                                      // fine: ip-to-integer
key = address_bytes(client);

everybody = parse_prefix("0.0.0.0/0");                          // hit: everything

everybody[0] = parse_prefix("0.0.0.0/0");                       // fine: everything
everybody[1] = parse_prefix("::/0");
