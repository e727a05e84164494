/* SPDX-License-Identifier: MIT */
/*
 * The PROXY protocol with the real HAProxy: in front of Kurafuto, behind it, and both. One
 * HAProxy plays all parts; it listens on sockets that the test has opened (fd@N), so that no
 * port is a guess, and it logs to a pipe.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net.h"
#include "stage.h"

#define ANYBODY ",'verify-names':false"
#define ACCEPT  ",'accept-proxy':true,'trusted-proxies':['127.0.0.1']"
#define CHECKS  LIMBO ",'health':{'interval-ms':100,'check':'%s'}"
#define DEFAULTS                                                                      \
	"global\n log stdout format raw local0\n"                                     \
	"defaults\n mode tcp\n log global\n timeout connect 5s\n timeout client 1m\n" \
	" timeout server 1m\n log-format \"%%f: from %%ci:%%cp to %%fi:%%fp\"\n"

static struct {
	pid_t pid;
	int front, back; /* listening, its own after the start */
	uint16_t front_port, back_port;
	int out;
	char log[65536];
	size_t size;
} haproxy;

static const struct proxy_options verbose = {.args = (const char *const[]){"-v", NULL}};

/* ---- HAProxy ---- */

static int listen_anywhere(uint16_t *port)
{
	struct net_addr address;
	char why[256] = "";

	ck_assert(net_addr_parse(&address, "127.0.0.1", 0));
	int fd = net_listen(&address, why, sizeof(why));
	ck_assert_msg(fd >= 0, "%s", why);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address.storage, &address.len), 0);
	*port = net_addr_port(&address);
	ck_assert_int_eq(fcntl(fd, F_SETFD, 0), 0); /* it is inherited */
	return fd;
}

static const char *find_haproxy(void)
{
	static const char *const places[] = {"/usr/sbin/haproxy", "/usr/local/sbin/haproxy",
					     "/usr/bin/haproxy", "/usr/local/bin/haproxy"};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (access(places[i], X_OK) == 0)
			return places[i];
	ck_abort_msg("haproxy is not installed: `make deps` does that");
	return NULL;
}

static void exec_haproxy(const char *program, const char *config, int out)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	execl(program, program, "-db", "-f", config, (char *)NULL);
	_exit(127);
}

/* Takes in what it has logged. False when nothing comes until the deadline. */
static bool read_log(int64_t deadline)
{
	struct pollfd polled = {haproxy.out, POLLIN, 0};
	int64_t left = deadline - harness_now();
	ssize_t n = -1;

	if (left > 0 && haproxy.size + 1 < sizeof(haproxy.log) &&
	    poll(&polled, 1, (int)left) > 0)
		n = read(haproxy.out, haproxy.log + haproxy.size,
			 sizeof(haproxy.log) - 1 - haproxy.size);
	haproxy.size += n > 0 ? (size_t)n : 0;
	haproxy.log[haproxy.size] = '\0';
	return n > 0;
}

static void wait_haproxy_log(const char *text)
{
	int64_t deadline = harness_now() + harness_ms(10000);

	while (strstr(haproxy.log, text) == NULL)
		ck_assert_msg(read_log(deadline), "HAProxy never said \"%s\", only:\n%s", text,
			      haproxy.log);
}

/* Starts it with a configuration, to be followed by what `format` says; it serves when the
 * first connection to it is answered, and until then connections wait in the sockets. */
__attribute__((format(printf, 1, 2))) static void start_haproxy(const char *format, ...)
{
	const char *program = find_haproxy();
	char config[4096], path[HARNESS_PATH];
	int fds[2];
	va_list ap;

	va_start(ap, format);
	ck_assert_int_lt(vsnprintf(config, sizeof(config), format, ap), (int)sizeof(config));
	va_end(ap);
	harness_file(path, "haproxy.cfg", config);
	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	fflush(NULL);
	haproxy.pid = fork();
	ck_assert_int_ge(haproxy.pid, 0);
	if (haproxy.pid == 0)
		exec_haproxy(program, path, fds[1]);
	close(fds[1]);
	haproxy.out = fds[0];
}

