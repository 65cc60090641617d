/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Apache's LogFormat. Whatever comes from the client is escaped as C has it, with one exception: an empty user name is
 * written as two quotes. %h is a name with HostnameLookups, %l what the client's own ident server says.
 */
#include <string.h>

#include "logs/pattern_percent.h"

extern const struct log_format log_format_apache;

#define COMBINED "%h %l %u %t \"%r\" %>s %O \"%{Referer}i\" \"%{User-Agent}i\""

static const struct pattern_field elements[] = {
	{ "a", ROLE_ADDR, SHAPE_WORD },
	{ "h", ROLE_ADDR, SHAPE_WORD, .priority = 1 },
	{ "{c}a", ROLE_ADDR, SHAPE_WORD, .priority = 2 },
	{ "{c}h", ROLE_ADDR, SHAPE_WORD, .priority = 3 },
	{ "{x-forwarded-for}i", ROLE_FORWARDED_FOR, SHAPE_FREE },
	{ "{forwarded}i", ROLE_FORWARDED, SHAPE_FREE },
	{ "r", ROLE_REQUEST, SHAPE_FREE },
	{ "m", ROLE_METHOD, SHAPE_CHOSEN },
	{ "U", ROLE_TARGET, SHAPE_FREE, .priority = 1 },
	{ "q", ROLE_NONE, SHAPE_FREE, .priority = PATTERN_QUERY },
	{ "s", ROLE_STATUS, SHAPE_NUMBER },
	{ "b", ROLE_BYTES, SHAPE_NUMBER },
	{ "B", ROLE_BYTES, SHAPE_NUMBER },
	{ "O", ROLE_BYTES, SHAPE_NUMBER, .priority = 1 },
	{ "{host}i", ROLE_HOST, SHAPE_FREE },
	{ "V", ROLE_HOST, SHAPE_CHOSEN, .priority = 1 },
	{ "v", ROLE_HOST, SHAPE_WORD, .priority = 2 },
	{ "{user-agent}i", ROLE_AGENT, SHAPE_FREE },
	{ "A", ROLE_NONE, SHAPE_WORD },
	{ "l", ROLE_NONE, SHAPE_FREE },
	{ "u", ROLE_NONE, SHAPE_FREE },
	{ "f", ROLE_NONE, SHAPE_FREE },
	{ "H", ROLE_NONE, SHAPE_CHOSEN },
	{ "I", ROLE_NONE, SHAPE_NUMBER },
	{ "S", ROLE_NONE, SHAPE_NUMBER },
	{ "D", ROLE_NONE, SHAPE_NUMBER },
	{ "T", ROLE_NONE, SHAPE_NUMBER },
	{ "{}T", ROLE_NONE, SHAPE_NUMBER },
	{ "p", ROLE_NONE, SHAPE_NUMBER },
	{ "{}p", ROLE_NONE, SHAPE_NUMBER },
	{ "P", ROLE_NONE, SHAPE_NUMBER },
	{ "{}P", ROLE_NONE, SHAPE_NUMBER },
	{ "k", ROLE_NONE, SHAPE_NUMBER },
	{ "X", ROLE_NONE, SHAPE_WORD },
	{ "L", ROLE_NONE, SHAPE_WORD },
	{ "{}L", ROLE_NONE, SHAPE_WORD },
	{ "R", ROLE_NONE, SHAPE_WORD },
	{ "{}i", ROLE_NONE, SHAPE_FREE },
	{ "{}o", ROLE_NONE, SHAPE_FREE },
	{ "{}e", ROLE_NONE, SHAPE_FREE },
	{ "{}n", ROLE_NONE, SHAPE_FREE },
	{ "{}C", ROLE_NONE, SHAPE_FREE },
	{ "{}x", ROLE_NONE, SHAPE_FREE },
	{ "{}c", ROLE_NONE, SHAPE_FREE },
};

static const struct pattern_style style = {
	.format = &log_format_apache,
	.address_hint = "%a",
	.quote_hint = "write \\\" around it",
	.escape = ESCAPE_BACKSLASH,
	.empty_quotes = true,
};

/* The nicknames of Debian's apache2.conf. */
static const struct nickname {
	const char *name, *text;
} nicknames[] = {
	{ "combined", COMBINED },
	{ "common", "%h %l %u %t \"%r\" %>s %O" },
	{ "vhost_combined", "%v:%p " COMBINED },
};

static int compile(struct str text, const struct log_options *o, struct log_parser **ret_parser, char **ret_why) {
	static const struct percent_table table = { elements, ARRAY_LEN(elements), "Apache" };
	struct pattern_draft d = { .style = &style };
	struct str t = str_trim(text);
	int r;

	for (size_t i = 0; i < ARRAY_LEN(nicknames); i++)
		if (str_is(t, nicknames[i].name))
			t = str_of(nicknames[i].text);
	if (t.len > 9 && memcmp(t.s, "LogFormat", 9) == 0)
		t = percent_argument(&d, (struct str){ t.s + 9, t.len - 9 });
	if (t.len > 9 && memcmp(t.s, "CustomLog", 9) == 0)
		r = pattern_refuse(ret_why, "CustomLog says where the log is: write the LogFormat line that it names");
	else
		r = percent_draft(&d, &table, t, ret_why);
	if (r == 0)
		r = pattern_new(&d, o, ret_parser, ret_why);
	draft_done(&d);
	return r;
}

const struct log_format log_format_apache = {
	.name = "apache",
	.summary = "Apache's LogFormat, combined when no text is given",
	.fallback = COMBINED,
	.compile = compile,
};
