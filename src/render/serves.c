/* SPDX-License-Identifier: Apache-2.0 */
/*
 * First one entry a port, with the names of all services that have it; then neighbours that differ in nothing but the
 * port become one. Two entries for one port would be two listeners, between which the kernel chooses at random.
 */
#include "render/serves.h"

#include <ctype.h>
#include <string.h>

#include "estate/party.h"
#include "render/data.h"

enum { PORT_HTTP = 80, PORT_HTTPS = 443 };

struct port_use {
	uint16_t port;
	bool tls;
	const struct number *number;
	const struct service *service;
	struct value *names, *redirect;
};

struct port_uses {
	VEC(struct port_use) list;
	struct arena *arena;
};

bool serves_family(const struct estate *e, const struct machine *m, enum family family) {
	const bool v4 = family == FAMILY_4;

	if ((v4 ? m->ip.at : m->ipv6.at) || (v4 ? m->other_ips.n : m->other_ips6.n))
		return true;
	LIST_EACH (struct failover, f, &e->failover)
		if (v4 ? f->ipv4.n : f->ipv6.n)
			LIST_EACH (struct ref, ref, &f->machines)
				if (ref->to == m)
					return true;
	return false;
}

bool serves_any(const struct estate *e, const struct machine *m) {
	const struct service *s;

	for (uint32_t i = 0; i < m->endpoint_count; i++) {
		s = m->endpoints[i]->service.to;
		if (s && s->tcp.n)
			return serves_family(e, m, FAMILY_4) || serves_family(e, m, FAMILY_6);
	}
	return false;
}

static const struct number *find_port(const struct service *s, uint64_t port) {
	LIST_EACH (struct number, n, &s->tcp)
		if (n->n == port)
			return n;
	return NULL;
}

bool serves_tls(const struct service *s, uint64_t port) {
	return port == PORT_HTTPS ||
	       (port != PORT_HTTP && (find_port(s, PORT_HTTPS) || strncmp(s->name.s, "https", 5) == 0));
}

static struct port_use *use_port(struct port_uses *u, const struct service *s, const struct number *number) {
	size_t at = 0;

	while (at < u->list.n && u->list.v[at].port < number->n)
		at++;
	if (at == u->list.n || u->list.v[at].port != number->n) {
		vec_push(&u->list, (struct port_use){ 0 });
		memmove(&u->list.v[at + 1], &u->list.v[at], (u->list.n - 1 - at) * sizeof(*u->list.v));
		u->list.v[at] = (struct port_use){
			.port = (uint16_t)number->n,
			.number = number,
			.service = s,
			.names = value_list(u->arena, number->at->loc),
			.redirect = value_list(u->arena, number->at->loc),
		};
	}
	u->list.v[at].tls |= serves_tls(s, number->n);
	return &u->list.v[at];
}

