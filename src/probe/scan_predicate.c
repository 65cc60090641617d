/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/scan_predicate.h"

#include <string.h>
#include <strings.h>

#include "probe/scan_format.h"
#include "probe/scan_name.h"
#include "probe/scan_regex.h"

#define ANCHORS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static bool is_digit(char c) {
	return c >= '0' && c <= '9';
}

static bool is_name_letter(char c) {
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool begins_with(struct str t, const char *begin) {
	const size_t n = strlen(begin);

	return t.len >= n && memcmp(t.s, begin, n) == 0;
}

static bool ends_with(struct str t, const char *end) {
	const size_t n = strlen(end);

	return t.len >= n && memcmp(t.s + t.len - n, end, n) == 0;
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

/* A sentence for people: it begins with a capital, has blanks and ends with a full stop. */
static bool is_prose(struct str t) {
	const char *blank = t.len ? memchr(t.s, ' ', t.len) : NULL;

	t = str_trim(t);
	return blank && t.len > 8 && t.s[0] >= 'A' && t.s[0] <= 'Z' && t.s[t.len - 1] == '.' &&
	       memchr(blank + 1, ' ', (size_t)(t.s + t.len - blank - 1));
}

static bool is_wildcard4(struct str t) {
	return has_address(t, "0.0.0.0", false) && !is_prose(t);
}

static bool is_loopback4(struct str t) {
	return has_address(t, "127.0.0.1", true) && !is_prose(t);
}

static bool is_everything4(struct str t) {
	return contains(t, "0.0.0.0/0");
}

/* "/32" behind something that is not a written address: "/32", "%s/32", "$ip/32". */
static bool is_host4_length(struct str t) {
	return t.len >= 3 && memcmp(t.s + t.len - 3, "/32", 3) == 0 && !memchr(t.s, ':', t.len) &&
	       !(t.len > 3 && (is_digit(t.s[t.len - 4]) || t.s[t.len - 4] == '#'));
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

static bool is_arpa4(struct str t) {
	return contains(t, "in-addr.arpa");
}

static bool is_private4(struct str t) {
	static const char *const begins[] = { "192.168.", "172.16.", "10.0.", "169.254." };

	for (size_t i = 0; i < ARRAY_LEN(begins); i++)
		if (begins_with(t, begins[i]))
			return true;
	return false;
}

/* What may as well be the begin of a version. */
static bool is_private4_short(struct str t) {
	return str_is(t, "10.") || str_is(t, "127.");
}

static bool is_private4_regex(struct str t) {
	return contains(t, "192\\.168\\.") || contains(t, "192\\\\.168\\\\.");
}

static bool is_netmask(struct str t) {
	return str_is(t, "255.255.255.255") || str_is(t, "255.255.255.0") || str_is(t, "255.255.0.0") ||
	       str_is(t, "255.0.0.0");
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

static bool is_network6(struct str t) {
	return str_is(t, "tcp6") || str_is(t, "udp6") || str_is(t, "ip6") || str_is(t, "ip6:ipv6-icmp");
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
	return str_is(t, "[IPv4]");
}

static bool is_ipv4first(struct str t) {
	return contains(t, "ipv4first");
}

/* Hexadecimal numbers of at most four digits with "::" between or at an end, and no letter beside them: "::1" and
 * "[::]:80", not "Foo::Bar". *ret_end is behind the letters, digits and colons around `colons`. */
static bool is_around_6(struct str t, size_t colons, size_t *ret_end) {
	size_t from = colons, to = colons, digits = 0;

	while (from && (is_digit(t.s[from - 1]) || is_name_letter(t.s[from - 1]) || t.s[from - 1] == ':'))
		from--;
	while (to < t.len && (is_digit(t.s[to]) || is_name_letter(t.s[to]) || t.s[to] == ':'))
		to++;
	*ret_end = to;
	for (; from < to; from++) {
		const char c = t.s[from];

		digits = c == ':' ? 0 : digits + 1;
		if (digits > 4 || !(c == ':' || is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')))
			return false;
	}
	return true;
}

static bool has_address6(struct str t) {
	const char *at;
	size_t end = 0;

	while ((at = memmem(t.s + end, t.len - end, "::", 2)))
		if (is_around_6(t, (size_t)(at - t.s), &end))
			return true;
	return false;
}

static bool is_loopback6(struct str t) {
	return (contains(t, "::1") && has_address6(t)) || contains(t, "localhost") || contains(t, "0:0:0:0:0:0:0:1");
}

static bool is_everything6(struct str t) {
	return contains(t, "::/0");
}

static bool is_arpa6(struct str t) {
	return contains(t, "ip6.arpa");
}

/* The end of an IPv4 address, or of a file's name, as an expression; PHP writes it between slashes. */
static bool is_last_octet(struct str t) {
	static const char *const dots[] = { "\\.", "[.]" };
	static const char *const numbers[] = { "\\d+$", "[0-9]+$", "\\d{1,3}$", "[0-9]{1,3}$",
					       "\\d*$", "[0-9]*$", "[^.]+$",    "[^.]*$" };

	if (t.len > 2 && t.s[0] == '/' && t.s[t.len - 1] == '/')
		t = (struct str){ t.s + 1, t.len - 2 };
	if (begins_with(t, "\\\\"))
		t = (struct str){ t.s + 1, t.len - 1 };
	for (size_t i = 0; i < ARRAY_LEN(dots); i++) {
		struct str rest = { t.s + strlen(dots[i]), t.len - strlen(dots[i]) };

		if (!begins_with(t, dots[i]))
			continue;
		if (begins_with(rest, "\\\\"))
			rest = (struct str){ rest.s + 1, rest.len - 1 };
		for (size_t k = 0; k < ARRAY_LEN(numbers); k++)
			if (str_is(rest, numbers[k]))
				return true;
	}
	return false;
}

/* In a string of SQL or of a schema: ip VARCHAR(15). */
static bool is_varchar15(struct str t) {
	return (contains(t, "char(15)") || contains(t, "CHAR(15)")) && scan_name_is_ip_text(t);
}

static bool is_proc4(struct str t) {
	return ends_with(t, "/proc/net/tcp") || ends_with(t, "/proc/net/udp") || ends_with(t, "/proc/net/arp") ||
	       ends_with(t, "/proc/net/route");
}

static bool is_proc6(struct str t) {
	return contains(t, "/net/tcp6") || contains(t, "/net/udp6") || contains(t, "/net/if_inet6") ||
	       contains(t, "/net/ipv6_route");
}

static bool is_iptables_name(struct str t) {
	return str_is(t, "iptables") || ends_with(t, "/iptables") || str_is(t, "iptables-restore");
}

static bool is_iptables_line(struct str t) {
	return begins_with(t, "iptables -") || contains(t, "/iptables -") || contains(t, "sudo iptables -");
}

static bool is_iptables_module(struct str t) {
	return ends_with(t, ".iptables");
}

static bool is_option(struct str t) {
	return t.len > 1 && t.s[0] == '-';
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

/* A whole line of gai.conf, as shell writes it; 40 is what ::/0 has. */
static bool is_gai_line(struct str t) {
	static const char begin[] = "precedence ::ffff:0:0/96";
	size_t value = 0;

	for (size_t i = sizeof(begin) - 1; i < t.len && value < 1000; i++)
		value = is_digit(t.s[i]) ? value * 10 + (size_t)(t.s[i] - '0') : value;
	return begins_with(t, begin) && value > 40;
}

static bool is_force_key(struct str t) {
	return ends_with(t, "ForceIPv4") || ends_with(t, "prefer-family");
}

static bool is_force_ipv4(struct str t) {
	return (contains(t, "ForceIPv4") && (contains(t, "true") || contains(t, "=1"))) ||
	       contains(t, "prefer-family=IPv4");
}

static bool is_postfix4(struct str t) {
	return begins_with(t, "inet_protocols") && ends_with(t, "ipv4");
}

/* -4, and with other letters behind it: curl -4sS */
static bool is_flag4(struct str t) {
	return (begins_with(t, "-4") && (t.len == 2 || (is_name_letter(t.s[2]) && t.len < 8))) || str_is(t, "--ipv4") ||
	       str_is(t, "--inet4-only");
}

static bool is_off6_key(struct str t) {
	static const char *const keys[] = { "ipv4_only",    "ipv4Only",    "ipv4-only",
					    "disable_ipv6", "disableIPv6", "disable-ipv6" };

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (str_is(t, keys[i]) ||
		    (ends_with(t, keys[i]) && t.s[t.len - strlen(keys[i]) - 1] == '.' && !contains(t, ".conf.")))
			return true;
	return false;
}

static bool is_port(struct str t) {
	for (size_t i = 0; i < t.len; i++)
		if (!is_digit(t.s[i]))
			return false;
	return t.len > 0 && t.len <= 5;
}

/* "*:80", "0.0.0.0:80", "192.0.2.1:80"; not the machine itself */
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
	return (dots == 3 || (t.len && t.s[0] == '*')) && (!colon || memchr(t.s, ':', t.len) == colon) &&
	       !begins_with(t, "127.");
}

static bool is_bind4(struct str t) {
	static const char *const families[] = { "ipv4@", "quic4@", "udp4@" };

	for (size_t i = 0; i < ARRAY_LEN(families); i++)
		if (begins_with(t, families[i]))
			return !contains(t, "6@");
	return (t.len > 1 && (t.s[0] == '*' || t.s[0] == ':') && is_port((struct str){ t.s + 1, t.len - 1 })) ||
	       (t.len > 1 && t.s[0] == '*' && t.s[1] == ':') || (memchr(t.s, '.', t.len) && is_listen4(t));
}

static bool is_bind6(struct str t) {
	return has_address6(t) || contains(t, "6@");
}

static bool is_listen6(struct str t) {
	return t.len > 2 && t.s[0] == '[';
}

/* Anything that shows that the other family was thought of. */
static bool is_any6(struct str t) {
	static const char *const words[] = { "ipv6", "IPv6", "in6", "ip6", "inet6", NULL };

	return has_address6(t) || contains_any(t, words);
}

/* A regular expression of nginx's maps that takes what has colons. */
static bool is_map6(struct str t) {
	return begins_with(t, "~") && contains(t, "[^:]");
}

/* A name in a shell's "${name%%:*}". */
static bool is_cut_port(struct str t) {
	for (const char *at = t.s; (at = memmem(at, (size_t)(t.s + t.len - at), "%%:*", 4)); at++) {
		const char *from = at;

		while (from > t.s && (is_digit(from[-1]) || is_name_letter(from[-1])))
			from--;
		if (scan_name_is_endpoint((struct str){ from, (size_t)(at - from) }))
			return true;
	}
	return false;
}

/* All but the end of an address behind ::ffff:, and of any other IPv6 address. */
static bool is_strip_colon(struct str t) {
	return str_is(t, "^.*:") || str_is(t, "^.+:") || str_is(t, ".*:") || str_is(t, "^.*?:");
}

static bool is_sql4(struct str t) {
	static const char *const calls[] = { "INET_ATON(", "INET_NTOA(", "inet_aton(", "inet_ntoa(", NULL };
	static const char *const words[] = { "SELECT ", "INSERT ", "UPDATE ", "WHERE ",  "VALUES ", "select ",
					     "insert ", "update ", "where ",  "values ", NULL };

	return contains_any(t, calls) && contains_any(t, words);
}

static bool is_dotted_digits(struct str t) {
	return ends_with(t, "\\.\\d") || ends_with(t, "\\.[0-9]");
}

static bool is_version4(struct str t) {
	return str_is(t, "4") || str_is(t, "v4");
}

static const struct scan_predicate predicates[] = {
	{ "any6", is_any6, NULL, "shows that IPv6 was thought of" },
	{ "arpa4", is_arpa4, ANCHORS("in-addr.arpa"), "a name for reverse DNS of IPv4" },
	{ "arpa6", is_arpa6, NULL, "the same of IPv6" },
	{ "bind4", is_bind4, NULL, "*:80, 192.0.2.1:80" },
	{ "bind6", is_bind6, NULL, "an address of IPv6 and a port" },
	{ "colon", is_colon,
	  ANCHORS("\":\")", "':')", "\":\",", "':',", "(\":\"", "(':'", " \":\"", " ':'", "':';", "/:/,", "/:/)",
		  "':'\n"),
	  "a colon" },
	{ "cut-dot", is_cut_dot, NULL, "-d." },
	{ "cut-port", is_cut_port, ANCHORS("%%:*"), "${host%%:*}" },
	{ "disable6", is_disable6, ANCHORS("disable_ipv6", "ipv6.disable"), "the sysctl that switches IPv6 off" },
	{ "disable6-set", is_disable6_set, ANCHORS("disable_ipv6", "ipv6.disable"), "the same with its value" },
	{ "dot", is_dot, NULL, "a dot, or an expression for one" },
	{ "dotted", scan_regex_is_dotted, ANCHORS("0-9.", "[\\d.", "[\\d\\", "[.0-", "9\\.]", "[\\.0", "igit:]."),
	  "an expression for digits and dots" },
	{ "dotted-digits", is_dotted_digits, ANCHORS("\\.\\d", "\\.[0"), "the end of an expression: a dot and digits" },
	{ "endpoint", scan_name_is_endpoint, NULL, "a name that says host, address, server" },
	{ "everything4", is_everything4, ANCHORS("0.0.0.0/0"), "0.0.0.0/0" },
	{ "everything6", is_everything6, NULL, "::/0" },
	{ "flag4", is_flag4, NULL, "-4, --ipv4" },
	{ "flag6", is_flag6, NULL, "-6, --ipv6" },
	{ "force-ipv4", is_force_ipv4, ANCHORS("ForceIPv4", "family=IPv4"), "a setting that forces IPv4" },
	{ "force-key", is_force_key, ANCHORS("ForceIPv4", "prefer-family"), "the key of such a setting" },
	{ "format-key", is_format_key, NULL, "the word format" },
	{ "format4", scan_format_is_ip4, ANCHORS("d.%d", "u.%u", "u.%h", "i.%i", "}.{}", "v.%v", "d.%3", "u.%3"),
	  "a format for four numbers with dots" },
	{ "gai-line", is_gai_line, ANCHORS("precedence ::ffff"), "a line of gai.conf that prefers IPv4" },
	{ "host-port", scan_format_is_host_port,
	  ANCHORS("//%s", "//%v", "://{", "://$", "://#", "@%s:", "t}:{", "t}:$", "t}:#", "r}:{", "r}:$", "r}:#",
		  "s}:{", "s}:$", "s}:#", "p}:{", "p}:$", "p}:#", "e}:{", "e}:$", "e}:#", "ost:$", "ame:$", "ddr:$",
		  "ver:$", "$ip:$", "ess:$", "eer:$", "int:$"),
	  "a host, a colon and a port, without brackets" },
	{ "host4-length", is_host4_length, ANCHORS("/32\"", "/32'", "/32`", "/32\n", "/32 ", "/32;", "/32)"),
	  "/32 behind what is not a written address" },
	{ "host6-length", is_host6_length, NULL, "/128" },
	{ "inet-word", is_inet_word, NULL, "inet, as programs print it" },
	{ "ip", scan_name_is_ip, NULL, "a name that says ip, addr, address" },
	{ "ip-column", scan_name_is_ip_column, NULL, "a column for an IP address" },
	{ "ip-only", scan_name_is_ip_value, NULL, "a name that says an IP address and nothing else" },
	{ "ip-text", scan_name_is_ip_text, NULL, "a name that says an address, not a hardware's" },
	{ "ip4", is_ip4, NULL, "an IPv4 address or prefix" },
	{ "ip6tables", is_ip6tables, NULL, "ip6tables" },
	{ "iptables-line", is_iptables_line, ANCHORS("iptables"), "a command line of iptables" },
	{ "iptables-module", is_iptables_module, ANCHORS(".iptables"), "Ansible's module" },
	{ "iptables-name", is_iptables_name, ANCHORS("iptables"), "the program iptables" },
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
	{ "map6", is_map6, NULL, "an expression of nginx for what has colons" },
	{ "mapped96", is_mapped96, ANCHORS("::ffff:0:0/96"), "::ffff:0:0/96" },
	{ "name6", scan_name_is_6, NULL, "a name that speaks of IPv6" },
	{ "netmask", is_netmask, ANCHORS("255.255", "255.0.0.0"), "255.255.255.0 and the like" },
	{ "network", scan_name_is_network, NULL, "a name that says network, subnet" },
	{ "network4", is_network4, ANCHORS("\"tcp4\"", "\"udp4\"", "\"ip4\"", "\"ip4:"), "Go's networks of IPv4" },
	{ "network6", is_network6, NULL, "those of IPv6" },
	{ "off6-key", is_off6_key,
	  ANCHORS("ipv4_only", "ipv4Only", "ipv4-only", "disable_ipv6", "disableIPv6", "disable-ipv6"),
	  "a setting that switches IPv6 off" },
	{ "one", is_one, NULL, "1" },
	{ "option", is_option, NULL, "an option: -A" },
	{ "pair", scan_format_is_pair, ANCHORS("%s:%", "%v:%", "{}:{", "{0}:"), "a text, a colon and another text" },
	{ "postfix4", is_postfix4, ANCHORS("inet_protocols"), "inet_protocols = ipv4" },
	{ "prefix", scan_name_is_prefix, NULL, "a name that says prefix, mask, cidr" },
	{ "private4", is_private4, ANCHORS("192.168.", "172.16.", "10.0.", "169.254."),
	  "the begin of a private IPv4 address" },
	{ "private4-regex", is_private4_regex, ANCHORS("192\\"), "an expression for private addresses" },
	{ "private4-short", is_private4_short, ANCHORS("\"10.\"", "'10.'", "\"127.\"", "'127.'"), "10. and 127." },
	{ "proc4", is_proc4, ANCHORS("/proc/net/"), "a file of /proc/net about IPv4" },
	{ "proc6", is_proc6, NULL, "the same about IPv6" },
	{ "record-a", is_record_a, NULL, "A" },
	{ "record-aaaa", is_record_aaaa, NULL, "AAAA" },
	{ "regex4", scan_regex_is_ip4,
	  ANCHORS("0-9.", "-9].", "d{1,", "\\d+\\", "\\d+)", "[\\d.", "[\\d\\", "]{1,", "]\\{1", "-9]+", "[.0-",
		  "9\\.]", "25[0", "igit:].", "\\d\\d?", "[\\.0", "\\d\\.", "\\d\\\\", "-9]\\"),
	  "a regular expression for four numbers with dots" },
	{ "regex6", scan_regex_is_ip6, NULL, "a regular expression for IPv6 addresses" },
	{ "remote-addr", is_remote_addr, ANCHORS("_addr"), "the client's address" },
	{ "sql4", is_sql4, ANCHORS("inet_aton", "inet_ntoa"), "SQL with INET_ATON()" },
	{ "strip-colon", is_strip_colon, ANCHORS("^.*:", "^.+:", "/.*:"),
	  "all before the last colon, as an expression" },
	{ "true", is_true, NULL, "true" },
	{ "varchar15", is_varchar15, ANCHORS("char(15)"), "a column of 15 characters" },
	{ "version4", is_version4, NULL, "4, v4" },
	{ "wildcard4", is_wildcard4, ANCHORS("0.0.0.0"), "0.0.0.0" },
};

const struct scan_predicate *scan_predicate_by_name(struct str name) {
	for (size_t i = 0; i < ARRAY_LEN(predicates); i++)
		if (str_is(name, predicates[i].name))
			return &predicates[i];
	return NULL;
}
