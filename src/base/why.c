/* SPDX-License-Identifier: Apache-2.0 */
#include "base/why.h"

#include <stdarg.h>

int why_set(char **ret_why, int error, const char *fmt, ...) {
	va_list ap;

	if (!ret_why)
		return error;
	va_start(ap, fmt);
	if (vasprintf(ret_why, fmt, ap) < 0)
		*ret_why = NULL;
	va_end(ap);
	return error;
}
