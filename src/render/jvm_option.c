/* SPDX-License-Identifier: Apache-2.0 */
/* Neither systemd nor the JVM minds a value that is none: it means false. */
#include "render/jvm_option.h"

#include <string.h>

const char *jvm_option_fault(struct arena *a, struct str line) {
	static const char *const values[] = { "true", "system" };
	const char *text = arena_dup(a, line.s, line.len), *at = strstr(text, JVM_PREFER_IPV6);
	size_t len;

	if (text[0] == '#')
		return NULL;
	if (strstr(text, "preferIPv4Stack=true"))
		return "with preferIPv4Stack=true a JVM has no IPv6 at all";
	if (!at)
		return NULL;
	at += strlen(JVM_PREFER_IPV6);
	len = strcspn(at, "\" ");
	for (size_t i = 0; i < ARRAY_LEN(values); i++)
		if (len == strlen(values[i]) && strncmp(at, values[i], len) == 0)
			return NULL;
	return "a JVM knows true, false and system, and takes any other word for false: IPv4 first";
}
