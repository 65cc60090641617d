/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where log lines come from, live. A source is named by a spec:
 *
 *     file:/var/log/nginx/access.log     followed: inotify, rotation by rename and by copytruncate
 *     syslog:[::1]:5140  syslog:udp:…  syslog:tcp:…     both when neither is said
 *     syslog:/run/hextet/log.sock        unix datagrams; syslog:stream:/… streams
 *     journal:nginx.service              the systemd journal, one unit; journal: all of it; journal:/FOLDER[:UNIT]
 *     stdin
 *
 * Each kind is one file source_KIND.c. Sources live in the event loop and hand over batches of whole lines; a position
 * says up to where, and is kept by whoever handles the lines, so that after a restart the next byte is the next byte.
 */
#pragma once

#include "logs/record.h"
#include "net/loop.h"

/* Whole lines, each with its '\n' (a last line without one gets it). Good until the callback returns. A line over
 * LOG_LINE_MAX comes as its first LOG_LINE_MAX + 1 bytes: the parser says what it is. Carriage returns and zeros are
 * left in. */
struct log_batch {
	const char *bytes;
	size_t len;
};

struct log_source;

enum log_source_level { LOG_SOURCE_INFO, LOG_SOURCE_WARNING };

struct log_source_config {
	const char *place;  /* behind the KIND: */
	const char *resume; /* a position from before, or NULL: a file from its beginning, a journal from now */
	/* Lines arrived. A negative result stops the source and is an error of it. */
	int (*lines)(struct log_source *s, const struct log_batch *batch, void *user);
	/* What went wrong or is worth knowing (rotated, truncated, vanished, is back, lines lost): one line, to be put
	 * behind s->spec. May be NULL. */
	void (*log)(struct log_source *s, enum log_source_level level, const char *text, void *user);
	void *user;
};

struct log_source_kind {
	const char *name, *summary;
	/* 0, or -errno and *ret_why (malloc'ed). A file that is not there yet is no error: it is waited for. */
	int (*open)(struct loop *l, const struct log_source_config *c, struct log_source **ret_source, char **ret_why);
	void (*close)(struct log_source *s);
	/* Up to where lines() has been told of, as a text without blanks (malloc'ed); NULL: cannot be resumed, or
	 * nothing is there yet. Not within lines(). */
	char *(*position)(const struct log_source *s);
	/* Bytes that are known to wait (a file behind its end); 0: nothing, or not known. */
	uint64_t (*behind)(const struct log_source *s);
};
extern const struct log_source_kind *const log_source_list[]; /* NULL-terminated */

struct log_source {
	const struct log_source_kind *kind;
	const char *spec; /* "file:/var/log/nginx/access.log" */
	struct log_source_config config;
	uint64_t lines, bytes; /* handed over since opened */
};

/* By spec, see above. */
int log_source_open(struct loop *l, const char *spec, const struct log_source_config *c, struct log_source **ret_source,
		    char **ret_why);
void log_source_close(struct log_source *s); /* NULL is fine */

/*
 * A whole file for replay, plain or gzip (by its first bytes), "-" standard input, through fn in batches of whole
 * lines. 0; the first non-zero result of fn; or -errno, with *ret_why when it is about the content (a damaged gzip).
 */
int log_file_each_batch(const char *path, int (*fn)(const struct log_batch *batch, void *user), void *user,
			char **ret_why);
