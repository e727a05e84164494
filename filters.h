/* SPDX-License-Identifier: MIT */
/* The hooks that come from the configuration and from -vv: packets never relayed, packets
 * logged. */
#ifndef FILTERS_H
#define FILTERS_H

#include <stdbool.h>

#include "hooks.h"

/* Registers hooks that drop the opcodes of `drop-packets` and, at the level "trace", log every
 * packet but those of `ignore-packets`, by config_now() and log_level(): when one of them
 * changes, the readers ask again what is wanted. False without memory. Main, before the first
 * session and before any other hook: what is dropped is logged, but seen by nobody else.
 */
bool filters_attach(struct hooks *hooks);

#endif
