/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What two renders of a machine have apart, as people say it: "tcp/443 over IPv6 into fe01: from anywhere". The same on
 * many machines is one entry with their names. An entry has an alarm when one address family of a thing goes and the
 * other stays, or when a new flow into a machine has only one of the families that the machine speaks.
 *
 *     meaning_add(&m, "fe01.example.net", &old, &now, &delta);      // of each machine
 *     meaning_sort(&m);
 */
#pragma once

#include "base/map.h"
#include "render/fact_delta.h"

/* Texts are in the arena; those that do not belong to the kind are NULL. */
struct meaning_entry {
	enum fact_kind kind;
	bool appears;
	enum family family; /* 0: both, or neither (a record that is no address) */
	const char *chain;  /* flow: "input", "forward" */
	const char *ports;  /* flow: "tcp/80,443 udp/443" */
	bool translated;    /* flow: `to` and the ports are those before NAT */
	const char *from, *to;
	uint32_t from_count, to_count; /* prefixes; the texts name at most MEANING_PREFIXES of them; 0: anywhere */
	const char *comment;           /* flow: what the rule says about itself, or "" */
	const char *owner, *type, *data;
	const char *program, *protocol, *address;
	uint16_t port;
	const char *alarm;           /* or NULL */
	uint32_t from_hash, to_hash; /* of the whole sets, which the texts may cut; of one process */
	VEC(const char *) machines;
};

enum { MEANING_PREFIXES = 32 };

struct meaning {
	struct arena *arena;
	struct map by_key;
	VEC(struct meaning_entry *) list;
};

void meaning_init(struct meaning *m, struct arena *a);
void meaning_done(struct meaning *m);

/* Adds what a delta says about a machine; the name is borrowed. */
void meaning_add(struct meaning *m, const char *machine, const struct facts *old, const struct facts *now,
		 const struct fact_delta *d);

/* Adds copies of another worker's entries; their machines' names are borrowed. */
void meaning_join(struct meaning *m, const struct meaning *more);

/* Alarms first, then by kind, what vanishes before what appears, then by text; machines by name. */
void meaning_sort(struct meaning *m);
