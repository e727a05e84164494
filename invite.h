/* SPDX-License-Identifier: MIT */
/* Keys and links for somebody who is to join: --key, and what the log says at the start. */
#ifndef INVITE_H
#define INVITE_H

#include <stdint.h>

#include "config.h"
#include "net.h"

/* Where to join from this machine, with that port: "127.0.0.1:25565". */
void invite_address(char out[static NET_ADDR_TEXT], const struct config *config, uint16_t port);
/* Prints a key for that name and a link with it, or on stderr why there is none. Returns the
 * exit status. Blocks on the disk. */
int invite_print(const struct config *config, const char *name);

#endif
