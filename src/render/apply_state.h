/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ROOT/var/lib/hextet/apply: what there is of it beyond one process.
 *
 *     lock              flock(2): whoever changes anything holds it; its text says who that is
 *     journal.PHASE     at most one; how far an apply has come is the journal's name, so a step is one rename(2)
 *     deadline          boot_id and CLOCK_BOOTTIME until when journal.wait may be committed
 *     manifest          what is installed (apply_manifest.h)
 *     backup/ID/PATH    files that somebody else had written, before they were replaced or removed; kept for good
 *     last              how the last apply ended, for --status
 *
 * Every step is durable when its call has returned.
 */
#pragma once

#include "render/apply_journal.h"

enum apply_phase {
	PHASE_NONE,    /* nothing is under way */
	PHASE_STAGE,   /* files are made ready beside the old ones; nothing has changed */
	PHASE_INSTALL, /* files are being exchanged, programs reloaded */
	PHASE_WAIT,    /* all is new; `--commit` or the deadline decides */
	PHASE_UNDO,    /* decided: back to the old files */
	PHASE_COMMIT,  /* decided: the new files stay; backups are being removed */
	_PHASE_MAX
};

struct apply_state {
	int root_fd, fd, lock_fd; /* ROOT; the state folder; -1: not open */
};

/*
 * Opens ROOT and its state folder, which is created when `create`. 0; -ENOENT without `create` (then only root_fd is
 * open); -EPERM for a folder that somebody else could have written; or -errno.
 */
int state_open(struct apply_state *s, const char *root, bool create);
void state_close(struct apply_state *s);

/* Takes the lock; `what` is told to others. 0; -EBUSY when not `wait` and another has it; or -errno. */
int state_lock(struct apply_state *s, bool wait, const char *what);
void state_unlock(struct apply_state *s);

/* Who has, or last had, the lock: "process 4711 (apply of fe01, since 22:31:05)"; in the arena, never NULL. */
const char *state_holder(const struct apply_state *s, struct arena *a);

int state_phase(const struct apply_state *s, enum apply_phase *ret_phase);
const char *phase_to_str(enum apply_phase p);

/* Reads the journal of a phase. 0; -EBADMSG when it is damaged; or -errno. */
int state_read_journal(const struct apply_state *s, struct arena *a, enum apply_phase phase, struct journal *ret);

/* Writes the journal of a new apply, in PHASE_STAGE; and forgets the one of an apply that has ended. 0 or -errno. */
int state_begin(const struct apply_state *s, const struct journal *j);
int state_end(const struct apply_state *s, enum apply_phase phase);

/* Removes what a cut-off write of a file in the state folder has left; with the lock. */
void state_tidy(const struct apply_state *s);

/* From phase to phase. Of several that try, one succeeds; the others get -ENOENT. */
int state_advance(const struct apply_state *s, enum apply_phase from, enum apply_phase to);

/* Sets the deadline; and the nanoseconds that are left until it: 0 when it is over, or of another boot, or not to be
 * read. */
int state_set_deadline(const struct apply_state *s, uint64_t from_now_s);
uint64_t state_time_left_ns(const struct apply_state *s, struct arena *a);

/* How the last apply ended, one line; "" when there was none. */
int state_set_last(const struct apply_state *s, const char *line);
const char *state_last(const struct apply_state *s, struct arena *a);

/* The running kernel's boot_id. */
void boot_id(char ret_id[static BOOT_ID_SIZE]);

/* A whole file below a folder, no link followed: read, and replaced in one durable step. 0 or -errno. */
int state_read(int at, const char *name, struct arena *a, struct str *ret_text);
int state_write(int at, const char *name, struct str text);

/* fsync, where "cannot be synchronised" (EINVAL: some file systems' folders) is no failure. 0 or -errno. */
int sync_fd(int fd);

/* The same for a folder, which may have been opened with O_PATH. */
int sync_folder(int folder);
