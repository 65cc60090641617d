/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcurl's easy interface: one transfer, one handle, the caller waits. Headers of each answer on the way (redirects)
 * start the result anew, so that the last one counts. The body is written only once its status is known to be 200: an
 * error page never gets near the file.
 */
#include "net/http_client.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/file.h"
#include "net/http_entity.h"
#include "net/libcurl.h"

enum { REDIRECTS_MAX = 5, SLOW_BYTES_PER_S = 16, SLOW_S = 30 };

struct transfer {
	CURL *easy;
	int fd;
	uint64_t size_max;
	struct http_fetched got;
	int error; /* of writing, or -EFBIG */
};

static size_t on_body(char *bytes, size_t size, size_t n, void *user) {
	struct transfer *t = user;
	size_t len = size * n;

	if (t->got.status != 200)
		return len;
	t->got.len += len;
	if (t->got.len > t->size_max)
		t->error = -EFBIG;
	else
		t->error = file_write_fd(t->fd, bytes, len);
	return t->error < 0 ? 0 : len;
}

/* The value of a header line with this name, without blanks around it. */
static bool header_is(struct str line, const char *name, struct str *ret_value) {
	size_t len = strlen(name);

	if (line.len <= len || strncasecmp(line.s, name, len) != 0 || line.s[len] != ':')
		return false;
	*ret_value = str_trim((struct str){ line.s + len + 1, line.len - len - 1 });
	return true;
}

static unsigned small_number(struct str text) {
	unsigned n = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.s[i] < '0' || text.s[i] > '9' || n > 100000)
			return 0;
		n = n * 10 + (unsigned)(text.s[i] - '0');
	}
	return n;
}

static size_t on_header(char *bytes, size_t size, size_t n, void *user) {
	struct transfer *t = user;
	struct str line = str_trim((struct str){ bytes, size * n }), value;
	char date[HTTP_DATE_MAX + 16];

	if (line.len > 5 && strncmp(line.s, "HTTP/", 5) == 0) {
		long status = 0;

		(void)curl.easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
		t->got = (struct http_fetched){ .status = (unsigned)status };
	} else if (header_is(line, "etag", &value)) {
		if (value.len < sizeof(t->got.etag))
			(void)snprintf(t->got.etag, sizeof(t->got.etag), "%.*s", (int)value.len, value.s);
	} else if (header_is(line, "last-modified", &value)) {
		(void)snprintf(date, sizeof(date), "%.*s", (int)MIN(value.len, sizeof(date)), value.s);
		(void)http_date_parse(date, time(NULL), &t->got.modified);
	} else if (header_is(line, "retry-after", &value))
		t->got.retry_after = small_number(value);
	else if (header_is(line, "content-encoding", &value))
		t->got.coded = value.len > 0 && strncasecmp(value.s, "identity", value.len) != 0;
	return size * n;
}

/* A password may have any byte, unescaped by who knows no better: what stands before the last '@' is taken for it when
 * there is a ':' before the path. */
void http_url_show(const char *url, char ret_shown[static HTTP_URL_SHOWN_MAX]) {
	const char *start = strstr(url, "://"), *path, *at, *rest;
	size_t len;

	start = start ? start + 3 : url;
	path = start + strcspn(start, "/?#");
	at = memrchr(start, '@', (size_t)(path - start));
	if (!at && memchr(start, ':', (size_t)(path - start)))
		at = strrchr(start, '@');
	rest = at ? at : start;
	len = strcspn(rest, "?#");
	(void)snprintf(ret_shown, HTTP_URL_SHOWN_MAX, "%.*s%s%.*s%s", (int)(start - url), url, at ? "***" : "",
		       (int)len, rest, rest[len] == '?' ? "?***" : "");
}

static const struct {
	CURLcode code;
	int error;
} errors[] = {
	{ CURLE_URL_MALFORMAT, -EINVAL },         { CURLE_COULDNT_RESOLVE_HOST, -EHOSTUNREACH },
	{ CURLE_COULDNT_CONNECT, -ECONNREFUSED }, { CURLE_OPERATION_TIMEDOUT, -ETIMEDOUT },
	{ CURLE_FILESIZE_EXCEEDED, -EFBIG },      { CURLE_PEER_FAILED_VERIFICATION, -EACCES },
	{ CURLE_SSL_CACERT_BADFILE, -EACCES },    { CURLE_TOO_MANY_REDIRECTS, -ELOOP },
};

