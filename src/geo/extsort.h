/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sorts more records than fit in memory (external merge sort). Records have one fixed size and are ordered as bytes
 * (memcmp over the whole record), so keys are put in front and in network byte order. Equal records all stay.
 *
 *     extsort_new("/var/tmp", 39, 16 << 20, &s);
 *     extsort_add(s, record) …; extsort_finish(s);
 *     while ((r = extsort_next(s, &record)) > 0) …
 *
 * Memory is the buffer that was asked for and 64 bytes a run; nothing is written while the records fit in it. Temporary
 * files have no name, so that nothing is left behind however the program ends. Errors are -errno: -ENOSPC for a full
 * disk, -EFBIG for the limit of a file's size.
 */
#pragma once

#include "base/macro.h"

enum { EXTSORT_RECORD_MAX = 64 }; /* bytes */

struct extsort;

/* Temporary files go into `folder`. `memory` is in bytes; at least a few records are taken whatever it says. */
int extsort_new(const char *folder, size_t record_len, size_t memory, struct extsort **ret_s);
void extsort_free(struct extsort *s);

int extsort_add(struct extsort *s, const void *record);

/* Ends the adding. */
int extsort_finish(struct extsort *s);

/* 1 and the next record in order, which is there until the next call; 0 behind the last. */
int extsort_next(struct extsort *s, const uint8_t **ret_record);

/* Gives memory and files back early; nothing but the questions below may follow. */
void extsort_release(struct extsort *s);

/* Bytes on disk when they were most, and how often each record was written. */
uint64_t extsort_disk(const struct extsort *s);
unsigned extsort_levels(const struct extsort *s);

/* A file without a name in a folder: a descriptor, or -errno. */
int temp_file_open(const char *folder);