static void setup(void)
{
	stage_setup();
	memset(&haproxy, 0, sizeof(haproxy));
	haproxy.front = listen_anywhere(&haproxy.front_port);
	haproxy.back = listen_anywhere(&haproxy.back_port);
}

static void teardown(void)
{
	if (haproxy.pid > 0) {
		kill(haproxy.pid, SIGKILL);
		waitpid(haproxy.pid, NULL, 0);
	}
	close(haproxy.front);
	close(haproxy.back);
	stage_teardown();
}

/* "127.0.0.7:54321": where a client is, as others should see it. */
static const char *place_of(const struct peer *client)
{
	static char text[NET_ADDR_TEXT];
	struct net_addr address = {.len = sizeof(address.storage)};

	ck_assert_int_eq(
		getsockname(client->fd, (struct sockaddr *)&address.storage, &address.len), 0);
	net_addr_text(text, &address, true);
	return text;
}

static void come_from(const char *address, uint16_t port, bool cpe)
{
	alice = client_connect_from(address, port);
	client_identify(alice, PACKET_PROTOCOL, cpe, "Alice", NULL);
	if (cpe)
		client_negotiate(alice, NULL, 0);
}

static void arrive(void)
{
	link_a = backend_accept(&alpha);
	if (alice->cpe)
		link_negotiate(link_a, NULL, 0);
	link_welcome(link_a, "Alpha");
	client_arrive(alice, "Alpha");
	exchange(alice, link_a);
}

/* ---- in front ---- */

static const char *const senders[] = {
	"send-proxy",
	"send-proxy-v2",
	/* with TLVs */
	"send-proxy-v2 proxy-v2-options crc32c,unique-id,authority",
};

START_TEST(haproxy_in_front)
{
	char line[256];

	proxy = proxy_start_with(&verbose, ONE_SERVER CALM ANYBODY ACCEPT, alpha.port);
	start_haproxy(DEFAULTS "listen front\n bind fd@%d\n unique-id-format %%{+X}o%%ts%%rt\n"
			       " server kurafuto 127.0.0.1:%u %s\n",
		      haproxy.front, proxy_port(proxy), senders[_i]);
	come_from("127.0.0.7", haproxy.front_port, true);
	arrive();
	snprintf(line, sizeof(line), "joins alpha from %s with", place_of(alice));
	proxy_wait_log(proxy, line);
	snprintf(line, sizeof(line),
		 "(PROXY v%d) passes on %s, who has connected to 127.0.0.1:%u", _i == 0 ? 1 : 2,
		 place_of(alice), haproxy.front_port);
	proxy_wait_log(proxy, line);
	finish();
}
END_TEST

/* It looks every moment whether Kurafuto is there: nothing that an admin should read. */
START_TEST(haproxy_checks_kurafuto)
{
	proxy = proxy_start_with(&verbose, ONE_SERVER CALM ANYBODY ACCEPT, alpha.port);
	start_haproxy(DEFAULTS
		      "listen front\n bind fd@%d\n"
		      " server kurafuto 127.0.0.1:%u %s check check-send-proxy inter 50ms\n",
		      haproxy.front, proxy_port(proxy), senders[_i]);
	proxy_wait_count_log(proxy, "went away during its login", 3);
	come_from("127.0.0.7", haproxy.front_port, false);
	arrive();
	proxy_wait_log(proxy, "joins alpha from 127.0.0.7:");
	ck_assert(!proxy_logged(proxy, "refused"));
	read_log(harness_now() + 1);
	ck_assert_msg(strstr(haproxy.log, "DOWN") == NULL, "%s", haproxy.log);
	finish();
}
END_TEST

/* ---- behind ---- */

static const char *const forwards[] = {"proxy-v1", "proxy-v2"};

