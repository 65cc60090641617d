/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table is read with COPY inside one REPEATABLE READ transaction: one snapshot, one row at a time in memory, and an
 * end that the server has to confirm, so that a part is never taken for the whole.
 *
 * Changes are told by NOTIFY (postgres_init() makes the trigger); the payload is the table's name with its schema.
 */
#include <errno.h>
#include <string.h>

#include "geo/postgres.h"
#include "geo/postgres_copy.h"
#include "geo/row_text.h"

enum { COLUMN_ID, COLUMN_NETWORK, COLUMN_COUNTRY, COLUMN_CREATED, COLUMN_COMMENT, _COLUMN_MAX };

/* Calls fn for each row; its result, when not 0, ends the reading. */
static int take_rows(struct postgres *p, int (*fn)(struct str columns[static _COLUMN_MAX], void *user), void *user) {
	static const char doing[] = "read the whole table";
	_cleanup_(postgres_result_done) PGresult *last = NULL;
	struct str columns[_COLUMN_MAX];
	char *line;
	int n, r = 0;

	while (r == 0 && (n = pq.get_copy_data(p->conn, &line, 1)) >= 0) {
		if (n == 0) {
			r = postgres_wait(p);
			if (r < 0)
				return postgres_failed(p, NULL, r, doing);
			continue;
		}
		if (postgres_copy_cut(line, (size_t)n, columns, _COLUMN_MAX)) {
			r = fn(columns, user);
		} else {
			diag_error(p->diags, "geo-source", p->loc, NULL, "the server sent a row that is not one");
			r = -EBADMSG;
		}
		pq.freemem(line);
	}
	if (r)
		return r;
	while (pq.is_busy(p->conn)) {
		r = postgres_wait(p);
		if (r < 0)
			return postgres_failed(p, NULL, r, doing);
	}
	last = pq.get_result(p->conn);
	if (n == -2 || !last || pq.result_status(last) != PGRES_COMMAND_OK)
		return postgres_failed(p, last, -ECONNRESET, doing);
	return 0;
}

/* Begins the transaction and the COPY. For people: comments too, and in the order of the ids. What is longer than any
 * country or network is cut, so that memory stays the same whatever a table has. */
