/* SPDX-License-Identifier: MIT */
/*
 * A server list: HTTP on a port of loopback, on a thread of its own. It keeps what it was told,
 * and answers what the test says, or badly. For suites that include it once.
 */
#ifndef LISTING_H
#define LISTING_H

#include <arpa/inet.h>
#include <bsd/string.h>
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define LISTING_REQUESTS 64
#define LISTING_SIZE     4096
#define LISTING_WAIT_S   20

enum listing_way {
	LISTING_ANSWERS,
	LISTING_IS_SILENT, /* it reads, and says nothing */
	LISTING_DRIPS,     /* a byte now and then, without end */
	LISTING_HANGS_UP,
};

struct listing {
	int fd, stop; /* the listening socket, an eventfd */
	uint16_t port;
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t told;
	enum listing_way way;
	char *answer; /* all of it, with its header */
	size_t answer_size;
	char requests[LISTING_REQUESTS][LISTING_SIZE];
	unsigned n;
};

static inline void listing_has(struct listing *listing, short events, int fd, int ms)
{
	struct pollfd fds[2] = {{.fd = listing->stop, .events = POLLIN},
				{.fd = fd, .events = events}};

	poll(fds, 2, ms);
}

static inline bool listing_is_over(const struct listing *listing)
{
	struct pollfd fd = {.fd = listing->stop, .events = POLLIN};

	return poll(&fd, 1, 0) > 0;
}

/* Reads a request with its body; false if it is never whole. */
static inline bool listing_read(struct listing *listing, int fd, char *text)
{
	size_t size = 0;

	while (!listing_is_over(listing)) {
		listing_has(listing, POLLIN, fd, 1000);
		ssize_t n = recv(fd, text + size, LISTING_SIZE - 1 - size, MSG_DONTWAIT);

		if (n == 0 || (n < 0 && errno != EAGAIN))
			return false;
		size += n > 0 ? (size_t)n : 0;
		text[size] = '\0';
		if (size > 0 && text[0] == 0x16) /* TLS: let it see an answer of ours */
			return true;
		const char *body = strstr(text, "\r\n\r\n");
		const char *length = strcasestr(text, "\r\nContent-Length:");
		if (body != NULL && length != NULL &&
		    size - (size_t)(body + 4 - text) >= strtoul(length + 17, NULL, 10))
			return true;
	}
	return false;
}

static inline void listing_answer(struct listing *listing, int fd)
{
	pthread_mutex_lock(&listing->lock);
	enum listing_way way = listing->way;
	size_t size = listing->answer_size, at = 0;
	char *answer = malloc(size + 1);
	if (answer != NULL)
		memcpy(answer, listing->answer, size);
	pthread_mutex_unlock(&listing->lock);
	while (way == LISTING_ANSWERS && at < size && !listing_is_over(listing)) {
		ssize_t n = send(fd, answer + at, size - at, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno != EAGAIN)
			break;
		at += n > 0 ? (size_t)n : 0;
		if (n < 0)
			listing_has(listing, POLLOUT, fd, 1000);
	}
	free(answer);
	if (way == LISTING_DRIPS)
		(void)!send(fd, "HTTP/1.1 200 OK\r\n\r\n", 19, MSG_NOSIGNAL);
	while ((way == LISTING_DRIPS || way == LISTING_IS_SILENT) &&
	       !listing_is_over(listing)) {
		char byte = 'x';

		listing_has(listing, 0, fd, 50);
		if (recv(fd, &byte, 1, MSG_DONTWAIT) == 0 ||
		    (way == LISTING_DRIPS && send(fd, &byte, 1, MSG_NOSIGNAL) < 0))
			break;
	}
}

static inline void *listing_main(void *argument)
{
	struct listing *listing = argument;
	char text[LISTING_SIZE];

	while (!listing_is_over(listing)) {
		listing_has(listing, POLLIN, listing->fd, 10000);
		int fd = accept(listing->fd, NULL, NULL);

		if (fd < 0)
			continue;
		if (listing_read(listing, fd, text)) {
			pthread_mutex_lock(&listing->lock);
			if (listing->n < LISTING_REQUESTS)
				strlcpy(listing->requests[listing->n++], text, LISTING_SIZE);
			pthread_cond_broadcast(&listing->told);
			pthread_mutex_unlock(&listing->lock);
			listing_answer(listing, fd);
		}
		close(fd);
	}
	return NULL;
}

