/* SPDX-License-Identifier: MIT */
/* The console on a terminal, as somebody sees it who sits in front of it. */
#include "console.h"

#include "console_stage.h"
#include "suite.h"

#define UP    "\x1b[A"
#define LEFT  "\x1b[D"
#define RIGHT "\x1b[C"
#define BACK  "\x7f"
#define START "\x01" /* Ctrl-A */
#define END   "\x05" /* Ctrl-E */
#define ENTER "\r"

#define FLOOD 5000

/* ---- lines and keys ---- */

START_TEST(test_lines)
{
	start_on_terminal(80);
	see(">\n");
	type_keys("echo hello");
	see("> echo hello\n");
	type_keys(ENTER);
	see("> echo hello\nsaid: hello\n>\n");
	hear("line: echo hello\n");
	type_keys("   " ENTER "echo a" ENTER
		  "echo b" ENTER); /* an empty one, and two at once */
	hear("line: echo a\n");
	hear("line: echo b\n");
	see("said: b\n>\n");
	stop_and_end();
}
END_TEST

START_TEST(test_history)
{
	start_on_terminal(80);
	type_keys("echo first" ENTER "echo second" ENTER "echo second" ENTER);
	for (int i = 0; i < 3; i++)
		hear("line: echo ");
	see("said: second\n>\n");
	type_keys(UP);
	see("> echo second\n");
	type_keys(UP); /* what is entered twice is there once */
	see("> echo first\n");
	type_keys(" again" ENTER);
	hear("line: echo first again\n");
	stop_and_end();
}
END_TEST

/* clang-format off */
static const struct {
	const char *keys, *shown;
} edits[] = {
	{"abc" LEFT LEFT "X", "> aXbc\n"},
	{"abc" BACK "d", "> abd\n"},
	{"abc" START "\x04" END "!", "> bc!\n"},             /* Ctrl-D in a line deletes */
	{"abc\x04" "d", "> abcd\n"},                         /* but not at its end */
	{"ab" START "\x1b[3~" "x", "> xb\n"},
	{"one two\x17three", "> one three\n"},               /* Ctrl-W */
	{"b\xc3\xa9" "b\xc3\xa4\xe6\x97\xa5" BACK "!", "> b\xc3\xa9" "b\xc3\xa4!\n"},
	{"a\xff\xc3(\x80\xe6\x97" "b", "> a(b\n"},           /* no UTF-8 */
	{"a\xcc\x81\xe2\x80\xae\xc2\x9b" "b", "> ab\n"},     /* nothing that has no place */
	{"a\x16\x02" "b", "> ba\n"},                         /* Ctrl-V lets nothing in */
};
/* clang-format on */

START_TEST(test_keys)
{
	start_on_terminal(80);
	see(">\n");
	type_keys(edits[_i].keys);
	see(edits[_i].shown);
	stop_and_end();
}
END_TEST

/* The main thread has it as a signal, and the line stays. */
START_TEST(test_ctrl_c)
{
	start_on_terminal(80);
	type_keys("echo stays");
	see("> echo stays\n");
	type_keys("\x03");
	ck_assert_int_eq(hear("signal "), SIGINT);
	order("log still here");
	see("info  still here\n> echo stays\n");
	stop_and_end();
}
END_TEST

START_TEST(test_ctrl_d)
{
	start_on_terminal(80);
	see(">\n");
	type_keys("\x04");
	see("Type stop to end Kurafuto.\n>\n");
	type_keys("echo goes on" ENTER);
	see("> echo goes on\nsaid: goes on\n>\n");
	stop_and_end();
}
END_TEST

START_TEST(test_too_long)
{
	char line[1024];

	memset(line, 'x', sizeof(line));
	memcpy(line, "echo ", 5);
	line[sizeof(line) - 1] = '\0';
	start_on_terminal(100);
	type_keys(line);
	type_keys("yz" ENTER);
	see("That line is too long: 1024 bytes are the most.\n>\n");
	type_keys(line);
	type_keys("y" ENTER);
	hear("line: echo xxx");
	stop_and_end();
}
END_TEST

