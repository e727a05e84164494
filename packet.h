/* SPDX-License-Identifier: MIT */
/*
 * The wire: opcodes, sizes, extensions and dialects of Minecraft Classic and its CPE
 * extensions. Pure code: no file descriptor, no thread, no allocation. Everything multi-byte on
 * the wire is big-endian; texts are 64 bytes of code page 437 padded with spaces.
 *
 * The one idea: packets carry no length, so the size of every packet follows from the dialect
 * of the side on which it travels. A size of 0 means "not a packet here", and is always an
 * error.
 */
#ifndef PACKET_H
#define PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACKET_STRING_LEN   64
#define PACKET_PROTOCOL_MIN 3
#define PACKET_PROTOCOL     7    /* c0.28 to c0.30 and all CPE clients */
#define PACKET_CPE_MAGIC    0x42 /* last byte of a version 7 identification: CPE */
#define PACKET_OPCODES      256
#define PACKET_SIZE_MAX \
	1346 /* BulkBlockUpdate with ExtendedBlocks; custom packets are held to it */
#define PACKET_CUSTOM_MAX     32  /* rows of `packets` in kurafuto.json */
#define PACKET_CUSTOM_EXT_MAX 16  /* distinct extension names among them */
#define PACKET_SELF           255 /* entity id of the receiving player itself */
#define PACKET_USER_OP        100

enum packet_direction {
	PACKET_TO_CLIENT, /* S>C, clientbound */
	PACKET_TO_SERVER, /* C>S, serverbound */
	PACKET_DIRECTIONS,
};

enum packet_opcode {
	OP_IDENTIFICATION = 0x00,
	OP_PING = 0x01,
	OP_LEVEL_INITIALIZE = 0x02,
	OP_LEVEL_DATA_CHUNK = 0x03,
	OP_LEVEL_FINALIZE = 0x04,
	OP_SET_BLOCK_CLIENT = 0x05,
	OP_SET_BLOCK = 0x06,
	OP_SPAWN_PLAYER = 0x07,
	OP_POSITION = 0x08, /* S>C: teleport; C>S: the player's position */
	OP_MOVE_ROTATE = 0x09,
	OP_MOVE = 0x0a,
	OP_ROTATE = 0x0b,
	OP_DESPAWN = 0x0c,
	OP_MESSAGE = 0x0d,
	OP_DISCONNECT = 0x0e,
	OP_USER_TYPE = 0x0f,
	OP_EXT_INFO = 0x10,
	OP_EXT_ENTRY = 0x11,
	OP_CLICK_DISTANCE = 0x12,
	OP_CUSTOM_BLOCK_LEVEL = 0x13,
	OP_HOLD_THIS = 0x14,
	OP_TEXT_HOTKEY = 0x15,
	OP_ADD_PLAYER_NAME = 0x16,
	OP_ADD_ENTITY = 0x17,
	OP_REMOVE_PLAYER_NAME = 0x18,
	OP_ENV_COLOR = 0x19,
	OP_MAKE_SELECTION = 0x1a,
	OP_REMOVE_SELECTION = 0x1b,
	OP_BLOCK_PERMISSION = 0x1c,
	OP_CHANGE_MODEL = 0x1d,
	OP_ENV_MAP_APPEARANCE = 0x1e,
	OP_ENV_WEATHER = 0x1f,
	OP_HACK_CONTROL = 0x20,
	OP_ADD_ENTITY2 = 0x21,
	OP_PLAYER_CLICKED = 0x22,
	OP_DEFINE_BLOCK = 0x23,
	OP_UNDEFINE_BLOCK = 0x24,
	OP_DEFINE_BLOCK_EXT = 0x25,
	OP_BULK_BLOCK_UPDATE = 0x26,
	OP_TEXT_COLOR = 0x27,
	OP_ENV_MAP_URL = 0x28,
	OP_ENV_MAP_PROPERTY = 0x29,
	OP_ENTITY_PROPERTY = 0x2a,
	OP_TWO_WAY_PING = 0x2b,
	OP_INVENTORY_ORDER = 0x2c,
	OP_HOTBAR = 0x2d,
	OP_SPAWNPOINT = 0x2e,
	OP_VELOCITY = 0x2f,
	OP_DEFINE_EFFECT = 0x30,
	OP_SPAWN_EFFECT = 0x31,
	OP_DEFINE_MODEL = 0x32,
	OP_DEFINE_MODEL_PART = 0x33,
	OP_UNDEFINE_MODEL = 0x34,
	OP_PLUGIN_MESSAGE = 0x35,
	OP_ENTITY_TELEPORT = 0x36,
	OP_LIGHTING_MODE = 0x37,
	OP_CINEMATIC_GUI = 0x38,
	OP_NOTIFY_ACTION = 0x39,
	OP_NOTIFY_POSITION_ACTION = 0x3a,
	OP_TOGGLE_BLOCK_LIST = 0x3b,
	OP_STANDARD_COUNT, /* first opcode that `packets` may register */
};

