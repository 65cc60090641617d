/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/scan_predicate.h"

#include <string.h>

#define ANCHORS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static bool is_digit(char c) {
	return c >= '0' && c <= '9';
}

static bool contains(struct str t, const char *word) {
	return memmem(t.s, t.len, word, strlen(word)) != NULL;
}

static bool contains_any(struct str t, const char *const *words) {
	for (; *words; words++)
		if (contains(t, *words))
			return true;
	return false;
}

/* An address that is not a piece of a longer number with dots: 10.127.0.0.1, 127.0.0.10. */
static bool has_address(struct str t, const char *address, bool slash) {
	const size_t n = strlen(address);

	for (const char *at = t.s; (at = memmem(at, (size_t)(t.s + t.len - at), address, n)); at++) {
		const char *end = at + n;
		const bool before = at > t.s && (is_digit(at[-1]) || at[-1] == '.');
		const bool more = end < t.s + t.len &&
				  (is_digit(*end) || (*end == '.' && end + 1 < t.s + t.len && is_digit(end[1])));

		if (!before && !more && (slash || end == t.s + t.len || *end != '/'))
			return true;
	}
	return false;
}

static bool is_wildcard4(struct str t) {
	return has_address(t, "0.0.0.0", false);
}

static bool is_loopback4(struct str t) {
	return has_address(t, "127.0.0.1", true);
}

static bool is_everything4(struct str t) {
	return contains(t, "0.0.0.0/0");
}

static const char *const quads[] = {
	"[0-9.]",
	"[.0-9]",
	"[\\d.]",
	"[\\d\\.]",
	"[0-9\\.]",
	"[\\.0-9]",
	"[[:digit:].]",
	"\\d{1,3}\\.",
	"\\d{1,3}(\\.",
	"\\d{1,3}(?:\\.",
	"(\\d{1,3})\\.",
	"\\d+\\.\\d+\\.\\d+",
	"(\\d+)\\.(\\d+)\\.",
	"\\d\\d?\\d?\\.",
	"[0-9]{1,3}\\.",
	"[0-9]{1,3}(\\.",
	"[0-9]{1,3}){3}",
	"[0-9]+\\.[0-9]+\\.[0-9]+",
	"([0-9]+)\\.([0-9]+)\\.",
	"[0-9]{1,3}[.]",
	"[0-9]+[.][0-9]+[.]",
	"25[0-5]",
	"[0-9]\\{1,3\\}",
	"\\d{1,3}[.]",
	NULL,
};

/* The text as the language reads it: "\\\\d" is \\d. What is longer than the buffer is cut. */
static struct str unescape(struct str t, char *buffer, size_t size) {
	size_t n = 0;

	for (size_t i = 0; i < t.len && n < size; i++) {
		i += t.s[i] == '\\' && i + 1 < t.len && t.s[i + 1] == '\\';
		buffer[n++] = t.s[i];
	}
	return (struct str){ buffer, n };
}

/* An expression for four numbers with dots, without a way for colons and hexadecimal digits. */
static bool is_regex4(struct str t) {
	static const char *const both[] = { "a-f", "A-F", "xdigit", "0-9a-z:", NULL };
	char buffer[512];
	struct str plain = unescape(t, buffer, sizeof(buffer));

	return contains_any(plain, quads) && !contains_any(plain, both);
}

/* Four conversions with dots between. */
static bool is_format4(struct str t) {
	unsigned found = 0;

	for (size_t i = 0; i + 1 < t.len; i++) {
		if (t.s[i] != '%')
			continue;
		i++;
		while (i < t.len && (is_digit(t.s[i]) || t.s[i] == 'h' || t.s[i] == 'l'))
			i++;
		if (i >= t.len || !strchr("diu", t.s[i]) || !t.s[i])
			found = 0;
		else if (++found == 4)
			return true;
		if (found && !(i + 1 < t.len && t.s[i + 1] == '.' && i + 2 < t.len && t.s[i + 2] == '%'))
			found = 0;
	}
	return contains(t, "{}.{}.{}.{}") || contains(t, "%v.%v.%v.%v");
}

/* "/32" behind something that is not a written address: "/32", "%s/32", "$ip/32". */
static bool is_host4_length(struct str t) {
	return t.len >= 3 && memcmp(t.s + t.len - 3, "/32", 3) == 0 && !memchr(t.s, ':', t.len) &&
	       !(t.len > 3 && is_digit(t.s[t.len - 4]));
}

