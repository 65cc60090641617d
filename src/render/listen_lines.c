/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table for each program says in which slot the words of a key are collected; when all lines are read, the program's
 * own function makes listeners of the slots, so that the order of the lines does not matter. A key without words stands
 * for itself: where an address should be, it is refused as one.
 */
#include "render/listen_lines.h"

#include <errno.h>
#include <string.h>

#include "render/listen_add.h"

enum slot {
	ADDRESS,
	PORT,
	PROTOCOL,
	NO_IPV4,
	NO_IPV6,
	NO_UDP,
	NO_TCP,
	OPTION,
	URL,
	REDIRECT,
	ADDRESS_2,
	URL_2,
	REDIRECT_2,
	_SLOT_MAX,
	HEAD,    /* of a section: words behind it would be keys */
	REFUSED, /* may open a listener, or close one, in a way that is not read */
};

struct row {
	const char *key;
	enum slot slot;
};

struct place {
	struct str word;
	uint32_t line;
};

struct reading {
	struct facts *facts;
	const char **ret_error;
	const struct row *rows; /* the last has no key */
	const char *dividers;   /* of words, beside blanks; brackets among them are those of a list */
	const char *comments;
	VEC(struct place) slots[_SLOT_MAX];
};

static int refuse(const struct reading *r, struct place at, const char *reason) {
	return listen_refuse(r->facts, at.line, at.word, reason, r->ret_error);
}

static int refuse_address(const struct reading *r, struct place at) {
	return refuse(r, at, "is no address with a port");
}

static bool is_one_of(char c, const char *set) {
	return c && strchr(set, c);
}

/* Takes the next word off the rest of a line. A quote without its end stays in the word, which nothing then takes.
 * *depth counts the brackets that are open. */
static bool take_word(const struct reading *r, struct str *rest, int *depth, struct str *ret_word) {
	size_t i = 0, from;

	while (i < rest->len && (is_one_of(rest->s[i], " \t\r") || is_one_of(rest->s[i], r->dividers))) {
		*depth += rest->s[i] == '[' ? 1 : rest->s[i] == ']' ? -1 : 0;
		i++;
	}
	if (i == rest->len || is_one_of(rest->s[i], r->comments))
		return false;
	from = i;
	if (is_one_of(rest->s[i], "\"'")) {
		const char *end = memchr(rest->s + i + 1, rest->s[i], rest->len - i - 1);

		i = end ? (size_t)(end - rest->s) + 1 : rest->len;
		*ret_word = end ? (struct str){ rest->s + from + 1, i - from - 2 }
				: (struct str){ rest->s + from, i - from };
	} else {
		while (i < rest->len && !is_one_of(rest->s[i], " \t\r") && !is_one_of(rest->s[i], r->dividers))
			i++;
		*ret_word = (struct str){ rest->s + from, i - from };
	}
	*rest = (struct str){ rest->s + i, rest->len - i };
	return true;
}

static int read_row(struct reading *r, const struct row *row, struct place key, struct str rest) {
	struct place p = key;
	unsigned n = 0;
	int depth = 0;

	if (row->slot == REFUSED)
		return refuse(r, key, "is not understood here");
	while (take_word(r, &rest, &depth, &p.word)) {
		if (row->slot == HEAD)
			return refuse(r, p, "is not understood behind the head of a section");
		vec_push(&r->slots[row->slot], p);
		n++;
	}
	if (depth)
		return refuse(r, key, "has a list that goes on in the next line");
	if (!n && row->slot != HEAD)
		vec_push(&r->slots[row->slot], key);
	return 0;
}

static int read_line(struct reading *r, uint32_t number, struct str line) {
	struct place key = { .word = line, .line = number };

	key.word.len = 0;
	while (key.word.len < line.len && !is_one_of(line.s[key.word.len], " \t\r:="))
		key.word.len++;
	line = str_trim((struct str){ line.s + key.word.len, line.len - key.word.len });
	if (line.len && is_one_of(*line.s, ":="))
		line = (struct str){ line.s + 1, line.len - 1 };
	for (const struct row *row = r->rows; row->key; row++)
		if (str_is(key.word, row->key))
			return read_row(r, row, key, line);
	return 0;
}

/* Collects all lines, then makes listeners of them. */
static int read_lines(struct reading *r, struct str text, const char *program,
		      int (*finish)(const struct reading *r, const char *program)) {
	struct str line;
	int result = 0;

	for (uint32_t number = 1; result == 0 && str_split(&text, '\n', &line); number++) {
		line = str_trim(line);
		if (line.len && !is_one_of(*line.s, r->comments))
			result = read_line(r, number, line);
	}
	if (result == 0)
		result = finish(r, program);
	for (unsigned i = 0; i < _SLOT_MAX; i++)
		vec_done(&r->slots[i]);
	return result;
}

