/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of parts. A part ends at _ - . $ and where capitals begin or end; every other sign is a part of its own. */
#include "probe/scan_name.h"

#include <string.h>
#include <strings.h>

enum { PART_SIZE = 16 };

static bool is_small(char c) {
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_capital(char c) {
	return c >= 'A' && c <= 'Z';
}

static bool is_separator(char c) {
	return c == '_' || c == '-' || c == '.' || c == '$';
}

/* The part at *at or after it, in small letters; one that is too long is cut, and is in no list. false: no more. */
static bool next_part(struct str name, size_t *at, char *ret_part) {
	size_t end, n;

	while (*at < name.len && is_separator(name.s[*at]))
		++*at;
	if (*at == name.len)
		return false;
	for (end = *at; end < name.len && is_capital(name.s[end]); end++)
		;
	if (end - *at > 1 && end < name.len && name.s[end] >= 'a' && name.s[end] <= 'z')
		end--; /* IPAddress: the A is the next part's */
	else
		while (end < name.len && is_small(name.s[end]))
			end++;
	end += end == *at;
	n = MIN(end - *at, (size_t)PART_SIZE - 1);
	for (size_t i = 0; i < n; i++) {
		const char c = name.s[*at + i];

		ret_part[i] = (char)(is_capital(c) ? c | 0x20 : c);
	}
	ret_part[n] = '\0';
	*at = end;
	return true;
}

static bool is_in(const char *part, const char *const *list) {
	for (; *list; list++)
		if (**list == *part && strcmp(part, *list) == 0)
			return true;
	return false;
}

static bool has_part(struct str name, const char *const *list) {
	char part[PART_SIZE];

	for (size_t at = 0; next_part(name, &at, part);)
		if (is_in(part, list))
			return true;
	return false;
}

static bool ends_in_part(struct str name, const char *const *list) {
	char part[PART_SIZE] = "";

	for (size_t at = 0; next_part(name, &at, part);)
		;
	return is_in(part, list);
}

#define IPS "ip", "ips", "ipaddr", "ipaddress", "ipv4", "ip4", "clientip", "remoteip", "remoteaddr"
#define ADDRESSES "addr", "addrs", "address", "addresses"

static const char *const ips[] = { IPS, NULL };
static const char *const addresses[] = { ADDRESSES, NULL };

bool scan_name_is_ip(struct str name) {
	static const char *const parts[] = { IPS, ADDRESSES, "inet", "cidr", "subnet", NULL };

	return has_part(name, parts);
}

bool scan_name_is_ip_value(struct str name) {
	static const char *const tails[] = { IPS,       "from", "to",   "start", "end",  "begin", "low",  "high",
					     "first",   "last", "min",  "max",   "src",  "dst",   "addr", "net",
					     "address", "int",  "long", "be",    "host", "n",     "mask", NULL };

	return has_part(name, ips) && ends_in_part(name, tails);
}

bool scan_name_is_ip_text(struct str name) {
	static const char *const others[] = { "mac",     "hw",    "sll",  "ll",     "ether",  "eth",
					      "bd",      "email", "mail", "postal", "street", "opts",
					      "options", "x25",   "ax25", "rose",   NULL };

	return scan_name_is_ip(name) && !has_part(name, others) && !scan_name_is_6(name);
}

bool scan_name_is_ip_column(struct str name) {
	static const char *const whose[] = { "remote", "client", "peer", "source", "src",    "dst",     "destination",
					     "server", "inet",   "host", "login",  "public", "gateway", NULL };

	return scan_name_is_ip_value(name) || (ends_in_part(name, addresses) && has_part(name, whose));
}

bool scan_name_is_6(struct str name) {
	static const char *const words[] = { "v6", "ip6", "in6", "inet6", "ip_6" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		for (size_t at = 0, n = strlen(words[i]); at + n <= name.len; at++)
			if (strncasecmp(name.s + at, words[i], n) == 0)
				return true;
	return false;
}

bool scan_name_is_prefix(struct str name) {
	static const char *const parts[] = { "prefix",  "mask", "masklen",      "prefixlen", "cidr",
					     "netmask", "plen", "prefixlength", NULL };

	return has_part(name, parts);
}

bool scan_name_is_network(struct str name) {
	static const char *const parts[] = { "net",  "nets",   "network", "networks", "subnet", "subnets",
					     "cidr", "prefix", "ipnet",   "block",    "range",  NULL };

	return has_part(name, parts);
}

bool scan_name_is_endpoint(struct str name) {
	static const char *const parts[] = { "ip",        "addr",   "address",  "host",       "hostport", "endpoint",
					     "authority", "peer",   "remote",   "listen",     "bind",     "server",
					     "hostname",  "broker", "upstream", "remoteaddr", NULL };
	static const char *const others[] = { "mac", "hw", "ether", NULL };

	return has_part(name, parts) && !has_part(name, others) && !scan_name_is_6(name) && !str_is(name, "_SERVER");
}
