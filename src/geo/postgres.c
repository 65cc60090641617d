/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything is asked without blocking, so that waiting has an end: libpq's own connect_timeout does not count for its
 * asynchronous calls, and nothing of libpq's limits the time between two answers.
 */
#include "geo/postgres.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "geo/row_text.h"

enum { PATIENCE_S = 10, PARAMS_MAX = 8 };

static int wrong_text(struct postgres *p, const char *message, const char *hint) {
	diag_error(p->diags, "geo-source", p->loc, hint, "%s", message);
	return -EINVAL;
}

/* What libpq says of a malformed connection text quotes pieces of it, and so maybe of a password. */
static int check_text(struct postgres *p) {
	static const char malformed[] = "the connection text is malformed";
	const char *place = p->spec->place;
	char *why = NULL;
	PQconninfoOption *options;
	bool good = true;

	if (!strchr(place, '=') && !strstr(place, "://"))
		return 0;
	options = pq.conninfo_parse(place, &why);
	if (!options) {
		const char *said = why && !strstr(p->spec->text, "***") ? why : malformed;

		said = arena_dup(p->diags->arena, said, strcspn(said, "\n"));
		pq.freemem(why);
		return wrong_text(p, said,
				  "as in postgres:host=db.example.net dbname=oauth, or postgres:service=oauth");
	}
	/* A URI whose password has a '/' or '@' is cut at the wrong places, and libpq would tell the pieces. */
	for (const PQconninfoOption *o = options; o->keyword; o++)
		if (o->val && (strcmp(o->keyword, "host") == 0 || strcmp(o->keyword, "dbname") == 0))
			good &= !strchr(o->val, '@');
		else if (o->val && strcmp(o->keyword, "port") == 0)
			good &= !o->val[strspn(o->val, "0123456789,")];
	pq.conninfo_free(options);
	return good ? 0
		    : wrong_text(p, malformed,
				 "in the password of a URI '@' is written as %40, '/' as %2F, ':' as %3A");
}

/* The option as it counts, from wherever it comes. */
static int patience_of(PGconn *conn) {
	PQconninfoOption *options = pq.conninfo(conn);
	long seconds = 0;

	for (const PQconninfoOption *o = options; o && o->keyword; o++)
		if (strcmp(o->keyword, "connect_timeout") == 0 && o->val)
			seconds = strtol(o->val, NULL, 10);
	pq.conninfo_free(options);
	return 1000 * (int)(seconds <= 0 ? PATIENCE_S : MIN(MAX(seconds, 2), 3600));
}