/* The last word of a slot, which replaces those before; NULL: none. */
static const struct place *last(const struct reading *r, enum slot slot) {
	return r->slots[slot].n ? &r->slots[slot].v[r->slots[slot].n - 1] : NULL;
}

static int read_port(const struct reading *r, int32_t otherwise, int32_t *ret_port) {
	const struct place *p = last(r, PORT);
	const int32_t port = p ? listen_port(p->word) : otherwise;

	if (port < 1) {
		(void)refuse(r, *p, "is no port");
		return -EINVAL;
	}
	*ret_port = port;
	return 0;
}

/* "ADDRESS@PORT" */
static struct str cut_port(struct str word, int32_t *port) {
	const char *at = memchr(word.s, '@', word.len);
	const size_t len = at ? (size_t)(at - word.s) : word.len;

	if (at)
		*port = listen_port((struct str){ at + 1, word.len - len - 1 });
	return (struct str){ word.s, len };
}

enum {
	PORT_DNS = 53,
	PORT_OPENVPN = 1194,
	PORT_POSTGRESQL = 5432,
	PORT_HTTP = 80,
	PORT_HTTPS = 443,
	PORT_JENKINS = 8080
};

static int finish_knot(const struct reading *r, const char *program) {
	const struct listen_kind k = { .program = program, .protocols = LISTEN_TCP | LISTEN_UDP };

	for (size_t i = 0; i < r->slots[ADDRESS].n; i++) {
		const struct place p = r->slots[ADDRESS].v[i];
		int32_t port = PORT_DNS;
		const struct str address = cut_port(p.word, &port);

		if (!address.len || listen_add(r->facts, &k, address, port) < 0)
			return refuse_address(r, p);
	}
	return 0;
}

int knot_listeners(struct facts *f, struct str text, const char **ret_error) {
	static const struct row rows[] = {
		{ "listen", ADDRESS }, { "listen-quic", REFUSED }, { "listen-tls", REFUSED }, { "listen-xdp", REFUSED },
		{ NULL, 0 },
	};
	struct reading r = { .facts = f, .ret_error = ret_error, .rows = rows, .dividers = ",[]", .comments = "#" };

	return read_lines(&r, text, "knot", finish_knot);
}

/* "do-ip6: no"; without the line it is yes. */
static int read_no(const struct reading *r, enum slot slot, bool *ret_no) {
	const struct place *p = last(r, slot);

	if (p && !str_is(p->word, "yes") && !str_is(p->word, "no"))
		return refuse(r, *p, "is neither yes nor no");
	*ret_no = p && str_is(p->word, "no");
	return 0;
}

static int finish_unbound(const struct reading *r, const char *program) {
	struct listen_kind k = { .program = program };
	bool no[NO_TCP + 1];
	int32_t default_port;

	for (enum slot s = NO_IPV4; s <= NO_TCP; s++)
		if (read_no(r, s, &no[s]) < 0)
			return -EINVAL;
	if (read_port(r, PORT_DNS, &default_port) < 0)
		return -EINVAL;
	k.protocols = (no[NO_TCP] ? 0U : LISTEN_TCP) | (no[NO_UDP] ? 0U : LISTEN_UDP);
	for (size_t i = 0; i < r->slots[ADDRESS].n; i++) {
		const struct place p = r->slots[ADDRESS].v[i];
		int32_t port = default_port;
		const struct str address = cut_port(p.word, &port);
		struct ip ip;

		if (ip_parse(address.s, address.len, &ip, NULL) < 0)
			return refuse_address(r, p);
		if (no[ip_family(ip) == FAMILY_4 ? NO_IPV4 : NO_IPV6])
			continue;
		if (listen_add(r->facts, &k, address, port) < 0)
			return refuse_address(r, p);
	}
	return 0;
}

int unbound_listeners(struct facts *f, struct str text, const char **ret_error) {
	static const struct row rows[] = {
		{ "interface", ADDRESS },
		{ "ip-address", ADDRESS },
		{ "port", PORT },
		{ "do-ip4", NO_IPV4 },
		{ "do-ip6", NO_IPV6 },
		{ "do-udp", NO_UDP },
		{ "do-tcp", NO_TCP },
		{ "server", HEAD },
		{ "remote-control", HEAD },
		{ "interface-automatic", REFUSED },
		{ "tls-service-key", REFUSED },
		{ "dnscrypt-enable", REFUSED },
		{ "control-interface", REFUSED },
		{ "include", REFUSED },
		{ "include-toplevel", REFUSED },
		{ NULL, 0 },
	};
	struct reading r = { .facts = f, .ret_error = ret_error, .rows = rows, .dividers = "", .comments = "#" };

	return read_lines(&r, text, "unbound", finish_unbound);
}

