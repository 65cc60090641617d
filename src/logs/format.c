/* SPDX-License-Identifier: Apache-2.0 */
#include "logs/format.h"

#include <errno.h>

#include "log_format_table.h"

const struct log_format *const log_format_list[] = { LOG_FORMAT_LIST NULL };

void log_parser_free(struct log_parser *p) {
	if (p)
		p->free(p);
}

int log_parser_new(struct str text, const struct log_options *o, struct log_parser **ret_parser, char **ret_why) {
	for (const struct log_format *const *f = log_format_list; *f; f++)
		if (str_is(text, (*f)->name))
			return (*f)->compile(str_of((*f)->fallback), o, ret_parser, ret_why);
	if (asprintf(ret_why, "there is no log format \"%.*s\"", (int)text.len, text.s) < 0)
		*ret_why = NULL;
	return -EINVAL;
}
