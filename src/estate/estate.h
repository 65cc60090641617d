/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A folder of YAML files → a checked model.
 *
 *     ESTATE/machines/(any name).yaml  the machine database: name → machine
 *     ESTATE/(any name).yaml           named sections; a section may be spread over files
 *     ESTATE/templates/                templates that shadow the built-in ones (room render)
 *
 *     struct arena a = {0}; struct sources s; struct diags d; struct estate *e;
 *     sources_init(&s, &a); diags_init(&d, &a, &s);
 *     r = estate_load(&a, &s, &d, "examples/streaming", &e);
 *     if (r == 0) checks_run(e, NULL, &d);
 */
#pragma once

#include "estate/model.h"

/*
 * Loads, links and indexes. Mistakes in the files go to d and leave e->loaded false; the model then holds what could be
 * read. Returns 0, or -errno when the folder cannot be read at all (nothing is in d then).
 */
int estate_load(struct arena *a, struct sources *s, struct diags *d, const char *folder, struct estate **ret_e);

/* The same for one file of sections that is in memory: a pure function of its text, which must outlive the estate. */
void estate_load_text(struct arena *a, struct sources *s, struct diags *d, const char *shown, const char *text,
		      size_t len, struct estate **ret_e);

/* Frees what is not in the arena. */
void estate_done(struct estate *e);

/* Resolves every name that the loader met; unknown ones are diagnostics. Internal to the room. */
void estate_resolve(struct estate *e, struct loader *l);

static inline bool machine_has_role(const struct machine *m, enum role r) {
	return m->role_bits >> r & 1;
}
