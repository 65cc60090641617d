/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes values of a MaxMind DB's data section. Equal values are one; strings, maps and arrays inside others are
 * pointers to what is already there where that is shorter. Map keys are sorted, so that equal values have equal bytes.
 * Nothing stands in the section but whole values that mmdb_data_end() ended: readers that go through it expect a record
 * of the tree for each.
 *
 *     mmdb_data_map(d, 1); mmdb_data_text(d, STR("country")); … one value after the other, depth first …
 *     int r = mmdb_data_end(d, &offset);      // the value is complete
 *
 * A mistake (a text that is not UTF-8, a key twice or that is no text, a number too large for its type, deeper than
 * MMDB_DATA_DEPTH_MAX) is remembered and comes out of mmdb_data_end() as -EINVAL; the value is dropped then.
 */
#pragma once

#include "geo/mmdb_value.h"

struct mmdb_data;

/* Values in each other: half of what readers take, as those count a pointer for one. */
enum { MMDB_DATA_DEPTH_MAX = MMDB_DEPTH_MAX / 2 };

struct mmdb_data *mmdb_data_new(void); /* aborts when out of memory, as all of it does */
void mmdb_data_free(struct mmdb_data *d);

/* Begin a value or go on with it; sizes count items or pairs (a key and a value are two calls). */
void mmdb_data_map(struct mmdb_data *d, uint32_t pairs);
void mmdb_data_array(struct mmdb_data *d, uint32_t items);
void mmdb_data_text(struct mmdb_data *d, struct str text);
void mmdb_data_bytes(struct mmdb_data *d, struct str bytes);
void mmdb_data_uint(struct mmdb_data *d, enum mmdb_type type, uint64_t hi, uint64_t lo); /* uint16 … uint128, bool */
void mmdb_data_int(struct mmdb_data *d, int32_t value);
void mmdb_data_double(struct mmdb_data *d, double value);
void mmdb_data_float(struct mmdb_data *d, float value);
/* A whole value of another file, copied: of at most 2^16 parts, pointers followed. 0 or -EBADMSG, and then the value
 * that was begun is dropped. */
int mmdb_data_copy(struct mmdb_data *d, const struct mmdb *from, uint64_t offset, struct mmdb_fault *ret_fault);

/* Ends the value: its offset in the section. -E2BIG when the section would pass 4 GiB. */
int mmdb_data_end(struct mmdb_data *d, uint32_t *ret_offset);

/* Forgets what was begun and not ended. */
void mmdb_data_drop(struct mmdb_data *d);

/* The section as it is now; borrowed, until the next call. */
struct str mmdb_data_section(const struct mmdb_data *d);

/* The greatest offset that mmdb_data_end() gave; 0 before there is one. */
uint32_t mmdb_data_last(const struct mmdb_data *d);

/* Never writes a pointer from now on (for metadata, which some readers expect without). */
void mmdb_data_plain(struct mmdb_data *d);
