/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a line of rendered output back to its origin, so that a checker's complaint about line 17 becomes one about a
 * template's line and a datum.
 *
 *     struct line_origin o = line_map_find(&map, out.v, out.n, 17);
 *     diag_error(diags, "nft", o.datum.file ? o.datum : o.template, NULL, "nft: %s", complaint);
 */
#pragma once

#include "base/diag.h"

/* Output from byte `at` on comes from here. */
struct line_mark {
	size_t at;
	struct loc place; /* in the template */
	struct loc datum; /* of the value printed; file 0: none */
	bool is_data;     /* a piece of the template's own text: its lines are those of the template */
};

/* Pass a zeroed one in template_run.map. */
struct line_map {
	VEC(struct line_mark) marks;
};

struct line_origin {
	struct loc place; /* the template; file 0 when there is no such line */
	struct loc datum; /* the last value with a place on that line, else the last before it; file 0: none */
};

void line_map_done(struct line_map *m);

/* Forgets what comes from byte `at` on, when output is taken back. */
void line_map_cut(struct line_map *m, size_t at);

/* Where line `line` (counting from 1) of the output comes from. */
struct line_origin line_map_find(const struct line_map *m, const char *out, size_t len, uint32_t line);
