/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A recursive descent over words. Words are divided by blanks and by { } , ; as in nft(8); the end of a line is a word
 * of its own. Statements that are no flows are a table of patterns for each chain; what fits none of them has to be a
 * rule by addresses and ports, whose parser says what it expected.
 *
 * nft itself knows much more, and that is the point: `include`, `define`, a second table, a verdict map, a rule without
 * ports, a chain that is declared twice are all refused, because they could let through what no rule shows.
 */
#include "render/nft_read.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "base/map.h"
#include "render/nft_words.h"

enum { TEXT_MAX = 64 << 20, RULES_MAX = 1 << 20 };

enum chain { INPUT, FORWARD, FORGED, HIDDEN, NAT64, ICMP4, ICMP6, _CHAIN_MAX };

struct named {
	enum family family;
	struct prefix_set set; /* its ranges are in the arena */
};

struct reader {
	struct nft_words words;
	struct arena *arena;
	struct nft_text *ret;
	struct map sets;
	unsigned rules;
	bool seen[_CHAIN_MAX];
	enum chain chain;
};

struct chain_row {
	const char *name;
	const char *hook; /* the chain's first line; NULL: it is only jumped to */
};

static const struct chain_row chain_rows[_CHAIN_MAX] = {
	[INPUT] = { "input", "type filter hook input priority filter ; policy drop ;" },
	[FORWARD] = { "forward", "type filter hook forward priority filter ; policy drop ;" },
	[FORGED] = { "forged", "type filter hook prerouting priority raw ; policy accept ;" },
	[HIDDEN] = { "hidden", "type nat hook postrouting priority srcnat ; policy accept ;" },
	[NAT64] = { "nat64", "type filter hook prerouting priority mangle ; policy accept ;" },
	[ICMP4] = { "icmp4_in", NULL },
	[ICMP6] = { "icmp6_in", NULL },
};

/*
 * Statements that are compared as text. $s: a string, $n: a number, $4, $6: addresses of a family, $t: words in braces,
 * or one word.
 */
static const struct {
	unsigned chains;
	const char *pattern;
} statements[] = {
	{ 1 << INPUT, "iif \"lo\" accept" },
	{ 1 << INPUT, "meta l4proto ipv6-icmp jump icmp6_in" },
	{ 1 << INPUT, "meta l4proto icmp jump icmp4_in" },
	{ 1 << INPUT | 1 << FORWARD, "ct state vmap { established : accept , related : accept , invalid : drop }" },
	{ 1 << INPUT, "iifname $s meta l4proto 112 ip saddr $4 ip daddr 224.0.0.18 ip ttl 255 accept" },
	{ 1 << INPUT, "iifname $s meta l4proto 112 ip6 saddr $6 ip6 daddr ff02::12 ip6 hoplimit 255 accept" },
	{ 1 << ICMP6 | 1 << FORWARD, "icmpv6 type $t accept" },
	{ 1 << ICMP6, "icmpv6 type $t ip6 hoplimit 255 accept" },
	{ 1 << ICMP6, "icmpv6 type $t ip6 saddr $6 accept" },
	{ 1 << ICMP6, "icmpv6 type $t ip6 saddr $6 ip6 hoplimit 255 accept" },
	{ 1 << ICMP6, "icmpv6 type $t limit rate $n burst $n packets accept" },
	{ 1 << ICMP4 | 1 << FORWARD, "icmp type $t accept" },
	{ 1 << ICMP4, "icmp type $t limit rate $n burst $n packets accept" },
	{ 1 << FORWARD, "iifname $s oifname $s accept" },
	{ 1 << FORWARD, "ip saddr $4 ip daddr $4 accept" },
	{ 1 << FORWARD, "ip6 saddr $6 ip6 daddr $6 accept" },
	{ 1 << FORGED, "ip saddr $4 fib saddr . iif oif missing drop" },
	{ 1 << FORGED, "ip6 saddr $6 fib saddr . iif oif missing drop" },
	{ 1 << HIDDEN, "ip saddr $4 ip daddr != $4 masquerade" },
	/* In front of jool; what it accepts is in the chain forward, too. */
	{ 1 << NAT64, "ip6 daddr != $6 accept" },
	{ 1 << NAT64, "ip6 saddr $6 icmpv6 type $t accept" },
	{ 1 << NAT64, "ip6 saddr $6 ip6 daddr $6 tcp dport $t accept comment $s" },
	{ 1 << NAT64, "ip6 saddr $6 ip6 daddr $6 udp dport $t accept comment $s" },
	{ 1 << NAT64, "drop" },
};

