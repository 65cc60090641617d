/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The model → files. All templates are compiled before the first machine; then machines are rendered by as many threads
 * as there are processors, and each machine's files are handed to a sink in the thread that made them.
 *
 *     struct render r;
 *     if (render_init(&r, &arena, &sources, &diags, estate, &options) == 0)
 *             code = render_run(&r, sink, user);
 *     render_done(&r);
 */
#pragma once

#include "render/target.h"

struct render_options {
	const char *machine; /* only this one; NULL: all */
	const char *target;  /* only this one; NULL: all */
	unsigned threads;    /* 0: one per processor */
	bool want_maps;      /* fill output_file.map */
};

/* A target with what it needs before threads start. */
struct prepared {
	const struct target *target;
	const struct template **templates; /* as target->templates */
	const void *shared;
};

struct render {
	struct arena *arena;
	struct diags *diags;
	const struct estate *estate;
	struct render_options options;
	struct template_set set;
	struct prepared *targets;
	size_t target_count;
	const struct value *estate_data;
};

/*
 * Chooses targets and compiles their templates; a file below ESTATE/templates/ of the same name shadows ours. Returns
 * 0, -ENOENT for an unknown machine or target (nothing is in diags then), -EINVAL after diagnostics.
 */
int render_init(struct render *r, struct arena *a, struct sources *s, struct diags *d, const struct estate *e,
		const struct render_options *options);
void render_done(struct render *r);

/*
 * Takes the files of one machine, in any order of machines; texts and maps end with the call. `worker` counts from 0
 * and is one thread. A negative result ends the run.
 */
typedef int (*render_sink)(struct output_file *files, size_t n, unsigned worker, struct diags *d, void *user);

/* How many workers render_run() will use. */
unsigned render_workers(const struct render *r);

/*
 * Renders everything that the options choose. Diagnostics of all threads end up in r->diags. Returns 0; -EINVAL when a
 * template or datum was wrong; or the sink's error.
 */
int render_run(struct render *r, render_sink sink, void *user);