/* ---- completion ---- */

/* clang-format off */
static const struct {
	const char *keys, *shown;
} completions[] = {
	{"st\t", "> stop\n"},
	{"st\tx", "> stop x\n"},                             /* with a space behind it */
	{"s\t", "send  servers  say  stop\n> s\n"},
	{"se\t", "send  servers\n> se\n"},
	{"send ali\t!", "> send Alice !\n"},                 /* in the case of the candidate */
	{"send a\t", "> send Al\n"},                         /* what they have in common */
	{"send a\t\t", "Alice  alan\n> send Al\n"},
	{"send b" LEFT "\t", "Alice  alan  Bob  J\xc3\xbcrgen  J\xc3\xb6rg\n> send b\n"},
	{"send j\t", "J\xc3\xbcrgen  J\xc3\xb6rg\n> send j\n"}, /* no half a character */
	{"send J\xc3\xbc\t!", "> send J\xc3\xbcrgen !\n"},
	{"send nobody\t", "> send nobody\n"},
};
/* clang-format on */

START_TEST(test_completion)
{
	start_on_terminal(80);
	see(">\n");
	type_keys(completions[_i].keys);
	see(completions[_i].shown);
	stop_and_end();
}
END_TEST

START_TEST(test_many_candidates)
{
	start_on_terminal(40);
	see(">\n");
	type_keys("many \t\t"); /* the first one types what they have in common */
	see("candidate99\n(and 50 more)\n> many candidate\n");
	stop_and_end();
}
END_TEST

/* ---- lines from elsewhere ---- */

START_TEST(test_log_while_typing)
{
	start_on_terminal(80);
	type_keys("echo hel");
	see("> echo hel\n");
	order("log one");
	see("info  one\n> echo hel\n");
	order("print two, with a \x1b and \xff");
	see("info  one\ntwo, with a \\x1b and \\xff\n> echo hel\n");
	type_keys("lo" LEFT LEFT LEFT LEFT LEFT);
	see("> echo hello\n");
	order("log three");
	see("info  three\n> echo hello\n");
	type_keys("X" ENTER);
	see("info  three\n> echo Xhello\nsaid: Xhello\n>\n");
	stop_and_end();
}
END_TEST

/* In the middle of searching the history, and of an escape sequence. */
START_TEST(test_log_while_searching)
{
	start_on_terminal(80);
	type_keys("echo needle" ENTER "echo hay" ENTER);
	see("said: hay\n>\n");
	type_keys("\x12need");
	see("bck:need\n");
	order("log one");
	order("log two");
	type_keys("\x1b");
	see("> echo needle\n");
	type_keys(START "\x1b");
	order("log three");
	see("info  three\n> echo needle\n");
	type_keys("[C!" ENTER);
	hear("line: e!cho needle\n");
	stop_and_end();
}
END_TEST

/* While a command runs, nobody types: what there is to say is said at once. */
START_TEST(test_log_while_running)
{
	start_on_terminal(80);
	type_keys("wait" ENTER);
	hear("waiting");
	see("> wait\nbefore\n");
	order("log one");
	order("print two");
	see("> wait\nbefore\ninfo  one\ntwo\n");
	order("go");
	hear("line: wait");
	see("> wait\nbefore\ninfo  one\ntwo\nafter\n>\n");
	stop_and_end();
}
END_TEST

/* More lines than may wait: whoever reads gets them all. */
START_TEST(test_long_reply)
{
	char *text;

	start_on_terminal(80);
	type_keys("count 3000" ENTER);
	see("number 3000\n>\n");
	text = terminal_text(&terminal);
	for (int i = 1; i < 3000; i++) {
		char both[64];

		snprintf(both, sizeof(both), "\nnumber %d\nnumber %d\n", i, i + 1);
		ck_assert_ptr_nonnull(strstr(text, both));
	}
	free(text);
	stop_and_end();
}
END_TEST

