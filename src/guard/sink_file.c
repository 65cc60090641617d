/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A list on disk, whole each time. What it holds is kept in memory from what the file had when it was opened or listed,
 * so that a change before the first reconcile adds to the file of the last run.
 */
#include "guard/network_file.h"

#include <errno.h>
#include <string.h>

struct file_sink {
	struct ban_sink sink;
	char *path;
	struct network_file file;
	struct network_list held;
	bool loaded; /* held is what is there */
};

static int parse_place(const char *place, char **ret_path, const struct network_format **ret_format, char **ret_why) {
	static const char option[] = ",format=";
	const char *comma = strstr(place, option), *name = comma ? comma + sizeof(option) - 1 : "plain";
	size_t i = 0;

	if (*place != '/')
		return ban_sink_why(ret_why, -EINVAL,
				    "file:%s: write the list's full path, and behind it, if it is "
				    "not one network a line, \",format=NAME\"",
				    place);
	while (network_format_list[i].name && strcmp(network_format_list[i].name, name) != 0)
		i++;
	if (!network_format_list[i].name) {
		_cleanup_(freep) char *names = network_format_names();

		return ban_sink_why(ret_why, -EINVAL, "file:%s: \"%s\" is no format of lists: write one of %s", place,
				    name, names ? names : "those of the manual");
	}
	*ret_format = &network_format_list[i];
	*ret_path = comma ? strndup(place, (size_t)(comma - place)) : strdup(place);
	return *ret_path ? 0 : -ENOMEM;
}

static int prepare(struct ban_sink *s, char **ret_why) {
	return network_file_claim(&((struct file_sink *)s)->file, ret_why);
}

static int load(struct file_sink *f, char **ret_why) {
	struct network_list there = { 0 };
	int r = network_file_read(&f->file, &there, &f->sink.unreadable, ret_why);

	if (r < 0) {
		network_list_done(&there);
		return r;
	}
	network_list_done(&f->held);
	f->held = there;
	f->loaded = true;
	return 0;
}

static int open_(const struct ban_sink_config *c, struct ban_sink **ret_sink, char **ret_why) {
	const struct network_format *format = NULL;
	struct file_sink *f;
	char *path = NULL;
	int r = parse_place(c->place, &path, &format, ret_why);

	if (r < 0)
		return r;
	if (!(f = calloc(1, sizeof(*f)))) {
		free(path);
		return -ENOMEM;
	}
	f->path = path;
	f->file = (struct network_file){ .path = path, .format = format };
	*ret_sink = &f->sink;
	r = prepare(&f->sink, ret_why);
	return r < 0 ? r : load(f, ret_why);
}

static void close_(struct ban_sink *s) {
	struct file_sink *f = (struct file_sink *)s;

	network_list_done(&f->held);
	free(f->path);
	free(f);
}

static int apply(struct ban_sink *s, const struct sink_change *changes, size_t n, char **ret_why) {
	struct file_sink *f = (struct file_sink *)s;
	int r = f->loaded ? 0 : load(f, ret_why); /* what could not be read is not overwritten */

	if (r < 0)
		return r;
	network_list_apply(&f->held, changes, n);
	return network_file_write(&f->file, &f->held, ret_why);
}

static int list(struct ban_sink *s, void (*fn)(const struct sink_entry *e, void *user), void *user, char **ret_why) {
	struct file_sink *f = (struct file_sink *)s;
	int r = load(f, ret_why);

	for (size_t i = 0; r >= 0 && i < f->held.v.n; i++)
		fn(&(struct sink_entry){ f->held.v.v[i], INT64_MAX }, user);
	return r;
}

const struct ban_sink_kind ban_sink_kind_file = {
	.name = "file",
	.summary = "a list that other programs include, replaced atomically",
	.carves = true,
	.open = open_,
	.close = close_,
	.prepare = prepare,
	.apply = apply,
	.list = list,
};
