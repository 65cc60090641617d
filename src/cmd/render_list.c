/* SPDX-License-Identifier: Apache-2.0 */
/* A machine has a target by a role, and a role by the first of its groups that gives it: that word is the reason. */
#include "cmd/render_list.h"

#include "render/target.h"

struct reason {
	const struct group *group;
	const struct word *role;
};

/* False: the target is on every machine. */
static bool find_reason(const struct target *t, const struct machine *m, struct reason *ret) {
	LIST_EACH (struct ref, ref, &m->groups) {
		const struct group *g = ref->to;

		if (!g)
			continue;
		LIST_EACH (struct word, role, &g->roles)
			if (t->roles >> role->index & 1) {
				*ret = (struct reason){ g, role };
				return true;
			}
	}
	return false;
}

static void emit_machine(struct emit *e, const struct opened_estate *o, const struct target *t,
			 const struct machine *m) {
	struct reason why;

	emit_object(e, NULL);
	emit_text(e, "machine", m->name.s);
	if (find_reason(t, m, &why)) {
		const struct loc loc = why.role->at->loc;
		const struct source *src = sources_get(&o->sources, loc.file);

		emit_text(e, "role", role_words[why.role->index]);
		emit_text(e, "group", why.group->name.s);
		emit_text(e, "file", src ? src->path : NULL);
		emit_uint(e, "line", loc.line);
	} else {
		emit_null(e, "role");
		emit_null(e, "group");
		emit_null(e, "file");
		emit_null(e, "line");
	}
	emit_end(e);
}

void render_list_emit(struct emit *e, const struct opened_estate *o) {
	emit_list(e, NULL);
	for (const struct target *const *t = target_list; *t; t++) {
		emit_object(e, NULL);
		emit_text(e, "target", (*t)->name);
		emit_text(e, "summary", (*t)->summary);
		if (o) {
			emit_list(e, "machines");
			LIST_EACH (struct machine, m, &o->estate->machines)
				if (target_applies(*t, o->estate, m))
					emit_machine(e, o, *t, m);
			emit_end(e);
		}
		emit_end(e);
	}
	emit_end(e);
}

static void print_machine(FILE *out, const struct opened_estate *o, const struct target *t, const struct machine *m) {
	struct reason why;

	(void)fprintf(out, "  %s: ", m->name.s);
	if (find_reason(t, m, &why)) {
		const struct loc loc = why.role->at->loc;
		const struct source *src = sources_get(&o->sources, loc.file);

		(void)fprintf(out, "role %s through group %s (%s:%u)\n", role_words[why.role->index], why.group->name.s,
			      src ? src->path : "?", loc.line);
	} else
		(void)fputs("every machine has it\n", out);
}

void render_list_print(FILE *out, const struct opened_estate *o) {
	for (const struct target *const *t = target_list; *t; t++) {
		(void)fprintf(out, "%s: %s\n", (*t)->name, (*t)->summary);
		if (!o)
			continue;
		LIST_EACH (struct machine, m, &o->estate->machines)
			if (target_applies(*t, o->estate, m))
				print_machine(out, o, *t, m);
	}
}
