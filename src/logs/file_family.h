/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A log and what rotation made of it: access.log, access.log.1, access.log.2 …, access.log-20261123,
 * access-20261123.log. Which of them came after which is told by their names: a number of up to five digits counts
 * backwards in time, all else (dates, seconds) forwards. Packed ones (.gz) are not of the family.
 */
#pragma once

#include "base/str.h"
#include "base/vec.h"

#include <sys/types.h>

struct file_member {
	char *name; /* in the folder */
	char *age;  /* what it has behind the log's name; NULL for other names */
	dev_t dev;
	ino_t ino;
};

struct file_family {
	char *folder; /* of the log itself, links followed */
	char *name;   /* the log's in it */
	VEC(struct file_member) member;
};

/* Looks until nothing changes meanwhile. All regular files of the folder: a rotated log may have been given any name.
 * 0, -EAGAIN when it changes all the time, or -errno. */
int file_family_read(const char *path, struct file_family *ret_family);
void file_family_done(struct file_family *f);

/* Sets the members that came after this one, and before the log, in the order in which they were written. Returns how
 * many; there is room for all members. */
size_t file_family_after(const struct file_family *f, const struct file_member *m,
			 const struct file_member **ret_after);

/* The member that is this file, or NULL. */
const struct file_member *file_family_find(const struct file_family *f, dev_t dev, ino_t ino);

/* Opens a member, if it is still the same file: a descriptor, -ESTALE, or -errno. */
int file_family_open(const struct file_family *f, const struct file_member *m);
