/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of a machine mean, read back from their text by the target that wrote them: flows, DNS records,
 * listeners. `diff` compares facts of an old render with those of a new one, so that a reordered file is no change and
 * a lost address family is an alarm.
 */
#pragma once

#include "base/str.h"
#include "render/flows.h"

/* A DNS record: families come from its type. */
struct fact_record {
	const char *owner; /* complete, lower case, with the final dot */
	const char *type;  /* A, AAAA, PTR, … */
	const char *data;  /* canonical text */
};

/* An address and port on which a program accepts connections. */
struct fact_listener {
	const char *program; /* the target's name, or "nginx (jenkins)" */
	enum family family;
	struct ip ip; /* all zero bits of the family: every address */
	uint8_t protocol;
	uint16_t port;
};

struct facts {
	struct arena *arena;
	struct flows flows;
	VEC(struct fact_record) records;
	VEC(struct fact_listener) listeners;
	VEC(const char *)
	other; /* statements that are compared as text: whole lines without comments and blanks at the ends */
};

struct target;

/*
 * Reads one file of a target into facts. A file that a target does not read gives no facts, and diff shows its lines.
 * 0, or -EINVAL with a reason and a line in ret_error ("line 7: …", in the arena).
 */
int facts_read(struct facts *f, const struct target *t, const char *path, struct str text, const char **ret_error);
