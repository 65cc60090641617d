/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a client's address reaches software behind a proxy, in each form that has broken some: the automated test of a
 * service with an IPv6 client that it does not have. All forms of one address mean one client, so the answer must not
 * depend on the form.
 *
 *     client_forms(ip4, ip6, &arena, &forms, &n);
 *     for each form: fetch with its header (none in the first), keep the answer
 *     client_judge(&options, family, forms, answers, n, &arena, &findings);
 */
#pragma once

#include "probe/compare.h"

/* What a form says, and so which answer it must have. */
enum client_meaning {
	CLIENT_NOBODY, /* no header: the answer that all others are measured by */
	CLIENT_IPV4,   /* the IPv4 address */
	CLIENT_IPV6,   /* the IPv6 address */
	CLIENT_HIDDEN, /* no address at all, or one that nobody can be sure of: any answer but a failure */
	_CLIENT_MEANING_MAX,
};

struct client_form {
	const char *name; /* "x-forwarded-for-ipv6-upper", stable */
	enum client_meaning means;
	bool canonical;             /* the form that the others of its header and meaning are compared with */
	struct fetch_header header; /* empty name: none */
	bool legal;                 /* by `rfc` */
	const char *rfc;            /* "RFC 7239 section 6" */
	const char *why;            /* who writes it, or what it breaks */
};

/* The documentation's (RFC 5737, RFC 3849): a client that no allow list and no geo database knows. */
struct ip client_form_ip4(void);
struct ip client_form_ip6(void);

/* All forms for these two addresses, in the arena; the first has no header. */
void client_forms(struct ip ip4, struct ip ip6, struct arena *a, const struct client_form **ret_forms, size_t *ret_n);

/*
 * Adds a FINDING_CLIENT for each form whose answer differs: from the canonical form's of its header and meaning in
 * anything that compare_answers() finds; the canonical forms themselves from the answer without a header, and IPv6's
 * from IPv4's, in status and redirect. Where the body only shows the client's address, that is no difference.
 * answers[i] belongs to forms[i]; NULL: not asked. `family` is the one they came over.
 */
void client_judge(const struct compare_options *o, unsigned family, const struct client_form *forms,
		  const struct fetched *const *answers, size_t n, struct arena *a, struct findings *ret);
