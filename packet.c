/* SPDX-License-Identifier: MIT */
/*
 * The tables of packets, size changes and extensions, the dialects computed from them, and the
 * readers and writers of the packets that Kurafuto itself inspects or originates. It does not
 * know in which order packets travel, and it never looks inside a packet that it is not asked
 * about: layout.c does.
 *
 * The one idea: sizes are never kept up to date step by step. Whatever changes in a dialect,
 * all sizes are derived anew from its protocol version and its extensions, so no order of
 * events can break them.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "packet.h"

#define PROTOCOL_USER_TYPE 6 /* the first version whose identification has the last byte */
#define CHUNK_MAX          1024

#define TO_CLIENT PACKET_TO_CLIENT
#define TO_SERVER PACKET_TO_SERVER

/* clang-format off */
static const struct packet_info packets[] = {
	/* opcode, direction, extension, its version, protocol, size, name */
	{OP_IDENTIFICATION, TO_CLIENT, EXT_CLASSIC, 0, 3, 131, "Identification"},
	{OP_IDENTIFICATION, TO_SERVER, EXT_CLASSIC, 0, 3, 131, "Identification"},
	{OP_PING, TO_CLIENT, EXT_CLASSIC, 0, 3, 1, "Ping"},
	{OP_PING, TO_SERVER, EXT_CLASSIC, 0, 3, 1, "Ping"},
	{OP_LEVEL_INITIALIZE, TO_CLIENT, EXT_CLASSIC, 0, 3, 1, "LevelInitialize"},
	{OP_LEVEL_DATA_CHUNK, TO_CLIENT, EXT_CLASSIC, 0, 3, 1028, "LevelDataChunk"},
	{OP_LEVEL_FINALIZE, TO_CLIENT, EXT_CLASSIC, 0, 3, 7, "LevelFinalize"},
	{OP_SET_BLOCK_CLIENT, TO_SERVER, EXT_CLASSIC, 0, 3, 9, "SetBlock"},
	{OP_SET_BLOCK, TO_CLIENT, EXT_CLASSIC, 0, 3, 8, "SetBlock"},
	{OP_SPAWN_PLAYER, TO_CLIENT, EXT_CLASSIC, 0, 3, 74, "SpawnPlayer"},
	{OP_POSITION, TO_CLIENT, EXT_CLASSIC, 0, 3, 10, "Teleport"},
	{OP_POSITION, TO_SERVER, EXT_CLASSIC, 0, 3, 10, "Position"},
	{OP_MOVE_ROTATE, TO_CLIENT, EXT_CLASSIC, 0, 3, 7, "MoveRotate"},
	{OP_MOVE, TO_CLIENT, EXT_CLASSIC, 0, 3, 5, "Move"},
	{OP_ROTATE, TO_CLIENT, EXT_CLASSIC, 0, 3, 4, "Rotate"},
	{OP_DESPAWN, TO_CLIENT, EXT_CLASSIC, 0, 3, 2, "Despawn"},
	{OP_MESSAGE, TO_CLIENT, EXT_CLASSIC, 0, 3, 66, "Message"},
	{OP_MESSAGE, TO_SERVER, EXT_CLASSIC, 0, 3, 66, "Message"},
	{OP_DISCONNECT, TO_CLIENT, EXT_CLASSIC, 0, 3, 65, "Disconnect"},
	{OP_USER_TYPE, TO_CLIENT, EXT_CLASSIC, 0, 7, 2, "UpdateUserType"},
	{OP_EXT_INFO, TO_CLIENT, EXT_CPE, 0, 7, 67, "ExtInfo"},
	{OP_EXT_INFO, TO_SERVER, EXT_CPE, 0, 7, 67, "ExtInfo"},
	{OP_EXT_ENTRY, TO_CLIENT, EXT_CPE, 0, 7, 69, "ExtEntry"},
	{OP_EXT_ENTRY, TO_SERVER, EXT_CPE, 0, 7, 69, "ExtEntry"},
	{OP_CLICK_DISTANCE, TO_CLIENT, EXT_CLICK_DISTANCE, 1, 7, 3, "SetClickDistance"},
	{OP_CUSTOM_BLOCK_LEVEL, TO_CLIENT, EXT_CUSTOM_BLOCKS, 1, 7, 2, "CustomBlockSupportLevel"},
	{OP_CUSTOM_BLOCK_LEVEL, TO_SERVER, EXT_CUSTOM_BLOCKS, 1, 7, 2, "CustomBlockSupportLevel"},
	{OP_HOLD_THIS, TO_CLIENT, EXT_HELD_BLOCK, 1, 7, 3, "HoldThis"},
	{OP_TEXT_HOTKEY, TO_CLIENT, EXT_TEXT_HOTKEY, 1, 7, 134, "SetTextHotKey"},
	{OP_ADD_PLAYER_NAME, TO_CLIENT, EXT_PLAYER_LIST, 1, 7, 196, "ExtAddPlayerName"},
	/* Version 2 replaces it by 0x21, but clients go on reading it and servers may go on sending it. */
	{OP_ADD_ENTITY, TO_CLIENT, EXT_PLAYER_LIST, 1, 7, 130, "ExtAddEntity"},
	{OP_REMOVE_PLAYER_NAME, TO_CLIENT, EXT_PLAYER_LIST, 1, 7, 3, "ExtRemovePlayerName"},
	{OP_ENV_COLOR, TO_CLIENT, EXT_ENV_COLORS, 1, 7, 8, "EnvSetColor"},
	{OP_MAKE_SELECTION, TO_CLIENT, EXT_SELECTION_CUBOID, 1, 7, 86, "MakeSelection"},
	{OP_REMOVE_SELECTION, TO_CLIENT, EXT_SELECTION_CUBOID, 1, 7, 2, "RemoveSelection"},
	{OP_BLOCK_PERMISSION, TO_CLIENT, EXT_BLOCK_PERMISSIONS, 1, 7, 4, "SetBlockPermission"},
	{OP_CHANGE_MODEL, TO_CLIENT, EXT_CHANGE_MODEL, 1, 7, 66, "ChangeModel"},
	{OP_ENV_MAP_APPEARANCE, TO_CLIENT, EXT_ENV_MAP_APPEARANCE, 1, 7, 69, "EnvSetMapAppearance"},
	{OP_ENV_WEATHER, TO_CLIENT, EXT_ENV_WEATHER, 1, 7, 2, "EnvSetWeatherType"},
	{OP_HACK_CONTROL, TO_CLIENT, EXT_HACK_CONTROL, 1, 7, 8, "HackControl"},
	{OP_ADD_ENTITY2, TO_CLIENT, EXT_PLAYER_LIST, 2, 7, 138, "ExtAddEntity2"},
	{OP_PLAYER_CLICKED, TO_SERVER, EXT_PLAYER_CLICK, 1, 7, 15, "PlayerClicked"},
	{OP_DEFINE_BLOCK, TO_CLIENT, EXT_BLOCK_DEFINITIONS, 1, 7, 80, "DefineBlock"},
	{OP_UNDEFINE_BLOCK, TO_CLIENT, EXT_BLOCK_DEFINITIONS, 1, 7, 2, "RemoveBlockDefinition"},
	{OP_DEFINE_BLOCK_EXT, TO_CLIENT, EXT_BLOCK_DEFINITIONS_EXT, 1, 7, 85, "DefineBlockExt"},
	{OP_BULK_BLOCK_UPDATE, TO_CLIENT, EXT_BULK_BLOCK_UPDATE, 1, 7, 1282, "BulkBlockUpdate"},
	{OP_TEXT_COLOR, TO_CLIENT, EXT_TEXT_COLORS, 1, 7, 6, "SetTextColor"},
	{OP_ENV_MAP_URL, TO_CLIENT, EXT_ENV_MAP_ASPECT, 1, 7, 65, "SetMapEnvUrl"},
	{OP_ENV_MAP_PROPERTY, TO_CLIENT, EXT_ENV_MAP_ASPECT, 1, 7, 6, "SetMapEnvProperty"},
	{OP_ENTITY_PROPERTY, TO_CLIENT, EXT_ENTITY_PROPERTY, 1, 7, 7, "SetEntityProperty"},
	{OP_TWO_WAY_PING, TO_CLIENT, EXT_TWO_WAY_PING, 1, 7, 4, "TwoWayPing"},
	{OP_TWO_WAY_PING, TO_SERVER, EXT_TWO_WAY_PING, 1, 7, 4, "TwoWayPing"},
	{OP_INVENTORY_ORDER, TO_CLIENT, EXT_INVENTORY_ORDER, 1, 7, 3, "SetInventoryOrder"},
	{OP_HOTBAR, TO_CLIENT, EXT_SET_HOTBAR, 1, 7, 3, "SetHotbar"},
	{OP_SPAWNPOINT, TO_CLIENT, EXT_SET_SPAWNPOINT, 1, 7, 9, "SetSpawnpoint"},
	{OP_VELOCITY, TO_CLIENT, EXT_VELOCITY_CONTROL, 1, 7, 16, "VelocityControl"},
	{OP_DEFINE_EFFECT, TO_CLIENT, EXT_CUSTOM_PARTICLES, 1, 7, 36, "DefineEffect"},
	{OP_SPAWN_EFFECT, TO_CLIENT, EXT_CUSTOM_PARTICLES, 1, 7, 26, "SpawnEffect"},
	{OP_DEFINE_MODEL, TO_CLIENT, EXT_CUSTOM_MODELS, 1, 7, 116, "DefineModel"},
	{OP_DEFINE_MODEL_PART, TO_CLIENT, EXT_CUSTOM_MODELS, 1, 7, 104, "DefineModelPart"},
	{OP_UNDEFINE_MODEL, TO_CLIENT, EXT_CUSTOM_MODELS, 1, 7, 2, "UndefineModel"},
	{OP_PLUGIN_MESSAGE, TO_CLIENT, EXT_PLUGIN_MESSAGES, 1, 7, 66, "PluginMessage"},
	{OP_PLUGIN_MESSAGE, TO_SERVER, EXT_PLUGIN_MESSAGES, 1, 7, 66, "PluginMessage"},
	{OP_ENTITY_TELEPORT, TO_CLIENT, EXT_ENTITY_TELEPORT, 1, 7, 11, "ExtEntityTeleport"},
	{OP_LIGHTING_MODE, TO_CLIENT, EXT_LIGHTING_MODE, 1, 7, 3, "LightingMode"},
	{OP_CINEMATIC_GUI, TO_CLIENT, EXT_CINEMATIC_GUI, 1, 7, 10, "CinematicGui"},
	{OP_NOTIFY_ACTION, TO_SERVER, EXT_NOTIFY_ACTION, 1, 7, 5, "NotifyAction"},
	{OP_NOTIFY_POSITION_ACTION, TO_SERVER, EXT_NOTIFY_ACTION, 1, 7, 9, "NotifyPositionAction"},
	{OP_TOGGLE_BLOCK_LIST, TO_CLIENT, EXT_TOGGLE_BLOCK_LIST, 1, 7, 2, "ToggleBlockList"},
};

