/* SPDX-License-Identifier: MIT */
/* The hooks that come from the configuration and from -vv: packets never relayed, packets
 * logged. */
#ifndef FILTERS_H
#define FILTERS_H

#include <stdbool.h>

#include "config.h"
#include "hooks.h"

/* Registers a dropping hook for each opcode of `drop-packets`, and at the level "trace" one
 * that logs every packet but those of `ignore-packets`. `config` must outlive the hooks. False
 * without memory. Main, before the first session and before any other hook: what is dropped is
 * logged, but seen by nobody else. */
bool filters_attach(struct hooks *hooks, struct config *config);

#endif
