/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The write-ahead journal of one apply: everything that taking it back needs, on disk before the first change. It names
 * no commands, only targets, whose commands are in the program: who can write it gains nothing by that.
 *
 *     hextet-apply 1
 *     id 6f1d…                           16 hexadecimal digits: in the names of staged files
 *     boot 0f3c…                         the kernel's boot_id
 *     machine de-fe01.example.net
 *     started 1763937062                 seconds since 1970, for people
 *     confirm 60                         seconds; 0: no confirmation is wanted
 *     limit 90                           seconds that a reload may take
 *     folder /etc/nftables.d             to be created, outer ones first
 *     replace nftables /etc/nftables.d/hextet.nft       (or new, or remove)
 *     reload nftables                    what undoing has to run: reload, or withdraw
 *     end …
 *
 * The entry n, counting from 0, is staged as .hextet-ID-n.new beside its file, and the old file is kept as
 * .hextet-ID-n.old. Path "manifest" without a slash is the manifest in the state folder.
 */
#pragma once

#include "base/vec.h"
#include "render/apply_record.h"

enum { JOURNAL_ID_SIZE = 17, BOOT_ID_SIZE = 37 };

#define JOURNAL_MANIFEST "manifest"

enum journal_op { JOURNAL_NEW, JOURNAL_REPLACE, JOURNAL_REMOVE, _JOURNAL_OP_MAX };

struct journal_entry {
	enum journal_op op;
	const char *target, *path;
};

struct journal_reload {
	const char *target;
	bool withdraw;
};

struct journal {
	char id[JOURNAL_ID_SIZE], boot[BOOT_ID_SIZE];
	const char *machine;
	uint64_t started;
	uint32_t confirm_s, limit_s;
	VEC(const char *) folders;
	VEC(struct journal_entry) entries;
	VEC(struct journal_reload) reloads;
};

/* Texts go into the arena. 0 or -EBADMSG; nothing is to be freed then. */
int journal_parse(struct arena *a, struct str text, struct journal *ret);
void journal_format(const struct journal *j, struct text *out);
void journal_done(struct journal *j);
