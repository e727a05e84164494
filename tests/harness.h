/* SPDX-License-Identifier: MIT */
/*
 * What the integration suites share: the real binary as a child process, scripted clients and
 * scripted servers. One test thread does everything with blocking calls that have deadlines; a
 * call that does not get what it wants in time fails the test. What the child wrote to stderr
 * is printed behind the results of a failed test.
 */
#ifndef HARNESS_H
#define HARNESS_H

#include <check.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../packet.h"

#define HARNESS_PATH    512
#define PEER_EXTS       80
#define BACKEND_PENDING 256

/* One linked server in a `servers` array; takes the port as an argument. */
#define SERVER(name) "{'name':'" name "','address':'127.0.0.1','port':%u}"

/* Runs a suite, CK_ENV decides about forking; prints what the proxies of failed tests logged.
 * For main(). */
int harness_run(Suite *suite);
/* A test case with a time-out that suits the build. Owned by the suite. */
TCase *harness_case(Suite *suite, const char *name);
/* Milliseconds times the slowness of this build: 1 plain, more with sanitizers or
 * KURAFUTO_TEST_SLOW. */
int64_t harness_ms(int64_t ms);
int64_t harness_now(void);
/* The catalog by which all packets are framed. A test may add to it; it starts as the standard
 * one. */
struct packet_catalog *harness_catalog(void);
/* A file of this program's temporary directory; the text is written to it if it is not NULL. */
void harness_file(char path[static HARNESS_PATH], const char *name, const char *text);
/* Random bytes, the same in every run. */
void harness_random(uint8_t *out, size_t n);
/* Does a text contain a word, without regard to case and colour codes. */
bool harness_says(const char *text, const char *word);

/* The binary as a child process that runs until it is told to stop. */
struct proxy;
struct peer;

struct proxy_options {
	const char *const *args; /* more arguments, NULL at the end */
	const char *cwd;         /* working directory */
	unsigned max_fds;        /* RLIMIT_NOFILE, hard and soft; 0 = as inherited */
	int in_fd, out_fd;       /* its stdin and stdout; 0 = /dev/null */
	bool no_config;          /* start without --config */
	bool own_address;        /* `members` sets address and port itself */
};

/*
 * Starts it on 127.0.0.1 and a free port. `members` are more members of the configuration, with
 * ' for ", and printf's placeholders. Waits until it listens.
 */
struct proxy *proxy_start(const char *members, ...) __attribute__((format(printf, 1, 2)));
struct proxy *proxy_start_with(const struct proxy_options *options, const char *members, ...)
	__attribute__((format(printf, 2, 3)));
/* SIGTERM; it must exit with 0 in time, without a sanitizer's report. Frees it. */
void proxy_stop(struct proxy *proxy);
void proxy_signal(struct proxy *proxy, int signal);
/* Waits until it has exited; the status of waitpid(2). */
int proxy_wait(struct proxy *proxy);
/* Frees one that has been waited for; checks for sanitizers' reports. */
void proxy_free(struct proxy *proxy);
uint16_t proxy_port(const struct proxy *proxy);
pid_t proxy_pid(const struct proxy *proxy);
/* Waits until stderr contains a text; or asks whether it does. */
void proxy_wait_log(struct proxy *proxy, const char *text);
bool proxy_logged(struct proxy *proxy, const char *text);
/* How often it does; of "\n", how many lines there are. */
size_t proxy_count_log(struct proxy *proxy, const char *text);
/* Waits until it does so often. */
void proxy_wait_count_log(struct proxy *proxy, const char *text, size_t n);
/* From /proc. */
unsigned proxy_threads(const struct proxy *proxy);
unsigned proxy_fds(const struct proxy *proxy);
unsigned proxy_rss_kib(const struct proxy *proxy);
/* Bytes of a client's or a server's that have arrived at it and that it has not read. */
size_t proxy_unread(const struct peer *peer);
/* Are there such bytes while all of its threads wait: whoever should read them waits for
 * somebody else, and is not merely slow. */
bool proxy_is_stuck(const struct proxy *proxy, const struct peer *peer);
/* Each of up to 64 sends the same packets over and over, until the proxy takes no more of them:
 * it waits for whoever should read them. */
void proxy_flood(const struct proxy *proxy, struct peer *const *peers, size_t n,
		 const uint8_t *packets, size_t size);
/* The players of these links do not read: each gets chat, until the proxy waits for them. */
void proxy_deafen(const struct proxy *proxy, struct peer *const *links, size_t n);
/* Waits until it has no more threads and descriptors than these. */
void proxy_wait_counts(const struct proxy *proxy, unsigned threads, unsigned fds);

/* Runs the binary to its end, with arguments up to a NULL. */
struct run {
	int status; /* exit status; -1 after a signal */
	char out[32768], err[32768];
};
void run_binary(struct run *run, const char *cwd, const char *const *args);

/* One end of a connection that speaks the protocol: a scripted client, or a server's end of a
 * link. */
struct peer {
	int fd;
	struct web
		*web; /* its bytes go through frames of WebSocket, see harness_web.h; or NULL */
	enum packet_direction reads;
	bool cpe;
	bool keeps_pings; /* else a TwoWayPing from the server is answered at once, as clients
			     do */
	struct dialect dialect;
	uint8_t in[65536];
	size_t start, end;
	char text[16384];                /* all chat that came in, without colours */
	char server[65];                 /* client: name in the last server identification */
	unsigned levels;                 /* client: LevelFinalize packets seen */
	struct packet_identification id; /* link: the player's */
	struct {
		char name[65];
		uint32_t version;
	} ext[PEER_EXTS]; /* client: offered by Kurafuto; link: Kurafuto's reply */
	size_t n_ext;
	char software[65];
};

