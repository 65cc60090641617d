/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the server says comes as an SQLSTATE (PostgreSQL's manual, appendix A), whatever language its messages are in.
 * While a connection is being made libpq has it only inside its text, as "FATAL:  57P03: …" when told to be verbose.
 */
#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "geo/postgres.h"

static const struct state {
	const char *code;
	int error;
	const char *what; /* NULL: what the server says is best */
	const char *hint;
} states[] = {
	{ "28P01", -EACCES, NULL, "is the password in ~/.pgpass, with mode 0600, or in the service file?" },
	{ "28000", -EACCES, NULL, "does pg_hba.conf let this user in?" },
	{ "3D000", -ENOENT, NULL, "createdb makes a database" },
	{ "3F000", -ENOENT, NULL, "CREATE SCHEMA makes it" },
	{ "42P01", -ENOENT, NULL, "`hextet geo init` makes the table" },
	{ "42501", -EACCES, NULL, NULL },
	{ "42703", -EINVAL, NULL, "`hextet geo init` shows what a table looks like by making one" },
	{ "57P03", -ECONNREFUSED, "the server is starting up or shutting down", "try again in a moment" },
	{ "57P01", -ECONNRESET, "the server was shut down meanwhile", "nothing of what it sent is used; try again" },
	{ "57P02", -ECONNRESET, "the server crashed meanwhile", "nothing of what it sent is used; try again" },
	{ "57P04", -ENOENT, "the database was dropped meanwhile", NULL },
	{ "57P05", -ECONNRESET, "the server closed the connection: it was idle for too long", NULL },
	{ "57014", -ETIMEDOUT, "the server gave up: it took too long",
	  "a larger statement_timeout, or a smaller table" },
	{ "55P03", -EBUSY, "another session holds the table locked", "try again when that session is done" },
	{ "53300", -EAGAIN, "the server has too many connections", "try again, or raise its max_connections" },
	{ "53100", -ENOSPC, "the server's disk is full", NULL },
	{ "25006", -EROFS, "the server only reads: is it a standby?", "name the primary server" },
	{ "40001", -EAGAIN, "another session changed the same rows", "try again" },
	{ "40P01", -EAGAIN, "another session changed the same rows", "try again" },
	{ "23505", -EEXIST, "another session added the same network meanwhile", NULL },
};

static const struct state *find_state(struct str code) {
	for (size_t i = 0; i < ARRAY_LEN(states); i++)
		if (str_is(code, states[i].code))
			return &states[i];
	return NULL;
}

/* Finds "  57P03: " in a text; s is NULL when there is no such thing. */
static struct str state_in(const char *text) {
	static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

	for (const char *s = strstr(text, "  "); s; s = strstr(s + 1, "  "))
		if (strspn(s + 2, alphabet) == 5 && s[7] == ':')
			return (struct str){ s + 2, 5 };
	return (struct str){ NULL, 0 };
}

/* The first line of what libpq says, without the code. */
static const char *first_line(struct arena *a, const char *text) {
	struct str code = state_in(text);
	size_t len = strcspn(text, "\n");

	if (!code.s || code.s > text + len)
		return arena_dup(a, text, len);
	return arena_printf(a, "%.*s%.*s", (int)(code.s - text - 1), text, (int)(text + len - code.s - 6), code.s + 6);
}

static int say(struct postgres *p, const struct state *state, int error, const char *doing, const char *text) {
	const char *hint = state ? state->hint : NULL;

	if (!state && error == -ECONNREFUSED)
		hint = pq.connection_needs_password(p->conn) ? states[0].hint
							     : "is the server running, where host= and port= say?";
	if (state && strcmp(state->code, "42501") == 0)
		hint = arena_printf(p->diags->arena, "GRANT what is needed on %s to %s", p->table, pq.user(p->conn));
	diag_error(p->diags, "geo-source", p->loc, hint, "cannot %s: %s", doing,
		   state && state->what ? state->what : text);
	return state ? state->error : error;
}

static int connection_failed(struct postgres *p, int r, const char *doing) {
	const char *text = pq.error_message(p->conn);
	bool is_new = pq.status(p->conn) != CONNECTION_OK && r == 0;

	if (r == -ETIMEDOUT) {
		diag_error(p->diags, "geo-source", p->loc,
			   "is it overloaded? connect_timeout=SECONDS changes how long to wait",
			   "cannot %s: the server said nothing for %d s", doing, p->patience_ms / 1000);
		return r;
	}
	if (!is_new && !state_in(text).s) {
		diag_error(p->diags, "geo-source", p->loc, "nothing of what it sent is used; try again",
			   "cannot %s: the connection to the server was lost", doing);
		return -ECONNRESET;
	}
	return say(p, find_state(state_in(text)), is_new ? -ECONNREFUSED : -ECONNRESET, doing,
		   first_line(p->diags->arena, text));
}

int postgres_failed(struct postgres *p, const PGresult *result, int r, const char *doing) {
	const char *code = result ? pq.result_error_field(result, PG_DIAG_SQLSTATE) : NULL;
	const char *text = result ? pq.result_error_field(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;

	if (!code || !text)
		return connection_failed(p, r, doing);
	return say(p, find_state(str_of(code)), -EIO, doing, text);
}