static const struct size_change {
	uint8_t extension;
	uint8_t version; /* from this version on */
	uint8_t direction;
	uint8_t opcode;
	uint8_t delta;
} size_changes[] = {
	{EXT_EXTENDED_BLOCKS, 1, TO_SERVER, OP_SET_BLOCK_CLIENT, 1},
	{EXT_EXTENDED_BLOCKS, 1, TO_SERVER, OP_POSITION, 1},
	{EXT_EXTENDED_BLOCKS, 1, TO_CLIENT, OP_SET_BLOCK, 1},
	{EXT_EXTENDED_BLOCKS, 1, TO_CLIENT, OP_HOLD_THIS, 1},
	{EXT_EXTENDED_BLOCKS, 1, TO_CLIENT, OP_BLOCK_PERMISSION, 1},
	{EXT_EXTENDED_BLOCKS, 1, TO_CLIENT, OP_DEFINE_BLOCK, 1},
	{EXT_EXTENDED_BLOCKS, 1, TO_CLIENT, OP_UNDEFINE_BLOCK, 1},
	{EXT_EXTENDED_BLOCKS, 1, TO_CLIENT, OP_DEFINE_BLOCK_EXT, 1},
	{EXT_EXTENDED_BLOCKS, 1, TO_CLIENT, OP_BULK_BLOCK_UPDATE, 64},
	{EXT_EXTENDED_BLOCKS, 1, TO_CLIENT, OP_INVENTORY_ORDER, 2},
	{EXT_EXTENDED_BLOCKS, 1, TO_CLIENT, OP_HOTBAR, 1},
	{EXT_ENTITY_POSITIONS, 1, TO_SERVER, OP_POSITION, 6},
	{EXT_ENTITY_POSITIONS, 1, TO_CLIENT, OP_SPAWN_PLAYER, 6},
	{EXT_ENTITY_POSITIONS, 1, TO_CLIENT, OP_POSITION, 6},
	{EXT_ENTITY_POSITIONS, 1, TO_CLIENT, OP_ADD_ENTITY2, 6},
	{EXT_ENTITY_POSITIONS, 1, TO_CLIENT, OP_SPAWNPOINT, 6},
	{EXT_ENTITY_POSITIONS, 1, TO_CLIENT, OP_ENTITY_TELEPORT, 6},
	/*
	 * Six textures in version 2 of BlockDefinitionsExt, three in version 1: yet both grow by 6, and
	 * version 1 leaves the last 3 bytes unused.
	 */
	{EXT_EXTENDED_TEXTURES, 1, TO_CLIENT, OP_DEFINE_BLOCK, 3},
	{EXT_EXTENDED_TEXTURES, 1, TO_CLIENT, OP_DEFINE_BLOCK_EXT, 6},
	{EXT_BLOCK_DEFINITIONS_EXT, 2, TO_CLIENT, OP_DEFINE_BLOCK_EXT, 3},
	{EXT_FAST_MAP, 1, TO_CLIENT, OP_LEVEL_INITIALIZE, 4},
	{EXT_ENV_MAP_APPEARANCE, 2, TO_CLIENT, OP_ENV_MAP_APPEARANCE, 4},
	{EXT_ENV_MAP_ASPECT, 2, TO_CLIENT, OP_ENV_MAP_URL, 64},
	{EXT_CUSTOM_MODELS, 2, TO_CLIENT, OP_DEFINE_MODEL_PART, 63},
};

