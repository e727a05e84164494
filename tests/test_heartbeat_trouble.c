/* SPDX-License-Identifier: MIT */
/*
 * Server lists that take their time, TLS that is not to be trusted, lists that come and go, and
 * salts that change.
 */
#include <signal.h>
#include <sys/wait.h>

#include "beating.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- lists that take their time ---- */

/* The others are told as often as ever, and the end does not wait for it either. */
START_TEST(a_slow_list_delays_nobody)
{
	listing_behaves(&lists[0], _i == 0 ? LISTING_IS_SILENT : LISTING_DRIPS);
	begin("'heartbeats':[{'type':'classicube','url':'http://127.0.0.1:@0/'},"
	      "{'type':'notchian','url':'http://127.0.0.1:@1/','name-suffix':'+'}]");
	listing_request(&lists[0], 0);
	listing_request(&lists[1], 3);
	ck_assert_uint_eq(listing_count(&lists[0]), 1);
	int64_t from_ms = net_now_ms();
	ck_assert(heartbeat_stop(heartbeat));
	ck_assert_int_lt(net_now_ms() - from_ms, 900);
}
END_TEST

START_TEST(a_silent_list_fails_in_the_end)
{
	listing_behaves(&lists[0], LISTING_IS_SILENT);
	begin(CLASSICUBE);
	wait_log("fails: it does not answer in 10 s");
}
END_TEST

/* ---- TLS ---- */

START_TEST(https_where_there_is_none_is_said)
{
	begin("'heartbeats':[{'type':'classicube','url':'https://127.0.0.1:@0/'}]");
	wait_log("fails: it does not speak TLS as https:// wants it");
}
END_TEST

/* Runs openssl; the child, or -1 if there is no such program. */
static pid_t run_openssl(const char *const args[])
{
	char *copy[32] = {NULL};

	for (size_t i = 0; args[i] != NULL && i + 1 < COUNT(copy); i++)
		copy[i] = strdup(args[i]);
	pid_t child = fork();
	if (child == 0) {
		(void)!freopen("/dev/null", "r+", stdin);
		dup2(STDIN_FILENO, STDOUT_FILENO);
		dup2(STDIN_FILENO, STDERR_FILENO);
		execvp("openssl", copy);
		_exit(127);
	}
	for (size_t i = 0; copy[i] != NULL; i++)
		free(copy[i]);
	return child;
}

