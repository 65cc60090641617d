/* SPDX-License-Identifier: Apache-2.0 */
/* Fields lie in the text, in front of the message; a frame lies in the stream, and says the same when more follows. */
#include "fuzz.h"

#include <errno.h>
#include <string.h>

#include "logs/syslog.h"

static void check_field(struct str field, const char *s, size_t body) {
	CLAIM(!field.s || (field.len && field.s >= s && field.s + field.len <= s + body));
}

static void check_header(const char *s, size_t size) {
	struct syslog_header h;
	bool found = syslog_header_parse(s, size, &h);

	CLAIM(h.body <= size && h.pri >= -1 && h.pri <= 191);
	CLAIM(found || (!h.body && !h.time.s && !h.host.s && !h.app.s && !h.pid.s && h.pri < 0));
	CLAIM(!found || h.pri >= 0 || (h.time.s && h.app.s));
	CLAIM(!found || s[0] == '<' || (s[0] >= 'A' && s[0] <= 'Z') || (s[4] == '-' && s[10] == 'T'));
	check_field(h.time, s, h.body);
	check_field(h.host, s, h.body);
	check_field(h.app, s, h.body);
	check_field(h.pid, s, h.body);
}

static void check_frames(const char *s, size_t size) {
	struct str message;

	for (size_t at = 0; at < size;) {
		ssize_t n = syslog_frame(s + at, size - at, &message), less;

		CLAIM(n >= 0 || n == -EBADMSG);
		if (n <= 0)
			return;
		CLAIM((size_t)n <= size - at && message.s >= s + at && message.s + message.len <= s + at + n);
		less = syslog_frame(s + at, (size_t)n, &message);
		CLAIM(less == n);
		CLAIM(syslog_frame(s + at, (size_t)n - 1, &message) <= 0);
		at += (size_t)n;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	check_header((const char *)data, size);
	check_frames((const char *)data, size);
	return 0;
}