static const struct packet_extension_info extensions[EXT_STANDARD_COUNT] = {
	/* name, highest version known */
	[EXT_CLICK_DISTANCE] = {"ClickDistance", 1},
	[EXT_CUSTOM_BLOCKS] = {"CustomBlocks", 1},
	[EXT_HELD_BLOCK] = {"HeldBlock", 1},
	[EXT_EMOTE_FIX] = {"EmoteFix", 1},
	[EXT_TEXT_HOTKEY] = {"TextHotKey", 1},
	[EXT_PLAYER_LIST] = {"ExtPlayerList", 2},
	[EXT_ENV_COLORS] = {"EnvColors", 1},
	[EXT_SELECTION_CUBOID] = {"SelectionCuboid", 1},
	[EXT_BLOCK_PERMISSIONS] = {"BlockPermissions", 1},
	[EXT_CHANGE_MODEL] = {"ChangeModel", 1},
	[EXT_ENV_MAP_APPEARANCE] = {"EnvMapAppearance", 2},
	[EXT_ENV_WEATHER] = {"EnvWeatherType", 1},
	[EXT_MESSAGE_TYPES] = {"MessageTypes", 1},
	[EXT_HACK_CONTROL] = {"HackControl", 1},
	[EXT_PLAYER_CLICK] = {"PlayerClick", 1},
	[EXT_FULL_CP437] = {"FullCP437", 1},
	[EXT_LONGER_MESSAGES] = {"LongerMessages", 1},
	[EXT_BLOCK_DEFINITIONS] = {"BlockDefinitions", 1},
	[EXT_BLOCK_DEFINITIONS_EXT] = {"BlockDefinitionsExt", 2},
	[EXT_BULK_BLOCK_UPDATE] = {"BulkBlockUpdate", 1},
	[EXT_TEXT_COLORS] = {"TextColors", 1},
	[EXT_ENV_MAP_ASPECT] = {"EnvMapAspect", 2},
	[EXT_ENTITY_PROPERTY] = {"EntityProperty", 2},
	[EXT_ENTITY_POSITIONS] = {"ExtEntityPositions", 1},
	[EXT_TWO_WAY_PING] = {"TwoWayPing", 1},
	[EXT_INVENTORY_ORDER] = {"InventoryOrder", 1},
	[EXT_INSTANT_MOTD] = {"InstantMOTD", 1},
	[EXT_FAST_MAP] = {"FastMap", 1},
	[EXT_SET_HOTBAR] = {"SetHotbar", 1},
	[EXT_SET_SPAWNPOINT] = {"SetSpawnpoint", 1},
	[EXT_VELOCITY_CONTROL] = {"VelocityControl", 1},
	[EXT_CUSTOM_PARTICLES] = {"CustomParticles", 1},
	[EXT_CUSTOM_MODELS] = {"CustomModels", 2},
	[EXT_PLUGIN_MESSAGES] = {"PluginMessages", 1},
	[EXT_ENTITY_TELEPORT] = {"ExtEntityTeleport", 1},
	[EXT_LIGHTING_MODE] = {"LightingMode", 1},
	[EXT_CINEMATIC_GUI] = {"CinematicGui", 1},
	[EXT_NOTIFY_ACTION] = {"NotifyAction", 1},
	[EXT_TOGGLE_BLOCK_LIST] = {"ToggleBlockList", 1},
	[EXT_EXTENDED_TEXTURES] = {"ExtendedTextures", 1},
	[EXT_EXTENDED_BLOCKS] = {"ExtendedBlocks", 1},
	[EXT_AMPERSAND] = {"AmpersandSupport", 1},
};
/* clang-format on */

