/* SPDX-License-Identifier: Apache-2.0 */
/* The schema's rows lead to the values, so a new field is seen without a word here. */
#include "estate/written.h"

#include "conf/type.h"

enum { AHEAD = 16 };

/* The nodes of a large estate are far apart in memory, and callers look at them: each is asked for AHEAD values early.
 */
struct walk {
	void (*fn)(const struct written *w, void *user);
	void *user;
	struct written waiting[AHEAD];
	size_t n; /* values so far */
};

static void give(struct walk *k, struct written w) {
	struct written *slot = &k->waiting[k->n % AHEAD];

	if (!w.at)
		return;
	__builtin_prefetch(w.at);
	__builtin_prefetch((const char *)w.at - 64); /* where the parser puts its text */
	if (k->n++ >= AHEAD)
		k->fn(slot, k->user);
	*slot = w;
}

static void see_ref(struct walk *k, const struct ref *ref) {
	const struct prefix p = ref->prefix;

	if (ref->kind == REF_PREFIX || ref->kind == REF_ADDRESS)
		give(k, (struct written){ strchr(ref->s, '/') ? WRITTEN_NETWORK : WRITTEN_ADDRESS, p.ip, p.len, 0,
					  ref->at });
}

static void see_value(struct walk *k, enum field_type type, const void *value) {
	const struct address *address = value;
	const struct network *network = value;
	const struct ifaddr *ifaddr = value;
	const struct listener *listener = value;

	switch (type) {
	case TYPE_IP:
	case TYPE_IP4:
	case TYPE_IP6:
		give(k, (struct written){ WRITTEN_ADDRESS, address->ip, 128, 0, address->at });
		break;
	case TYPE_NET:
	case TYPE_NET4:
	case TYPE_NET6:
		give(k, (struct written){ WRITTEN_NETWORK, network->prefix.ip, network->prefix.len, 0, network->at });
		break;
	case TYPE_IFADDR4:
	case TYPE_IFADDR6:
		give(k, (struct written){ WRITTEN_NETWORK, ifaddr->ip, ifaddr->len, 0, ifaddr->at });
		break;
	case TYPE_LISTENER:
		give(k, (struct written){ WRITTEN_LISTENER, listener->ip, 128, listener->port, listener->at });
		break;
	case TYPE_REF:
		see_ref(k, value);
		break;
	default:
		break;
	}
}

static void see_struct(struct walk *k, const struct schema *s, const char *base);

static void see_items(struct walk *k, const struct field *f, const struct list *list) {
	const char *item = list->items;
	size_t size = f->type == TYPE_STRUCT ? f->sub->size : type_table[f->type].size;

	for (uint32_t i = 0; i < list->n; i++, item += size) {
		if (f->shape == MAP)
			see_value(k, f->sub->key_type, item);
		if (f->type == TYPE_STRUCT)
			see_struct(k, f->sub, item);
		else
			see_value(k, f->type, item);
	}
}

static void see_struct(struct walk *k, const struct schema *s, const char *base) {
	for (size_t i = 0; i < s->n; i++) {
		const struct field *f = &s->fields[i];
		const void *value = base + f->offset;

		if (f->shape != ONE)
			see_items(k, f, value);
		else if (f->type != TYPE_STRUCT)
			see_value(k, f->type, value);
		else if (*(const char *const *)value)
			see_struct(k, f->sub, *(const char *const *)value);
	}
}

void written_each(const struct estate *e, void (*fn)(const struct written *w, void *user), void *user) {
	struct walk k = { .fn = fn, .user = user };

	see_struct(&k, &estate_schema, (const char *)e);
	for (size_t i = k.n > AHEAD ? k.n - AHEAD : 0; i < k.n; i++)
		fn(&k.waiting[i % AHEAD], user);
}

size_t written_format(const struct written *w, char ret_text[static ENDPOINT_TEXT_MAX]) {
	size_t n;

	if (w->form == WRITTEN_LISTENER)
		return endpoint_format(&(struct endpoint){ .ip = w->ip, .port = w->port }, ret_text);
	n = ip_format(w->ip, ret_text);
	if (w->form == WRITTEN_NETWORK)
		n += (size_t)snprintf(ret_text + n, ENDPOINT_TEXT_MAX - n, "/%u",
				      ip_is_v4(w->ip) ? w->len - 96U : w->len);
	return n;
}
