/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loader refuses names that are equal to the letter. Names with capitals are few, so only those are copied; the
 * others are found in the index that the estate has.
 */
#include <ctype.h>

#include "estate/check.h"

static bool has_capitals(const char *s) {
	while (*s && !isupper((unsigned char)*s))
		s++;
	return *s;
}

static const char *lower(struct arena *a, const char *name) {
	char *copy;

	if (!has_capitals(name))
		return name;
	copy = arena_dup(a, name, strlen(name));
	for (char *p = copy; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return copy;
}

static void report(struct check_run *r, const struct scalar *name, const struct scalar *other, const char *what) {
	if (!other || other == name)
		return;
	check_report(r, name->at, "DNS does not tell capitals from small letters: take another name",
		     "%s is already the name of %s", name->s, what);
	check_note(r, other->at, "it is given here");
}

/* Names with capitals go into `mixed`, by their small letters. */
static void check_machines(struct check_run *r, struct map *mixed) {
	LIST_EACH (struct machine, m, &r->estate->machines) {
		const struct machine *other;
		const char *key;

		if (!has_capitals(m->name.s))
			continue;
		key = lower(r->arena, m->name.s);
		other = map_get(&r->estate->machine_by_name, key, strlen(key));
		if (!other)
			other = map_add(mixed, key, strlen(key), m);
		report(r, &m->name, &other->name, "another machine");
	}
}

/* A public name may be that of the machine that it alone points to. */
static bool points_to(const struct endpoint_name *n, const struct machine *m) {
	return n->to.n == 1 && ((const struct ref *)n->to.items)->to == m;
}

static void check_endpoints(struct check_run *r, const struct map *mixed) {
	struct map names;

	map_init(&names, r->arena);
	LIST_EACH (struct endpoint_name, n, &r->estate->endpoints) {
		const char *key = lower(r->arena, n->name.s);
		const struct endpoint_name *other = map_add(&names, key, strlen(key), n);
		const struct machine *m = map_get(&r->estate->machine_by_name, key, strlen(key));

		m = m ? m : map_get(mixed, key, strlen(key));
		if (other != n)
			report(r, &n->name, &other->name, "another endpoint");
		else if (m && !points_to(n, m))
			report(r, &n->name, &m->name, "a machine with other addresses");
	}
	map_done(&names);
}

static void run(struct check_run *r) {
	struct map mixed;

	map_init(&mixed, r->arena);
	check_machines(r, &mixed);
	check_endpoints(r, &mixed);
	map_done(&mixed);
}

const struct check check_duplicate_host_name = {
	.name = "duplicate-host-name",
	.severity = SEVERITY_ERROR,
	.summary = "Two things have the same host name",
	.doc = "Names that differ in capitals only are one name in the DNS (RFC 4343), and a public name that is also "
	       "a machine's gets the addresses of both: clients reach either, at random. A public name may repeat the "
	       "name of the one machine that it points to.",
	.run = run,
};
