/* SPDX-License-Identifier: MIT */
/* The console without a prompt: pipes, files, terminals that can do little, and no input at
 * all. */
#include "console.h"

#include "console_stage.h"
#include "suite.h"

#define MANY 20000 /* lines, more than a pipe holds */

static void start_with(int in)
{
	int out[2];

	open_pipe(out);
	stage.slave = -1;
	stage.n_text = 0;
	stage.text[0] = '\0';
	start_program(in, out[1], STDERR_FILENO, false, "");
	close(out[1]);
	stage.in = -1;
	stage.out = out[0];
}

static void start_on_pipes(void)
{
	int in[2];

	open_pipe(in);
	start_with(in[0]);
	close(in[0]);
	stage.in = in[1];
	hear("started");
}

/* ---- lines ---- */

/* clang-format off */
static const struct {
	const char *bytes, *reported;
} lines[] = {
	{"echo one\n", "line: echo one\n"},
	{"echo one\r\n", "line: echo one\n"},
	{"\n\r\n  \n \t \necho one\n", "line: echo one\n"},  /* nothing in these */
	{" echo\tone \n", "line:  echo one \n"},
	{"echo \x1b[2J\x7f\x01\n", "line: echo ?[2J??\n"},
	{"echo gr\xc3\xbc\xc3\x9f \xf0\x9f\x8e\xae\n", "line: echo gr\xc3\xbc\xc3\x9f \xf0\x9f\x8e\xae\n"},
	{"echo \xff\xc3 \xed\xa0\x80\n", "line: echo ?? ???\n"},
	{"echo one\rtwo\n", "line: echo one?two\n"},
};
/* clang-format on */

START_TEST(test_lines)
{
	start_on_pipes();
	type_keys(lines[_i].bytes);
	type_keys("end\n");
	while (strstr(stage.heard, "line: end\n") == NULL)
		watch(100);
	ck_assert_int_eq(strncmp(stage.heard, lines[_i].reported, strlen(lines[_i].reported)),
			 0);
	ck_assert_str_eq(stage.heard + strlen(lines[_i].reported), "line: end\n");
	stop_and_end();
}
END_TEST

START_TEST(test_replies)
{
	start_on_pipes();
	type_keys("ec");
	order("print &ein between");
	type_keys("ho one\necho two\necho three");
	read_text("in between\nsaid: one\nsaid: two\n");
	type_keys("\n");
	read_text("in between\nsaid: one\nsaid: two\nsaid: three\n");
	stop_and_end();
}
END_TEST

START_TEST(test_nul)
{
	start_on_pipes();
	ck_assert_int_eq(write(stage.in, "echo \0x\n", 8), 8);
	hear("line: echo ?x\n");
	stop_and_end();
}
END_TEST

START_TEST(test_length)
{
	char line[3001];

	memset(line, 'x', sizeof(line));
	start_on_pipes();
	ck_assert_int_eq(write(stage.in, line, 1024), 1024);
	type_keys("\r\n");
	hear("line: xxx");
	ck_assert_int_eq(write(stage.in, line, 1025), 1025);
	type_keys("\n");
	ck_assert_int_eq(write(stage.in, line, sizeof(line)), sizeof(line));
	type_keys("\necho after\n");
	hear("line: echo after\n");
	read_text("That line is too long: 1024 bytes are the most.\n"
		  "That line is too long: 1024 bytes are the most.\n"
		  "said: after\n");
	stop_and_end();
}
END_TEST

/* ---- the end of stdin ---- */

START_TEST(test_end_of_input)
{
	start_on_pipes();
	type_keys("echo one\necho two");
	close(stage.in);
	hear("line: echo one\n");
	hear("line: echo two\n");
	order("print still here");
	read_text("said: one\nsaid: two\nstill here\n");
	stop_and_end();
}
END_TEST

START_TEST(test_file)
{
	FILE *file = tmpfile();

	ck_assert_ptr_nonnull(file);
	fputs("echo one\n\necho two\n", file);
	rewind(file);
	start_with(fileno(file));
	fclose(file);
	hear("line: echo two\n");
	read_text("said: one\nsaid: two\n");
	stop_and_end();
}
END_TEST

/* A line that is being run may end; those behind it are not run any more. */
START_TEST(test_stop_in_between)
{
	start_on_pipes();
	type_keys("wait for stop\necho never\n");
	hear("waiting");
	send_order("stop");
	hear("line: wait for stop");
	hear("done in ");
	ck_assert_str_eq(stage.heard, "");
	end_program();
}
END_TEST

/* ---- no console ---- */