/* The CPE extensions of protocol section 4, in its order; custom ones follow at EXT_CUSTOM. */
enum packet_extension {
	EXT_CLICK_DISTANCE,
	EXT_CUSTOM_BLOCKS,
	EXT_HELD_BLOCK,
	EXT_EMOTE_FIX,
	EXT_TEXT_HOTKEY,
	EXT_PLAYER_LIST,
	EXT_ENV_COLORS,
	EXT_SELECTION_CUBOID,
	EXT_BLOCK_PERMISSIONS,
	EXT_CHANGE_MODEL,
	EXT_ENV_MAP_APPEARANCE,
	EXT_ENV_WEATHER,
	EXT_MESSAGE_TYPES,
	EXT_HACK_CONTROL,
	EXT_PLAYER_CLICK,
	EXT_FULL_CP437,
	EXT_LONGER_MESSAGES,
	EXT_BLOCK_DEFINITIONS,
	EXT_BLOCK_DEFINITIONS_EXT,
	EXT_BULK_BLOCK_UPDATE,
	EXT_TEXT_COLORS,
	EXT_ENV_MAP_ASPECT,
	EXT_ENTITY_PROPERTY,
	EXT_ENTITY_POSITIONS,
	EXT_TWO_WAY_PING,
	EXT_INVENTORY_ORDER,
	EXT_INSTANT_MOTD,
	EXT_FAST_MAP,
	EXT_SET_HOTBAR,
	EXT_SET_SPAWNPOINT,
	EXT_VELOCITY_CONTROL,
	EXT_CUSTOM_PARTICLES,
	EXT_CUSTOM_MODELS,
	EXT_PLUGIN_MESSAGES,
	EXT_ENTITY_TELEPORT,
	EXT_LIGHTING_MODE,
	EXT_CINEMATIC_GUI,
	EXT_NOTIFY_ACTION,
	EXT_TOGGLE_BLOCK_LIST,
	EXT_EXTENDED_TEXTURES,
	EXT_EXTENDED_BLOCKS,
	EXT_AMPERSAND,
	EXT_STANDARD_COUNT,
	EXT_CUSTOM = EXT_STANDARD_COUNT,
	EXT_COUNT = EXT_CUSTOM + PACKET_CUSTOM_EXT_MAX,
	EXT_CLASSIC = 0xfe, /* a packet that needs no extension */
	EXT_CPE = 0xff,     /* a packet of the negotiation itself */
};

/* A row of the table of packets. */
struct packet_info {
	uint8_t opcode;
	uint8_t direction; /* enum packet_direction */
	uint8_t extension; /* enum packet_extension, EXT_CLASSIC or EXT_CPE */
	uint8_t version;   /* lowest version of the extension that has it; else 0 */
	uint8_t protocol;  /* lowest protocol version that has it */
	uint16_t size;     /* base size in bytes, opcode included; protocol 7, no extension */
	const char *name;  /* as in the protocol reference: "SetBlock", never NULL */
};

/* What Kurafuto knows of an extension. */
struct packet_extension_info {
	const char *name; /* exactly as on the wire, at most 64 bytes */
	uint8_t version;  /* highest version known, >= 1; it is what clients are offered */
};

/*
 * The packets and extensions that one configuration speaks: the standard tables, the `packets`
 * of the configuration behind them, and its `drop-extensions` taken out. Immutable once built
 * and owned by the configuration; the names of custom rows are owned by the catalog.
 */