#define N_PACKETS      (sizeof(packets) / sizeof(packets[0]))
#define N_SIZE_CHANGES (sizeof(size_changes) / sizeof(size_changes[0]))

bool packet_extension_resizes(unsigned extension)
{
	for (size_t i = 0; i < N_SIZE_CHANGES; i++)
		if (size_changes[i].extension == extension)
			return true;
	return false;
}

void packet_catalog_init(struct packet_catalog *catalog)
{
	memset(catalog, 0, sizeof(*catalog));
}

/* Writes why a custom packet is refused; returns false so that callers can return it. */
__attribute__((format(printf, 3, 4))) static bool refuse(char *why, size_t size,
							 const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, size, format, args);
	va_end(args);
	return false;
}

/* Padding is cut off on the wire: a name with a space at its end would never be found again. */
static bool is_wire_name(const char *name)
{
	size_t n = strlen(name);

	if (n == 0 || n > PACKET_STRING_LEN || name[0] == ' ' || name[n - 1] == ' ')
		return false;
	for (size_t i = 0; i < n; i++) {
		if (name[i] < 0x20 || name[i] > 0x7e)
			return false;
	}
	return true;
}

static bool check_name(const char *what, const char *name, char *why, size_t why_size)
{
	if (is_wire_name(name))
		return true;
	return refuse(why, why_size,
		      "%s \"%.80s\" must be 1 to %d printable ASCII characters with no space "
		      "at either end",
		      what, name, PACKET_STRING_LEN);
}

