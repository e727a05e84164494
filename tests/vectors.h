/* SPDX-License-Identifier: MIT */
/*
 * The protocol reference as data for the tests: one packet of every kind in every form as bytes
 * with their meaning, and the size of every packet under every option. Written independently of
 * packet.c and layout.c, and only ever compared with them.
 *
 * Bytes: tokens separated by blanks, each an even number of hexadecimal digits, or one byte and
 * *N for N of it. Fields: NAME=VALUE; numbers, texts in quotes without their padding, arrays as
 * hex: without theirs.
 */
#ifndef VECTORS_H
#define VECTORS_H

#include <stddef.h>
#include <stdint.h>

#include "../packet.h"

/* The options that change sizes, as bits. */
enum vector_option {
	VECTOR_EB = 1,    /* ExtendedBlocks 1 */
	VECTOR_EP = 2,    /* ExtEntityPositions 1 */
	VECTOR_ET = 4,    /* ExtendedTextures 1 */
	VECTOR_FM = 8,    /* FastMap 1 */
	VECTOR_MA2 = 16,  /* EnvMapAppearance 2 */
	VECTOR_MS2 = 32,  /* EnvMapAspect 2 */
	VECTOR_BD2 = 64,  /* BlockDefinitionsExt 2 */
	VECTOR_CM2 = 128, /* CustomModels 2 */
	VECTOR_OPTIONS = 256,
};

struct vector {
	const char *name;
	uint8_t opcode;
	uint8_t direction; /* enum packet_direction */
	uint8_t protocol;
	unsigned options; /* VECTOR_ bits */
	size_t size;
	const char *hex;
	const char *fields; /* "" = none */
};

/* The sizes of one packet. The first of `sizes` has no options; the rest lists every
 * combination that counts. */
struct vector_sizes {
	unsigned opcode;
	unsigned direction;    /* enum packet_direction */
	const char *extension; /* "" = Classic, "CPE" = the negotiation itself */
	unsigned version;
	struct {
		uint16_t size;
		uint8_t options;
	} sizes[9]; /* ends with size 0 */
};

/* The fields of one packet in wire order, with their types, in all forms: "X ushort Y ushort
 * Block block". */
struct vector_layout {
	uint8_t opcode;
	uint8_t direction;
	const char *fields;
};

/* What the ClassiCube client knows of an extension. */
struct vector_extension {
	const char *name;
	uint8_t version;
};

