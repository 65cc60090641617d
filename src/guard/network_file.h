/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Networks as a text that other programs include: a comment that says who writes it, then one network a line, sorted.
 *
 *     plain      2001:db8::/32                      HAProxy's ACL files, and anything else
 *     nginx      deny 2001:db8::/32;                include FILE; in a server
 *     nginx-geo  2001:db8::/32 1;                   geo $banned { include FILE; }: as fast with many as with few
 *     apache     Require not ip 2001:db8::/32       Include FILE in a <RequireAll>
 */
#pragma once

#include "guard/network_list.h"

struct network_format {
	const char *name;
	const char *before, *after; /* around the network */
};
extern const struct network_format network_format_list[]; /* ends with a NULL name; the first is plain */

/* The names for a message: "plain, nginx, …"; malloc'ed, or NULL. */
char *network_format_names(void);

struct network_file {
	const char *path; /* borrowed */
	const struct network_format *format;
	bool claimed; /* it is the guard's to write */
};

/*
 * All return 0 or -errno and why. claim: before anything else: makes an empty file if there is none, and refuses
 * one that has anything but networks of this form and comments in it (-EEXIST): a path that was mistyped costs nobody
 * his configuration; later only whether its folder may be written. read: appends what is there to a list (sorted
 * afterwards), and counts the lines that network_file_write() would not have written: of another form, out of order,
 * twice. write: atomically, mode 0644; does nothing when the file has this content already.
 */
int network_file_claim(struct network_file *f, char **ret_why);
int network_file_read(const struct network_file *f, struct network_list *list, uint64_t *ret_unreadable,
		      char **ret_why);
int network_file_write(struct network_file *f, const struct network_list *list, char **ret_why);
