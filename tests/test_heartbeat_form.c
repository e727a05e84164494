/* SPDX-License-Identifier: MIT */
/*
 * What server lists are told, and what their answers mean, text by text; and answers of random
 * bytes, of which only printable ASCII may come out.
 */
#include <bsd/stdlib.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "heartbeat_private.h"
#include "suite.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define X10          "xxxxxxxxxx"
#define X50          X10 X10 X10 X10 X10
#define X200         X50 X50 X50 X50
#define CLASSICUBE   CONFIG_HEARTBEAT_CLASSICUBE
#define NOTCHIAN     CONFIG_HEARTBEAT_NOTCHIAN
#define BETACRAFT    CONFIG_HEARTBEAT_BETACRAFT_V2

/* clang-format off */
static const struct {
	const char *utf8, *plain, *encoded;
} names[] = {
	{"Plain", "Plain", "Plain"},
	{"&eYellow &cred", "Yellow red", "Yellow+red"},
	{"a b  c", "a b  c", "a+b++c"},
	{"100% & more", "100% & more", "100%25+%26+more"},
	{"caf\xc3\xa9 \xe2\x99\xa5", "cafe *", NULL},
	{"=?#+/~", "=?#+/~", "%3D%3F%23%2B%2F%7E"},
	{"-._*", "-._*", "-._*"},
	{"  &a edges &f ", "edges", "edges"},
	{"&e", "Kurafuto", "Kurafuto"},
	{"\xe4\xb8\xad", "?", "%3F"},
	{X50 "1234567890" "1234", X50 "1234567890" "1234", NULL},
};

static const struct {
	enum config_heartbeat_type type;
	long status;
	const char *bytes;
	bool works;
	const char *url, *reason, *words;
} answers[] = {
	/* addresses */
	{CLASSICUBE, 200, "https://www.classicube.net/server/play/0123", true, "https://www.classicube.net/server/play/0123", "", ""},
	{CLASSICUBE, 200, "\r\n http://a/b \n", true, "http://a/b", "", ""},
	{NOTCHIAN, 200, "\"https://betacraft.uk/server/1\"", true, "https://betacraft.uk/server/1", "", ""},
	{NOTCHIAN, 200, "HTTP://A", true, "HTTP://A", "", ""},
	{CLASSICUBE, 200, "{\"errors\":[],\"response\":\"http://a/b\",\"status\":\"success\"}", true, "http://a/b", "", ""},
	{CLASSICUBE, 200, "http://a b", false, "", "its answer is no address", "http://a b"},
	{CLASSICUBE, 200, "http://a\nhttp://b", false, "", "its answer is no address", "http://a http://b"},
	{CLASSICUBE, 200, "http://\x1b[31m", false, "", "its answer is no address", "http://\\x1b[31m"},
	{CLASSICUBE, 200, "http://" X200, false, "", "its answer is no address", NULL},
	{CLASSICUBE, 200, "\"http://a", false, "", "its answer is no address", "\"http://a"},
	{CLASSICUBE, 200, "ftp://a/b", false, "", "its answer is no address", "ftp://a/b"},
	{CLASSICUBE, 500, "http://a/b", false, "", "it answers with HTTP status 500", "http://a/b"},
	{NOTCHIAN, 200, "", true, "", "", ""},
	{NOTCHIAN, 200, "ok", true, "", "", "ok"},
	/* errors */
	{CLASSICUBE, 200, "{\"errors\":[[\"Bad port\"]],\"response\":\"\",\"status\":\"fail\"}", false, "", "Bad port", ""},
	{CLASSICUBE, 200, "{\"errors\":[[\"Bad port\"],[\"Bad\",\"name\"],7,null,[]],\"status\":\"fail\"}", false, "", "Bad port; Bad; name", ""},
	{CLASSICUBE, 400, "{\"errors\":\"One\"}", false, "", "One", ""},
	{CLASSICUBE, 200, "{\"errors\":[],\"status\":\"fail\"}", false, "", "it says that something is wrong, but not what", ""},
	{CLASSICUBE, 200, "{\"errors\":[[\"caf\xc3\xa9\\u0000\"]]}", false, "", "caf\\xc3\\xa9", ""},
	{NOTCHIAN, 200, "{\"error\":\"No\"}", false, "", "No", ""},
	{NOTCHIAN, 200, "Bad heartbeat! Because", false, "", "Bad heartbeat! Because", ""},
	{BETACRAFT, 200, "{\"error\":false}", true, "", "", ""},
	{BETACRAFT, 200, "{\"error\":\"false\",\"message\":\"fine\"}", true, "", "", ""},
	{BETACRAFT, 200, "{\"error\":true,\"message\":\"No such key\"}", false, "", "No such key", ""},
	{BETACRAFT, 400, "{\"error\":\"true\",\"message\":\"No such key\"}", false, "", "No such key", ""},
	{BETACRAFT, 200, "{\"error\":true}", false, "", "it says that something is wrong, but not what", ""},
	{BETACRAFT, 200, "{}", true, "", "", ""},
	{BETACRAFT, 200, "http://a/b", false, "", "its answer is not JSON", "http://a/b"},
	{BETACRAFT, 200, "", false, "", "its answer is empty", ""},
	{BETACRAFT, 500, "{}", false, "", "it answers with HTTP status 500", "{}"},
	/* whatever else */
	{CLASSICUBE, 200, "{\"errors\":[[\"torn", false, "", "its answer is no address", "{\"errors\":[[\"torn"},
	{CLASSICUBE, 200, "<p>\t\r\n  Hi", false, "", "its answer is no address", "<p> Hi"},
	{CLASSICUBE, 404, X200 "x", false, "", "it answers with HTTP status 404", NULL},
	{CLASSICUBE, 100, "", false, "", "it answers with HTTP status 100", ""},
};
/* clang-format on */

