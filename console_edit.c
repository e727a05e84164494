/* SPDX-License-Identifier: MIT */
/*
 * The prompt on a terminal, with libedit: keys, history, completion. Responsible for the
 * terminal's modes and for what stands on its last line; not for what a line means. The one
 * idea: all output while somebody types is made here, in between two keys: the line is wiped,
 * the lines that wait are written in its place, and libedit draws it anew below them.
 */
#include <bsd/string.h>
#include <ctype.h>
#include <errno.h>
#include <histedit.h>
#include <locale.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#include "console_private.h"
#include "log.h"
#include "text.h"

#define PROMPT     "> "
#define HISTORY    200 /* lines */
#define BATCH      200 /* lines written before the prompt is drawn again */
#define CANDIDATES 100 /* listed, at most */
#define WORD       256 /* bytes of a candidate */
#define SUSPEND_MS 500 /* how long a stop signal may take to arrive */

/* The console's thread only, but for `modes`. */
static struct editor {
	const struct console_options *options;
	EditLine *el;
	History *history;
	FILE *screen;  /* libedit writes here, and so do we; ends in console_output_write() */
	FILE *nowhere; /* its complaints */
	struct winsize size;
	char bytes[5]; /* of a character that is not complete yet, terminated */
	size_t n_bytes;
	bool is_away; /* in the background: the screen is not ours */
	bool is_over;
} editor;

static struct termios modes; /* as they were; set before the thread starts */
static bool has_modes;
static atomic_bool was_continued; /* after a stop: somebody else had the terminal */

/* ---- the screen ---- */

static ssize_t write_screen(void *cookie, const char *bytes, size_t n)
{
	(void)cookie;
	console_output_write(bytes, n);
	return (ssize_t)n;
}

/* libedit's own idea of how wide the screen is. */
static int columns(void)
{
	int n = 0;

	return el_get(editor.el, EL_GETTC, "co", &n) == 0 && n > 0 ? n : 80;
}

/* In which row of its own the cursor stands: a long line takes several, and half a wide
 * character does not stay behind at the end of one. */
static int cursor_row(void)
{
	const LineInfoW *line = el_wline(editor.el);
	int row = 0, column = (int)strlen(PROMPT), width = columns();

	for (const wchar_t *c = line->buffer; c < line->lastchar; c++) {
		int n = wcwidth(*c);

		if (column + n > width) {
			row++;
			column = 0;
		}
		if (c == line->cursor)
			break;
		column += n > 0 ? n : 0;
		if (column >= width) {
			row++;
			column = 0;
		}
	}
	return row;
}

/* Wipes the prompt and what stands behind it: the next output starts in its place. */
static void erase(void)
{
	fputc('\r', editor.screen);
	for (int row = cursor_row(); row > 0; row--)
		fputs("\x1b[A", editor.screen);
	fputs("\x1b[J", editor.screen);
}

static void draw(void)
{
	el_set(editor.el, EL_REFRESH);
}

static void write_waiting(void)
{
	char line[CONSOLE_PRINTED];
	size_t n;
	int i = 0;

	for (; i < BATCH && (n = console_output_take(line)) > 0; i++)
		fwrite(line, 1, n, editor.screen);
	if (i == BATCH)
		console_wake(); /* the rest after a look at the keys */
	fflush(editor.screen);
}

/* Has the window another size than when this was asked last? */
static bool is_resized(void)
{
	struct winsize size = {0};
	bool differs;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
		return false;
	differs = memcmp(&size, &editor.size, sizeof(size)) != 0;
	editor.size = size;
	return differs;
}

/* Keys come one by one and are not echoed. Ctrl-Z is one of them, which libedit forgets easily.
 */
static void make_raw(void)
{
	el_set(editor.el, EL_PREP_TERM, 1);
	el_set(editor.el, EL_SETTY, "-d", "susp=", NULL);
}

/* Whoever had the terminal meanwhile may have set other modes, and libedit does not know. */
static void take_terminal_back(void)
{
	atomic_store(&was_continued, false);
	editor.is_away = false;
	el_set(editor.el, EL_PREP_TERM, 0);
	make_raw();
	fputs("\r\x1b[J", editor.screen);
	draw();
}

/*
 * In the background the terminal's modes and its last line are the shell's: lines are written
 * as they come, and libedit is not entered. False at the end; else the terminal is ours.
 */
static bool await_foreground(void)
{
	while (!console_is_foreground()) {
		editor.is_away = true;
		if ((console_wait(-1) & CONSOLE_STOPPED) != 0) {
			el_set(editor.el, EL_EDITMODE, 0); /* no more modes from it */
			return false;
		}
		write_waiting();
		console_output_flush();
	}
	return true;
}

