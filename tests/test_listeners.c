/* SPDX-License-Identifier: MIT */
/*
 * Listening sockets as configurations come and go: what stays, what opens, what closes and
 * when, what overlaps, and that a preparation that fails or is called off leaves nothing
 * behind.
 */
#include "listeners.h"

#include <check.h>
#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "capture.h"
#include "config_current.h"
#include "log.h"
#include "port.h"
#include "said.h"
#include "suite.h"

#define PORTS 3
#define ONE   "{\"address\":\"127.0.0.1\",\"port\":%u}"
#define TWO   "{\"address\":\"127.0.0.1\",\"port\":%u,\"listeners\":[" ONE "]}"

static struct listeners *listeners;
static struct port ports[PORTS];
static char why[256];

static void setup(void)
{
	log_init(LOG_WARN, LOG_COLOR_NEVER, false);
	listeners = listeners_new();
	ck_assert_ptr_nonnull(listeners);
	for (size_t i = 0; i < PORTS; i++)
		port_take(&ports[i]);
	why[0] = '\0';
}

static void teardown(void)
{
	listeners_free(listeners);
	for (size_t i = 0; i < PORTS; i++)
		port_give_back(&ports[i]);
	config_retire();
	config_settle();
}

__attribute__((format(printf, 1, 2))) static struct config *configured(const char *format, ...)
{
	char json[1024];
	va_list ap;

	va_start(ap, format);
	vsnprintf(json, sizeof(json), format, ap);
	va_end(ap);
	return good(json);
}

static bool prepare(const struct config *config)
{
	return listeners_prepare(listeners, config, why, sizeof(why));
}

/* Puts a configuration in force, without a word. */
static void enforce(struct config *config)
{
	char log[4096];

	capture();
	bool is_ready = prepare(config);
	if (is_ready)
		listeners_commit(listeners, config);
	release(log, sizeof(log));
	ck_assert_msg(is_ready, "%s", why);
	config_publish(config);
	config_settle();
}

/* How many sockets there are to poll; *fd gets the first. */
static size_t polled(int *fd)
{
	struct pollfd fds[CONFIG_LISTENERS_MAX];
	size_t n = listeners_poll(listeners, fds, CONFIG_LISTENERS_MAX);

	if (fd != NULL)
		*fd = n > 0 ? fds[0].fd : -1;
	return n;
}

static bool is_open(const struct port *port)
{
	struct net_addr address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert(net_addr_parse(&address, "127.0.0.1", port->number));
	bool is_open = connect(fd, (struct sockaddr *)&address.storage, address.len) == 0;
	close(fd);
	return is_open;
}

static unsigned count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	ck_assert_ptr_nonnull(dir);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

/* ---- what stays, opens and closes ---- */

START_TEST(what_is_named_again_stays)
{
	int before, after;

	enforce(configured(ONE, ports[0].number));
	ck_assert_uint_eq(polled(&before), 1);
	enforce(configured(TWO, ports[0].number, ports[1].number));
	ck_assert_uint_eq(polled(&after), 2);
	ck_assert_int_eq(before, after);
	enforce(configured(TWO, ports[1].number, ports[0].number));
	ck_assert_uint_eq(polled(&after), 2);
	ck_assert_int_eq(before, after);
	ck_assert(is_open(&ports[0]) && is_open(&ports[1]) && !is_open(&ports[2]));
}
END_TEST

START_TEST(what_is_removed_closes_at_the_next_poll)
{
	int fd;

	enforce(configured(TWO, ports[0].number, ports[1].number));
	enforce(configured(ONE, ports[1].number));
	ck_assert(is_open(&ports[0])); /* somebody may be polling it */
	ck_assert_uint_eq(polled(&fd), 1);
	ck_assert(!is_open(&ports[0]) && is_open(&ports[1]));
}
END_TEST

