/* SPDX-License-Identifier: Apache-2.0 */
/* One row is one key. What a whole section must have is looked at when the section ends. */
#include "render/networkd_read.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>
#include <strings.h>

#include "addr/prefix.h"

enum { IFNAME_MAX = 15, MESSAGE_MAX = 200 };

struct row;

struct reader {
	enum networkd_kind kind;
	networkd_complain complain;
	void *user;
	unsigned mistakes;
	uint32_t line;
	/* the section at hand */
	struct str section;
	uint32_t section_line; /* 0: before the first */
	bool known;            /* whether the section is; its keys are not looked at otherwise */
	uint64_t seen;         /* bits of rows */
	enum family gateway, destination;
	bool needs_destination; /* a route of a type that goes nowhere */
	/* the file */
	bool has_match, has_netdev, has_vlan, wants_vlan;
};

struct row {
	const char *section, *key;
	/* Whether the value is right; */
	bool (*check)(struct reader *r, struct str value, const struct row *row);
	const char *what; /* it should be */
	uint32_t min, max;
	const char *const *words;
};

static void complain(struct reader *r, uint32_t line, const char *fmt, ...) _printf_(3, 4);
static void complain(struct reader *r, uint32_t line, const char *fmt, ...) {
	char message[MESSAGE_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	r->mistakes++;
	r->complain(line, message, r->user);
}

/* A text for a message: bounded, and whole when it is a key or value of any sense. */
#define SHOW(text) (int)MIN((text).len, (size_t)60), (text).s

static bool is_word(struct str value, const char *const *words) {
	for (; *words; words++)
		if (value.len == strlen(*words) && strncasecmp(value.s, *words, value.len) == 0)
			return true;
	return false;
}

static bool check_bool(struct reader *r, struct str value, const struct row *row) {
	static const char *const words[] = { "yes", "no", "true", "false", "on", "off", "y",
					     "n",   "t",  "f",    "1",     "0",  NULL };

	(void)r;
	return is_word(value, words) || (row->words && is_word(value, row->words));
}

static bool check_word(struct reader *r, struct str value, const struct row *row) {
	(void)r;
	return is_word(value, row->words);
}

static bool check_text(struct reader *r, struct str value, const struct row *row) {
	(void)r;
	(void)row;
	return value.len > 0;
}

static bool check_number(struct reader *r, struct str value, const struct row *row) {
	uint64_t n = 0;

	(void)r;
	for (size_t i = 0; i < value.len; i++) {
		if (!isdigit((unsigned char)value.s[i]) || n > UINT32_MAX)
			return false;
		n = n * 10 + (uint64_t)(value.s[i] - '0');
	}
	return value.len && n >= row->min && n <= row->max;
}

static bool check_interface(struct reader *r, struct str value, const struct row *row) {
	(void)r;
	(void)row;
	for (size_t i = 0; i < value.len; i++)
		if (!isgraph((unsigned char)value.s[i]) || strchr("/:%", value.s[i]))
			return false;
	return value.len && value.len <= IFNAME_MAX;
}

static bool read_address(struct str value, struct prefix *ret_p) {
	struct ip_fault fault;

	/* The address of an interface may have host bits: then only the length is wanted. */
	return prefix_parse(value.s, value.len, ret_p, &fault) == 0 || fault.error == IP_ERR_HOST_BITS;
}

static bool check_address(struct reader *r, struct str value, const struct row *row) {
	struct prefix p;

	(void)r;
	(void)row;
	return read_address(value, &p);
}

static bool check_ip(struct reader *r, struct str value, const struct row *row) {
	struct ip ip;

	(void)r;
	(void)row;
	return ip_parse(value.s, value.len, &ip, NULL) == 0;
}

static bool check_gateway(struct reader *r, struct str value, const struct row *row) {
	struct ip ip;

	if (row->words && is_word(value, row->words))
		return true;
	if (ip_parse(value.s, value.len, &ip, NULL) < 0)
		return false;
	r->gateway = ip_family(ip);
	return true;
}

static bool check_network(struct reader *r, struct str value, const struct row *row) {
	struct ip_fault fault;
	struct prefix p;

	(void)row;
	if (prefix_parse(value.s, value.len, &p, &fault) < 0)
		return false;
	r->destination = prefix_family(p);
	return true;
}

static bool check_route_type(struct reader *r, struct str value, const struct row *row) {
	static const char *const nowhere[] = { "blackhole", "unreachable", "prohibit", "throw", NULL };

	r->needs_destination = is_word(value, nowhere);
	return r->needs_destination || is_word(value, row->words);
}

static bool check_kind(struct reader *r, struct str value, const struct row *row) {
	r->wants_vlan |= str_is(value, "vlan");
	return is_word(value, row->words);
}

#define BOOL "yes or no"
#define IP "an address"
#define WORDS(...)                                                                                                     \
	.words = (const char *const[]) {                                                                               \
		__VA_ARGS__, NULL                                                                                      \
	}
/* clang-format off */
static const struct row network_rows[] = {
	{ "Match", "Name", check_text, "a name or a pattern" },
	{ "Match", "MACAddress", check_text, "a hardware address" },
	{ "Match", "PermanentMACAddress", check_text, "a hardware address" },
	{ "Match", "Path", check_text, "a path of udev" },
	{ "Match", "Driver", check_text, "a driver" },
	{ "Match", "Type", check_text, "a type of device" },
	{ "Match", "Host", check_text, "a host name" },
	{ "Link", "MTUBytes", check_number, "68 to 65535", 68, 65535 },
	{ "Link", "MACAddress", check_text, "a hardware address" },
	{ "Link", "ARP", check_bool, BOOL },
	{ "Link", "Multicast", check_bool, BOOL },
	{ "Link", "Unmanaged", check_bool, BOOL },
	{ "Link", "RequiredForOnline", check_text, "yes, no or a state" },
	{ "Link", "RequiredFamilyForOnline", check_word, "ipv4, ipv6, both or any",
	  WORDS("ipv4", "ipv6", "both", "any") },
	{ "Link", "ActivationPolicy", check_word, "up, always-up, manual, always-down, down or bound",
	  WORDS("up", "always-up", "manual", "always-down", "down", "bound") },
	{ "Network", "Description", check_text, "a text" },
	{ "Network", "Address", check_address, "an address, with the length of its link" },
	{ "Network", "Gateway", check_gateway, IP },
	{ "Network", "DHCP", check_bool, "yes, no, ipv4 or ipv6", WORDS("ipv4", "ipv6") },
	{ "Network", "IPv6AcceptRA", check_bool, BOOL },
	{ "Network", "IPv6SendRA", check_bool, BOOL },
	{ "Network", "IPv6DuplicateAddressDetection", check_number, "0 to 255", 0, 255 },
	{ "Network", "IPv6PrivacyExtensions", check_bool, BOOL ", prefer-public or kernel",
	  WORDS("prefer-public", "kernel") },
	{ "Network", "IPv6ProxyNDP", check_bool, BOOL },
	{ "Network", "IPv6ProxyNDPAddress", check_ip, IP },
	{ "Network", "IPv6MTUBytes", check_number, "1280 to 65535", 1280, 65535 },
	{ "Network", "IPForward", check_bool, "yes, no, ipv4 or ipv6", WORDS("ipv4", "ipv6") },
	{ "Network", "IPMasquerade", check_word, "ipv4, ipv6, both or no", WORDS("ipv4", "ipv6", "both", "no") },
	{ "Network", "LinkLocalAddressing", check_bool, "yes, no, ipv4 or ipv6", WORDS("ipv4", "ipv6") },
	{ "Network", "ConfigureWithoutCarrier", check_bool, BOOL },
	{ "Network", "IgnoreCarrierLoss", check_text, "yes, no or a time" },
	{ "Network", "KeepConfiguration", check_bool, "yes, no, static, dhcp or dhcp-on-stop",
	  WORDS("static", "dhcp", "dhcp-on-stop") },
	{ "Network", "LLDP", check_bool, BOOL " or routers-only", WORDS("routers-only") },
	{ "Network", "EmitLLDP", check_text, "yes, no or a scope" },
	{ "Network", "DNS", check_text, "addresses of resolvers" },
	{ "Network", "Domains", check_text, "domains" },
	{ "Network", "NTP", check_text, "time servers" },
	{ "Network", "VLAN", check_interface, "an interface" },
	{ "Network", "Bridge", check_interface, "an interface" },
	{ "Network", "Bond", check_interface, "an interface" },
	{ "Network", "VRF", check_interface, "an interface" },
	{ "Address", "Address", check_address, "an address, with the length of its link" },
	{ "Address", "Peer", check_address, IP },
	{ "Address", "Label", check_text, "a label" },
	{ "Address", "PreferredLifetime", check_word, "forever, infinity or 0", WORDS("forever", "infinity", "0") },
	{ "Address", "DuplicateAddressDetection", check_word, "ipv4, ipv6, both or none",
	  WORDS("ipv4", "ipv6", "both", "none") },
	{ "Address", "AddPrefixRoute", check_bool, BOOL },
	{ "Route", "Destination", check_network, "a network, without bits to the right of its length" },
	{ "Route", "Source", check_network, "a network, without bits to the right of its length" },
	{ "Route", "Gateway", check_gateway, IP, WORDS("_dhcp4", "_ipv6ra") },
	{ "Route", "GatewayOnLink", check_bool, BOOL },
	{ "Route", "PreferredSource", check_ip, IP },
	{ "Route", "Metric", check_number, "a number of 32 bits", 0, UINT32_MAX },
	{ "Route", "MTUBytes", check_number, "68 to 65535", 68, 65535 },
	{ "Route", "Table", check_text, "a routing table" },
	{ "Route", "Scope", check_word, "global, site, link, host or nowhere",
	  WORDS("global", "site", "link", "host", "nowhere") },
	{ "Route", "Type", check_route_type, "unicast, local, unreachable, blackhole, prohibit or throw",
	  WORDS("unicast", "local") },
};
static const struct row netdev_rows[] = {
	{ "Match", "Host", check_text, "a host name" },
	{ "NetDev", "Name", check_interface, "an interface name of at most 15 characters" },
	{ "NetDev", "Kind", check_kind, "a kind of device",
	  WORDS("vlan", "bridge", "bond", "dummy", "macvlan", "veth", "vrf", "vxlan", "ipip", "sit",
		"ip6tnl", "gre", "ip6gre", "tun", "tap", "wireguard") },
	{ "NetDev", "Description", check_text, "a text" },
	{ "NetDev", "MTUBytes", check_number, "68 to 65535", 68, 65535 },
	{ "NetDev", "MACAddress", check_text, "a hardware address" },
	{ "VLAN", "Id", check_number, "0 to 4094", 0, 4094 },
	{ "VLAN", "Protocol", check_word, "802.1q or 802.1ad", WORDS("802.1q", "802.1ad") },
};
/* clang-format on */
_Static_assert(ARRAY_LEN(network_rows) <= 64 && ARRAY_LEN(netdev_rows) <= 64, "struct reader.seen has a bit a row");

static const struct row *rows_of(const struct reader *r, size_t *ret_n) {
	*ret_n = r->kind == NETWORKD_NETWORK ? ARRAY_LEN(network_rows) : ARRAY_LEN(netdev_rows);
	return r->kind == NETWORKD_NETWORK ? network_rows : netdev_rows;
}

/* Whether the section at hand has had this key. */
static bool has(const struct reader *r, const char *key) {
	size_t n;
	const struct row *rows = rows_of(r, &n);

	for (size_t i = 0; i < n; i++)
		if (r->seen >> i & 1 && strcmp(rows[i].key, key) == 0)
			return true;
	return false;
}

static void end_route(struct reader *r) {
	if (!has(r, "Gateway") && !has(r, "Destination"))
		complain(r, r->section_line, "a route needs a Gateway= or a Destination=");
	if (r->needs_destination && !has(r, "Destination"))
		complain(r, r->section_line, "a route to nowhere needs its Destination=");
	if (r->needs_destination && has(r, "Gateway"))
		complain(r, r->section_line, "a route to nowhere has no Gateway=");
	if (r->gateway && r->destination && r->gateway != r->destination)
		complain(r, r->section_line, "Gateway= and Destination= are of two families");
}

static void end_section(struct reader *r) {
	if (!r->section_line || !r->known)
		return;
	if (str_is(r->section, "Route"))
		end_route(r);
	else if (str_is(r->section, "Address") && !has(r, "Address"))
		complain(r, r->section_line, "section [Address] needs its Address=");
	else if (str_is(r->section, "Match"))
		r->has_match |= r->seen != 0;
	else if (str_is(r->section, "NetDev")) {
		r->has_netdev = true;
		if (!has(r, "Name") || !has(r, "Kind"))
			complain(r, r->section_line, "section [NetDev] needs Name= and Kind=");
	} else if (str_is(r->section, "VLAN"))
		r->has_vlan |= has(r, "Id");
}

static void end_file(struct reader *r) {
	end_section(r);
	if (r->kind == NETWORKD_NETWORK && !r->has_match)
		complain(r, 0, "without a key in [Match] the file is for every interface");
	if (r->kind == NETWORKD_NETDEV && !r->has_netdev)
		complain(r, 0, "there is no section [NetDev]");
	if (r->wants_vlan && !r->has_vlan)
		complain(r, 0, "a VLAN needs [VLAN] Id=");
}

static void begin_section(struct reader *r, struct str line) {
	size_t n;
	const struct row *rows = rows_of(r, &n);

	end_section(r);
	r->section = (struct str){ line.s + 1, line.len - 1 };
	r->section_line = r->line;
	r->known = false;
	r->seen = 0;
	r->gateway = r->destination = 0;
	r->needs_destination = false;
	if (line.s[line.len - 1] != ']') {
		complain(r, r->line, "a section ends in ]");
		return;
	}
	r->section.len--;
	for (size_t i = 0; i < n && !r->known; i++)
		r->known = str_is(r->section, rows[i].section);
	if (!r->known)
		complain(r, r->line, "unknown section [%.*s]", SHOW(r->section));
}

static void read_value(struct reader *r, struct str key, struct str value) {
	size_t n;
	const struct row *rows = rows_of(r, &n);

	for (size_t i = 0; i < n; i++) {
		if (!str_is(r->section, rows[i].section) || !str_is(key, rows[i].key))
			continue;
		r->seen |= UINT64_C(1) << i;
		if (!value.len)
			complain(r, r->line, "%s= has no value: it should be %s", rows[i].key, rows[i].what);
		else if (!rows[i].check(r, value, &rows[i]))
			complain(r, r->line, "%s=%.*s: it should be %s", rows[i].key, SHOW(value), rows[i].what);
		return;
	}
	complain(r, r->line, "unknown key %.*s in section [%.*s]", SHOW(key), SHOW(r->section));
}

static void read_line(struct reader *r, struct str line) {
	const char *equal;

	if (memchr(line.s, '\0', line.len) || memchr(line.s, '\r', line.len)) {
		complain(r, r->line, "the line has a byte that ends a line for networkd (0 or carriage return)");
		return;
	}
	line = str_trim(line);
	if (!line.len || line.s[0] == '#' || line.s[0] == ';')
		return;
	if (line.s[line.len - 1] == '\\')
		complain(r, r->line, "the line is continued: write it on one");
	else if (line.s[0] == '[')
		begin_section(r, line);
	else if (!(equal = memchr(line.s, '=', line.len)))
		complain(r, r->line, "neither a section nor KEY=VALUE");
	else if (!r->section_line)
		complain(r, r->line, "a key before the first section");
	else if (r->known)
		read_value(r, str_trim((struct str){ line.s, (size_t)(equal - line.s) }),
			   str_trim((struct str){ equal + 1, (size_t)(line.s + line.len - equal - 1) }));
}

unsigned networkd_read(struct str text, enum networkd_kind kind, networkd_complain complain_fn, void *user) {
	struct reader r = { .kind = kind, .complain = complain_fn, .user = user };
	struct str line;

	while (str_split(&text, '\n', &line)) {
		r.line++;
		read_line(&r, line);
	}
	end_file(&r);
	return r.mistakes;
}