static bool check_numbers(unsigned opcode, unsigned size, unsigned version, char *why,
			  size_t why_size)
{
	if (opcode < OP_STANDARD_COUNT || opcode >= PACKET_OPCODES)
		return refuse(
			why, why_size,
			"opcode %u is not free: custom packets use %d (0x%02x) to 255 (0xff)",
			opcode, OP_STANDARD_COUNT, OP_STANDARD_COUNT);
	if (size < 1 || size > PACKET_SIZE_MAX)
		return refuse(why, why_size,
			      "size %u is not a packet's: 1 to %d bytes, opcode included", size,
			      PACKET_SIZE_MAX);
	if (version < 1 || version > UINT8_MAX)
		return refuse(why, why_size, "version %u is not an extension's: 1 to 255",
			      version);
	return true;
}

static const struct packet_info *find_row(const struct packet_info *rows, size_t n,
					  enum packet_direction direction, uint8_t opcode)
{
	for (size_t i = 0; i < n; i++) {
		if (rows[i].opcode == opcode && rows[i].direction == direction)
			return &rows[i];
	}
	return NULL;
}

static bool check_opcode_unused(const struct packet_catalog *catalog,
				enum packet_direction direction, unsigned opcode, char *why,
				size_t why_size)
{
	const struct packet_info *other =
		find_row(catalog->custom, catalog->n_custom, direction, (uint8_t)opcode);

	if (other == NULL)
		return true;
	return refuse(
		why, why_size,
		"opcode %u (0x%02x) is \"%s\" already: one packet per opcode and direction",
		opcode, opcode, other->name);
}

/* `found` is the number of the extension so far, -1 if it is new. */
static bool check_extension(const struct packet_catalog *catalog, int found,
			    const char *extension, unsigned version, char *why, size_t why_size)
{
	if (found < 0) {
		if (catalog->n_custom_ext < PACKET_CUSTOM_EXT_MAX)
			return true;
		return refuse(
			why, why_size,
			"extension \"%s\" is one too many: custom packets share at most %d",
			extension, PACKET_CUSTOM_EXT_MAX);
	}
	if (found < EXT_CUSTOM)
		return refuse(why, why_size,
			      "extension \"%s\" is a standard one: custom packets need a name "
			      "of their own",
			      extension);
	unsigned known = packet_extension(catalog, (unsigned)found)->version;
	if (known != version)
		return refuse(
			why, why_size,
			"version %u of extension \"%s\" must be %u as for its other packets",
			version, extension, known);
	return true;
}

/* Keeps a copy of a text in one slot of the catalog. */
static const char *keep_name(struct packet_catalog *catalog, size_t slot, const char *name)
{
	snprintf(catalog->names[slot], sizeof(catalog->names[slot]), "%s", name);
	return catalog->names[slot];
}

static unsigned add_extension(struct packet_catalog *catalog, const char *name, uint8_t version)
{
	size_t n = catalog->n_custom_ext++;

	catalog->custom_ext[n] = (struct packet_extension_info){
		.name = keep_name(catalog, PACKET_CUSTOM_MAX + n, name),
		.version = version,
	};
	return (unsigned)(EXT_CUSTOM + n);
}

