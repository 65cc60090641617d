/* SPDX-License-Identifier: Apache-2.0 */
/* The loader has let through letters, digits, dashes, underscores and dots only. */
#include "estate/check.h"

enum { LABEL_MAX = 63, NAME_MAX_LEN = 253 };

static const char *label_fault(const char *s, size_t len) {
	if (len == 0)
		return "has an empty label";
	if (len > LABEL_MAX)
		return "has a label of more than 63 letters";
	if (s[0] == '-' || s[len - 1] == '-')
		return "has a label that begins or ends with a dash";
	return memchr(s, '_', len) ? "has an underscore" : NULL;
}

/* What is wrong with a name, or NULL. */
static const char *name_fault(const char *name) {
	size_t len = strlen(name), label = 0;

	for (size_t i = 0; i <= len; i++) {
		const char *fault;

		if (i < len && name[i] != '.')
			continue;
		fault = label_fault(name + label, i - label);
		if (fault)
			return i == len && label == len && len ? "ends with a dot" : fault;
		if (i == len)
			break;
		label = i + 1;
	}
	if (len > NAME_MAX_LEN)
		return "has more than 253 letters";
	return strspn(name + label, "0123456789") == len - label ? "ends in a number, like an IPv4 address" : NULL;
}

static void check_name(struct check_run *r, const struct scalar *name) {
	const char *fault = name->at ? name_fault(name->s) : NULL;

	if (fault)
		check_report(r, name->at,
			     "labels of 1 to 63 letters, digits and inner dashes, with dots between them (RFC 1123)",
			     "%s is not a host name: it %s", name->s, fault);
}

static void run(struct check_run *r) {
	const struct estate *e = r->estate;

	check_name(r, &e->domain);
	LIST_EACH (struct machine, m, &e->machines)
		check_name(r, &m->name);
	LIST_EACH (struct endpoint_name, n, &e->endpoints)
		check_name(r, &n->name);
	LIST_EACH (struct lan, l, &e->lans)
		check_name(r, &l->domain);
	if (e->dns)
		check_name(r, &e->dns->primary);
}

const struct check check_invalid_host_name = {
	.name = "invalid-host-name",
	.severity = SEVERITY_ERROR,
	.summary = "A name cannot be a host name",
	.doc = "Machine names, public names and domains become DNS names and TLS names. Those consist of labels of at "
	       "most 63 letters, digits and inner dashes, 253 characters in total (RFC 1123 section 2.1, RFC 1035 "
	       "section 2.3.4). Resolvers and browsers refuse others, underscores included.",
	.run = run,
};
