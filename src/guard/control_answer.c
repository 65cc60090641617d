/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked for on the control socket, and the answers. Every refusal says what to do instead. */
#include <errno.h>
#include <string.h>

#include "guard/daemon_state.h"
#include "guard/facts.h"

enum {
	CARVED_SHOWN = 20,
	WIDEST_4 = 96 + 8, /* without force */
	WIDEST_6 = 16,
	COMMENT_MAX = 500,
	FOR_MAX_S = 1000 * 86400,
};

static json_t *refuse(const char *code, const char *fmt, ...) _printf_(2, 3);
static json_t *refuse(const char *code, const char *fmt, ...) {
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return json_pack("{s:b,s:s,s:o}", "ok", 0, "code", code, "error", fact_text(text));
}

/* ---- looking ---- */

static json_t *do_status(struct guard *g, const struct control_peer *peer, const json_t *q) {
	(void)peer;
	(void)q;
	return fact_status(g);
}

struct page {
	json_t *list;
	int64_t wall_ms;
	uint64_t last;
	size_t n;
};

static void on_ban(const struct stored_ban *b, void *user) {
	struct page *p = user;

	(void)json_array_append_new(p->list, fact_ban(b, p->wall_ms));
	p->last = b->id;
	p->n++;
}

static json_t *do_bans(struct guard *g, const struct control_peer *peer, const json_t *q) {
	struct page page = { json_array(), guard_wall_ms(), 0, 0 };
	json_int_t before = json_integer_value(json_object_get(q, "before"));
	json_int_t limit = json_integer_value(json_object_get(q, "limit"));
	struct store_filter f = {
		.active_at_ms = json_is_true(json_object_get(q, "all")) ? LOG_TIME_NONE : page.wall_ms,
		.before_id = before > 0 ? (uint64_t)before : 0,
		.limit = limit > 0 ? MIN((size_t)limit, (size_t)CONTROL_PAGE_MAX) : CONTROL_PAGE_MAX,
	};
	char *why = NULL;
	json_t *o;

	(void)peer;
	if (store_each_ban(g->store, &f, on_ban, &page, &why) < 0) {
		o = refuse("failed", "%s", why ? why : "the bans cannot be read");
		json_decref(page.list);
		free(why);
		return o;
	}
	o = json_pack("{s:b,s:o}", "ok", 1, "bans", page.list);
	if (page.n == f.limit)
		(void)json_object_set_new(o, "next", json_integer((json_int_t)page.last));
	return o;
}

static json_t *do_explain(struct guard *g, const struct control_peer *peer, const json_t *q) {
	const char *text = json_string_value(json_object_get(q, "ip"));
	struct ip_fault fault;
	struct ip ip;

	(void)peer;
	if (!text)
		return refuse("usage", "explain wants an \"ip\"");
	if (ip_parse(text, strlen(text), &ip, &fault) < 0)
		return refuse("usage", "%s is no address: %s", text, ip_error_hint(fault.error));
	return fact_explain(g, ip);
}

/* ---- changing ---- */

static json_t *network_of(const json_t *q, struct prefix *ret_p) {
	const char *text = json_string_value(json_object_get(q, "network"));
	char suggested[PREFIX_TEXT_MAX];
	struct ip_fault fault;

	if (!text)
		return refuse("usage", "this wants a \"network\"");
	if (prefix_parse(text, strlen(text), ret_p, &fault) == 0)
		return NULL;
	if (fault.error != IP_ERR_HOST_BITS)
		return refuse("usage", "%s is no network: %s", text, ip_error_hint(fault.error));
	(void)prefix_format(*ret_p, suggested);
	return refuse("usage", "%s has bits behind its length: did you mean %s?", text, suggested);
}

static json_t *check_width(struct prefix p, bool force) {
	bool is_4 = prefix_family(p) == FAMILY_4;
	char text[PREFIX_TEXT_MAX];

	(void)prefix_format(p, text);
	if (p.len == (is_4 ? 96 : 0))
		return refuse("refused", "%s is everybody: that is no ban; stop the service, or use the firewall",
			      text);
	if (p.len < (is_4 ? WIDEST_4 : WIDEST_6) && !force)
		return refuse("refused", "%s is wider than /%d: a ban of so many is --force'd, if it is meant", text,
			      is_4 ? 8 : 16);
	return NULL;
}

static json_t *check_allowed(const struct guard *g, struct prefix p) {
	const struct guard_allow *a = fact_allowed_by(g, p);
	char text[PREFIX_TEXT_MAX], by[PREFIX_TEXT_MAX];

	if (!prefix_set_covers(g->config->engine.allow, p))
		return NULL;
	(void)prefix_format(p, text);
	if (!a)
		return refuse("refused", "%s is in the allowlist as a whole: take it out of the estate first", text);
	(void)prefix_format(a->network, by);
	return refuse("refused", "%s is never banned: it is in %s, %s; take it out of the estate first", text, by,
		      a->what);
}

static json_t *run(struct guard *g, struct store_command *c) {
	char *why = NULL;
	json_t *o = NULL;

	if (guard_command(g, c, &why) < 0)
		o = refuse("failed", "nothing was changed: %s", why ? why : "the database cannot be written");
	free(why);
	return o;
}