/* Looks at what happened while nobody pressed a key. `lines`: there may be some to write. */
static void look_around(bool lines)
{
	if (!await_foreground())
		return;
	if (editor.is_away || atomic_load(&was_continued))
		take_terminal_back();
	if (is_resized()) {
		el_resize(editor.el);
		lines = true;
	}
	if (lines) {
		erase();
		write_waiting();
		draw();
	}
}

/* ---- keys ---- */

/* Adds a byte to the character; true if it is complete, and one that has a place on the screen
 * or steers the editor. */
static bool take_byte(char byte, wchar_t *out)
{
	uint32_t code;

	if ((byte & 0xc0) != 0x80 || editor.n_bytes >= sizeof(editor.bytes) - 1)
		editor.n_bytes = 0;
	editor.bytes[editor.n_bytes++] = byte;
	editor.bytes[editor.n_bytes] = '\0';
	if (byte == '\0' || text_utf8_next(editor.bytes, &code) == 0)
		return false;
	editor.n_bytes = 0;
	*out = (wchar_t)code;
	return code < 0x80 || wcwidth(*out) > 0;
}

/* libedit's way to read a key: 1, or 0 at the end. */
static int read_key(EditLine *el, wchar_t *out)
{
	unsigned seen;
	char byte;
	int n;

	(void)el;
	while (((seen = console_wait(-1)) & CONSOLE_STOPPED) == 0) {
		look_around((seen & CONSOLE_WOKEN) != 0);
		if ((seen & CONSOLE_READABLE) == 0)
			continue;
		n = console_read(&byte, 1);
		if (n == 0)
			break;
		if (n == 1 && take_byte(byte, out))
			return 1;
	}
	editor.is_over = true;
	return 0;
}

/* Ctrl-D: deletes like Delete, but is no way out. */
static unsigned char on_end_key(EditLine *el, int key)
{
	const LineInfoW *line = el_wline(el);

	(void)key;
	if (line->lastchar > line->buffer) {
		if (line->cursor == line->lastchar)
			return CC_ERROR;
		el_cursor(el, 1);
		el_deletestr(el, 1);
		return CC_REFRESH;
	}
	erase();
	fputs("Type stop to end Kurafuto.\n", editor.screen);
	draw();
	return CC_NORM;
}

/*
 * Ctrl-Z: gives the terminal back before the shell has it, and stops us all, with those of a
 * pipeline or `make run`. The signal may hit any thread, now or in a moment; that we are back
 * is told by SIGCONT. If that does not come, nobody stopped us: there is no shell to do so.
 */
static unsigned char on_suspend_key(EditLine *el, int key)
{
	(void)key;
	if (tcgetpgrp(STDIN_FILENO) < 0)
		return CC_ERROR; /* no terminal of ours: who would wake us up? */
	erase();
	fflush(editor.screen);
	el_set(el, EL_PREP_TERM, 0);
	console_edit_restore();
	atomic_store(&was_continued, false);
	kill(0, SIGTSTP);
	for (int ms = 0; ms < SUSPEND_MS && !atomic_load(&was_continued);
	     ms += CONSOLE_RETRY_MS) {
		if (console_is_stopped(CONSOLE_RETRY_MS))
			break;
	}
	if (await_foreground())
		take_terminal_back();
	return CC_NORM;
}

/* ---- completion ---- */

/* All that complete a line, and the first of them. */
struct choice {
	size_t n;
	char common[WORD + 1]; /* what they start with, and room for a space */
	char words[CANDIDATES][WORD];
};

/* Cuts `common` to what `word` starts with too, whatever the case. */
static void keep_common(char *common, const char *word)
{
	size_t n = 0;

	while (common[n] != '\0' &&
	       tolower((unsigned char)common[n]) == tolower((unsigned char)word[n]))
		n++;
	while (n > 0 && ((unsigned char)common[n] & 0xc0) == 0x80)
		n--; /* whole characters */
	common[n] = '\0';
}

/* A console_offer_fn: counts those that a terminal shows as they are. */
static void take_candidate(void *context, const char *word)
{
	struct choice *choice = context;
	char escaped[WORD];

	log_escape(escaped, sizeof(escaped), word, false);
	if (strcmp(escaped, word) != 0 || word[strcspn(word, " ")] != '\0')
		return;
	if (choice->n == 0)
		strlcpy(choice->common, word, WORD);
	else
		keep_common(choice->common, word);
	if (choice->n < CANDIDATES)
		strlcpy(choice->words[choice->n], word, WORD);
	choice->n++;
}