/* Removed, and named again before anybody has looked. */
START_TEST(what_comes_back_at_once_has_never_closed)
{
	char log[4096];
	int before, after;

	enforce(configured(ONE, ports[0].number));
	polled(&before);
	enforce(configured(ONE, ports[1].number));
	struct config *config = configured(TWO, ports[0].number, ports[1].number);
	log_set_level(LOG_INFO);
	capture();
	ck_assert(prepare(config));
	listeners_commit(listeners, config);
	ck_assert_uint_eq(polled(&after), 2);
	release(log, sizeof(log));
	ck_assert_str_eq(log, "");
	ck_assert_int_eq(before, after);
	ck_assert(is_open(&ports[0]) && is_open(&ports[1]));
	config_free(config);
}
END_TEST

/* It closes after all. */
START_TEST(what_comes_back_in_vain_closes)
{
	struct config *config = configured(TWO, ports[0].number, ports[2].number);

	enforce(configured(TWO, ports[0].number, ports[1].number));
	enforce(configured(ONE, ports[1].number));
	port_open(&ports[2]);
	ck_assert(!prepare(config));
	ck_assert_uint_eq(polled(NULL), 1);
	ck_assert(!is_open(&ports[0]) && is_open(&ports[1]));
	config_free(config);
}
END_TEST

START_TEST(any_port_is_one_and_the_same)
{
	struct config *config = configured(ONE, 0);
	uint16_t port;

	ck_assert_uint_eq(listeners_port(listeners, config, 0), 0);
	enforce(config);
	port = listeners_port(listeners, config_now(), 0);
	ck_assert_uint_ne(port, 0);
	enforce(configured(ONE, 0));
	ck_assert_uint_eq(listeners_port(listeners, config_now(), 0), port);
	ck_assert_uint_eq(polled(NULL), 1);
}
END_TEST

START_TEST(changes_are_logged_once)
{
	struct config *config = configured(TWO, ports[0].number, ports[1].number);
	char log[4096], wanted[256];

	log_set_level(LOG_INFO);
	capture();
	ck_assert(prepare(config));
	listeners_commit(listeners, config);
	listeners_commit(listeners, config);
	release(log, sizeof(log));
	snprintf(wanted, sizeof(wanted),
		 "info  listening on 127.0.0.1:%u\ninfo  listening on 127.0.0.1:%u\n",
		 ports[0].number, ports[1].number);
	ck_assert_str_eq(log, wanted);
	config_free(config);
	config = configured(ONE, ports[1].number);
	capture();
	ck_assert(prepare(config));
	listeners_commit(listeners, config);
	listeners_commit(listeners, config);
	release(log, sizeof(log));
	ck_assert_str_eq(log, ""); /* it is still open */
	snprintf(wanted, sizeof(wanted), "info  no longer listening on 127.0.0.1:%u\n",
		 ports[0].number);
	capture();
	polled(NULL);
	polled(NULL);
	release(log, sizeof(log));
	ck_assert_str_eq(log, wanted);
	config_free(config);
}
END_TEST

/* ---- what fails, or is called off ---- */

START_TEST(one_that_fails_opens_none)
{
	struct config *config = configured(TWO, ports[0].number, ports[1].number);
	char wanted[64];
	unsigned fds;

	enforce(configured(ONE, ports[2].number));
	port_open(&ports[1]); /* somebody else is there */
	fds = count_fds();
	ck_assert(!prepare(config));
	snprintf(wanted, sizeof(wanted), "cannot listen on 127.0.0.1:%u: ", ports[1].number);
	ck_assert_msg(strncmp(why, wanted, strlen(wanted)) == 0, "%s", why);
	ck_assert_uint_eq(count_fds(), fds);
	ck_assert_uint_eq(polled(NULL), 1);
	ck_assert(is_open(&ports[2]) && !is_open(&ports[0]));
	port_shut(&ports[1]);
	enforce(config);
	ck_assert_uint_eq(polled(NULL), 2);
}
END_TEST

