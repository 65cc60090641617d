/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcurl says what failed in one of a hundred codes; people need to know at which step, against which address, and
 * what it usually means in one family only. What libcurl's code leaves open (a timeout of what?) its times tell: a step
 * that was not reached has the time 0.
 */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "probe/fetch_transfer.h"

static const char *const problem_words[_FETCH_PROBLEM_MAX] = {
	[FETCH_OK] = "ok",
	[FETCH_BAD_URL] = "bad-url",
	[FETCH_UNRESOLVED] = "unresolved",
	[FETCH_NO_ROUTE] = "no-route",
	[FETCH_REFUSED] = "refused",
	[FETCH_CONNECT_TIME] = "connect-time",
	[FETCH_TLS] = "tls",
	[FETCH_UNTRUSTED] = "untrusted",
	[FETCH_STALLED] = "stalled",
	[FETCH_TIME] = "time",
	[FETCH_CUT] = "cut",
	[FETCH_TOO_LARGE] = "too-large",
	[FETCH_REDIRECT_LOOP] = "redirect-loop",
	[FETCH_PROTOCOL] = "protocol",
};

const char *fetch_problem_to_str(enum fetch_problem p) {
	return p < _FETCH_PROBLEM_MAX ? problem_words[p] : "?";
}

void transfer_fail(struct transfer *t, enum fetch_problem problem, const char *fmt, ...) {
	va_list ap;

	va_start(ap, fmt);
	t->got->why = str_of(arena_vprintf(&t->got->arena, fmt, ap));
	va_end(ap);
	t->got->problem = problem;
}

/* "[2001:db8::1]:443" */
static const char *place(const struct transfer *t) {
	struct endpoint e = { .ip = t->remote, .port = t->port };
	char text[ENDPOINT_TEXT_MAX];

	(void)endpoint_format(&e, text);
	return arena_printf(&t->got->arena, "%s", text);
}

static const struct {
	int error;
	enum fetch_problem problem;
	const char *hint;
} connect_errors[] = {
	{ ENETUNREACH, FETCH_NO_ROUTE, "" },
	{ EHOSTUNREACH, FETCH_NO_ROUTE, ": no way to that host, or a router said so" },
	{ EADDRNOTAVAIL, FETCH_NO_ROUTE, ": this machine has no address of that family" },
	{ EAFNOSUPPORT, FETCH_NO_ROUTE, ": this machine has that family switched off" },
	{ EPERM, FETCH_NO_ROUTE, ": a packet filter of this machine forbids it" },
	{ EACCES, FETCH_REFUSED, ": a packet filter on the way forbids it" },
	{ ECONNREFUSED, FETCH_REFUSED, "" },
	{ ECONNRESET, FETCH_REFUSED, "" },
	{ ETIMEDOUT, FETCH_CONNECT_TIME, "" },
};

static void judge_connect(struct transfer *t) {
	long error = 0;

	(void)curl.easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &error);
	if (!t->tried) {
		transfer_fail(t, FETCH_UNRESOLVED,
			      "%s has no IPv%u address: the URL, or DNS, says an IPv%u address instead", t->hop_host,
			      (unsigned)t->fetch.family, t->fetch.family == FAMILY_4 ? 6U : 4U);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(connect_errors); i++)
		if (connect_errors[i].error == error) {
			transfer_fail(t, connect_errors[i].problem, "%s: %s%s", place(t), strerror((int)error),
				      connect_errors[i].hint);
			return;
		}
	transfer_fail(t, FETCH_REFUSED, "%s: %s", place(t), error ? strerror((int)error) : t->error);
}

/* Which step took too long. */
static void judge_timeout(struct transfer *t) {
	const struct fetch_times *times = &t->got->times;
	unsigned ms = times->total_us / 1000;

	if (!times->dns_us)
		transfer_fail(t, FETCH_UNRESOLVED, "%s was not resolved in %u ms: a name server does not answer",
			      t->hop_host, ms);
	else if (!times->connect_us && !t->connected)
		transfer_fail(t, FETCH_CONNECT_TIME, "%s: nobody answered in %u ms", place(t), ms);
	else if (t->tls && !times->tls_us && t->step == STEP_REQUEST)
		transfer_fail(t, FETCH_STALLED,
			      "%s accepted the connection, then the TLS handshake stood still for %u ms", place(t), ms);
	else
		transfer_fail(t, FETCH_TIME, "%s: not done in %u ms, with %ju bytes of the body", place(t),
			      t->options->total_ms, (uintmax_t)t->got->body_len);
}

