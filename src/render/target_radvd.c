/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Templates see `interfaces`: name, mtu, prefixes (network, lan), resolvers (lists of at most RDNSS_MAX) and domains.
 * LANs that share an interface share its section: radvd wants one for each.
 *
 * radvd -c looks at the grammar alone. What it takes without a word, and devices or radvd itself then do not, is read
 * here once more from the text.
 */
#include <errno.h>
#include <string.h>

#include "addr/prefix.h"
#include "render/data.h"
#include "render/target.h"
#include "render/verify.h"

#define RADVD_CONF "/etc/radvd.conf"

enum { RDNSS_MAX = 3, MTU_USUAL = 1500, MTU_LEAST = 1280, LEN_SLAAC = 64 };

static bool is_router_of(const struct lan *l, const struct machine *m) {
	return l->router.to == m && l->ipv6.at;
}

static bool applies(const struct estate *e, const struct machine *m) {
	LIST_EACH (struct lan, l, &e->lans)
		if (is_router_of(l, m))
			return true;
	return false;
}

static bool has_text(const struct value *list, const char *s) {
	for (uint32_t i = 0; i < list->list.n; i++)
		if (str_is(value_as_str(list->list.v[i]), s))
			return true;
	return false;
}

struct section {
	struct value *prefixes, *domains;
	VEC(const struct value *) resolvers;
};

static void add_lan(struct section *s, const struct lan *l, struct arena *a) {
	struct value *p = value_dict(a, l->ipv6.at->loc);

	value_dict_set(a, p, "network", data_network(a, &l->ipv6));
	value_dict_set(a, p, "lan", data_scalar(a, &l->name));
	value_list_push(a, s->prefixes, p);
	if (l->domain.s && !has_text(s->domains, l->domain.s))
		value_list_push(a, s->domains, data_scalar(a, &l->domain));
	LIST_EACH (struct address, r, &l->rdnss) {
		const struct value *v = data_ip(a, r);
		bool old = false;

		for (size_t i = 0; i < s->resolvers.n; i++)
			old |= ip_equal(s->resolvers.v[i]->str.prefix->ip, r->ip);
		if (!old)
			vec_push(&s->resolvers, v);
	}
}

static const struct value *section(const struct target_run *r, const struct lan *first) {
	struct arena *a = r->arena;
	struct value *d = value_dict(a, first->interface.at->loc), *groups = value_list(a, NO_LOC), *group = NULL;
	struct section s = { value_list(a, NO_LOC), value_list(a, NO_LOC), { 0 } };
	const struct number *mtu = &r->machine->mtu;
	const bool small = mtu->at && mtu->n >= MTU_LEAST && mtu->n < MTU_USUAL;

	LIST_EACH (struct lan, l, &r->estate->lans)
		if (is_router_of(l, r->machine) && strcmp(l->interface.s, first->interface.s) == 0)
			add_lan(&s, l, a);
	for (size_t i = 0; i < s.resolvers.n; i++) {
		if (i % RDNSS_MAX == 0)
			value_list_push(a, groups, group = value_list(a, NO_LOC));
		value_list_push(a, group, s.resolvers.v[i]);
	}
	vec_done(&s.resolvers);
	value_dict_set(a, d, "name", data_scalar(a, &first->interface));
	value_dict_set(a, d, "mtu", small ? data_uint(a, mtu) : &value_null);
	value_dict_set(a, d, "prefixes", s.prefixes);
	value_dict_set(a, d, "resolvers", groups);
	value_dict_set(a, d, "domains", s.domains);
	return d;
}

static int files(struct target_run *r) {
	struct value *interfaces = value_list(r->arena, NO_LOC), *names = value_list(r->arena, NO_LOC);

	LIST_EACH (struct lan, l, &r->estate->lans) {
		if (!is_router_of(l, r->machine) || has_text(names, l->interface.s))
			continue;
		value_list_push(r->arena, names, data_scalar(r->arena, &l->interface));
		value_list_push(r->arena, interfaces, section(r, l));
	}
	target_set(r, "interfaces", interfaces);
	return target_file(r, RADVD_CONF, "radvd/radvd.conf", 0644);
}

/* What is known of the interface at hand, and of the prefix. Numbers are radvd's defaults until they are set. */
struct reading {
	struct verify_run *run;
	uint32_t line, max_line, prefix_line;
	unsigned long min_s, max_s, router_s;
	struct prefix prefix;
	bool in_prefix, autonomous, has_min, has_router;
	int result;
};

static void complain(struct reading *r, uint32_t line, const char *message) {
	r->result = verify_complain(r->run, RADVD_CONF, line, "hextet's reader of radvd.conf", message);
}

static void end_interface(struct reading *r) {
	if (r->has_min && r->min_s * 4 > r->max_s * 3)
		complain(r, r->max_line, "MinRtrAdvInterval is at most three quarters of MaxRtrAdvInterval");
	if (r->has_router && r->router_s && r->router_s < r->max_s)
		complain(r, r->max_line,
			 "AdvDefaultLifetime is below MaxRtrAdvInterval: devices lose their router in between");
}

