/* SPDX-License-Identifier: MIT */
/*
 * What server lists are told, by which path and header, and what becomes of each of their
 * answers.
 */
#include "beating.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- what lists are told ---- */

START_TEST(a_form_has_all_fields_and_nothing_else)
{
	char wanted[512];

	begin("'salt':'" SALT "','max-players':50,'heartbeats':[{'type':'classicube',"
	      "'url':'http://127.0.0.1:@0/server/heartbeat/'}]");
	const char *request = listing_request(&lists[0], 0);
	char salt[256];
	listing_field(&lists[0], 0, "salt", salt);
	ck_assert_uint_eq(strlen(salt), AUTH_SALT_LEN);
	ck_assert_str_ne(salt, SALT);
	snprintf(wanted, sizeof(wanted),
		 "name=My+network&port=25565&users=3&max=50&public=False&version=7&salt=%s&"
		 "software=Kurafuto+1.2.3&web=True",
		 salt);
	ck_assert_str_eq(listing_body(&lists[0], 0), wanted);
	ck_assert_msg(strncmp(request, "POST /server/heartbeat/ HTTP/1.1\r\n", 34) == 0, "%s",
		      request);
	ck_assert_ptr_nonnull(strstr(request, "\r\nUser-Agent: Kurafuto 1.2.3\r\n"));
	ck_assert_ptr_nonnull(
		strstr(request, "\r\nContent-Type: application/x-www-form-urlencoded\r\n"));
	ck_assert_ptr_nonnull(strstr(request, "\r\nAccept: */*\r\n"));
	ck_assert_ptr_null(strstr(request, "Expect"));
	wait_log("players join at http://list.example/server/play/abc, which is not in the");
	ck_assert_ptr_null(strstr(logged(), salt));
}
END_TEST

START_TEST(every_key_of_an_entry_counts)
{
	char value[256];

	begin("'listeners':[{'port':777,'name':'Door'}],'heartbeats':["
	      "{'type':'notchian','url':'http://127.0.0.1:@0/heartbeat.jsp','public':true,"
	      "'public-port':9,'max-players':7,'name':'Two words'},"
	      "{'type':'classicube','url':'http://127.0.0.1:@1/','listener':777,"
	      "'name-suffix':'+'}]");
	const char *request = listing_request(&lists[0], 0);
	ck_assert(strncmp(request, "POST /heartbeat.jsp HTTP/1.1\r\n", 30) == 0);
	ck_assert_ptr_null(strcasestr(request, "\r\nAccept:"));
	ck_assert_ptr_null(strstr(request, "%20"));
	ck_assert_ptr_nonnull(strstr(
		request, "name=Two+words&port=9&users=3&max=7&public=True&version=7&salt="));
	listing_field(&lists[0], 0, "web", value);
	ck_assert_str_eq(value, "False"); /* no browser goes to port 9 */
	listing_field(&lists[1], 0, "name", value);
	ck_assert_str_eq(value, "Door");
	listing_field(&lists[1], 0, "port", value);
	ck_assert_str_eq(value, "25566");
	listing_field(&lists[1], 0, "web", value);
	ck_assert_str_eq(value, "True");
}
END_TEST

START_TEST(a_listener_without_websocket_has_no_web)
{
	char value[256];

	begin("'websocket':false,'heartbeats':[{'type':'classicube',"
	      "'url':'http://127.0.0.1:@0/'}]");
	listing_request(&lists[0], 0);
	listing_field(&lists[0], 0, "web", value);
	ck_assert_str_eq(value, "False");
}
END_TEST

START_TEST(heartbeat_true_has_the_salt_of_all)
{
	char value[256];

	prepare("'salt':'" SALT "','heartbeat':true,'public':true");
	free(config->heartbeats[0].url);
	ck_assert_int_gt(
		asprintf(&config->heartbeats[0].url, "http://127.0.0.1:%u/", lists[0].port), 0);
	enforce();
	ck_assert(heartbeat_start(heartbeat));
	listing_field(&lists[0], 0, "salt", value);
	ck_assert_str_eq(value, SALT);
	listing_field(&lists[0], 0, "public", value);
	ck_assert_str_eq(value, "True");
}
END_TEST

