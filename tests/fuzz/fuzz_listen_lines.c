/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte says whose configuration the rest is. Either a refusal that names a line of the text, or addresses
 * with ports. */
#include "fuzz.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "render/listen_lines.h"
#include "render/listen_logstash.h"

static int openvpn(struct facts *f, struct str text, const char **ret_error) {
	return openvpn_listeners(f, "openvpn (fuzz)", text, ret_error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	static int (*const readers[])(struct facts * f, struct str text, const char **ret_error) = {
		knot_listeners,    unbound_listeners,  openvpn, postgresql_listeners, gitlab_listeners,
		jenkins_listeners, logstash_listeners,
	};
	const struct str text = { (const char *)data + 1, size - 1 };
	unsigned long lines = 1;
	const char *error = NULL;
	struct arena a = { 0 };
	struct facts f;
	int r;

	if (!size)
		return 0;
	for (size_t i = 0; i < text.len; i++)
		lines += text.s[i] == '\n';
	facts_init(&f, &a);
	r = readers[data[0] % ARRAY_LEN(readers)](&f, text, &error);
	CLAIM((r < 0) == (error != NULL));
	CLAIM(!error || (strncmp(error, "line ", 5) == 0 && strtoul(error + 5, NULL, 10) - 1 < lines));
	for (size_t i = 0; i < f.listeners.n; i++) {
		const struct fact_listener *l = &f.listeners.v[i];

		CLAIM(l->port && l->family == ip_family(l->ip));
		CLAIM(l->protocol == IPPROTO_TCP || l->protocol == IPPROTO_UDP);
	}
	facts_done(&f);
	arena_done(&a);
	return 0;
}
