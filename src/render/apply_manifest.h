/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the last apply left on this machine: each file with its target, the mode that was asked for, and the digest of
 * its content. By it the next apply knows what it may remove, and what somebody has changed since.
 *
 *     hextet-manifest 1
 *     machine de-fe01.example.net
 *     nftables 644 9f86d081… /etc/nftables.d/hextet.nft
 *     end 2c26b46b…
 */
#pragma once

#include <sys/types.h>

#include "base/digest.h"
#include "base/vec.h"
#include "render/apply_record.h"

struct manifest_file {
	const char *target, *path;
	mode_t mode;
	char digest[DIGEST_SIZE];
};

struct manifest {
	const char *machine;             /* NULL: nothing was ever applied */
	VEC(struct manifest_file) files; /* by path, each once */
};

/* Texts go into the arena. 0 or -EBADMSG; nothing is to be freed then. */
int manifest_parse(struct arena *a, struct str text, struct manifest *ret);
void manifest_done(struct manifest *m);

/* Sorts the files by path. */
void manifest_sort(struct manifest *m);

/* NULL: not one of ours. */
const struct manifest_file *manifest_find(const struct manifest *m, const char *path);

void manifest_format(const struct manifest *m, struct text *out);
