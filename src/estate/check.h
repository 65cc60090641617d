/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A check: one file check_NAME.c that ends in `const struct check check_NAME`, named in meson.build. It reads the model
 * and reports; it never changes, prints or stops anything. Names of things, order and cost: findings in any order, at
 * most O(n log n) for n machines.
 *
 *     static void run(struct check_run *r) {
 *             LIST_EACH(struct machine, m, &r->estate->machines)
 *                     if (m->ip.at && !m->ipv6.at)
 *                             check_report(r, m->name.at, "add \"ipv6: …\"", "%s has no IPv6 address", m->name.s);
 *     }
 *     const struct check check_single_family = {
 *             .name = "single-family", .severity = SEVERITY_WARNING,
 *             .summary = "A machine has an address in one family only",
 *             .doc = "A paragraph for the manual: why it matters, what to do, source.",
 *             .run = run,
 *     };
 *
 * An estate changes the severity under `checks:`; a comment `# hextet: ignore single-family` on the line of the
 * finding, or alone on the line above it, silences that one.
 */
#pragma once

#include "estate/claims.h"
#include "estate/estate.h"

struct check_run {
	const struct estate *estate;
	struct arena *arena; /* for hints made with arena_printf */
	struct diags *diags;
	const struct check *check;
	enum severity severity; /* after the estate's override */
	bool reported;          /* the last check_report() was shown: its notes are too */
};

struct check {
	const char *name;
	enum severity severity;
	const char *summary; /* one line, no full stop: what it finds */
	const char *doc;     /* the manual's paragraph */
	bool whole;          /* finds what is missing somewhere: runs only when everything has loaded */
	void (*run)(struct check_run *r);
};

/* All checks, NULL-terminated. */
extern const struct check *const check_list[];

/* Reports at a node. Held back when the node is faulty (its own mistake is reported already) or silenced by a comment.
 * hint may be NULL; both are copied. */
void check_report(struct check_run *r, const struct node *at, const char *hint, const char *fmt, ...) _printf_(4, 5);

/* A second place that belongs to the last report: "the other one is here". */
void check_note(struct check_run *r, const struct node *at, const char *fmt, ...) _printf_(3, 4);

/* Runs every check that is not ignored, or only the one named. Returns -ENOENT for an unknown name. Unknown names under
 * `checks:` are reported. */
int checks_run(const struct estate *e, const char *only, struct arena *a, struct diags *d);
