/* SPDX-License-Identifier: MIT */
/*
 * Listening sockets. The one idea: a socket goes by the address and port that the configuration
 * names, so a reload keeps each that it names again. The main thread polls them while another
 * may reload: sockets are closed only by the main thread's next look at them. So an address
 * that overlaps with one that is to go (0.0.0.0 and 127.0.0.1, say) is open beside it for a
 * while.
 */
#include "listeners.h"

#include <bsd/string.h>
#include <bsd/sys/queue.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config_current.h"
#include "log.h"
#include "net.h"

struct listener {
	TAILQ_ENTRY(listener) entries;
	char address[CONFIG_ADDRESS_MAX]; /* as configured */
	uint16_t port;
	int fd;
	bool is_new;    /* not committed yet */
	bool is_back;   /* not committed yet, it was doomed */
	bool is_doomed; /* to be closed by the thread that polls */
};

/* The port that was found for one configured as 0, to have it again. */
struct found_port {
	char address[CONFIG_ADDRESS_MAX];
	uint16_t port;
};

struct listeners {
	pthread_mutex_t lock; /* of all that follows */
	TAILQ_HEAD(, listener) all;
	struct found_port found[CONFIG_LISTENERS_MAX]; /* of what was shut last */
	size_t n_found;
	bool is_closed; /* for good */
	bool is_shut;   /* for now */
};

struct listeners *listeners_new(void)
{
	struct listeners *listeners = calloc(1, sizeof(*listeners));

	if (listeners == NULL)
		return NULL;
	pthread_mutex_init(&listeners->lock, NULL);
	TAILQ_INIT(&listeners->all);
	return listeners;
}

static void drop_locked(struct listeners *listeners, struct listener *listener)
{
	TAILQ_REMOVE(&listeners->all, listener, entries);
	close(listener->fd);
	free(listener);
}

void listeners_free(struct listeners *listeners)
{
	if (listeners == NULL)
		return;
	listeners_close(listeners);
	pthread_mutex_destroy(&listeners->lock);
	free(listeners);
}

static struct listener *find_locked(struct listeners *listeners,
				    const struct config_listener *row)
{
	struct listener *listener;

	TAILQ_FOREACH (listener, &listeners->all, entries)
		if (listener->port == row->port && strcmp(listener->address, row->address) == 0)
			return listener;
	return NULL;
}

/* Is it open; one that was to be closed, and has not been yet, stays. */
static bool is_open_locked(struct listeners *listeners, const struct config_listener *row)
{
	struct listener *listener = find_locked(listeners, row);

	if (listener != NULL && listener->is_doomed) {
		listener->is_doomed = false;
		listener->is_back = true;
	}
	return listener != NULL;
}

static bool is_configured(const struct config *config, const struct listener *listener)
{
	for (size_t i = 0; i < config->n_listeners; i++)
		if (config->listeners[i].port == listener->port &&
		    strcmp(config->listeners[i].address, listener->address) == 0)
			return true;
	return false;
}

static bool set_option(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) == 0;
}

/* The port that it really has; 0 if that can't be told. */
static uint16_t port_of(const struct listener *listener)
{
	struct net_addr address = {.len = sizeof(address.storage)};

	return getsockname(listener->fd, (struct sockaddr *)&address.storage, &address.len) == 0
		       ? net_addr_port(&address)
		       : 0;
}

/* Has what `config` no longer has share that port, or not any more. False: there is nothing
 * that could. */
static bool share_leaving_locked(struct listeners *listeners, const struct config *config,
				 uint16_t port, bool is_shared)
{
	struct listener *listener;
	bool has_any = false;

	TAILQ_FOREACH (listener, &listeners->all, entries)
		if ((listener->is_doomed || !is_configured(config, listener)) &&
		    port_of(listener) == port)
			has_any |=
				set_option(listener->fd, SOL_SOCKET, SO_REUSEPORT, is_shared);
	return has_any;
}

/* As net_listen(), beside sockets of ours that have SO_REUSEPORT for the moment. -1 if that
 * fails.
 */
