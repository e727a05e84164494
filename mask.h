/* SPDX-License-Identifier: MIT */
/*
 * What must not be seen of chat, in traces and in the log: what stands behind commands that
 * take a password (/pass, /setpass, /login, /register and the like). Pure code.
 */
#ifndef MASK_H
#define MASK_H

#include "packet.h"

/* Where the password begins in a chat line (CP437), to the end of which it reaches; NULL if
 * there is none. A player's line must be such a command; in a server's it may stand anywhere,
 * as it does when the server repeats it. */
const char *mask_password(const char *line, enum packet_direction direction);

/* Does a Message of a client, whose text is `line`, go on in the next packet: LongerMessages,
 * or the marks of MCGalaxy. */
bool mask_goes_on(const struct dialect *dialect, const uint8_t *packet, const char *line);

/*
 * Hides the password of a Message, and every place of `secret` (NULL: none), in the packet
 * itself, behind stars. *goes_on: the client's line before it was cut within a password; set
 * for the next one.
 */
void mask_message(uint8_t *packet, const struct dialect *dialect,
		  enum packet_direction direction, const char *secret, bool *goes_on);

#endif