static void begin_prefix(struct reading *r, struct str word) {
	struct ip_fault fault;

	r->in_prefix = r->autonomous = true;
	if (prefix_parse(word.s, word.len, &r->prefix, &fault) < 0) {
		r->prefix = (struct prefix){ 0 };
		complain(r, r->line,
			 fault.error == IP_ERR_HOST_BITS ? "the prefix has bits behind its length"
							 : "the prefix is no IPv6 network");
	}
}

static void end_prefix(struct reading *r) {
	if (r->autonomous && r->prefix.len && r->prefix.len != LEN_SLAAC)
		complain(r, r->prefix_line, "devices make addresses in a /64 only (RFC 4862): AdvAutonomous needs one");
	r->in_prefix = false;
}

/* One statement: a word and the one behind it. */
static void statement(struct reading *r, struct str word, struct str value) {
	unsigned long n = strtoul(arena_dup(r->run->arena, value.s, value.len), NULL, 10);
	const bool resolver = str_is(word, "AdvRDNSSLifetime") || str_is(word, "AdvDNSSLLifetime");

	if (str_is(word, "interface")) {
		*r = (struct reading){
			.run = r->run, .line = r->line, .max_line = r->line, .max_s = 600, .result = r->result
		};
	} else if (str_is(word, "prefix")) {
		begin_prefix(r, value);
		r->prefix_line = r->line;
	} else if (str_is(word, "AdvAutonomous")) {
		r->autonomous = str_is(value, "on");
	} else if (str_is(word, "MinRtrAdvInterval")) {
		r->min_s = n;
		r->has_min = true;
	} else if (str_is(word, "MaxRtrAdvInterval")) {
		r->max_s = n;
		r->max_line = r->line;
	} else if (str_is(word, "AdvDefaultLifetime")) {
		r->router_s = n;
		r->has_router = true;
	} else if (resolver && !str_is(value, "infinity") && n < r->max_s) {
		complain(r, r->line, "the lifetime is below MaxRtrAdvInterval: devices forget it in between");
	}
}

/* Words of a line: blanks and marks divide them; '#' ends it. */
static bool next_word(struct str *line, struct str *ret_word) {
	while (line->len && strchr(" \t;", *line->s))
		*line = (struct str){ line->s + 1, line->len - 1 };
	if (!line->len || *line->s == '#')
		return false;
	*ret_word = (struct str){ line->s, 1 };
	if (!strchr("{}", *line->s))
		while (ret_word->len < line->len && !strchr(" \t;{}#", line->s[ret_word->len]))
			ret_word->len++;
	*line = (struct str){ line->s + ret_word->len, line->len - ret_word->len };
	return true;
}

static int read_text(struct verify_run *v, struct str text) {
	struct reading r = { .run = v };
	struct str line, word, before = { 0 };
	unsigned depth = 0;

	while (str_split(&text, '\n', &line)) {
		r.line++;
		while (next_word(&line, &word)) {
			if (str_is(word, "{")) {
				depth++;
			} else if (str_is(word, "}") && depth) {
				if (--depth == 0)
					end_interface(&r);
				else if (r.in_prefix && depth == 1)
					end_prefix(&r);
			} else if (before.len) {
				statement(&r, before, word);
			}
			before = word;
		}
	}
	return r.result;
}

static int verify(struct verify_run *v) {
	const char *const argv[] = { "radvd", "-c", "-m", "stderr", "-C", verify_path(v, RADVD_CONF), NULL };
	struct str output;
	int status, r = read_text(v, v->files[0].text);

	if (r < 0)
		return r;
	r = verify_exec(v, argv, 0, &status, &output);
	if (r == -ENOENT) {
		verify_missing(v, NULL, argv[0]);
		return 0;
	}
	return r < 0 ? r : verify_judge(v, NULL, argv[0], status, output);
}

const struct target target_radvd = {
	.name = "radvd",
	.summary = "router advertisements for the LANs of a router",
	.doc = "A machine with role radvd that is the router of a LAN with IPv6 gets " RADVD_CONF
	       ": its /64 for SLAAC, itself as default router, the LAN's resolvers (RDNSS) and search domain (DNSSL) "
	       "with "
	       "three times the interval as lifetime (RFC 8106), and the uplink's MTU where that is below 1500. "
	       "Devices "
	       "reach NAT64 by the same default route, so that no route of its own is announced; radvd 2.19 cannot "
	       "announce the NAT64 prefix itself (RFC 8781). IPv4 of a LAN has no place in this file. Checked with "
	       "radvd "
	       "-c, and for what radvd takes without a word: bits behind a prefix's length, SLAAC in anything but a "
	       "/64, "
	       "intervals and lifetimes that contradict each other.",
	.roles = 1U << ROLE_RADVD,
	.templates = (const char *const[]){ "radvd/radvd.conf", NULL },
	.applies = applies,
	.files = files,
	.verify = verify,
	.reload = (const char *const[]){ "systemctl reload-or-restart radvd", NULL },
	.withdraw = (const char *const[]){ "systemctl stop radvd", NULL },
};
