/* SPDX-License-Identifier: MIT */
/*
 * A long chat line of a client with LongerMessages, on its way to a server without: the pieces
 * are joined, and split anew for that server (protocol 5.12). Nothing of a line is lost,
 * nothing that was meant for a command's receiver becomes public, and nothing that was meant as
 * chat becomes a command. Pure code.
 */
#ifndef CHAT_H
#define CHAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet.h"

#define CHAT_PIECES_MAX 16 /* of one line; ClassiCube sends at most 3 */
#define CHAT_LINE_MAX   (CHAT_PIECES_MAX * PACKET_STRING_LEN)
/* Message packets that one line may become: two in a row take at least 55 of its characters. */
#define CHAT_PACKETS_MAX (2 * CHAT_LINE_MAX / 55 + 3)
#define CHAT_OUT_MAX     (CHAT_PACKETS_MAX * (2 + PACKET_STRING_LEN))

/* How a server wants a line that is longer than a packet. */
enum chat_style {
	CHAT_PLAIN,    /* split at word ends, nothing added: colours mean nothing there */
	CHAT_COLORED,  /* the same, and a new line repeats the last colour, as %x */
	CHAT_MCGALAXY, /* it joins a line ending in " >" to the next with a space, in " <"
			  without */
};
/* By the server's dialect and its software name (ExtInfo; empty if it sent none). */
enum chat_style chat_style(const struct dialect *server, const char *software);

/* A line that is being joined: zeroed, it is empty. */
struct chat {
	char line[CHAT_LINE_MAX + 1];
	size_t length;
	unsigned pieces; /* CHAT_PIECES_MAX + 1: too many, only its end is waited for */
};

enum chat_verdict {
	CHAT_MORE,     /* the line goes on */
	CHAT_DONE,     /* `out` holds the message packets for the server */
	CHAT_TOO_LONG, /* nothing is sent: a line of more than CHAT_PIECES_MAX pieces; or,
			  unless the server joins lines, a command or a whisper (`/` or `@` in
			  front) that does not fit into one packet: the server would take its
			  rest for chat */
};
/*
 * Takes one Message packet of the client: Type 1 "goes on", anything else ends the line. Inner
 * pieces count with all their 64 bytes (trailing spaces belong to the text), the last without
 * its padding. A line of one piece goes out byte by byte as it came; in all others a NUL is a
 * space. Packets in `out` have Type 255; *out_size is 0 unless CHAT_DONE. The chat is empty
 * again after CHAT_DONE and CHAT_TOO_LONG.
 *
 * A line that fits into one packet goes as it is. A longer one keeps the spaces in front of it
 * as long as its first word fits behind them; the spaces at a split are gone. A new line starts
 * with `/` or `@` only where a run of eight, spaces included, leaves no other place.
 */
enum chat_verdict chat_take(struct chat *chat, enum chat_style style, const uint8_t *packet,
			    uint8_t out[static CHAT_OUT_MAX], size_t *out_size);

#endif