static bool number_of(struct str s, uint32_t *ret_n) {
	uint32_t n = 0;

	if (!s.len || s.len > 9 || (s.len > 1 && s.s[0] == '0'))
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.s[i] < '0' || s.s[i] > '9')
			return false;
		n = n * 10 + (uint32_t)(s.s[i] - '0');
	}
	*ret_n = n;
	return true;
}

/* One address or network; host bits are nft's to guess about, so they are refused. */
static int read_element(struct reader *r, enum family f, struct prefix_set *set) {
	struct prefix p;

	if (r->words.word.kind != NFT_WORD || prefix_parse(r->words.word.s.s, r->words.word.s.len, &p, NULL) < 0 ||
	    prefix_family(p) != f)
		return nft_unexpected(&r->words,
				      f == FAMILY_4 ? "an IPv4 address or network" : "an IPv6 address or network");
	prefix_set_add(set, p);
	nft_next(&r->words);
	return 0;
}

/* { element, element }, with line ends where nft allows them. */
static int read_braces(struct reader *r, enum family f, struct prefix_set *set) {
	int result = nft_expect(&r->words, "{");

	do {
		nft_skip_newlines(&r->words);
		if (set->ranges.n && nft_at(&r->words, "}"))
			break; /* behind a last comma */
		if (result == 0)
			result = read_element(r, f, set);
		if (result < 0)
			return result;
		nft_skip_newlines(&r->words);
	} while (nft_take(&r->words, ","));
	return nft_expect(&r->words, "}");
}

static void settle(struct prefix_set *s, struct arena *a) {
	struct prefix_set settled = PREFIX_SET_INIT;

	prefix_set_normalise(s);
	settled.ranges.n = settled.ranges.cap = s->ranges.n;
	settled.ranges.v = (struct range *)(void *)arena_dup(a, s->ranges.v, s->ranges.n * sizeof(*s->ranges.v));
	prefix_set_done(s);
	*s = settled;
}

/* "@name", "{ … }" or one address. */
static int read_addresses(struct reader *r, enum family f, struct prefix_set *ret_set) {
	struct prefix_set set = PREFIX_SET_INIT;
	int result;

	if (r->words.word.kind == NFT_WORD && r->words.word.s.s[0] == '@') {
		const struct named *n = map_get(&r->sets, r->words.word.s.s + 1, r->words.word.s.len - 1);

		if (!n || n->family != f)
			return nft_refuse(&r->words, "%s is no set of %s addresses", nft_shown(&r->words),
					  f == FAMILY_4 ? "IPv4" : "IPv6");
		*ret_set = n->set;
		nft_next(&r->words);
		return 0;
	}
	result = nft_at(&r->words, "{") ? read_braces(r, f, &set) : read_element(r, f, &set);
	if (result == 0) {
		settle(&set, r->arena);
		*ret_set = set;
	} else {
		prefix_set_done(&set);
	}
	return result;
}

static int read_set(struct reader *r) {
	struct named *n = arena_new(r->arena, struct named);
	struct prefix_set set = PREFIX_SET_INIT;
	struct str name = r->words.word.s;
	int result = r->words.word.kind == NFT_WORD ? 0 : nft_unexpected(&r->words, "the name of a set");

	if (result == 0 && map_add(&r->sets, name.s, name.len, n) != n)
		return nft_refuse(&r->words, "the set %s is there already", nft_shown(&r->words));
	nft_next(&r->words);
	if (result < 0 || nft_expect(&r->words, "{") < 0 || nft_expect_newline(&r->words) < 0 ||
	    nft_expect(&r->words, "type") < 0)
		return -EINVAL;
	n->family = nft_at(&r->words, "ipv6_addr") ? FAMILY_6 : FAMILY_4;
	if (!nft_take(&r->words, "ipv4_addr") && !nft_take(&r->words, "ipv6_addr"))
		return nft_unexpected(&r->words, "ipv4_addr or ipv6_addr");
	if (nft_expect_newline(&r->words) < 0 || nft_expect(&r->words, "flags") < 0 ||
	    nft_expect(&r->words, "interval") < 0 || nft_expect_newline(&r->words) < 0 ||
	    nft_expect(&r->words, "elements") < 0 || nft_expect(&r->words, "=") < 0)
		return -EINVAL;
	result = read_braces(r, n->family, &set);
	settle(&set, r->arena);
	n->set = set;
	if (result < 0 || nft_expect_newline(&r->words) < 0 || nft_expect(&r->words, "}") < 0)
		return -EINVAL;
	return nft_expect_newline(&r->words);
}

