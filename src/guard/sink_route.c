/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bans as blackhole routes in a routing table of their own. A route is about where packets go: a banned source is still
 * heard, but what is sent to it disappears, so that no connection comes about; where rp_filter is on, IPv4 packets from
 * it are dropped at the door as well.
 *
 * Ours are told from others' by the routing protocol's number, which the kernel also compares when a route is deleted.
 * The messages of one batch are carried out one by one; those that fail are told apart by their number.
 */
#include "guard/network_list.h"
#include "guard/route_table.h"
#include "net/netlink.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

enum {
	ROUTE_PROTOCOL = 104, /* nobody's in rt_protos of iproute2, in BIRD and in FRR */
	ROUTE_BATCH = 1000,
	ROUTE_ROOM = 64, /* destination 20, table 8 */
};

struct route {
	struct ban_sink sink;
	struct netlink *netlink;
	const char *place;
	uint32_t table;
	struct netlink_batch batch;
	VEC(struct sink_entry) read; /* by the last question */
};

static int failed(const struct route *t, int r, const char *text, char **ret_why) {
	if (r == -EPERM)
		text = "that takes CAP_NET_ADMIN: run as root, or give it to the service "
		       "(AmbientCapabilities=CAP_NET_ADMIN)";
	return ban_sink_why(ret_why, r, "routing table %s: %s", t->place, text ? text : strerror(-r));
}

static int prepare(struct ban_sink *s, char **ret_why) {
	struct route *t = (struct route *)s;
	int r = t->netlink ? 0 : netlink_open(NETLINK_ROUTE, SINK_TIMEOUT_MS, &t->netlink);

	return r < 0 ? failed(t, r, NULL, ret_why) : 0;
}

static int open_(const struct ban_sink_config *c, struct ban_sink **ret_sink, char **ret_why) {
	struct route *t;
	uint32_t table;

	if (route_table_parse(c->place, &table) < 0)
		return ban_sink_why(ret_why, -EINVAL,
				    "route:%s: no routing table is called so: write its number, 1 to 4294967295, or a "
				    "name that is in /etc/iproute2/rt_tables",
				    c->place);
	if (table == RT_TABLE_UNSPEC || (table >= RT_TABLE_DEFAULT && table <= RT_TABLE_LOCAL))
		return ban_sink_why(ret_why, -EINVAL,
				    "route:%s: bans belong into a table of their own: write another number, and let it "
				    "be asked first (ip rule add lookup NUMBER; ip -6 rule add lookup NUMBER)",
				    c->place);
	if (!(t = calloc(1, sizeof(*t))))
		return -ENOMEM;
	t->place = c->place;
	t->table = table;
	*ret_sink = &t->sink;
	return prepare(&t->sink, ret_why);
}

static void close_(struct ban_sink *s) {
	struct route *t = (struct route *)s;

	netlink_close(t->netlink);
	netlink_batch_done(&t->batch);
	vec_done(&t->read);
	free(t);
}

static struct rtmsg head_of(const struct route *t, enum family family) {
	return (struct rtmsg){
		.rtm_family = family == FAMILY_4 ? AF_INET : AF_INET6,
		.rtm_table = t->table < 256 ? (unsigned char)t->table : RT_TABLE_UNSPEC,
		.rtm_protocol = ROUTE_PROTOCOL,
	};
}

static void put_change(struct route *t, const struct sink_change *c, bool last) {
	enum family family = prefix_family(c->entry.network);
	struct rtmsg head = head_of(t, family);
	uint16_t flags = c->remove ? 0 : NLM_F_CREATE | NLM_F_EXCL;
	size_t len = family == FAMILY_4 ? 4 : 16;
	struct nlmsghdr *m;
	uint8_t bytes[16];

	head.rtm_type = RTN_BLACKHOLE;
	head.rtm_dst_len = (unsigned char)prefix_text_len(c->entry.network);
	m = netlink_add(&t->batch, c->remove ? RTM_DELROUTE : RTM_NEWROUTE, flags | (last ? NLM_F_ACK : 0), &head,
			sizeof(head), ROUTE_ROOM);
	ip_to_bytes(c->entry.network.ip, bytes);
	mnl_attr_put(m, RTA_DST, len, bytes + sizeof(bytes) - len);
	mnl_attr_put_u32(m, RTA_TABLE, t->table);
}

static struct prefix network_of(const struct nlmsghdr *m, const struct rtmsg *head) {
	const struct nlattr *dst = netlink_attr(m, sizeof(*head), RTA_DST);
	size_t len = head->rtm_family == AF_INET ? 4 : 16;
	uint8_t bytes[16] = { 0 };

	if (len == 4)
		bytes[10] = bytes[11] = 0xff;
	if (dst && mnl_attr_get_payload_len(dst) == len)
		memcpy(bytes + sizeof(bytes) - len, mnl_attr_get_payload(dst), len);
	return prefix_around(ip_from_bytes(bytes), (unsigned)(head->rtm_dst_len + (len == 4 ? 96 : 0)));
}

struct reading {
	struct route *route;
	size_t from; /* what the family before this one gave */
};

static void begin_reading(void *user) {
	struct reading *r = user;

	r->route->read.n = r->from;
}

