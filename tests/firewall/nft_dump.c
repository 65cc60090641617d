/* SPDX-License-Identifier: Apache-2.0 */
/* What nft_read() makes of the files named, a line of JSON each: {"boxes": [...], "other": [...]}, or {"line",
 * "error"}. */
#include <netinet/in.h>
#include <string.h>

#include "base/emit.h"
#include "base/file.h"
#include "render/nft_read.h"

enum { FILE_MAX = 64 << 20 };

static void emit_set(struct emit *e, const char *name, const struct prefix_set *s) {
	emit_list(e, name);
	for (size_t i = 0; i < s->ranges.n; i++) {
		char first[IP_TEXT_MAX], last[IP_TEXT_MAX];

		(void)ip_format(s->ranges.v[i].first, first);
		(void)ip_format(s->ranges.v[i].last, last);
		emit_list(e, NULL);
		emit_text(e, NULL, first);
		emit_text(e, NULL, last);
		emit_end(e);
	}
	emit_end(e);
}

static void emit_box(struct emit *e, const struct flow_box *b) {
	const struct nft_rule *rule = b->origin;

	emit_object(e, NULL);
	emit_text(e, "chain", flow_chain_to_str(b->chain));
	emit_uint(e, "family", b->family);
	emit_text(e, "protocol", b->protocol == IPPROTO_TCP ? "tcp" : "udp");
	emit_bool(e, "translated", b->translated);
	emit_uint(e, "port_first", b->port_first);
	emit_uint(e, "port_last", b->port_last);
	emit_set(e, "from", &b->from);
	emit_set(e, "to", &b->to);
	emit_uint(e, "line", rule->line);
	emit_str(e, "comment", rule->comment);
	emit_end(e);
}

static void emit_text_read(struct emit *e, const struct nft_text *t) {
	emit_object(e, NULL);
	if (t->error_line) {
		emit_uint(e, "line", t->error_line);
		emit_text(e, "error", t->error);
		emit_end(e);
		return;
	}
	emit_list(e, "boxes");
	for (size_t i = 0; i < t->flows.boxes.n; i++)
		emit_box(e, &t->flows.boxes.v[i]);
	emit_end(e);
	emit_list(e, "other");
	for (size_t i = 0; i < t->other.n; i++)
		emit_str(e, NULL, t->other.v[i]);
	emit_end(e);
	emit_end(e);
}

int main(int argc, char **argv) {
	struct emit e;

	emit_init(&e, stdout, EMIT_JSON_LINES);
	for (int i = 1; i < argc; i++) {
		struct arena a = { 0 };
		struct nft_text t;
		struct str text;
		char *s;

		if (file_read(&a, argv[i], FILE_MAX, &s, &text.len) < 0)
			return 3;
		text.s = s;
		(void)nft_read(text, &a, &t);
		emit_text_read(&e, &t);
		nft_text_done(&t);
		arena_done(&a);
	}
	return emit_done(&e) < 0 ? 3 : 0;
}