static int start_copy(struct postgres *p, bool for_people) {
	static const char doing[] = "read the table";
	struct arena *a = p->diags->arena;
	int r = postgres_run(p, doing, NULL, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", NULL);

	if (r == 0)
		r = postgres_look(p, false);
	if (r < 0)
		return r;
	return postgres_run(p, doing, NULL,
			    arena_printf(a,
					 "COPY (SELECT %s, left(network::text, 1000), left(country::text, 1000), %s, "
					 "%s FROM %s%s) TO STDOUT",
					 p->has_id ? "id" : "0", p->has_created ? "created_at::text" : "NULL",
					 for_people && p->has_comment ? "left(comment::text, 10000)" : "NULL", p->table,
					 for_people ? " ORDER BY 1" : ""),
			    NULL);
}

static uint64_t id_of(struct str text) {
	uint64_t id = 0;

	for (size_t i = 0; i < text.len && text.s[i] >= '0' && text.s[i] <= '9'; i++)
		id = id * 10 + (uint64_t)(text.s[i] - '0');
	return id;
}

static int push_row(struct str columns[static _COLUMN_MAX], void *user) {
	struct geo_text_row row = { .id = id_of(columns[COLUMN_ID]) };

	row.field[GEO_FIELD_NETWORK] = columns[COLUMN_NETWORK];
	row.field[GEO_FIELD_COUNTRY] = columns[COLUMN_COUNTRY];
	row.field[GEO_FIELD_CREATED] = columns[COLUMN_CREATED];
	return geo_text_add(user, &row);
}

static int postgres_read(const struct geo_spec *spec, struct geo_sink *sink) {
	_cleanup_(postgres_close) struct postgres p;
	int r = postgres_open(&p, spec, sink->diags);
	struct geo_text text = { .sink = sink };

	if (r == 0)
		r = start_copy(&p, false);
	if (r == 0)
		r = sink->begin(sink, p.loc.file);
	if (r < 0)
		return r;
	text.file = p.loc.file;
	r = take_rows(&p, push_row, &text);
	geo_text_finish(&text);
	return r;
}

struct listing {
	int (*fn)(const struct geo_exception *e, void *user);
	void *user;
};

/* Columns stand in the line with a byte between them that is free for a zero. */
static const char *terminated(struct str column) {
	if (column.s)
		((char *)column.s)[column.len] = '\0';
	return column.s;
}

static int list_row(struct str columns[static _COLUMN_MAX], void *user) {
	const struct listing *l = user;

	return l->fn(&(struct geo_exception){ .id = id_of(columns[COLUMN_ID]),
					      .network = terminated(columns[COLUMN_NETWORK]),
					      .country = terminated(columns[COLUMN_COUNTRY]),
					      .comment = terminated(columns[COLUMN_COMMENT]),
					      .created_at = terminated(columns[COLUMN_CREATED]) },
		     l->user);
}

static int postgres_list(const struct geo_spec *spec, struct diags *diags,
			 int (*fn)(const struct geo_exception *e, void *user), void *user) {
	_cleanup_(postgres_close) struct postgres p;
	struct listing l = { fn, user };
	int r = postgres_open(&p, spec, diags);

	if (r == 0)
		r = start_copy(&p, true);
	return r < 0 ? r : take_rows(&p, list_row, &l);
}

struct geo_watch {
	PGconn *conn;
	char *payload;
};

static void postgres_watch_close(struct geo_watch *w) {
	if (!w)
		return;
	if (w->conn)
		pq.finish(w->conn);
	free(w->payload);
	free(w);
}

/* Somebody may say NOTIFY himself, without a trigger: so this is a warning. */
static int look_for_trigger(struct postgres *p) {
	_cleanup_(postgres_result_done) PGresult *rows = NULL;
	int r = postgres_run(p, "listen for changes", &rows,
			     "SELECT 1 FROM pg_catalog.pg_trigger WHERE tgrelid = pg_catalog.to_regclass($1)"
			     " AND NOT tgisinternal AND tgenabled <> 'D' LIMIT 1",
			     p->table, NULL);

	if (r == 0 && !pq.ntuples(rows))
		diag_add(p->diags, SEVERITY_WARNING, "geo-notify", p->loc, "`hextet geo init` makes the trigger",
			 "%s has no trigger that tells of changes", p->table);
	return r;
}

static int postgres_watch(const struct geo_spec *spec, struct geo_watch **ret_watch, struct diags *diags) {
	_cleanup_(postgres_close) struct postgres p;
	struct geo_watch *w;
	int r = postgres_open(&p, spec, diags);

	if (r == 0)
		r = postgres_look(&p, false);
	if (r == 0)
		r = postgres_run(&p, "listen for changes", NULL, "LISTEN " POSTGRES_CHANNEL, NULL);
	if (r == 0)
		r = look_for_trigger(&p);
	if (r < 0)
		return r;
	w = calloc(1, sizeof(*w));
	if (!w || asprintf(&w->payload, "%s.%s", p.schema, p.name) < 0) {
		free(w);
		return -ENOMEM;
	}
	w->conn = TAKE_PTR(p.conn);
	*ret_watch = w;
	return 0;
}

static int postgres_watch_fd(const struct geo_watch *w) {
	return pq.socket(w->conn);
}

static int postgres_watch_changed(struct geo_watch *w) {
	PGnotify *n;
	int changed = 0;

	if (!pq.consume_input(w->conn) || pq.status(w->conn) != CONNECTION_OK)
		return -ECONNRESET;
	while ((n = pq.notifies(w->conn))) {
		changed |= strcmp(n->extra, w->payload) == 0 || !*n->extra;
		pq.freemem(n);
	}
	return changed;
}

const struct geo_source geo_source_postgres = {
	.name = "postgres",
	.summary = "a table in PostgreSQL",
	.has_tables = true,
	.may_be_empty = true,
	.read = postgres_read,
	.init = postgres_init,
	.list = postgres_list,
	.add = postgres_add,
	.remove = postgres_remove,
	.watch = postgres_watch,
	.watch_fd = postgres_watch_fd,
	.watch_changed = postgres_watch_changed,
	.watch_close = postgres_watch_close,
};
