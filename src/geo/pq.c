/* SPDX-License-Identifier: Apache-2.0 */
#include "base/library.h"
#include "geo/postgres.h"

struct pq pq;

static const struct library_symbol symbols[] = {
	LIBRARY_SYMBOL(&pq.clear, "PQclear"),
	LIBRARY_SYMBOL(&pq.cmd_tuples, "PQcmdTuples"),
	LIBRARY_SYMBOL(&pq.connect_poll, "PQconnectPoll"),
	LIBRARY_SYMBOL(&pq.connect_start_params, "PQconnectStartParams"),
	LIBRARY_SYMBOL(&pq.connection_needs_password, "PQconnectionNeedsPassword"),
	LIBRARY_SYMBOL(&pq.conninfo, "PQconninfo"),
	LIBRARY_SYMBOL(&pq.conninfo_free, "PQconninfoFree"),
	LIBRARY_SYMBOL(&pq.conninfo_parse, "PQconninfoParse"),
	LIBRARY_SYMBOL(&pq.consume_input, "PQconsumeInput"),
	LIBRARY_SYMBOL(&pq.error_message, "PQerrorMessage"),
	LIBRARY_SYMBOL(&pq.escape_identifier, "PQescapeIdentifier"),
	LIBRARY_SYMBOL(&pq.finish, "PQfinish"),
	LIBRARY_SYMBOL(&pq.freemem, "PQfreemem"),
	LIBRARY_SYMBOL(&pq.get_copy_data, "PQgetCopyData"),
	LIBRARY_SYMBOL(&pq.get_is_null, "PQgetisnull"),
	LIBRARY_SYMBOL(&pq.get_result, "PQgetResult"),
	LIBRARY_SYMBOL(&pq.get_value, "PQgetvalue"),
	LIBRARY_SYMBOL(&pq.is_busy, "PQisBusy"),
	LIBRARY_SYMBOL(&pq.notifies, "PQnotifies"),
	LIBRARY_SYMBOL(&pq.ntuples, "PQntuples"),
	LIBRARY_SYMBOL(&pq.result_error_field, "PQresultErrorField"),
	LIBRARY_SYMBOL(&pq.result_status, "PQresultStatus"),
	LIBRARY_SYMBOL(&pq.send_query_params, "PQsendQueryParams"),
	LIBRARY_SYMBOL(&pq.set_error_verbosity, "PQsetErrorVerbosity"),
	LIBRARY_SYMBOL(&pq.set_notice_processor, "PQsetNoticeProcessor"),
	LIBRARY_SYMBOL(&pq.socket, "PQsocket"),
	LIBRARY_SYMBOL(&pq.status, "PQstatus"),
	LIBRARY_SYMBOL(&pq.user, "PQuser"),
	{ 0 },
};

int pq_load(const char **ret_why) {
	static const struct library libpq = { "libpq.so.5", "libpq5", symbols };

	return library_load(&libpq, ret_why);
}
