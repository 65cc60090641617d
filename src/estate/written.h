/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every address and every network that the files spell out, in any field of any section. What it is for does not matter
 * here: checks about the text or about whole blocks of address space look at these; checks about the use of space look
 * at the claims (claims.h).
 */
#pragma once

#include "estate/model.h"

enum written_form {
	WRITTEN_ADDRESS,
	WRITTEN_NETWORK,  /* or an interface address: an address and a length */
	WRITTEN_LISTENER, /* an address and a port */
};

struct written {
	enum written_form form;
	struct ip ip;
	uint8_t len;   /* in the 128-bit space; 128 for an address or a listener */
	uint16_t port; /* of a listener */
	const struct node *at;
};

/* Calls fn for each, in the order of the sections. A value that did not load is not among them. O(values). */
void written_each(const struct estate *e, void (*fn)(const struct written *w, void *user), void *user);

/* The text as RFC 5952 wants it. */
size_t written_format(const struct written *w, char ret_text[static ENDPOINT_TEXT_MAX]);
