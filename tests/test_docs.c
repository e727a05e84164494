/* SPDX-License-Identifier: MIT */
/* The manuals and README.md say what the program does: all keys and commands are there, and the
 * examples load. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands_private.h"
#include "config.h"
#include "said.h"
#include "suite.h"

static char *read_file(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = calloc(1, 1 << 20);

	ck_assert_msg(file != NULL, "%s can't be read (tests run in the top directory)", path);
	ck_assert_ptr_nonnull(text);
	ck_assert_uint_gt(fread(text, 1, (1 << 20) - 1, file), 0);
	fclose(file);
	return text;
}

START_TEST(the_manual_has_every_key)
{
	static const char begin[] = ".\\\" BEGIN KEYS\n", end[] = ".\\\" END KEYS\n";
	char *manual = read_file("kurafuto.json.5"), *table = NULL, *from, *to;
	size_t size = 0;
	FILE *out = open_memstream(&table, &size);

	config_print_mdoc(out);
	fclose(out);
	from = strstr(manual, begin);
	ck_assert_ptr_nonnull(from);
	from += strlen(begin);
	to = strstr(from, end);
	ck_assert_ptr_nonnull(to);
	*to = '\0';
	ck_assert_msg(strcmp(from, table) == 0,
		      "kurafuto.json.5 differs from the table of keys: make man");
	free(table);
	free(manual);
}
END_TEST

/* How many examples of a file load: what stands between two lines that begin and end one. */
static unsigned load_examples(const char *path, const char *begin, const char *end)
{
	char *text = read_file(path), *from = text, *to;
	unsigned n = 0;

	for (; (from = strstr(from, begin)) != NULL; from = to + 1, n++) {
		from += strlen(begin) - strlen("{\n");
		to = strstr(from, end);
		ck_assert_ptr_nonnull(to);
		*to = '\0';
		config_free(good(from));
	}
	free(text);
	return n;
}

START_TEST(the_examples_load)
{
	ck_assert_uint_eq(
		load_examples("kurafuto.json.5", ".Bd -literal -offset indent\n{\n", "\n.Ed\n"),
		9);
	ck_assert_uint_eq(load_examples("README.md", "\n```json\n{\n", "\n```\n"), 10);
}
END_TEST

/* Does a text have a word, and not just the beginning of one, right behind another text. */
static bool has_word(const char *text, const char *before, const char *word)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz-";
	char wanted[64];

	snprintf(wanted, sizeof(wanted), "%s%s", before, word);
	for (const char *p = text; (p = strstr(p, wanted)) != NULL; p++)
		if (strchr(letters, p[strlen(wanted)]) == NULL)
			return true;
	return false;
}

START_TEST(every_command_is_described)
{
	char *manual = read_file("kurafuto.8"), *readme = read_file("README.md");

	for (const struct command *command = command_table; command->name != NULL; command++) {
		ck_assert_msg(has_word(manual, "\n.It Cm ", command->name),
			      "kurafuto.8 lacks the command %s", command->name);
		ck_assert_msg(has_word(readme, "`:kura ", command->name) ||
				      has_word(readme, "`", command->name),
			      "README.md lacks the command %s", command->name);
	}
	free(manual);
	free(readme);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("docs");
	TCase *tcase = tcase_create("docs");

	tcase_add_test(tcase, the_manual_has_every_key);
	tcase_add_test(tcase, the_examples_load);
	tcase_add_test(tcase, every_command_is_described);
	suite_add_tcase(suite, tcase);
	return suite_main(suite);
}
