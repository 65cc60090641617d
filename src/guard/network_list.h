/* SPDX-License-Identifier: Apache-2.0 */
/* A sorted list of networks for the sinks that write all of them down: changes go in by one merge. Zero is empty. */
#pragma once

#include "guard/sink.h"

struct network_list {
	VEC(struct prefix) v; /* sorted by prefix_compare(), each once */
};

void network_list_add(struct network_list *l, struct prefix p); /* in any order; then sort */
void network_list_sort(struct network_list *l);

/* In order: the last change of a network counts. O(list + changes log changes). */
void network_list_apply(struct network_list *l, const struct sink_change *changes, size_t n);

/* Whether it holds exactly this network. */
bool network_list_has(const struct network_list *l, struct prefix p);

void network_list_done(struct network_list *l);