static bool is_host6_length(struct str t) {
	return t.len >= 4 && memcmp(t.s + t.len - 4, "/128", 4) == 0;
}

static bool is_colon(struct str t) {
	return str_is(t, ":");
}

static bool is_dot(struct str t) {
	return str_is(t, ".") || str_is(t, "\\.") || str_is(t, "[.]") || str_is(t, "\\\\.");
}

/* As an authority in a URL, or as all of the string: "%s:%d: error" is a place in a file. */
static bool is_host_port(struct str t) {
	static const char *const forms[] = { "%s:%d",           "%s:%u",         "%s:%i",         "%s:%hu",
					     "%s:%s",           "%v:%d",         "%s:%v",         "%v:%v",
					     "{}:{}",           "{0}:{1}",       "{host}:{port}", "${host}:${port}",
					     "#{host}:#{port}", "$host:$port",   "{addr}:{port}", "{ip}:{port}",
					     "${ip}:${port}",   "#{ip}:#{port}", "$ip:$port",     NULL };

	for (const char *const *f = forms; *f; f++) {
		const char *at = memmem(t.s, t.len, *f, strlen(*f));

		if (at && (str_is(t, *f) || (at - t.s >= 2 && at[-1] == '/' && at[-2] == '/')))
			return true;
	}
	return false;
}

static bool is_arpa4(struct str t) {
	return contains(t, "in-addr.arpa");
}

static bool is_private4(struct str t) {
	static const char *const begins[] = { "192.168.", "172.16.", "10.0.", "169.254." };

	for (size_t i = 0; i < ARRAY_LEN(begins); i++)
		if (t.len >= strlen(begins[i]) && memcmp(t.s, begins[i], strlen(begins[i])) == 0)
			return true;
	return str_is(t, "10.") || str_is(t, "127.");
}

static bool is_netmask(struct str t) {
	return str_is(t, "255.255.255.255") || str_is(t, "255.255.255.0") || str_is(t, "255.255.0.0") ||
	       str_is(t, "255.0.0.0");
}

static bool ends_with(struct str t, const char *end) {
	const size_t n = strlen(end);

	return t.len >= n && memcmp(t.s + t.len - n, end, n) == 0;
}

static bool is_jvm4(struct str t) {
	return ends_with(t, "java.net.preferIPv4Stack") || ends_with(t, "java.net.preferIPv4Addresses");
}

static bool is_jvm4_set(struct str t) {
	return contains(t, "java.net.preferIPv4Stack=true") || contains(t, "java.net.preferIPv4Addresses=true");
}

static bool is_true(struct str t) {
	return str_is(t, "true");
}

static bool is_one(struct str t) {
	return str_is(t, "1");
}

static bool is_network4(struct str t) {
	return str_is(t, "tcp4") || str_is(t, "udp4") || str_is(t, "ip4") || str_is(t, "ip4:icmp");
}

static bool is_record_a(struct str t) {
	return str_is(t, "A");
}

static bool is_record_aaaa(struct str t) {
	return str_is(t, "AAAA") || str_is(t, "ANY");
}

static bool is_ipv4_name(struct str t) {
	return str_is(t, "ipv4") || str_is(t, "IPv4") || str_is(t, "IPV4");
}

static bool is_ipv6_name(struct str t) {
	return str_is(t, "ipv6") || str_is(t, "IPv6") || str_is(t, "IPV6");
}

static bool is_format_key(struct str t) {
	return str_is(t, "format");
}

static bool is_ipv4_list(struct str t) {
	return str_is(t, "[IPv4]") || str_is(t, "[\"IPv4\"]");
}

static bool is_ipv4first(struct str t) {
	return contains(t, "ipv4first");
}

static bool is_loopback6(struct str t) {
	return contains(t, "::1") || contains(t, "localhost");
}

static bool is_everything6(struct str t) {
	return contains(t, "::/0");
}

static bool is_arpa6(struct str t) {
	return contains(t, "ip6.arpa");
}

/* The end of an IPv4 address, as an expression. */
static bool is_last_octet(struct str t) {
	static const char *const ends[] = { "\\.\\d+$",   "\\.[0-9]+$", "\\.\\d{1,3}$", "\\.[0-9]{1,3}$", "[.]\\d+$",
					    "[.][0-9]+$", "\\.\\d*$",   "\\.[0-9]*$",   "\\.[^.]+$",      "\\.[^.]*$" };
	char buffer[64];
	struct str s = unescape(t, buffer, sizeof(buffer));

	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		if (str_is(s, ends[i]))
			return true;
	return false;
}

