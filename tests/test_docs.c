/* SPDX-License-Identifier: MIT */
/* The manual says what the program does: kurafuto.json.5 has the table of keys as it is, and
 * examples that load. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

START_TEST(the_examples_load)
{
	static const char begin[] = ".Bd -literal -offset indent\n{\n", end[] = "\n.Ed\n";
	char *manual = read_file("kurafuto.json.5"), *from = manual, *to;
	unsigned n = 0;

	for (; (from = strstr(from, begin)) != NULL; from = to + 1, n++) {
		from += sizeof(begin) - sizeof("{\n");
		to = strstr(from, end);
		ck_assert_ptr_nonnull(to);
		*to = '\0';
		config_free(good(from));
	}
	ck_assert_uint_eq(n, 3);
	free(manual);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("docs");
	TCase *tcase = tcase_create("docs");

	tcase_add_test(tcase, the_manual_has_every_key);
	tcase_add_test(tcase, the_examples_load);
	suite_add_tcase(suite, tcase);
	return suite_main(suite);
}