static const struct value *lower_name(const struct endpoint_name *n, struct arena *a) {
	char *text = arena_dup(a, n->name.s, strlen(n->name.s));

	for (char *c = text; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return value_text(a, text, n->name.at->loc);
}

static void add_endpoint(struct port_uses *u, const struct endpoint_name *n, const struct value *name,
			 const struct service *http) {
	const struct service *s = n->service.to;
	const struct number *plain = find_port(s, PORT_HTTP);

	LIST_EACH (struct number, number, &s->tcp)
		if (number->n != PORT_HTTP || !find_port(s, PORT_HTTPS))
			value_list_push(u->arena, use_port(u, s, number)->names, name);
	if (!find_port(s, PORT_HTTPS))
		return;
	if (!plain && http) {
		plain = find_port(http, PORT_HTTP);
		s = http;
	}
	if (plain)
		value_list_push(u->arena, use_port(u, s, plain)->redirect, name);
}

static bool same_names(const struct value *a, const struct value *b) {
	for (uint32_t i = 0; a->list.n == b->list.n && i < a->list.n; i++)
		if (a->list.v[i] != b->list.v[i])
			return false;
	return a->list.n == b->list.n;
}

static bool alike(const struct port_use *a, const struct port_use *b) {
	return a->tls == b->tls && same_names(a->names, b->names) && same_names(a->redirect, b->redirect);
}

/* The service's name; with the port behind it when an earlier item has taken it. */
static const struct value *item_name(const struct value *list, const struct port_use *p, struct arena *a) {
	for (uint32_t i = 0; i < list->list.n; i++)
		if (str_is(value_as_str(value_get(list->list.v[i], key_of("name", 4))), p->service->name.s))
			return value_text(a, arena_printf(a, "%s-%u", p->service->name.s, p->port), p->number->at->loc);
	return data_scalar(a, &p->service->name);
}

const struct value *serves_ports(const struct estate *e, const struct machine *m, struct arena *a) {
	const struct service *http = map_get(&e->service_by_name, "http", 4);
	struct value *list = value_list(a, NO_LOC), *item, *ports = NULL;
	struct port_uses u = { .arena = a };

	for (uint32_t i = 0; i < m->endpoint_count; i++)
		if (m->endpoints[i]->service.to)
			add_endpoint(&u, m->endpoints[i], lower_name(m->endpoints[i], a), http);
	for (size_t i = 0; i < u.list.n; i++) {
		const struct port_use *p = &u.list.v[i];

		if (!i || !alike(p - 1, p)) {
			item = value_dict(a, p->number->at->loc);
			ports = value_list(a, p->number->at->loc);
			value_dict_set(a, item, "name", item_name(list, p, a));
			value_dict_set(a, item, "ports", ports);
			value_dict_set(a, item, "tls", p->tls ? &value_true : &value_false);
			value_dict_set(a, item, "names", p->names);
			value_dict_set(a, item, "redirect", p->redirect);
			value_list_push(a, list, item);
		}
		value_list_push(a, ports, data_uint(a, p->number));
	}
	vec_done(&u.list);
	return list;
}

static const struct value *from_of(const struct estate *e, const struct machine *m, const struct endpoint_name *n,
				   struct arena *a) {
	struct prefix_set set = PREFIX_SET_INIT;
	const struct value *list;

	LIST_EACH (struct ref, ref, &n->only) {
		party_addresses(e, ref, FAMILY_4, m, &set);
		party_addresses(e, ref, FAMILY_6, m, &set);
	}
	prefix_set_normalise(&set);
	list = data_set(a, &set, n->only.at->loc);
	prefix_set_done(&set);
	return list;
}

const struct value *serves_only(const struct estate *e, const struct machine *m, struct arena *a) {
	struct value *list = value_list(a, NO_LOC), *item;

	for (uint32_t i = 0; i < m->endpoint_count; i++) {
		const struct endpoint_name *n = m->endpoints[i];

		if (!n->only.at)
			continue;
		item = value_dict(a, n->only.at->loc);
		value_dict_set(a, item, "name", lower_name(n, a));
		value_dict_set(a, item, "from", from_of(e, m, n, a));
		value_list_push(a, list, item);
	}
	return list;
}

const struct value *serves_only_from(const struct value *only, const struct value *name) {
	for (uint32_t i = 0; i < only->list.n; i++)
		if (str_eq(value_as_str(value_get(only->list.v[i], key_of("name", 4))), value_as_str(name)))
			return value_get(only->list.v[i], key_of("from", 4));
	return &value_null;
}

static void push_listen(struct value *list, const char *host, const struct value *port, bool ipv6, bool tls,
			struct arena *a) {
	struct value *d = value_dict(a, port->loc);

	value_dict_set(a, d, "address",
		       value_text(a, arena_printf(a, "%s%lld", host, (long long)port->integer), port->loc));
	value_dict_set(a, d, "port", port);
	value_dict_set(a, d, "ipv6", ipv6 ? &value_true : &value_false);
	value_dict_set(a, d, "tls", tls ? &value_true : &value_false);
	value_list_push(a, list, d);
}

const struct value *serves_listen(const struct value *ports, bool tls, const char *host4, const char *host6,
				  struct arena *a) {
	struct value *list = value_list(a, ports->loc);

	for (uint32_t i = 0; i < ports->list.n; i++) {
		if (host4)
			push_listen(list, host4, ports->list.v[i], false, tls, a);
		if (host6)
			push_listen(list, host6, ports->list.v[i], true, tls, a);
	}
	return list;
}