static bool is_varchar15(struct str t) {
	return (contains(t, "varchar(15)") || contains(t, "VARCHAR(15)") || contains(t, "char(15)") ||
		contains(t, "CHAR(15)")) &&
	       (contains(t, "ip") || contains(t, "addr") || t.len < 24);
}

static bool is_proc4(struct str t) {
	return ends_with(t, "/proc/net/tcp") || ends_with(t, "/proc/net/udp") || ends_with(t, "/proc/net/arp") ||
	       ends_with(t, "/proc/net/route");
}

static bool is_proc6(struct str t) {
	return contains(t, "/net/tcp6") || contains(t, "/net/udp6") || contains(t, "/net/if_inet6") ||
	       contains(t, "/net/ipv6_route");
}

static bool is_iptables(struct str t) {
	return str_is(t, "iptables") || ends_with(t, "/iptables") || (t.len > 9 && memcmp(t.s, "iptables ", 9) == 0) ||
	       str_is(t, "iptables-restore");
}

static bool is_ip6tables(struct str t) {
	return contains(t, "ip6tables");
}

static bool is_flag6(struct str t) {
	return str_is(t, "-6") || str_is(t, "--ipv6");
}

static bool is_inet_word(struct str t) {
	return str_is(t, "inet ") || str_is(t, "inet addr") || str_is(t, "inet addr:") || str_is(t, "inet");
}

static bool is_cut_dot(struct str t) {
	return str_is(t, "-d.") || str_is(t, ".");
}

static bool is_remote_addr(struct str t) {
	return str_is(t, "$binary_remote_addr") || str_is(t, "$remote_addr");
}

/* An IPv4 address or prefix, and nothing else. */
static bool is_ip4(struct str t) {
	size_t dots = 0;

	for (size_t i = 0; i < t.len; i++) {
		dots += t.s[i] == '.';
		if (!is_digit(t.s[i]) && t.s[i] != '.' && t.s[i] != '/')
			return false;
	}
	return dots == 3;
}

static bool is_off6(struct str t) {
	return str_is(t, "ipv6=off");
}

static bool is_disable6(struct str t) {
	return ends_with(t, ".disable_ipv6") || ends_with(t, "ipv6.disable") || ends_with(t, "/disable_ipv6");
}

static bool is_disable6_set(struct str t) {
	return contains(t, "disable_ipv6=1") || contains(t, "disable_ipv6 = 1") || contains(t, "ipv6.disable=1");
}

static bool is_mapped96(struct str t) {
	return str_is(t, "::ffff:0:0/96");
}

static bool is_force_ipv4(struct str t) {
	return contains(t, "ForceIPv4") || contains(t, "prefer-family=IPv4");
}

static bool is_flag4(struct str t) {
	return str_is(t, "-4") || str_is(t, "--ipv4") || str_is(t, "--inet4-only") || str_is(t, "-4s") ||
	       str_is(t, "-s4");
}

static bool is_port(struct str t) {
	for (size_t i = 0; i < t.len; i++)
		if (!is_digit(t.s[i]))
			return false;
	return t.len > 0 && t.len <= 5;
}

/* "*:80", "0.0.0.0:80", "192.0.2.1:80" */
static bool is_listen4(struct str t) {
	const char *colon = memrchr(t.s, ':', t.len);
	size_t dots = 0;

	if (is_port(t))
		return true;
	for (size_t i = 0; i < t.len; i++) {
		dots += t.s[i] == '.';
		if (!is_digit(t.s[i]) && !strchr(".:*", t.s[i]))
			return false;
	}
	return (dots == 3 || (t.len && t.s[0] == '*')) && (!colon || memchr(t.s, ':', t.len) == colon);
}

static bool is_bind4(struct str t) {
	return (t.len > 1 && (t.s[0] == '*' || t.s[0] == ':') && is_port((struct str){ t.s + 1, t.len - 1 })) ||
	       (t.len > 1 && t.s[0] == '*' && t.s[1] == ':') || (memchr(t.s, '.', t.len) && is_listen4(t));
}

static bool is_bind6(struct str t) {
	return contains(t, "::");
}

static bool is_listen6(struct str t) {
	return t.len > 2 && t.s[0] == '[';
}

/* Anything that shows that the other family was thought of. */
static bool is_any6(struct str t) {
	static const char *const words[] = { "::", "ipv6", "IPv6", "[::", "in6", "ip6", "inet6", NULL };

	return contains_any(t, words);
}