/* stderr is elsewhere: the log goes there, the prompt stays. */
START_TEST(test_log_elsewhere)
{
	char text[256] = "";
	int log[2];

	open_pipe(log);
	open_terminal(80);
	start_program(stage.slave, stage.slave, log[1], true, "");
	see(">\n");
	type_keys("echo x");
	see("> echo x\n");
	order("log one");
	ck_assert_int_gt(read(log[0], text, sizeof(text) - 1), 0);
	ck_assert_str_eq(text, "info  one\n");
	order("print two");
	see("two\n> echo x\n");
	stop_and_end();
}
END_TEST

/* ---- typing at random behind a #, with a log line now and then ---- */

#define COLUMNS   20
#define MAX_TYPED 150
#define ROUNDS    60

struct typist {
	uint32_t line[MAX_TYPED + 1];
	size_t n, cursor;
	uint64_t state;
	bool is_wide; /* types characters that take two columns */
};

static unsigned draw_number(struct typist *typist, unsigned below)
{
	typist->state ^= typist->state << 13;
	typist->state ^= typist->state >> 7;
	typist->state ^= typist->state << 17;
	return (unsigned)(typist->state >> 16) % below;
}

static void insert_character(struct typist *typist)
{
	static const struct {
		const char *keys;
		uint32_t code;
	} characters[] = {{"a", 'a'},
			  {"b", 'b'},
			  {" ", ' '},
			  {"\xc3\xbc", 0xfc},
			  {"\xe6\x97\xa5", 0x65e5}};
	unsigned i = draw_number(typist, typist->is_wide ? 5 : 4);

	if (typist->n >= MAX_TYPED)
		return;
	type_keys(characters[i].keys);
	memmove(typist->line + typist->cursor + 1, typist->line + typist->cursor,
		(typist->n - typist->cursor) * sizeof(typist->line[0]));
	typist->line[typist->cursor++] = characters[i].code;
	typist->n++;
}

static void delete_character(struct typist *typist)
{
	if (typist->cursor <= 1)
		return;
	type_keys(BACK);
	typist->cursor--;
	typist->n--;
	memmove(typist->line + typist->cursor, typist->line + typist->cursor + 1,
		(typist->n - typist->cursor) * sizeof(typist->line[0]));
}

static void move_cursor(struct typist *typist)
{
	switch (draw_number(typist, 6)) {
	case 0:
		type_keys(START RIGHT);
		typist->cursor = 1;
		break;
	case 1:
		type_keys(END);
		typist->cursor = typist->n;
		break;
	default:
		if (typist->cursor <= 1)
			return;
		type_keys(LEFT);
		typist->cursor--;
	}
}

/* All that the terminal is to show: what was logged, and the line, if it is to be there. The
 * caller frees it. */
static char *expected_text(const char *logged, const struct typist *typist)
{
	static struct terminal screen;

	terminal_init(&screen, COLUMNS);
	for (; *logged != '\0'; logged++)
		terminal_take(&screen, *logged);
	if (typist != NULL) {
		terminal_put(&screen, '>');
		terminal_put(&screen, ' ');
		for (size_t i = 0; i < typist->n; i++)
			terminal_put(&screen, typist->line[i]);
	}
	return terminal_text(&screen);
}

static void press_keys(struct typist *typist)
{
	for (unsigned keys = draw_number(typist, 12); keys > 0; keys--) {
		unsigned what = draw_number(typist, 10);

		if (what < 6)
			insert_character(typist);
		else if (what < 8)
			move_cursor(typist);
		else
			delete_character(typist);
	}
}

/* Waits until all keys were taken. */
static void wait_for_keys(void)
{
	type_keys("\t");
	hear("completing");
}

/* The line as the program is to get it. */
static void hear_line(const struct typist *typist)
{
	char text[8 + 4 * MAX_TYPED] = "line: ", *end = text + strlen(text);

	for (size_t i = 0; i < typist->n; i++)
		end = terminal_encode(end, typist->line[i]);
	hear(text);
}