void peer_close(struct peer *peer); /* frees it; NULL is fine */
void peer_send(struct peer *peer, const void *data, size_t size);
/* The same without frames. */
void peer_send_raw(struct peer *peer, const void *data, size_t size);
/* Next packet, valid until the next call; NULL when the other side has closed. Fails after the
 * usual deadline. */
const uint8_t *peer_next(struct peer *peer);
/* The same without waiting; NULL when there is no whole packet, or *closed. */
const uint8_t *peer_try(struct peer *peer, bool *closed);
size_t peer_size(const struct peer *peer, const uint8_t *packet);
/* The next packet must have this opcode; pings are passed over. */
const uint8_t *peer_expect(struct peer *peer, uint8_t opcode);
/* Passes over everything until that opcode. */
const uint8_t *peer_until(struct peer *peer, uint8_t opcode);
/* The next packet must be these bytes. */
void peer_expect_bytes(struct peer *peer, const void *data, size_t size);
/* Reads until the chat since the last peer_forget() contains a text, without regard to case. */
void peer_wait_text(struct peer *peer, const char *text);
void peer_forget(struct peer *peer);
void peer_chat(struct peer *peer, const char *text);
/* Reads until the other side has closed. */
void peer_expect_close(struct peer *peer);
/* Has the other side closed, or does it within so many milliseconds. Input is read and
 * forgotten. */
bool peer_closes_within(struct peer *peer, int64_t ms);
/* Passes over everything until Disconnect, which must say `word`; then the connection must
 * close. */
void peer_expect_disconnect(struct peer *peer, const char *word);

struct extension {
	const char *name;
	uint32_t version;
};

struct peer *client_connect(const struct proxy *proxy);
struct peer *client_connect_at(uint16_t port);
/* The same from an address of one's own: "127.0.0.7", or one of network_open(), to a proxy that
 * listens at "::". */
struct peer *client_connect_from(const char *address, uint16_t port);
/* Sends an identification of that protocol's size. `key` may be NULL. */
void client_identify(struct peer *client, uint8_t protocol, bool cpe, const char *name,
		     const char *key);
/* Reads Kurafuto's list, answers with what it shares with `list` (NULL: all of it) as
 * "Tester 1.0". */
void client_negotiate(struct peer *client, const struct extension *list, size_t n);
void client_negotiate_as(struct peer *client, const char *software,
			 const struct extension *list, size_t n);
/* Connects and identifies, protocol 7: vanilla, or CPE with everything that is offered. */
struct peer *client_login(const struct proxy *proxy, const char *name);
struct peer *client_login_cpe(const struct proxy *proxy, const char *name);
/* Reads until the own spawn; the last server identification must carry this name (NULL: any).
 */
void client_arrive(struct peer *client, const char *server);
void client_move(struct peer *client, int16_t x, int16_t y, int16_t z);

/* A listening scripted server. Connections that close without a word (health checks) are passed
 * over. */
struct backend {
	int fd;
	int keeper; /* a socket that does not listen, but keeps the port from everybody else */
	uint16_t port;
	int pending[BACKEND_PENDING];
	unsigned n_pending;
	struct web_server *web; /* it takes web clients, see harness_web.h; or NULL */
};

void backend_open(struct backend *backend);
void backend_close(struct backend *backend); /* stops listening too */
/* Stops listening: connections are refused from now on, or until it listens again. */
void backend_refuse(struct backend *backend);
void backend_reopen(struct backend *backend);
/* Waits for a link and reads the player's identification. */
struct peer *backend_accept(struct backend *backend);
/* The same for any connection that has sent something; nothing of it is read. */
struct peer *backend_accept_raw(struct backend *backend);
/* The same for a connection that has sent something already; NULL when there is none. */
struct peer *backend_try(struct backend *backend);
/* Does a player's link come within so many milliseconds; it is there to be accepted then. */
bool backend_has_player(struct backend *backend, int64_t ms);
/* Takes in what has connected; waits until at least one connection that says nothing stays
 * open. */
void backend_wait_dialled(struct backend *backend);

/* Plays a CPE server: sends the list, reads the reply into ext[], sets the dialect. NULL: all
 * that Kurafuto has. */
void link_negotiate(struct peer *link, const struct extension *list, size_t n);
void link_identify(struct peer *link, const char *name);
void link_level(struct peer *link);
/* LevelInitialize and a chunk of nonsense. */
void link_begin_level(struct peer *link);
/* X of a Position packet that came in on a link. */
int32_t link_position_x(const struct peer *link, const uint8_t *packet);
void link_spawn(struct peer *link, uint8_t id, const char *name, int16_t x, int16_t y,
		int16_t z);
/* Identification, a level of 16 x 16 x 16 and the own spawn. */
void link_welcome(struct peer *link, const char *name);
void link_kick(struct peer *link, const char *reason);

/* A player on a server, all the way: logs in, is accepted and welcomed under `server`'s name,
 * and has arrived. */
struct peer *join(const struct proxy *proxy, struct backend *backend, const char *player,
		  const char *server, struct peer **link);
struct peer *join_cpe(const struct proxy *proxy, struct backend *backend, const char *player,
		      const char *server, struct peer **link);
/* A round trip through Kurafuto in both directions: all that was sent before has been dealt
 * with. */
void exchange(struct peer *client, struct peer *link);

#endif