static int listen_shared(const struct net_addr *address)
{
	int fd = socket(address->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1) &&
	    set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1) &&
	    (address->storage.ss_family != AF_INET6 ||
	     set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0)) &&
	    bind(fd, (const struct sockaddr *)&address->storage, address->len) == 0 &&
	    listen(fd, SOMAXCONN) == 0) {
		set_option(fd, SOL_SOCKET, SO_REUSEPORT, 0);
		return fd;
	}
	close(fd);
	return -1;
}

/*
 * Listens at an address, also at one that overlaps with what `config` no longer has, and that
 * is therefore open for a little longer. Both share the port, but just while this one is bound:
 * at any other time somebody else, such as a second Kurafuto, must find it taken. -1, with a
 * sentence in why.
 */
static int listen_at_locked(struct listeners *listeners, const struct config *config,
			    const struct net_addr *address, char *why, size_t why_size)
{
	int fd = net_listen(address, why, why_size);

	if (fd >= 0 || !share_leaving_locked(listeners, config, net_addr_port(address), true))
		return fd;
	fd = listen_shared(address);
	share_leaving_locked(listeners, config, net_addr_port(address), false);
	return fd;
}

/* Keeps in mind which port a listener has that could have any. */
static void remember_locked(struct listeners *listeners, const struct listener *listener)
{
	if (listener->is_doomed || listener->port != 0 ||
	    listeners->n_found == CONFIG_LISTENERS_MAX)
		return;
	struct found_port *found = &listeners->found[listeners->n_found++];
	strlcpy(found->address, listener->address, sizeof(found->address));
	found->port = port_of(listener);
}

/* Listens at the port that the row had before, where any will do; -1: it had none, or has lost
 * it for good. */
static int listen_again_locked(struct listeners *listeners, const struct config *config,
			       const struct config_listener *row)
{
	struct found_port *found = NULL;
	struct net_addr address;
	char why[256];

	for (size_t i = 0; row->port == 0 && found == NULL && i < listeners->n_found; i++)
		if (strcmp(listeners->found[i].address, row->address) == 0)
			found = &listeners->found[i];
	if (found == NULL || found->port == 0 ||
	    !net_addr_parse(&address, found->address, found->port))
		return -1;
	int fd = listen_at_locked(listeners, config, &address, why, sizeof(why));
	if (fd < 0) {
		log_warn("%s: another port is taken instead", why);
		found->port = 0;
	}
	return fd;
}

static bool open_one_locked(struct listeners *listeners, const struct config *config,
			    const struct config_listener *row, char *why, size_t why_size)
{
	struct listener *listener = calloc(1, sizeof(*listener));
	struct net_addr address;

	if (listener == NULL || !net_addr_parse(&address, row->address, row->port)) {
		snprintf(why, why_size, "%s: %s", row->address,
			 listener == NULL ? "out of memory"
					  : "not an IPv4 or IPv6 address of this machine");
		free(listener);
		return false;
	}
	strlcpy(listener->address, row->address, sizeof(listener->address));
	listener->port = row->port;
	listener->is_new = true;
	listener->fd = listen_again_locked(listeners, config, row);
	if (listener->fd < 0)
		listener->fd = listen_at_locked(listeners, config, &address, why, why_size);
	if (listener->fd < 0) {
		free(listener);
		return false;
	}
	fcntl(listener->fd, F_SETFL, O_NONBLOCK); /* whoever was ready may have left */
	TAILQ_INSERT_TAIL(&listeners->all, listener, entries);
	return true;
}

static void cancel_locked(struct listeners *listeners)
{
	struct listener *listener, *next;

	TAILQ_FOREACH_SAFE (listener, &listeners->all, entries, next) {
		listener->is_doomed |= listener->is_back;
		listener->is_back = false;
		if (listener->is_new)
			drop_locked(listeners, listener);
	}
}

bool listeners_prepare(struct listeners *listeners, const struct config *config, char *why,
		       size_t why_size)
{
	bool is_open = true;

	pthread_mutex_lock(&listeners->lock);
	bool is_shut = listeners->is_closed || listeners->is_shut;
	for (size_t i = 0; is_open && !is_shut && i < config->n_listeners; i++)
		if (!is_open_locked(listeners, &config->listeners[i]))
			is_open = open_one_locked(listeners, config, &config->listeners[i], why,
						  why_size);
	if (!is_open)
		cancel_locked(listeners);
	pthread_mutex_unlock(&listeners->lock);
	return is_open;
}

