/* SPDX-License-Identifier: Apache-2.0 */
#include "render/trace_path.h"

static const struct machine *front_of(const struct trace_part *p) {
	return p->net ? p->net->machine : p->own;
}

unsigned trace_way(const struct trace_part *source, const struct trace_part *destination, bool *ret_same,
		   struct trace_gate ret_gates[static TRACE_GATES + 1]) {
	const struct machine *front = front_of(source);
	unsigned n = 0;

	*ret_same = front && front == front_of(destination);
	if (!*ret_same) {
		n = trace_gates(source, true, ret_gates);
		return n + trace_gates(destination, false, ret_gates + n);
	}
	if (source->net && destination->net && source->net != destination->net)
		ret_gates[n++] = (struct trace_gate){ front, FLOW_FORWARD, false };
	if (destination->own && destination->own != source->own)
		ret_gates[n++] = (struct trace_gate){ destination->own, FLOW_INPUT, false };
	return n;
}

struct ip trace_seen(const struct trace_part *source, struct ip from, bool same) {
	return source->hidden && !same ? source->net->machine->ip.ip : from;
}

/* The first line, in the order of the files, that lets the hop's connection through. */
static const struct policy *find_line(struct tracer *t, const struct trace_lines *lines, const struct trace_gate *gate,
				      struct ip from, struct ip to) {
	struct policy_rects rects = { 0 };
	struct arena a = { 0 };
	const struct policy *found = NULL;

	for (uint32_t i = 0; i < lines->n && !found; i++) {
		rects.list.n = 0;
		policy_rects(t->model, gate->machine, gate->chain, ip_family(from), lines->v[i], &a, &rects);
		for (size_t k = 0; k < rects.list.n && !found; k++) {
			const struct policy_rect *r = &rects.list.v[k];

			if (r->translated == gate->translated && prefix_set_has_ip(r->from, from) &&
			    prefix_set_has_ip(r->to, to))
				found = r->line;
		}
	}
	vec_done(&rects.list);
	arena_done(&a);
	return found;
}

void trace_walk(struct tracer *t, const struct trace_lines *lines, const struct trace_pair *pair,
		struct trace_path *path) {
	struct trace_gate gates[TRACE_GATES + 1];
	struct trace_part destination = *pair->destination;
	bool same;
	unsigned n;

	destination.blocked = false;
	n = trace_way(pair->source, &destination, &same, gates);
	path->accepts = true;
	for (unsigned g = 0; g < n && path->accepts && path->n < TRACE_HOPS_MAX; g++) {
		/* The gate in front of the source sees its address, the others what it leaves with. */
		bool own_gate =
			same || (g == 0 && trace_gates(pair->source, true, (struct trace_gate[TRACE_GATES]){ 0 }));
		struct trace_hop hop = {
			.machine = gates[g].machine,
			.chain = gates[g].chain,
			.from = own_gate ? pair->from : trace_seen(pair->source, pair->from, false),
			.to = pair->to,
			.translated = gates[g].translated,
		};

		hop.line = find_line(t, lines, &gates[g], hop.from, hop.to);
		hop.accepts = path->accepts = hop.line;
		path->hops[path->n++] = hop;
	}
}
