/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection to PostgreSQL and the table that a spec names; for source_postgres*.c. libpq is loaded by the first
 * open.
 *
 * No call waits for ever: a server that says nothing for the connection's connect_timeout (10 s, unless the spec, the
 * service or the environment says otherwise) has failed. Errors are said in the diagnostics, without passwords.
 */
#pragma once

#include <libpq-fe.h>

#include "geo/source.h"

/* What is called of libpq. */
struct pq {
	__typeof__(&PQclear) clear;
	__typeof__(&PQcmdTuples) cmd_tuples;
	__typeof__(&PQconnectPoll) connect_poll;
	__typeof__(&PQconnectStartParams) connect_start_params;
	__typeof__(&PQconnectionNeedsPassword) connection_needs_password;
	__typeof__(&PQconninfo) conninfo;
	__typeof__(&PQconninfoFree) conninfo_free;
	__typeof__(&PQconninfoParse) conninfo_parse;
	__typeof__(&PQconsumeInput) consume_input;
	__typeof__(&PQerrorMessage) error_message;
	__typeof__(&PQescapeIdentifier) escape_identifier;
	__typeof__(&PQfinish) finish;
	__typeof__(&PQfreemem) freemem;
	__typeof__(&PQgetCopyData) get_copy_data;
	__typeof__(&PQgetResult) get_result;
	__typeof__(&PQgetisnull) get_is_null;
	__typeof__(&PQgetvalue) get_value;
	__typeof__(&PQisBusy) is_busy;
	__typeof__(&PQnotifies) notifies;
	__typeof__(&PQntuples) ntuples;
	__typeof__(&PQresultErrorField) result_error_field;
	__typeof__(&PQresultStatus) result_status;
	__typeof__(&PQsendQueryParams) send_query_params;
	__typeof__(&PQsetErrorVerbosity) set_error_verbosity;
	__typeof__(&PQsetNoticeProcessor) set_notice_processor;
	__typeof__(&PQsocket) socket;
	__typeof__(&PQstatus) status;
	__typeof__(&PQuser) user;
};
extern struct pq pq;

/* 0, or a negative errno and why. */
int pq_load(const char **ret_why);

struct postgres {
	const struct geo_spec *spec;
	struct diags *diags;
	struct loc loc;
	PGconn *conn;
	const char *table; /* quoted, as SQL has it */
	int patience_ms;   /* how long the server may say nothing */
	/* Of the table, once it was looked at. */
	const char *schema, *name; /* not quoted */
	bool has_id, has_comment, has_created, makes_ids;
};

/* Connects. 0 or -errno after an error. Close it in any case. */
int postgres_open(struct postgres *p, const struct geo_spec *spec, struct diags *diags);
void postgres_close(struct postgres *p);

/* Finds out which columns there are; 0; -ENOENT, with an error unless `quiet`, when there is no table. */
int postgres_look(struct postgres *p, bool quiet);

/*
 * Runs one statement with parameters (ends with NULL; a parameter that is NULL itself is given as POSTGRES_NULL).
 * *ret_result may be NULL when the result is of no interest. 0 or -errno after an error "cannot DOING: …".
 */
#define POSTGRES_NULL ((const char *)1)
int postgres_run(struct postgres *p, const char *doing, PGresult **ret_result, const char *sql, ...)
	__attribute__((sentinel));

/* Waits until the socket can be read and takes what there is. 0, -ETIMEDOUT, or -ECONNRESET; says nothing. */
int postgres_wait(struct postgres *p);

/* Says what went wrong: with a result what the server said, else what became of the connection (`r` of
 * postgres_wait()). Returns -errno. */
int postgres_failed(struct postgres *p, const PGresult *result, int r, const char *doing);

static inline void postgres_result_done(PGresult **result) {
	if (*result)
		pq.clear(*result);
}

int postgres_init(const struct geo_spec *spec, struct diags *diags);
int postgres_add(const struct geo_spec *spec, struct diags *diags, const struct geo_exception *e, bool replace,
		 uint64_t *ret_id);
int postgres_remove(const struct geo_spec *spec, struct diags *diags, uint64_t id, const char *network);

#define POSTGRES_CHANNEL "hextet_geo"