static int finish_openvpn(const struct reading *r, const char *program) {
	static const struct {
		const char *word;
		unsigned protocol;
		const char *any; /* NULL: the system's choice */
	} rows[] = {
		{ "udp", LISTEN_UDP, NULL },         { "udp4", LISTEN_UDP, "0.0.0.0" },
		{ "udp6", LISTEN_UDP, "::" },        { "tcp", LISTEN_TCP, NULL },
		{ "tcp4", LISTEN_TCP, "0.0.0.0" },   { "tcp6", LISTEN_TCP, "::" },
		{ "tcp-server", LISTEN_TCP, NULL },  { "tcp4-server", LISTEN_TCP, "0.0.0.0" },
		{ "tcp6-server", LISTEN_TCP, "::" },
	};
	const struct place *given = last(r, PROTOCOL), *local = last(r, ADDRESS), *option = last(r, OPTION);
	const struct place proto = given ? *given : (struct place){ STR("udp"), 1 };
	const bool only = option && str_is(option->word, "ipv6only");
	struct listen_kind k = { .program = program, .both = !only };
	size_t i = 0;
	int32_t port;

	if (option && !only)
		return 0; /* nobind */
	while (i < ARRAY_LEN(rows) && !str_is(proto.word, rows[i].word))
		i++;
	if (i == ARRAY_LEN(rows))
		return refuse(r, proto, "is no protocol of a server");
	if (!local && !rows[i].any)
		return refuse(r, proto, "does not say the family: with 'local', or 4 or 6 behind it, it would");
	if (read_port(r, PORT_OPENVPN, &port) < 0)
		return -EINVAL;
	k.protocols = rows[i].protocol;
	if (!local)
		return listen_add(r->facts, &k, str_of(rows[i].any), port);
	return local->word.len && listen_add(r->facts, &k, local->word, port) == 0 ? 0 : refuse_address(r, *local);
}

int openvpn_listeners(struct facts *f, const char *program, struct str text, const char **ret_error) {
	static const struct row rows[] = {
		{ "proto", PROTOCOL }, { "port", PORT },     { "lport", PORT },         { "local", ADDRESS },
		{ "bind", OPTION },    { "nobind", OPTION }, { "management", REFUSED }, { "<connection>", REFUSED },
		{ "config", REFUSED }, { NULL, 0 },
	};
	struct reading r = { .facts = f, .ret_error = ret_error, .rows = rows, .dividers = "", .comments = "#;" };

	return read_lines(&r, text, program, finish_openvpn);
}

static int finish_postgresql(const struct reading *r, const char *program) {
	const struct place *list = last(r, ADDRESS);
	struct place p = list ? *list : (struct place){ STR(""), 0 };
	struct str rest = p.word;
	int32_t port;

	if (read_port(r, PORT_POSTGRESQL, &port) < 0)
		return -EINVAL;
	while (str_split(&rest, ',', &p.word)) {
		const bool all = str_is(p.word = str_trim(p.word), "*");
		const struct listen_kind k = { .program = program, .protocols = LISTEN_TCP, .both = all };

		if (p.word.len && listen_add(r->facts, &k, all ? STR("::") : p.word, port) < 0)
			return refuse_address(r, p);
	}
	return 0;
}

int postgresql_listeners(struct facts *f, struct str text, const char **ret_error) {
	static const struct row rows[] = {
		{ "listen_addresses", ADDRESS },  { "port", PORT }, { "include", REFUSED }, { "include_dir", REFUSED },
		{ "include_if_exists", REFUSED }, { NULL, 0 },
	};
	struct reading r = { .facts = f, .ret_error = ret_error, .rows = rows, .dividers = "", .comments = "#" };

	return read_lines(&r, text, "postgresql", finish_postgresql);
}

/* "https://git.example.net:8443/path" */
static int32_t port_of_url(struct str url, bool *ret_tls) {
	static const char http[] = "http://", https[] = "https://";
	const bool tls = url.len >= strlen(https) && memcmp(url.s, https, strlen(https)) == 0;
	const size_t scheme = tls ? strlen(https) : strlen(http);
	struct str host, name;

	if (url.len < scheme || (!tls && memcmp(url.s, http, scheme) != 0))
		return -1;
	*ret_tls = tls;
	url = (struct str){ url.s + scheme, url.len - scheme };
	if (!url.len || !str_split(&url, '/', &host) || !str_split(&host, ':', &name) || !name.len)
		return -1;
	if (!host.s)
		return tls ? PORT_HTTPS : PORT_HTTP;
	return listen_port(host);
}

