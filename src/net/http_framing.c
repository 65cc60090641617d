/* SPDX-License-Identifier: Apache-2.0 */
/* libmicrohttpd 0.9.75 takes the first of two lengths, a blank for a part of the name, and reads on after all of it. */
#include "net/http_framing.h"

#include <string.h>
#include <strings.h>

#include "base/macro.h"
#include "net/http_mhd.h"

struct framing {
	unsigned lengths, codings;
	bool is_chunked, is_malformed;
};

static bool is_token(const char *name) {
	static const char token[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

	return *name && !name[strspn(name, token)];
}

static enum MHD_Result on_header(void *user, enum MHD_ValueKind kind, const char *name, const char *value) {
	struct framing *f = user;

	(void)kind;
	f->is_malformed = f->is_malformed || !is_token(name);
	if (strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0) {
		f->lengths++;
	} else if (strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0) {
		f->codings++;
		f->is_chunked = value && strcasecmp(value, "chunked") == 0;
	}
	return MHD_YES;
}

const char *http_framing_fault(struct MHD_Connection *c) {
	struct framing f = { 0 };

	(void)mhd.get_connection_values(c, MHD_HEADER_KIND, on_header, &f);
	if (f.is_malformed)
		return "a header's name is malformed";
	if (f.lengths > 1)
		return "there is more than one Content-Length";
	if (f.codings && f.lengths)
		return "there are both Content-Length and Transfer-Encoding";
	if (f.codings && (f.codings > 1 || !f.is_chunked))
		return "the only Transfer-Encoding is chunked";
	return NULL;
}

const char *http_target_path(const char *target) {
	const char *host = strncasecmp(target, "http://", 7) == 0    ? target + 7
			   : strncasecmp(target, "https://", 8) == 0 ? target + 8
								     : NULL;

	if (!host)
		return target;
	host += strcspn(host, "/");
	return *host ? host : "/";
}