static json_t *do_ban(struct guard *g, const struct control_peer *peer, const json_t *q) {
	json_int_t asked = json_integer_value(json_object_get(q, "for_s"));
	json_int_t seconds = asked < 0 || asked > FOR_MAX_S ? 0 : asked;
	int64_t now = guard_wall_ms(), log_now = guard_log_ms(g);
	struct store_command c = {
		.ban = true,
		.at_ms = MIN(now, log_now), /* lines that are on their way are in it too */
		.until_ms = now + seconds * 1000,
		.wall_ms = now,
		.comment = json_string_value(json_object_get(q, "comment")),
		.who = peer->name,
	};
	json_t *o = network_of(q, &c.network), *carved;
	size_t n;

	if (!o && seconds == 0)
		o = refuse("usage", "\"for_s\" is 1 to %d seconds", FOR_MAX_S);
	if (!o && c.comment && strlen(c.comment) > COMMENT_MAX)
		o = refuse("usage", "a comment has at most %d bytes", COMMENT_MAX);
	if (!o)
		o = check_width(c.network, json_is_true(json_object_get(q, "force")));
	if (!o)
		o = check_allowed(g, c.network);
	if (!o)
		o = run(g, &c);
	if (o)
		return o;
	guard_say(g, SEVERITY_NOTE, "ban %s for %lld s, by %s%s%s", json_string_value(json_object_get(q, "network")),
		  (long long)seconds, peer->name, c.comment ? ": " : "", c.comment ? c.comment : "");
	carved = fact_allowed_in(g, c.network, CARVED_SHOWN, &n);
	return json_pack("{s:b,s:o,s:o,s:o,s:I}", "ok", 1, "prefix", fact_prefix(c.network), "until",
			 fact_time(c.until_ms), "spared", carved, "spared_count", (json_int_t)n);
}

struct overlapping {
	struct prefix wanted;
	bool exact;
	size_t inside;
	struct stored_ban around; /* the narrowest; its texts are in `text` */
	char text[200];
};

static void on_overlapping(const struct stored_ban *b, void *user) {
	struct overlapping *o = user;
	char network[PREFIX_TEXT_MAX];

	if (prefix_equal(b->ban.network, o->wanted)) {
		o->exact = true;
	} else if (prefix_covers(o->wanted, b->ban.network)) {
		o->inside++;
	} else if (!*o->text || b->ban.network.len > o->around.ban.network.len) {
		o->around = *b;
		(void)prefix_format(b->ban.network, network);
		(void)snprintf(o->text, sizeof(o->text), "%s (%s %.100s)", network,
			       b->ban.origin == BAN_BY_RULE ? "by rule" : "by hand,", b->ban.rule);
	}
}

static json_t *not_banned(const struct overlapping *o) {
	char text[PREFIX_TEXT_MAX];

	(void)prefix_format(o->wanted, text);
	if (*o->text)
		return refuse("not-found", "%s itself is not banned, but it lies in %s: unban that", text, o->text);
	if (o->inside)
		return refuse("not-found", "%s itself is not banned; %zu %s inside it: `hextet guard bans` shows %s",
			      text, o->inside, o->inside == 1 ? "ban lies" : "bans lie",
			      o->inside == 1 ? "it" : "them");
	return refuse("not-found", "%s is not banned", text);
}

static json_t *do_unban(struct guard *g, const struct control_peer *peer, const json_t *q) {
	/* By the logs' clock: what they say from now on is not inside the ban any more. */
	struct store_command c = { .at_ms = guard_log_ms(g), .wall_ms = guard_wall_ms(), .who = peer->name };
	struct store_filter f = { .active_at_ms = c.wall_ms, .overlap = &c.network };
	struct overlapping found = { 0 };
	json_t *o = network_of(q, &c.network);
	char *why = NULL;

	if (o)
		return o;
	found.wanted = c.network;
	guard_commit(g);
	if (store_each_ban(g->store, &f, on_overlapping, &found, &why) < 0)
		o = refuse("failed", "%s", why ? why : "the bans cannot be read");
	free(why);
	if (!o && !found.exact && !ban_table_find(&g->table, c.network))
		o = not_banned(&found);
	if (!o)
		o = run(g, &c);
	if (o)
		return o;
	guard_say(g, SEVERITY_NOTE, "unban %s, by %s", json_string_value(json_object_get(q, "network")), peer->name);
	return json_pack("{s:b,s:o,s:o}", "ok", 1, "prefix", fact_prefix(c.network), "still_in",
			 *found.text ? fact_text(found.text) : json_null());
}

static const struct {
	const char *name;
	bool changes;
	json_t *(*answer)(struct guard *g, const struct control_peer *peer, const json_t *q);
} requests[] = {
	{ "status", false, do_status }, { "bans", false, do_bans },  { "explain", false, do_explain },
	{ "ban", true, do_ban },        { "unban", true, do_unban },
};

json_t *control_answer(struct guard *g, const struct control_peer *peer, const char *request, size_t len) {
	json_error_t error;
	json_t *q = json_loadb(request, len, JSON_REJECT_DUPLICATES, &error), *o = NULL;
	const char *name = json_string_value(json_object_get(q, "do"));

	if (!q)
		return refuse("usage", "the request is no JSON: %s", error.text);
	for (size_t i = 0; name && i < ARRAY_LEN(requests) && !o; i++) {
		if (strcmp(name, requests[i].name) != 0)
			continue;
		if (requests[i].changes && !peer->may_change) {
			guard_say(g, SEVERITY_WARNING, "%s was refused to %s", name, peer->name);
			o = refuse("not-allowed", "%s may look, not change: %s as root, or as the guard's own user",
				   peer->name, name);
		} else {
			o = requests[i].answer(g, peer, q);
		}
	}
	if (!o)
		o = refuse("usage", "\"do\" is one of status, bans, explain, ban and unban");
	json_decref(q);
	return o;
}