bool packet_catalog_add(struct packet_catalog *catalog, unsigned opcode, const char *name,
			unsigned size, enum packet_direction direction, const char *extension,
			unsigned version, char *why, size_t why_size)
{
	if (!check_numbers(opcode, size, version, why, why_size) ||
	    !check_name("name", name, why, why_size) ||
	    !check_name("extension", extension, why, why_size) ||
	    !check_opcode_unused(catalog, direction, opcode, why, why_size))
		return false;
	if (catalog->n_custom == PACKET_CUSTOM_MAX)
		return refuse(why, why_size,
			      "packet \"%s\" is one too many: at most %d custom packets", name,
			      PACKET_CUSTOM_MAX);
	int found = packet_extension_find(catalog, extension);
	if (!check_extension(catalog, found, extension, version, why, why_size))
		return false;

	unsigned number = found < 0 ? add_extension(catalog, extension, (uint8_t)version)
				    : (unsigned)found;
	size_t n = catalog->n_custom++;
	catalog->custom[n] = (struct packet_info){
		.opcode = (uint8_t)opcode,
		.direction = (uint8_t)direction,
		.extension = (uint8_t)number,
		.version = (uint8_t)version,
		.protocol = PACKET_PROTOCOL,
		.size = (uint16_t)size,
		.name = keep_name(catalog, n, name),
	};
	return true;
}

bool packet_catalog_drop(struct packet_catalog *catalog, const char *extension)
{
	int found = packet_extension_find(catalog, extension);

	if (found < 0)
		return false;
	catalog->dropped[found] = true;
	return true;
}

const struct packet_info *packet_info(const struct packet_catalog *catalog,
				      enum packet_direction direction, uint8_t opcode)
{
	if (opcode < OP_STANDARD_COUNT)
		return find_row(packets, N_PACKETS, direction, opcode);
	if (catalog == NULL)
		return NULL;
	return find_row(catalog->custom, catalog->n_custom, direction, opcode);
}

const char *packet_name(const struct packet_catalog *catalog, enum packet_direction direction,
			uint8_t opcode)
{
	const struct packet_info *row = packet_info(catalog, direction, opcode);

	return row != NULL ? row->name : "unknown";
}

const struct packet_extension_info *packet_extension(const struct packet_catalog *catalog,
						     unsigned extension)
{
	return extension < EXT_CUSTOM ? &extensions[extension]
				      : &catalog->custom_ext[extension - EXT_CUSTOM];
}

unsigned packet_extension_count(const struct packet_catalog *catalog)
{
	return (unsigned)(EXT_CUSTOM + catalog->n_custom_ext);
}

int packet_extension_find(const struct packet_catalog *catalog, const char *name)
{
	unsigned count = packet_extension_count(catalog);

	for (unsigned i = 0; i < count; i++) {
		if (strcasecmp(packet_extension(catalog, i)->name, name) == 0)
			return (int)i;
	}
	return -1;
}

static bool is_in_force(const struct dialect *dialect, const struct packet_info *row)
{
	if (dialect->protocol < row->protocol)
		return false;
	if (row->extension == EXT_CLASSIC)
		return true;
	if (row->extension == EXT_CPE)
		return dialect->cpe;
	return dialect->version[row->extension] >= row->version;
}

static void set_base_sizes(struct dialect *dialect, const struct packet_info *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (is_in_force(dialect, &rows[i]))
			dialect->size[rows[i].direction][rows[i].opcode] = rows[i].size;
	}
}

static void compute_sizes(struct dialect *dialect, const struct packet_catalog *catalog)
{
	memset(dialect->size, 0, sizeof(dialect->size));
	set_base_sizes(dialect, packets, N_PACKETS);
	set_base_sizes(dialect, catalog->custom, catalog->n_custom);
	if (dialect->protocol < PROTOCOL_USER_TYPE) {
		dialect->size[PACKET_TO_CLIENT][OP_IDENTIFICATION]--;
		dialect->size[PACKET_TO_SERVER][OP_IDENTIFICATION]--;
	}
	for (size_t i = 0; i < N_SIZE_CHANGES; i++) {
		const struct size_change *change = &size_changes[i];
		uint16_t *size = &dialect->size[change->direction][change->opcode];

		if (*size != 0 && dialect->version[change->extension] >= change->version)
			*size = (uint16_t)(*size + change->delta);
	}
}

void dialect_init(struct dialect *dialect, const struct packet_catalog *catalog,
		  uint8_t protocol, bool cpe)
{
	memset(dialect, 0, sizeof(*dialect));
	if (protocol < PACKET_PROTOCOL_MIN || protocol > PACKET_PROTOCOL)
		protocol = PACKET_PROTOCOL;
	dialect->protocol = protocol;
	dialect->cpe = cpe && protocol == PACKET_PROTOCOL;
	compute_sizes(dialect, catalog);
}