START_TEST(test_nothing_to_read)
{
	int in = _i == 0 ? -1 : open("/dev/null", O_RDWR | O_CLOEXEC);

	start_with(in);
	hear("refused");
	order("print goes out all the same");
	read_text("goes out all the same\n");
	stop_and_end();
}
END_TEST

/* In the background of a terminal, a read would stop the program. */
START_TEST(test_background)
{
	open_terminal(80);
	start_program(stage.slave, stage.slave, stage.slave, true, "background");
	hear("refused");
	order("log one");
	see("info  one\n");
	stop_and_end();
}
END_TEST

/* ---- terminals ---- */

/* No prompt, and what is typed is echoed by the terminal itself. */
START_TEST(test_simple_terminal)
{
	static const char *const types[] = {"dumb", "", "no-such-terminal", "vt52", NULL};

	if (types[_i] != NULL)
		setenv("TERM", types[_i], 1);
	else
		unsetenv("TERM");
	open_terminal(80);
	start_program(stage.slave, stage.slave, stage.slave, true, "");
	hear("started");
	order("log one");
	type_keys("echo hello\n");
	see("info  one\necho hello\nsaid: hello\n");
	type_keys("\x03");
	ck_assert_int_eq(hear("signal "), SIGINT);
	stop_and_end();
}
END_TEST

/* Typing on a terminal, but the replies go elsewhere. */
START_TEST(test_stdout_elsewhere)
{
	int out[2];
	char text[64] = "";

	setenv("TERM", "xterm", 1);
	open_pipe(out);
	open_terminal(80);
	start_program(stage.slave, out[1], stage.slave, true, "");
	hear("started");
	type_keys("echo hello\n");
	hear("line: echo hello");
	see("echo hello\n");
	ck_assert_int_gt(read(out[0], text, sizeof(text) - 1), 0);
	ck_assert_str_eq(text, "said: hello\n");
	stop_and_end();
}
END_TEST

/* ---- nobody reads ---- */

START_TEST(test_unread)
{
	unsigned long lost = 0, arrived = 0, n;
	char line[64];
	int out;

	start_on_pipes();
	out = stage.out;
	stage.out = -1;
	type_keys("count 20000\n");
	hear("line: count 20000\n");
	stage.out = out;
	while (strstr(stage.text, "nobody read them") == NULL)
		watch(100);
	for (char *rest = stage.text, *text; (text = strsep(&rest, "\n")) != NULL;) {
		if (sscanf(text, "(%lu lines lost: nobody read them)", &n) == 1) {
			lost += n;
		} else if (*text != '\0') {
			arrived++;
			snprintf(line, sizeof(line), "number %lu", arrived + lost);
			ck_assert_str_eq(text, line);
		}
	}
	ck_assert_uint_gt(arrived, 1000);
	ck_assert_uint_eq(arrived + lost, MANY);
	stop_and_end();
}
END_TEST

/* The reader is gone: nothing to wait for. */
START_TEST(test_reader_gone)
{
	start_on_pipes();
	close(stage.out);
	stage.out = -1;
	type_keys("count 20000\n");
	hear("line: count 20000\n");
	stop_and_end();
}
END_TEST

/* In place of a shell that leaves the program in the background. */
static int background_run(void)
{
	pid_t job = fork();
	int status;

	if (job == 0) {
		setpgid(0, 0);
		return program_run();
	}
	waitpid(job, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	Suite *suite;
	TCase *tcase;

	if (argc == 3 && strcmp(argv[1], PROGRAM_FLAG) == 0)
		return strcmp(argv[2], "background") == 0 ? background_run() : program_run();
	suite = suite_create("console without a prompt");
	tcase = tcase_create("plain");
	tcase_add_loop_test(tcase, test_lines, 0, sizeof(lines) / sizeof(lines[0]));
	tcase_add_test(tcase, test_replies);
	tcase_add_test(tcase, test_nul);
	tcase_add_test(tcase, test_length);
	tcase_add_test(tcase, test_end_of_input);
	tcase_add_test(tcase, test_file);
	tcase_add_test(tcase, test_stop_in_between);
	tcase_add_loop_test(tcase, test_nothing_to_read, 0, 2);
	tcase_add_test(tcase, test_background);
	tcase_add_loop_test(tcase, test_simple_terminal, 0, 5);
	tcase_add_test(tcase, test_stdout_elsewhere);
	tcase_add_test(tcase, test_unread);
	tcase_add_test(tcase, test_reader_gone);
	suite_add_tcase(suite, tcase);
	return suite_main(suite);
}