/* Braces around words, or one word; true when it is that. */
static bool take_words(struct reader *r) {
	if (!nft_take(&r->words, "{"))
		return r->words.word.kind == NFT_WORD && (nft_next(&r->words), true);
	do {
		if (r->words.word.kind != NFT_WORD)
			return false;
		nft_next(&r->words);
	} while (nft_take(&r->words, ","));
	return nft_take(&r->words, "}");
}

/* A whole number, or "1000/second". */
static bool take_rate(struct reader *r) {
	struct str rest = r->words.word.s, number;
	uint32_t n;

	if (r->words.word.kind != NFT_WORD || !str_split(&rest, '/', &number) || !number_of(number, &n))
		return false;
	if (rest.s && !str_is(rest, "second") && !str_is(rest, "minute"))
		return false;
	nft_next(&r->words);
	return true;
}

static bool take_part(struct reader *r, struct str part) {
	struct prefix_set set;

	if (part.s[0] != '$') {
		if (r->words.word.kind == NFT_NEWLINE || r->words.word.kind == NFT_END ||
		    !str_eq(r->words.word.s, part))
			return false;
		nft_next(&r->words);
		return true;
	}
	switch (part.s[1]) {
	case 's':
		return r->words.word.kind == NFT_STRING && (nft_next(&r->words), true);
	case 'n':
		return take_rate(r);
	case 't':
		return take_words(r);
	default:
		return read_addresses(r, part.s[1] == '4' ? FAMILY_4 : FAMILY_6, &set) == 0;
	}
}

/* Whether the statement at hand is this one, up to the end of its line; else nothing has happened. */
static bool take_pattern(struct reader *r, const char *pattern) {
	const struct nft_words before = r->words;
	struct str rest = str_of(pattern), part;
	bool fits = true;

	while (fits && str_split(&rest, ' ', &part))
		fits = take_part(r, part);
	if (fits && r->words.word.kind == NFT_NEWLINE)
		return true;
	r->words = before;
	return false;
}

/* Keeps what lies between two words, with single blanks. */
static void keep_other(struct reader *r, const char *from, const char *to) {
	const char *name = chain_rows[r->chain].name;
	size_t n = strlen(name);
	char *text = arena_alloc(r->arena, n + 2 + (size_t)(to - from) + 1), *out = text + n;
	bool quoted = false;

	memcpy(text, name, n);
	*out++ = ':';
	*out++ = ' ';
	for (const char *c = from; c < to; c++) {
		const bool blank = !quoted && (*c == ' ' || *c == '\t');

		quoted ^= *c == '"';
		if (!blank)
			*out++ = *c;
		else if (out[-1] != ' ')
			*out++ = ' ';
	}
	vec_push(&r->ret->other, (struct str){ text, (size_t)(out - text) });
}

static bool take_other(struct reader *r, const char *pattern) {
	const char *from = r->words.word.s.s;

	if (!take_pattern(r, pattern))
		return false;
	keep_other(r, from, r->words.before);
	return true;
}

/* A rule by addresses and ports, while it is read. */
struct flow_rule {
	bool families[2]; /* IPv4, IPv6 */
	bool has_from, has_to, translated;
	struct prefix_set from, to;
	uint8_t protocol;
	VEC(uint16_t) ports;
};

static int only_family(struct reader *r, struct flow_rule *f, enum family family) {
	const unsigned i = family == FAMILY_6;

	if (!f->families[i])
		return nft_refuse(&r->words, "the two address families meet in one rule");
	f->families[!i] = false;
	return 0;
}

static int read_family(struct reader *r, struct flow_rule *f) {
	if (nft_take(&r->words, "ipv4"))
		return only_family(r, f, FAMILY_4);
	return nft_take(&r->words, "ipv6") ? only_family(r, f, FAMILY_6) : nft_unexpected(&r->words, "ipv4 or ipv6");
}

/* "ip saddr @set", "ip6 daddr { … }" */
static int read_side(struct reader *r, struct flow_rule *f) {
	const enum family family = nft_at(&r->words, "ip") ? FAMILY_4 : FAMILY_6;
	bool source, *has;

	nft_next(&r->words);
	source = nft_at(&r->words, "saddr");
	has = source ? &f->has_from : &f->has_to;
	if (!source && !nft_at(&r->words, "daddr"))
		return nft_unexpected(&r->words, "saddr or daddr");
	if (*has)
		return nft_refuse(&r->words, "%s twice in one rule", source ? "saddr" : "daddr");
	nft_next(&r->words);
	*has = true;
	if (only_family(r, f, family) < 0)
		return -EINVAL;
	return read_addresses(r, family, source ? &f->from : &f->to);
}