/* clang-format off */
static const struct vector vectors[] = {
	{"V01 login of a CPE client",
		0x00, PACKET_TO_SERVER, 7, 0, 131,
		"00 07 416c696365 20*59 "
		"6466366133623930616337633362666639346431323035366232656463353863 20*32 42",
		"ProtocolVersion=7 Username=\"Alice\" Key=\"df6a3b90ac7c3bff94d12056b2edc58c\" "
		"Padding=66"},
	{"V02 login of a version 7 client without CPE and without key",
		0x00, PACKET_TO_SERVER, 7, 0, 131,
		"00 07 426f625f32 20*59 20*64 00",
		"ProtocolVersion=7 Username=\"Bob_2\" Key=\"\" Padding=0"},
	{"V03 login of c0.0.19a; ClassiCube adds one byte 01 (a Ping) after these 130",
		0x00, PACKET_TO_SERVER, 5, 0, 130,
		"00 05 4361726f6c 20*59 20*64",
		"ProtocolVersion=5 Username=\"Carol\" Key=\"\""},
	{"V04 server identification, operator, hacks forbidden",
		0x00, PACKET_TO_CLIENT, 7, 0, 131,
		"00 07 4578616d706c6520536572766572 20*50 57656c636f6d65202d686178 20*52 64",
		"ProtocolVersion=7 ServerName=\"Example Server\" MOTD=\"Welcome -hax\" "
		"UserType=100"},
	{"V05 server identification to an old client",
		0x00, PACKET_TO_CLIENT, 5, 0, 130,
		"00 05 4f6c64 20*61 4869 20*62",
		"ProtocolVersion=5 ServerName=\"Old\" MOTD=\"Hi\""},
	{"V06 ping",
		0x01, PACKET_TO_CLIENT, 7, 0, 1,
		"01",
		""},
	{"V07 ping from a client (also the 131st byte of the ClassiCube login in V03)",
		0x01, PACKET_TO_SERVER, 7, 0, 1,
		"01",
		""},
	{"V08 level start",
		0x02, PACKET_TO_CLIENT, 7, 0, 1,
		"02",
		""},
	{"V09 level start with volume",
		0x02, PACKET_TO_CLIENT, 7, VECTOR_FM, 5,
		"02 00 00 00 08",
		"Volume=8"},
	{"V10 one chunk holding a complete 2x2x2 level as gzip (stored deflate block): "
		"volume 8, blocks 7 7 7 7 2 2 0 0",
		0x03, PACKET_TO_CLIENT, 7, 0, 1028,
		"03 0023 "
		"1f8b08000000000000ff010c00f3ff000000080707070702020000ada3c7090c000000 00*989 "
		"64",
		"Length=35 Percent=100 "
		"Data=hex:1f8b08000000000000ff010c00f3ff000000080707070702020000ada3c7090c000"
		"000"},
	{"V11 the same level as raw deflate; with EB the percent 0 says low array",
		0x03, PACKET_TO_CLIENT, 7, VECTOR_FM | VECTOR_EB, 1028,
		"03 000d 010800f7ff0707070702020000 00*1011 00",
		"Length=13 Percent=0 Data=hex:010800f7ff0707070702020000"},
	{"V12 high array of a level whose last two blocks are 256 and 512 (with the "
		"previous vector)",
		0x03, PACKET_TO_CLIENT, 7, VECTOR_FM | VECTOR_EB, 1028,
		"03 000d 010800f7ff0000000000000102 00*1011 01",
		"Length=13 Percent=1 Data=hex:010800f7ff0000000000000102"},
	{"V13 the raw deflate level above turned into gzip by the prefix trick of 5.7",
		0x03, PACKET_TO_CLIENT, 7, 0, 1028,
		"03 0028 "
		"1f8b08000000000000ff000400fbff00000008010800f7ff0707070702020000ada3c7090c00"
		"0000 00*984 64",
		"Length=40 Percent=100 "
		"Data=hex:1f8b08000000000000ff000400fbff00000008010800f7ff0707070702020000ada"
		"3c7090c000000"},
	{"V14 level end, 2 wide, 2 high, 2 long",
		0x04, PACKET_TO_CLIENT, 7, 0, 7,
		"04 0002 0002 0002",
		"XSize=2 YSize=2 ZSize=2"},
	{"V15 place stone at 1, 2, 3",
		0x05, PACKET_TO_SERVER, 7, 0, 9,
		"05 0001 0002 0003 01 01",
		"X=1 Y=2 Z=3 Mode=1 Block=1"},
	{"V16 break at 256, 64, 511 with block 300 in hand",
		0x05, PACKET_TO_SERVER, 7, VECTOR_EB, 10,
		"05 0100 0040 01ff 00 012c",
		"X=256 Y=64 Z=511 Mode=0 Block=300"},
	{"V17 block 49 at 16, 32, 48",
		0x06, PACKET_TO_CLIENT, 7, 0, 8,
		"06 0010 0020 0030 31",
		"X=16 Y=32 Z=48 Block=49"},
	{"V18 block 767 at the same place",
		0x06, PACKET_TO_CLIENT, 7, VECTOR_EB, 9,
		"06 0010 0020 0030 02ff",
		"X=16 Y=32 Z=48 Block=767"},
	{"V19 player 5 appears, feet at 16.5, 33, 8.5, looking to +X (wire Y = 33*32 + "
		"51)",
		0x07, PACKET_TO_CLIENT, 7, 0, 74,
		"07 05 2661426f62 20*59 0210 0453 0110 40 00",
		"EntityID=5 Name=\"&aBob\" X=528 Y=1107 Z=272 Yaw=64 Pitch=0"},
	{"V20 own spawn, feet at 2000, 64, -3 (wire Y = 64*32 + 29)",
		0x07, PACKET_TO_CLIENT, 7, VECTOR_EP, 80,
		"07 ff 416c696365 20*59 0000fa00 0000081d ffffffa0 00 00",
		"EntityID=255 Name=\"Alice\" X=64000 Y=2077 Z=-96 Yaw=0 Pitch=0"},
	{"V21 player 5 moves to feet -0.5, 33, 8.5",
		0x08, PACKET_TO_CLIENT, 7, 0, 10,
		"08 05 fff0 0453 0110 80 f8",
		"EntityID=5 X=-16 Y=1107 Z=272 Yaw=128 Pitch=248"},
	{"V22 player 5 far away; 16-bit translation gives X=32767",
		0x08, PACKET_TO_CLIENT, 7, VECTOR_EP, 16,
		"08 05 00010000 00000453 00000110 80 f8",
		"EntityID=5 X=65536 Y=1107 Z=272 Yaw=128 Pitch=248"},
	{"V23 client position without HeldBlock: feet 0.5, 32, 0.5",
		0x08, PACKET_TO_SERVER, 7, 0, 10,
		"08 ff 0010 0433 0010 50 00",
		"HeldOrID=255 X=16 Y=1075 Z=16 Yaw=80 Pitch=0"},
	{"V24 the same with HeldBlock and block 300 in hand",
		0x08, PACKET_TO_SERVER, 7, VECTOR_EB, 11,
		"08 012c 0010 0433 0010 50 00",
		"HeldOrID=300 X=16 Y=1075 Z=16 Yaw=80 Pitch=0"},
	{"V25 the same with 32-bit positions, block 1 in hand",
		0x08, PACKET_TO_SERVER, 7, VECTOR_EP, 16,
		"08 01 00000010 00000433 00000010 50 00",
		"HeldOrID=1 X=16 Y=1075 Z=16 Yaw=80 Pitch=0"},
	{"V26 the same with both",
		0x08, PACKET_TO_SERVER, 7, VECTOR_EB | VECTOR_EP, 17,
		"08 012c 00000010 00000433 00000010 50 00",
		"HeldOrID=300 X=16 Y=1075 Z=16 Yaw=80 Pitch=0"},
	{"V27 relative move by +1/32, -1/32, 1 block",
		0x09, PACKET_TO_CLIENT, 7, 0, 7,
		"09 05 01 ff 20 40 00",
		"EntityID=5 dX=1 dY=-1 dZ=32 Yaw=64 Pitch=0"},
	{"V28 largest relative move",
		0x0a, PACKET_TO_CLIENT, 7, 0, 5,
		"0a 05 7f 80 00",
		"EntityID=5 dX=127 dY=-128 dZ=0"},
	{"V29 turn",
		0x0b, PACKET_TO_CLIENT, 7, 0, 4,
		"0b 05 c0 40",
		"EntityID=5 Yaw=192 Pitch=64"},
	{"V30 player 5 leaves",
		0x0c, PACKET_TO_CLIENT, 7, 0, 2,
		"0c 05",
		"EntityID=5"},
	{"V31 chat line",
		0x0d, PACKET_TO_CLIENT, 7, 0, 66,
		"0d 00 266548692026667468657265 20*52",
		"Type=0 Text=\"&eHi &fthere\""},
	{"V32 announcement (MessageTypes)",
		0x0d, PACKET_TO_CLIENT, 7, 0, 66,
		"0d 64 526f756e64206f766572 20*54",
		"Type=100 Text=\"Round over\""},
	{"V33 clear status line 2 (MessageTypes)",
		0x0d, PACKET_TO_CLIENT, 7, 0, 66,
		"0d 02 20*64",
		"Type=2 Text=\"\""},
	{"V34 first piece of a long message (LongerMessages)",
		0x0d, PACKET_TO_SERVER, 7, 0, 66,
		"0d 01 61*64",
		"Type=1 "
		"Text=\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\""},
	{"V35 its last piece",
		0x0d, PACKET_TO_SERVER, 7, 0, 66,
		"0d 00 74686520656e64 20*57",
		"Type=0 Text=\"the end\""},
	{"V36 chat from a client without LongerMessages, colour typed as %c",
		0x0d, PACKET_TO_SERVER, 7, 0, 66,
		"0d ff 256368656c6c6f 20*57",
		"Type=255 Text=\"%chello\""},
	{"V37 kick",
		0x0e, PACKET_TO_CLIENT, 7, 0, 65,
		"0e 5365727665722072657374617274696e67 20*47",
		"Reason=\"Server restarting\""},
	{"V38 made operator",
		0x0f, PACKET_TO_CLIENT, 7, 0, 2,
		"0f 64",
		"UserType=100"},
	{"V39 server software and number of entries",
		0x10, PACKET_TO_CLIENT, 7, 0, 67,
		"10 4578616d706c6520312e30 20*53 002a",
		"AppName=\"Example 1.0\" Count=42"},
	{"V40 client software and number of entries",
		0x10, PACKET_TO_SERVER, 7, 0, 67,
		"10 436c617373694375626520312e332e38 20*48 0029",
		"AppName=\"ClassiCube 1.3.8\" Count=41"},
	{"V41 extension entry, server",
		0x11, PACKET_TO_CLIENT, 7, 0, 69,
		"11 457874506c617965724c697374 20*51 00000002",
		"ExtName=\"ExtPlayerList\" Version=2"},
	{"V42 extension entry, client",
		0x11, PACKET_TO_SERVER, 7, 0, 69,
		"11 456e764d6170417070656172616e6365 20*48 00000002",
		"ExtName=\"EnvMapAppearance\" Version=2"},
	{"V43 default reach",
		0x12, PACKET_TO_CLIENT, 7, 0, 3,
		"12 00a0",
		"Distance=160"},
	{"V44 custom block level 1, server",
		0x13, PACKET_TO_CLIENT, 7, 0, 2,
		"13 01",
		"Level=1"},
	{"V45 custom block level 1, client",
		0x13, PACKET_TO_SERVER, 7, 0, 2,
		"13 01",
		"Level=1"},
	{"V46 hold block 66, locked",
		0x14, PACKET_TO_CLIENT, 7, 0, 3,
		"14 42 01",
		"Block=66 PreventChange=1"},
	{"V47 the same",
		0x14, PACKET_TO_CLIENT, 7, VECTOR_EB, 4,
		"14 0042 01",
		"Block=66 PreventChange=1"},
	{"V48 hotkey Ctrl+P sends /spawn at once (0a ends the action)",
		0x15, PACKET_TO_CLIENT, 7, 0, 134,
		"15 537061776e 20*59 2f737061776e0a 20*57 00000019 01",
		"Label=\"Spawn\" Action=\"/spawn\\n\" KeyCode=25 KeyMods=1"},
	{"V49 own tab entry",
		0x16, PACKET_TO_CLIENT, 7, 0, 196,
		"16 00ff 416c696365 20*59 2661416c696365 20*57 2666477565737473 20*56 03",
		"NameID=255 PlayerName=\"Alice\" ListName=\"&aAlice\" GroupName=\"&fGuests\" "
		"GroupRank=3"},
	{"V50 entity 5 with a skin, version 1",
		0x17, PACKET_TO_CLIENT, 7, 0, 130,
		"17 05 2661426f62 20*59 426f62 20*61",
		"EntityID=5 InGameName=\"&aBob\" SkinName=\"Bob\""},
	{"V51 tab entry 5 leaves",
		0x18, PACKET_TO_CLIENT, 7, 0, 3,
		"18 0005",
		"NameID=5"},
	{"V52 sky colour 99CCFF",
		0x19, PACKET_TO_CLIENT, 7, 0, 8,
		"19 00 0099 00cc 00ff",
		"Variable=0 R=153 G=204 B=255"},
	{"V53 fog colour back to default",
		0x19, PACKET_TO_CLIENT, 7, 0, 8,
		"19 02 ffff ffff ffff",
		"Variable=2 R=-1 G=-1 B=-1"},
	{"V54 half transparent red box",
		0x1a, PACKET_TO_CLIENT, 7, 0, 86,
		"1a 07 7a6f6e65 20*60 0001 0002 0003 0004 0005 0006 00ff 0000 0000 0080",
		"ID=7 Label=\"zone\" X1=1 Y1=2 Z1=3 X2=4 Y2=5 Z2=6 R=255 G=0 B=0 A=128"},
	{"V55 remove it",
		0x1b, PACKET_TO_CLIENT, 7, 0, 2,
		"1b 07",
		"ID=7"},
	{"V56 bedrock may be deleted, not placed",
		0x1c, PACKET_TO_CLIENT, 7, 0, 4,
		"1c 07 00 01",
		"Block=7 Place=0 Delete=1"},
	{"V57 the same",
		0x1c, PACKET_TO_CLIENT, 7, VECTOR_EB, 5,
		"1c 0007 00 01",
		"Block=7 Place=0 Delete=1"},
	{"V58 player 5 becomes a chicken",
		0x1d, PACKET_TO_CLIENT, 7, 0, 66,
		"1d 05 636869636b656e 20*57",
		"EntityID=5 Model=\"chicken\""},
	{"V59 map appearance 1: default textures, bedrock sides, water edge, level 32",
		0x1e, PACKET_TO_CLIENT, 7, 0, 69,
		"1e 20*64 07 08 0020",
		"URL=\"\" SideBlock=7 EdgeBlock=8 SideLevel=32"},
	{"V60 map appearance 2: clouds at 66, no view limit",
		0x1e, PACKET_TO_CLIENT, 7, VECTOR_MA2, 73,
		"1e 20*64 07 08 0020 0042 0000",
		"URL=\"\" SideBlock=7 EdgeBlock=8 SideLevel=32 CloudsLevel=66 MaxView=0"},
	{"V61 rain",
		0x1f, PACKET_TO_CLIENT, 7, 0, 2,
		"1f 01",
		"Weather=1"},
	{"V62 everything allowed, default jump",
		0x20, PACKET_TO_CLIENT, 7, 0, 8,
		"20 01 01 01 01 01 ffff",
		"Fly=1 NoClip=1 Speed=1 Spawn=1 Third=1 Jump=-1"},
	{"V63 entity with skin, version 2",
		0x21, PACKET_TO_CLIENT, 7, 0, 138,
		"21 05 2661426f62 20*59 426f62 20*61 0210 0453 0110 40 00",
		"EntityID=5 InGameName=\"&aBob\" SkinName=\"Bob\" X=528 Y=1107 Z=272 Yaw=64 "
		"Pitch=0"},
	{"V64 own entity, feet at -1100.25, 64, 40000",
		0x21, PACKET_TO_CLIENT, 7, VECTOR_EP, 144,
		"21 ff 416c696365 20*59 416c696365 20*59 ffff7678 0000081d 00138800 00 00",
		"EntityID=255 InGameName=\"Alice\" SkinName=\"Alice\" X=-35208 Y=2077 "
		"Z=1280000 Yaw=0 Pitch=0"},
	{"V65 left button pressed on the top of 10, 20, 30, yaw 90 degrees, pitch 45",
		0x22, PACKET_TO_SERVER, 7, 0, 15,
		"22 00 00 4000 2000 ff 000a 0014 001e 02",
		"Button=0 Action=0 Yaw=16384 Pitch=8192 Entity=255 X=10 Y=20 Z=30 Face=2"},
	{"V66 block 66 \"Lamp\": solid, normal speed, textures 1/2/3, lets no light "
		"through, glass sound, level 15 lamp light, full height",
		0x23, PACKET_TO_CLIENT, 7, 0, 80,
		"23 42 4c616d70 20*60 02 80 01 02 03 00 06 cf 10 00 00 00 00 00",
		"Block=66 Name=\"Lamp\" Collide=2 Speed=128 TexTop=1 TexSide=2 TexBottom=3 "
		"Light=0 Sound=6 Bright=207 Shape=16 Draw=0 FogDensity=0 FogR=0 FogG=0 FogB=0"},
	{"V67 block 300 as a sprite with textures 256/257/258",
		0x23, PACKET_TO_CLIENT, 7, VECTOR_EB | VECTOR_ET, 84,
		"23 012c 4665726e 20*60 00 80 0100 0101 0102 01 03 00 00 00 00 00 00 00",
		"Block=300 Name=\"Fern\" Collide=0 Speed=128 TexTop=256 TexSide=257 "
		"TexBottom=258 Light=1 Sound=3 Bright=0 Shape=0 Draw=0 FogDensity=0"},
	{"V68 undefine 66",
		0x24, PACKET_TO_CLIENT, 7, 0, 2,
		"24 42",
		"Block=66"},
	{"V69 undefine 300",
		0x24, PACKET_TO_CLIENT, 7, VECTOR_EB, 3,
		"24 012c",
		"Block=300"},
	{"V70 box block, version 1: 4,0,4 to 12,8,12",
		0x25, PACKET_TO_CLIENT, 7, 0, 85,
		"25 42 506f7374 20*60 02 80 01 02 03 01 04 00 04 00 04 0c 08 0c 01 00 00 00 00",
		"Block=66 Name=\"Post\" Collide=2 Speed=128 TexTop=1 TexSide=2 TexBottom=3 "
		"Light=1 Sound=4 Bright=0 MinX=4 MinY=0 MinZ=4 MaxX=12 MaxY=8 MaxZ=12 Draw=1 "
		"FogDensity=0 FogR=0 FogG=0 FogB=0"},
	{"V71 the same, version 1 with 16-bit textures: three unused bytes at the end",
		0x25, PACKET_TO_CLIENT, 7, VECTOR_ET, 91,
		"25 42 506f7374 20*60 02 80 0001 0002 0003 01 04 00 04 00 04 0c 08 0c 01 00 00 "
		"00 00 000000",
		"Block=66 Name=\"Post\" Collide=2 Speed=128 TexTop=1 TexSide=2 TexBottom=3 "
		"Light=1 Sound=4 Bright=0 MinX=4 MinY=0 MinZ=4 MaxX=12 MaxY=8 MaxZ=12 Draw=1 "
		"FogDensity=0 FogR=0 FogG=0 FogB=0"},
	{"V72 the same, version 2: left 2, right 3, front 4, back 5, bottom 6",
		0x25, PACKET_TO_CLIENT, 7, VECTOR_BD2, 88,
		"25 42 506f7374 20*60 02 80 01 02 03 04 05 06 01 04 00 04 00 04 0c 08 0c 01 00 "
		"00 00 00",
		"Block=66 Name=\"Post\" TexTop=1 TexLeft=2 TexRight=3 TexFront=4 TexBack=5 "
		"TexBottom=6 Light=1 Sound=4 MinX=4 MaxZ=12 Draw=1"},
	{"V73 block 300, version 2, everything wide, blue fog",
		0x25, PACKET_TO_CLIENT, 7, VECTOR_BD2 | VECTOR_EB | VECTOR_ET, 95,
		"25 012c 476f6f 20*61 05 40 0100 0101 0102 0103 0104 0105 01 00 8a 00 00 00 10 "
		"0e 10 03 3f 00 00 ff",
		"Block=300 Name=\"Goo\" Collide=5 Speed=64 TexTop=256 TexLeft=257 TexRight=258 "
		"TexFront=259 TexBack=260 TexBottom=261 Light=1 Sound=0 Bright=138 MinX=0 "
		"MinY=0 MinZ=0 MaxX=16 MaxY=14 MaxZ=16 Draw=3 FogDensity=63 FogR=0 FogG=0 "
		"FogB=255"},
	{"V74 two block changes: index 0 to stone, index 65536 to 49",
		0x26, PACKET_TO_CLIENT, 7, 0, 1282,
		"26 01 00000000 00010000 00*1016 01 31 00*254",
		"Count=1 Indices=hex:0000000000010000 Blocks=hex:0131"},
	{"V75 five changes to the blocks 1, 256, 513, 767, 300",
		0x26, PACKET_TO_CLIENT, 7, VECTOR_EB, 1346,
		"26 04 00000000 00000001 00000002 00000003 00000004 00*1004 01 00 01 ff 2c "
		"00*251 a4 01 00*62",
		"Count=4 Indices=hex:0000000000000001000000020000000300000004 "
		"Blocks=hex:010001ff2c Upper=hex:a401"},
	{"V76 colour code g = orange",
		0x27, PACKET_TO_CLIENT, 7, 0, 6,
		"27 ff 80 00 ff 67",
		"R=255 G=128 B=0 A=255 Code=103"},
	{"V77 texture address, version 1",
		0x28, PACKET_TO_CLIENT, 7, 0, 65,
		"28 687474703a2f2f6578616d706c652e6f72672f742e7a6970 20*40",
		"URL=\"http://example.org/t.zip\""},
	{"V78 70-character address, version 2",
		0x28, PACKET_TO_CLIENT, 7, VECTOR_MS2, 129,
		"28 "
		"687474703a2f2f6578616d706c652e6f72672f74747474747474747474747474747474747474"
		"7474747474747474747474747474747474 747474747474747474 74742e706e67 20*58",
		"URL=\"http://example.org/ttttttttttttttttttttttttttttttttttttttttttttt\" "
		"URL2=\"tt.png\""},
	{"V79 sides offset -2",
		0x29, PACKET_TO_CLIENT, 7, 0, 6,
		"29 09 fffffffe",
		"Type=9 Value=-2"},
	{"V80 player 5 turned by 180 degrees around Z",
		0x2a, PACKET_TO_CLIENT, 7, 0, 7,
		"2a 05 02 000000b4",
		"EntityID=5 Type=2 Value=180"},
	{"V81 server starts a ping",
		0x2b, PACKET_TO_CLIENT, 7, 0, 4,
		"2b 01 1234",
		"Direction=1 Data=4660"},
	{"V82 client answers it (the same bytes)",
		0x2b, PACKET_TO_SERVER, 7, 0, 4,
		"2b 01 1234",
		"Direction=1 Data=4660"},
	{"V83 client starts a ping",
		0x2b, PACKET_TO_SERVER, 7, 0, 4,
		"2b 00 0007",
		"Direction=0 Data=7"},
	{"V84 block 66 at place 1",
		0x2c, PACKET_TO_CLIENT, 7, 0, 3,
		"2c 42 01",
		"Block=66 Order=1"},
	{"V85 hide block 300",
		0x2c, PACKET_TO_CLIENT, 7, VECTOR_EB, 5,
		"2c 012c 0000",
		"Block=300 Order=0"},
	{"V86 slot 8 gets block 44",
		0x2d, PACKET_TO_CLIENT, 7, 0, 3,
		"2d 2c 08",
		"Block=44 Slot=8"},
	{"V87 slot 0 gets block 300",
		0x2d, PACKET_TO_CLIENT, 7, VECTOR_EB, 4,
		"2d 012c 00",
		"Block=300 Slot=0"},
	{"V88 respawn point, feet at 16.5, 33, 8.5",
		0x2e, PACKET_TO_CLIENT, 7, 0, 9,
		"2e 0210 0453 0110 40 00",
		"X=528 Y=1107 Z=272 Yaw=64 Pitch=0"},
	{"V89 the same",
		0x2e, PACKET_TO_CLIENT, 7, VECTOR_EP, 15,
		"2e 00000210 00000453 00000110 40 00",
		"X=528 Y=1107 Z=272 Yaw=64 Pitch=0"},
	{"V90 stop, then jump of normal height (X and Z set to 0, Y set to 1.233)",
		0x2f, PACKET_TO_CLIENT, 7, 0, 16,
		"2f 00000000 0000302a 00000000 01 01 01",
		"VX=0 VY=12330 VZ=0 ModeX=1 ModeY=1 ModeZ=1"},
	{"V91 particle effect 1: one 8-pixel icon, white, 1 frame, 10 particles, size "
		"8/32, spread 1 block, speed 1, gravity 0.5, lives 2 s, dies on ground",
		0x30, PACKET_TO_CLIENT, 7, 0, 36,
		"30 01 00 00 0f 0f ff ff ff 01 0a 08 00000000 0020 00002710 00001388 00004e20 "
		"00000000 03 01",
		"ID=1 U1=0 V1=0 U2=15 V2=15 TintR=255 TintG=255 TintB=255 Frames=1 "
		"Particles=10 Size=8 SizeVar=0 Spread=32 Speed=10000 Gravity=5000 Life=20000 "
		"LifeVar=0 Collide=3 FullBright=1"},
	{"V92 show it at 1.5, 2, -3 with origin 1.5, 2, -3",
		0x31, PACKET_TO_CLIENT, 7, 0, 26,
		"31 01 00000030 00000040 ffffffa0 00000030 00000040 ffffffa0",
		"ID=1 X=48 Y=64 Z=-96 OX=48 OY=64 OZ=-96"},
	{"V93 model 0 \"cube\": bobbing, pushes; name at 2, eyes at 1.5, size 1x2x1, "
		"box -0.5,0,-0.5 to 0.5,2,0.5, 64x32 texture, one part",
		0x32, PACKET_TO_CLIENT, 7, 0, 116,
		"32 00 63756265 20*60 03 40000000 3fc00000 3f800000 40000000 3f800000 bf000000 "
		"00000000 bf000000 3f000000 40000000 3f000000 0040 0020 01",
		"ID=0 Name=\"cube\" Flags=3 NameY=2.0 EyeY=1.5 CollX=1.0 CollY=2.0 CollZ=1.0 "
		"MinX=-0.5 MinY=0.0 MinZ=-0.5 MaxX=0.5 MaxY=2.0 MaxZ=0.5 UScale=64 VScale=32 "
		"Parts=1"},
	{"V94 its part in version 1: rotated 90, 0, -90 degrees around 0,1,0; full "
		"bright; face i has UV 8i..8i+3",
		0x33, PACKET_TO_CLIENT, 7, 0, 104,
		"33 00 bf000000 00000000 bf000000 3f000000 40000000 3f000000 0000 0001 0002 "
		"0003 0008 0009 000a 000b 0010 0011 0012 0013 0018 0019 001a 001b 0020 0021 "
		"0022 0023 0028 0029 002a 002b 00000000 3f800000 00000000 42b40000 00000000 "
		"c2b40000 00 00000000 01",
		"ID=0 MinX=-0.5 MaxY=2.0 U1_0=0 V2_0=3 U1_5=40 V2_5=43 RotOY=1.0 RotX=90.0 "
		"RotZ=-90.0 Legacy=0 LegacyF=0.0 Flags=1"},
	{"V95 the same in version 2 with one animation: kind 1, axis 2, a=1, b=0.5, "
		"c=0, d=-1",
		0x33, PACKET_TO_CLIENT, 7, VECTOR_CM2, 167,
		"33 00 bf000000 00000000 bf000000 3f000000 40000000 3f000000 0000 0001 0002 "
		"0003 0008 0009 000a 000b 0010 0011 0012 0013 0018 0019 001a 001b 0020 0021 "
		"0022 0023 0028 0029 002a 002b 00000000 3f800000 00000000 42b40000 00000000 "
		"c2b40000 81 3f800000 3f000000 00000000 bf800000 00*51 01",
		"ID=0 MinX=-0.5 MaxY=2.0 U1_5=40 RotOY=1.0 RotX=90.0 RotZ=-90.0 Anim0=129 "
		"A0=1.0 B0=0.5 C0=0.0 D0=-1.0 Anim1=0 D3=0.0 Flags=1"},
	{"V96 undefine model 0",
		0x34, PACKET_TO_CLIENT, 7, 0, 2,
		"34 00",
		"ID=0"},
	{"V97 plugin message on channel 200",
		0x35, PACKET_TO_CLIENT, 7, 0, 66,
		"35 c8 010203 00*61",
		"Channel=200 Data=hex:010203"},
	{"V98 the same from the client",
		0x35, PACKET_TO_SERVER, 7, 0, 66,
		"35 c8 010203 00*61",
		"Channel=200 Data=hex:010203"},
	{"V99 own entity, relative smooth move by 0, 1, 0, no orientation (flags 1 + "
		"2*2)",
		0x36, PACKET_TO_CLIENT, 7, 0, 11,
		"36 ff 05 0000 0020 0000 00 00",
		"EntityID=255 Flags=5 X=0 Y=32 Z=0 Yaw=0 Pitch=0"},
	{"V100 player 5 at once to feet 2000, 64, -3 with interpolated orientation "
		"(flags 1 + 16 + 32)",
		0x36, PACKET_TO_CLIENT, 7, VECTOR_EP, 17,
		"36 05 31 0000fa00 00000833 ffffffa0 40 00",
		"EntityID=5 Flags=49 X=64000 Y=2099 Z=-96 Yaw=64 Pitch=0"},
	{"V101 fancy lighting, locked",
		0x37, PACKET_TO_CLIENT, 7, 0, 3,
		"37 02 01",
		"Mode=2 Locked=1"},
	{"V102 hide everything, black bars over half the screen",
		0x38, PACKET_TO_CLIENT, 7, 0, 10,
		"38 01 01 01 00 00 00 ff 8000",
		"HideCrosshair=1 HideHand=1 HideHotbar=1 R=0 G=0 B=0 A=255 BarSize=32768"},
	{"V103 player selected block 300",
		0x39, PACKET_TO_SERVER, 7, 0, 5,
		"39 0000 012c",
		"Action=0 Value=300"},
	{"V104 player set the spawn to 10, 64, 20",
		0x3a, PACKET_TO_SERVER, 7, 0, 9,
		"3a 0004 000a 0040 0014",
		"Action=4 X=10 Y=64 Z=20"},
	{"V105 close the block menu",
		0x3b, PACKET_TO_CLIENT, 7, 0, 2,
		"3b 01",
		"Close=1"},
};