/* All candidates in lines as wide as the screen, above the prompt. */
static void list_candidates(const struct choice *choice)
{
	size_t column = 0, width = (size_t)columns();

	erase();
	for (size_t i = 0; i < choice->n && i < CANDIDATES; i++) {
		const char *word = choice->words[i];
		size_t len = strlen(word);

		if (column > 0 && column + 2 + len >= width) {
			fputc('\n', editor.screen);
			column = 0;
		}
		column += (size_t)fprintf(editor.screen, "%s%s", column > 0 ? "  " : "", word);
	}
	if (choice->n > CANDIDATES)
		fprintf(editor.screen, "\n(and %zu more)", choice->n - CANDIDATES);
	fputc('\n', editor.screen);
	draw();
}

/* Puts `word` in the place of the last word, `old`. */
static void replace_word(EditLine *el, const char *old, const char *word)
{
	int characters = 0;

	for (; *old != '\0'; old++)
		characters += ((unsigned char)*old & 0xc0) != 0x80;
	el_deletestr(el, characters);
	el_insertstr(el, word);
}

/* Tab: as much as all candidates have in common, else what there is to choose from. */
static unsigned char on_complete_key(EditLine *el, int key)
{
	const LineInfo *line = el_line(el);
	static struct choice choice; /* of this thread */
	char typed[CONSOLE_LINE];
	size_t n = (size_t)(line->cursor - line->buffer);
	const char *space, *old;

	(void)key;
	if (n >= sizeof(typed) || editor.options->complete == NULL)
		return CC_ERROR;
	memcpy(typed, line->buffer, n);
	typed[n] = '\0';
	space = strrchr(typed, ' ');
	old = space != NULL ? space + 1 : typed;
	choice.n = 0;
	editor.options->complete(editor.options->context, typed, take_candidate, &choice);
	if (choice.n == 0)
		return CC_ERROR;
	if (choice.n > 1 && strlen(choice.common) <= strlen(old)) {
		list_candidates(&choice);
		return CC_NORM;
	}
	if (choice.n == 1)
		strlcat(choice.common, " ", sizeof(choice.common));
	replace_word(el, old, choice.common);
	return CC_REFRESH;
}

/* ---- opening and closing ---- */

bool console_edit_prepare(void)
{
	const char *term = getenv("TERM");
	struct stat in, out;

	has_modes = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) &&
		    fstat(STDIN_FILENO, &in) == 0 && fstat(STDOUT_FILENO, &out) == 0 &&
		    in.st_rdev == out.st_rdev && term != NULL && term[0] != '\0' &&
		    strcmp(term, "dumb") != 0 && tcgetattr(STDIN_FILENO, &modes) == 0;
	return has_modes;
}

void console_edit_restore(void)
{
	if (has_modes && console_is_foreground())
		tcsetattr(STDIN_FILENO, TCSANOW, &modes);
}

/* Does the log go to the terminal that we prompt on? */
static bool owns_log(void)
{
	struct stat out, err;

	return isatty(STDERR_FILENO) && fstat(STDOUT_FILENO, &out) == 0 &&
	       fstat(STDERR_FILENO, &err) == 0 && out.st_rdev == err.st_rdev;
}

static void take_log_line(void *context, const char *line, size_t n)
{
	(void)context;
	console_output_put(line, n);
}

static void on_continued(int signal_number)
{
	(void)signal_number;
	atomic_store(&was_continued, true);
	console_wake();
}

static char *prompt(EditLine *el)
{
	static char text[] = PROMPT;

	(void)el;
	return text;
}

static void bind_keys(EditLine *el)
{
	/* clang-format off */
	static const char *const keys[][2] = {
		{"^I", "console-complete"},
		{"^D", "console-end"},
		{"^Z", "console-suspend"},
		{"^R", "em-inc-search-prev"},
		{"^V", "ed-unassigned"},         /* would let control characters into the line */
		{"\\e[3~", "ed-delete-next-char"},
		{"\\e[1~", "ed-move-to-beg"},
		{"\\e[4~", "ed-move-to-end"},
		{"\\e[1;5D", "ed-prev-word"},
		{"\\e[1;5C", "em-next-word"},
	};
	/* clang-format on */

	el_wset(el, EL_ADDFN, L"console-complete", L"Complete the word", on_complete_key);
	el_wset(el, EL_ADDFN, L"console-end", L"Delete, or say how to end", on_end_key);
	el_wset(el, EL_ADDFN, L"console-suspend", L"Stop until fg", on_suspend_key);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		el_set(el, EL_BIND, keys[i][0], keys[i][1], NULL);
	el_set(el, EL_BIND, "-r", "\\ex", NULL); /* libedit's own commands */
	el_set(el, EL_BIND, "-r", "\\eX", NULL);
}