#define BEHIND "listen back\n bind fd@%d accept-proxy\n server alpha 127.0.0.1:%u\n"

/* It logs the player's address, and where they have connected to. */
START_TEST(haproxy_behind)
{
	char line[256];

	start_haproxy(DEFAULTS BEHIND, haproxy.back, alpha.port);
	proxy = proxy_start("'servers':[{'name':'alpha','address':'127.0.0.1','port':%u,"
			    "'forward':'%s'}]" CALM,
			    haproxy.back_port, forwards[_i]);
	come_from("127.0.0.7", proxy_port(proxy), _i == 0);
	arrive();
	snprintf(line, sizeof(line), "back: from %s to 127.0.0.1:%u\n", place_of(alice),
		 proxy_port(proxy));
	finish();
	alice = link_a = NULL;
	wait_haproxy_log(line);
}
END_TEST

/* A server that wants a header has nothing to complain of when it is checked. */
START_TEST(haproxy_is_checked)
{
	bool is_classic = _i / 2 == 1;
	char line[64];

	start_haproxy(DEFAULTS BEHIND " maxconn 50\n", haproxy.back, alpha.port);
	proxy = proxy_start("'servers':[{'name':'alpha','address':'127.0.0.1','port':%u,"
			    "'forward':'%s'}]" CHECKS,
			    haproxy.back_port, forwards[_i % 2],
			    is_classic ? "classic" : "tcp");
	for (unsigned n = 0; is_classic && n < 3; n++) {
		link_a = backend_accept(&alpha);
		ck_assert_str_eq(link_a->id.name, "Kurafuto");
		link_kick(link_a, "No bots");
		lose(&link_a);
	}
	/* a whole connection of its own: the header has been understood */
	snprintf(line, sizeof(line), "to 127.0.0.1:%u\n", haproxy.back_port);
	wait_haproxy_log(line);
	ck_assert(!proxy_logged(proxy, "down"));
	finish();
	for (int64_t until = harness_now() + 100; read_log(until);)
		;
	ck_assert_msg(strcasestr(haproxy.log, "PROXY protocol") == NULL &&
			      strcasestr(haproxy.log, "error") == NULL,
		      "%s", haproxy.log);
}
END_TEST

/* ---- both ---- */

/* A player, HAProxy, Kurafuto, HAProxy, a server: the last one knows of the first. */
START_TEST(haproxy_on_both_sides)
{
	char line[256];

	proxy = proxy_start("'servers':[{'name':'alpha','address':'127.0.0.1','port':%u,"
			    "'forward':'%s'}]" CALM ANYBODY ACCEPT,
			    haproxy.back_port, forwards[_i / 2]);
	start_haproxy(DEFAULTS BEHIND "listen front\n bind fd@%d\n"
				      " server kurafuto 127.0.0.1:%u %s\n",
		      haproxy.back, alpha.port, haproxy.front, proxy_port(proxy),
		      senders[_i % 2]);
	come_from("127.0.0.9", haproxy.front_port, true);
	arrive();
	snprintf(line, sizeof(line), "joins alpha from %s with", place_of(alice));
	proxy_wait_log(proxy, line);
	/* where the player has connected to is HAProxy in front, not Kurafuto */
	snprintf(line, sizeof(line), "back: from %s to 127.0.0.1:%u\n", place_of(alice),
		 haproxy.front_port);
	finish();
	wait_haproxy_log(line);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("haproxy");
	TCase *tcase = harness_case(suite, "haproxy");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, haproxy_in_front, 0, 3);
	tcase_add_loop_test(tcase, haproxy_checks_kurafuto, 0, 2);
	tcase_add_loop_test(tcase, haproxy_behind, 0, 2);
	tcase_add_loop_test(tcase, haproxy_is_checked, 0, 4);
	tcase_add_loop_test(tcase, haproxy_on_both_sides, 0, 4);
	return harness_run(suite);
}
