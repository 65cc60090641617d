/* SPDX-License-Identifier: Apache-2.0 */
/* Where the addresses of a question are: inside policy_trace, which sees addresses only as parts. */
#pragma once

#include "addr/trie.h"
#include "render/policy_trace.h"

/* Addresses that share their way: the network that they lie in and the machine that has them. */
struct trace_part {
	struct prefix_set set;            /* normal, in the scratch arena: as the machine in front sees them */
	const struct policy_behind *net;  /* NULL: in no network behind a machine */
	const struct machine *own;        /* NULL: no machine's own address (or, in a source without net, any) */
	const struct machine *translator; /* destinations behind the NAT64 prefix */
	bool blocked;                     /* a later leg of the way lets nothing through */
	bool hidden;                      /* IPv4 behind NAT: everybody else sees net->machine's address */
};

struct trace_parts {
	VEC(struct trace_part) list;
};

/* A use of an address or prefix; more of them behind it. */
struct trace_use {
	const struct machine *own;
	const struct policy_behind *net;
	struct trace_use *next;
};

struct tracer {
	const struct estate *e;
	struct arena *arena;
	struct policy_model *model;
	struct trie own, nets; /* struct trace_use */
};

/* The parts of an end in one family. Frees nothing: sets are in `a`, the list is the caller's. */
void trace_sources(struct tracer *t, const struct trace_end *end, enum family f, struct arena *a,
		   struct trace_parts *ret);
void trace_destinations(struct tracer *t, const struct trace_end *end, enum family f, struct arena *a,
			struct trace_parts *ret);

/* The machine that an address belongs to or lies behind; NULL: outside, or a failover address, which may be on several.
 * ret_last: the last address of which this is known to be true as well. */
const struct machine *trace_front(const struct tracer *t, struct ip ip, struct ip *ret_last);

/* Normalises and moves to the arena. */
void trace_settle(struct prefix_set *s, struct arena *a);
