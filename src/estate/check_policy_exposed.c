/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/check.h"

struct exposed {
	uint16_t port;
	bool udp;
	const char *what;
};

/* Ports of management and data that have been opened by mistake often enough to be scanned for all day. */
static const struct exposed table[] = {
	{ 22, false, "SSH" },
	{ 23, false, "Telnet" },
	{ 111, false, "rpcbind" },
	{ 111, true, "rpcbind" },
	{ 161, true, "SNMP" },
	{ 445, false, "SMB" },
	{ 623, true, "IPMI" },
	{ 2049, false, "NFS" },
	{ 2375, false, "the Docker API" },
	{ 2379, false, "etcd" },
	{ 3306, false, "MySQL" },
	{ 3389, false, "RDP" },
	{ 5432, false, "PostgreSQL" },
	{ 5665, false, "the Icinga API" },
	{ 5900, false, "VNC" },
	{ 6379, false, "Redis" },
	{ 9200, false, "Elasticsearch" },
	{ 9300, false, "Elasticsearch" },
	{ 11211, false, "memcached" },
	{ 11211, true, "memcached" },
	{ 27017, false, "MongoDB" },
};

static const struct exposed *find(const struct list *ports, bool udp) {
	LIST_EACH (struct number, port, ports)
		for (size_t i = 0; i < ARRAY_LEN(table); i++)
			if (table[i].port == port->n && table[i].udp == udp)
				return &table[i];
	return NULL;
}

static bool is_everyone(const struct ref *ref) {
	return ref->kind == REF_ANY || (ref->kind == REF_PREFIX && prefix_text_len(ref->prefix) == 0);
}

static bool from_everyone(const struct policy *p) {
	LIST_EACH (struct ref, ref, &p->from)
		if (is_everyone(ref))
			return true;
	return false;
}

static void run(struct check_run *r) {
	LIST_EACH (struct policy, p, &r->estate->policy) {
		if (!from_everyone(p))
			continue;
		LIST_EACH (struct ref, ref, &p->allow) {
			const struct service *s = ref->kind == REF_SERVICE ? ref->to : NULL;
			const struct exposed *x = s ? find(&s->tcp, false) : NULL;

			x = x || !s ? x : find(&s->udp, true);
			if (x)
				check_report(r, ref->at, "name the groups that need it in \"from\"",
					     "service %s opens port %u (%s) to everyone", s->name.s, x->port, x->what);
		}
	}
}

const struct check check_policy_exposed = {
	.name = "policy-exposed",
	.severity = SEVERITY_WARNING,
	.summary = "A management or database port is open to everyone",
	.doc = "Nobody outside needs SSH, a database or a search cluster. That an IPv6 address is hard to guess does "
	       "not protect it: addresses leak through DNS, logs and certificates (RFC 7707). Let groups in, not "
	       "\"any\".",
	.run = run,
};
