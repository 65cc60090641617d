/* SPDX-License-Identifier: Apache-2.0 */
#include "logs/format.h"

#include "log_format_table.h"

const struct log_format *const log_format_list[] = { LOG_FORMAT_LIST NULL };

void log_parser_free(struct log_parser *p) {
	if (p)
		p->free(p);
}
