/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why nothing is freed under a reader. A section is
 *
 *     R1  seat.word := inside      R2  p := load(pointer)      R3  reads through p      R4  seat.word := left (release)
 *
 * and a replacement is
 *
 *     W1  old := exchange(pointer, new)      W2  barrier      W3  for each seat: wait until it is not inside, or was
 *                                                                 left since      W4  free(old)
 *
 * Take a section whose R2 got `old`, hence R2 came before W1 (a later load gets `new` or what followed it).
 *
 * With membarrier: at W2 each running thread of the process executes a full barrier; one that does not run has executed
 * one when it was switched out. R1 and R2 are in this order in the program (the signal fence keeps the compiler from
 * turning them round), so the barrier falls before R1, between, or behind R2. Before R1: then R2 comes after W1 and
 * gets `new`, against the assumption. Otherwise R1 is visible to the loads of W3, which therefore wait for R4 of this
 * section; R4 releases, W3 acquires, so R3 happens before W4.
 *
 * Without membarrier: R1 is a sequentially consistent exchange, R2 a sequentially consistent load, and so are W1 and
 * the loads of W3. In their one order R2 precedes W1, thus R1 precedes W3, which sees R1 or a later value of the seat:
 * either inside, and waits for R4, or what R4 or a later section wrote; the rest as above.
 *
 * Nesting: a handler that interrupts a section counts the low byte up and puts it back; only leaving the outermost
 * section changes the rest. So W3 takes a seat for left when its low byte is 0 or the rest has changed, and a thread
 * that does nothing but lookups cannot hold it up. Readers wait for nobody; a writer waits for sections of nanoseconds,
 * or for as long as the scheduler keeps a thread that is inside one from running.
 *
 * Seats are given to threads at their first lookup, without an allocation, and given back when they end. Threads beyond
 * SEATS share GUESTS more, each for one section at a time.
 */
#include "geo/client_guard.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { SEATS = 1024, GUESTS = 64 };

static struct client_seat seats[SEATS + GUESTS];
_Thread_local struct client_seat *client_seat __attribute__((tls_model("initial-exec")));
bool client_guard_asymmetric;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t at_thread_end;
static bool has_key;

static int membarrier(int command) {
	return (int)syscall(SYS_membarrier, command, 0, 0);
}

static void thread_end(void *seat) {
	client_seat = NULL;
	client_guard_rise(seat);
}

/* In a child only the thread that forked goes on: nobody sits on the others' seats any more. */
static void after_fork(void) {
	for (size_t i = 0; i < SEATS + GUESTS; i++) {
		if (&seats[i] == client_seat)
			continue;
		atomic_store(&seats[i].word, i < SEATS ? 0 : CLIENT_GUEST);
		atomic_store(&seats[i].taken, false);
	}
	if (client_guard_asymmetric)
		(void)membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED);
}

static void init(void) {
	has_key = pthread_key_create(&at_thread_end, thread_end) == 0;
	client_guard_asymmetric = membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) == 0;
	(void)pthread_atfork(NULL, NULL, after_fork);
	for (size_t i = SEATS; i < SEATS + GUESTS; i++)
		atomic_store(&seats[i].word, CLIENT_GUEST);
}

void client_guard_init(void) {
	(void)pthread_once(&once, init);
}

static struct client_seat *take(size_t first, size_t n) {
	for (size_t i = first; i < first + n; i++)
		if (!atomic_load_explicit(&seats[i].taken, memory_order_relaxed) &&
		    !atomic_exchange(&seats[i].taken, true))
			return &seats[i];
	return NULL;
}

struct client_seat *client_guard_sit(void) {
	struct client_seat *seat = has_key ? take(0, SEATS) : NULL;

	if (seat && pthread_setspecific(at_thread_end, seat) == 0)
		return client_seat = seat;
	if (seat)
		client_guard_rise(seat);
	while (!(seat = take(SEATS, GUESTS)))
		(void)sched_yield();
	return seat;
}

void client_guard_rise(struct client_seat *seat) {
	atomic_store(&seat->taken, false);
}

bool client_guard_wait(void) {
	const struct timespec moment = { .tv_nsec = 20000 };

	if (client_guard_asymmetric && membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED) < 0)
		return false;
	for (size_t i = 0; i < SEATS + GUESTS; i++) {
		uint64_t then = atomic_load(&seats[i].word), now = then;

		while (now & CLIENT_NESTING && now / (CLIENT_NESTING + 1) == then / (CLIENT_NESTING + 1)) {
			(void)nanosleep(&moment, NULL);
			now = atomic_load(&seats[i].word);
		}
	}
	return true;
}
