/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A resolver answers nobody whom the policy does not let ask, and never everybody: an open resolver is a weapon against
 * others. So "any" is cut down to the estate; and with DNS64 everybody else is left out but the translator's clients,
 * because its answers lead to addresses that only they can use.
 *
 * unbound-checkconf takes a dns64-prefix of any length, with which unbound dies at its start, and DNS64 settings
 * without the module, which then do nothing: both are looked at here.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "estate/party.h"
#include "render/allowed.h"
#include "render/data.h"
#include "render/listen_lines.h"
#include "render/nat64.h"
#include "render/own.h"
#include "render/serves.h"
#include "render/target.h"
#include "render/verify.h"
#include "render/zone.h"

#define UNBOUND_CONF "/etc/unbound/unbound.conf.d/hextet.conf"

enum { PORT_DNS = 53, IPV4ONLY_A = 0xc00000aa, IPV4ONLY_B = 0xc00000ab };
enum { TRANSLATORS = 1U << ROLE_TAYGA | 1U << ROLE_JOOL };

static const enum family families[] = { FAMILY_4, FAMILY_6 };

static void add_allowed(const struct target_run *r, enum family family, struct prefix_set *set) {
	static const uint8_t protocols[] = { IPPROTO_UDP, IPPROTO_TCP };
	const struct ref all = { .kind = REF_ALL };

	for (size_t i = 0; i < ARRAY_LEN(protocols); i++) {
		struct allowed a;

		allowed_sources(r->estate, r->machine, family, protocols[i], PORT_DNS, &a);
		if (a.any)
			party_addresses(r->estate, &all, family, r->machine, set);
		else
			prefix_set_add_set(set, &a.from);
		prefix_set_done(&a.from);
	}
	prefix_set_normalise(set);
}

static const struct value *clients(const struct target_run *r, const struct nat64 *n) {
	struct prefix_set all = PREFIX_SET_INIT;
	const struct value *list;

	for (size_t i = 0; i < ARRAY_LEN(families); i++) {
		struct prefix_set set = PREFIX_SET_INIT, those = PREFIX_SET_INIT;

		add_allowed(r, families[i], &set);
		if (n) {
			LIST_EACH (struct ref, ref, &n->clients)
				party_addresses(r->estate, ref, families[i], r->machine, &those);
			prefix_set_intersect(&set, &those);
		}
		prefix_set_add_set(&all, &set);
		prefix_set_done(&set);
		prefix_set_done(&those);
	}
	prefix_set_normalise(&all);
	list = data_set(r->arena, &all, NO_LOC);
	prefix_set_done(&all);
	return list;
}

static const struct value *zone_names(const struct target_run *r) {
	struct value *list = value_list(r->arena, NO_LOC);
	struct zones zones;

	zones_name(r->estate, r->arena, &zones);
	for (size_t i = 0; i < zones.n; i++)
		value_list_push(r->arena, list, value_text(r->arena, zones.v[i].name, NO_LOC));
	return list;
}

/* Of the families in which this machine can ask. */
static const struct value *servers(const struct target_run *r) {
	struct value *list = value_list(r->arena, NO_LOC);

	LIST_EACH (struct machine, m, &r->estate->machines) {
		if (!machine_has_role(m, ROLE_KNOT) || m == r->machine)
			continue;
		if (m->ipv6.at && r->machine->ipv6.at)
			value_list_push(r->arena, list, data_ip(r->arena, &m->ipv6));
		if (m->ip.at && r->machine->ip.at)
			value_list_push(r->arena, list, data_ip(r->arena, &m->ip));
	}
	return list;
}

static const struct value *ipv4only(const struct target_run *r, const struct nat64 *n) {
	static const uint32_t known[] = { IPV4ONLY_A, IPV4ONLY_B };
	struct value *list = value_list(r->arena, NO_LOC);

	for (size_t i = 0; n && i < ARRAY_LEN(known); i++) {
		const struct prefix host = prefix_host(ip_from_v4(known[i]));

		value_list_push(r->arena, list,
				value_ip(r->arena, nat64_embed(n->prefix.prefix, host).ip, n->prefix.at->loc));
	}
	return list;
}

static bool has_family(const struct value *list, enum family family) {
	for (uint32_t i = 0; i < list->list.n; i++)
		if (prefix_family(*list->list.v[i]->str.prefix) == family)
			return true;
	return false;
}

static int files(struct target_run *r) {
	const struct nat64 *n = nat64_on(r->estate, r->machine, TRANSLATORS);
	const struct value *listen = own_addresses(r), *asking, *note = &value_null;

	if (n && (!n->prefix.at || nat64_length_fault(n->prefix.prefix)))
		n = NULL;
	asking = clients(r, n);
	if (!asking->list.n)
		note = value_text(r->arena,
				  n ? "No policy line lets a client of nat64 ask port 53 of this machine."
				    : "No policy line lets anybody of the estate ask port 53 of this machine.",
				  NO_LOC);
	target_set(r, "listen", listen);
	target_set(r, "ipv4", value_bool(r->arena, has_family(listen, FAMILY_4), NO_LOC));
	target_set(r, "ipv6", value_bool(r->arena, has_family(listen, FAMILY_6), NO_LOC));
	target_set(r, "clients", asking);
	target_set(r, "dns64", n ? data_network(r->arena, &n->prefix) : &value_null);
	target_set(r, "ipv4only", ipv4only(r, n));
	target_set(r, "zones", zone_names(r));
	target_set(r, "servers", servers(r));
	target_set(r, "note", note);
	return target_file(r, UNBOUND_CONF, "unbound/hextet.conf", 0644);
}

