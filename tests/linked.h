/* SPDX-License-Identifier: MIT */
/*
 * A registry with a configuration in force, for the unit tests that need servers: rows are
 * added one by one, link_all() or link_with() puts them in force, and again after a change. For
 * tests that include it once.
 */
#ifndef LINKED_H
#define LINKED_H

#include <check.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "config_current.h"
#include "port.h"
#include "said.h"
#include "server.h"

#define PATIENCE_MS 10000
#define PORTS       4

static struct registry *registry; /* freed after each test */
static struct port ports[PORTS];  /* by the index of their servers */
static char linked_rows[16384];
static unsigned linked_n;

/* Forgets the servers; the next ones added are all there are. */
static inline void unlink_all(void)
{
	linked_rows[0] = '\0';
	linked_n = 0;
}

static inline void linked_setup(void)
{
	log_init(LOG_ERROR, LOG_COLOR_NEVER, false);
	registry = NULL;
	memset(ports, 0, sizeof(ports));
	unlink_all();
}

static inline void linked_teardown(void)
{
	registry_free(registry);
	registry = NULL;
	for (size_t i = 0; i < PORTS; i++)
		port_give_back(&ports[i]);
	config_retire();
	config_settle();
}

/* A server; `more` are more members of it, with ' for ", or "". */
static inline void add_server(const char *name, const char *address, uint16_t port,
			      const char *more)
{
	size_t at = strlen(linked_rows);
	int n = snprintf(linked_rows + at, sizeof(linked_rows) - at,
			 "%s{'name':'%s','address':'%s','port':%u%s%s}",
			 linked_n > 0 ? "," : "", name, address, (unsigned)port,
			 more[0] != '\0' ? "," : "", more);

	ck_assert_uint_lt(at + (size_t)n, sizeof(linked_rows));
	linked_n++;
}

/* A server at a port of its own: "a", "b" and so on. */
static inline void add_port(const char *address, bool is_open)
{
	char name[2] = {(char)('a' + linked_n), '\0'};
	struct port *port = &ports[linked_n];

	ck_assert_uint_lt(linked_n, PORTS);
	if (port->number == 0)
		port_take(port);
	if (is_open && port->listener < 0)
		port_open(port);
	add_server(name, address, port->number, "");
}

/* Puts the servers in force, with more members of the configuration: "'pool':{'size':2}". */
__attribute__((format(printf, 1, 2))) static inline void link_with(const char *members, ...)
{
	static char more[4096], json[sizeof(more) + sizeof(linked_rows) + 64];
	va_list arguments;

	va_start(arguments, members);
	vsnprintf(more, sizeof(more), members, arguments);
	va_end(arguments);
	snprintf(json, sizeof(json), "{'lobby':%s,'servers':[%s]%s%s}",
		 strcasestr(linked_rows, "lobby'") != NULL ? "false" : "true", linked_rows,
		 more[0] != '\0' ? "," : "", more);
	for (char *c = json; *c != '\0'; c++)
		if (*c == '\'')
			*c = '"';
	struct config *config = good(json);
	if (registry == NULL)
		registry = registry_new();
	ck_assert_ptr_nonnull(registry);
	ck_assert(registry_prepare(registry, config));
	registry_commit(registry, config);
	config_publish(config);
	registry_wake(registry);
	config_settle();
}

static inline void link_all(void)
{
	link_with("%s", "");
}

/* By the order in the configuration. */
static inline struct server *nth(size_t index)
{
	ck_assert_uint_lt(index, config_now()->n_servers);
	return config_now()->servers[index].server;
}

/* A player comes to a server. */
static inline void visit(struct server *server)
{
	const struct server_guest guest = {.name = "Alice"};

	ck_assert_int_eq(server_reserve(server, &guest), SERVER_ADMITS);
	server_player_joined(server);
}

static inline void start_registry(void)
{
	ck_assert(registry_start(registry));
}

/* Polls until a server is up or down. */
static inline void await_up(size_t index, bool is_up)
{
	int64_t deadline_ms = net_now_ms() + PATIENCE_MS;

	while (server_is_up(nth(index)) != is_up) {
		ck_assert_msg(net_now_ms() < deadline_ms, "%s is not %s in time",
			      server_name(nth(index)), is_up ? "up" : "down");
		poll(NULL, 0, 2);
	}
}

/* Waits for that many checks of a server. */
static inline void meet_checks(size_t index, int checks)
{
	for (int i = 0; i < checks; i++)
		ck_assert_msg(port_meet(&ports[index], PATIENCE_MS), "no check in time");
}

#endif
