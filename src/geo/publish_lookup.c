/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "geo/answer.h"
#include "geo/publish_state.h"

static void emit_fault(struct emit *e, struct str ip, const char *error, const char *hint) {
	emit_object(e, NULL);
	emit_str(e, "ip", ip);
	emit_text(e, "error", error);
	if (hint)
		emit_text(e, "hint", hint);
	emit_end(e);
}

static void emit_answer(struct emit *e, struct ip ip, struct prefix network, const struct geo_answer *a) {
	char text[IP_TEXT_MAX], network_text[PREFIX_TEXT_MAX];

	(void)ip_format(ip, text);
	(void)prefix_format(network, network_text);
	emit_object(e, NULL);
	emit_text(e, "ip", text);
	emit_text(e, "network", network_text);
	if (*a->code) {
		emit_text(e, "country", a->code);
		emit_str(e, "name", a->name);
		emit_bool(e, "in_eu", a->in_eu);
	} else {
		emit_null(e, "country");
		emit_null(e, "name");
		emit_null(e, "in_eu");
	}
	emit_end(e);
}

int publish_lookup(struct emit *e, const struct mmdb *db, struct str text) {
	struct geo_answer answer = { .code = "" };
	struct mmdb_fault fault;
	struct prefix network;
	struct ip_fault why;
	uint64_t offset;
	struct ip ip;
	int r;

	if (ip_parse(text.s, text.len, &ip, &why) < 0) {
		emit_fault(e, text, "this is no IPv4 or IPv6 address", ip_error_hint(why.error));
		return -EINVAL;
	}
	r = mmdb_lookup(db, ip, &offset, &network, &fault);
	if (r > 0)
		r = geo_answer(db, offset, &answer, &fault);
	if (r < 0) {
		emit_fault(e, text,
			   r == -EAFNOSUPPORT ? "the database has IPv4 addresses only" : "the database is broken",
			   r == -EAFNOSUPPORT ? NULL : fault.what);
		return r;
	}
	emit_answer(e, ip, network, &answer);
	return 0;
}
