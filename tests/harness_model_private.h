/* SPDX-License-Identifier: MIT */
/*
 * What the files of the model client share: harness_model.c (a new client, framing, comparing),
 * harness_model_world.c (levels, entities, blocks), harness_model_screen.c (all the rest).
 * Nobody else includes this.
 */
#ifndef HARNESS_MODEL_PRIVATE_H
#define HARNESS_MODEL_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include "harness_model.h"

#define MODEL_BEDROCK       7
#define MODEL_LAST_LIQUID   11
#define MODEL_EDGE_LEVEL    2 /* types of map property */
#define MODEL_CLOUD_LEVEL   3
#define MODEL_VIEW_DISTANCE 4
#define MODEL_BY_HEIGHT     (-1) /* a level that follows from the map's height */

/* Of the level, in blocks; 0 while one is loading. */
static inline size_t model_volume(const struct model *m)
{
	return (size_t)m->size_x * m->size_y * m->size_z;
}

typedef void model_apply_fn(struct model *m, const uint8_t *p);

/* Do what a packet of theirs says; nothing if it is not. */
void model_apply_world(struct model *m, const uint8_t *p);
void model_apply_screen(struct model *m, const uint8_t *p);

/* The first fault counts. */
void model_fail(struct model *m, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Fields of a packet that has arrived. */
int64_t model_number(const struct model *m, const uint8_t *p, const char *field);
bool model_has(const struct model *m, const uint8_t *p, const char *field);
bool model_is_blank(const uint8_t text[static PACKET_STRING_LEN]);
/* Keeps it in a place. */
uint8_t *model_keep(struct model *m, enum state_group group, unsigned index, const uint8_t *p);

/* Defaults, and what is derived. */
void model_init_entity(struct model *m, unsigned id);
void model_set_scales(struct model *m, unsigned id);
void model_set_tab(struct model *m, unsigned id, const uint8_t name[static PACKET_STRING_LEN],
		   const char *group);
void model_set_permission(struct model *m, unsigned block, bool place, bool delete);
void model_set_map_property(struct model *m, unsigned type, int64_t value);
/* What a new level puts back, apart from entities. */
void model_reset_surroundings(struct model *m);

#endif