START_TEST(what_is_called_off_closes)
{
	struct config *config = configured(TWO, ports[0].number, ports[1].number);
	unsigned fds;
	int before, after;

	enforce(configured(ONE, ports[0].number));
	polled(&before);
	fds = count_fds();
	ck_assert(prepare(config));
	ck_assert_uint_eq(polled(&after), 1); /* the new one is nobody's business yet */
	ck_assert_int_eq(before, after);
	listeners_cancel(listeners);
	ck_assert_uint_eq(count_fds(), fds);
	ck_assert(is_open(&ports[0]) && !is_open(&ports[1]));
	config_free(config);
}
END_TEST

/* ---- what overlaps ---- */

#define AT "{\"address\":\"%s\",\"port\":%u}"

static const struct {
	const char *before, *after;
} overlaps[] = {
	{"127.0.0.1", "0.0.0.0"}, {"0.0.0.0", "127.0.0.1"}, {"127.0.0.1", "::"},
	{"::", "127.0.0.1"},      {"0.0.0.0", "::"},        {"::", "0.0.0.0"},
};

static bool has_ipv6(void)
{
	struct net_addr address;

	ck_assert(net_addr_parse(&address, "::1", 0));
	int fd = net_listen(&address, why, sizeof(why));
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* Can nobody else listen there. */
static bool is_taken(const char *text, uint16_t port)
{
	struct net_addr address;
	char reason[256];

	ck_assert(net_addr_parse(&address, text, port));
	int fd = net_listen(&address, reason, sizeof(reason));
	if (fd >= 0)
		close(fd);
	return fd < 0;
}

static bool would_share(int fd)
{
	int value = -1;
	socklen_t size = sizeof(value);

	ck_assert_int_eq(getsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &value, &size), 0);
	return value != 0;
}

/* Whoever connects gets in, before, after and in between, and nobody else can take the port. */
START_TEST(what_overlaps_takes_turns)
{
	const char *before = overlaps[_i].before, *after = overlaps[_i].after;
	struct config *config = configured(AT, after, ports[0].number);
	struct net_addr bound = {.len = sizeof(bound.storage)};
	char log[4096], text[NET_ADDR_TEXT], wanted[NET_ADDR_TEXT];
	int old, fd;

	if (!has_ipv6() && (strchr(before, ':') != NULL || strchr(after, ':') != NULL)) {
		config_free(config);
		return;
	}
	enforce(configured(AT, before, ports[0].number));
	ck_assert_uint_eq(polled(&old), 1);
	ck_assert_msg(prepare(config), "%s to %s: %s", before, after, why);
	ck_assert(is_open(&ports[0]));
	ck_assert(!would_share(old) && is_taken(after, ports[0].number));
	capture();
	listeners_commit(listeners, config);
	release(log, sizeof(log));
	config_publish(config);
	config_settle();
	ck_assert(is_open(&ports[0]));
	ck_assert_uint_eq(polled(&fd), 1);
	ck_assert(is_open(&ports[0]));
	ck_assert(!would_share(fd) && is_taken(after, ports[0].number));
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&bound.storage, &bound.len), 0);
	net_addr_text(text, &bound, false);
	ck_assert(net_addr_parse(&bound, after, ports[0].number));
	net_addr_text(wanted, &bound, false);
	ck_assert_str_eq(text, wanted);
}
END_TEST

START_TEST(what_overlaps_and_fails_changes_nothing)
{
	struct config *config =
		configured("{\"address\":\"0.0.0.0\",\"port\":%u,\"listeners\":[" ONE "]}",
			   ports[0].number, ports[1].number);
	unsigned fds;
	int before, after;

	enforce(configured(ONE, ports[0].number));
	port_open(&ports[1]);
	polled(&before);
	fds = count_fds();
	ck_assert(!prepare(config));
	ck_assert_uint_eq(count_fds(), fds);
	ck_assert_uint_eq(polled(&after), 1);
	ck_assert_int_eq(before, after);
	ck_assert(!would_share(after) && is_open(&ports[0]));
	port_shut(&ports[1]);
	ck_assert_msg(prepare(config), "%s", why);
	listeners_cancel(listeners);
	ck_assert_uint_eq(polled(&after), 1);
	ck_assert(is_open(&ports[0]));
	config_free(config);
}
END_TEST

