/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "cmd/command.h"
#include "command_table.h"

const struct command *const command_list[] = { COMMAND_LIST NULL };

static const struct command top = {
	.name = "hextet",
	.summary = "Runs a dual-stack estate from one source of truth",
	.sub = command_list,
};

/*
 * The last word on standard output: whoever printed there, a result that did not arrive is no success. A command that
 * has said so itself ends with EXIT_CANNOT already.
 */
static void check_stdout(int status, void *unused) {
	(void)unused;
	if ((ferror(stdout) | fflush(stdout)) != 0 && status != EXIT_CANNOT)
		_exit(cannot("cannot write to standard output: %s", strerror(errno)));
}

int main(int argc, char **argv) {
	static char name[] = "hextet";

	argp_err_exit_status = EXIT_USAGE;
	(void)on_exit(check_stdout, NULL);
	(void)signal(SIGPIPE, SIG_IGN); /* a closed pipe is a write error, reported as one */
	if (argc >= 2 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)) {
		(void)puts("hextet " HEXTET_VERSION);
		return EXIT_DONE;
	}
	argv[0] = name;
	return command_run(&top, argc, argv);
}
