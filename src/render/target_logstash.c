/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lines that the templates of haproxy and nginx make are read again here, so these three templates change together;
 * tests/cli/test_logstash.py runs the rendered patterns and the rendered Ruby over lines of both families.
 *
 * `logstash -t` starts a JVM, takes half a minute and is not in Debian: hence a reader of our own for the language, and
 * ruby -c for the script.
 */
#include <errno.h>
#include <string.h>

#include "render/cluster.h"
#include "render/listen_logstash.h"
#include "render/logstash_read.h"
#include "render/target.h"
#include "render/verify.h"

#define HEXTET_CONF "/etc/logstash/conf.d/hextet.conf"
#define CLIENT_RB "/etc/logstash/hextet/client.rb"

static int files(struct target_run *r) {
	int result;

	target_set(r, "addresses", cluster_own(r->machine, r->arena));
	target_set(r, "port", value_int(r->arena, cluster_port(r->estate, "beats", 0, 5044), NO_LOC));
	target_set(r, "nodes", cluster_addresses(r->estate, ROLE_ELASTICSEARCH, NULL, r->arena));
	target_set(r, "node_port", value_int(r->arena, cluster_port(r->estate, "elastic", 0, 9200), NO_LOC));
	result = target_file(r, HEXTET_CONF, "logstash/hextet.conf", 0644);
	return result == 0 ? target_file(r, CLIENT_RB, "logstash/client.rb", 0644) : result;
}

struct reading {
	struct verify_run *v;
	int result;
};

/* An input's host is an address: a name would bind one of its families. */
static void check_setting(const struct logstash_setting *s, void *user) {
	struct reading *k = user;
	struct ip_fault fault;
	struct ip ip;

	if (!str_is(s->section, "input") || !str_is(s->name, "host") ||
	    ip_parse(s->value.s, s->value.len, &ip, &fault) == 0)
		return;
	k->result = verify_complain(k->v, HEXTET_CONF, s->line, "hextet",
				    arena_printf(k->v->arena, "'%.*s' is not an address: %s", (int)s->value.len,
						 s->value.s, ip_error_hint(fault.error)));
}

static int check_conf(struct verify_run *v, struct str text) {
	struct reading k = { .v = v };
	const char *reason;
	uint32_t line;

	if (logstash_read(text, check_setting, &k, &line, &reason) < 0)
		return verify_complain(v, HEXTET_CONF, line, "hextet", reason);
	if (k.result == 0)
		verify_passed(v, HEXTET_CONF);
	return k.result;
}

static int verify(struct verify_run *v) {
	const char *const argv[] = { "ruby", "-c", verify_path(v, CLIENT_RB), NULL };
	int conf = 0, script;

	for (size_t i = 0; i < v->n; i++)
		if (strcmp(v->files[i].path, HEXTET_CONF) == 0)
			conf = check_conf(v, v->files[i].text);
	script = verify_file(v, CLIENT_RB, argv, 0);
	return conf < 0 ? conf : script;
}

static int facts(struct facts *f, const char *path, struct str text, const char **ret_error) {
	return strcmp(path, HEXTET_CONF) == 0 ? logstash_listeners(f, text, ret_error) : 0;
}

const struct target target_logstash = {
	.name = "logstash",
	.summary = "Logstash for the access logs of both families",
	.doc = "A machine with role logstash gets " HEXTET_CONF " and " CLIENT_RB
	       ", for Logstash 8.8 or newer. Beats are taken over TLS on each of the machine's addresses, on the port "
	       "of the "
	       "service called beats, or 5044. Lines of HAProxy and nginx in the formats that hextet renders get "
	       "client_ip "
	       "(::ffff:a.b.c.d is a.b.c.d), client_port, client_net (the IPv4 address/32 or the IPv6 /64: what to "
	       "count and "
	       "to ban), and from HAProxy's unique id, which nginx logs too, id_client_ip, id_client_port, "
	       "id_frontend_ip and "
	       "id_frontend_port; others get the tag _hextet_format and are kept. Events go to the machines with role "
	       "elasticsearch, over both families. Certificates are /etc/logstash/certs/beats.pem, beats.key and "
	       "elasticsearch-ca.crt; the password is HEXTET_ELASTIC_PASSWORD in Logstash's keystore. Checked by a "
	       "reader of "
	       "our own, which knows the language but not every plugin, and ruby -c: logstash itself is not in Debian.",
	.roles = 1U << ROLE_LOGSTASH,
	.templates = (const char *const[]){ "logstash/hextet.conf", "logstash/client.rb", NULL },
	.files = files,
	.verify = verify,
	.reload = (const char *const[]){ "systemctl restart logstash", NULL },
	.facts = facts,
};
