/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Straight from the model: the parties' addresses come from estate/party.h, as they do for the firewall, and nothing
 * else is shared with it. A machine without an address in a family has no destination there, so `any` is nobody.
 */
#include "render/allowed.h"

#include <netinet/in.h>

#include "estate/party.h"

static bool has_port(const struct policy *line, uint8_t protocol, uint16_t port) {
	LIST_EACH (struct ref, ref, &line->allow) {
		const struct service *s = ref->to;

		LIST_EACH (struct number, n, protocol == IPPROTO_TCP ? &s->tcp : &s->udp)
			if (n->n == port)
				return true;
	}
	return false;
}

static bool names_machine(const struct policy *line, const struct machine *m, const struct prefix_set *own) {
	LIST_EACH (struct ref, ref, &line->to) {
		const bool literal = ref->kind == REF_ADDRESS || ref->kind == REF_PREFIX;

		if (literal ? prefix_set_overlaps(own, ref->prefix) : party_has_machine(ref, m))
			return true;
	}
	return false;
}

static bool reaches(const struct machine *m, enum family family, uint8_t protocol, uint16_t port,
		    const struct policy *line) {
	struct prefix_set own = PREFIX_SET_INIT;
	bool yes;

	if (!has_port(line, protocol, port))
		return false;
	party_machine(m, family, &own);
	prefix_set_normalise(&own);
	yes = !prefix_set_is_empty(&own) && names_machine(line, m, &own);
	prefix_set_done(&own);
	return yes;
}

bool allowed_applies(const struct machine *m, uint8_t protocol, uint16_t port, const struct policy *line) {
	return reaches(m, FAMILY_4, protocol, port, line) || reaches(m, FAMILY_6, protocol, port, line);
}

static void add_line(const struct estate *e, const struct machine *m, enum family family, const struct policy *line,
		     struct allowed *a) {
	LIST_EACH (struct ref, ref, &line->from) {
		a->any |= party_is_any(ref);
		party_addresses(e, ref, family, m, &a->from);
	}
	if (!a->line && (a->any || a->from.ranges.n))
		a->line = line;
}

static void settle(struct allowed *a) {
	if (a->any)
		prefix_set_done(&a->from);
	prefix_set_normalise(&a->from);
}

void allowed_sources(const struct estate *e, const struct machine *m, enum family family, uint8_t protocol,
		     uint16_t port, struct allowed *ret) {
	*ret = (struct allowed){ 0 };
	LIST_EACH (struct policy, line, &e->policy)
		if (reaches(m, family, protocol, port, line))
			add_line(e, m, family, line, ret);
	settle(ret);
}

void allowed_by_line(const struct estate *e, const struct machine *m, enum family family, uint8_t protocol,
		     uint16_t port, const struct policy *line, struct allowed *ret) {
	*ret = (struct allowed){ 0 };
	if (reaches(m, family, protocol, port, line))
		add_line(e, m, family, line, ret);
	settle(ret);
}