static struct str without_brackets(struct str s) {
	if (s.len > 2 && s.s[0] == '[' && s.s[s.len - 1] == ']')
		return (struct str){ s.s + 1, s.len - 2 };
	return s;
}

static int gitlab_site(const struct reading *r, const char *program, enum slot addresses, enum slot url_slot,
		       enum slot redirect_slot) {
	const struct listen_kind k = { .program = program, .protocols = LISTEN_TCP };
	const struct place *url = last(r, url_slot), *redirect = last(r, redirect_slot);
	bool tls = false;
	int32_t port;

	if (!url)
		return r->slots[addresses].n ? refuse(r, r->slots[addresses].v[0], "has no port: no URL says one") : 0;
	if (!r->slots[addresses].n)
		return refuse(r, *url, "has no listen_addresses: GitLab's version would choose them");
	port = port_of_url(url->word, &tls);
	if (port < 1)
		return refuse(r, *url, "is no URL with a host");
	for (size_t i = 0; i < r->slots[addresses].n; i++) {
		const struct place p = r->slots[addresses].v[i];
		const struct str address = without_brackets(p.word);

		if (!address.len || listen_add(r->facts, &k, address, port) < 0)
			return refuse_address(r, p);
		if (tls && redirect && str_is(redirect->word, "true"))
			(void)listen_add(r->facts, &k, address, PORT_HTTP);
	}
	return 0;
}

static int finish_gitlab(const struct reading *r, const char *program) {
	const int result = gitlab_site(r, program, ADDRESS, URL, REDIRECT);

	return result < 0 ? result : gitlab_site(r, program, ADDRESS_2, URL_2, REDIRECT_2);
}

int gitlab_listeners(struct facts *f, struct str text, const char **ret_error) {
	static const struct row rows[] = {
		{ "external_url", URL },
		{ "nginx['listen_addresses']", ADDRESS },
		{ "nginx['redirect_http_to_https']", REDIRECT },
		{ "registry_external_url", URL_2 },
		{ "registry_nginx['listen_addresses']", ADDRESS_2 },
		{ "registry_nginx['redirect_http_to_https']", REDIRECT_2 },
		{ "nginx['listen_port']", REFUSED },
		{ "nginx['redirect_http_to_https_port']", REFUSED },
		{ "nginx['enable']", REFUSED },
		{ "registry_nginx['listen_port']", REFUSED },
		{ "registry_nginx['enable']", REFUSED },
		{ "pages_external_url", REFUSED },
		{ "mattermost_external_url", REFUSED },
		{ "from_file", REFUSED },
		{ NULL, 0 },
	};
	struct reading r = { .facts = f, .ret_error = ret_error, .rows = rows, .dividers = ",[]", .comments = "#" };

	return read_lines(&r, text, "nginx (gitlab)", finish_gitlab);
}

static int finish_jenkins(const struct reading *r, const char *program) {
	const struct listen_kind k = { .program = program, .protocols = LISTEN_TCP };
	struct place address = { { NULL, 0 }, 0 };
	int32_t port = PORT_JENKINS;

	for (size_t i = 0; i < r->slots[OPTION].n; i++) {
		struct place p = r->slots[OPTION].v[i];
		struct str value = p.word, name;

		(void)str_split(&value, '=', &name);
		if (memmem(name.s, name.len, "JENKINS_HTTP", strlen("JENKINS_HTTP")) || str_is(name, "JENKINS_OPTS"))
			return refuse(r, p, "is not understood here");
		if (str_is(name, "JENKINS_LISTEN_ADDRESS"))
			address = (struct place){ value.s ? value : STR(""), p.line };
		else if (str_is(name, "JENKINS_PORT")) {
			port = value.s ? listen_port(value) : -1;
			if (port < 1)
				return refuse(r, p, "is no port");
		}
	}
	if (!address.line)
		return 0;
	return listen_add_one(r->facts, &k, address.word, port) < 0 ? refuse_address(r, address) : 0;
}

int jenkins_listeners(struct facts *f, struct str text, const char **ret_error) {
	static const struct row rows[] = { { "Environment", OPTION }, { NULL, 0 } };
	struct reading r = { .facts = f, .ret_error = ret_error, .rows = rows, .dividers = "", .comments = "#;" };

	return read_lines(&r, text, "jenkins", finish_jenkins);
}
