/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server; its zones are target dns's. Two targets, because a new zone needs a reload and a new address a restart.
 *
 * All name servers are alike and each is a primary: they serve the same files, count serials by themselves and need no
 * transfers. A dynamic update changes one of them, so it is sent to each.
 */
#include <string.h>

#include "estate/party.h"
#include "render/data.h"
#include "render/knot_check.h"
#include "render/listen_lines.h"
#include "render/own.h"
#include "render/target.h"

/* The networks that the estate was given, in the families of the machine, and the loopback: never everybody. */
static const struct value *updaters(const struct target_run *r, const struct value *listen) {
	struct prefix_set set = PREFIX_SET_INIT, own = PREFIX_SET_INIT;
	const struct value *list;

	for (uint32_t i = 0; i < listen->list.n; i++)
		prefix_set_add(&own, *listen->list.v[i]->str.prefix);
	prefix_set_normalise(&own);
	LIST_EACH (struct given, g, &r->estate->prefixes) {
		const bool v4 = prefix_family(g->network.prefix) == FAMILY_4;

		if (v4 ? r->machine->ip.at != NULL : r->machine->ipv6.at != NULL)
			prefix_set_add(&set, g->network.prefix);
	}
	prefix_set_add_set(&set, &own);
	prefix_set_normalise(&set);
	list = data_set(r->arena, &set, NO_LOC);
	prefix_set_done(&set);
	prefix_set_done(&own);
	return list;
}

static int files(struct target_run *r) {
	const struct value *listen = own_addresses(r);

	target_set(r, "listen", listen);
	target_set(r, "updaters", updaters(r, listen));
	target_set(r, "key", value_text(r->arena, KNOT_KEY, NO_LOC));
	return target_file(r, KNOT_CONF, "knot/knot.conf", 0644);
}

static bool applies(const struct estate *e, const struct machine *m) {
	(void)e;
	return m->ip.at || m->ipv6.at;
}

static int verify(struct verify_run *v) {
	return knot_check(v, KNOT_CONF);
}

static int facts(struct facts *f, const char *path, struct str text, const char **ret_error) {
	(void)path;
	return knot_listeners(f, text, ret_error);
}

const struct target target_knot = {
	.name = "knot",
	.summary = "Knot DNS, the server",
	.doc = "A machine with role knot gets " KNOT_CONF ": it listens on each address of its own, in the families "
	       "that it has, serves the zones of target dns and "
	       "refuses transfers. AAAA records of the domain can be added and removed by dynamic updates (RFC 2136) "
	       "that "
	       "carry the TSIG key hextet and come from the machine itself or a network of prefixes:. The key's secret "
	       "is "
	       "in " KNOT_KEY
	       ", without which the server does not start; make it once with 'keymgr -t hextet hmac-sha256', "
	       "readable by the group knot and nobody else, and put it on every name server. Each of them is a "
	       "primary, so "
	       "an update is sent to each; it holds until the zone's file changes. Checked with knotc conf-check.",
	.roles = 1U << ROLE_KNOT,
	.templates = (const char *const[]){ "knot/knot.conf", NULL },
	.applies = applies,
	.files = files,
	.verify = verify,
	.reload = (const char *const[]){ "knotc conf-check", "systemctl restart knot", NULL },
	.withdraw = (const char *const[]){ "systemctl stop knot", NULL },
	.facts = facts,
};
