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

#define TRACE_SECRET_MAX 255 /* bytes of the secret that is masked */

struct trace;

/* Which way a packet went; a translated packet shows up twice. */
enum trace_way {
	TRACE_FROM_CLIENT,
	TRACE_TO_SERVER,
	TRACE_FROM_SERVER,
	TRACE_TO_CLIENT,
	TRACE_WAYS,
};

/*
 * Opens PATH for appending, mode 0600, and writes a first line with time and player. Only
 * regular files, no symbolic links. NULL with a sentence in why. `secret` (may be NULL; ASCII
 * without spaces, up to TRACE_SECRET_MAX bytes) is masked wherever it stands, without regard to
 * case. The texts are copied. The first reference is the caller's.
 */
struct trace *trace_open(const char *path, const char *player, const char *secret, char *why,
			 size_t why_size);
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
