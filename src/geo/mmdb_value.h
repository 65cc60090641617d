/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values of the data and metadata sections. A value is named by its offset in the file; pointers are followed (a
 * pointer to a pointer is an error). Text and bytes are slices of the file.
 */
#pragma once

#include "geo/mmdb.h"

/* The format's numbers. */
enum mmdb_type {
	MMDB_POINTER = 1,
	MMDB_STRING,
	MMDB_DOUBLE,
	MMDB_BYTES,
	MMDB_UINT16,
	MMDB_UINT32,
	MMDB_MAP,
	MMDB_INT32,
	MMDB_UINT64,
	MMDB_UINT128,
	MMDB_ARRAY,
	MMDB_CONTAINER,
	MMDB_END,
	MMDB_BOOL,
	MMDB_FLOAT,
};

struct mmdb_value {
	enum mmdb_type type; /* never MMDB_POINTER: it was followed */
	uint32_t size;       /* bytes of a scalar, items of an array, pairs of a map */
	uint64_t start;      /* offset of its control byte, behind a pointer if there was one: its identity */
	uint64_t content;    /* offset of the payload, the first item or the first key */
	uint64_t next;       /* offset behind the value as written (behind the pointer, if it was one); for maps and
			      * arrays, which have no length in bytes, that of `content` unless a pointer was followed */
	bool was_pointer;
	struct str text; /* string, bytes */
	uint64_t hi, lo; /* integers and bool; int32 sign-extended in lo */
	double real;     /* double, float */
};

enum { MMDB_DEPTH_MAX = 512 }; /* values in each other, as libmaxminddb */

/* The value at an offset. 0, or -EBADMSG and the fault. `base` of pointers is the section the offset lies in. */
int mmdb_value(const struct mmdb *db, uint64_t offset, struct mmdb_value *ret_v, struct mmdb_fault *ret_fault);

/* The offset behind the whole value as written, nested ones included, without following pointers. 0 or -EBADMSG (also
 * when deeper than MMDB_DEPTH_MAX). */
int mmdb_skip(const struct mmdb *db, uint64_t offset, uint64_t *ret_next, struct mmdb_fault *ret_fault);

/* The value below map keys: mmdb_get(db, offset, (const char *const[]){ "country", "iso_code", NULL }, …). 1 found, 0
 * not there, -EBADMSG. */
int mmdb_get(const struct mmdb *db, uint64_t offset, const char *const *path, struct mmdb_value *ret_v,
	     struct mmdb_fault *ret_fault);

/* The two letters, as capitals, that a record gives: country.iso_code (registered_country.iso_code is NOT taken); also
 * a record that is itself a text of two letters, or has one as country_code, iso_code or country at its top. 1 and the
 * letters, 0, -EBADMSG. */
int mmdb_country(const struct mmdb *db, uint64_t offset, char ret_code[static 3], struct mmdb_fault *ret_fault);
