/* SPDX-License-Identifier: Apache-2.0 */
/* Sorts n records of `len` bytes (at most EXTSORT_RECORD_MAX) in place, in the order of memcmp. */
#pragma once

#include "base/macro.h"

void radix_sort(uint8_t *records, size_t n, size_t len);