/* "ct status dnat ct original ip daddr ADDRESS" */
static int read_original(struct reader *r, struct flow_rule *f) {
	static const char *const words[] = { "ct", "status", "dnat", "ct", "original", "ip", "daddr" };

	if (f->has_to || r->chain != FORWARD)
		return nft_refuse(&r->words,
				  "a destination before NAT belongs into the chain forward, without another one");
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (nft_expect(&r->words, words[i]) < 0)
			return -EINVAL;
	f->translated = f->has_to = true;
	return only_family(r, f, FAMILY_4) < 0 ? -EINVAL : read_addresses(r, FAMILY_4, &f->to);
}

static int read_port(struct reader *r, struct flow_rule *f) {
	uint32_t n;

	if (r->words.word.kind != NFT_WORD || !number_of(r->words.word.s, &n) || n > UINT16_MAX)
		return nft_unexpected(&r->words, "a port");
	vec_push(&f->ports, (uint16_t)n);
	nft_next(&r->words);
	return 0;
}

static int read_protocol(struct reader *r, struct flow_rule *f) {
	f->protocol = nft_at(&r->words, "udp") ? IPPROTO_UDP : IPPROTO_TCP;
	return nft_take(&r->words, "udp") || nft_take(&r->words, "tcp") ? 0 : nft_unexpected(&r->words, "tcp or udp");
}

/* "tcp dport { 80, 443 }", or before NAT "meta l4proto tcp ct original proto-dst 443" */
static int read_ports(struct reader *r, struct flow_rule *f) {
	if (f->translated) {
		if (nft_expect(&r->words, "meta") < 0 || nft_expect(&r->words, "l4proto") < 0 ||
		    read_protocol(r, f) < 0 || nft_expect(&r->words, "ct") < 0 ||
		    nft_expect(&r->words, "original") < 0 || nft_expect(&r->words, "proto-dst") < 0)
			return -EINVAL;
		return read_port(r, f);
	}
	if (read_protocol(r, f) < 0 || nft_expect(&r->words, "dport") < 0)
		return -EINVAL;
	if (!nft_take(&r->words, "{"))
		return read_port(r, f);
	do
		if (read_port(r, f) < 0)
			return -EINVAL;
	while (nft_take(&r->words, ","));
	return nft_expect(&r->words, "}");
}

static const struct prefix_set *everything(struct reader *r, enum family f) {
	struct prefix_set *s = arena_new(r->arena, struct prefix_set);

	prefix_set_add(s, f == FAMILY_4 ? (struct prefix){ ip_from_v4(0), 96 } : (struct prefix){ { 0, 0 }, 0 });
	settle(s, r->arena);
	return s;
}

static void add_flows(struct reader *r, const struct flow_rule *f, const struct nft_rule *origin) {
	for (unsigned i = 0; i < ARRAY_LEN(f->families); i++) {
		struct flow_box box = {
			.chain = r->chain == INPUT ? FLOW_INPUT : FLOW_FORWARD,
			.family = i ? FAMILY_6 : FAMILY_4,
			.protocol = f->protocol,
			.translated = f->translated,
			.origin = origin,
		};

		if (!f->families[i])
			continue;
		box.from = f->has_from ? f->from : *everything(r, box.family);
		box.to = f->has_to ? f->to : *everything(r, box.family);
		for (size_t p = 0; p < f->ports.n; p++) {
			box.port_first = box.port_last = f->ports.v[p];
			flows_add(&r->ret->flows, &box);
		}
	}
}

static int read_flow_parts(struct reader *r, struct flow_rule *f) {
	int result =
		nft_take(&r->words, "meta") ? (nft_expect(&r->words, "nfproto") < 0 ? -EINVAL : read_family(r, f)) : 0;

	while (result == 0 && (nft_at(&r->words, "ip") || nft_at(&r->words, "ip6")))
		result = read_side(r, f);
	if (result == 0 && nft_at(&r->words, "ct"))
		result = read_original(r, f);
	return result == 0 ? read_ports(r, f) : result;
}

