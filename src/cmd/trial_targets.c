/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/trial_targets.h"

#include <errno.h>
#include <string.h>

#include "cmd/estate_open.h"
#include "estate/family.h"

struct adding {
	struct job *job;
	struct trial_targets *targets;
	bool direct;
};

static struct ip *ips_of_list(struct arena *a, const struct list *list, uint32_t *ret_n) {
	struct ip *ips = arena_array(a, struct ip, list->n);
	uint32_t n = 0;

	LIST_EACH (struct ifaddr, i, list)
		if (!ip_is_link_local(i->ip))
			ips[n++] = i->ip;
	*ret_n = n;
	return ips;
}

static struct ip *ips_of_address(struct arena *a, const struct address *address, uint32_t *ret_n) {
	struct ip *ip = arena_new(a, struct ip);

	*ip = address->ip;
	*ret_n = address->at != NULL;
	return ip;
}

static void add(const struct adding *x, const char *url, const char *name, struct trial_target t) {
	t.url = url;
	t.name = name;
	vec_push(&x->targets->list, t);
}

static void add_machine(const struct adding *x, const char *url, const struct machine *m) {
	struct arena *a = &x->job->arena;
	struct trial_target t = { .direct = true };

	t.ips4 = ips_of_address(a, &m->ip, &t.count4);
	t.ips6 = ips_of_address(a, &m->ipv6, &t.count6);
	add(x, url, arena_printf(a, "%s at %s", url, m->name.s), t);
}

static void add_failover(const struct adding *x, const char *url, const struct failover *f) {
	struct arena *a = &x->job->arena;
	struct trial_target t = { .direct = true };

	t.ips4 = ips_of_list(a, &f->ipv4, &t.count4);
	t.ips6 = ips_of_list(a, &f->ipv6, &t.count6);
	add(x, url, arena_printf(a, "%s at %s", url, f->name.s), t);
}

static void add_places(const struct adding *x, const char *url, const struct endpoint_name *n) {
	LIST_EACH (struct ref, to, &n->to)
		if (to->kind == REF_MACHINE)
			add_machine(x, url, to->to);
		else if (to->kind == REF_FAILOVER)
			add_failover(x, url, to->to);
		else if (to->kind == REF_GROUP) {
			const struct group *g = to->to;

			for (uint32_t i = 0; i < g->machine_count; i++)
				add_machine(x, url, g->machines[i]);
		}
}

/* "https://www.example.net", with the port unless it is the scheme's. */
static const char *origin(struct arena *a, const struct endpoint_name *n) {
	const struct service *s = n->service.to;
	const struct number *port = s && s->tcp.n ? s->tcp.items : NULL;
	bool tls = (s && strcmp(s->name.s, "https") == 0) || (port && (port->n == 443 || port->n == 8443));

	if (!port || port->n == (tls ? 443 : 80))
		return arena_printf(a, "%s://%s", tls ? "https" : "http", n->name.s);
	return arena_printf(a, "%s://%s:%u", tls ? "https" : "http", n->name.s, (unsigned)port->n);
}

static void add_endpoint(const struct adding *x, const struct endpoint_name *n) {
	static const struct scalar root = { .s = "/" };
	static const struct list only_root = { (void *)&root, 1 };
	struct arena *a = &x->job->arena;
	const char *start = origin(a, n);

	LIST_EACH (const struct scalar, path, n->paths.n ? &n->paths : &only_root) {
		const char *url = arena_printf(a, "%s%s", start, path->s);

		if (x->direct)
			add_places(x, url, n);
		else
			add(x, url, NULL, (struct trial_target){ 0 });
	}
}

static int add_estate(const struct adding *x, const char *folder) {
	struct opened_estate e;
	int r = opened_estate_open(&e, folder);

	if (r != 0)
		return r;
	r = opened_estate_require_clean(&e, &x->job->output);
	if (r == EXIT_DONE) {
		LIST_EACH (const struct endpoint_name, n, &e.estate->endpoints)
			add_endpoint(x, n);
		if (!e.estate->endpoints.n)
			r = cannot("%s has no endpoints: write the public names into its section endpoints", folder);
	} else
		r = EXIT_CANNOT;
	opened_estate_close(&e);
	return r;
}

int trial_targets_add(struct job *j, struct trial_targets *t, const char *argument, bool direct) {
	struct adding x = { j, t, direct };

	if (!strstr(argument, "://"))
		return add_estate(&x, argument);
	if (direct)
		return usage_error("--direct takes addresses from an estate's machines; %s is a URL", argument);
	add(&x, argument, NULL, (struct trial_target){ 0 });
	return 0;
}
