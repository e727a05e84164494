/* SPDX-License-Identifier: MIT */
/* The console on a terminal that a shell lends and takes back: Ctrl-Z, bg, fg. */
#include "console.h"

#include "console_stage.h"
#include "suite.h"

/* In place of a shell: starts the program as a job in the foreground, says when it stops, and
 * moves it where it is told to. Descriptor 5 has its orders. */
static int shell_run(void)
{
	pid_t job;
	char what;
	int status;

	signal(SIGTTOU, SIG_IGN);
	job = fork();
	if (job == 0) {
		setpgid(0, 0);
		tcsetpgrp(STDIN_FILENO, getpid());
		signal(SIGTTOU, SIG_DFL);
		close(5);
		return program_run();
	}
	while (waitpid(job, &status, WUNTRACED) == job && WIFSTOPPED(status)) {
		tcsetpgrp(STDIN_FILENO, getpid());
		report("stopped\n");
		while (read(5, &what, 1) == 1) {
			if (what == 'f')
				tcsetpgrp(STDIN_FILENO, job);
			kill(-job, SIGCONT);
			if (what == 'f')
				break;
			report("moved\n");
		}
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}

static int start_under_shell(void)
{
	int fds[2];

	open_pipe(fds);
	open_terminal(80);
	stage.extra = fds[0] + 1;
	start_program(stage.slave, stage.slave, stage.slave, true, "shell");
	close(fds[0]);
	see(">\n");
	return fds[1];
}

START_TEST(test_suspend)
{
	int shell = start_under_shell();

	type_keys("echo x");
	see("> echo x\n");
	type_keys("\x1a");
	hear("stopped");
	assert_modes_are_back();
	terminal_put(&terminal, '$');
	ck_assert_int_eq(write(shell, "f", 1), 1);
	see("> echo x\n");
	type_keys("y\r");
	hear("line: echo xy");
	see("said: xy\n>\n");
	stop_and_end();
}
END_TEST

/* In the background lines come as they are, and nobody touches the shell's modes. */
START_TEST(test_background)
{
	int shell = start_under_shell();

	type_keys("echo x");
	see("> echo x\n");
	type_keys("\x1a");
	hear("stopped");
	ck_assert_int_eq(write(shell, "b", 1), 1);
	hear("moved");
	order("log one");
	see("info  one\n");
	type_keys("not for us\n");
	order("print two");
	see("info  one\nnot for us\ntwo\n");
	assert_modes_are_back();
	if (_i == 1) { /* and then comes back */
		ck_assert_int_eq(write(shell, "f", 1), 1);
		hear("line: echo xnot for us");
		type_keys("y\r");
		hear("line: y");
		see("> y\n>\n");
	}
	close(shell);
	stop_and_end();
}
END_TEST

/* Stopped by somebody else, in the middle of typing. */
START_TEST(test_stopped_from_outside)
{
	struct termios modes;

	start_on_terminal(80);
	type_keys("echo x");
	see("> echo x\n");
	ck_assert_int_eq(tcsetattr(stage.slave, TCSANOW, &stage.modes),
			 0); /* as a shell does */
	kill(stage.pid, SIGCONT);
	do {
		watch(10);
		ck_assert_int_eq(tcgetattr(stage.slave, &modes), 0);
	} while ((modes.c_lflag & ICANON) != 0);
	type_keys("y");
	see("> echo xy\n");
	stop_and_end();
}
END_TEST

int main(int argc, char **argv)
{
	Suite *suite;
	TCase *tcase;

	if (argc == 3 && strcmp(argv[1], PROGRAM_FLAG) == 0)
		return strcmp(argv[2], "shell") == 0 ? shell_run() : program_run();
	setenv("TERM", "xterm", 1);
	suite = suite_create("console as a job");
	tcase = tcase_create("jobs");
	tcase_add_test(tcase, test_suspend);
	tcase_add_loop_test(tcase, test_background, 0, 2);
	tcase_add_test(tcase, test_stopped_from_outside);
	suite_add_tcase(suite, tcase);
	return suite_main(suite);
}