/*
 * libedit loses count when it shifts a row that is full, or has wide characters in it: so it is
 * to believe that the terminal cannot insert and delete, and writes the rest of the row.
 */
static void forget_shifting(EditLine *el)
{
	static const char *const capabilities[] = {"im", "ic", "IC", "dm", "dc", "DC"};

	for (size_t i = 0; i < sizeof(capabilities) / sizeof(capabilities[0]); i++)
		el_set(el, EL_SETTC, capabilities[i], "", NULL);
}

/* Can this terminal do what erase() wants of it? */
static bool can_erase(EditLine *el)
{
	char *up = NULL;

	return el_get(el, EL_GETTC, "up", &up) == 0 && up != NULL && strcmp(up, "\x1b[A") == 0;
}

static void close_editor(void)
{
	if (editor.el != NULL) {
		console_edit_restore();
		el_set(editor.el, EL_EDITMODE, 0); /* the modes are not its any more */
		el_end(editor.el);
	}
	if (editor.history != NULL)
		history_end(editor.history);
	if (editor.screen != NULL)
		fclose(editor.screen);
	if (editor.nowhere != NULL)
		fclose(editor.nowhere);
}

/* On failure close_editor() is still to be called. */
static bool open_editor(void)
{
	static const cookie_io_functions_t functions = {.write = write_screen};
	HistEvent event;

	editor.nowhere = fopen("/dev/null", "r+e");
	editor.screen = fopencookie(NULL, "w", functions);
	editor.history = history_init();
	if (editor.nowhere == NULL || editor.screen == NULL || editor.history == NULL)
		return false;
	setvbuf(editor.screen, NULL, _IOFBF, BUFSIZ);
	editor.el = el_init_fd("kurafuto", editor.nowhere, editor.screen, editor.nowhere,
			       STDIN_FILENO, STDOUT_FILENO, fileno(editor.nowhere));
	if (editor.el == NULL || !can_erase(editor.el))
		return false;
	history(editor.history, &event, H_SETSIZE, HISTORY);
	history(editor.history, &event, H_SETUNIQUE, 1);
	el_set(editor.el, EL_SIGNAL, 0);
	el_set(editor.el, EL_EDITOR, "emacs");
	el_set(editor.el, EL_PROMPT, prompt);
	el_set(editor.el, EL_HIST, history, editor.history);
	el_set(editor.el, EL_GETCFN, read_key);
	forget_shifting(editor.el);
	bind_keys(editor.el);
	return true;
}

/* One line from prompt to command. */
static void edit_line(void)
{
	HistEvent event;
	struct termios now;
	const char *line;
	char *text;
	int n = 0;

	if (!await_foreground() || !console_output_hold()) {
		editor.is_over = true;
		return;
	}
	editor.is_away = false;
	write_waiting();
	make_raw(); /* before the prompt: nothing is echoed behind it */
	line = el_gets(editor.el, &n);
	if (line == NULL && tcgetattr(STDIN_FILENO, &now) != 0)
		editor.is_over = true; /* the terminal is gone */
	if (editor.is_over && !editor.is_away)
		erase();
	fflush(editor.screen);
	write_waiting();
	console_output_release();
	if (editor.is_over || line == NULL)
		return;
	text = strdup(line);
	if (text == NULL)
		return;
	text[strcspn(text, "\r\n")] = '\0';
	if (text[strspn(text, " ")] != '\0')
		history(editor.history, &event, H_ENTER, text);
	console_enter(text, strlen(text));
	free(text);
}

static void run_editor(void)
{
	struct sigaction action = {.sa_handler = on_continued, .sa_flags = SA_RESTART}, before;
	bool has_log = owns_log();

	sigaction(SIGCONT, &action, &before);
	if (has_log)
		log_set_sink(take_log_line, NULL);
	is_resized();
	while (!editor.is_over && !console_is_stopped(0))
		edit_line();
	if (has_log)
		log_set_sink(NULL, NULL);
	sigaction(SIGCONT, &before, NULL);
}

bool console_edit_run(const struct console_options *options)
{
	locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0), before;
	bool is_open;

	before = uselocale(locale); /* of this thread alone */
	editor = (struct editor){.options = options};
	is_open = open_editor();
	if (is_open)
		run_editor();
	close_editor();
	uselocale(before);
	if (locale != (locale_t)0)
		freelocale(locale);
	return is_open;
}
