/* SPDX-License-Identifier: Apache-2.0 */
#include "logs/record.h"

static const char *const names[_LOG_REASON_MAX] = {
	[LOG_OK] = "ok",
	[LOG_EMPTY] = "empty",
	[LOG_LINE_TOO_LONG] = "line-too-long",
	[LOG_NO_QUOTE] = "no-quote",
	[LOG_NO_LITERAL] = "no-literal",
	[LOG_NO_ADDRESS] = "no-address",
	[LOG_BAD_ADDRESS] = "bad-address",
	[LOG_BAD_FORWARDED] = "bad-forwarded",
	[LOG_NO_TIME] = "no-time",
	[LOG_BAD_TIME] = "bad-time",
	[LOG_BAD_STATUS] = "bad-status",
	[LOG_BAD_ID] = "bad-id",
	[LOG_BAD_JSON] = "bad-json",
	[LOG_OTHER] = "other",
};

static const char *const texts[_LOG_REASON_MAX] = {
	[LOG_OK] = "the line is well-formed",
	[LOG_EMPTY] = "the line is empty",
	[LOG_LINE_TOO_LONG] = "the line is longer than 1 MiB",
	[LOG_NO_QUOTE] = "there is no quote where the format has one",
	[LOG_NO_LITERAL] = "a text of the format is not in the line",
	[LOG_NO_ADDRESS] = "there is no address where the format has one",
	[LOG_BAD_ADDRESS] = "what stands for the address is none",
	[LOG_BAD_FORWARDED] =
		"the client that a trusted proxy named is no address, or cannot be told from what the client wrote",
	[LOG_NO_TIME] = "there is no time where the format has one",
	[LOG_BAD_TIME] = "what stands for the time is none",
	[LOG_BAD_STATUS] = "what stands for the status is no number of three digits",
	[LOG_BAD_ID] = "the unique id is not one of HAProxy's",
	[LOG_BAD_JSON] = "the line is not a JSON object",
	[LOG_OTHER] = "the line is of another kind than the format takes",
};

const char *log_reason_name(enum log_reason r) {
	return (unsigned)r < _LOG_REASON_MAX && names[r] ? names[r] : "unknown";
}

const char *log_reason_text(enum log_reason r) {
	return (unsigned)r < _LOG_REASON_MAX && texts[r] ? texts[r] : "unknown reason";
}