void dialect_set(struct dialect *dialect, const struct packet_catalog *catalog,
		 unsigned extension, uint8_t version)
{
	if (!dialect->cpe || extension >= packet_extension_count(catalog) ||
	    catalog->dropped[extension])
		return;
	uint8_t known = packet_extension(catalog, extension)->version;
	dialect->version[extension] = version < known ? version : known;
	compute_sizes(dialect, catalog);
}

size_t packet_get_string(char out[static PACKET_STRING_LEN + 1],
			 const uint8_t field[static PACKET_STRING_LEN])
{
	size_t n = PACKET_STRING_LEN;

	while (n > 0 && (field[n - 1] == ' ' || field[n - 1] == '\0'))
		n--;
	/* A NUL inside would make two readers of the text see two texts. */
	for (size_t i = 0; i < n; i++)
		out[i] = field[i] != '\0' ? (char)field[i] : ' ';
	out[n] = '\0';
	return n;
}

void packet_put_string(uint8_t field[static PACKET_STRING_LEN], const char *text)
{
	size_t n = strnlen(text, PACKET_STRING_LEN);

	memcpy(field, text, n);
	memset(field + n, ' ', PACKET_STRING_LEN - n);
}

void packet_read_identification(struct packet_identification *out, const uint8_t *p,
				size_t size)
{
	out->protocol = p[1];
	packet_get_string(out->name, p + 2);
	packet_get_string(out->text, p + 66);
	out->last = size > 130 ? p[130] : 0;
}

void packet_read_ext_entry(struct packet_ext_entry *out, const uint8_t *p)
{
	packet_get_string(out->name, p + 1);
	out->version = packet_get_u32(p + 65);
}

static uint16_t get_block(const struct dialect *dialect, const uint8_t **p)
{
	bool wide = dialect_has(dialect, EXT_EXTENDED_BLOCKS);
	uint16_t block = wide ? packet_get_u16(*p) : **p;

	*p += wide ? 2 : 1;
	return block;
}

static int32_t get_coord(const struct dialect *dialect, const uint8_t **p)
{
	bool wide = dialect_has(dialect, EXT_ENTITY_POSITIONS);
	int32_t coord = wide ? (int32_t)packet_get_u32(*p) : (int16_t)packet_get_u16(*p);

	*p += wide ? 4 : 2;
	return coord;
}

void packet_read_client_position(struct packet_position *out, uint16_t *held,
				 const struct dialect *dialect, const uint8_t *p)
{
	p++;
	*held = get_block(dialect, &p);
	out->x = get_coord(dialect, &p);
	out->y = get_coord(dialect, &p);
	out->z = get_coord(dialect, &p);
	out->yaw = p[0];
	out->pitch = p[1];
}

void packet_read_set_block(struct packet_set_block *out, const struct dialect *dialect,
			   const uint8_t *p)
{
	out->x = packet_get_u16(p + 1);
	out->y = packet_get_u16(p + 3);
	out->z = packet_get_u16(p + 5);
	out->mode = p[7];
	p += 8;
	out->block = get_block(dialect, &p);
}

static uint8_t *put_block(uint8_t *p, const struct dialect *d, uint16_t block)
{
	if (!dialect_has(d, EXT_EXTENDED_BLOCKS)) {
		*p = (uint8_t)block;
		return p + 1;
	}
	packet_put_u16(p, block);
	return p + 2;
}

/* Saturates where 16 bits must do: cutting would put an entity on the other side of the world.
 */
static uint8_t *put_coord(uint8_t *p, const struct dialect *d, int32_t coord)
{
	if (dialect_has(d, EXT_ENTITY_POSITIONS)) {
		packet_put_u32(p, (uint32_t)coord);
		return p + 4;
	}
	coord = coord < INT16_MIN ? INT16_MIN : coord > INT16_MAX ? INT16_MAX : coord;
	packet_put_u16(p, (uint16_t)coord);
	return p + 2;
}

static uint8_t *put_position(uint8_t *p, const struct dialect *d,
			     const struct packet_position *at)
{
	p = put_coord(p, d, at->x);
	p = put_coord(p, d, at->y);
	p = put_coord(p, d, at->z);
	p[0] = at->yaw;
	p[1] = at->pitch;
	return p + 2;
}