START_TEST(betacraft_is_told_all_and_then_what_changes)
{
	static const char ping[] = "{\"private_key\":\"\",\"socket\":\"mc.example.org:25565\","
				   "\"online_players\":4,\"players\":[]}";
	static const char all[] =
		"{\"private_key\":\"\",\"socket\":\"mc.example.org:25565\","
		"\"online_players\":3,\"players\":[],\"game_version\":\"c0.30-c-1900\","
		"\"v1_version\":\"c0.30-c-1900\",\"protocol\":\"classic_7\","
		"\"category\":\"classic\",\"name\":\"My network\",\"description\":\"Welcome!\","
		"\"is_public\":false,\"max_players\":1000,\"online_mode\":true,"
		"\"software\":{\"name\":\"Kurafuto\",\"version\":\"1.2.3\"}}";

	listing_says(&lists[0], "200 OK", "{\"error\":false}");
	begin("'heartbeats':[{'type':'betacraft-v2','url':'http://127.0.0.1:@0/',"
	      "'public-address':'mc.example.org'}]");
	const char *request = listing_request(&lists[0], 0);
	ck_assert_msg(strncmp(request, "POST /v2/server_update HTTP/1.1\r\n", 33) == 0, "%s",
		      request);
	ck_assert_ptr_nonnull(strstr(request, "\r\nContent-Type: application/json\r\n"));
	ck_assert_str_eq(listing_body(&lists[0], 0), all);
	atomic_store(&players, 4);
	request = listing_request(&lists[0], 1);
	ck_assert(strncmp(request, "POST /v2/server_update_ping HTTP/1.1\r\n", 38) == 0);
	ck_assert_str_eq(listing_body(&lists[0], 1), ping);
	/* one that has forgotten us is told all again */
	listing_says(&lists[0], "404 Not Found", "{\"error\":true,\"message\":\"Who?\"}");
	wait_log("fails: Who?");
	unsigned n = listing_count(&lists[0]);
	listing_says(&lists[0], "200 OK", "{\"error\":false}");
	request = listing_request(&lists[0], n);
	ck_assert(strncmp(request, "POST /v2/server_update HTTP/1.1\r\n", 33) == 0);
	wait_log("works again");
}
END_TEST

START_TEST(each_list_has_a_salt_of_its_own)
{
	char first[256], second[256];

	begin("'heartbeats':[{'type':'classicube','url':'http://127.0.0.1:@0/'},"
	      "{'type':'notchian','url':'http://127.0.0.1:@1/','name-suffix':'+'}]");
	listing_field(&lists[0], 0, "salt", first);
	listing_field(&lists[1], 0, "salt", second);
	ck_assert_uint_eq(strlen(first), AUTH_SALT_LEN);
	ck_assert_uint_eq(strlen(second), AUTH_SALT_LEN);
	ck_assert_str_ne(first, second);
}
END_TEST

/* A listener that is not open has no port to tell of; one that was open has its last. */
START_TEST(nothing_is_said_without_a_port)
{
	char value[256];

	atomic_store(&listener_port, 0);
	begin("'heartbeats':[{'type':'classicube','url':'http://127.0.0.1:@0/'}]");
	wait_log("not now, there is no port to tell of");
	ck_assert_uint_eq(listing_count(&lists[0]), 0);
	atomic_store(&listener_port, 777);
	listing_field(&lists[0], 0, "port", value);
	ck_assert_str_eq(value, "777");
	atomic_store(&listener_port, 0);
	unsigned n = listing_count(&lists[0]);
	listing_field(&lists[0], n + 1, "port", value);
	ck_assert_str_eq(value, "777");
}
END_TEST

/* ---- what they answer ---- */

