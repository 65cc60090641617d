/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keepalived reads lines of words; a brace opens or ends a block wherever it stands, so a block may share a line with
 * its statements. Here a statement is the words up to a line's end or a brace, and it is taken by the first row whose
 * path of open blocks matches. keepalived also takes a brace on the line behind its keyword: here that is a mistake.
 */
#include "render/keepalived_read.h"

#include <errno.h>

#include "addr/digit.h"

enum { WORDS_MAX = 16 };

struct reader {
	struct keepalived_conf *conf;
	struct str words[WORDS_MAX];
	unsigned word_count;
	uint32_t line; /* of the first word */
	struct str open[KEEPALIVED_DEPTH_MAX];
	unsigned depth;
	const char *error;
};

static struct keepalived_instance *instance(struct reader *r) {
	return &r->conf->instances.v[r->conf->instances.n - 1];
}

static struct keepalived_group *group(struct reader *r) {
	return &r->conf->groups.v[r->conf->groups.n - 1];
}

static struct keepalived_script *script(struct reader *r) {
	return &r->conf->scripts.v[r->conf->scripts.n - 1];
}

static bool is_number(struct str text, uint32_t max, uint32_t *ret_n) {
	return text.len && digit_number(text.s, text.len, max, ret_n) == text.len;
}

static void take_interface(struct reader *r) {
	if (r->word_count > 1)
		instance(r)->interface = r->words[1];
}

static void take_vrid(struct reader *r) {
	uint32_t n;

	if (r->word_count > 1 && is_number(r->words[1], 255, &n))
		instance(r)->vrid = n;
}

/* "192.0.2.1", "192.0.2.1/24 dev eth0". */
static struct keepalived_vip read_vip(struct str word) {
	struct keepalived_vip vip = { .text = word, .len = 128 };
	struct str rest = word, ip;
	struct ip_fault fault;
	uint32_t len, base, max;

	if (!str_split(&rest, '/', &ip) || ip_parse(ip.s, ip.len, &vip.ip, &fault) < 0)
		return vip;
	base = ip_is_v4(vip.ip) ? 96 : 0;
	max = 128 - base;
	if (ip.len == word.len) {
		vip.valid = true;
	} else if (is_number(rest, max, &len)) {
		vip.len = (uint8_t)(base + len);
		vip.valid = true;
	}
	return vip;
}

static void add_vip(struct reader *r, bool excluded) {
	struct keepalived_vip vip = read_vip(r->words[0]);

	vip.line = r->line;
	vip.excluded = excluded;
	vec_push(&instance(r)->vips, vip);
}

static void take_vip(struct reader *r) {
	add_vip(r, false);
}

static void take_excluded(struct reader *r) {
	add_vip(r, true);
}

static void take_instance_track(struct reader *r) {
	vec_push(&instance(r)->track, (struct keepalived_name){ r->words[0], r->line });
}

static void take_group_track(struct reader *r) {
	vec_push(&group(r)->track, (struct keepalived_name){ r->words[0], r->line });
}

static void take_members(struct reader *r) {
	for (unsigned i = 0; i < r->word_count; i++)
		vec_push(&group(r)->members, (struct keepalived_name){ r->words[i], r->line });
}

static void take_command(struct reader *r) {
	if (r->word_count < 2)
		return;
	script(r)->command = r->words[1];
	script(r)->command_line = r->line;
}

/* outer: a block at the top; inner: one in it, NULL for none; word: the first one, NULL for any. */
static const struct row {
	const char *outer, *inner, *word;
	void (*take)(struct reader *r);
} rows[] = {
	{ "vrrp_instance", NULL, "interface", take_interface },
	{ "vrrp_instance", NULL, "virtual_router_id", take_vrid },
	{ "vrrp_instance", "virtual_ipaddress", NULL, take_vip },
	{ "vrrp_instance", "virtual_ipaddress_excluded", NULL, take_excluded },
	{ "vrrp_instance", "track_script", NULL, take_instance_track },
	{ "vrrp_sync_group", "group", NULL, take_members },
	{ "vrrp_sync_group", "track_script", NULL, take_group_track },
	{ "vrrp_script", NULL, "script", take_command },
};

