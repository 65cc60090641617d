/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers for values of MaxMind DB files, such that two values have one number exactly when they are equal: of the same
 * type and content, maps with the same pairs in any order, whatever is a pointer and wherever the bytes stand. So
 * records of different files are compared without regard to how they were written. An integer's type is part of it: a
 * reader in a typed language sees the difference.
 *
 * Each map and array of a file is read once, so that values which share parts a million times cost nothing more.
 */
#pragma once

#include "base/map.h"
#include "geo/mmdb_value.h"

struct mmdb_classes {
	struct arena arena;
	struct map number_of; /* canonical bytes → number */
	uint32_t count;
};

/* What is known of one file's values; init with its database. */
struct mmdb_class_file {
	struct mmdb_classes *classes;
	const struct mmdb *db;
	struct map number_at; /* start of a map or array → its number and end */
};

void mmdb_classes_init(struct mmdb_classes *c);
void mmdb_classes_done(struct mmdb_classes *c);
void mmdb_class_file_init(struct mmdb_class_file *f, struct mmdb_classes *c, const struct mmdb *db);
void mmdb_class_file_done(struct mmdb_class_file *f);

/* The number, from 1 on, of the value at an offset of the file. 0 or -EBADMSG and the fault. */
int mmdb_class(struct mmdb_class_file *f, uint64_t offset, uint32_t *ret_number, struct mmdb_fault *ret_fault);
