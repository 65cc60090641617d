/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of a machine mean, read back from their text by the target that wrote them: flows, DNS records,
 * listeners. `diff` compares facts of an old render with those of a new one, so that a reordered file is no change and
 * a lost address family is an alarm.
 *
 * Readers take what the target's templates write and refuse by line what could mean something that they do not see.
 */
#pragma once

#include "base/str.h"
#include "render/flows.h"

enum fact_kind { FACT_FLOW, FACT_RECORD, FACT_LISTENER, _FACT_KIND_MAX };

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

/* Everything that the lists point to is in the arena. */
struct facts {
	struct arena *arena;
	struct flows flows; /* origins: struct nft_rule, or another of the reader's that begins with one */
	VEC(struct fact_record) records;
	VEC(struct fact_listener) listeners;
	VEC(const char *)
	other; /* statements that are compared as text: whole lines without comments and blanks at the ends */
};

struct target;

void facts_init(struct facts *f, struct arena *a);
void facts_done(struct facts *f);

/*
 * Reads one file of a target into facts; the text must live as long as they. A file that a target does not read gives
 * no facts, and diff shows its lines. 0, or -EINVAL with a reason and a line in ret_error ("line 7: …", in the arena):
 * then facts hold nothing of this file.
 */
int facts_read(struct facts *f, const struct target *t, const char *path, struct str text, const char **ret_error);

const char *fact_kind_to_str(enum fact_kind k); /* "flow", "record", "listener" */