static int64_t now_ms(void) {
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* 1 ready, 0 the time is over. */
static int wait_for(PGconn *conn, short events, int64_t until) {
	struct pollfd fd = { .fd = pq.socket(conn), .events = events };
	int64_t left;

	while ((left = until - now_ms()) > 0)
		if (poll(&fd, 1, (int)left) > 0)
			return 1;
	return 0;
}

static int finish_connecting(struct postgres *p) {
	static const char doing[] = "connect";
	PostgresPollingStatusType next = PGRES_POLLING_WRITING;
	int64_t until = now_ms() + p->patience_ms;

	if (pq.status(p->conn) == CONNECTION_BAD)
		return postgres_failed(p, NULL, 0, doing);
	while (next != PGRES_POLLING_OK) {
		if (!wait_for(p->conn, next == PGRES_POLLING_READING ? POLLIN : POLLOUT, until))
			return postgres_failed(p, NULL, -ETIMEDOUT, doing);
		next = pq.connect_poll(p->conn);
		if (next == PGRES_POLLING_FAILED)
			return postgres_failed(p, NULL, 0, doing);
	}
	return 0;
}

static void ignore_notice(void *user, const char *message) {
	(void)user, (void)message;
}

/* The parts of "schema.table", each quoted. As in SQL, what is in quotes already may have dots and keeps its case. */
static const char *quote_table(struct postgres *p) {
	struct arena *a = p->diags->arena;
	const char *quoted = "", *s = p->spec->table;

	while (*s) {
		char *part = arena_dup(a, s, strlen(s)), *to = part, *safe;
		bool inside = false;

		for (; *s && (inside || *s != '.'); s++) {
			if (*s != '"')
				*to++ = inside || *s < 'A' || *s > 'Z' ? *s : (char)(*s | 0x20);
			else if (inside && s[1] == '"')
				*to++ = *s++;
			else
				inside = !inside;
		}
		safe = pq.escape_identifier(p->conn, part, (size_t)(to - part));
		if (!safe)
			return NULL;
		quoted = arena_printf(a, "%s%s%s", quoted, *quoted ? "." : "", safe);
		pq.freemem(safe);
		s += *s == '.';
	}
	return quoted;
}

int postgres_open(struct postgres *p, const struct geo_spec *spec, struct diags *diags) {
	/* What comes later wins: the spec over what stands before it. */
	const char *const keys[] = { "keepalives_idle",
				     "keepalives_interval",
				     "keepalives_count",
				     "dbname",
				     "fallback_application_name",
				     "client_encoding",
				     NULL };
	const char *const values[] = { "30", "10", "3", *spec->place ? spec->place : NULL, "hextet", "UTF8", NULL };
	const char *why = NULL;
	int r;

	*p = (struct postgres){ .spec = spec, .diags = diags, .loc = geo_spec_loc(spec, diags) };
	r = pq_load(&why);
	if (r < 0) {
		diag_error(diags, "geo-source", p->loc, NULL, "%s", why);
		return r;
	}
	r = check_text(p);
	if (r < 0)
		return r;
	p->conn = pq.connect_start_params(keys, values, 1);
	if (!p->conn)
		return -ENOMEM;
	(void)pq.set_error_verbosity(p->conn, PQERRORS_VERBOSE);
	(void)pq.set_notice_processor(p->conn, ignore_notice, NULL);
	p->patience_ms = patience_of(p->conn);
	r = finish_connecting(p);
	if (r < 0)
		return r;
	p->table = quote_table(p);
	if (!p->table)
		return wrong_text(p, "the table's name is not UTF-8", NULL);
	/* A limit that somebody set for this user or database counts. A lock is given up before our patience ends, for
	 * the server knows why it says nothing. */
	return postgres_run(
		p, "connect", NULL,
		"SELECT set_config('datestyle', 'ISO, YMD', false), set_config('timezone', 'UTC', false),"
		" CASE current_setting('lock_timeout') WHEN '0' THEN set_config('lock_timeout', $1, false) END,"
		" CASE current_setting('statement_timeout') WHEN '0' THEN"
		" set_config('statement_timeout', '300s', false) END",
		arena_printf(diags->arena, "%d", p->patience_ms / 4 * 3), NULL);
}

void postgres_close(struct postgres *p) {
	if (p->conn)
		pq.finish(p->conn);
	p->conn = NULL;
}

int postgres_wait(struct postgres *p) {
	if (!wait_for(p->conn, POLLIN, now_ms() + p->patience_ms))
		return -ETIMEDOUT;
	return pq.consume_input(p->conn) ? 0 : -ECONNRESET;
}

/* The next result, or NULL with *ret_r when there is none. */
static PGresult *next_result(struct postgres *p, int *ret_r) {
	*ret_r = 0;
	while (pq.is_busy(p->conn)) {
		*ret_r = postgres_wait(p);
		if (*ret_r < 0)
			return NULL;
	}
	return pq.get_result(p->conn);
}

/* COPY leaves more to come, and its result is the last one that is taken here. */
static int take_results(struct postgres *p, const char *doing, PGresult **ret_result) {
	PGresult *result, *first = NULL;
	int r;

	while ((result = next_result(p, &r))) {
		ExecStatusType status = pq.result_status(result);

		if (first)
			pq.clear(first);
		first = result;
		if (status == PGRES_COPY_OUT)
			break;
		if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
			r = postgres_failed(p, result, -ECONNRESET, doing);
			pq.clear(result);
			return r;
		}
	}
	if (r < 0 || !first) {
		r = postgres_failed(p, NULL, r < 0 ? r : -ECONNRESET, doing);
		postgres_result_done(&first);
		return r;
	}
	if (ret_result)
		*ret_result = TAKE_PTR(first);
	postgres_result_done(&first);
	return 0;
}

int postgres_run(struct postgres *p, const char *doing, PGresult **ret_result, const char *sql, ...) {
	const char *values[PARAMS_MAX], *value;
	va_list ap;
	int n = 0;

	va_start(ap, sql);
	while (n < PARAMS_MAX && (value = va_arg(ap, const char *)))
		values[n++] = value == POSTGRES_NULL ? NULL : value;
	va_end(ap);
	if (!pq.send_query_params(p->conn, sql, n, NULL, values, NULL, NULL, 0))
		return postgres_failed(p, NULL, -ECONNRESET, doing);
	return take_results(p, doing, ret_result);
}

static int no_column(struct postgres *p, const char *name) {
	diag_error(p->diags, "geo-source", p->loc, "`hextet geo init` shows what a table looks like by making one",
		   "the table %s has no column %s", p->table, name);
	return -EINVAL;
}

int postgres_look(struct postgres *p, bool quiet) {
	_cleanup_(postgres_result_done) PGresult *rows = NULL;
	bool network = false, country = false;
	int r = postgres_run(p, "find the table", &rows,
			     "SELECT a.attname, a.atthasdef OR a.attidentity <> '', n.nspname, c.relname"
			     " FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid"
			     " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
			     " WHERE c.oid = pg_catalog.to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped",
			     p->table, NULL);

	if (r < 0)
		return r;
	for (int i = 0; i < pq.ntuples(rows); i++) {
		const char *name = pq.get_value(rows, i, 0);

		network |= strcmp(name, "network") == 0;
		country |= strcmp(name, "country") == 0;
		p->has_comment |= strcmp(name, "comment") == 0;
		p->has_created |= strcmp(name, "created_at") == 0;
		if (strcmp(name, "id") == 0) {
			p->has_id = true;
			p->makes_ids = *pq.get_value(rows, i, 1) == 't';
		}
		p->schema = arena_dup(p->diags->arena, pq.get_value(rows, i, 2), strlen(pq.get_value(rows, i, 2)));
		p->name = arena_dup(p->diags->arena, pq.get_value(rows, i, 3), strlen(pq.get_value(rows, i, 3)));
	}
	if (pq.ntuples(rows))
		return !network ? no_column(p, "network") : !country ? no_column(p, "country") : 0;
	if (!quiet)
		diag_error(p->diags, "geo-source", p->loc,
			   "`hextet geo init` makes it; another one is named as postgres:…#SCHEMA.TABLE",
			   "there is no table %s", p->table);
	return -ENOENT;
}