static bool has_part(struct str t, const char *const *parts) {
	size_t from = 0;

	while (from < t.len) {
		size_t end = from;
		char part[16];
		size_t n = 0;

		while (end < t.len && (t.s[end] == '_' || t.s[end] == '-' || t.s[end] == '.' || t.s[end] == '$'))
			end++;
		from = end;
		/* A part is a run of capitals, or a letter and small ones after it. */
		while (end < t.len && t.s[end] >= 'A' && t.s[end] <= 'Z')
			end++;
		if (end - from > 1 && end < t.len && t.s[end] >= 'a' && t.s[end] <= 'z')
			end--;
		else
			while (end < t.len && ((t.s[end] >= 'a' && t.s[end] <= 'z') || is_digit(t.s[end])))
				end++;
		if (end == from)
			end++;
		for (size_t i = from; i < end && n < sizeof(part) - 1; i++)
			part[n++] = (char)(t.s[i] | 0x20);
		part[n] = '\0';
		for (const char *const *p = parts; *p; p++)
			if (**p == part[0] && end - from == n && strcmp(part, *p) == 0)
				return true;
		from = end;
	}
	return false;
}

static bool is_ip_name(struct str t) {
	static const char *const parts[] = { "ip",     "ips",       "addr",     "address",  "addresses",
					     "ipaddr", "ipaddress", "clientip", "remoteip", "ipv4",
					     "ip4",    "inet",      "cidr",     "subnet",   NULL };

	return has_part(t, parts);
}

/* A name that says an address and nothing else. */
static bool is_ip_only(struct str t) {
	static const char *const parts[] = { "ip", "ipaddr", "ipaddress", "ipv4", "ip4", "clientip", "remoteip", NULL };

	return has_part(t, parts);
}

static bool is_prefix_name(struct str t) {
	static const char *const parts[] = { "prefix", "prefixlen", "prefixlength", "plen", "mask", "masklen",
					     "bits",   "cidr",      "netmask",      "len",  NULL };
	static const char *const more[] = { "prefix",  "mask", "masklen",      "prefixlen", "cidr",
					    "netmask", "plen", "prefixlength", NULL };

	return has_part(t, parts) && has_part(t, more);
}

static bool is_endpoint_name(struct str t) {
	static const char *const parts[] = { "ip",        "addr",   "address",  "host",   "hostport", "endpoint",
					     "authority", "peer",   "remote",   "listen", "bind",     "server",
					     "hostname",  "broker", "upstream", "target", NULL };

	return has_part(t, parts);
}

