/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A render target: one file target_NAME.c that ends in `const struct target target_NAME`, named in meson.build, with
 * its templates in templates/NAME/ and its golden output in tests/golden/NAME/.
 *
 * A target says on which machines it applies (by role, or by its own test) and names its files. The templates see
 *
 *     estate   name, domain, folder, groups, services, … shared by all machines    (see data.h)
 *     machine  name, ip, ipv6, groups, roles, routed_networks6, …                  (see data.h)
 *     and whatever the target adds with target_set().
 *
 *     static int files(struct target_run *r) {
 *             target_set(r, "greeting", value_text(r->arena, "hello", NO_LOC));
 *             return target_file(r, "/etc/motd", "motd/motd", 0644);
 *     }
 *     const struct target target_motd = {
 *             .name = "motd", .summary = "the message of the day", .roles = 0, .files = files,
 *             .templates = (const char *const[]){ "motd/motd", NULL },
 *     };
 */
#pragma once

#include "estate/estate.h"
#include "render/template.h"

struct render;
struct facts;
struct verify_run;
struct target;

/* One file of one machine. */
struct output_file {
	const struct target *target;
	const struct machine *machine;
	const char *path; /* absolute, on the machine */
	mode_t mode;
	struct str text;
	struct line_map map; /* filled when the render wants it */
};

/* What files() works with: one machine, one target, one thread. */
struct target_run {
	const struct estate *estate;
	const struct machine *machine;
	const struct target *target;
	const void *shared;  /* what prepare() returned */
	struct arena *arena; /* lives until the machine's files have been used */
	struct diags *diags;
	struct scope scope; /* what the templates see: the target's own names, above machine and estate */
	/* the engine's */
	const struct prepared *prepared;
	struct render_worker *worker;
	struct value *own;
};

struct target {
	const char *name;
	const char *summary;          /* what it writes, no full stop */
	const char *doc;              /* the manual's paragraph: files, what they follow from, what checks them */
	unsigned roles;               /* 1 << enum role: machines with any of them; 0: every machine */
	const char *const *templates; /* all that files() uses, NULL-terminated */
	/* Whether it applies on a machine that has the role; NULL: yes. */
	bool (*applies)(const struct estate *e, const struct machine *m);
	/* Computes once what all machines share, in the arena; NULL: nothing. The result is const afterwards. */
	const void *(*prepare)(const struct estate *e, struct arena *a);
	/* Names the files of one machine with target_file(). 0, or -EINVAL after a diagnostic. */
	int (*files)(struct target_run *r);
	/* Runs the target's own checker over one machine's files; NULL: there is none (`doc` says so). See verify.h. */
	int (*verify)(struct verify_run *v);
	/* Commands that make the running program take its files, words divided by one blank, NULL-terminated, run in
	 * order without a shell when a file of the target has changed: { "systemctl reload haproxy", NULL }. NULL: none
	 * is needed. */
	const char *const *reload;
	/* The same when the machine no longer has any file of the target (a role was taken away, or the first apply is
	 * taken back); NULL: nothing is run, and `apply` says so. */
	const char *const *withdraw;
	/* Reads one file of its own back, for `diff`: see facts.h. NULL: only its lines can be compared. */
	int (*facts)(struct facts *f, const char *path, struct str text, const char **ret_error);
};

extern const struct target *const target_list[]; /* NULL-terminated */

/* Adds a name to what the templates of this run see. */
void target_set(struct target_run *r, const char *name, const struct value *v);

/* Renders one of target->templates into a file. `path` is copied. 0, or -EINVAL after a diagnostic. */
int target_file(struct target_run *r, const char *path, const char *template, mode_t mode);

/* Whether a target writes files for a machine. */
bool target_applies(const struct target *t, const struct estate *e, const struct machine *m);