static bool can_connect(uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons(port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool works = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;

	close(fd);
	return works;
}

START_TEST(a_certificate_of_its_own_is_not_trusted)
{
	char key[SCRATCH_PATH], certificate[SCRATCH_PATH], port[16];
	int64_t deadline = net_now_ms() + PATIENCE_MS;
	int status = 0;

	strlcpy(key, in_scratch("key.pem"), sizeof(key));
	strlcpy(certificate, in_scratch("certificate.pem"), sizeof(certificate));
	pid_t child = run_openssl((const char *const[]){
		"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj",
		"/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key,
		"-out", certificate, "-days", "2", NULL});
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_msg(status == 0, "openssl can't make a certificate");
	listing_refuses(&lists[0]); /* its port is free now */
	snprintf(port, sizeof(port), "%u", lists[0].port);
	child = run_openssl((const char *const[]){"openssl", "s_server", "-accept", port,
						  "-key", key, "-cert", certificate, "-www",
						  NULL});
	while (!can_connect(lists[0].port) && net_now_ms() < deadline)
		poll(NULL, 0, 5);
	begin("'heartbeats':[{'type':'classicube','url':'https://127.0.0.1:@0/'}]");
	wait_log("fails: its certificate is not to be trusted (SSL certificate problem: "
		 "self");
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
}
END_TEST

/* ---- reload and salts ---- */

START_TEST(a_reload_adds_changes_and_removes)
{
	char before[256], after[256];

	prepare("'heartbeats':[{'type':'classicube','url':'http://127.0.0.1:@0/'}]");
	enforce(); /* every 30 s: what comes sooner is because of the reload */
	ck_assert(heartbeat_start(heartbeat));
	listing_field(&lists[0], 0, "salt", before);
	prepare("'heartbeats':[{'type':'notchian','url':'http://127.0.0.1:@1/',"
		"'name-suffix':'+'},{'type':'classicube','url':'http://127.0.0.1:@0/'}]");
	enforce();
	listing_request(&lists[1], 0);
	ck_assert_uint_eq(listing_count(&lists[0]), 1);
	prepare("'heartbeats':[{'type':'classicube','url':'http://127.0.0.1:@0/',"
		"'public':true}]");
	enforce();
	listing_field(&lists[0], 1, "public", after);
	ck_assert_str_eq(after, "True");
	listing_field(&lists[0], 1, "salt", after);
	ck_assert_str_eq(after, before);
	prepare("'heartbeats':[{'type':'classicube','url':'http://127.0.0.1:@1/'}]");
	hasten();
	enforce();
	listing_request(&lists[1], 3);
	ck_assert_uint_eq(listing_count(&lists[0]), 2);
}
END_TEST

/* Also while it is being told something. */
START_TEST(a_list_is_removed_while_it_is_silent)
{
	listing_behaves(&lists[0], LISTING_IS_SILENT);
	begin("'heartbeats':[{'type':'classicube','url':'http://127.0.0.1:@0/'}]");
	listing_request(&lists[0], 0);
	prepare("'heartbeats':[{'type':'classicube','url':'http://127.0.0.1:@1/'}]");
	hasten();
	enforce();
	listing_request(&lists[1], 1);
}
END_TEST

START_TEST(a_new_salt_is_told_at_once)
{
	char text[512], value[256];

	snprintf(text, sizeof(text),
		 "{\"services\":{\"http://127.0.0.1:%u/\":{\"salt\":\"" SALT "\","
		 "\"made\":%lld}}}",
		 lists[0].port, (long long)time(NULL) - 3600 + 1);
	scratch_write("salts.json", text);
	chmod(in_scratch("salts.json"), 0600);
	prepare("'salt-file':'salts.json','salt-rotation-h':1,'heartbeats':[{'type':"
		"'classicube','url':'http://127.0.0.1:@0/'}]");
	enforce(); /* every 30 s */
	ck_assert(heartbeat_start(heartbeat));
	wait_log("a new salt for http://127.0.0.1:");
	listing_request(&lists[0], 0);
	/* the first was told with the old one, unless the second is over already */
	unsigned last = listing_count(&lists[0]) - 1;
	listing_field(&lists[0], last, "salt", value);
	if (strcmp(value, SALT) == 0)
		listing_field(&lists[0], last + 1, "salt", value);
	ck_assert_str_ne(value, SALT);
	ck_assert(salts_match(salts, config, "Alice", "df6a3b90ac7c3bff94d12056b2edc58c",
			      time(NULL), text));
	ck_assert_ptr_null(strstr(logged(), value));
}
END_TEST

/* Nothing is told to nobody, and the end comes at once. */
START_TEST(without_lists_it_sleeps)
{
	begin("'port':1");
	ck_assert(heartbeat_stop(heartbeat));
	ck_assert(heartbeat_stop(heartbeat));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("heartbeat_trouble");
	TCase *tcase = beating_case(suite, "heartbeat_trouble");

	tcase_add_loop_test(tcase, a_slow_list_delays_nobody, 0, 2);
	tcase_add_test(tcase, a_silent_list_fails_in_the_end);
	tcase_add_test(tcase, https_where_there_is_none_is_said);
	tcase_add_test(tcase, a_certificate_of_its_own_is_not_trusted);
	tcase_add_test(tcase, a_reload_adds_changes_and_removes);
	tcase_add_test(tcase, a_list_is_removed_while_it_is_silent);
	tcase_add_test(tcase, a_new_salt_is_told_at_once);
	tcase_add_test(tcase, without_lists_it_sleeps);
	return suite_main(suite);
}
