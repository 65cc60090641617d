/* SPDX-License-Identifier: Apache-2.0 */
#include "geo/sqlite.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "geo/row_text.h"

enum { BUSY_MS = 5000, VALUE_MAX = 1 << 20 };

static const struct failure {
	int code, error;
	const char *what, *hint;
} failures[] = {
	{ SQLITE_BUSY, -EBUSY, "another program holds it locked", "try again when that program is done" },
	{ SQLITE_LOCKED, -EBUSY, "another program holds it locked", "try again when that program is done" },
	{ SQLITE_NOTADB, -EBADMSG, "this is not an SQLite database", NULL },
	{ SQLITE_CORRUPT, -EBADMSG, "the database is damaged",
	  "restore it from a backup, or save what is left: sqlite3 FILE .recover" },
	{ SQLITE_READONLY, -EACCES, "it may not be written", "who owns the file and its folder?" },
	{ SQLITE_PERM, -EACCES, "permission denied", "who owns the file and its folder?" },
	{ SQLITE_FULL, -ENOSPC, "the disk is full", NULL },
	{ SQLITE_IOERR, -EIO, "the disk cannot be read or written", NULL },
	{ SQLITE_NOMEM, -ENOMEM, "there is no memory left", NULL },
};

static int code_of(const struct sqlite_table *t) {
	return t->db ? sqlite3_errcode(t->db) & 0xff : SQLITE_NOMEM;
}

static const struct failure *find_failure(int code) {
	for (size_t i = 0; i < ARRAY_LEN(failures); i++)
		if (failures[i].code == code)
			return &failures[i];
	return NULL;
}

int sqlite_table_errno(const struct sqlite_table *t) {
	const struct failure *f = find_failure(code_of(t));

	return f ? f->error : -EBADMSG;
}

static const char *open_hint(const struct sqlite_table *t, int error) {
	if (error != ENOENT)
		return "who owns the file and its folder?";
	return t->mode == TABLE_MAKE ? "make its folder first" : "`hextet geo init` makes it";
}

int sqlite_table_failed(const struct sqlite_table *t, const char *doing) {
	int code = code_of(t), system = t->db ? sqlite3_system_errno(t->db) : 0;
	const struct failure *f = find_failure(code);

	if (f) {
		diag_error(t->diags, "geo-source", t->loc, f->hint, "cannot %s: %s", doing, f->what);
		return f->error;
	}
	if (code == SQLITE_CANTOPEN && system) {
		diag_error(t->diags, "geo-source", t->loc, open_hint(t, system), "cannot %s: %s", doing,
			   strerror(system));
		return -system;
	}
	diag_error(t->diags, "geo-source", t->loc, NULL, "cannot %s: %s", doing,
		   t->db ? sqlite3_errmsg(t->db) : "out of memory");
	return code == SQLITE_CONSTRAINT ? -EINVAL : -EIO;
}

sqlite3_stmt *sqlite_table_prepare(const struct sqlite_table *t, const char *fmt, ...) {
	sqlite3_stmt *s = NULL;
	va_list ap;
	char *sql;

	va_start(ap, fmt);
	sql = sqlite3_vmprintf(fmt, ap);
	va_end(ap);
	if (!sql || sqlite3_prepare_v2(t->db, sql, -1, &s, NULL) != SQLITE_OK)
		(void)sqlite_table_failed(t, "read the table");
	sqlite3_free(sql);
	return s;
}

int sqlite_table_run(const struct sqlite_table *t, const char *doing, const char *fmt, ...) {
	va_list ap;
	char *sql;
	int r;

	va_start(ap, fmt);
	sql = sqlite3_vmprintf(fmt, ap);
	va_end(ap);
	r = sql ? sqlite3_exec(t->db, sql, NULL, NULL, NULL) : SQLITE_NOMEM;
	sqlite3_free(sql);
	return r == SQLITE_OK ? 0 : sqlite_table_failed(t, doing);
}

struct str sqlite_text(sqlite3_stmt *s, int column) {
	const char *text = (const char *)sqlite3_column_text(s, column);

	return (struct str){ text, text ? (size_t)sqlite3_column_bytes(s, column) : 0 };
}

int sqlite_table_open(struct sqlite_table *t, const struct geo_spec *spec, struct diags *diags,
		      enum sqlite_table_mode mode) {
	static const int flags[] = {
		[TABLE_READ] = SQLITE_OPEN_READONLY,
		[TABLE_WRITE] = SQLITE_OPEN_READWRITE,
		[TABLE_MAKE] = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
	};

	*t = (struct sqlite_table){ .spec = spec, .diags = diags, .mode = mode, .loc = geo_spec_loc(spec, diags) };
	if (sqlite3_open_v2(spec->place, &t->db, flags[mode], NULL) != SQLITE_OK)
		return sqlite_table_failed(t, "open it");
	(void)sqlite3_busy_timeout(t->db, BUSY_MS);
	/* The file may come from anywhere: what its schema calls must be harmless, and no value larger than a row is.
	 */
	(void)sqlite3_db_config(t->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	(void)sqlite3_db_config(t->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_limit(t->db, SQLITE_LIMIT_LENGTH, VALUE_MAX);
	return sqlite_table_run(t, mode == TABLE_READ ? "read it" : "write it",
				mode == TABLE_READ ? "BEGIN" : "BEGIN IMMEDIATE");
}

int sqlite_table_commit(struct sqlite_table *t) {
	return sqlite_table_run(t, "write it", "COMMIT");
}

void sqlite_table_close(struct sqlite_table *t) {
	(void)sqlite3_close(t->db);
	t->db = NULL;
}

static int no_column(const struct sqlite_table *t, const char *name) {
	diag_error(t->diags, "geo-source", t->loc, "`hextet geo init` shows what a table looks like by making one",
		   "the table %s has no column %s", geo_quote(t->diags->arena, str_of(t->spec->table)), name);
	return -EINVAL;
}

int sqlite_table_look(struct sqlite_table *t, bool quiet) {
	_cleanup_(sqlite_stmt_done) sqlite3_stmt *s =
		sqlite_table_prepare(t, "SELECT name, type, pk FROM pragma_table_info('%q')", t->spec->table);
	bool any = false, network = false, country = false;
	int r;

	if (!s)
		return sqlite_table_errno(t);
	while ((r = sqlite3_step(s)) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(s, 0);

		any = true;
		network |= strcasecmp(name, "network") == 0;
		country |= strcasecmp(name, "country") == 0;
		t->has_comment |= strcasecmp(name, "comment") == 0;
		t->has_created |= strcasecmp(name, "created_at") == 0;
		if (strcasecmp(name, "id") == 0) {
			t->has_id = true;
			t->makes_ids = sqlite3_column_int(s, 2) == 1 &&
				       strcasecmp((const char *)sqlite3_column_text(s, 1), "INTEGER") == 0;
		}
	}
	if (r != SQLITE_DONE)
		return sqlite_table_failed(t, "read it");
	if (any)
		return !network ? no_column(t, "network") : !country ? no_column(t, "country") : 0;
	if (!quiet)
		diag_error(t->diags, "geo-source", t->loc,
			   "`hextet geo init` makes it; another one is named as FILE#TABLE", "there is no table %s",
			   geo_quote(t->diags->arena, str_of(t->spec->table)));
	return -ENOENT;
}