/* With neither family unbound does not start. */
static bool applies(const struct estate *e, const struct machine *m) {
	return serves_family(e, m, FAMILY_4) || serves_family(e, m, FAMILY_6);
}

static int complain(struct verify_run *v, uint32_t line, const char *message) {
	return verify_complain(v, UNBOUND_CONF, line, "hextet's reader of unbound's files", message);
}

struct reading {
	uint32_t prefix_line, module_line;
	bool has_module; /* dns64 among the modules */
	const char *prefix_fault;
};

static void statement(struct reading *r, uint32_t line, struct str key, struct str value) {
	struct prefix p;

	if (str_is(key, "dns64-prefix")) {
		r->prefix_line = line;
		r->prefix_fault = nat64_text_fault(value, &p);
	} else if (str_is(key, "module-config")) {
		r->module_line = line;
		r->has_module = memmem(value.s, value.len, "dns64", strlen("dns64"));
	}
}

static int read_text(struct verify_run *v, struct str text) {
	struct reading r = { 0 };
	struct str line, key;

	for (uint32_t number = 1; str_split(&text, '\n', &line); number++) {
		line = str_trim(line);
		if (line.len && *line.s != '#' && str_split(&line, ':', &key) && line.s)
			statement(&r, number, key, str_trim(line));
	}
	if (r.prefix_fault)
		return complain(v, r.prefix_line, r.prefix_fault);
	if (r.prefix_line && !r.has_module)
		return complain(v, r.module_line ? r.module_line : r.prefix_line,
				"there is a dns64-prefix, but module-config does not load dns64");
	return 0;
}

/* The line whose value is this. */
static uint32_t line_of_value(struct str text, struct str value) {
	struct str line, key;

	for (uint32_t number = 1; str_split(&text, '\n', &line); number++) {
		line = str_trim(line);
		if (line.len && *line.s != '#' && str_split(&line, ' ', &key) && str_split(&line, ' ', &key) &&
		    str_eq(key, value))
			return number;
	}
	return 0;
}

/* "[…] error: netblock too large: ::/129", "… cannot parse interface specified as '::x'": values without their line. */
static int report_value(struct verify_run *v, struct str output) {
	struct str line, word, rest;

	while (str_split(&output, '\n', &line)) {
		const char *message = memmem(line.s, line.len, "error: ", strlen("error: "));
		uint32_t number;

		rest = line = str_trim(line);
		word = line;
		while (str_split(&rest, ' ', &word))
			;
		if (word.len > 2 && *word.s == '\'')
			word = (struct str){ word.s + 1, word.len - 2 };
		number = message ? line_of_value(v->files[0].text, word) : 0;
		if (number) {
			message += strlen("error: ");
			return verify_complain(v, UNBOUND_CONF, number, "unbound-checkconf",
					       arena_dup(v->arena, message, (size_t)(line.s + line.len - message)));
		}
	}
	return 0;
}

/* Without a chroot, which is the machine's, and with the folder as the one for its files. */
static int verify(struct verify_run *v) {
	const char *frame = verify_helper(
		v, "unbound.conf",
		arena_printf(v->arena, "include: \"%s\"\nserver:\n    chroot: \"\"\n    directory: \"%s\"\n",
			     verify_path(v, UNBOUND_CONF), v->folder));
	const char *const argv[] = { "unbound-checkconf", frame, NULL };
	int status, r = read_text(v, v->files[0].text);
	struct str output;

	if (r < 0 || !frame)
		return -EINVAL;
	r = verify_exec(v, argv, 0, &status, &output);
	if (r == -ENOENT) {
		verify_missing(v, NULL, argv[0]);
		return 0;
	}
	if (r == 0 && status)
		r = report_value(v, output);
	return r < 0 ? r : verify_judge(v, NULL, argv[0], status, output);
}

static int facts(struct facts *f, const char *path, struct str text, const char **ret_error) {
	(void)path;
	return unbound_listeners(f, text, ret_error);
}

const struct target target_unbound = {
	.name = "unbound",
	.summary = "the resolver of NAT64 clients and LANs, with DNS64",
	.doc = "A machine with role unbound gets " UNBOUND_CONF
	       ", which Debian's unbound.conf includes: it listens on each address of its own and answers those whom "
	       "policy lines let ask its port 53, in each family for itself, and refuses everybody else. Where a line "
	       "says any, that is the estate's machines and networks: no resolver is open to the world. On a machine "
	       "that nat64: names, with role tayga or jool, it makes AAAA records behind the NAT64 prefix (DNS64, RFC "
	       "6147), says the prefix to those who ask for ipv4only.arpa (RFC 7050, RFC 8880), and answers the "
	       "clients "
	       "of nat64 only, for nobody else could use those addresses. The zones of target dns are asked from the "
	       "machines with role knot directly and, as these do not sign them, not validated, so that they are "
	       "answered "
	       "without the root, too. Checked with unbound-checkconf, and for what it takes without a "
	       "word: a "
	       "dns64-prefix that RFC 6052 does not allow, and one without the module dns64.",
	.roles = 1U << ROLE_UNBOUND,
	.templates = (const char *const[]){ "unbound/hextet.conf", NULL },
	.applies = applies,
	.files = files,
	.verify = verify,
	/* A reload keeps old sockets, and empties the cache, too. */
	.reload = (const char *const[]){ "unbound-checkconf", "systemctl restart unbound", NULL },
	.withdraw = (const char *const[]){ "systemctl restart unbound", NULL },
	.facts = facts,
};