/* Where it really listens: "127.0.0.1:25565". */
static void place_text(char out[static NET_ADDR_TEXT], const struct listener *listener)
{
	struct net_addr address = {.len = sizeof(address.storage)};

	getsockname(listener->fd, (struct sockaddr *)&address.storage, &address.len);
	net_addr_text(out, &address, true);
}

void listeners_commit(struct listeners *listeners, const struct config *config)
{
	struct listener *listener;
	char place[NET_ADDR_TEXT];

	pthread_mutex_lock(&listeners->lock);
	TAILQ_FOREACH (listener, &listeners->all, entries) {
		place_text(place, listener);
		if (listener->is_new)
			log_info("listening on %s", place);
		listener->is_new = listener->is_back = false;
		listener->is_doomed |= !is_configured(config, listener);
	}
	pthread_mutex_unlock(&listeners->lock);
}

void listeners_shut(struct listeners *listeners)
{
	struct listener *listener;

	pthread_mutex_lock(&listeners->lock);
	if (!listeners->is_shut)
		listeners->n_found = 0;
	listeners->is_shut = true;
	TAILQ_FOREACH (listener, &listeners->all, entries) {
		remember_locked(listeners, listener);
		listener->is_doomed = true;
	}
	pthread_mutex_unlock(&listeners->lock);
}

bool listeners_reopen(struct listeners *listeners, const struct config *config, char *why,
		      size_t why_size)
{
	pthread_mutex_lock(&listeners->lock);
	listeners->is_shut = false;
	pthread_mutex_unlock(&listeners->lock);
	if (!listeners_prepare(listeners, config, why, why_size))
		return false;
	listeners_commit(listeners, config);
	return true;
}

void listeners_cancel(struct listeners *listeners)
{
	pthread_mutex_lock(&listeners->lock);
	cancel_locked(listeners);
	pthread_mutex_unlock(&listeners->lock);
}

void listeners_close(struct listeners *listeners)
{
	pthread_mutex_lock(&listeners->lock);
	listeners->is_closed = true;
	while (!TAILQ_EMPTY(&listeners->all))
		drop_locked(listeners, TAILQ_FIRST(&listeners->all));
	pthread_mutex_unlock(&listeners->lock);
}

/* Only now nobody can be left waiting there. */
static void close_locked(struct listeners *listeners, struct listener *listener)
{
	char place[NET_ADDR_TEXT];

	place_text(place, listener);
	drop_locked(listeners, listener);
	log_info("no longer listening on %s", place);
}

size_t listeners_poll(struct listeners *listeners, struct pollfd *fds, size_t max)
{
	struct listener *listener, *next;
	size_t n = 0;

	pthread_mutex_lock(&listeners->lock);
	TAILQ_FOREACH_SAFE (listener, &listeners->all, entries, next) {
		if (listener->is_doomed)
			close_locked(listeners, listener);
		else if (!listener->is_new && n < max)
			fds[n++] = (struct pollfd){.fd = listener->fd, .events = POLLIN};
	}
	pthread_mutex_unlock(&listeners->lock);
	return n;
}

const struct config_listener *listeners_row(struct listeners *listeners, int fd,
					    struct config_listener *fallback)
{
	const struct config *config = config_now();
	struct listener *listener;

	pthread_mutex_lock(&listeners->lock);
	TAILQ_FOREACH (listener, &listeners->all, entries)
		if (listener->fd == fd)
			break;
	if (listener != NULL)
		*fallback = (struct config_listener){.address = listener->address,
						     .port = listener->port,
						     .websocket = true};
	pthread_mutex_unlock(&listeners->lock);
	for (size_t i = 0; listener != NULL && i < config->n_listeners; i++)
		if (config->listeners[i].port == fallback->port &&
		    strcmp(config->listeners[i].address, fallback->address) == 0)
			return &config->listeners[i];
	return fallback; /* the thread that polls closes sockets, and that is ours */
}

uint16_t listeners_port(struct listeners *listeners, const struct config *config, size_t index)
{
	pthread_mutex_lock(&listeners->lock);
	struct listener *listener = find_locked(listeners, &config->listeners[index]);
	uint16_t port = listener != NULL ? port_of(listener) : 0;
	pthread_mutex_unlock(&listeners->lock);
	return port;
}