static const struct scan_predicate predicates[] = {
	{ "any6", is_any6, NULL, "shows that IPv6 was thought of" },
	{ "arpa4", is_arpa4, ANCHORS("in-addr.arpa"), "a name for reverse DNS of IPv4" },
	{ "arpa6", is_arpa6, NULL, "the same of IPv6" },
	{ "bind4", is_bind4, NULL, "*:80, 192.0.2.1:80" },
	{ "bind6", is_bind6, NULL, "an address of IPv6 and a port" },
	{ "colon", is_colon, ANCHORS("\":\")", "':')", "\":\",", "':',", "(\":\"", "(':'", " \":\"", " ':'", "':';"),
	  "a colon" },
	{ "cut-dot", is_cut_dot, NULL, "-d." },
	{ "disable6", is_disable6, ANCHORS("disable_ipv6", "ipv6.disable"), "the sysctl that switches IPv6 off" },
	{ "disable6-set", is_disable6_set, ANCHORS("disable_ipv6", "ipv6.disable"), "the same with its value" },
	{ "dot", is_dot, NULL, "a dot, or an expression for one" },
	{ "endpoint", is_endpoint_name, NULL, "a name that says host, address, server" },
	{ "everything4", is_everything4, ANCHORS("0.0.0.0/0"), "0.0.0.0/0" },
	{ "everything6", is_everything6, NULL, "::/0" },
	{ "flag4", is_flag4, NULL, "-4, --ipv4" },
	{ "flag6", is_flag6, NULL, "-6, --ipv6" },
	{ "force-ipv4", is_force_ipv4, ANCHORS("ForceIPv4", "family=IPv4"), "a setting that forces IPv4" },
	{ "format-key", is_format_key, NULL, "the word format" },
	{ "format4", is_format4, ANCHORS("d.%d", "u.%u", "u.%h", "i.%i", "}.{}", "v.%v", "d.%3", "u.%3"),
	  "a format for four numbers with dots" },
	{ "host-port", is_host_port,
	  ANCHORS("%s:%", "%v:%", "{}:{", "{0}:", "//%s", "t}:{", "t}:$", "t}:#", "ost:$", "r}:{", "p}:{", "p}:$",
		  "p}:#", "ip:$"),
	  "a host, a colon and a port, without brackets" },
	{ "host4-length", is_host4_length, ANCHORS("/32\"", "/32'", "/32`", "/32\n", "/32 ", "/32;", "/32)"),
	  "/32 behind what is not a written address" },
	{ "host6-length", is_host6_length, NULL, "/128" },
	{ "inet-word", is_inet_word, NULL, "inet, as programs print it" },
	{ "ip", is_ip_name, NULL, "a name that says ip, addr, address" },
	{ "ip-only", is_ip_only, NULL, "a name that says ip" },
	{ "ip4", is_ip4, NULL, "an IPv4 address or prefix" },
	{ "ip6tables", is_ip6tables, NULL, "ip6tables" },
	{ "iptables", is_iptables, ANCHORS("iptables"), "iptables" },
	{ "ipv4-list", is_ipv4_list, NULL, "[IPv4]" },
	{ "ipv4-name", is_ipv4_name, ANCHORS("ipv4"), "the word IPv4" },
	{ "ipv4first", is_ipv4first, ANCHORS("ipv4first"), "Node's order with IPv4 first" },
	{ "ipv6-name", is_ipv6_name, NULL, "the word IPv6" },
	{ "ipv6-off", is_off6, ANCHORS("ipv6=off"), "ipv6=off" },
	{ "jvm4", is_jvm4, ANCHORS("preferIPv4"), "the JVM's property for IPv4 only" },
	{ "jvm4-set", is_jvm4_set, ANCHORS("preferIPv4"), "the same with its value" },
	{ "last-octet", is_last_octet, ANCHORS("\\.\\d", ".\\\\d", "\\.[0", "]\\d+", "][0-9", "\\.[^"),
	  "an expression for the end of an IPv4 address" },
	{ "listen4", is_listen4, NULL, "a port, or an IPv4 address and a port" },
	{ "listen6", is_listen6, NULL, "an IPv6 address in brackets" },
	{ "loopback4", is_loopback4, ANCHORS("127.0.0.1"), "127.0.0.1" },
	{ "loopback6", is_loopback6, NULL, "::1, localhost" },
	{ "mapped96", is_mapped96, ANCHORS("::ffff:0:0/96"), "::ffff:0:0/96" },
	{ "netmask", is_netmask, ANCHORS("255.255", "255.0.0.0"), "255.255.255.0 and the like" },
	{ "network4", is_network4, ANCHORS("\"tcp4\"", "\"udp4\"", "\"ip4\"", "\"ip4:"), "Go's networks of IPv4" },
	{ "one", is_one, NULL, "1" },
	{ "port", is_port, NULL, "a port" },
	{ "prefix", is_prefix_name, NULL, "a name that says prefix, mask, cidr" },
	{ "private4", is_private4,
	  ANCHORS("192.168.", "172.16.", "10.0.", "169.254.", "\"10.", "'10.", "\"127.", "'127."),
	  "the begin of a private IPv4 address" },
	{ "proc4", is_proc4, ANCHORS("/proc/net/"), "a file of /proc/net about IPv4" },
	{ "proc6", is_proc6, NULL, "the same about IPv6" },
	{ "record-a", is_record_a, NULL, "A" },
	{ "record-aaaa", is_record_aaaa, NULL, "AAAA" },
	{ "regex4", is_regex4,
	  ANCHORS("0-9.", "-9].", "d{1,", "\\d+\\", "\\d+)", "[\\d.", "[\\d\\", "]{1,", "]\\{1", "-9]+", "[.0-",
		  "9\\.]", "25[0", "igit:].", "\\d\\d?", "[\\.0"),
	  "a regular expression for four numbers with dots" },
	{ "remote-addr", is_remote_addr, ANCHORS("_addr"), "the client's address" },
	{ "true", is_true, NULL, "true" },
	{ "varchar15", is_varchar15, ANCHORS("char(15)"), "a column of 15 characters" },
	{ "wildcard4", is_wildcard4, ANCHORS("0.0.0.0"), "0.0.0.0" },
};

const struct scan_predicate *scan_predicate_by_name(struct str name) {
	for (size_t i = 0; i < ARRAY_LEN(predicates); i++)
		if (str_is(name, predicates[i].name))
			return &predicates[i];
	return NULL;
}