/* Has a line logged, and adds it to what was logged. */
static void log_one(char *logged, size_t size, int round, const char *text)
{
	char line[64];

	snprintf(line, sizeof(line), "log %d%s", round, text);
	order(line);
	strlcat(logged, "info  ", size);
	strlcat(logged, line + 4, size);
	strlcat(logged, "\r\n", size);
}

/* Waits until the line stands below the log. */
static void see_line(const char *logged, const struct typist *typist)
{
	char *expected = expected_text(logged, typist);

	if (!typist->is_wide)
		see(expected);
	free(expected);
}

/*
 * Wide characters are a trial for libedit: its own drawing of a line of several rows that has
 * some is not looked at; but nothing of the log is lost, and nothing is left between it.
 */
START_TEST(test_random_typing)
{
	static struct typist typist;
	static char logged[ROUNDS * 64];
	char *expected, *text;

	typist.state = 0x9e3779b97f4a7c15u + (uint64_t)_i;
	typist.is_wide = _i % 2 == 1;
	start_on_terminal(COLUMNS);
	type_keys("#");
	typist.line[0] = '#';
	typist.n = typist.cursor = 1;
	for (int round = 0; round < ROUNDS; round++) {
		press_keys(&typist);
		log_one(logged, sizeof(logged), round, ""); /* among the keys, or behind them */
		wait_for_keys();
		see_line(logged, &typist); /* as it was drawn key by key */
		log_one(logged, sizeof(logged), round, ", on two rows or so");
		see_line(logged, &typist); /* as it was drawn anew */
	}
	type_keys(ENTER);
	hear_line(&typist);
	expected = expected_text(logged, NULL);
	text = terminal_text(&terminal);
	ck_assert_msg(strncmp(text, expected, strlen(expected)) == 0, "%s", text_end(text));
	free(expected);
	free(text);
	stop_and_end();
}
END_TEST

/* ---- the window ---- */

START_TEST(test_resize)
{
	struct winsize size = {.ws_row = TERMINAL_ROWS, .ws_col = 40};

	start_on_terminal(80);
	type_keys("echo 0123456789012345678901234");
	see("> echo 0123456789012345678901234\n");
	terminal.columns = 40;
	ck_assert_int_eq(ioctl(stage.slave, TIOCSWINSZ, &size), 0);
	type_keys("5678901234567890");
	see("> echo 012345678901234567890123456789012\n34567890\n");
	order("log one");
	see("info  one\n> echo 012345678901234567890123456789012\n34567890\n");
	stop_and_end();
}
END_TEST

/* ---- nobody reads ---- */

/* Each line has arrived whole or was counted. */
static void assert_all_accounted(void)
{
	char *text = terminal_text(&terminal), *rest = text, *line;
	unsigned long lost = 0, arrived = 0, n;

	while ((line = strsep(&rest, "\n")) != NULL) {
		int end = 0;

		if (sscanf(line, "(%lu lines lost: nobody read them)%n", &n, &end) == 1 &&
		    end > 0 && line[end] == '\0')
			lost += n;
		else if (sscanf(line, "info  line %lu of the flood%n", &n, &end) == 1 &&
			 end > 0 && line[end] == '\0')
			arrived++;
		else
			ck_assert_msg(line[0] == '\0' || line[0] == '>', "torn: %s", line);
	}
	free(text);
	ck_assert_uint_gt(lost, 0);
	ck_assert_uint_ge(arrived, 1000);
	ck_assert_uint_eq(lost + arrived, FLOOD);
}

/* Takes no more from the terminal. */
static int look_away(void)
{
	int out = stage.out;

	stage.out = -1;
	return out;
}

/* The game goes on while the terminal is stopped; what was lost is said when it is back. */
START_TEST(test_flood)
{
	int out;

	start_on_terminal(80);
	see(">\n");
	out = look_away();
	ck_assert_int_lt(order("flood 4999"), WAIT_MS / 2);
	stage.out = out;
	see_part("nobody read them)\n>\n");
	order("log line 5000 of the flood");
	see("info  line 5000 of the flood\n>\n");
	assert_all_accounted();
	stop_and_end();
}
END_TEST