/* From now on it answers these bytes: status line, header, body. */
static inline void listing_says_bytes(struct listing *listing, const void *bytes, size_t size)
{
	pthread_mutex_lock(&listing->lock);
	free(listing->answer);
	listing->answer = malloc(size + 1);
	ck_assert_ptr_nonnull(listing->answer);
	memcpy(listing->answer, bytes, size);
	listing->answer_size = size;
	listing->way = LISTING_ANSWERS;
	pthread_mutex_unlock(&listing->lock);
}

/* The same with a body of so many bytes, and the header that belongs to it. */
static inline void listing_says_body(struct listing *listing, const char *status,
				     const void *body, size_t size)
{
	char *all = malloc(size + 256);

	ck_assert_ptr_nonnull(all);
	int n = snprintf(all, 256, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n", status, size);
	memcpy(all + n, body, size);
	listing_says_bytes(listing, all, (size_t)n + size);
	free(all);
}

static inline void listing_says(struct listing *listing, const char *status, const char *body)
{
	listing_says_body(listing, status, body, strlen(body));
}

static inline void listing_behaves(struct listing *listing, enum listing_way way)
{
	pthread_mutex_lock(&listing->lock);
	listing->way = way;
	pthread_mutex_unlock(&listing->lock);
}

static inline void listing_listens(struct listing *listing)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons(listing->port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int yes = 1;

	listing->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	ck_assert_int_ge(listing->fd, 0);
	setsockopt(listing->fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	ck_assert_int_eq(bind(listing->fd, (struct sockaddr *)&address, size), 0);
	ck_assert_int_eq(listen(listing->fd, 16), 0);
	ck_assert_int_eq(getsockname(listing->fd, (struct sockaddr *)&address, &size), 0);
	listing->port = ntohs(address.sin_port);
	listing->stop = eventfd(0, EFD_CLOEXEC);
	ck_assert_int_eq(pthread_create(&listing->thread, NULL, listing_main, listing), 0);
}

/* Answers with the address of a page until told otherwise. */
static inline void listing_open(struct listing *listing)
{
	memset(listing, 0, sizeof(*listing));
	pthread_mutex_init(&listing->lock, NULL);
	pthread_cond_init(&listing->told, NULL);
	listing_says(listing, "200 OK", "http://list.example/server/play/abc");
	listing_listens(listing);
}

/* Refuses connections, until listing_listens(). */
static inline void listing_refuses(struct listing *listing)
{
	const uint64_t one = 1;

	(void)!write(listing->stop, &one, sizeof(one));
	pthread_join(listing->thread, NULL);
	close(listing->fd);
	close(listing->stop);
	listing->fd = -1;
}

static inline void listing_close(struct listing *listing)
{
	if (listing->fd >= 0)
		listing_refuses(listing);
	free(listing->answer);
	pthread_cond_destroy(&listing->told);
	pthread_mutex_destroy(&listing->lock);
}

static inline unsigned listing_count(struct listing *listing)
{
	pthread_mutex_lock(&listing->lock);
	unsigned n = listing->n;
	pthread_mutex_unlock(&listing->lock);
	return n;
}

/* Waits for the request of that number, the first is 0; good until the end. */
static inline const char *listing_request(struct listing *listing, unsigned i)
{
	struct timespec until;
	int error = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += LISTING_WAIT_S;
	ck_assert_uint_lt(i, LISTING_REQUESTS);
	pthread_mutex_lock(&listing->lock);
	while (listing->n <= i && error == 0)
		error = pthread_cond_timedwait(&listing->told, &listing->lock, &until);
	unsigned n = listing->n;
	pthread_mutex_unlock(&listing->lock);
	ck_assert_msg(n > i, "only %u requests came", n);
	return listing->requests[i];
}

static inline const char *listing_body(struct listing *listing, unsigned i)
{
	return strstr(listing_request(listing, i), "\r\n\r\n") + 4;
}

/* A field of a form, as it stands there. */
static inline void listing_field(struct listing *listing, unsigned i, const char *name,
				 char out[static 256])
{
	char wanted[64];
	const char *body = listing_body(listing, i), *at;

	snprintf(wanted, sizeof(wanted), "&%s=", name);
	if (strncmp(body, wanted + 1, strlen(wanted) - 1) == 0)
		at = body + strlen(wanted) - 1;
	else
		at = strstr(body, wanted) != NULL ? strstr(body, wanted) + strlen(wanted) : "";
	snprintf(out, 256, "%.*s", (int)strcspn(at, "&"), at);
}

#endif
