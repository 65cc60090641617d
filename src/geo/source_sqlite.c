/* SPDX-License-Identifier: Apache-2.0 */
/* One transaction is one snapshot, whoever writes meanwhile, in every journal mode. */
#include <errno.h>

#include "geo/row_text.h"
#include "geo/sqlite.h"

/* Numbers are seconds since 1970 or Julian days. */
#define CREATED                                                                                                        \
	"CASE typeof(created_at) WHEN 'integer' THEN datetime(created_at, 'unixepoch')"                                \
	" WHEN 'real' THEN strftime('%%Y-%%m-%%d %%H:%%M:%%f', created_at) ELSE created_at END"

static sqlite3_stmt *select_rows(const struct sqlite_table *t) {
	const char *id = t->has_id ? "id" : "rowid", *comment = t->has_comment ? "comment" : "NULL";

	return t->has_created
		       ? sqlite_table_prepare(t, "SELECT %s, network, country, %s, " CREATED " FROM \"%w\" ORDER BY 1",
					      id, comment, t->spec->table)
		       : sqlite_table_prepare(t, "SELECT %s, network, country, %s, NULL FROM \"%w\" ORDER BY 1", id,
					      comment, t->spec->table);
}

static int push_rows(const struct sqlite_table *t, sqlite3_stmt *s, struct geo_sink *sink) {
	struct geo_text text = { .sink = sink, .file = t->loc.file };
	int step, r = 0;

	while ((step = sqlite3_step(s)) == SQLITE_ROW && r == 0) {
		struct geo_text_row row = { .id = (uint64_t)sqlite3_column_int64(s, 0) };

		row.field[GEO_FIELD_NETWORK] = sqlite_text(s, 1);
		row.field[GEO_FIELD_COUNTRY] = sqlite_text(s, 2);
		row.field[GEO_FIELD_CREATED] = sqlite_text(s, 4);
		r = geo_text_add(&text, &row);
	}
	if (r == 0 && step != SQLITE_DONE)
		r = sqlite_table_failed(t, "read all of it");
	geo_text_finish(&text);
	return r;
}

static int sqlite_read(const struct geo_spec *spec, struct geo_sink *sink) {
	_cleanup_(sqlite_table_close) struct sqlite_table t;
	_cleanup_(sqlite_stmt_done) sqlite3_stmt *s = NULL;
	int r = sqlite_table_open(&t, spec, sink->diags, TABLE_READ);

	if (r == 0)
		r = sqlite_table_look(&t, false);
	if (r == 0 && !(s = select_rows(&t)))
		r = sqlite_table_errno(&t);
	if (r == 0)
		r = sink->begin(sink, t.loc.file);
	return r < 0 ? r : push_rows(&t, s, sink);
}

static int sqlite_list(const struct geo_spec *spec, struct diags *diags,
		       int (*fn)(const struct geo_exception *e, void *user), void *user) {
	_cleanup_(sqlite_table_close) struct sqlite_table t;
	_cleanup_(sqlite_stmt_done) sqlite3_stmt *s = NULL;
	int r = sqlite_table_open(&t, spec, diags, TABLE_READ), step = SQLITE_DONE;

	if (r == 0)
		r = sqlite_table_look(&t, false);
	if (r == 0 && !(s = select_rows(&t)))
		r = sqlite_table_errno(&t);
	while (r == 0 && (step = sqlite3_step(s)) == SQLITE_ROW)
		r = fn(&(struct geo_exception){ .id = (uint64_t)sqlite3_column_int64(s, 0),
						.network = sqlite_text(s, 1).s,
						.country = sqlite_text(s, 2).s,
						.comment = sqlite_text(s, 3).s,
						.created_at = sqlite_text(s, 4).s },
		       user);
	return r == 0 && step != SQLITE_DONE ? sqlite_table_failed(&t, "read all of it") : r;
}

const struct geo_source geo_source_sqlite = {
	.name = "sqlite",
	.summary = "a table in a file, the embedded default",
	.has_tables = true,
	.read = sqlite_read,
	.init = sqlite_init,
	.list = sqlite_list,
	.add = sqlite_add,
	.remove = sqlite_remove,
	.watch = sqlite_watch,
	.watch_fd = sqlite_watch_fd,
	.watch_changed = sqlite_watch_changed,
	.watch_close = sqlite_watch_close,
};