/* Who types is heard while the log runs over. */
START_TEST(test_type_in_flood)
{
	start_on_terminal(80);
	order("flood without end");
	type_keys("echo one" ENTER);
	hear("line: echo one");
	type_keys("echo two" ENTER);
	hear("line: echo two");
	order("no flood");
	see(">\n");
	stop_and_end();
}
END_TEST

START_TEST(test_stop_unread)
{
	start_on_terminal(80);
	see(">\n");
	look_away();
	order("flood 5000");
	ck_assert_int_lt(order("stop"), 1000);
	assert_modes_are_back();
	end_program();
}
END_TEST

/* ---- the end ---- */

START_TEST(test_stop_while_typing)
{
	char *text;

	start_on_terminal(20);
	type_keys("echo 01234567890123456789012345678901234567890");
	see("> echo 0123456789012\n34567890123456789012\n34567890\n");
	ck_assert_int_lt(order("stop"), 1000);
	ck_assert_str_eq(stage.heard, ""); /* it is gone */
	assert_modes_are_back();
	order("log after");
	order("print and this");
	see("info  after\nand this\n");
	text = terminal_text(&terminal);
	ck_assert_str_eq(text, "info  after\nand this\n"); /* the line was wiped */
	free(text);
	end_program();
}
END_TEST

/* A command that never ends is waited for a second. */
START_TEST(test_stop_while_hanging)
{
	int ms;

	start_on_terminal(80);
	type_keys("hang" ENTER);
	hear("hanging");
	ms = order("stop");
	hear("console hangs");
	ck_assert_int_ge(ms, 900);
	ck_assert_int_lt(ms, 5000);
	assert_modes_are_back();
	order("log after");
	see("> hang\ninfo  after\n");
	kill(stage.pid, SIGKILL); /* as the program does: its thread is still there */
	waitpid(stage.pid, NULL, 0);
}
END_TEST

/* The terminal goes away; the program does not. */
START_TEST(test_hangup)
{
	start_on_terminal(80);
	see(">\n");
	close(look_away());
	ck_assert_int_eq(hear("signal "), SIGHUP);
	order("log nobody reads this");
	ck_assert_int_lt(order("stop"), 1000);
	end_program();
}
END_TEST

static TCase *terminal_case(void)
{
	TCase *tcase = tcase_create("terminal");

	tcase_add_test(tcase, test_lines);
	tcase_add_test(tcase, test_history);
	tcase_add_loop_test(tcase, test_keys, 0, sizeof(edits) / sizeof(edits[0]));
	tcase_add_test(tcase, test_ctrl_c);
	tcase_add_test(tcase, test_ctrl_d);
	tcase_add_test(tcase, test_too_long);
	tcase_add_loop_test(tcase, test_completion, 0,
			    sizeof(completions) / sizeof(completions[0]));
	tcase_add_test(tcase, test_many_candidates);
	tcase_add_test(tcase, test_log_while_typing);
	tcase_add_test(tcase, test_log_while_searching);
	tcase_add_test(tcase, test_log_while_running);
	tcase_add_test(tcase, test_long_reply);
	tcase_add_test(tcase, test_log_elsewhere);
	tcase_add_loop_test(tcase, test_random_typing, 0, 4);
	tcase_add_test(tcase, test_resize);
	tcase_add_test(tcase, test_flood);
	tcase_add_test(tcase, test_type_in_flood);
	tcase_add_test(tcase, test_stop_unread);
	tcase_add_test(tcase, test_stop_while_typing);
	tcase_add_test(tcase, test_stop_while_hanging);
	tcase_add_test(tcase, test_hangup);
	return tcase;
}

int main(int argc, char **argv)
{
	Suite *suite;

	if (argc == 3 && strcmp(argv[1], PROGRAM_FLAG) == 0)
		return program_run();
	setenv("TERM", "xterm", 1);
	suite = suite_create("console");
	suite_add_tcase(suite, terminal_case());
	return suite_main(suite);
}
