/* SPDX-License-Identifier: MIT */
/* Names, keys and salts. */
#include <check.h>
#include <string.h>

#include "auth.h"
#include "suite.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SALT         "0123456789abcdef"
#define KEY          "df6a3b90ac7c3bff94d12056b2edc58c" /* of Alice with that salt */

static const struct {
	const char *name;
	bool is_valid;
} names[] = {
	{"Alice", true},
	{"a", true},
	{"0", true},
	{"A_b.C@d+e-f", true},
	{"1234567890123456", true},
	{"12345678901234567", false},
	{"", false},
	{"Ali ce", false},
	{" Alice", false},
	{"Alice ", false},
	{"Ali&ce", false},
	{"Alice\n", false},
	{"\x01", false},
	{"Al\x80ice", false},
	{"Alíce", false},
	{"a/b", false},
	{"a:b", false},
	{"%e", false},
	{"_", true},
	{"...", true},
	{"~", false},
};

START_TEST(names_are_checked)
{
	ck_assert_msg(auth_name_is_valid(names[_i].name) == names[_i].is_valid, "'%s'",
		      names[_i].name);
}
END_TEST

START_TEST(full_names_have_room_for_a_suffix)
{
	ck_assert(auth_full_name_is_valid("Sixteen_letters_"));
	ck_assert(!auth_name_is_valid("Sixteen_letters_@"));
	ck_assert(auth_full_name_is_valid("Sixteen_letters_@abc"));
	ck_assert(!auth_full_name_is_valid("Sixteen_letters_@abcd"));
	ck_assert(!auth_full_name_is_valid(""));
	ck_assert(!auth_full_name_is_valid("a b"));
}
END_TEST

START_TEST(suffixes_are_checked)
{
	ck_assert(auth_suffix_is_valid("+") && auth_suffix_is_valid("@abc"));
	ck_assert(!auth_suffix_is_valid("") && !auth_suffix_is_valid("@abcd"));
	ck_assert(!auth_suffix_is_valid("~") && !auth_suffix_is_valid(" "));
	ck_assert(auth_has_suffix("Alice+", "+") && auth_has_suffix("Alice@BC", "@bc"));
	ck_assert(!auth_has_suffix("Alice", "+") && !auth_has_suffix("Al+ice", "+"));
	ck_assert(!auth_has_suffix("+", "+") && !auth_has_suffix("", "+"));
	ck_assert(!auth_has_suffix("Alice", ""));
}
END_TEST

/* Every single byte: 62 letters and digits and six signs, nothing else. */
START_TEST(every_byte_of_a_name_is_checked)
{
	static const char good[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.@+-";

	for (int byte = 1; byte < 256; byte++) {
		char name[2] = {(char)byte, '\0'};

		ck_assert_int_eq(auth_name_is_valid(name),
				 strchr(good, byte) != NULL && byte < 128);
	}
}
END_TEST

/* Computed with another program; the first is the protocol reference's. */
static const struct {
	const char *salt, *name, *key;
} keys[] = {
	{SALT, "Alice", KEY},
	{"", "", "d41d8cd98f00b204e9800998ecf8427e"},
	{"", "abc", "900150983cd24fb0d6963f7d28e17f72"},
	{"ab", "c", "900150983cd24fb0d6963f7d28e17f72"},
	{"message", " digest", "f96b697d7cb7938d525a2f31aaf161d0"},
};

START_TEST(keys_are_md5_of_salt_and_name)
{
	char key[AUTH_KEY_LEN + 1];

	auth_key(key, keys[_i].salt, keys[_i].name);
	ck_assert_str_eq(key, keys[_i].key);
	ck_assert(auth_key_is_valid(keys[_i].salt, keys[_i].name, keys[_i].key));
}
END_TEST

static const struct {
	const char *salt, *name, *key;
	bool is_valid;
} tries[] = {
	{SALT, "Alice", KEY, true},
	{SALT, "Alice", "DF6A3B90AC7C3BFF94D12056B2EDC58C", true},
	{SALT, "Alice", "df6A3b90AC7c3bff94d12056b2edC58c", true},
	{SALT, "alice", KEY, false},
	{SALT, "Bob", KEY, false},
	{"0123456789abcdeg", "Alice", KEY, false},
	{SALT, "Alice", "", false},
	{SALT, "Alice", "-", false},
	{SALT, "Alice", "df6a3b90ac7c3bff94d12056b2edc58", false},
	{SALT, "Alice", KEY "0", false},
	{SALT, "Alice", " " KEY, false},
	{SALT, "Alice", KEY " ", false},
	{SALT, "Alice", "ef6a3b90ac7c3bff94d12056b2edc58c", false},
	{SALT, "Alice", "df6a3b90ac7c3bff94d12056b2edc58d", false},
	{SALT, "Alice",
	 "df6a3b90ac7c3bff\x19\x14"
	 "d12056b2edc58c",
	 false}, /* not case, but one bit */
};

START_TEST(keys_are_compared)
{
	ck_assert_msg(auth_key_is_valid(tries[_i].salt, tries[_i].name, tries[_i].key) ==
			      tries[_i].is_valid,
		      "'%s' for %s", tries[_i].key, tries[_i].name);
}
END_TEST

/* A wrong digit counts wherever it is, and so does every other byte in its place. */
START_TEST(each_digit_counts)
{
	for (size_t i = 0; i < AUTH_KEY_LEN; i++) {
		for (int byte = 1; byte < 256; byte++) {
			char key[] = KEY;
			char upper = KEY[i] >= 'a' ? (char)(KEY[i] - ('a' - 'A')) : KEY[i];

			key[i] = (char)byte;
			ck_assert_msg(auth_key_is_valid(SALT, "Alice", key) ==
					      (byte == KEY[i] || byte == upper),
				      "byte 0x%02x at %zu", byte, i);
		}
	}
}
END_TEST

START_TEST(salts_are_random)
{
	char salts[50][AUTH_SALT_LEN + 1];
	bool seen[256] = {false};
	size_t n_seen = 0;

	for (size_t i = 0; i < COUNT(salts); i++) {
		auth_salt(salts[i]);
		ck_assert_uint_eq(strlen(salts[i]), AUTH_SALT_LEN);
		ck_assert_uint_eq(strspn(salts[i], "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
						   "abcdefghijklmnopqrstuvwxyz"),
				  AUTH_SALT_LEN);
		for (size_t j = 0; j < i; j++)
			ck_assert_str_ne(salts[i], salts[j]);
		for (const char *p = salts[i]; *p != '\0'; p++) {
			n_seen += !seen[(unsigned char)*p];
			seen[(unsigned char)*p] = true;
		}
	}
	ck_assert_uint_eq(n_seen,
			  62); /* of 1,600 draws: to miss one is less likely than one in 10^9 */
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("auth");
	TCase *t = tcase_create("auth");

	suite_add_tcase(s, t);
	tcase_add_loop_test(t, names_are_checked, 0, COUNT(names));
	tcase_add_test(t, every_byte_of_a_name_is_checked);
	tcase_add_test(t, full_names_have_room_for_a_suffix);
	tcase_add_test(t, suffixes_are_checked);
	tcase_add_loop_test(t, keys_are_md5_of_salt_and_name, 0, COUNT(keys));
	tcase_add_loop_test(t, keys_are_compared, 0, COUNT(tries));
	tcase_add_test(t, each_digit_counts);
	tcase_add_test(t, salts_are_random);
	return s;
}

int main(void)
{
	return suite_main(suite());
}