struct packet_catalog {
	struct packet_info custom[PACKET_CUSTOM_MAX];
	size_t n_custom;
	struct packet_extension_info custom_ext[PACKET_CUSTOM_EXT_MAX];
	size_t n_custom_ext;
	bool dropped[EXT_COUNT]; /* never negotiated */
	char names[PACKET_CUSTOM_MAX + PACKET_CUSTOM_EXT_MAX][PACKET_STRING_LEN + 1];
};

/*
 * What one side of a connection has negotiated. It decides the size of every packet on that
 * side. A server's dialect is always a subset of its client's. Written by one thread before it
 * is shared.
 */
struct dialect {
	uint8_t protocol;           /* 3 to 7 */
	bool cpe;                   /* the identification carried the magic byte */
	uint8_t version[EXT_COUNT]; /* in force; 0 = not negotiated */
	uint16_t size[PACKET_DIRECTIONS][PACKET_OPCODES]; /* 0 = an error on this side */
};

/* Makes `catalog` the plain standard one: nothing custom, nothing dropped. */
void packet_catalog_init(struct packet_catalog *catalog);

/*
 * Registers a custom packet (a row of `packets`). `opcode` OP_STANDARD_COUNT..255, `size`
 * 1..PACKET_SIZE_MAX, `name` and `extension` 1..64 bytes, `version` 1..255. The texts are
 * copied. The same extension may carry several packets, with one version. Registering an opcode
 * once per direction is fine. On failure returns false and writes a sentence to why[why_size]
 * that names the value and what would be right.
 */
bool packet_catalog_add(struct packet_catalog *catalog, unsigned opcode, const char *name,
			unsigned size, enum packet_direction direction, const char *extension,
			unsigned version, char *why, size_t why_size);

/* Marks an extension (compared without regard to case) as never negotiated; false if no such
 * name. */
bool packet_catalog_drop(struct packet_catalog *catalog, const char *extension);

/* The row of an opcode in a direction, standard or custom (not if `catalog` is NULL); NULL if
 * there is none. */
const struct packet_info *packet_info(const struct packet_catalog *catalog,
				      enum packet_direction direction, uint8_t opcode);

/* The name of an opcode for logs: that of its row, else "unknown". Never NULL. `catalog` as
 * above. */
const char *packet_name(const struct packet_catalog *catalog, enum packet_direction direction,
			uint8_t opcode);

/* An extension by its number 0..packet_extension_count()-1; never NULL in that range. */
const struct packet_extension_info *packet_extension(const struct packet_catalog *catalog,
						     unsigned extension);
unsigned packet_extension_count(const struct packet_catalog *catalog);

/* The number of an extension by name, without regard to case; -1 if unknown. */
int packet_extension_find(const struct packet_catalog *catalog, const char *name);

/* Does any version of an extension change the size of another extension's or of a Classic
 * packet, or of its own from version to version. */
bool packet_extension_resizes(unsigned extension);

/*
 * Starts a dialect with no extension: `protocol` 3..7 (else taken as 7), `cpe` as announced by
 * the magic byte (only protocol 7 has it).
 */
void dialect_init(struct dialect *dialect, const struct packet_catalog *catalog,
		  uint8_t protocol, bool cpe);

/*
 * Puts an extension in force at `version` (0 takes it out, a version above the highest known
 * counts as that) and recomputes every size that follows from it. Without `cpe` nothing
 * changes.
 */
void dialect_set(struct dialect *dialect, const struct packet_catalog *catalog,
		 unsigned extension, uint8_t version);

static inline bool dialect_has(const struct dialect *dialect, unsigned extension)
{
	return dialect->version[extension] != 0;
}

/* Size in bytes, opcode included, 0 if the opcode is no packet of this side. */
static inline size_t dialect_size(const struct dialect *dialect,
				  enum packet_direction direction, uint8_t opcode)
{
	return dialect->size[direction][opcode];
}

/* Big-endian integers. The buffer needs no alignment. */
static inline uint16_t packet_get_u16(const uint8_t *p)
{
	return (uint16_t)((unsigned)p[0] << 8 | p[1]);
}
static inline uint32_t packet_get_u32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}
static inline void packet_put_u16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}
static inline void packet_put_u32(uint8_t *p, uint32_t v)
{
	packet_put_u16(p, (uint16_t)(v >> 16));
	packet_put_u16(p + 2, (uint16_t)v);
}