/* What a callback ended. */
static void judge_own(struct transfer *t) {
	if (t->why)
		transfer_fail(t, t->problem, "%s", t->why);
	else if (t->problem == FETCH_TOO_LARGE)
		transfer_fail(t, t->problem, "the body is longer than %ju bytes (--max-body)",
			      (uintmax_t)t->options->body_max);
	else if (!t->headers_end)
		transfer_fail(t, t->problem, "%s got the request, then sent less than it takes for an answer in %u ms",
			      place(t), t->options->stall_ms);
	else
		transfer_fail(t, t->problem, "%s: the body stands still after %ju bytes", place(t),
			      (uintmax_t)t->got->body_len);
}

static const struct {
	CURLcode code;
	enum fetch_problem problem;
	const char *text;
} codes[] = {
	{ CURLE_SSL_CONNECT_ERROR, FETCH_TLS, "the TLS handshake failed" },
	{ CURLE_SSL_CIPHER, FETCH_TLS, "the TLS handshake failed" },
	{ CURLE_PEER_FAILED_VERIFICATION, FETCH_UNTRUSTED, "the certificate is not good" },
	{ CURLE_SSL_CACERT_BADFILE, FETCH_UNTRUSTED, "the file of trusted certificates cannot be read" },
	{ CURLE_SSL_ISSUER_ERROR, FETCH_UNTRUSTED, "the certificate is not good" },
	{ CURLE_PARTIAL_FILE, FETCH_CUT, "the body ended early" },
	{ CURLE_GOT_NOTHING, FETCH_CUT, "the connection ended without an answer" },
	{ CURLE_RECV_ERROR, FETCH_CUT, "the connection broke" },
	{ CURLE_SEND_ERROR, FETCH_CUT, "the connection broke" },
	{ CURLE_HTTP2_STREAM, FETCH_CUT, "the HTTP/2 stream broke" },
	{ CURLE_HTTP2, FETCH_PROTOCOL, "not HTTP/2 as it should be" },
	{ CURLE_UNSUPPORTED_PROTOCOL, FETCH_PROTOCOL, "the answer is not HTTP" },
	{ CURLE_WEIRD_SERVER_REPLY, FETCH_PROTOCOL, "the answer is not HTTP" },
	{ CURLE_BAD_CONTENT_ENCODING, FETCH_PROTOCOL, "the body is not encoded as its header says" },
	{ CURLE_OUT_OF_MEMORY, FETCH_PROTOCOL, "a header is longer than 100 kB" },
	{ CURLE_URL_MALFORMAT, FETCH_BAD_URL, "the URL cannot be fetched" },
};

void transfer_judge(struct transfer *t, CURLcode code) {
	const char *detail = *t->error ? t->error : curl.easy_strerror(code);

	if (t->problem != FETCH_OK) {
		judge_own(t);
		return;
	}
	if (code == CURLE_OPERATION_TIMEDOUT) {
		judge_timeout(t);
		return;
	}
	if (code == CURLE_COULDNT_CONNECT) {
		judge_connect(t);
		return;
	}
	if (code == CURLE_COULDNT_RESOLVE_HOST) {
		transfer_fail(t, FETCH_UNRESOLVED, "%s has no %s, or its name servers do not answer", t->hop_host,
			      t->fetch.family == FAMILY_4 ? "IPv4 address (A)" : "IPv6 address (AAAA)");
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if (codes[i].code == code) {
			transfer_fail(t, codes[i].problem, "%s: %s: %s", place(t), codes[i].text, detail);
			return;
		}
	transfer_fail(t, FETCH_PROTOCOL, "%s: %s", place(t), detail);
}
