/* SPDX-License-Identifier: MIT */
/*
 * What a server can say to Kurafuto instead of to the player: "jump NAME" as a reason of a
 * kick, as a PluginMessage, or as a chat line that begins with a secret token; "info" as a
 * PluginMessage. Reading and writing only: who acts on it is the session's. Pure code.
 *
 * Texts are read as words between spaces. Colour codes in front of a word and behind it do not
 * count: & and any character that can be a code (TextColors), % and a hexadecimal digit. "jump"
 * compares without regard to case, but for PluginMessages. A function that returns false (or
 * not REDIRECT_JUMP) leaves an empty name.
 */
#ifndef REDIRECT_H
#define REDIRECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet.h"

#define REDIRECT_NAME_MAX PACKET_STRING_LEN /* of the server to jump to, as it was said */

/*
 * Does the reason of a kick name a server: `:kura jump NAME` (or the configured prefix) or
 * `CCJOIN NAME`, without regard to case, at the beginning or behind a space (server software
 * puts words like "Kicked by Op: " in front). NAME ends at a space or at the end; the last NAME
 * counts. `reason` is CP437, `prefix` UTF-8 as configured; if it is empty, only CCJOIN counts.
 *
 * A packet holds 64 characters of a reason, so a long NAME behind many words may have lost its
 * end. "Kicked by OPERATOR: :kura jump NAME", as MCGalaxy has it for /kick, leaves it 23 beside
 * the longest name of an operator and a colour code.
 */
bool redirect_from_kick(char name[static REDIRECT_NAME_MAX + 1], const char *reason,
			const char *prefix);

enum redirect_word {
	REDIRECT_NONE, /* not for us, or not understood */
	REDIRECT_JUMP, /* name holds the target */
	REDIRECT_INFO,
};
/* Reads the 64 bytes of a PluginMessage: "jump NAME" or "info" (lower case) and nothing else,
 * padded with NULs or spaces. What lies behind a NUL is not read. */
enum redirect_word redirect_from_plugin(char name[static REDIRECT_NAME_MAX + 1],
					const uint8_t data[static PACKET_STRING_LEN]);

/* Reads a chat line: the token (UTF-8; case counts), perhaps behind colour codes and spaces, as
 * a word of its own, then "jump NAME" and nothing else. Never true if the token is empty. */
bool redirect_from_chat(char name[static REDIRECT_NAME_MAX + 1], const char *text,
			const char *token);

/* Does a chat line begin with the token at all, even if more letters follow it: such a line
 * never reaches the player, who could read the token there. Never true if it is empty. */
bool redirect_is_secret(const char *text, const char *token);

/* Writes one PluginMessage with a line of text (CP437), cut at 64 bytes, padded with NULs.
 * Returns its size. */
size_t redirect_write(uint8_t out[static PACKET_SIZE_MAX], uint8_t channel, const char *text);

#endif