START_TEST(names_are_plain)
{
	char name[HEARTBEAT_NAME_MAX + 1];
	const struct heartbeat_form form = {.name = names[_i].utf8, .salt = "", .software = ""};

	heartbeat_name(name, names[_i].utf8);
	ck_assert_str_eq(name, names[_i].plain);
	if (names[_i].encoded == NULL)
		return;
	char *body = heartbeat_body(&form, CLASSICUBE, false);
	ck_assert_ptr_nonnull(body);
	ck_assert(strncmp(body, "name=", 5) == 0);
	body[strcspn(body, "&")] = '\0';
	ck_assert_str_eq(body + 5, names[_i].encoded);
	free(body);
}
END_TEST

START_TEST(forms_are_whole)
{
	const struct heartbeat_form form = {
		.name = "N",
		.port = 1,
		.users = 2,
		.max = 3,
		.is_public = true,
		.has_web = true,
		.salt = "s+",
		.software = "Kurafuto 1.0",
		.description = "&cD",
		.address = "h",
		.private_key = "k",
		.verifies_names = true,
	};
	static const char *const wanted[] = {
		"name=N&port=1&users=2&max=3&public=True&version=7&salt=s%2B&"
		"software=Kurafuto+1.0&web=True",
		"{\"private_key\":\"k\",\"socket\":\"h:1\",\"online_players\":2,\"players\":[],"
		"\"game_version\":\"c0.30-c-1900\",\"v1_version\":\"c0.30-c-1900\","
		"\"protocol\":\"classic_7\",\"category\":\"classic\",\"name\":\"N\","
		"\"description\":\"D\",\"is_public\":true,\"max_players\":3,"
		"\"online_mode\":true,\"software\":{\"name\":\"Kurafuto\",\"version\":\"1.0\"}"
		"}",
		"{\"private_key\":\"k\",\"socket\":\"h:1\",\"online_players\":2,\"players\":[]"
		"}",
	};

	for (int i = 0; i < 3; i++) {
		char *body = heartbeat_body(&form, i == 0 ? NOTCHIAN : BETACRAFT, i == 2);

		ck_assert_str_eq(body, wanted[i]);
		free(body);
	}
}
END_TEST