static void take_statement(struct reader *r) {
	for (size_t i = 0; i < ARRAY_LEN(rows) && r->word_count; i++) {
		const struct row *row = &rows[i];

		if (r->depth == (row->inner ? 2U : 1U) && str_is(r->open[0], row->outer) &&
		    (!row->inner || str_is(r->open[1], row->inner)) && (!row->word || str_is(r->words[0], row->word))) {
			row->take(r);
			break;
		}
	}
	r->word_count = 0;
}

/* The words before a brace: a block's keyword and name. */
static void open_block(struct reader *r) {
	const struct str keyword = r->words[0];
	const struct keepalived_name name = { r->word_count > 1 ? r->words[1] : (struct str){ 0 }, r->line };

	if (r->depth == KEEPALIVED_DEPTH_MAX) {
		r->error = "blocks are nested too deeply";
		return;
	}
	if (!r->word_count) {
		r->error = "a block begins without a keyword on its line";
		return;
	}
	if (r->depth == 0 && str_is(keyword, "vrrp_instance"))
		vec_push(&r->conf->instances, (struct keepalived_instance){ .name = name });
	else if (r->depth == 0 && str_is(keyword, "vrrp_sync_group"))
		vec_push(&r->conf->groups, (struct keepalived_group){ .name = name });
	else if (r->depth == 0 && str_is(keyword, "vrrp_script"))
		vec_push(&r->conf->scripts, (struct keepalived_script){ .name = name });
	r->open[r->depth++] = keyword;
	r->word_count = 0;
}

static void close_block(struct reader *r) {
	take_statement(r);
	if (r->depth)
		r->depth--;
	else
		r->error = "a block ends here that never began";
}

static void add_word(struct reader *r, struct str word, uint32_t line) {
	if (!r->word_count)
		r->line = line;
	if (r->word_count < WORDS_MAX)
		r->words[r->word_count++] = word;
}

static bool ends_word(char c) {
	return c == ' ' || c == '\t' || c == '\r' || c == '{' || c == '}' || c == '#' || c == '!';
}

/* Takes one word, quoted or not, off the front of the line. */
static void read_word(struct reader *r, struct str *rest, uint32_t line) {
	size_t n = 0;

	if (rest->s[0] == '"') {
		while (++n < rest->len && rest->s[n] != '"')
			;
		if (n == rest->len) {
			r->error = "a quote does not end on its line";
			return;
		}
		add_word(r, (struct str){ rest->s + 1, n - 1 }, line);
		n++;
	} else {
		while (n < rest->len && !ends_word(rest->s[n]))
			n++;
		add_word(r, (struct str){ rest->s, n }, line);
	}
	*rest = (struct str){ rest->s + n, rest->len - n };
}

static void read_line(struct reader *r, struct str rest, uint32_t line) {
	while (rest.len && !r->error) {
		const char c = rest.s[0];

		if (c == '#' || c == '!')
			break;
		if (!ends_word(c)) {
			read_word(r, &rest, line);
			continue;
		}
		if (c == '{')
			open_block(r);
		else if (c == '}')
			close_block(r);
		rest = (struct str){ rest.s + 1, rest.len - 1 };
	}
}

int keepalived_read(struct str text, struct keepalived_conf *ret_conf, const char **ret_error, uint32_t *ret_line) {
	struct reader r = { .conf = ret_conf };
	struct str line;
	uint32_t number = 0;

	*ret_conf = (struct keepalived_conf){ 0 };
	while (!r.error && str_split(&text, '\n', &line)) {
		read_line(&r, line, ++number);
		take_statement(&r);
	}
	if (!r.error && r.depth)
		r.error = "a block does not end";
	*ret_error = r.error;
	*ret_line = number;
	return r.error ? -EINVAL : 0;
}

void keepalived_conf_done(struct keepalived_conf *c) {
	for (size_t i = 0; i < c->instances.n; i++) {
		vec_done(&c->instances.v[i].vips);
		vec_done(&c->instances.v[i].track);
	}
	for (size_t i = 0; i < c->groups.n; i++) {
		vec_done(&c->groups.v[i].members);
		vec_done(&c->groups.v[i].track);
	}
	vec_done(&c->instances);
	vec_done(&c->groups);
	vec_done(&c->scripts);
}
