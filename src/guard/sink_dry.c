/* SPDX-License-Identifier: Apache-2.0 */
/* Says what the other kinds would do, and remembers what it said, so that a reconcile does not say it again. */
#include "guard/network_list.h"

#include <errno.h>

struct dry {
	struct ban_sink sink;
	struct network_list said;
};

static int open_(const struct ban_sink_config *c, struct ban_sink **ret_sink, char **ret_why) {
	struct dry *d;

	if (*c->place)
		return ban_sink_why(ret_why, -EINVAL, "dry:%s: nothing belongs behind \"dry\"", c->place);
	if (!(d = calloc(1, sizeof(*d))))
		return -ENOMEM;
	*ret_sink = &d->sink;
	return 0;
}

static void close_(struct ban_sink *s) {
	struct dry *d = (struct dry *)s;

	network_list_done(&d->said);
	free(d);
}

static int prepare(struct ban_sink *s, char **ret_why) {
	(void)s, (void)ret_why;
	return 0;
}

static void say(struct ban_sink *s, const struct sink_change *c) {
	char network[PREFIX_TEXT_MAX], text[PREFIX_TEXT_MAX + 64];

	(void)prefix_format(c->entry.network, network);
	if (c->remove)
		(void)snprintf(text, sizeof(text), "would unban %s", network);
	else
		(void)snprintf(text, sizeof(text), "would ban %s for %jd s", network,
			       (intmax_t)(c->entry.left_ms / 1000 + !!(c->entry.left_ms % 1000)));
	if (s->config.say)
		s->config.say(text, s->config.user);
}

static int apply(struct ban_sink *s, const struct sink_change *changes, size_t n, char **ret_why) {
	struct dry *d = (struct dry *)s;

	(void)ret_why;
	for (size_t i = 0; i < n; i++)
		say(s, &changes[i]);
	network_list_apply(&d->said, changes, n);
	return 0;
}

static int list(struct ban_sink *s, void (*fn)(const struct sink_entry *e, void *user), void *user, char **ret_why) {
	const struct dry *d = (struct dry *)s;

	(void)ret_why;
	for (size_t i = 0; i < d->said.v.n; i++)
		fn(&(struct sink_entry){ d->said.v.v[i], INT64_MAX }, user);
	return 0;
}

const struct ban_sink_kind ban_sink_kind_dry = {
	.name = "dry",
	.summary = "says what would be banned, and bans nothing",
	.carves = true,
	.open = open_,
	.close = close_,
	.prepare = prepare,
	.apply = apply,
	.list = list,
};