START_TEST(answers_are_understood)
{
	struct heartbeat_reply reply;

	heartbeat_read(&reply, answers[_i].type, answers[_i].status, NULL, answers[_i].bytes,
		       strlen(answers[_i].bytes));
	ck_assert_int_eq(reply.works, answers[_i].works);
	ck_assert_str_eq(reply.url, answers[_i].url);
	ck_assert_str_eq(reply.reason, answers[_i].reason);
	if (answers[_i].words != NULL)
		ck_assert_str_eq(reply.words, answers[_i].words);
	ck_assert_uint_le(strlen(reply.words), HEARTBEAT_WORDS_MAX);
}
END_TEST

START_TEST(redirects_are_not_followed)
{
	struct heartbeat_reply reply;

	heartbeat_read(&reply, CLASSICUBE, 301, "http://b\x01", "http://a", 8);
	ck_assert(!reply.works);
	ck_assert_ptr_nonnull(strstr(reply.reason, "301"));
	ck_assert_str_eq(reply.words, "http://b\\x01");
	heartbeat_read(&reply, CLASSICUBE, 304, NULL, NULL, 0);
	ck_assert(!reply.works);
	ck_assert_str_eq(reply.words, "");
}
END_TEST

/* Cut to the character, and never within what stands for a byte. */
START_TEST(words_are_cut)
{
	char bytes[300], out[HEARTBEAT_WORDS_MAX + 1];

	memset(bytes, 'x', sizeof(bytes));
	heartbeat_words(out, bytes, 200);
	ck_assert_uint_eq(strlen(out), 200);
	ck_assert_str_eq(out + 197, "xxx");
	heartbeat_words(out, bytes, 201);
	ck_assert_uint_eq(strlen(out), 200);
	ck_assert_str_eq(out + 196, "x...");
	memset(bytes, 1, sizeof(bytes));
	heartbeat_words(out, bytes, sizeof(bytes));
	ck_assert_uint_le(strlen(out), 200);
	ck_assert_str_eq(out + strlen(out) - 3, "...");
}
END_TEST

static bool is_ascii(const char *text)
{
	while (*text >= ' ' && *text <= '~')
		text++;
	return *text == '\0';
}

START_TEST(random_answers)
{
	static const char signs[] = "{}[]\":,htp/errorsmagefl \\u0\xff\x01\n";
	char bytes[600];
	struct heartbeat_reply reply;

	for (unsigned round = 0; round < 5000; round++) {
		size_t n = arc4random_uniform(sizeof(bytes));

		arc4random_buf(bytes, n);
		for (size_t i = 0; i < n; i++)
			bytes[i] = signs[(unsigned char)bytes[i] % sizeof(signs)];
		if (n > 0 && round % 2 == 0)
			bytes[0] = '{';
		heartbeat_read(&reply, (enum config_heartbeat_type)(round % 3), 200, NULL,
			       bytes, n);
		ck_assert(is_ascii(reply.url) && is_ascii(reply.reason) &&
			  is_ascii(reply.words));
		ck_assert(reply.works == (reply.reason[0] == '\0'));
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("heartbeat_form");
	TCase *tcase = tcase_create("heartbeat_form");

	tcase_add_loop_test(tcase, names_are_plain, 0, (int)COUNT(names));
	tcase_add_test(tcase, forms_are_whole);
	tcase_add_loop_test(tcase, answers_are_understood, 0, (int)COUNT(answers));
	tcase_add_test(tcase, redirects_are_not_followed);
	tcase_add_test(tcase, words_are_cut);
	tcase_add_test(tcase, random_answers);
	suite_add_tcase(suite, tcase);
	return suite_main(suite);
}