static size_t write_identification(uint8_t *out, const struct dialect *d, const char *name,
				   const char *text, uint8_t last)
{
	out[0] = OP_IDENTIFICATION;
	out[1] = d->protocol;
	packet_put_string(out + 2, name);
	packet_put_string(out + 66, text);
	if (d->protocol < PROTOCOL_USER_TYPE)
		return 130;
	out[130] = last;
	return 131;
}

size_t packet_write_server_identification(uint8_t *out, const struct dialect *d,
					  const char *name, const char *motd, uint8_t user_type)
{
	return write_identification(out, d, name, motd, user_type);
}

size_t packet_write_player_identification(uint8_t *out, const struct dialect *d,
					  const char *name, const char *key)
{
	return write_identification(out, d, name, key, d->cpe ? PACKET_CPE_MAGIC : 0);
}

size_t packet_write_ping(uint8_t *out)
{
	out[0] = OP_PING;
	return 1;
}

size_t packet_write_level_initialize(uint8_t *out, const struct dialect *d, uint32_t volume)
{
	out[0] = OP_LEVEL_INITIALIZE;
	if (!dialect_has(d, EXT_FAST_MAP))
		return 1;
	packet_put_u32(out + 1, volume);
	return 5;
}

size_t packet_write_level_chunk(uint8_t *out, const uint8_t *data, size_t n, uint8_t percent)
{
	if (n > CHUNK_MAX)
		n = CHUNK_MAX;
	out[0] = OP_LEVEL_DATA_CHUNK;
	packet_put_u16(out + 1, (uint16_t)n);
	if (n > 0)
		memcpy(out + 3, data, n);
	memset(out + 3 + n, 0, CHUNK_MAX - n);
	out[3 + CHUNK_MAX] = percent;
	return 3 + CHUNK_MAX + 1;
}

static size_t write_xyz(uint8_t *out, uint8_t opcode, uint16_t x, uint16_t y, uint16_t z)
{
	out[0] = opcode;
	packet_put_u16(out + 1, x);
	packet_put_u16(out + 3, y);
	packet_put_u16(out + 5, z);
	return 7;
}

size_t packet_write_level_finalize(uint8_t *out, uint16_t x, uint16_t y, uint16_t z)
{
	return write_xyz(out, OP_LEVEL_FINALIZE, x, y, z);
}

size_t packet_write_set_block(uint8_t *out, const struct dialect *d, uint16_t x, uint16_t y,
			      uint16_t z, uint16_t block)
{
	size_t n = write_xyz(out, OP_SET_BLOCK, x, y, z);

	return (size_t)(put_block(out + n, d, block) - out);
}

size_t packet_write_spawn(uint8_t *out, const struct dialect *d, uint8_t id, const char *name,
			  const struct packet_position *at)
{
	out[0] = OP_SPAWN_PLAYER;
	out[1] = id;
	packet_put_string(out + 2, name);
	return (size_t)(put_position(out + 66, d, at) - out);
}

size_t packet_write_teleport(uint8_t *out, const struct dialect *d, uint8_t id,
			     const struct packet_position *at)
{
	out[0] = OP_POSITION;
	out[1] = id;
	return (size_t)(put_position(out + 2, d, at) - out);
}

size_t packet_write_despawn(uint8_t *out, uint8_t id)
{
	out[0] = OP_DESPAWN;
	out[1] = id;
	return 2;
}

size_t packet_write_message(uint8_t *out, uint8_t type, const char *text)
{
	out[0] = OP_MESSAGE;
	out[1] = type;
	packet_put_string(out + 2, text);
	return 66;
}

size_t packet_write_disconnect(uint8_t *out, const char *reason)
{
	out[0] = OP_DISCONNECT;
	packet_put_string(out + 1, reason);
	return 65;
}

size_t packet_write_ext_info(uint8_t *out, const char *software, uint16_t count)
{
	out[0] = OP_EXT_INFO;
	packet_put_string(out + 1, software);
	packet_put_u16(out + 65, count);
	return 67;
}

size_t packet_write_ext_entry(uint8_t *out, const char *name, uint32_t version)
{
	out[0] = OP_EXT_ENTRY;
	packet_put_string(out + 1, name);
	packet_put_u32(out + 65, version);
	return 69;
}

size_t packet_write_custom_block_level(uint8_t *out, uint8_t level)
{
	out[0] = OP_CUSTOM_BLOCK_LEVEL;
	out[1] = level;
	return 2;
}

size_t packet_write_two_way_ping(uint8_t *out, uint8_t direction, uint16_t id)
{
	out[0] = OP_TWO_WAY_PING;
	out[1] = direction;
	packet_put_u16(out + 2, id);
	return 4;
}
