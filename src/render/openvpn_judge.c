/* SPDX-License-Identifier: Apache-2.0 */
/* OpenVPN's files are lines of words. One row is one option whose words are addresses; the options that a client's file
 * may have are listed, because OpenVPN only logs those that it may not. */
#include "render/openvpn_judge.h"

#include <errno.h>
#include <string.h>

#include "estate/estate.h"

enum { WORDS_MAX = 8 };

#define CHECKER "hextet's reader of OpenVPN files"

struct line {
	struct verify_run *run;
	const struct output_file *file;
	const struct vpn *vpn; /* whose client's file it is, or NULL */
	uint32_t number;
	struct str words[WORDS_MAX];
	unsigned n;
	int result;
};

static void complain(struct line *l, const char *fmt, ...) _printf_(2, 3);
static void complain(struct line *l, const char *fmt, ...) {
	const char *message;
	va_list ap;

	va_start(ap, fmt);
	message = arena_vprintf(l->run->arena, fmt, ap);
	va_end(ap);
	l->result = verify_complain(l->run, l->file->path, l->number, CHECKER, message);
}

#define SHOW(text) (int)MIN((text).len, (size_t)60), (text).s

static struct str word(const struct line *l, unsigned i) {
	return i < l->n ? l->words[i] : STR("");
}

static bool read_ip(struct line *l, unsigned i, enum family family, struct ip *ret_ip) {
	const struct str text = word(l, i);
	struct ip_fault fault;

	if (ip_parse_plain(text.s, text.len, ret_ip, &fault) == 0 && ip_family(*ret_ip) == family)
		return true;
	complain(l, "\"%.*s\" is not an IPv%u address: OpenVPN would ask the DNS", SHOW(text), (unsigned)family);
	return false;
}

static bool read_network6(struct line *l, unsigned i, struct prefix *ret_p) {
	const struct str text = word(l, i);
	struct ip_fault fault;

	if (memchr(text.s, '/', text.len) && prefix_parse(text.s, text.len, ret_p, &fault) == 0 &&
	    prefix_family(*ret_p) == FAMILY_6)
		return true;
	complain(l, "\"%.*s\" is not an IPv6 network", SHOW(text));
	return false;
}

/* An address and a mask, without host bits. */
static bool read_network4(struct line *l, unsigned i, struct prefix *ret_p) {
	struct ip ip, mask;

	if (!read_ip(l, i, FAMILY_4, &ip) || !read_ip(l, i + 1, FAMILY_4, &mask))
		return false;
	for (unsigned len = 96; len <= 128; len++)
		if (((uint32_t)mask.lo) == (uint32_t)prefix_mask(len).lo) {
			*ret_p = prefix_around(ip, len);
			if (ip_equal(ret_p->ip, ip))
				return true;
			complain(l, "%.*s has bits behind its mask", SHOW(word(l, i)));
			return false;
		}
	complain(l, "%.*s is not a mask", SHOW(word(l, i + 1)));
	return false;
}

static void take_server(struct line *l) {
	struct prefix p;

	(void)read_network4(l, 1, &p);
}

static void take_server6(struct line *l) {
	struct prefix p;

	(void)read_network6(l, 1, &p);
}

static void take_remote(struct line *l) {
	const struct str proto = word(l, 3);
	struct ip ip;

	if (str_is(proto, "udp6") || str_is(proto, "udp4"))
		(void)read_ip(l, 1, str_is(proto, "udp6") ? FAMILY_6 : FAMILY_4, &ip);
	else
		complain(l, "the remote has no family: end the line with udp6 or udp4");
}

static void take_push4(struct line *l) {
	const struct network *n = l->vpn ? &l->vpn->ipv4 : NULL;
	struct ip ip, mask;

	if (!read_ip(l, 1, FAMILY_4, &ip) || !read_ip(l, 2, FAMILY_4, &mask) || !n)
		return;
	if (!n->at || !prefix_has_ip(n->prefix, ip))
		complain(l, "%.*s is not in the IPv4 network of %s", SHOW(word(l, 1)), l->vpn->name.s);
	else if ((uint32_t)mask.lo != (uint32_t)prefix_mask(n->prefix.len).lo)
		complain(l, "the mask is not that of the network of %s", l->vpn->name.s);
}

static void take_push6(struct line *l) {
	const struct network *n = l->vpn ? &l->vpn->ipv6 : NULL;
	struct str rest = word(l, 1), ip_part = { 0 };
	struct ip ip, gateway;
	struct ip_fault fault;

	if (!str_split(&rest, '/', &ip_part) || ip_parse_plain(ip_part.s, ip_part.len, &ip, &fault) < 0 ||
	    ip_is_v4(ip) || !rest.s) {
		complain(l, "\"%.*s\" is not an IPv6 address with a length", SHOW(word(l, 1)));
		return;
	}
	if (!read_ip(l, 2, FAMILY_6, &gateway) || !n)
		return;
	if (!n->at || !prefix_has_ip(n->prefix, ip) || !prefix_has_ip(n->prefix, gateway))
		complain(l, "%.*s and its gateway are not in the IPv6 network of %s", SHOW(word(l, 1)), l->vpn->name.s);
	else if (!str_is(rest, arena_printf(l->run->arena, "%u", n->prefix.len)))
		complain(l, "the length is not that of the network of %s, /%u", l->vpn->name.s, n->prefix.len);
}

static void take_route(struct line *l) {
	struct prefix p;

	(void)read_network4(l, 1, &p);
	if (l->n > 3 && !str_is(word(l, 3), "net_gateway"))
		complain(l, "a pushed route goes into the tunnel or past it (net_gateway), not to \"%.*s\"",
			 SHOW(word(l, 3)));
	if (l->vpn && !l->vpn->ipv4.at)
		complain(l, "%s has no IPv4", l->vpn->name.s);
}