/* What stays is in the way, as it would be at the start. */
START_TEST(what_overlaps_and_stays_is_a_fault)
{
	struct config *config =
		configured("{\"address\":\"0.0.0.0\",\"port\":%u,\"listeners\":[" ONE "]}",
			   ports[0].number, ports[0].number);

	enforce(configured(ONE, ports[0].number));
	ck_assert(!prepare(config));
	ck_assert(strstr(why, "cannot listen on 0.0.0.0:") != NULL);
	ck_assert(is_open(&ports[0]));
	config_free(config);
}
END_TEST

/* Another program that would share its port with us: we would not. */
START_TEST(a_stranger_shares_nothing)
{
	struct config *config = configured(ONE, ports[0].number);
	int one = 1;

	port_open(&ports[0]);
	setsockopt(ports[0].listener, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
	ck_assert(!prepare(config));
	enforce(configured(ONE, ports[1].number));
	ck_assert(!prepare(config));
	config_free(config);
}
END_TEST

/* ---- whose socket it is ---- */

START_TEST(a_socket_knows_its_row)
{
	struct config_listener fallback;
	int fd;

	enforce(configured("{\"name\":\"N\",\"address\":\"127.0.0.1\",\"port\":%u}",
			   ports[0].number));
	polled(&fd);
	ck_assert_ptr_eq(listeners_row(listeners, fd, &fallback), &config_now()->listeners[0]);
	enforce(configured("{\"name\":\"M\",\"address\":\"127.0.0.1\",\"port\":%u,"
			   "\"listeners\":[" ONE "]}",
			   ports[1].number, ports[0].number));
	ck_assert_ptr_eq(listeners_row(listeners, fd, &fallback), &config_now()->listeners[1]);
	enforce(configured(ONE, ports[1].number));
	ck_assert_ptr_eq(listeners_row(listeners, fd, &fallback), &fallback);
	ck_assert_str_eq(fallback.address, "127.0.0.1");
	ck_assert_uint_eq(fallback.port, ports[0].number);
}
END_TEST

/* ---- all of them ---- */

START_TEST(shut_ones_open_again)
{
	char log[4096], wanted[256];
	struct config *config;
	int n;

	enforce(configured(TWO, ports[0].number, ports[1].number));
	log_set_level(LOG_INFO);
	capture();
	listeners_shut(listeners);
	listeners_shut(listeners);
	ck_assert_uint_eq(polled(NULL), 0);
	release(log, sizeof(log));
	n = snprintf(wanted, sizeof(wanted), "info  no longer listening on 127.0.0.1:%u\n",
		     ports[0].number);
	snprintf(wanted + n, sizeof(wanted) - (size_t)n,
		 "info  no longer listening on 127.0.0.1:%u\n", ports[1].number);
	ck_assert_str_eq(log, wanted);
	ck_assert(!is_open(&ports[0]) && !is_open(&ports[1]));
	config = configured(ONE, ports[2].number);
	enforce(config); /* what comes meanwhile waits, too */
	ck_assert(!is_open(&ports[2]));
	capture();
	ck_assert(listeners_reopen(listeners, config_now(), why, sizeof(why)));
	release(log, sizeof(log));
	snprintf(wanted, sizeof(wanted), "info  listening on 127.0.0.1:%u\n", ports[2].number);
	ck_assert_str_eq(log, wanted);
	ck_assert_uint_eq(polled(NULL), 1);
	ck_assert(is_open(&ports[2]) && !is_open(&ports[0]));
}
END_TEST

/* Shuts what listens at any port, so that it is closed; returns which one that was. */
static uint16_t shut_any(void)
{
	char log[4096];

	enforce(configured(ONE, 0));
	uint16_t port = listeners_port(listeners, config_now(), 0);
	capture();
	listeners_shut(listeners);
	ck_assert_uint_eq(polled(NULL), 0);
	listeners_shut(listeners);
	release(log, sizeof(log));
	return port;
}

START_TEST(any_port_is_the_same_again)
{
	char log[4096];
	uint16_t port = shut_any();

	capture();
	ck_assert_msg(listeners_reopen(listeners, config_now(), why, sizeof(why)), "%s", why);
	release(log, sizeof(log));
	ck_assert_uint_eq(listeners_port(listeners, config_now(), 0), port);
	ck_assert_msg(strstr(log, "warn") == NULL, "%s", log);
}
END_TEST

START_TEST(any_port_that_was_taken_is_another)
{
	struct port stranger = {.number = shut_any(), .listener = -1};
	char log[4096], wanted[128];

	port_open(&stranger);
	capture();
	ck_assert_msg(listeners_reopen(listeners, config_now(), why, sizeof(why)), "%s", why);
	release(log, sizeof(log));
	port_shut(&stranger);
	ck_assert_uint_ne(listeners_port(listeners, config_now(), 0), 0);
	ck_assert_uint_ne(listeners_port(listeners, config_now(), 0), stranger.number);
	snprintf(wanted, sizeof(wanted),
		 "warn  cannot listen on 127.0.0.1:%u: ", stranger.number);
	ck_assert_msg(strncmp(log, wanted, strlen(wanted)) == 0, "%s", log);
	ck_assert_msg(strstr(log, "another port is taken instead") != NULL, "%s", log);
}
END_TEST

START_TEST(one_that_can_not_open_again_is_tried_later)
{
	char log[4096];

	enforce(configured(ONE, ports[0].number));
	capture();
	listeners_shut(listeners);
	release(log, sizeof(log));
	ck_assert_uint_eq(polled(NULL), 0);
	port_open(&ports[0]);
	ck_assert(!listeners_reopen(listeners, config_now(), why, sizeof(why)));
	ck_assert(strstr(why, "cannot listen on") != NULL);
	ck_assert_uint_eq(polled(NULL), 0);
	port_shut(&ports[0]);
	enforce(configured(ONE, ports[0].number));
	ck_assert_uint_eq(polled(NULL), 1);
}
END_TEST

START_TEST(closed_ones_stay_closed)
{
	unsigned fds = count_fds();
	struct config *config = configured(TWO, ports[0].number, ports[1].number);

	enforce(configured(ONE, ports[0].number));
	listeners_close(listeners);
	ck_assert_uint_eq(count_fds(), fds);
	ck_assert(prepare(config));
	listeners_commit(listeners, config);
	ck_assert(listeners_reopen(listeners, config, why, sizeof(why)));
	ck_assert_uint_eq(polled(NULL), 0);
	ck_assert(!is_open(&ports[0]));
	config_free(config);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("listeners");
	TCase *tcase = tcase_create("listeners");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, what_is_named_again_stays);
	tcase_add_test(tcase, what_is_removed_closes_at_the_next_poll);
	tcase_add_test(tcase, what_comes_back_at_once_has_never_closed);
	tcase_add_test(tcase, what_comes_back_in_vain_closes);
	tcase_add_test(tcase, any_port_is_one_and_the_same);
	tcase_add_test(tcase, changes_are_logged_once);
	tcase_add_test(tcase, one_that_fails_opens_none);
	tcase_add_test(tcase, what_is_called_off_closes);
	tcase_add_loop_test(tcase, what_overlaps_takes_turns, 0,
			    sizeof(overlaps) / sizeof(overlaps[0]));
	tcase_add_test(tcase, what_overlaps_and_fails_changes_nothing);
	tcase_add_test(tcase, what_overlaps_and_stays_is_a_fault);
	tcase_add_test(tcase, a_stranger_shares_nothing);
	tcase_add_test(tcase, a_socket_knows_its_row);
	tcase_add_test(tcase, shut_ones_open_again);
	tcase_add_test(tcase, any_port_is_the_same_again);
	tcase_add_test(tcase, any_port_that_was_taken_is_another);
	tcase_add_test(tcase, one_that_can_not_open_again_is_tried_later);
	tcase_add_test(tcase, closed_ones_stay_closed);
	suite_add_tcase(suite, tcase);
	return suite_main(suite);
}