/* clang-format off */
static const struct {
	const char *status, *body, *words;
} answers[] = {
	{"200 OK", "{\"errors\":[[\"Only public servers.\"]],\"response\":\"\",\"status\":\"fail\"}",
	 "fails: Only public servers.\n"},
	{"200 OK", "{\"errors\":[[\"a\",\"b\"],[\"c\\u0007\"]],\"status\":\"fail\"}", "fails: a; b; c\\x07\n"},
	{"200 OK", "bad heartbeat! (salt is too short)", "fails: bad heartbeat! (salt is too short)\n"},
	{"200 OK", "<html>\n\n Domain   for sale</html>", "fails: its answer is no address (<html> Domain for sale</html>)\n"},
	{"500 Internal Server Error", "<html>Oops</html>", "fails: it answers with HTTP status 500 (<html>Oops</html>)\n"},
	{"503 No", "", "fails: it answers with HTTP status 503\n"},
	{"200 OK", "", "fails: its answer is empty\n"},
	{"200 OK", "\xff\xfe caf\xc3\xa9 \x01", "(\\xff\\xfe caf\\xc3\\xa9 \\x01)\n"},
};
/* clang-format on */

START_TEST(failures_are_said_in_plain_words)
{
	listing_says(&lists[0], answers[_i].status, answers[_i].body);
	begin(CLASSICUBE);
	wait_log(answers[_i].words);
	ck_assert(!scratch_has("kurafuto.url"));
}
END_TEST

START_TEST(a_redirect_is_said_and_not_followed)
{
	char answer[256];

	snprintf(answer, sizeof(answer),
		 "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:%u/there\r\n"
		 "Content-Length: 0\r\n\r\n",
		 lists[1].port);
	listing_says_bytes(&lists[0], answer, strlen(answer));
	begin(CLASSICUBE);
	wait_log("fails: it redirects with HTTP status 302, and Kurafuto does not follow "
		 "(http://127.0.0.1:");
	listing_request(&lists[0], 1);
	ck_assert_uint_eq(listing_count(&lists[1]), 0);
}
END_TEST

START_TEST(addresses_are_said_once_and_kept_in_a_file)
{
	struct stat status;

	begin(CLASSICUBE);
	wait_log("players join at http://list.example/server/play/abc,");
	listing_request(&lists[0], 2);
	ck_assert_uint_eq(count_log("players join at"), 1);
	ck_assert_str_eq(scratch_read("kurafuto.url"), "http://list.example/server/play/abc\n");
	ck_assert_int_eq(stat(in_scratch("kurafuto.url"), &status), 0);
	ck_assert_uint_eq(status.st_mode & 0777, 0644);
	listing_says(&lists[0], "200 OK", " \"https://list.example/other\"\r\n");
	wait_log("players join at https://list.example/other,");
	listing_request(&lists[0], listing_count(&lists[0]) + 1);
	ck_assert_str_eq(scratch_read("kurafuto.url"), "https://list.example/other\n");
	ck_assert_uint_eq(scratch_count(), 1);
}
END_TEST

START_TEST(the_file_has_the_address_of_the_first_list)
{
	listing_says(&lists[0], "500 No", "");
	listing_says(&lists[1], "200 OK", "http://second.example/");
	begin("'heartbeats':[{'type':'classicube','url':'http://127.0.0.1:@0/'},"
	      "{'type':'notchian','url':'http://127.0.0.1:@1/','name-suffix':'+'}]");
	wait_log("players join at http://second.example/");
	listing_request(&lists[1], 1);
	ck_assert_str_eq(scratch_read("kurafuto.url"), "http://second.example/\n");
	listing_says(&lists[0], "200 OK", "http://first.example/");
	wait_log("players join at http://first.example/");
	listing_request(&lists[0], listing_count(&lists[0]));
	ck_assert_str_eq(scratch_read("kurafuto.url"), "http://first.example/\n");
}
END_TEST

static void wait_gone(const char *name)
{
	int64_t deadline = net_now_ms() + PATIENCE_MS;

	while (scratch_has(name) && net_now_ms() < deadline)
		poll(NULL, 0, 5);
	ck_assert_msg(!scratch_has(name), "%s is still there", name);
}

static void wait_file(const char *name, const char *text)
{
	int64_t deadline = net_now_ms() + PATIENCE_MS;

	while (net_now_ms() < deadline &&
	       (!scratch_has(name) || strcmp(scratch_read(name), text) != 0))
		poll(NULL, 0, 5);
	ck_assert_str_eq(scratch_read(name), text);
}