static int read_flow(struct reader *r) {
	struct nft_rule *origin = arena_new(r->arena, struct nft_rule);
	struct flow_rule f = { .families = { true, true } };
	int result = read_flow_parts(r, &f);

	*origin = (struct nft_rule){ .line = r->words.word.line };
	if (result == 0)
		result = nft_expect(&r->words, "accept");
	if (result == 0 && nft_take(&r->words, "comment")) {
		if (r->words.word.kind == NFT_STRING)
			origin->comment = (struct str){ r->words.word.s.s + 1, r->words.word.s.len - 2 };
		else
			result = nft_unexpected(&r->words, "a comment in quotes");
		nft_next(&r->words);
	}
	if (result == 0 && r->words.word.kind != NFT_NEWLINE)
		result = nft_unexpected(&r->words, "the end of the line");
	if (result == 0)
		add_flows(r, &f, origin);
	vec_done(&f.ports);
	return result;
}

static int read_statement(struct reader *r) {
	if (++r->rules > RULES_MAX)
		return -E2BIG;
	for (size_t i = 0; i < ARRAY_LEN(statements); i++)
		if (statements[i].chains & 1U << r->chain && take_other(r, statements[i].pattern))
			return 0;
	if (r->chain != INPUT && r->chain != FORWARD)
		return nft_refuse(&r->words, "a statement that the chain %s does not have: %s",
				  chain_rows[r->chain].name, nft_shown(&r->words));
	return read_flow(r);
}

static int read_chain(struct reader *r) {
	unsigned c = 0;
	int result = 0;

	while (c < _CHAIN_MAX && !nft_at(&r->words, chain_rows[c].name))
		c++;
	if (c == _CHAIN_MAX)
		return nft_unexpected(&r->words, "a chain of this firewall");
	if (r->seen[c])
		return nft_refuse(&r->words, "the chain %s is there already", nft_shown(&r->words));
	r->seen[c] = true;
	r->chain = c;
	nft_next(&r->words);
	if (nft_expect(&r->words, "{") < 0 || nft_expect_newline(&r->words) < 0)
		return -EINVAL;
	nft_skip_newlines(&r->words);
	if (chain_rows[c].hook && !take_other(r, chain_rows[c].hook))
		return nft_refuse(&r->words, "the chain %s does not begin with '%s'", chain_rows[c].name,
				  chain_rows[c].hook);
	for (nft_skip_newlines(&r->words); result == 0 && !nft_at(&r->words, "}"); nft_skip_newlines(&r->words))
		result = read_statement(r);
	nft_next(&r->words);
	return result == 0 ? nft_expect_newline(&r->words) : result;
}

static int read_table(struct reader *r) {
	int result = 0;

	nft_skip_newlines(&r->words);
	while (result == 0 && !nft_at(&r->words, "}")) {
		if (nft_take(&r->words, "set"))
			result = read_set(r);
		else
			result = nft_take(&r->words, "chain") ? read_chain(r)
							      : nft_unexpected(&r->words, "set or chain");
		nft_skip_newlines(&r->words);
	}
	return result == 0 ? nft_expect(&r->words, "}") : result;
}

/* table, delete table, table { … }: the transaction that replaces the table, and nothing else. */
static int read_file(struct reader *r) {
	static const char *const words[] = { "table",  "inet", "hextet", "\n",   "delete", "table", "inet",
					     "hextet", "\n",   "table",  "inet", "hextet", "{",     "\n" };
	int result;

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (!i || words[i - 1][0] == '\n')
			nft_skip_newlines(&r->words);
		if ((words[i][0] == '\n' ? nft_expect_newline(&r->words) : nft_expect(&r->words, words[i])) < 0)
			return -EINVAL;
	}
	result = read_table(r);
	if (result < 0)
		return result;
	nft_skip_newlines(&r->words);
	if (r->words.word.kind != NFT_END)
		return nft_unexpected(&r->words, "nothing behind the table");
	if (!r->seen[INPUT] || !r->seen[FORWARD])
		return nft_refuse(&r->words, "the chain %s is missing: without it everything is let through",
				  r->seen[INPUT] ? "forward" : "input");
	return 0;
}

int nft_read(struct str text, struct arena *a, struct nft_text *ret) {
	struct reader r = { .arena = a, .ret = ret };
	int result;

	*ret = (struct nft_text){ 0 };
	flows_init(&ret->flows, a);
	if (text.len > TEXT_MAX)
		return -E2BIG;
	map_init(&r.sets, a);
	nft_words_init(&r.words, text, a);
	result = read_file(&r);
	if (r.words.error_line) {
		result = -EINVAL;
		ret->error_line = r.words.error_line;
		memcpy(ret->error, r.words.error, sizeof(ret->error));
	}
	map_done(&r.sets);
	return result;
}

void nft_text_done(struct nft_text *t) {
	flows_done(&t->flows);
	vec_done(&t->other);
}
