/* SPDX-License-Identifier: Apache-2.0 */
#include "logs/source.h"

#include "log_source_kind_table.h"

const struct log_source_kind *const log_source_list[] = { LOG_SOURCE_KIND_LIST NULL };

void log_source_close(struct log_source *s) {
	if (s)
		s->kind->close(s);
}
