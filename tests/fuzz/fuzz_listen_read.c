/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte says whose configuration the rest is. Either a refusal that names a line, or addresses with ports. */
#include "fuzz.h"

#include <string.h>

#include "render/listen_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	const struct str text = { (const char *)data + 1, size - 1 };
	const char *error = NULL;
	struct arena a = { 0 };
	struct facts f;
	int r;

	if (!size)
		return 0;
	facts_init(&f, &a);
	r = data[0] & 1 ? nginx_listeners(&f, "nginx", text, &error) : haproxy_listeners(&f, text, &error);
	CLAIM((r < 0) == (error != NULL));
	CLAIM(!error || strncmp(error, "line ", 5) == 0);
	for (size_t i = 0; i < f.listeners.n; i++)
		CLAIM(f.listeners.v[i].port && f.listeners.v[i].family == ip_family(f.listeners.v[i].ip));
	facts_done(&f);
	arena_done(&a);
	return 0;
}
