/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line is taken apart into (from, to, service). A part is covered when another line has the same part earlier, or has
 * it anywhere with "all" or "any" in place of a side. As "broader, or equal and earlier" has no circles, deleting every
 * reported line loses nothing. Lines beyond MAX_PARTS parts in total are left alone.
 */
#include "estate/check.h"

enum { MAX_PARTS = 1 << 18 };

/* Zeroed before it is filled: it is hashed as bytes. */
struct side {
	const void *to; /* a group or machine; NULL for the others */
	struct ip ip;
	uint64_t kind_len; /* enum ref_kind, and the length of a prefix */
};

struct part {
	struct side from, to;
	const void *service;
};

static struct side side_of(const struct ref *ref) {
	bool literal = ref->kind & (REF_ADDRESS | REF_PREFIX);

	return (struct side){
		.to = ref->kind & (REF_GROUP | REF_MACHINE) ? ref->to : NULL,
		.ip = literal ? ref->prefix.ip : (struct ip){ 0 },
		.kind_len = literal ? (uint64_t)REF_PREFIX << 8 | ref->prefix.len : (uint64_t)ref->kind << 8,
	};
}

/* The wider names for a side, the narrowest first; itself at 0. Returns how many. */
static unsigned widen(struct side s, struct side ret_wider[static 3]) {
	unsigned n = 0;

	ret_wider[n++] = s;
	if (s.to)
		ret_wider[n++] = (struct side){ .kind_len = (uint64_t)REF_ALL << 8 };
	if (s.kind_len != (uint64_t)REF_ANY << 8)
		ret_wider[n++] = (struct side){ .kind_len = (uint64_t)REF_ANY << 8 };
	return n;
}

static void remember(struct map *m, struct arena *a, const struct policy *p) {
	LIST_EACH (struct ref, from, &p->from)
		LIST_EACH (struct ref, to, &p->to)
			LIST_EACH (struct ref, service, &p->allow) {
				struct part *part = arena_new(a, struct part);

				*part = (struct part){ side_of(from), side_of(to), service->to };
				(void)map_add(m, part, sizeof(*part), (void *)(uintptr_t)p);
			}
}

/* The other line that covers this part, or NULL. */
static const struct policy *covering(const struct map *m, const struct policy *p, const struct part *part) {
	struct side from[3], to[3];
	unsigned n_from = widen(part->from, from), n_to = widen(part->to, to);

	for (unsigned i = 0; i < n_from; i++)
		for (unsigned k = 0; k < n_to; k++) {
			struct part wider = { from[i], to[k], part->service };
			const struct policy *other = map_get(m, &wider, sizeof(wider));

			if (other && other != p)
				return other;
		}
	return NULL;
}

/* The line that covers the first part, when others cover every part. */
static const struct policy *shadow_of(const struct map *m, const struct policy *p) {
	const struct policy *first = NULL;

	LIST_EACH (struct ref, from, &p->from)
		LIST_EACH (struct ref, to, &p->to)
			LIST_EACH (struct ref, service, &p->allow) {
				struct part part = { side_of(from), side_of(to), service->to };
				const struct policy *other = covering(m, p, &part);

				if (!other)
					return NULL;
				first = first ? first : other;
			}
	return first;
}

static void run(struct check_run *r) {
	const struct list *lines = &r->estate->policy;
	const struct policy *p = lines->items;
	size_t parts = 0;
	uint32_t n = 0;
	struct map m;

	map_init(&m, r->arena);
	for (; n < lines->n; n++) {
		size_t more = (size_t)p[n].from.n * p[n].to.n;

		if (more > MAX_PARTS || more * p[n].allow.n > MAX_PARTS - parts)
			break;
		parts += more * p[n].allow.n;
		remember(&m, r->arena, &p[n]);
	}
	for (uint32_t i = 0; i < n; i++) {
		const struct policy *by = shadow_of(&m, &p[i]);

		if (!by)
			continue;
		check_report(r, p[i].name.at, "delete the line, or change it to what it was meant to add",
			     "all that \"%s\" allows is allowed without it", p[i].name.s);
		check_note(r, by->name.at, "by \"%s\"", by->name.s);
	}
	map_done(&m);
}

const struct check check_policy_shadowed = {
	.name = "policy-shadowed",
	.severity = SEVERITY_WARNING,
	.whole = true,
	.summary = "A policy line adds nothing to the others",
	.doc = "The order of policy lines does not matter, so a line whose every source, destination and service is "
	       "allowed by other lines has no effect. It is a repetition, or a line that was meant to say something "
	       "else; and whoever deletes it later to close a port will find the port still open.",
	.run = run,
};
