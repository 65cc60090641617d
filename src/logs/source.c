/* SPDX-License-Identifier: Apache-2.0 */
#include "logs/source.h"

#include <errno.h>
#include <string.h>

#include "log_source_kind_table.h"

const struct log_source_kind *const log_source_list[] = { LOG_SOURCE_KIND_LIST NULL };

static const struct log_source_kind *kind_by_name(struct str name) {
	for (size_t i = 0; log_source_list[i]; i++)
		if (str_is(name, log_source_list[i]->name))
			return log_source_list[i];
	return NULL;
}

/* "file:PATH, syslog:ADDRESS, …": what may be written. */
static int unknown_kind(const char *spec, char **ret_why) {
	char *kinds = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&kinds, &len);

	if (!f)
		return -ENOMEM;
	(void)fprintf(f, "\"%s\" names no source of log lines; the kinds are", spec);
	for (size_t i = 0; log_source_list[i]; i++)
		(void)fprintf(f, "%s %s", i ? "," : "", log_source_list[i]->name);
	if (*spec == '/')
		(void)fprintf(f, " (a file: file:%s)", spec);
	if (fclose(f) != 0) {
		free(kinds);
		return -ENOMEM;
	}
	*ret_why = kinds;
	return -EINVAL;
}

int log_source_open(struct loop *l, const char *spec, const struct log_source_config *c, struct log_source **ret_source,
		    char **ret_why) {
	struct log_source_config config = *c;
	const char *colon = strchrnul(spec, ':');
	const struct log_source_kind *kind = kind_by_name((struct str){ spec, (size_t)(colon - spec) });
	char *copy;
	int r;

	if (!kind)
		return unknown_kind(spec, ret_why);
	copy = strdup(spec);
	if (!copy)
		return -ENOMEM;
	config.place = copy + (colon - spec) + (*colon == ':');
	r = kind->open(l, &config, ret_source, ret_why);
	if (r < 0) {
		free(copy);
		return r;
	}
	(*ret_source)->kind = kind;
	(*ret_source)->spec = copy;
	return 0;
}

void log_source_close(struct log_source *s) {
	const char *spec;

	if (!s)
		return;
	spec = s->spec;
	s->kind->close(s);
	free((char *)(uintptr_t)spec);
}
