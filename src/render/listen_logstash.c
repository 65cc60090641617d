/* SPDX-License-Identifier: Apache-2.0 */
/* The reader calls for settings, then for the end of their plugin: then host and port are known. */
#include "render/listen_logstash.h"

#include <errno.h>

#include "render/listen_add.h"
#include "render/logstash_read.h"

/* Inputs of Logstash 8; without protocols they ask others. */
static const struct input {
	const char *plugin;
	unsigned protocols;
	int32_t port; /* the default; -1: none */
} inputs[] = {
	{ "beats", LISTEN_TCP, -1 },
	{ "elastic_agent", LISTEN_TCP, -1 },
	{ "http", LISTEN_TCP, 8080 },
	{ "syslog", LISTEN_TCP | LISTEN_UDP, 514 },
	{ "tcp", LISTEN_TCP, -1 },
	{ "udp", LISTEN_UDP, -1 },
	{ "dead_letter_queue", 0, -1 },
	{ "elasticsearch", 0, -1 },
	{ "exec", 0, -1 },
	{ "file", 0, -1 },
	{ "generator", 0, -1 },
	{ "heartbeat", 0, -1 },
	{ "jdbc", 0, -1 },
	{ "kafka", 0, -1 },
	{ "pipeline", 0, -1 },
	{ "redis", 0, -1 },
	{ "stdin", 0, -1 },
};

struct reading {
	struct facts *facts;
	const char **ret_error;
	struct str host, port, mode; /* of the plugin at hand */
	int result;
};

static const struct input *input_of(struct str plugin) {
	for (size_t i = 0; i < ARRAY_LEN(inputs); i++)
		if (str_is(plugin, inputs[i].plugin))
			return &inputs[i];
	return NULL;
}

static int finish(struct reading *r, const struct logstash_setting *s) {
	const struct input *input = input_of(s->plugin);
	const struct listen_kind k = { .program = "logstash", .protocols = input ? input->protocols : 0 };

	if (!input)
		return listen_refuse(r->facts, s->line, s->plugin, "is an input that is not known", r->ret_error);
	if (!k.protocols || (str_is(s->plugin, "tcp") && str_is(r->mode, "client")))
		return 0;
	if (listen_add_one(r->facts, &k, r->host.s ? r->host : STR(""),
			   r->port.s ? listen_port(r->port) : input->port) < 0)
		return listen_refuse(r->facts, s->line, s->plugin, "has no address of its own with a port",
				     r->ret_error);
	return 0;
}

static void take(const struct logstash_setting *s, void *user) {
	struct reading *r = user;

	if (r->result < 0 || !str_is(s->section, "input"))
		return;
	if (!s->name.s) {
		r->result = finish(r, s);
		r->host = r->port = r->mode = (struct str){ 0 };
	} else if (str_is(s->name, "host"))
		r->host = s->value;
	else if (str_is(s->name, "port"))
		r->port = s->value;
	else if (str_is(s->name, "mode"))
		r->mode = s->value;
}

int logstash_listeners(struct facts *f, struct str text, const char **ret_error) {
	struct reading r = { .facts = f, .ret_error = ret_error };
	const char *reason;
	uint32_t line;

	if (logstash_read(text, take, &r, &line, &reason) < 0) {
		*ret_error = arena_printf(f->arena, "line %u: %s", line, reason);
		return -EINVAL;
	}
	return r.result;
}
