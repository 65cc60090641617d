/* SPDX-License-Identifier: Apache-2.0 */
/* From the word for an end to what it stands for. */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "estate/party.h"
#include "render/trace_parts.h"

enum { BOTH = 1 << FAMILY_4 | 1 << FAMILY_6 };

static void set_end(struct tracer *t, struct trace_end *end, const char *text, struct ref ref) {
	struct ref *one = arena_new(t->arena, struct ref);

	ref.s = text;
	*one = ref;
	*end = (struct trace_end){ .text = text, .refs = one, .n = 1, .families = BOTH };
	if (ref.kind & (REF_ADDRESS | REF_PREFIX))
		end->families = 1U << prefix_family(ref.prefix);
}

/* Public names are not in a map: a domain may be written in any case. */
static const struct endpoint_name *find_endpoint(const struct estate *e, const char *text) {
	LIST_EACH (struct endpoint_name, n, &e->endpoints)
		if (strcasecmp(n->name.s, text) == 0)
			return n;
	return NULL;
}

static const struct machine *find_machine(const struct estate *e, const char *text) {
	const struct machine *m = map_get(&e->machine_by_name, text, strlen(text));

	if (!m && e->domain.s && !strchr(text, '.')) {
		char name[256];
		int len = snprintf(name, sizeof(name), "%s.%s", text, e->domain.s);

		if (len > 0 && (size_t)len < sizeof(name))
			m = map_get(&e->machine_by_name, name, (size_t)len);
	}
	return m;
}

static const char *find_near(const struct estate *e, const char *text) {
	const struct str word = str_of(text);
	const char *near = NULL;
	unsigned best = UINT_MAX;

	LIST_EACH (struct group, g, &e->groups)
		if (suggest_better(word, str_of(g->name.s), &best))
			near = g->name.s;
	LIST_EACH (struct machine, m, &e->machines)
		if (suggest_better(word, str_of(m->name.s), &best))
			near = m->name.s;
	LIST_EACH (struct failover, f, &e->failover)
		if (suggest_better(word, str_of(f->name.s), &best))
			near = f->name.s;
	LIST_EACH (struct endpoint_name, n, &e->endpoints)
		if (suggest_better(word, str_of(n->name.s), &best))
			near = n->name.s;
	return near;
}

int trace_end_find(struct tracer *t, const char *text, struct trace_end *ret_end, const char **ret_near) {
	const struct estate *e = t->e;
	const size_t len = strlen(text);
	const struct endpoint_name *endpoint;
	struct ip_fault fault;
	struct prefix p;
	const void *to;

	if (prefix_parse(text, len, &p, &fault) == 0)
		set_end(t, ret_end, text,
			(struct ref){ .kind = strchr(text, '/') ? REF_PREFIX : REF_ADDRESS, .prefix = p });
	else if (fault.error == IP_ERR_HOST_BITS)
		return -EINVAL;
	else if (strcmp(text, "any") == 0)
		set_end(t, ret_end, text, (struct ref){ .kind = REF_ANY });
	else if (strcmp(text, "all") == 0)
		set_end(t, ret_end, text, (struct ref){ .kind = REF_ALL });
	else if ((to = map_get(&e->group_by_name, text, len)))
		set_end(t, ret_end, text, (struct ref){ .kind = REF_GROUP, .to = to });
	else if ((to = find_machine(e, text)))
		set_end(t, ret_end, text, (struct ref){ .kind = REF_MACHINE, .to = to });
	else if ((to = map_get(&e->failover_by_name, text, len)))
		set_end(t, ret_end, text, (struct ref){ .kind = REF_FAILOVER, .to = to });
	else if ((endpoint = find_endpoint(e, text)))
		*ret_end = (struct trace_end){
			.text = text, .refs = endpoint->to.items, .n = endpoint->to.n, .families = BOTH
		};
	else {
		*ret_near = find_near(e, text);
		return -ENOENT;
	}
	return 0;
}

bool trace_side_has(const struct tracer *t, const struct list *refs, enum family family) {
	struct prefix_set set = PREFIX_SET_INIT;
	bool has = false;

	LIST_EACH (struct ref, ref, refs) {
		party_addresses(t->e, ref, family, NULL, &set);
		has |= party_is_any(ref) || set.ranges.n;
	}
	prefix_set_done(&set);
	return has;
}

static const struct policy_behind *find_behind(const struct policy_place *p, struct ip ip) {
	for (uint32_t i = 0; i < p->n; i++)
		if (p->behind[i].net4 && prefix_has_ip(*p->behind[i].net4, ip))
			return &p->behind[i];
	return NULL;
}

bool trace_needs_nat(const struct tracer *t, const struct machine *m, struct ip from, struct ip to) {
	const struct policy_place *p = policy_place(t->model, m);
	const struct policy_behind *behind = ip_is_v4(to) ? find_behind(p, to) : NULL;

	return behind && behind->translated && !find_behind(p, from);
}
