/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What issue and manual say a table of rows means, worked out cell by cell in a small universe: no sorting, no sweep,
 * no tree. A row's minimal prefix around a cell is the largest aligned block around it that lies in the row.
 */
#pragma once

#include "geo/rows.h"
#include "universe.h"

enum { MODEL_ROWS = 64, MODEL_NONE = -1 };

struct model_row {
	unsigned first, last; /* cells */
	uint32_t value;
	int64_t created;
};

struct model {
	const struct universe *u;
	struct model_row row[MODEL_ROWS];
	unsigned n;
};

/* The size (log2 of its cells) of the row's prefix around a cell, or -1. */
static inline int model_block(const struct model *m, const struct model_row *r, unsigned cell) {
	int size = -1;

	for (int k = 0; k <= (int)m->u->bits; k++) {
		unsigned from = cell >> k << k, to = from + (1U << k) - 1;

		if (from >= r->first && to <= r->last)
			size = k;
	}
	return size;
}

static inline bool model_beats(const struct model_row *a, const struct model_row *b) {
	return a->created != b->created ? a->created > b->created : a->value < b->value;
}

/* The value of a cell, or MODEL_NONE. */
static inline int model_answer(const struct model *m, unsigned cell) {
	int best = -1, best_size = -1;

	for (unsigned i = 0; i < m->n; i++) {
		int size = model_block(m, &m->row[i], cell);

		if (size < 0)
			continue;
		if (best < 0 || size < best_size || (size == best_size && model_beats(&m->row[i], &m->row[best]))) {
			best = (int)i;
			best_size = size;
		}
	}
	return best < 0 ? MODEL_NONE : (int)m->row[best].value;
}

/* Pairs of rows that a warning must name: the row that is taken for a prefix and one of the same age and prefix that
 * says another thing. */
static inline unsigned model_conflicts(const struct model *m) {
	static bool pair[MODEL_ROWS][MODEL_ROWS];
	unsigned n = 0;

	for (unsigned i = 0; i < m->n; i++)
		for (unsigned j = 0; j < m->n; j++)
			pair[i][j] = false;
	for (unsigned cell = 0; cell < universe_cells(m->u); cell++)
		for (unsigned j = 0; j < m->n; j++) {
			int size = model_block(m, &m->row[j], cell);
			unsigned best = j;

			for (unsigned i = 0; size >= 0 && i < m->n; i++)
				if (model_block(m, &m->row[i], cell) == size &&
				    (model_beats(&m->row[i], &m->row[best]) ||
				     (i < best && !model_beats(&m->row[best], &m->row[i]))))
					best = i;
			if (size >= 0 && m->row[best].created == m->row[j].created &&
			    m->row[best].value != m->row[j].value && !pair[best][j]) {
				pair[best][j] = true;
				n++;
			}
		}
	return n;
}

/* Random rows, most of them close together so that they overlap; few values, few ages. */
static inline void model_random(struct model *m, const struct universe *u, unsigned rows, uint64_t *seed) {
	m->u = u;
	m->n = rows;
	for (unsigned i = 0; i < rows; i++) {
		struct model_row *r = &m->row[i];
		unsigned near = random_below(seed, 8) ? 32 : universe_cells(u), size = random_below(seed, 6);

		r->first = random_below(seed, near);
		r->last = r->first + random_below(seed, near);
		r->last = MIN(r->last, universe_cells(u) - 1);
		if (random_below(seed, 2)) {
			r->first = r->first >> size << size;
			r->last = r->first + (1U << size) - 1;
		}
		r->value = random_below(seed, 4);
		r->created = random_below(seed, 2) ? GEO_NEVER : (int64_t)random_below(seed, 3);
	}
}

static inline struct geo_row model_geo_row(const struct model *m, unsigned i) {
	const struct model_row *r = &m->row[i];

	return (struct geo_row){ .range = { universe_first(m->u, r->first), universe_last(m->u, r->last) },
				 .value = r->value,
				 .created = r->created,
				 .id = i + 1,
				 .id_is_line = true };
}

/* The same rows in another order. */
static inline void model_shuffle(struct model *m, uint64_t *seed) {
	for (unsigned i = m->n; i > 1; i--) {
		unsigned j = random_below(seed, i);
		struct model_row r = m->row[i - 1];

		m->row[i - 1] = m->row[j];
		m->row[j] = r;
	}
}

/* The numbers a file would have, as one array: number and records of each node. The caller frees it. */
static inline uint32_t *tree_shape(const struct geo_tree *t, uint32_t root, uint32_t *ret_n) {
	uint32_t *number = malloc((t->count + 1) * sizeof(*number)), *shape, n;

	if (!geo_is_node(root)) {
		*number = root;
		*ret_n = 1;
		return number;
	}
	n = geo_tree_number(t, root, number);
	shape = calloc(n, 2 * sizeof(*shape));
	for (uint32_t i = 0; i < t->count; i++)
		for (int half = 0; half < 2 && number[i] != GEO_EMPTY; half++) {
			uint32_t record = t->node[i][half];

			shape[2 * number[i] + (unsigned)half] = geo_is_node(record) ? number[record] : record;
		}
	free(number);
	*ret_n = 2 * n;
	return shape;
}
