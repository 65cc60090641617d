/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parts of a question that fare alike: inside policy_trace. A class is a set of addresses on one side, every one of
 * which is let through by its own side's firewalls to (or from) exactly the same addresses of the other side.
 */
#pragma once

#include "render/trace_parts.h"

/* The lines that allow one port. */
struct trace_lines {
	const struct policy **v;
	uint32_t n;
};

/* One firewall of a part: which machine's chain judges it, and whether as what is translated there. */
struct trace_gate {
	const struct machine *machine; /* NULL: nothing passes */
	enum flow_chain chain;
	bool translated;
};
enum { TRACE_GATES = 2 };
struct trace_gate_list {
	const struct trace_gate *v;
	unsigned n;
};

/* Some addresses of a part that its gates treat alike. */
struct trace_piece {
	struct trace_part part; /* set: those addresses */
	unsigned gates;
	VEC(const struct prefix_set *) accepts[TRACE_GATES]; /* by gate: whom it accepts on the other side, in pieces */
};

struct trace_pieces {
	VEC(struct trace_piece) list;
};

struct trace_class {
	struct prefix_set set;     /* as the other side sees them */
	bool free;                 /* no firewall of its own side lies in the way */
	struct prefix_set through; /* else: the other side's addresses that it accepts */
	VEC(const struct trace_part *) parts;
};

struct trace_classes {
	VEC(struct trace_class *) list;
};

/* Cuts a part along the rules of its gates. All sets are in the arena. */
void trace_split(struct tracer *t, const struct trace_lines *lines, enum family f, bool source,
		 const struct trace_part *part, const struct trace_gate_list *gates, struct arena *a,
		 struct trace_pieces *ret);
void trace_pieces_done(struct trace_pieces *p);

/* What all gates of a piece accept together; in the arena. */
struct prefix_set trace_through(const struct trace_piece *p, struct arena *a);

/* The gates between a part and the rest of the world, in the order of a packet that arrives; 0 to 2. */
unsigned trace_gates(const struct trace_part *p, bool source, struct trace_gate ret_gates[static TRACE_GATES]);

/* Cuts all parts and joins what fares alike. */
void trace_classify(struct tracer *t, const struct trace_lines *lines, enum family f, bool source,
		    const struct trace_parts *parts, struct arena *a, struct trace_classes *ret);
void trace_classes_done(struct trace_classes *c);

/* What two normal sets share; in the arena. Quick when either is small. */
struct prefix_set trace_common(const struct prefix_set *x, const struct prefix_set *y, struct arena *a);
