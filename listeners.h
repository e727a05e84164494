/* SPDX-License-Identifier: MIT */
/*
 * The sockets on which Kurafuto listens, and how they follow the configuration: what a reload
 * adds is opened before anything else changes, what it removes is closed afterwards, and the
 * rest is left alone.
 */
#ifndef LISTENERS_H
#define LISTENERS_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"

struct listeners;

struct listeners *listeners_new(void); /* NULL without memory */
/* Closes all. */
void listeners_free(struct listeners *listeners);

/* Opens what `config` has and is not open, also beside what overlaps with it and is not in
 * `config` any more (0.0.0.0 in the place of 127.0.0.1, same port). False, with a sentence in
 * why, if one can't be opened: then nothing has changed. Any thread, one at a time. */
bool listeners_prepare(struct listeners *listeners, const struct config *config, char *why,
		       size_t why_size);
/* Closes what a prepared `config` does not have, at the next listeners_poll(), and logs what
 * was opened. */
void listeners_commit(struct listeners *listeners, const struct config *config);
/* Gives up what listeners_prepare() opened. */
void listeners_cancel(struct listeners *listeners);
/* Closes all for now, at the next listeners_poll(), also what is prepared later. Any thread,
 * one at a time with listeners_prepare(), as the next. */
void listeners_shut(struct listeners *listeners);
/* Opens what `config` has after that, what is configured as port 0 at the port that it had, or
 * with a warning at another if that one is taken. False, with a sentence in why, if one can't
 * be opened: then none is, until something is prepared again. */
bool listeners_reopen(struct listeners *listeners, const struct config *config, char *why,
		      size_t why_size);
/* Closes all for good; prepared or committed later ones are not opened again. */
void listeners_close(struct listeners *listeners);

/* Closes what is to be closed, and logs that. Then fills fds with the sockets, to be polled for
 * POLLIN: at most `max`; returns how many. */
size_t listeners_poll(struct listeners *listeners, struct pollfd *fds, size_t max);
/* The row of config_now() that a socket belongs to; *fallback, filled with what it was opened
 * as, if it has just been removed. */
const struct config_listener *listeners_row(struct listeners *listeners, int fd,
					    struct config_listener *fallback);
/* The port that a listener, by its index in `config`, has: interesting if it is configured as
 * 0. 0 if it is not open. */
uint16_t listeners_port(struct listeners *listeners, const struct config *config, size_t index);

#endif
