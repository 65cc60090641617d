/* SPDX-License-Identifier: Apache-2.0 */
/* What fuzz targets share: a claim that does not hold ends the run, in every build. */
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CLAIM(x)                                                                                                       \
	do {                                                                                                           \
		if (!(x)) {                                                                                            \
			(void)fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #x);                   \
			abort();                                                                                       \
		}                                                                                                      \
	} while (0)

/* libfyaml 0.7.12 leaks a buffer when a long quoted key ends in a syntax error. That is not ours to mend. */
const char *__lsan_default_suppressions(void);
