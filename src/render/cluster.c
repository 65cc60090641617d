/* SPDX-License-Identifier: Apache-2.0 */
#include "render/cluster.h"

#include <string.h>

#include "render/data.h"

static void push(struct arena *a, struct value *list, const struct address *address) {
	if (address->at)
		value_list_push(a, list, data_ip(a, address));
}

const struct value *cluster_addresses(const struct estate *e, enum role role, const struct machine *without,
				      struct arena *a) {
	struct value *list = value_list(a, NO_LOC);

	LIST_EACH (struct machine, m, &e->machines) {
		if (m == without || !machine_has_role(m, role))
			continue;
		push(a, list, &m->ip);
		push(a, list, &m->ipv6);
	}
	return list;
}

const struct value *cluster_own(const struct machine *m, struct arena *a) {
	struct value *list = value_list(a, NO_LOC);

	push(a, list, &m->ip);
	LIST_EACH (struct other_ip, o, &m->other_ips)
		push(a, list, &o->address);
	push(a, list, &m->ipv6);
	LIST_EACH (struct other_ip, o, &m->other_ips6)
		push(a, list, &o->address);
	return list;
}

int cluster_family(const struct estate *e, enum role role) {
	bool four = true, six = true;

	LIST_EACH (struct machine, m, &e->machines)
		if (machine_has_role(m, role)) {
			four &= m->ip.at != NULL;
			six &= m->ipv6.at != NULL;
		}
	return six ? 6 : four ? 4 : 0;
}

uint16_t cluster_port(const struct estate *e, const char *service, uint32_t index, uint16_t otherwise) {
	const struct service *s = map_get(&e->service_by_name, service, strlen(service));

	return s && index < s->tcp.n ? (uint16_t)((const struct number *)s->tcp.items)[index].n : otherwise;
}