/* Old kernels do not filter, so that all of it is asked again here. */
static void see_route(const struct nlmsghdr *m, void *user) {
	struct route *t = ((struct reading *)user)->route;
	const struct rtmsg *head = mnl_nlmsg_get_payload(m);
	const struct nlattr *table = netlink_attr(m, sizeof(*head), RTA_TABLE);

	if (m->nlmsg_type == RTM_NEWROUTE && head->rtm_protocol == ROUTE_PROTOCOL && head->rtm_type == RTN_BLACKHOLE &&
	    (table ? mnl_attr_get_u32(table) : head->rtm_table) == t->table)
		vec_push(&t->read, (struct sink_entry){ network_of(m, head), INT64_MAX });
}

/* All of ours, of both families, into t->read. */
static int read_ours(struct route *t) {
	enum family families[] = { FAMILY_4, FAMILY_6 };
	int r = 0;

	t->read.n = 0;
	for (size_t i = 0; i < ARRAY_LEN(families) && r >= 0; i++) {
		struct reading reading = { t, t->read.n };
		struct netlink_reader reader = { begin_reading, see_route, &reading };
		struct rtmsg head = head_of(t, families[i]);

		netlink_batch_clear(&t->batch);
		mnl_attr_put_u32(netlink_add(&t->batch, RTM_GETROUTE, NLM_F_DUMP, &head, sizeof(head), ROUTE_ROOM),
				 RTA_TABLE, t->table);
		r = netlink_ask(t->netlink, &t->batch, &reader);
		if (r == -ENOENT || r == -EAFNOSUPPORT || r == -EOPNOTSUPP)
			r = 0; /* no route was ever put there, or the kernel has no such family */
	}
	return r;
}

/* What a batch met. */
struct failure {
	const struct sink_change *changes; /* of the batch */
	struct network_list taken;         /* networks that had a route already: ours or somebody else's */
	size_t n;
	int error;
	struct prefix network; /* the first that failed */
	char text[80];         /* the kernel's words, or empty */
};

static void see_failure(uint32_t index, int error, const char *text, void *user) {
	struct failure *f = user;
	const struct sink_change *c = &f->changes[index];

	if (c->remove && (error == -ESRCH || error == -ENOENT))
		return; /* it is not there */
	if (!c->remove && error == -EEXIST) {
		network_list_add(&f->taken, c->entry.network);
		return;
	}
	if (f->n++)
		return;
	f->error = error;
	f->network = c->entry.network;
	(void)snprintf(f->text, sizeof(f->text), "%s", text ? text : "");
}

/* What is taken by others, and not by us, has failed. */
static int judge_taken(struct route *t, struct failure *f) {
	struct network_list ours = { 0 };
	int r;

	if (!f->taken.v.n)
		return 0;
	r = read_ours(t);
	for (size_t i = 0; i < t->read.n; i++)
		network_list_add(&ours, t->read.v[i].network);
	network_list_sort(&ours);
	for (size_t i = 0; i < f->taken.v.n && r >= 0; i++) {
		if (network_list_has(&ours, f->taken.v.v[i]) || f->n++)
			continue;
		f->error = -EEXIST;
		f->network = f->taken.v.v[i];
	}
	network_list_done(&ours);
	return r;
}

static int tell(const struct route *t, const struct failure *f, char **ret_why) {
	char network[PREFIX_TEXT_MAX], more[40] = "";

	if (f->error == -EPERM)
		return failed(t, f->error, NULL, ret_why);
	(void)prefix_format(f->network, network);
	if (f->n > 1)
		(void)snprintf(more, sizeof(more), " (and %zu more)", f->n - 1);
	if (f->error == -EEXIST)
		return ban_sink_why(ret_why, 1,
				    "routing table %s: %s%s has a route already that is not the guard's and is left "
				    "alone: remove it, or name another table",
				    t->place, network, more);
	return ban_sink_why(ret_why, 1, "routing table %s: %s%s was refused by the kernel: %s", t->place, network, more,
			    *f->text ? f->text : strerror(-f->error));
}

static int apply(struct ban_sink *s, const struct sink_change *changes, size_t n, char **ret_why) {
	struct route *t = (struct route *)s;
	struct failure f = { 0 };
	int r = t->netlink ? 0 : -ENOTCONN;

	for (size_t i = 0, end; i < n && r >= 0; i = end) {
		end = MIN(i + ROUTE_BATCH, n);
		netlink_batch_clear(&t->batch);
		for (size_t j = i; j < end; j++)
			put_change(t, &changes[j], j + 1 == end);
		f.changes = changes + i;
		r = netlink_send(t->netlink, &t->batch, see_failure, &f);
	}
	if (r >= 0)
		r = judge_taken(t, &f);
	network_list_done(&f.taken);
	return r < 0 ? failed(t, r, NULL, ret_why) : f.n ? tell(t, &f, ret_why) : 0;
}

static int list(struct ban_sink *s, void (*fn)(const struct sink_entry *e, void *user), void *user, char **ret_why) {
	struct route *t = (struct route *)s;
	int r = t->netlink ? read_ours(t) : -ENOTCONN;

	s->unreadable = 0;
	for (size_t i = 0; i < t->read.n && r >= 0; i++)
		fn(&t->read.v[i], user);
	return r < 0 ? failed(t, r, NULL, ret_why) : 0;
}

const struct ban_sink_kind ban_sink_kind_route = {
	.name = "route",
	.summary = "blackhole routes in a kernel routing table of their own",
	.carves = true,
	.open = open_,
	.close = close_,
	.prepare = prepare,
	.apply = apply,
	.list = list,
};