#define TWO                                                                         \
	"'heartbeats':[{'type':'classicube','url':'http://127.0.0.1:@0/'},{'type':" \
	"'notchian','url':'http://127.0.0.1:@1/','name-suffix':'+'}]"

/* Without lists, or with one that has not given an address. */
START_TEST(an_address_of_an_earlier_run_is_removed)
{
	static const char *const members[] = {"'port':1", "'heartbeats':[]", CLASSICUBE};

	listing_says(&lists[0], "500 No", "");
	scratch_write("kurafuto.url", "http://old.example/\n");
	begin(members[_i]);
	wait_gone("kurafuto.url");
	ck_assert_uint_eq(count_log("can't be"), 0);
}
END_TEST

START_TEST(a_reload_to_no_lists_removes_the_file)
{
	begin(CLASSICUBE);
	wait_file("kurafuto.url", "http://list.example/server/play/abc\n");
	prepare(_i == 0 ? "'port':1" : "'heartbeats':[]");
	enforce();
	wait_gone("kurafuto.url");
	prepare(CLASSICUBE);
	enforce(); /* the same address again: it is written all the same */
	wait_file("kurafuto.url", "http://list.example/server/play/abc\n");
}
END_TEST

/* Nothing is told after the reload that could be what rewrites it. */
START_TEST(when_the_first_list_goes_the_next_has_the_file)
{
	listing_says(&lists[0], "200 OK", "http://first.example/");
	listing_says(&lists[1], "200 OK", "http://second.example/");
	prepare(TWO);
	enforce(); /* every 30 s */
	ck_assert(heartbeat_start(heartbeat));
	wait_log("players join at http://second.example/");
	wait_file("kurafuto.url", "http://first.example/\n");
	prepare("'heartbeats':[{'type':'notchian','url':'http://127.0.0.1:@1/',"
		"'name-suffix':'+'}]");
	enforce();
	wait_file("kurafuto.url", "http://second.example/\n");
	ck_assert_uint_eq(listing_count(&lists[1]), 1);
}
END_TEST

/* What is in its place is no file. */
START_TEST(a_file_that_stays_is_said)
{
	ck_assert_int_eq(mkdir(in_scratch("kurafuto.url"), 0700), 0);
	begin("'port':1");
	wait_log("kurafuto.url can't be removed: ");
	ck_assert_int_eq(rmdir(in_scratch("kurafuto.url")), 0);
}
END_TEST

START_TEST(a_list_without_an_address_is_said_to_be_told)
{
	bool is_betacraft = _i == 1;

	listing_says(&lists[0], "200 OK", is_betacraft ? "{\"error\":false}" : "");
	begin(is_betacraft ? "'heartbeats':[{'type':'betacraft-v2','url':"
			     "'http://127.0.0.1:@0/','public-address':'mc.example.org'}]"
			   : "'heartbeats':[{'type':'notchian','url':'http://127.0.0.1:@0/'}]");
	wait_log("/: the list has been told; it names no page to join at\n");
	listing_request(&lists[0], 2);
	ck_assert_uint_eq(count_log("has been told"), 1);
	ck_assert_uint_eq(count_log("info  heartbeat"), 1);
}
END_TEST

START_TEST(a_list_with_an_address_is_not_said_twice)
{
	begin(CLASSICUBE);
	wait_log("players join at");
	listing_request(&lists[0], 2);
	ck_assert_uint_eq(count_log("has been told"), 0);
	ck_assert_uint_eq(count_log(" for port "), 0);
}
END_TEST

/* Two listeners, one list: each line says whose it is. */
START_TEST(listeners_of_one_list_are_told_apart)
{
	char words[128];

	begin("'port':555,'listeners':[{'port':777,'name':'Door'}],'heartbeats':["
	      "{'type':'classicube','url':'http://127.0.0.1:@0/'},"
	      "{'type':'classicube','url':'http://127.0.0.1:@0/','listener':777}]");
	for (size_t i = 0; i < 2; i++) {
		snprintf(words, sizeof(words),
			 "heartbeat to http://127.0.0.1:%u/ for port %u: players join at",
			 lists[0].port, i == 0 ? 555 : 777);
		wait_log(words);
	}
	listing_says(&lists[0], "500 No", "");
	wait_log("/ for port 555 fails: ");
	wait_log("/ for port 777 fails: ");
	listing_says(&lists[0], "200 OK", "http://list.example/");
	wait_log("/ for port 555 works again, after ");
	wait_log("/ for port 777 works again, after ");
	prepare(CLASSICUBE); /* it is the only one now */
	hasten();
	enforce();
	wait_log("/: done in ");
}
END_TEST

