/* SPDX-License-Identifier: MIT */
/*
 * A player's packets in a file, decoded field by field by the layout table, for whoever looks
 * for a fault. Secrets are masked: keys in identifications, the redirect token, and what
 * follows commands that take a password (/pass, /setpass, /login, /register and the like), also
 * where a server repeats them.
 */
#ifndef TRACE_H
#define TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet.h"

#define TRACE_SECRET_MAX 255 /* bytes of a secret that is masked */
#define TRACE_SECRETS    4   /* so many are, the latest */

struct trace;

/* Which way a packet went; a translated packet shows up twice. */
enum trace_way {
	TRACE_FROM_CLIENT,
	TRACE_TO_SERVER,
	TRACE_FROM_SERVER,
	TRACE_TO_CLIENT,
	TRACE_WAYS,
};

/* From now on masks a secret in all traces, also those that are open, wherever it stands and
 * without regard to case: copied; ASCII without spaces, cut at TRACE_SECRET_MAX bytes. NULL and
 * "" say nothing. The ones before stay masked, too: somebody may not know the latest yet. */
void trace_mask(const char *secret);
/*
 * Opens PATH for appending, mode 0600, and writes a first line with time and player. Only
 * regular files, no symbolic links. NULL with a sentence in why. The first reference is the
 * caller's.
 */
struct trace *trace_open(const char *path, const char *player, char *why, size_t why_size);
/* Reference-counted: the file is closed with the last one. NULL is fine for trace_unref(). */
void trace_ref(struct trace *trace);
void trace_unref(struct trace *trace);
/*
 * Writes a line "12:34:56.789 server alpha -> : Message Type=0 Text="hello"" for each of the
 * whole packets in data, level data and bulk updates as their sizes only. What is no packet of
 * the dialect, or not whole, becomes one line that says so, and ends the data. `server` may be
 * NULL. A text that goes on in the next packet of the same way stays masked there. Lines of
 * several threads don't mix. The file stays below 64 MiB, and its last line says why it ends;
 * when it cannot be written, a warning in the log does. Blocks on the disk.
 */
void trace_packets(struct trace *trace, enum trace_way way, const char *server,
		   const struct dialect *dialect, const uint8_t *data, size_t size);

#endif
