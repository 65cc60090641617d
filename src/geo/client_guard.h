/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may still read what was replaced: grace periods in the manner of userspace RCU (Desnoyers et al., "User-Level
 * Implementations of Read-Copy Update", IEEE TPDS 2012). A reader pays two plain stores to a cache line of its own.
 *
 *     struct client_seat *seat = client_guard_enter(&word);          old = exchange(pointer, new);
 *     … load the pointer, read what it points to …                   if (client_guard_wait())
 *     client_guard_leave(seat, word);                                        free(old);
 *
 * Readers may be interrupted by signal handlers that read, too. client_guard.c has the proof.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* A thread's place. The low byte of `word` counts how deep it is inside readers' sections (signal handlers nest), the
 * rest how many outermost ones it has left; the first bit is set where threads sit for one section only. */
struct client_seat {
	_Alignas(64) _Atomic uint64_t word;
	_Atomic bool taken;
};

#define CLIENT_NESTING UINT64_C(0xff)
#define CLIENT_GUEST (UINT64_C(1) << 63)

/* The calling thread's own seat, or NULL. */
extern _Thread_local struct client_seat *client_seat __attribute__((tls_model("initial-exec")));

/* Whether the kernel puts the barrier into readers when a writer asks for it (membarrier(2)). */
extern bool client_guard_asymmetric;

/* Prepares the process, once; before the first reader. Never fails: without membarrier readers pay for a barrier. */
void client_guard_init(void);

/* A seat for a thread that has none: its own from now on or, when all are given away, one for this section only. */
struct client_seat *client_guard_sit(void);
void client_guard_rise(struct client_seat *seat);

/* Waits until every section that had begun is left. False when the kernel denied what it had granted: then nothing may
 * be freed. */
bool client_guard_wait(void);

static inline struct client_seat *client_guard_enter(uint64_t *ret_word) {
	struct client_seat *seat = client_seat;
	uint64_t word;

	if (__builtin_expect(!seat, 0))
		seat = client_guard_sit();
	word = atomic_load_explicit(&seat->word, memory_order_relaxed);
	if (__builtin_expect(client_guard_asymmetric, 1)) {
		atomic_store_explicit(&seat->word, word + 1, memory_order_relaxed);
		atomic_signal_fence(memory_order_seq_cst);
	} else {
		(void)atomic_exchange_explicit(&seat->word, word + 1, memory_order_seq_cst);
	}
	*ret_word = word;
	return seat;
}

static inline void client_guard_leave(struct client_seat *seat, uint64_t word) {
	word += word & CLIENT_NESTING ? 0 : CLIENT_NESTING + 1;
	atomic_store_explicit(&seat->word, word, memory_order_release);
	if (__builtin_expect((word & CLIENT_GUEST) != 0, 0))
		client_guard_rise(seat);
}
