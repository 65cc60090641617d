/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
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
	errno = 0;
	if ((ferror(stdout) | fflush(stdout)) != 0 && status != EXIT_CANNOT)
		_exit(cannot("cannot write to standard output: %s", strerror(errno ? errno : EIO)));
}

/*
 * A standard stream that is closed would give its number to the next file that is opened, and what is meant for people
 * would go there. Its place is taken by something that cannot be used that way, so that using it stays an error.
 */
static void occupy_standard_streams(void) {
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
			_exit(EXIT_CANNOT);
}

int main(int argc, char **argv) {
	static char name[] = "hextet", buffer[64 << 10];

	occupy_standard_streams();
	/* Few writes; and most results are written as a whole at the end, where the reason is known if that fails. */
	if (!isatty(STDOUT_FILENO))
		(void)setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
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
