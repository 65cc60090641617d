/* SPDX-License-Identifier: Apache-2.0 */
/* An open SQLite database with a table of exceptions in it; for source_sqlite*.c. */
#pragma once

#include <sqlite3.h>

#include "geo/source.h"

enum sqlite_table_mode { TABLE_READ, TABLE_WRITE, TABLE_MAKE };

struct sqlite_table {
	const struct geo_spec *spec;
	struct diags *diags;
	enum sqlite_table_mode mode;
	struct loc loc;
	sqlite3 *db;
	bool has_id, has_comment, has_created;
	bool makes_ids; /* SQLite chooses them */
};

/* Opens the file and begins a transaction. 0, or -errno after an error. Close it in any case. */
int sqlite_table_open(struct sqlite_table *t, const struct geo_spec *spec, struct diags *diags,
		      enum sqlite_table_mode mode);

/* Ends the transaction: what was written stays only after a commit. */
void sqlite_table_close(struct sqlite_table *t);
int sqlite_table_commit(struct sqlite_table *t);

/* Finds out which columns there are. 0; -ENOENT, with an error unless `quiet`, when there is no table. */
int sqlite_table_look(struct sqlite_table *t, bool quiet);

/* Says what SQLite's last call on this database came to, and returns the -errno that it is. */
int sqlite_table_failed(const struct sqlite_table *t, const char *doing);

/* The -errno that SQLite's last call came to; -EBADMSG when there is none that fits. */
int sqlite_table_errno(const struct sqlite_table *t);

/* A statement from a format of sqlite3_mprintf(); %w is for names. NULL after an error. */
sqlite3_stmt *sqlite_table_prepare(const struct sqlite_table *t, const char *fmt, ...);

/* Runs statements that have no result. 0, or -errno after an error. */
int sqlite_table_run(const struct sqlite_table *t, const char *doing, const char *fmt, ...);

/* A column as text, valid until the next step; s is NULL for NULL. */
struct str sqlite_text(sqlite3_stmt *s, int column);

static inline void sqlite_stmt_done(sqlite3_stmt **s) {
	(void)sqlite3_finalize(*s);
}

/* The functions of geo_source_sqlite that are in files of their own. */
int sqlite_init(const struct geo_spec *spec, struct diags *diags);
int sqlite_add(const struct geo_spec *spec, struct diags *diags, const struct geo_exception *e, bool replace,
	       uint64_t *ret_id);
int sqlite_remove(const struct geo_spec *spec, struct diags *diags, uint64_t id, const char *network);
int sqlite_watch(const struct geo_spec *spec, struct geo_watch **ret_watch, struct diags *diags);
int sqlite_watch_fd(const struct geo_watch *w);
int sqlite_watch_changed(struct geo_watch *w);
void sqlite_watch_close(struct geo_watch *w);
