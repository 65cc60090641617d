/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines. Address space for the whole limit is reserved at once, and memory comes into being as lines are made: a page
 * at a time as long as there are few, then 2 MiB at a time in large pages, without which every look at a network would
 * wait for the page table too. What is made is never given back to the system, only to the list of free lines.
 */
#include "guard/counter_state.h"

#include <errno.h>
#include <sys/mman.h>

enum { SMALL_STEP = 4096, LARGE_STEP = 2 << 20 };

void *counter_map(size_t size) {
	void *p;

	if (size < LARGE_STEP)
		return calloc(1, size);
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	(void)madvise(p, size, MADV_HUGEPAGE);
	return p;
}

void counter_unmap(void *p, size_t size) {
	if (size < LARGE_STEP)
		free(p);
	else if (p)
		(void)munmap(p, size);
}

static size_t bits_bytes(const struct counter *c) {
	return (c->line_max / 64 + 1) * sizeof(uint64_t);
}

int counter_pool_init(struct counter *c) {
	uintptr_t at;

	c->line_max = (uint32_t)MIN(c->config.memory / COUNTER_LINE, (size_t)1 << 31);
	c->reserved_bytes = (size_t)c->line_max * COUNTER_LINE + LARGE_STEP;
	c->reserved = mmap(NULL, c->reserved_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
			   -1, 0);
	if (c->reserved == MAP_FAILED) {
		c->reserved = NULL;
		return -ENOMEM;
	}
	at = ((uintptr_t)c->reserved + LARGE_STEP - 1) & ~(uintptr_t)(LARGE_STEP - 1);
	c->line = (union line *)((char *)c->reserved + (at - (uintptr_t)c->reserved));
	c->is_entry =
		mmap(NULL, bits_bytes(c), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (c->is_entry == MAP_FAILED) {
		c->is_entry = NULL;
		return -ENOMEM;
	}
	c->made = 1;
	return 0;
}

void counter_pool_done(struct counter *c) {
	if (c->reserved)
		(void)munmap(c->reserved, c->reserved_bytes);
	if (c->is_entry)
		(void)munmap(c->is_entry, bits_bytes(c));
	c->reserved = NULL;
	c->is_entry = NULL;
	c->made = c->committed = c->free_head = c->free_count = 0;
}

size_t counter_bytes(const struct counter *c) {
	size_t index = ((size_t)1 << c->now.bits) * sizeof(uint64_t);

	if (c->old.slot)
		index += ((size_t)1 << c->old.bits) * sizeof(uint64_t);
	if (c->next.slot)
		index += ((size_t)1 << c->next.bits) * sizeof(uint64_t);
	return sizeof(*c) + (c->lost ? LOST * sizeof(*c->lost) : 0) + index + (size_t)c->committed * COUNTER_LINE +
	       c->committed / 8;
}

/* Makes more lines possible, within the limit. */
static bool commit(struct counter *c) {
	size_t had = (size_t)c->committed * COUNTER_LINE, bytes = counter_bytes(c), step = LARGE_STEP;

	if (had < LARGE_STEP || bytes + step + step / COUNTER_LINE / 8 > c->config.memory)
		step = SMALL_STEP;
	if (bytes + step + step / COUNTER_LINE / 8 > c->config.memory ||
	    had + step > (size_t)c->line_max * COUNTER_LINE)
		return false;
	if (step == LARGE_STEP && had % LARGE_STEP == 0)
		(void)madvise((char *)c->line + had, step, MADV_HUGEPAGE);
	c->committed += (uint32_t)(step / COUNTER_LINE);
	return true;
}

bool counter_lines_ready(struct counter *c, uint32_t n) {
	while (c->free_count + (c->committed > c->made ? c->committed - c->made : 0) < n)
		if (!commit(c))
			return false;
	return true;
}

uint32_t counter_line_take(struct counter *c) {
	uint32_t line = c->free_head;

	if (line) {
		c->free_head = c->line[line].next_free;
		c->free_count--;
	} else {
		line = c->made++;
	}
	c->line[line] = (union line){ .word = { 0 } };
	return line;
}

void counter_line_give(struct counter *c, uint32_t line) {
	c->line[line].next_free = c->free_head;
	c->free_head = line;
	c->free_count++;
}

uint32_t counter_next_entry(const struct counter *c, uint32_t from) {
	uint32_t word = from / 64;
	uint64_t bits = from < c->made ? c->is_entry[word] >> from % 64 << from % 64 : 0;

	while (!bits) {
		if (++word > (c->made - 1) / 64)
			return 0;
		bits = c->is_entry[word];
	}
	return word * 64 + (uint32_t)__builtin_ctzll(bits);
}
