/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which format a user means. A name wins; then a directive's first word; then the variables, which are told apart by
 * what only one server has.
 */
#include "logs/format.h"

#include <errno.h>
#include <string.h>

#include "log_format_table.h"

const struct log_format *const log_format_list[] = { LOG_FORMAT_LIST NULL };

static const struct log_format *by_name(struct str name) {
	for (const struct log_format *const *f = log_format_list; *f; f++)
		if (str_is(name, (*f)->name))
			return *f;
	return NULL;
}

/* What only one server's text has, in the order in which it is looked for. */
static const struct sign {
	const char *text, *format;
	bool begins; /* only at the beginning */
} signs[] = {
	{ "log_format", "nginx", true },    { "log-format", "haproxy", true }, { "log-format-sd", "haproxy", true },
	{ "option ", "haproxy", true },     { "LogFormat", "apache", true },   { "CustomLog", "apache", true },
	{ "%ci", "haproxy", false },        { "%ID", "haproxy", false },       { "%[", "haproxy", false },
	{ "%{+", "haproxy", false },        { "%{-", "haproxy", false },       { "%{Varnish:", "varnish", false },
	{ "%{VCL_Log:", "varnish", false }, { "%{VSL:", "varnish", false },    { "$", "nginx", false },
	{ "%", "apache", false },
};

static const struct log_format *by_text(struct str text) {
	for (size_t i = 0; i < ARRAY_LEN(signs); i++) {
		size_t len = strlen(signs[i].text);
		const char *found = text.len ? memmem(text.s, text.len, signs[i].text, len) : NULL;

		if (found && (!signs[i].begins || found == text.s))
			return by_name(str_of(signs[i].format));
	}
	return NULL;
}

static int unknown(struct str text, char **ret_why) {
	const char *names[64], *near;
	_cleanup_(freep) char *list = NULL;
	size_t n = 0, len;
	FILE *out = open_memstream(&list, &len);

	if (!out)
		return -ENOMEM;
	for (const struct log_format *const *f = log_format_list; *f && n < ARRAY_LEN(names); f++) {
		(void)fprintf(out, "%s%s", n ? ", " : "", (*f)->name);
		names[n++] = (*f)->name;
	}
	if (fclose(out) != 0)
		return -ENOMEM;
	near = suggest(text, names, n);
	if (asprintf(ret_why,
		     "\"%.*s\" is no log format%s%s%s: write one of %s, or the server's own directive, such as "
		     "log_format main '$remote_addr - …';",
		     (int)MIN(text.len, 60), text.s, near ? ", did you mean \"" : "", near ? near : "",
		     near ? "\"" : "", list) < 0)
		return -ENOMEM;
	return -EINVAL;
}

int log_parser_new(struct str text, const struct log_options *o, struct log_parser **ret_parser, char **ret_why) {
	struct str all = str_trim(text), rest = all, name;
	const struct log_format *f;

	f = by_name(all);
	if (f && !f->fallback)
		return f->compile((struct str){ NULL, 0 }, o, ret_parser, ret_why);
	if (f)
		return f->compile(str_of(f->fallback), o, ret_parser, ret_why);
	if (str_split(&rest, ':', &name) && rest.s && (f = by_name(name)))
		return f->compile(str_trim(rest), o, ret_parser, ret_why);
	f = by_text(all);
	return f ? f->compile(all, o, ret_parser, ret_why) : unknown(all, ret_why);
}

void log_parser_free(struct log_parser *p) {
	if (p)
		p->free(p);
}
