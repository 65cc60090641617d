/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers with units as options take them; each ends the program with a usage message when the text is none. */
#pragma once

#include <argp.h>
#include <stdint.h>

/* Seconds: 90, 90s, 5m, 1h, 7d, 2w; from 1 second to 1000 days. */
uint64_t unit_seconds(const char *text, const char *option, struct argp_state *state);

/* Bytes: 500, 64K, 10M, 4G (powers of 1024); at least 1. */
uint64_t unit_bytes(const char *text, const char *option, struct argp_state *state);