static int fail(const struct http_fetch *f, const struct transfer *t, CURLcode code, const char *detail,
		char **ret_why) {
	const char *text = *detail ? detail : curl.easy_strerror(code);
	char shown[HTTP_URL_SHOWN_MAX];
	int r = -EPROTO;
	long answered = 0;

	http_url_show(f->url, shown);
	(void)curl.easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &answered);
	for (size_t i = 0; i < ARRAY_LEN(errors); i++)
		if (errors[i].code == code)
			r = errors[i].error;
	/* Then it is the URL that a server redirected to. */
	if (r == -EINVAL && answered)
		r = -EPROTO;
	if (t->error < 0)
		r = t->error;
	if (t->error < 0 && t->error != -EFBIG)
		text = strerror(-t->error);
	if (r == -EFBIG) {
		if (asprintf(ret_why, "%s: larger than the limit of %ju bytes", shown, (uintmax_t)t->size_max) < 0)
			*ret_why = NULL;
	} else if (asprintf(ret_why, "%s: %s", shown, text) < 0)
		*ret_why = NULL;
	return r;
}

static struct curl_slist *header_list(const struct http_fetch *f) {
	struct curl_slist *list = NULL;
	_cleanup_(freep) char *etag = NULL;
	char since[64], date[HTTP_DATE_MAX];

	if (f->if_none_match && asprintf(&etag, "If-None-Match: %s", f->if_none_match) > 0)
		list = curl.slist_append(list, etag);
	if (f->if_modified_since) {
		http_date_format(f->if_modified_since, date);
		(void)snprintf(since, sizeof(since), "If-Modified-Since: %s", date);
		list = curl.slist_append(list, since);
	}
	return list;
}

static void set_limits(CURL *c, const struct http_fetch *f, uint64_t size_max) {
	bool tls = strncasecmp(f->url, "https:", 6) == 0;
	long family = f->family == 4 ? CURL_IPRESOLVE_V4 : f->family == 6 ? CURL_IPRESOLVE_V6 : CURL_IPRESOLVE_WHATEVER;

	(void)curl.easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl.easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, tls ? "https" : "http,https");
	(void)curl.easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_OPTIONAL);
	(void)curl.easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
	(void)curl.easy_setopt(c, CURLOPT_MAXREDIRS, (long)REDIRECTS_MAX);
	(void)curl.easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	(void)curl.easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS,
			       (long)(f->connect_timeout_ms ? f->connect_timeout_ms : 10000));
	(void)curl.easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)(f->timeout_ms ? f->timeout_ms : 120000));
	(void)curl.easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, (long)SLOW_BYTES_PER_S);
	(void)curl.easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (long)SLOW_S);
	(void)curl.easy_setopt(c, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)MIN(size_max, (uint64_t)INT64_MAX));
	(void)curl.easy_setopt(c, CURLOPT_IPRESOLVE, family);
}

int http_fetch(const struct http_fetch *f, int fd, struct http_fetched *ret_fetched, char **ret_why) {
	struct transfer t = { .fd = fd, .size_max = f->size_max ? f->size_max : UINT64_C(4) << 30 };
	char detail[CURL_ERROR_SIZE] = "";
	struct curl_slist *headers;
	const char *missing = NULL;
	CURLcode code;
	int r = libcurl_load(&missing);

	if (r < 0) {
		*ret_why = strdup(missing);
		return r;
	}
	t.easy = curl.easy_init();
	if (!t.easy)
		return -ENOMEM;
	headers = header_list(f);
	set_limits(t.easy, f, t.size_max);
	(void)curl.easy_setopt(t.easy, CURLOPT_URL, f->url);
	(void)curl.easy_setopt(t.easy, CURLOPT_USERAGENT, "hextet/" HEXTET_VERSION);
	(void)curl.easy_setopt(t.easy, CURLOPT_ACCEPT_ENCODING, "gzip");
	(void)curl.easy_setopt(t.easy, CURLOPT_HTTPHEADER, headers);
	(void)curl.easy_setopt(t.easy, CURLOPT_ERRORBUFFER, detail);
	(void)curl.easy_setopt(t.easy, CURLOPT_WRITEFUNCTION, on_body);
	(void)curl.easy_setopt(t.easy, CURLOPT_WRITEDATA, &t);
	(void)curl.easy_setopt(t.easy, CURLOPT_HEADERFUNCTION, on_header);
	(void)curl.easy_setopt(t.easy, CURLOPT_HEADERDATA, &t);
	if (f->ca_file)
		(void)curl.easy_setopt(t.easy, CURLOPT_CAINFO, f->ca_file);
	code = curl.easy_perform(t.easy);
	r = code == CURLE_OK ? 0 : fail(f, &t, code, detail, ret_why);
	curl.slist_free_all(headers);
	curl.easy_cleanup(t.easy);
	if (r == 0)
		*ret_fetched = t.got;
	return r;
}
