/* SPDX-License-Identifier: Apache-2.0 */
/*
 * varnishncsa -F. Escapes are C's, in every field. %r is put together by varnishncsa, "METHOD http://Host/url
 * PROTOCOL", with the Host that the client sent: where %m and %U are there too, they say more exactly what was asked
 * for.
 */
#include <string.h>

#include "logs/pattern_percent.h"

extern const struct log_format log_format_varnish;

#define DEFAULT "%h %l %u %t \"%r\" %s %b \"%{Referer}i\" \"%{User-agent}i\""

static const struct pattern_field elements[] = {
	{ "h", ROLE_ADDR, SHAPE_WORD },
	{ "{x-forwarded-for}i", ROLE_FORWARDED_FOR, SHAPE_FREE },
	{ "{forwarded}i", ROLE_FORWARDED, SHAPE_FREE },
	{ "r", ROLE_REQUEST, SHAPE_FREE, .priority = 1 },
	{ "m", ROLE_METHOD, SHAPE_CHOSEN },
	{ "U", ROLE_TARGET, SHAPE_FREE },
	{ "q", ROLE_NONE, SHAPE_FREE, .priority = PATTERN_QUERY },
	{ "s", ROLE_STATUS, SHAPE_NUMBER },
	{ "b", ROLE_BYTES, SHAPE_NUMBER },
	{ "O", ROLE_BYTES, SHAPE_NUMBER, .priority = 1 },
	{ "{host}i", ROLE_HOST, SHAPE_FREE },
	{ "{user-agent}i", ROLE_AGENT, SHAPE_FREE },
	{ "l", ROLE_NONE, SHAPE_WORD },
	{ "u", ROLE_NONE, SHAPE_FREE },
	{ "H", ROLE_NONE, SHAPE_CHOSEN },
	{ "I", ROLE_NONE, SHAPE_NUMBER },
	{ "D", ROLE_NONE, SHAPE_NUMBER },
	{ "T", ROLE_NONE, SHAPE_NUMBER },
	{ "{}T", ROLE_NONE, SHAPE_NUMBER },
	{ "{}i", ROLE_NONE, SHAPE_FREE },
	{ "{}o", ROLE_NONE, SHAPE_FREE },
	{ "{varnish:time_firstbyte}x", ROLE_NONE, SHAPE_NUMBER },
	{ "{varnish:hitmiss}x", ROLE_NONE, SHAPE_WORD },
	{ "{varnish:handling}x", ROLE_NONE, SHAPE_WORD },
	{ "{varnish:side}x", ROLE_NONE, SHAPE_WORD },
	{ "{varnish:vxid}x", ROLE_NONE, SHAPE_NUMBER },
	{ "{}x", ROLE_NONE, SHAPE_FREE },
};

static const struct pattern_style style = {
	.format = &log_format_varnish,
	.address_hint = "%h",
	.quote_hint = "write double quotes around it",
	.escape = ESCAPE_BACKSLASH,
};

/* The argument of -F, when the text is a command line. */
static struct str option_f(struct pattern_draft *d, struct str t) {
	const char *option = t.len > 3 ? memmem(t.s, t.len, "-F", 2) : NULL;
	bool command = t.len > 11 && memcmp(t.s, "varnishncsa", 11) == 0;

	if (!option || (option != t.s && !command))
		return t;
	return percent_argument(d, (struct str){ option + 2, t.len - (size_t)(option + 2 - t.s) });
}

static int compile(struct str text, const struct log_options *o, struct log_parser **ret_parser, char **ret_why) {
	static const struct percent_table table = { elements, ARRAY_LEN(elements), "varnishncsa" };
	struct pattern_draft d = { .style = &style };
	int r = percent_draft(&d, &table, option_f(&d, str_trim(text)), ret_why);

	if (r == 0)
		r = pattern_new(&d, o, ret_parser, ret_why);
	draft_done(&d);
	return r;
}

const struct log_format log_format_varnish = {
	.name = "varnish",
	.summary = "varnishncsa's -F, its default when no text is given",
	.fallback = DEFAULT,
	.compile = compile,
};