static const struct vector_sizes vector_sizes[] = {
	{0x00, PACKET_TO_CLIENT, "", 0, {{131, 0}}},
	{0x00, PACKET_TO_SERVER, "", 0, {{131, 0}}},
	{0x01, PACKET_TO_CLIENT, "", 0, {{1, 0}}},
	{0x01, PACKET_TO_SERVER, "", 0, {{1, 0}}},
	{0x02, PACKET_TO_CLIENT, "", 0, {{1, 0}, {5, VECTOR_FM}}},
	{0x03, PACKET_TO_CLIENT, "", 0, {{1028, 0}}},
	{0x04, PACKET_TO_CLIENT, "", 0, {{7, 0}}},
	{0x05, PACKET_TO_SERVER, "", 0, {{9, 0}, {10, VECTOR_EB}}},
	{0x06, PACKET_TO_CLIENT, "", 0, {{8, 0}, {9, VECTOR_EB}}},
	{0x07, PACKET_TO_CLIENT, "", 0, {{74, 0}, {80, VECTOR_EP}}},
	{0x08, PACKET_TO_CLIENT, "", 0, {{10, 0}, {16, VECTOR_EP}}},
	{0x08, PACKET_TO_SERVER, "", 0, {
		{10, 0},
		{11, VECTOR_EB},
		{16, VECTOR_EP},
		{17, VECTOR_EB | VECTOR_EP}}},
	{0x09, PACKET_TO_CLIENT, "", 0, {{7, 0}}},
	{0x0a, PACKET_TO_CLIENT, "", 0, {{5, 0}}},
	{0x0b, PACKET_TO_CLIENT, "", 0, {{4, 0}}},
	{0x0c, PACKET_TO_CLIENT, "", 0, {{2, 0}}},
	{0x0d, PACKET_TO_CLIENT, "", 0, {{66, 0}}},
	{0x0d, PACKET_TO_SERVER, "", 0, {{66, 0}}},
	{0x0e, PACKET_TO_CLIENT, "", 0, {{65, 0}}},
	{0x0f, PACKET_TO_CLIENT, "", 0, {{2, 0}}},
	{0x10, PACKET_TO_CLIENT, "CPE", 0, {{67, 0}}},
	{0x10, PACKET_TO_SERVER, "CPE", 0, {{67, 0}}},
	{0x11, PACKET_TO_CLIENT, "CPE", 0, {{69, 0}}},
	{0x11, PACKET_TO_SERVER, "CPE", 0, {{69, 0}}},
	{0x12, PACKET_TO_CLIENT, "ClickDistance", 1, {{3, 0}}},
	{0x13, PACKET_TO_CLIENT, "CustomBlocks", 1, {{2, 0}}},
	{0x13, PACKET_TO_SERVER, "CustomBlocks", 1, {{2, 0}}},
	{0x14, PACKET_TO_CLIENT, "HeldBlock", 1, {{3, 0}, {4, VECTOR_EB}}},
	{0x15, PACKET_TO_CLIENT, "TextHotKey", 1, {{134, 0}}},
	{0x16, PACKET_TO_CLIENT, "ExtPlayerList", 1, {{196, 0}}},
	{0x17, PACKET_TO_CLIENT, "ExtPlayerList", 1, {{130, 0}}},
	{0x18, PACKET_TO_CLIENT, "ExtPlayerList", 1, {{3, 0}}},
	{0x19, PACKET_TO_CLIENT, "EnvColors", 1, {{8, 0}}},
	{0x1a, PACKET_TO_CLIENT, "SelectionCuboid", 1, {{86, 0}}},
	{0x1b, PACKET_TO_CLIENT, "SelectionCuboid", 1, {{2, 0}}},
	{0x1c, PACKET_TO_CLIENT, "BlockPermissions", 1, {{4, 0}, {5, VECTOR_EB}}},
	{0x1d, PACKET_TO_CLIENT, "ChangeModel", 1, {{66, 0}}},
	{0x1e, PACKET_TO_CLIENT, "EnvMapAppearance", 1, {{69, 0}, {73, VECTOR_MA2}}},
	{0x1f, PACKET_TO_CLIENT, "EnvWeatherType", 1, {{2, 0}}},
	{0x20, PACKET_TO_CLIENT, "HackControl", 1, {{8, 0}}},
	{0x21, PACKET_TO_CLIENT, "ExtPlayerList", 2, {{138, 0}, {144, VECTOR_EP}}},
	{0x22, PACKET_TO_SERVER, "PlayerClick", 1, {{15, 0}}},
	{0x23, PACKET_TO_CLIENT, "BlockDefinitions", 1, {
		{80, 0},
		{81, VECTOR_EB},
		{83, VECTOR_ET},
		{84, VECTOR_EB | VECTOR_ET}}},
	{0x24, PACKET_TO_CLIENT, "BlockDefinitions", 1, {{2, 0}, {3, VECTOR_EB}}},
	{0x25, PACKET_TO_CLIENT, "BlockDefinitionsExt", 1, {
		{85, 0},
		{86, VECTOR_EB},
		{91, VECTOR_ET},
		{92, VECTOR_EB | VECTOR_ET},
		{88, VECTOR_BD2},
		{89, VECTOR_EB | VECTOR_BD2},
		{94, VECTOR_ET | VECTOR_BD2},
		{95, VECTOR_EB | VECTOR_ET | VECTOR_BD2}}},
	{0x26, PACKET_TO_CLIENT, "BulkBlockUpdate", 1, {{1282, 0}, {1346, VECTOR_EB}}},
	{0x27, PACKET_TO_CLIENT, "TextColors", 1, {{6, 0}}},
	{0x28, PACKET_TO_CLIENT, "EnvMapAspect", 1, {{65, 0}, {129, VECTOR_MS2}}},
	{0x29, PACKET_TO_CLIENT, "EnvMapAspect", 1, {{6, 0}}},
	{0x2a, PACKET_TO_CLIENT, "EntityProperty", 1, {{7, 0}}},
	{0x2b, PACKET_TO_CLIENT, "TwoWayPing", 1, {{4, 0}}},
	{0x2b, PACKET_TO_SERVER, "TwoWayPing", 1, {{4, 0}}},
	{0x2c, PACKET_TO_CLIENT, "InventoryOrder", 1, {{3, 0}, {5, VECTOR_EB}}},
	{0x2d, PACKET_TO_CLIENT, "SetHotbar", 1, {{3, 0}, {4, VECTOR_EB}}},
	{0x2e, PACKET_TO_CLIENT, "SetSpawnpoint", 1, {{9, 0}, {15, VECTOR_EP}}},
	{0x2f, PACKET_TO_CLIENT, "VelocityControl", 1, {{16, 0}}},
	{0x30, PACKET_TO_CLIENT, "CustomParticles", 1, {{36, 0}}},
	{0x31, PACKET_TO_CLIENT, "CustomParticles", 1, {{26, 0}}},
	{0x32, PACKET_TO_CLIENT, "CustomModels", 1, {{116, 0}}},
	{0x33, PACKET_TO_CLIENT, "CustomModels", 1, {{104, 0}, {167, VECTOR_CM2}}},
	{0x34, PACKET_TO_CLIENT, "CustomModels", 1, {{2, 0}}},
	{0x35, PACKET_TO_CLIENT, "PluginMessages", 1, {{66, 0}}},
	{0x35, PACKET_TO_SERVER, "PluginMessages", 1, {{66, 0}}},
	{0x36, PACKET_TO_CLIENT, "ExtEntityTeleport", 1, {{11, 0}, {17, VECTOR_EP}}},
	{0x37, PACKET_TO_CLIENT, "LightingMode", 1, {{3, 0}}},
	{0x38, PACKET_TO_CLIENT, "CinematicGui", 1, {{10, 0}}},
	{0x39, PACKET_TO_SERVER, "NotifyAction", 1, {{5, 0}}},
	{0x3a, PACKET_TO_SERVER, "NotifyAction", 1, {{9, 0}}},
	{0x3b, PACKET_TO_CLIENT, "ToggleBlockList", 1, {{2, 0}}},
};