/* More than is looked at: the rest of it is not read, and that is no failure. */
START_TEST(a_huge_answer_is_cut)
{
	size_t size = (size_t)8 * 1024 * 1024;
	char *body = malloc(size);

	ck_assert_ptr_nonnull(body);
	memset(body, 'x', size);
	listing_says_body(&lists[0], "200 OK", body, size);
	begin("'heartbeats':[{'type':'notchian','url':'http://127.0.0.1:@0/'}]");
	wait_log("it says xxx");
	ck_assert_uint_eq(count_log("fails"), 0);
	const char *words = strstr(logged(), "it says ") + 8;
	ck_assert_uint_eq(strcspn(words, "\n"), 200);
	free(body);
}
END_TEST

START_TEST(connections_that_break_are_said)
{
	listing_behaves(&lists[0], LISTING_HANGS_UP);
	begin(CLASSICUBE);
	wait_log("fails: it hangs up without an answer");
	listing_refuses(&lists[0]);
	wait_log("fails: it can't be reached");
}
END_TEST

/* One line when it begins, one when the reason is another, one when it is over. */
START_TEST(failures_are_not_repeated)
{
	listing_says(&lists[0], "500 No", "at 12:00");
	begin(CLASSICUBE);
	wait_log("(at 12:00)");
	listing_says(&lists[0], "500 No", "at 12:01");
	wait_log("(at 12:01)");
	ck_assert_uint_eq(count_log("warn  heartbeat"), 1);
	listing_says(&lists[0], "502 No", "");
	wait_log("HTTP status 502");
	ck_assert_uint_eq(count_log("warn  heartbeat"), 2);
	listing_says(&lists[0], "200 OK", "http://list.example/");
	wait_log("works again, after ");
	listing_request(&lists[0], listing_count(&lists[0]) + 1);
	ck_assert_uint_eq(count_log("works again"), 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("heartbeat");
	TCase *tcase = beating_case(suite, "heartbeat");

	tcase_add_test(tcase, a_form_has_all_fields_and_nothing_else);
	tcase_add_test(tcase, every_key_of_an_entry_counts);
	tcase_add_test(tcase, a_listener_without_websocket_has_no_web);
	tcase_add_test(tcase, heartbeat_true_has_the_salt_of_all);
	tcase_add_test(tcase, betacraft_is_told_all_and_then_what_changes);
	tcase_add_test(tcase, each_list_has_a_salt_of_its_own);
	tcase_add_test(tcase, nothing_is_said_without_a_port);
	tcase_add_loop_test(tcase, failures_are_said_in_plain_words, 0, (int)COUNT(answers));
	tcase_add_test(tcase, a_redirect_is_said_and_not_followed);
	tcase_add_test(tcase, addresses_are_said_once_and_kept_in_a_file);
	tcase_add_test(tcase, the_file_has_the_address_of_the_first_list);
	tcase_add_loop_test(tcase, an_address_of_an_earlier_run_is_removed, 0, 3);
	tcase_add_loop_test(tcase, a_reload_to_no_lists_removes_the_file, 0, 2);
	tcase_add_test(tcase, when_the_first_list_goes_the_next_has_the_file);
	tcase_add_test(tcase, a_file_that_stays_is_said);
	tcase_add_loop_test(tcase, a_list_without_an_address_is_said_to_be_told, 0, 2);
	tcase_add_test(tcase, a_list_with_an_address_is_not_said_twice);
	tcase_add_test(tcase, listeners_of_one_list_are_told_apart);
	tcase_add_test(tcase, a_huge_answer_is_cut);
	tcase_add_test(tcase, connections_that_break_are_said);
	tcase_add_test(tcase, failures_are_not_repeated);
	return suite_main(suite);
}
