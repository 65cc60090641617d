/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes twice: as a line, and as the name of a user in a line whose address is known. There no name whatever leads
 * to another address.
 */
#include "fuzz.h"

#include <string.h>

#include "logs/format.h"

static struct log_parser *parser;

static void check_line(const char *s, size_t size) {
	struct log_record r = { .status = 4711 };
	size_t at = 0;
	enum log_reason reason = log_parse(parser, s, size, &r, &at);

	CLAIM(at <= size && reason < _LOG_REASON_MAX);
	CLAIM(reason == LOG_OK ? r.status == 200 || r.status == 400 || r.status == 401 : r.status == 4711);
}

static void check_name(const char *name, size_t len) {
	static const char *const around[][2] = {
		{ "Failed password for invalid user ", " from 192.0.2.1 port 5 ssh2" },
		{ "Failed publickey for invalid user ", " from 192.0.2.1 port 5 ssh2: RSA SHA256:abc" },
		{ "Invalid user ", " from 192.0.2.1 port 5" },
		{ "Invalid user ", " from 192.0.2.1" },
		{ "Connection closed by invalid user ", " 192.0.2.1 port 5 [preauth]" },
		{ "Disconnected from invalid user ", " 192.0.2.1 port 5 [preauth]" },
		{ "Disconnecting invalid user ", " 192.0.2.1 port 5: Too many authentication failures [preauth]" },
		{ "error: maximum authentication attempts exceeded for invalid user ",
		  " from 192.0.2.1 port 5 ssh2 [preauth]" },
		{ "Received disconnect from 192.0.2.1 port 5:11: ", " [preauth]" },
		{ "Unable to negotiate with 192.0.2.1 port 5: no matching cipher found. Their offer: ", " [preauth]" },
		{ "Bad protocol version identification '", "' from 192.0.2.1 port 5" },
		{ "Failed publickey for root from 192.0.2.1 port 5 ssh2: RSA-CERT SHA256:abc ID ",
		  " (serial 0) CA RSA SHA256:def" },
	};

	for (size_t i = 0; i < sizeof(around) / sizeof(around[0]); i++) {
		char *line = malloc(len + 200);
		int head = sprintf(line, "Nov 23 06:14:11 web1 sshd[1]: %s", around[i][0]);
		size_t tail = strlen(around[i][1]), at;
		struct log_record r;

		memcpy(line + head, name, len);
		memcpy(line + head + len, around[i][1], tail);
		CLAIM(log_parse(parser, line, (size_t)head + len + tail, &r, &at) == LOG_OK);
		CLAIM(r.addr.hi == 0 && r.addr.lo == (IP4_MAPPED_LO | 0xc0000201));
		free(line);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	static struct log_options options = { NULL, INT64_C(1795414451000) };
	char *why = NULL;

	if (!parser)
		CLAIM(log_parser_new(STR("sshd"), &options, &parser, &why) == 0);
	check_line((const char *)data, size);
	/* No line has a line's end in it. */
	if (!memchr(data, '\n', size))
		check_name((const char *)data, size);
	return 0;
}