static const struct vector_layout vector_layouts[] = {
	{0x00, PACKET_TO_CLIENT,
		"ProtocolVersion byte ServerName string MOTD string UserType byte"},
	{0x00, PACKET_TO_SERVER,
		"ProtocolVersion byte Username string Key string Padding byte"},
	{0x01, PACKET_TO_CLIENT, ""},
	{0x01, PACKET_TO_SERVER, ""},
	{0x02, PACKET_TO_CLIENT, "Volume int"},
	{0x03, PACKET_TO_CLIENT, "Length short Data bytes[1024] Percent byte"},
	{0x04, PACKET_TO_CLIENT, "XSize ushort YSize ushort ZSize ushort"},
	{0x05, PACKET_TO_SERVER, "X ushort Y ushort Z ushort Mode byte Block block"},
	{0x06, PACKET_TO_CLIENT, "X ushort Y ushort Z ushort Block block"},
	{0x07, PACKET_TO_CLIENT,
		"EntityID byte Name string X coord Y coord Z coord Yaw byte Pitch byte"},
	{0x08, PACKET_TO_CLIENT,
		"EntityID byte X coord Y coord Z coord Yaw byte Pitch byte"},
	{0x08, PACKET_TO_SERVER,
		"HeldOrID block X coord Y coord Z coord Yaw byte Pitch byte"},
	{0x09, PACKET_TO_CLIENT,
		"EntityID byte dX sbyte dY sbyte dZ sbyte Yaw byte Pitch byte"},
	{0x0a, PACKET_TO_CLIENT, "EntityID byte dX sbyte dY sbyte dZ sbyte"},
	{0x0b, PACKET_TO_CLIENT, "EntityID byte Yaw byte Pitch byte"},
	{0x0c, PACKET_TO_CLIENT, "EntityID byte"},
	{0x0d, PACKET_TO_CLIENT, "Type byte Text string"},
	{0x0d, PACKET_TO_SERVER, "Type byte Text string"},
	{0x0e, PACKET_TO_CLIENT, "Reason string"},
	{0x0f, PACKET_TO_CLIENT, "UserType byte"},
	{0x10, PACKET_TO_CLIENT, "AppName string Count short"},
	{0x10, PACKET_TO_SERVER, "AppName string Count short"},
	{0x11, PACKET_TO_CLIENT, "ExtName string Version int"},
	{0x11, PACKET_TO_SERVER, "ExtName string Version int"},
	{0x12, PACKET_TO_CLIENT, "Distance ushort"},
	{0x13, PACKET_TO_CLIENT, "Level byte"},
	{0x13, PACKET_TO_SERVER, "Level byte"},
	{0x14, PACKET_TO_CLIENT, "Block block PreventChange byte"},
	{0x15, PACKET_TO_CLIENT, "Label string Action string KeyCode int KeyMods byte"},
	{0x16, PACKET_TO_CLIENT,
		"NameID short PlayerName string ListName string GroupName string GroupRank byte"},
	{0x17, PACKET_TO_CLIENT, "EntityID byte InGameName string SkinName string"},
	{0x18, PACKET_TO_CLIENT, "NameID short"},
	{0x19, PACKET_TO_CLIENT, "Variable byte R short G short B short"},
	{0x1a, PACKET_TO_CLIENT,
		"ID byte Label string X1 short Y1 short Z1 short X2 short Y2 short Z2 short R "
		"short G short B short A short"},
	{0x1b, PACKET_TO_CLIENT, "ID byte"},
	{0x1c, PACKET_TO_CLIENT, "Block block Place byte Delete byte"},
	{0x1d, PACKET_TO_CLIENT, "EntityID byte Model string"},
	{0x1e, PACKET_TO_CLIENT,
		"URL string SideBlock byte EdgeBlock byte SideLevel short CloudsLevel short "
		"MaxView short"},
	{0x1f, PACKET_TO_CLIENT, "Weather byte"},
	{0x20, PACKET_TO_CLIENT,
		"Fly byte NoClip byte Speed byte Spawn byte Third byte Jump short"},
	{0x21, PACKET_TO_CLIENT,
		"EntityID byte InGameName string SkinName string X coord Y coord Z coord Yaw "
		"byte Pitch byte"},
	{0x22, PACKET_TO_SERVER,
		"Button byte Action byte Yaw ushort Pitch ushort Entity byte X ushort Y ushort "
		"Z ushort Face byte"},
	{0x23, PACKET_TO_CLIENT,
		"Block block Name string Collide byte Speed byte TexTop texture TexSide "
		"texture TexBottom texture Light byte Sound byte Bright byte Shape byte Draw "
		"byte FogDensity byte FogR byte FogG byte FogB byte"},
	{0x24, PACKET_TO_CLIENT, "Block block"},
	{0x25, PACKET_TO_CLIENT,
		"Block block Name string Collide byte Speed byte TexTop texture TexLeft "
		"texture TexRight texture TexFront texture TexBack texture TexSide texture "
		"TexBottom texture Light byte Sound byte Bright byte MinX byte MinY byte MinZ "
		"byte MaxX byte MaxY byte MaxZ byte Draw byte FogDensity byte FogR byte FogG "
		"byte FogB byte Unused bytes[3]"},
	{0x26, PACKET_TO_CLIENT,
		"Count byte Indices bytes[1024] Blocks bytes[256] Upper bytes[64]"},
	{0x27, PACKET_TO_CLIENT, "R byte G byte B byte A byte Code byte"},
	{0x28, PACKET_TO_CLIENT, "URL string URL2 string"},
	{0x29, PACKET_TO_CLIENT, "Type byte Value int"},
	{0x2a, PACKET_TO_CLIENT, "EntityID byte Type byte Value int"},
	{0x2b, PACKET_TO_CLIENT, "Direction byte Data ushort"},
	{0x2b, PACKET_TO_SERVER, "Direction byte Data ushort"},
	{0x2c, PACKET_TO_CLIENT, "Block block Order block"},
	{0x2d, PACKET_TO_CLIENT, "Block block Slot byte"},
	{0x2e, PACKET_TO_CLIENT, "X coord Y coord Z coord Yaw byte Pitch byte"},
	{0x2f, PACKET_TO_CLIENT, "VX int VY int VZ int ModeX byte ModeY byte ModeZ byte"},
	{0x30, PACKET_TO_CLIENT,
		"ID byte U1 byte V1 byte U2 byte V2 byte TintR byte TintG byte TintB byte "
		"Frames byte Particles byte Size byte SizeVar int Spread ushort Speed int "
		"Gravity int Life int LifeVar int Collide byte FullBright byte"},
	{0x31, PACKET_TO_CLIENT, "ID byte X int Y int Z int OX int OY int OZ int"},
	{0x32, PACKET_TO_CLIENT,
		"ID byte Name string Flags byte NameY float EyeY float CollX float CollY float "
		"CollZ float MinX float MinY float MinZ float MaxX float MaxY float MaxZ float "
		"UScale ushort VScale ushort Parts byte"},
	{0x33, PACKET_TO_CLIENT,
		"ID byte MinX float MinY float MinZ float MaxX float MaxY float MaxZ float "
		"U1_0 ushort V1_0 ushort U2_0 ushort V2_0 ushort U1_1 ushort V1_1 ushort U2_1 "
		"ushort V2_1 ushort U1_2 ushort V1_2 ushort U2_2 ushort V2_2 ushort U1_3 "
		"ushort V1_3 ushort U2_3 ushort V2_3 ushort U1_4 ushort V1_4 ushort U2_4 "
		"ushort V2_4 ushort U1_5 ushort V1_5 ushort U2_5 ushort V2_5 ushort RotOX "
		"float RotOY float RotOZ float RotX float RotY float RotZ float Anim0 byte A0 "
		"float B0 float C0 float D0 float Anim1 byte A1 float B1 float C1 float D1 "
		"float Anim2 byte A2 float B2 float C2 float D2 float Anim3 byte A3 float B3 "
		"float C3 float D3 float Legacy byte LegacyF float Flags byte"},
	{0x34, PACKET_TO_CLIENT, "ID byte"},
	{0x35, PACKET_TO_CLIENT, "Channel byte Data bytes[64]"},
	{0x35, PACKET_TO_SERVER, "Channel byte Data bytes[64]"},
	{0x36, PACKET_TO_CLIENT,
		"EntityID byte Flags byte X coord Y coord Z coord Yaw byte Pitch byte"},
	{0x37, PACKET_TO_CLIENT, "Mode byte Locked byte"},
	{0x38, PACKET_TO_CLIENT,
		"HideCrosshair byte HideHand byte HideHotbar byte R byte G byte B byte A byte "
		"BarSize ushort"},
	{0x39, PACKET_TO_SERVER, "Action ushort Value ushort"},
	{0x3a, PACKET_TO_SERVER, "Action ushort X ushort Y ushort Z ushort"},
	{0x3b, PACKET_TO_CLIENT, "Close byte"},
};

