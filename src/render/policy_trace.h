/* SPDX-License-Identifier: Apache-2.0 */
/*
 * May this party reach that one? The policy's answer from end to end: the forward chain of the machine in front of the
 * source, then the forward chain of the machine in front of the destination and the input chain of the machine that has
 * its address. A NAT64 translator on the way adds its own two. Output chains let everything through.
 *
 * A party is a set of addresses, and the answer is about every pair: it is yes when every connection from an address of
 * the one to an address of the other, on every port asked, is accepted. The sets are never enumerated. Pairs between
 * which no firewall lies do not count: a machine and itself or what is behind it, two members of one network.
 *
 * IPv4 behind NAT as in estate/party.h: a network there is asked for at its machine's address (its forward chain judges
 * what is translated), and seen with that address by everybody else.
 *
 *     struct tracer *t = tracer_new(estate, &arena);                    // once for many questions
 *     struct trace_question q = { .ports = &port, .n_ports = 1 };
 *     r = trace_end_find(t, "office", &q.from); …
 *     trace_ask(t, &q, FAMILY_6, &scratch, &answer);
 */
#pragma once

#include "render/policy_flows.h"

struct tracer;

/* For an estate without errors. The arena is its memory; one thread. */
struct tracer *tracer_new(const struct estate *e, struct arena *a);
void tracer_done(struct tracer *t);

/* One end of the question: what a name stands for. */
struct trace_end {
	const char *text;
	const struct ref *refs; /* any, all, groups, machines, failover entries, addresses, prefixes */
	uint32_t n;
	unsigned families; /* bits 1 << FAMILY_4, 1 << FAMILY_6: those that it can be asked for in */
};

/*
 * An address, a prefix, "any", "all", or the name of a group, a machine, a failover entry or a public name (endpoint),
 * in this order. 0; -EINVAL for a prefix with host bits; -ENOENT, and then *ret_near is the name that may have been
 * meant, or NULL. The text is borrowed.
 */
int trace_end_find(struct tracer *t, const char *text, struct trace_end *ret_end, const char **ret_near);

struct trace_port {
	uint8_t protocol; /* IPPROTO_TCP, IPPROTO_UDP */
	uint16_t port;
};

struct trace_question {
	struct trace_end from, to;
	const struct trace_port *ports;
	size_t n_ports;
};

/* One firewall on the way, with the connection as it sees it. */
struct trace_hop {
	const struct machine *machine;
	enum flow_chain chain;
	struct ip from, to;
	bool translated;           /* `to` is what was asked for; the packet goes to a network behind it */
	bool accepts;              /* in the line's words: */
	const struct policy *line; /* the first one that accepts, or NULL */
};

enum { TRACE_HOPS_MAX = 6 };

/* One connection. */
struct trace_path {
	bool found; /* there is such a pair */
	bool accepts;
	struct ip from, to;
	struct trace_port port;
	unsigned n; /* hops; those behind the first refusal are left out */
	struct trace_hop hops[TRACE_HOPS_MAX];
};

/* From × to on some of the ports. Sources behind NAT are shown as their machine's address. */
struct trace_rect {
	struct prefix_set from, to; /* normal, in the scratch arena */
	const struct trace_port *ports;
	size_t n_ports;
};

struct trace_answer {
	enum family family;
	bool accepts;                      /* every pair is accepted, and there is one */
	bool partly;                       /* some are */
	bool between;                      /* some firewall lies between the two */
	bool from_has, to_has;             /* the end has addresses in this family */
	const struct trace_rect *accepted; /* exactly the pairs that are, when only some are */
	size_t n_accepted;
	struct trace_path yes, no; /* an accepted pair, a dropped one */
};

void trace_ask(struct tracer *t, const struct trace_question *q, enum family family, struct arena *scratch,
	       struct trace_answer *ret);

/* Whether a side of a policy line has any address in a family, for explanations. */
bool trace_side_has(const struct tracer *t, const struct list *refs, enum family family);

/* Whether an address lies in a network behind a machine that only its own networks can ask for as it is: NAT. */
bool trace_needs_nat(const struct tracer *t, const struct machine *m, struct ip from, struct ip to);