static void take_route6(struct line *l) {
	struct prefix p;

	(void)read_network6(l, 1, &p);
	if (l->vpn && !l->vpn->ipv6.at)
		complain(l, "%s has no IPv6", l->vpn->name.s);
}

static void split(struct line *l, struct str text);

/* What is pushed is a line in a word. */
static void take_push(struct line *l) {
	split(l, word(l, 1));
	if (str_is(word(l, 0), "route"))
		take_route(l);
	else if (str_is(word(l, 0), "route-ipv6"))
		take_route6(l);
}

static const struct row {
	const char *option;
	void (*take)(struct line *l); /* NULL: no addresses */
	bool of_client;               /* may be in a client's file */
} rows[] = {
	{ "server", take_server, false },
	{ "server-ipv6", take_server6, false },
	{ "remote", take_remote, false },
	{ "push", take_push, true },
	{ "push-reset", NULL, true },
	{ "push-remove", NULL, true },
	{ "iroute", take_server, true },
	{ "iroute-ipv6", take_server6, true },
	{ "ifconfig-push", take_push4, true },
	{ "ifconfig-ipv6-push", take_push6, true },
	{ "disable", NULL, true },
};

/* Words end at blanks; quotes keep them together; # and ; begin a comment. */
static void split(struct line *l, struct str text) {
	size_t i = 0;

	l->n = 0;
	while (i < text.len && l->n < WORDS_MAX) {
		const char c = text.s[i];
		size_t from = i;

		if (c == ' ' || c == '\t' || c == '\r') {
			i++;
			continue;
		}
		if (c == '#' || c == ';')
			break;
		if (c == '"' || c == '\'') {
			const char *end = memchr(text.s + i + 1, c, text.len - i - 1);

			if (!end) {
				complain(l, "a quote does not end on its line");
				break;
			}
			from++;
			i = (size_t)(end - text.s) + 1;
			l->words[l->n++] = (struct str){ text.s + from, i - 1 - from };
			continue;
		}
		while (i < text.len && !strchr(" \t\r", text.s[i]))
			i++;
		l->words[l->n++] = (struct str){ text.s + from, i - from };
	}
}

static void judge_line(struct line *l) {
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (str_is(l->words[0], rows[i].option) && (rows[i].of_client || !l->vpn)) {
			if (rows[i].take)
				rows[i].take(l);
			return;
		}
	if (l->vpn)
		complain(l, "\"%.*s\" is no option for a client's file: OpenVPN leaves it out", SHOW(l->words[0]));
}

/* The VPN in whose folder of clients the file is. */
static const struct vpn *vpn_of(const struct verify_run *v, const char *path) {
	LIST_EACH (struct vpn, vpn, &v->estate->vpn) {
		const char *folder = arena_printf(v->arena, OPENVPN_CCD "%s/", vpn->name.s);

		if (strncmp(path, folder, strlen(folder)) == 0)
			return vpn;
	}
	return NULL;
}

int openvpn_judge(struct verify_run *v, const struct output_file *f) {
	struct line l = { .run = v, .file = f, .vpn = vpn_of(v, f->path) };
	struct str rest = f->text, text;

	while (str_split(&rest, '\n', &text)) {
		l.number++;
		split(&l, text);
		if (l.n)
			judge_line(&l);
	}
	return l.result;
}

/* The first line of the file that begins with the option that a message names as "--option". 0: none does. */
static uint32_t line_of_option(const struct output_file *f, struct str message) {
	struct str rest = f->text, text;
	uint32_t number = 0;

	for (size_t at = 0; at + 2 < message.len; at++) {
		struct str option = { message.s + at + 2, 0 };

		if (message.s[at] != '-' || message.s[at + 1] != '-')
			continue;
		while (at + 2 + option.len < message.len && !strchr(" \t:.,'()", option.s[option.len]))
			option.len++;
		while (option.len && str_split(&rest, '\n', &text)) {
			number++;
			if (text.len >= option.len && memcmp(text.s, option.s, option.len) == 0 &&
			    (text.len == option.len || text.s[option.len] == ' '))
				return number;
		}
		break;
	}
	return 0;
}

int openvpn_verdict(struct verify_run *v, const char *path, int status, struct str output) {
	static const char mark[] = "Options error: ";
	const struct output_file *f = v->files;
	struct str rest = output, line;

	while (strcmp(f->path, path) != 0)
		f++;
	if (status == 0) {
		verify_passed(v, path);
		return 0;
	}
	while (str_split(&rest, '\n', &line)) {
		uint32_t number;

		if (line.len < sizeof(mark) || memcmp(line.s, mark, sizeof(mark) - 1) != 0)
			continue;
		line = (struct str){ line.s + sizeof(mark) - 1, line.len - (sizeof(mark) - 1) };
		number = line_of_option(f, line);
		/* Words with a place of their own ("... in FILE:12: ...") are read by verify_judge(). */
		if (number || !memmem(line.s, line.len, path, strlen(path)))
			return verify_complain(v, path, number, "openvpn", arena_dup(v->arena, line.s, line.len));
	}
	return verify_judge(v, path, "openvpn", status, output);
}

const char *openvpn_stand_in_key(struct arena *a) {
	const char *text = "-----BEGIN OpenVPN Static key V1-----\n";

	for (unsigned i = 0; i < 16; i++)
		text = arena_printf(a, "%s%032x\n", text, 0x9e3779b9U * (i + 1));
	return arena_printf(a, "%s-----END OpenVPN Static key V1-----\n", text);
}
