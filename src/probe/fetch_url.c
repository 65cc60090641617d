/* SPDX-License-Identifier: Apache-2.0 */
/*
 * International names (RFC 5890) are turned to what DNS has by libidn2, which libcurl brings with it. libcurl would do
 * the same by the character set of the locale, so that a name would be another one, or none, in a cron job.
 */
#include "probe/fetch_url.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/library.h"
#include "base/str.h"
#include "net/libcurl.h"

enum { IDN2_NONTRANSITIONAL = 8 };

static struct {
	int (*to_ascii)(const char *utf8, char **ret_ascii, int flags);
	const char *(*strerror)(int code);
	void (*free)(void *ascii);
} idn2;
static const struct library_symbol symbols[] = {
	LIBRARY_SYMBOL(&idn2.to_ascii, "idn2_to_ascii_8z"),
	LIBRARY_SYMBOL(&idn2.strerror, "idn2_strerror"),
	LIBRARY_SYMBOL(&idn2.free, "idn2_free"),
	{ 0 },
};
static const struct library libidn2 = { "libidn2.so.0", "libidn2-0", symbols };

/* A part of the URL into the arena; NULL when it has none. */
static char *part(CURLU *u, CURLUPart what, struct arena *a) {
	char *text = NULL, *kept = NULL;

	if (curl.url_get(u, what, &text, 0) == CURLUE_OK)
		kept = arena_dup(a, text, strlen(text));
	curl.free(text);
	return kept;
}

static bool is_ascii(const char *s) {
	for (; *s; s++)
		if ((unsigned char)*s >= 0x80)
			return false;
	return true;
}

/* The sentence, or NULL. */
static const char *set_ascii_host(CURLU *u, const char *host, struct arena *a) {
	const char *why = NULL;
	char *ascii = NULL;
	int code;

	if (library_load(&libidn2, &why) < 0)
		return why;
	code = idn2.to_ascii(host, &ascii, IDN2_NONTRANSITIONAL);
	if (code != 0)
		return arena_printf(a, "the name is not an international one: %s", idn2.strerror(code));
	if (curl.url_set(u, CURLUPART_HOST, ascii, 0) != CURLUE_OK)
		why = "the name is no host's";
	idn2.free(ascii);
	return why;
}

static uint16_t port_of(CURLU *u) {
	char *text = NULL;
	uint16_t port = 0;

	if (curl.url_get(u, CURLUPART_PORT, &text, CURLU_DEFAULT_PORT) == CURLUE_OK)
		port = (uint16_t)strtoul(text, NULL, 10);
	curl.free(text);
	return port;
}

static const char *parse(CURLU *u, const char *text, struct arena *a, struct fetch_url *ret_url) {
	CURLUcode code = curl.url_set(u, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME);
	struct fetch_url url = { 0 };
	const char *scheme, *why = NULL;
	char *host;

	if (code != CURLUE_OK)
		return curl.url_strerror(code);
	scheme = part(u, CURLUPART_SCHEME, a);
	if (!scheme || (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0))
		return "only http:// and https:// are fetched";
	url.tls = strcmp(scheme, "https") == 0;
	host = part(u, CURLUPART_HOST, a);
	if (!host || !*host)
		return "it has no host";
	if (!is_ascii(host))
		why = set_ascii_host(u, host, a);
	if (why)
		return why;
	host = part(u, CURLUPART_HOST, a);
	for (char *c = host; c && *c; c++)
		*c = (char)tolower((unsigned char)*c);
	url.host = host;
	url.port = port_of(u);
	url.url = part(u, CURLUPART_URL, a);
	(void)curl.url_set(u, CURLUPART_USER, NULL, 0);
	(void)curl.url_set(u, CURLUPART_PASSWORD, NULL, 0);
	url.shown = part(u, CURLUPART_URL, a);
	if (!url.host || !url.url || !url.shown)
		return "it cannot be written as a URL again";
	*ret_url = url;
	return NULL;
}

int fetch_url_parse(const char *text, struct arena *a, struct fetch_url *ret_url, const char **ret_why) {
	CURLU *u = curl.url();
	const char *why = u ? parse(u, text, a, ret_url) : "out of memory";

	curl.url_cleanup(u);
	if (!why)
		return 0;
	*ret_why = why;
	return -EINVAL;
}
