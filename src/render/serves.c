/* SPDX-License-Identifier: Apache-2.0 */
#include "render/serves.h"

#include <string.h>

#include "estate/party.h"
#include "render/data.h"

static bool in_failover(const struct failover *f, const struct machine *m) {
	LIST_EACH (struct ref, ref, &f->machines)
		if (ref->to == m)
			return true;
	return false;
}

bool serves_endpoint(const struct endpoint_name *n, const struct machine *m) {
	LIST_EACH (struct ref, ref, &n->to) {
		if (ref->kind == REF_FAILOVER ? in_failover(ref->to, m) : party_has_machine(ref, m))
			return true;
	}
	return false;
}

bool serves_any(const struct estate *e, const struct machine *m) {
	LIST_EACH (struct endpoint_name, n, &e->endpoints)
		if (n->service.kind == REF_SERVICE && serves_endpoint(n, m))
			return true;
	return false;
}

static bool has_port(const struct service *s, uint64_t port) {
	LIST_EACH (struct number, n, &s->tcp)
		if (n->n == port)
			return true;
	return false;
}

static struct value *item(const struct service *s, bool redirect, struct value *names, struct arena *a) {
	struct value *d = value_dict(a, s->name.at->loc), *ports = value_list(a, s->name.at->loc);

	LIST_EACH (struct number, n, &s->tcp)
		value_list_push(a, ports, data_uint(a, n));
	value_dict_set(a, d, "service", data_scalar(a, &s->name));
	value_dict_set(a, d, "ports", ports);
	value_dict_set(a, d, "tls", has_port(s, 443) ? &value_true : &value_false);
	value_dict_set(a, d, "redirect", redirect ? &value_true : &value_false);
	value_dict_set(a, d, "names", names);
	return d;
}

static const struct service *find_service(const struct estate *e, const char *name) {
	return map_get(&e->service_by_name, name, strlen(name));
}

/* The names that a machine serves on one service. */
static struct value *names_of(const struct estate *e, const struct machine *m, const struct service *s,
			      struct arena *a) {
	struct value *names = value_list(a, s->name.at->loc);

	LIST_EACH (struct endpoint_name, n, &e->endpoints)
		if (n->service.to == s && serves_endpoint(n, m))
			value_list_push(a, names, data_scalar(a, &n->name));
	return names;
}

const struct value *serves_data(const struct estate *e, const struct machine *m, struct arena *a) {
	const struct service *http = find_service(e, "http");
	struct value *list = value_list(a, NO_LOC), *http_names = http ? names_of(e, m, http, a) : NULL;
	bool tls = false;

	LIST_EACH (struct endpoint_name, n, &e->endpoints)
		tls |= n->service.to && has_port(n->service.to, 443) && serves_endpoint(n, m);
	if (http && tls && !http_names->list.n && http->tcp.n)
		value_list_push(a, list, item(http, true, http_names, a));
	LIST_EACH (struct service, s, &e->services) {
		struct value *names = names_of(e, m, s, a);

		if (names->list.n && s->tcp.n)
			value_list_push(a, list, item(s, false, names, a));
	}
	return list;
}
