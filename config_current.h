/* SPDX-License-Identifier: MIT */
/*
 * The configuration in force. Each reload makes a new immutable snapshot; the old one lives as
 * long as somebody holds a reference. A thread that goes round a loop need not count: it reads
 * config_now(), which stays the same snapshot until the thread says config_settle().
 */
#ifndef CONFIG_CURRENT_H
#define CONFIG_CURRENT_H

#include "config.h"
#include "messages.h"
#include "net.h"

/* Puts a configuration in force and takes it over: it is freed when the last reference is gone.
 * Any thread. */
void config_publish(struct config *config);
/* Takes the one in force away again, when the program ends. The threads that are left keep what
 * they hold. */
void config_retire(void);

/* The snapshot that this thread works with. Takes the one in force at the first call and after
 * config_settle(); NULL before the first config_publish(). Never blocks for long. */
const struct config *config_now(void);
/* Between two rounds of a thread's loop: what config_now() returned is not used any more by
 * this thread. Cheap when nothing has changed. A thread that ends does it by itself. */
void config_settle(void);

/* A reference that outlasts rounds and threads: to the snapshot of config_now(). */
const struct config *config_hold(void);
void config_release(const struct config *config); /* NULL is fine */

/* A message as config_now() has it, or the default before there is one; the rest as for
 * message_format(). */
char *config_message(char *out, size_t size, enum message message, ...)
	__attribute__((sentinel));
char *config_vmessage(char *out, size_t size, enum message message, va_list pairs);

/*
 * What the log may show of a player's address, by `log-addresses` of config_now(), and before
 * there is one: all of it, as net_addr_text() has it; its network, without a port
 * ("198.51.100.x", "2001:db8:1:2::x"); or "(address hidden)". Loopback and UNIX sockets, which
 * are nobody's, are always shown. Any thread. (config_addresses.c)
 */
void log_address(char out[static NET_ADDR_TEXT], const struct net_addr *addr, bool with_port);
/* A text for the log, with each address and network in it that is smaller than what the log may
 * show as log_address() has it; cut where there is no room. */
void log_addresses_in(char *out, size_t size, const char *text);

#endif
