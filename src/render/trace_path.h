/* SPDX-License-Identifier: Apache-2.0 */
/* One connection from hop to hop: inside policy_trace. */
#pragma once

#include "render/trace_class.h"

/* A pair of addresses, each with the part that it is of. from: as the machine in front of it sees it. */
struct trace_pair {
	const struct trace_part *source, *destination;
	struct ip from, to;
};

/*
 * The gates that a connection passes; 0: no firewall lies between. Pairs that are of one machine, or behind the same
 * one, pass only what lies between them there, and their addresses are not translated.
 */
unsigned trace_way(const struct trace_part *source, const struct trace_part *destination, bool *ret_same,
		   struct trace_gate ret_gates[static TRACE_GATES + 1]);

/* Whom a destination sees: the source's own address, or that of the machine in front. */
struct ip trace_seen(const struct trace_part *source, struct ip from, bool same);

/* Adds the hops of a pair until one refuses; behind a NAT64 translator only the first leg. */
void trace_walk(struct tracer *t, const struct trace_lines *lines, const struct trace_pair *pair,
		struct trace_path *path);
