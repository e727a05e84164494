/* SPDX-License-Identifier: MIT */
/* The ports to which browsers do not connect. */
#ifndef WEB_PORT_H
#define WEB_PORT_H

#include <stdbool.h>
#include <stdint.h>

/* Do browsers open a WebSocket to that port: it is not 0 and no "bad port" of the Fetch
 * standard ("Port blocking"). Pure. */
bool web_port_is_open(uint16_t port);

#endif