/* Reads a 64-byte string: trailing spaces and NULs dropped, a NUL inside read as a space,
 * NUL-terminated. Returns its length. */
size_t packet_get_string(char out[static PACKET_STRING_LEN + 1],
			 const uint8_t field[static PACKET_STRING_LEN]);

/* Writes a text into a 64-byte field, cut at 64 and padded with spaces. */
void packet_put_string(uint8_t field[static PACKET_STRING_LEN], const char *text);

/*
 * Readers of the packets that Kurafuto inspects. The caller has framed the packet: `p` holds
 * dialect_size() bytes.
 */
struct packet_identification { /* 0x00, both directions */
	uint8_t protocol;
	char name[PACKET_STRING_LEN + 1]; /* player's name; server's name */
	char text[PACKET_STRING_LEN + 1]; /* key (mppass); MOTD */
	uint8_t last;                     /* padding (0x42 = CPE); user type. 0 where absent */
};
void packet_read_identification(struct packet_identification *out, const uint8_t *p,
				size_t size);

struct packet_ext_entry { /* 0x11 */
	char name[PACKET_STRING_LEN + 1];
	uint32_t version;
};
void packet_read_ext_entry(struct packet_ext_entry *out, const uint8_t *p);

/* Entity coordinates in 1/32 block, as in 0x07, 0x08 and 0x21; 16 or 32 bits on the wire by
 * dialect. */
struct packet_position {
	int32_t x, y, z;
	uint8_t yaw, pitch;
};
/* C>S 0x08. `held` is the first field (255 without HeldBlock). */
void packet_read_client_position(struct packet_position *out, uint16_t *held,
				 const struct dialect *dialect, const uint8_t *p);

struct packet_set_block { /* C>S 0x05 */
	uint16_t x, y, z;
	uint8_t mode; /* 0 break, 1 place */
	uint16_t block;
};
void packet_read_set_block(struct packet_set_block *out, const struct dialect *dialect,
			   const uint8_t *p);

/*
 * Writers of the packets that Kurafuto originates: each writes one packet of the given dialect
 * and returns its size. `out` has room for PACKET_SIZE_MAX bytes.
 */
size_t packet_write_server_identification(uint8_t *out, const struct dialect *d,
					  const char *name, const char *motd,
					  uint8_t user_type);
size_t packet_write_player_identification(uint8_t *out, const struct dialect *d,
					  const char *name,
					  const char *key); /* the last byte follows d->cpe */
size_t packet_write_ping(uint8_t *out);
size_t packet_write_level_initialize(uint8_t *out, const struct dialect *d, uint32_t volume);
size_t packet_write_level_chunk(uint8_t *out, const uint8_t *data, size_t n,
				uint8_t percent); /* n 0..1024 */
size_t packet_write_level_finalize(uint8_t *out, uint16_t x, uint16_t y, uint16_t z);
size_t packet_write_set_block(uint8_t *out, const struct dialect *d, uint16_t x, uint16_t y,
			      uint16_t z, uint16_t block); /* S>C 0x06 */
size_t packet_write_spawn(
	uint8_t *out, const struct dialect *d, uint8_t id, const char *name,
	const struct packet_position *at); /* 0x07; saturates to 16 bits without EP */
size_t packet_write_teleport(uint8_t *out, const struct dialect *d, uint8_t id,
			     const struct packet_position *at); /* S>C 0x08 */
size_t packet_write_despawn(uint8_t *out, uint8_t id);
size_t packet_write_message(uint8_t *out, uint8_t type, const char *text); /* both directions */
size_t packet_write_disconnect(uint8_t *out, const char *reason);
size_t packet_write_ext_info(uint8_t *out, const char *software, uint16_t count);
size_t packet_write_ext_entry(uint8_t *out, const char *name, uint32_t version);
size_t packet_write_custom_block_level(uint8_t *out, uint8_t level);
size_t packet_write_two_way_ping(uint8_t *out, uint8_t direction, uint16_t id);

#endif