static const struct vector_extension vector_extensions[] = {
	{"ClickDistance", 1}, {"CustomBlocks", 1}, {"HeldBlock", 1}, {"EmoteFix", 1},
	{"TextHotKey", 1}, {"ExtPlayerList", 2}, {"EnvColors", 1}, {"SelectionCuboid", 1},
	{"BlockPermissions", 1}, {"ChangeModel", 1}, {"EnvMapAppearance", 2},
	{"EnvWeatherType", 1}, {"MessageTypes", 1}, {"HackControl", 1}, {"PlayerClick", 1},
	{"FullCP437", 1}, {"LongerMessages", 1}, {"BlockDefinitions", 1},
	{"BlockDefinitionsExt", 2}, {"BulkBlockUpdate", 1}, {"TextColors", 1},
	{"EnvMapAspect", 2}, {"EntityProperty", 2}, {"ExtEntityPositions", 1},
	{"TwoWayPing", 1}, {"InventoryOrder", 1}, {"InstantMOTD", 1}, {"FastMap", 1},
	{"SetHotbar", 1}, {"SetSpawnpoint", 1}, {"VelocityControl", 1},
	{"CustomParticles", 1}, {"CustomModels", 2}, {"PluginMessages", 1},
	{"ExtEntityTeleport", 1}, {"LightingMode", 1}, {"CinematicGui", 1},
	{"NotifyAction", 1}, {"ToggleBlockList", 1}, {"ExtendedTextures", 1},
	{"ExtendedBlocks", 1}, {"AmpersandSupport", 1},
};
/* clang-format on */

#endif
