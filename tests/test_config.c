/* SPDX-License-Identifier: MIT */
/*
 * kurafuto.json: for each key good and bad values, defaults, faults word by word, syntax errors
 * by line and column, and the way back to JSON. Most tests are rows of a text and of what must
 * be said about it, one line a message; warnings begin with "warning: ".
 */
#include <bsd/string.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "said.h"
#include "suite.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define X10          "xxxxxxxxxx"
#define X30          X10 X10 X10
#define X60          X30 X30
#define A            "\"name\":\"a\",\"address\":\"h\"" /* a server, but for the braces */
#define B            "\"name\":\"bee\",\"address\":\"h\""
#define P                                                                                      \
	"\"name\":\"Q\",\"size\":9,\"direction\":\"both\",\"extension\":\"My\"" /* a packet,   \
										   but for its \
										   id */

#define NAME_WANTED \
	"a name of 1-32 letters, digits, '_' and '-' that does not start with a digit"
#define HOST_WANTED "an IPv4 or IPv6 address, a host name, or unix: and the path of a socket"
#define LINE_WANTED "1-64 printable ASCII characters without spaces"

/* ---- good values: what is printed when they have been loaded ---- */

/* clang-format off */
static const struct {
	const char *json, *shown;
} values[] = {
	{"{\"name\":\"x\"}", "\"name\":\t\"x\""},
	{"{\"name\":\"" X60 "\xe2\x98\xba\xe2\x98\xba\xe2\x98\xba\xe2\x98\xba\"}", "xx\xe2\x98\xba\xe2\x98\xba\xe2\x98\xba\xe2\x98\xba\""},
	{"{\"motd\":\"\"}", "\"motd\":\t\"\""},
	{"{\"motd\":\"&eHi \\u2665 \\\"you\\\"\"}", "\"motd\":\t\"&eHi \xe2\x99\xa5 \\\"you\\\"\""},
	{"{\"address\":\"127.0.0.1\"}", "\"address\":\t\"127.0.0.1\""},
	{"{\"address\":\"::\"}", "\"address\":\t\"::\""},
	{"{\"port\":0}", "\"port\":\t0,"},
	{"{\"packets\":[{\"id\":\"0x41\",\"name\":\"F\",\"size\":3,\"direction\":\"c2s\",\"extension\":\"E\"}]}", "\"id\":\t65,"},
	{"{\"address\":\"127.0.0.1\",\"servers\":[{\"name\":\"a\",\"address\":\"127.0.0.2\"}]}", "127.0.0.2"},
	{"{\"port\":65535}", "\"port\":\t65535,"},
	{"{\"port\":1e3}", "\"port\":\t1000,"},
	{"{\"verify-names\":false}", "\"verify-names\":\tfalse"},
	{"{\"authentication\":false}", "\"verify-names\":\tfalse"},
	{"{\"authentication\":true}", "\"verify-names\":\ttrue"},
	{"{\"authentication\":false,\"verify-names\":false}", "\"verify-names\":\tfalse"},
	{"{\"verify-lan\":true}", "\"verify-lan\":\ttrue"},
	{"{\"heartbeat\":true}", "\"heartbeat\":\ttrue"},
	{"{\"salt\":\"x\"}", "\"salt\":\t\"x\""},
	{"{\"salt\":\"" X60 "abc~\"}", "abc~\""},
	{"{\"salt\":null}", "\"salt\":\tnull"},
	{"{\"edge-commands\":false}", "\"edge-commands\":\tfalse"},
	{"{\"command-prefix\":\"!\"}", "\"command-prefix\":\t\"!\""},
	{"{\"command-prefix\":\"!/" X10 "1234\"}", "\"!/" X10 "1234\""},
	{"{\"max-players\":1}", "\"max-players\":\t1,"},
	{"{\"max-players\":100000}", "\"max-players\":\t100000,"},
	{"{\"login-timeout-ms\":100}", "\"login-timeout-ms\":\t100,"},
	{"{\"login-timeout-ms\":600000}", "\"login-timeout-ms\":\t600000,"},
	{"{\"client-timeout-ms\":0}", "\"client-timeout-ms\":\t0,"},
	{"{\"client-timeout-ms\":100}", "\"client-timeout-ms\":\t100,"},
	{"{\"client-timeout-ms\":3600000}", "\"client-timeout-ms\":\t3600000,"},
	{"{\"server-timeout-ms\":0}", "\"server-timeout-ms\":\t0,"},
	{"{\"server-timeout-ms\":3600000}", "\"server-timeout-ms\":\t3600000,"},
	{"{\"connect-timeout-ms\":10}", "\"connect-timeout-ms\":\t10,"},
	{"{\"connect-timeout-ms\":60000}", "\"connect-timeout-ms\":\t60000,"},
	{"{\"health\":{\"interval-ms\":50}}", "\"interval-ms\":\t50,"},
	{"{\"health\":{\"interval-ms\":3600000}}", "\"interval-ms\":\t3600000,"},
	{"{\"health\":{}}", "\"interval-ms\":\t5000,"},
	{"{\"lobby\":false,\"servers\":[{" A "}]}", "\"lobby\":\tfalse"},
	{"{\"servers\":[{" A "}]}", "\"name\":\t\"a\",\n\t\t\t\"address\":\t\"h\",\n\t\t\t\"port\":\t25565"},
	{"{\"servers\":[{" A ",\"port\":1}]}", "\"port\":\t1,\n"},
	{"{\"servers\":[{\"name\":\"_-Ab9\",\"address\":\"::1\"}]}", "\"_-Ab9\""},
	{"{\"servers\":[{\"name\":\"" X30 "12\",\"address\":\"mc.example.org.\"}]}", "\"mc.example.org.\""},
	{"{\"servers\":[{\"name\":\"lobby\",\"address\":\"a_b-c.4you\"}],\"lobby\":false}", "\"lobby\",\n"},
	{"{\"servers\":[{" A "},{" B "}]}", "\"hubs\":\t[\"a\"]"},
	{"{\"servers\":[{" A "},{" B "}],\"hubs\":[]}", "\"hubs\":\t[\"a\"]"},
	{"{\"servers\":[{" A "},{" B "}],\"hubs\":\"\"}", "\"hubs\":\t[\"a\"]"},
	{"{\"servers\":[{" A "},{" B "}],\"hubs\":\"bee\"}", "\"hubs\":\t[\"bee\"]"},
	{"{\"servers\":[{" A "},{" B "}],\"hubs\":[\"BEE\",\"a\"]}", "\"hubs\":\t[\"bee\", \"a\"]"},
	{"{\"servers\":[{" A "},{" B "}],\"hubs\":\" bee , a \"}", "\"hubs\":\t[\"bee\", \"a\"]"},
	{"{\"hubs\":[]}", "\"hubs\":\t[]"},
	{"{\"ignore-packets\":\"0x01,0x0d\"}", "\"ignore-packets\":\t[\"0x01\", \"0x0d\"]"},
	{"{\"ignore-packets\":\" 1 , 13,0XfF\"}", "\"ignore-packets\":\t[\"0x01\", \"0x0d\", \"0xff\"]"},
	{"{\"ignore-packets\":[255,\"1\",\"0x0d\",\"2,3\"]}", "\"ignore-packets\":\t[\"0x01\", \"0x02\", \"0x03\", \"0x0d\", \"0xff\"]"},
	{"{\"ignore-packets\":\"\"}", "\"ignore-packets\":\t[]"},
	{"{\"ignore-packets\":[]}", "\"ignore-packets\":\t[]"},
	{"{\"ignore-packets\":[0,1,1]}", "\"ignore-packets\":\t[\"0x00\", \"0x01\"]"},
	{"{\"drop-packets\":\"0x01,0x0d\"}", "\"drop-packets\":\t[\"0x01\", \"0x0d\"]"},
	{"{\"drop-packets\":[1,13]}", "\"drop-packets\":\t[\"0x01\", \"0x0d\"]"},
	{"{\"drop-extensions\":\"heldblock, FastMap\"}", "\"drop-extensions\":\t[\"HeldBlock\", \"FastMap\"]"},
	{"{\"drop-extensions\":[\"FastMap\",\"HeldBlock\"]}", "\"drop-extensions\":\t[\"HeldBlock\", \"FastMap\"]"},
	{"{\"drop-extensions\":\"My\",\"packets\":[{\"id\":60," P "}]}", "\"drop-extensions\":\t[\"My\"]"},
	{"{\"packets\":[{\"id\":255," P ",\"version\":255}]}", "\"id\":\t255,\n\t\t\t\"name\":\t\"Q\",\n\t\t\t\"size\":\t9"},
	{"{\"packets\":[{\"id\":60," P "}]}", "\"direction\":\t\"to-server\",\n\t\t\t\"extension\":\t\"My\",\n\t\t\t\"version\":\t1"},
	{"{\"log\":{\"level\":\"trace\",\"color\":\"never\",\"timestamps\":false}}", "\"level\":\t\"trace\",\n\t\t\"color\":\t\"never\",\n\t\t\"timestamps\":\tfalse"},
	{"{\"log\":{\"level\":\"error\"}}", "\"level\":\t\"error\",\n\t\t\"color\":\t\"auto\",\n\t\t\"timestamps\":\ttrue"},
	{"\xef\xbb\xbf {\"port\":7}\r\n", "\"port\":\t7"},
};
/* clang-format on */

START_TEST(good_values_are_taken)
{
	struct config *config = good(values[_i].json);
	char *text = printed(config);

	ck_assert_msg(strstr(text, values[_i].shown) != NULL, "%s: no %s in %s",
		      values[_i].json, values[_i].shown, text);
	free(text);
	config_free(config);
}
END_TEST

/* What is printed loads without a fault and prints the same. */
START_TEST(printing_round_trips)
{
	struct config *first = good(values[_i].json);
	char *text = printed(first);
	struct config *second = good(text);
	char *again = printed(second);

	ck_assert_str_eq(text, again);
	ck_assert_uint_eq(first->catalog.n_custom, second->catalog.n_custom);
	ck_assert_mem_eq(first->catalog.dropped, second->catalog.dropped,
			 sizeof(first->catalog.dropped));
	free(text);
	free(again);
	config_free(first);
	config_free(second);
}
END_TEST

/* ---- bad values: each fault, word by word ---- */

/* clang-format off */
static const struct {
	const char *json, *said;
} faults[] = {
	{"{\"name\":\"\"}", "name: \"\" is not a text of 1-64 characters\n"},
	{"{\"name\":1}", "name: 1 is a number, and not a text of 1-64 characters\n"},
	{"{\"name\":\"" X60 "12345\"}",
	 "name: \"" X30 X10 X10 "xxxxxxxxx... has 65 characters, and only 64 fit into a line of the game\n"},
	{"{\"name\":\"a\\nb\"}", "name: \"a\\nb\" has a control character\n"},
	{"{\"motd\":\"a\\u007fb\"}", "motd: \"a\x7f" "b\" has a control character\n"},
	{"{\"name\":\"" X30 X10 X10 "12345678\\n\"}", /* shown whole, as 62 bytes with its quotes */
	 "name: \"" X30 X10 X10 "12345678\\n\" has a control character\n"},
	{"{\"name\":\"" X30 X10 X10 "123456789\\n\"}", /* 63 bytes are still shown whole */
	 "name: \"" X30 X10 X10 "123456789\\n\" has a control character\n"},
	{"{\"name\":\"" X30 X10 X10 "12345678\xe2\x98\xba\\n\"}", /* and never half a character */
	 "name: \"" X30 X10 X10 "12345678... has a control character\n"},
	{"{\"motd\":null}", "motd: null is nothing, and not a text of up to 64 characters\n"},
	{"{\"address\":\"localhost\"}",
	 "address: \"localhost\" is not a numeric IPv4 or IPv6 address, such as 0.0.0.0 or ::\n"},
	{"{\"address\":\"1.2.3\"}", "address: \"1.2.3\" is not a numeric IPv4 or IPv6 address, such as 0.0.0.0 or ::\n"},
	{"{\"port\":-1}", "port: -1 is not a port (0-65535)\n"},
	{"{\"port\":65536}", "port: 65536 is not a port (0-65535)\n"},
	{"{\"port\":1.5}", "port: 1.5 is not a port (0-65535)\n"},
	{"{\"port\":1e999}", "port: the number is not a port (0-65535)\n"},
	{"{\"port\":\"25565\"}", "port: \"25565\" is a text, and not a port (0-65535)\n"},
	{"{\"port\":[1]}", "port: [1] is a list, and not a port (0-65535)\n"},
	{"{\"port\":{}}", "port: {} is an object, and not a port (0-65535)\n"},
	{"{\"port\":true}", "port: true is a truth value, and not a port (0-65535)\n"},
	{"{\"verify-names\":1}", "verify-names: 1 is a number, and not true or false\n"},
	{"{\"authentication\":\"yes\"}", "authentication: \"yes\" is a text, and not true or false\n"},
	{"{\"verify-lan\":null}", "verify-lan: null is nothing, and not true or false\n"},
	{"{\"heartbeat\":0}", "heartbeat: 0 is a number, and not true or false\n"},
	{"{\"salt\":\"\"}", "salt: the value is not a text of " LINE_WANTED "\n"},
	{"{\"salt\":\"se cret\"}", "salt: the value is not a text of " LINE_WANTED "\n"},
	{"{\"salt\":\"\xc3\xa9\"}", "salt: the value is not a text of " LINE_WANTED "\n"},
	{"{\"salt\":\"" X60 "12345\"}", "salt: the value is not a text of " LINE_WANTED "\n"},
	{"{\"salt\":12345}", "salt: the value is a number, and not a text of " LINE_WANTED "\n"},
	{"{\"edge-commands\":\"\"}", "edge-commands: \"\" is a text, and not true or false\n"},
	{"{\"command-prefix\":\"\"}", "command-prefix: \"\" is not a text of 1-16 printable ASCII characters without spaces\n"},
	{"{\"command-prefix\":\"/kura\"}",
	 "command-prefix: \"/kura\" starts with '/', which belongs to the commands of the servers\n"},
	{"{\"command-prefix\":\": kura\"}",
	 "command-prefix: \": kura\" is not a text of 1-16 printable ASCII characters without spaces\n"},
	{"{\"command-prefix\":\"" X10 "1234567\"}",
	 "command-prefix: \"" X10 "1234567\" is not a text of 1-16 printable ASCII characters without spaces\n"},
	{"{\"command-prefix\":\"&a:k\"}", "command-prefix: \"&a:k\" has a sign of colours in it, & or %, that nobody can type\n"},
	{"{\"max-players\":0}", "max-players: 0 is not a number of players (1-100000)\n"},
	{"{\"max-players\":100001}", "max-players: 100001 is not a number of players (1-100000)\n"},
	{"{\"login-timeout-ms\":99}", "login-timeout-ms: 99 is not a time in milliseconds (100-600000)\n"},
	{"{\"login-timeout-ms\":600001}", "login-timeout-ms: 600001 is not a time in milliseconds (100-600000)\n"},
	{"{\"client-timeout-ms\":1}", "client-timeout-ms: 1 is not a time in milliseconds (0 or 100-3600000)\n"},
	{"{\"server-timeout-ms\":99}", "server-timeout-ms: 99 is not a time in milliseconds (0 or 100-3600000)\n"},
	{"{\"server-timeout-ms\":3600001}", "server-timeout-ms: 3600001 is not a time in milliseconds (0 or 100-3600000)\n"},
	{"{\"connect-timeout-ms\":9}", "connect-timeout-ms: 9 is not a time in milliseconds (10-60000)\n"},
	{"{\"connect-timeout-ms\":60001}", "connect-timeout-ms: 60001 is not a time in milliseconds (10-60000)\n"},
	{"{\"health\":{\"interval-ms\":49}}", "health.interval-ms: 49 is not a time in milliseconds (50-3600000)\n"},
	{"{\"health\":5000}", "health: 5000 is a number, and not an object { ... }\n"},
	{"{\"lobby\":\"no\"}", "lobby: \"no\" is a text, and not true or false\n"},
	{"{\"lobby\":false}", "servers: no servers are linked and the lobby is off: nobody could join\n"},
	{"{\"lobby\":false,\"servers\":[]}", "servers: no servers are linked and the lobby is off: nobody could join\n"},
	{"{\"lobby\":false,\"servers\":3}", "servers: 3 is a number, and not a list of objects\n"},
	{"{\"servers\":{}}", "servers: {} is an object, and not a list of objects\n"},
	{"{\"servers\":[\"a\"]}", "servers[0]: \"a\" is a text, and not an object { ... }\n"},
	{"{\"servers\":[{}]}", "servers[0].name: missing: " NAME_WANTED "\nservers[0].address: missing: " HOST_WANTED "\n"},
	{"{\"servers\":[{" A "},{" B ",\"port\":0},{\"name\":\"c\",\"address\":\"h\",\"port\":70000}]}",
	 "servers[1].port: 0 is not a port (1-65535)\nservers[2].port: 70000 is not a port (1-65535)\n"},
	{"{\"servers\":[{\"name\":\"a\",\"address\":\"127.1.2.3\"},{\"name\":\"b\",\"address\":\"LocalHost\",\"port\":1}]}",
	 "servers[0]: 127.1.2.3 port 25565 is where Kurafuto itself listens; give one of them another port\n"},
	{"{\"address\":\"::\",\"port\":7,\"servers\":[{\"name\":\"a\",\"address\":\"::1\",\"port\":7}]}",
	 "servers[0]: ::1 port 7 is where Kurafuto itself listens; give one of them another port\n"},
	{"{\"address\":\"10.0.0.1\",\"servers\":[{\"name\":\"a\",\"address\":\"10.0.0.1\"}]}",
	 "servers[0]: 10.0.0.1 port 25565 is where Kurafuto itself listens; give one of them another port\n"},
	{"{\"servers\":[{\"name\":\"1a\",\"address\":\"h\"}]}", "servers[0].name: \"1a\" is not " NAME_WANTED "\n"},
	{"{\"servers\":[{\"name\":\"a b\",\"address\":\"h\"}]}", "servers[0].name: \"a b\" is not " NAME_WANTED "\n"},
	{"{\"servers\":[{\"name\":\"\",\"address\":\"h\"}]}", "servers[0].name: \"\" is not " NAME_WANTED "\n"},
	{"{\"servers\":[{\"name\":\"" X30 "123\",\"address\":\"h\"}]}",
	 "servers[0].name: \"" X30 "123\" is not " NAME_WANTED "\n"},
	{"{\"servers\":[{\"name\":\"a\",\"address\":\"\"}]}", "servers[0].address: \"\" is not " HOST_WANTED "\n"},
	{"{\"servers\":[{\"name\":\"a\",\"address\":\"-h\"}]}", "servers[0].address: \"-h\" is not " HOST_WANTED "\n"},
	{"{\"servers\":[{\"name\":\"a\",\"address\":\"h-.org\"}]}", "servers[0].address: \"h-.org\" is not " HOST_WANTED "\n"},
	{"{\"servers\":[{\"name\":\"a\",\"address\":\"a..b\"}]}", "servers[0].address: \"a..b\" is not " HOST_WANTED "\n"},
	{"{\"servers\":[{\"name\":\"a\",\"address\":\"a:1\"}]}", "servers[0].address: \"a:1\" is not " HOST_WANTED "\n"},
	{"{\"servers\":[{\"name\":\"a\",\"address\":\"300.1.1.1\"}]}",
	 "servers[0].address: \"300.1.1.1\" is not " HOST_WANTED "\n"},
	{"{\"servers\":[{\"name\":\"a\",\"address\":\"" X60 "12345\"}]}",
	 "servers[0].address: \"" X30 X10 X10 "xxxxxxxxx... is not " HOST_WANTED "\n"},
	{"{\"servers\":[{\"name\":\"a\",\"address\":\"" X60 "." X60 "." X60 "." X60 "." X10 "\"}]}",
	 "servers[0].address: \"" X30 X10 X10 "xxxxxxxxx... is not " HOST_WANTED "\n"},
	{"{\"servers\":[{" B "},{\"name\":\"BEE\",\"address\":\"h\"}]}",
	 "servers[1].name: \"BEE\" is the name of servers[0] already\n"},
	{"{\"servers\":[{\"name\":\"Lobby\",\"address\":\"h\"}]}",
	 "servers[0].name: \"Lobby\" is the embedded lobby; choose another name, or set lobby to false\n"},
	{"{\"servers\":[{" B "}],\"hubs\":\"beee\"}",
	 "hubs: \"beee\" is not the name of a linked server or of a group; did you mean \"bee\"?\n"},
	{"{\"servers\":[{" B "}],\"hubs\":[\"bee\",\"other\",1,\"Bee\"]}",
	 "hubs[1]: \"other\" is not the name of a linked server or of a group\n"
	 "hubs[2]: 1 is not the name of a linked server or of a group\n"
	 "hubs[3]: \"Bee\" stands there twice\n"},
	{"{\"hubs\":true}",
	 "hubs: true is a truth value, and not a list of names of servers and groups, or a text with commas\n"},
	{"{\"ignore-packets\":13}",
	 "ignore-packets: 13 is a number, and not a list of opcodes, or a text with commas such as \"0x01,0x0d\"\n"},
	{"{\"ignore-packets\":[256,-1,0.5,\"0x100\",\"x\",\"0x\",null,\"1,,2\",\"-1\",\"0000\",\"256\"]}",
	 "ignore-packets[0]: 256 is not an opcode (0-255 or 0x00-0xff)\n"
	 "ignore-packets[1]: -1 is not an opcode (0-255 or 0x00-0xff)\n"
	 "ignore-packets[2]: 0.5 is not an opcode (0-255 or 0x00-0xff)\n"
	 "ignore-packets[3]: \"0x100\" is not an opcode (0-255 or 0x00-0xff)\n"
	 "ignore-packets[4]: \"x\" is not an opcode (0-255 or 0x00-0xff)\n"
	 "ignore-packets[5]: \"0x\" is not an opcode (0-255 or 0x00-0xff)\n"
	 "ignore-packets[6]: null is not an opcode (0-255 or 0x00-0xff)\n"
	 "ignore-packets[7]: \"\" is not an opcode (0-255 or 0x00-0xff)\n"
	 "ignore-packets[8]: \"-1\" is not an opcode (0-255 or 0x00-0xff)\n"
	 "ignore-packets[9]: \"0000\" is not an opcode (0-255 or 0x00-0xff)\n"
	 "ignore-packets[10]: \"256\" is not an opcode (0-255 or 0x00-0xff)\n"},
	{"{\"drop-packets\":\"0,2,0x03,zz\"}",
	 "drop-packets: 0x00 (Identification) can't be dropped: a login needs it\n"
	 "drop-packets: 0x02 (LevelInitialize) can't be dropped: a login needs it\n"
	 "drop-packets: 0x03 (LevelDataChunk) can't be dropped: a login needs it\n"
	 "drop-packets: \"zz\" is not an opcode (0-255 or 0x00-0xff)\n"},
	{"{\"drop-packets\":[4,14,16,17]}",
	 "drop-packets[0]: 0x04 (LevelFinalize) can't be dropped: a login needs it\n"
	 "drop-packets[1]: 0x0e (Disconnect) can't be dropped: a login needs it\n"
	 "drop-packets[2]: 0x10 (ExtInfo) can't be dropped: a login needs it\n"
	 "drop-packets[3]: 0x11 (ExtEntry) can't be dropped: a login needs it\n"},
	{"{\"drop-extensions\":[\"FastMop\",\"Nothing like it\",7]}",
	 "drop-extensions[0]: \"FastMop\" is not a known extension; did you mean \"FastMap\"?\n"
	 "drop-extensions[1]: \"Nothing like it\" is not a known extension\n"
	 "drop-extensions[2]: 7 is not a known extension\n"},
	{"{\"drop-extensions\":null}",
	 "drop-extensions: null is nothing, and not a list of names of extensions, or a text with commas\n"},
	{"{\"packets\":\"0x3c\"}", "packets: \"0x3c\" is a text, and not a list of objects\n"},
	{"{\"packets\":[7]}", "packets[0]: 7 is a number, and not an object { ... }\n"},
	{"{\"packets\":[{}]}",
	 "packets[0].id: missing: a free opcode (60-255)\n"
	 "packets[0].name: missing: " LINE_WANTED "\n"
	 "packets[0].size: missing: a number of bytes (1-1346)\n"
	 "packets[0].direction: missing: one of to-client, to-server, both, s2c, c2s\n"
	 "packets[0].extension: missing: " LINE_WANTED "\n"},
	{"{\"packets\":[{\"id\":59,\"name\":\"\",\"size\":1347,\"direction\":\"up\",\"extension\":\"a b\",\"version\":256}]}",
	 "packets[0].id: 59 is not a free opcode (60-255)\n"
	 "packets[0].name: \"\" is not " LINE_WANTED "\n"
	 "packets[0].size: 1347 is not a number of bytes (1-1346)\n"
	 "packets[0].direction: \"up\" is not one of to-client, to-server, both, s2c, c2s\n"
	 "packets[0].extension: \"a b\" is not " LINE_WANTED "\n"
	 "packets[0].version: 256 is not a version (1-255)\n"},
	{"{\"log\":{\"level\":\"loud\",\"color\":1,\"timestamps\":\"iso\"}}",
	 "log.level: \"loud\" is not one of error, warn, info, debug, trace\n"
	 "log.color: 1 is a number, and not one of auto, always, never\n"
	 "log.timestamps: \"iso\" is a text, and not true or false\n"},
	{"{\"log\":\"debug\"}", "log: \"debug\" is a text, and not an object { ... }\n"},

	/* unknown keys and keys that stand there twice */
	{"{\"Port\":1}", "Port: unknown key; did you mean \"port\"?\n"},
	{"{\"verify_names\":true}", "verify_names: unknown key; did you mean \"verify-names\"?\n"},
	{"{\"serverlist\":[]}", "serverlist: unknown key; did you mean \"servers\"?\n"},
	{"{\"plugins\":[]}", "plugins: unknown key\n"},
	{"{\"\":1,\"a b\":1,\"\\u0001\":1}", "\"\": unknown key\n\"a b\": unknown key\n\"\\u0001\": unknown key\n"},
	{"{\"log\":{\"lvl\":1,\"levl\":1}}", "log.lvl: unknown key\nlog.levl: unknown key; did you mean \"level\"?\n"},
	{"{\"servers\":[{" A ",\"prot\":1}]}", "servers[0].prot: unknown key; did you mean \"port\"?\n"},
	{"{\"port\":1,\"port\":1}", "port: stands there twice\n"},
	{"{\"servers\":[{" A "," A "}]}", "servers[0].name: stands there twice\nservers[0].address: stands there twice\n"},

	/* the whole file */
	{"[]", "[] is a list, and not an object { ... }\n"},
	{"3", "3 is a number, and not an object { ... }\n"},
	{"null", "null is nothing, and not an object { ... }\n"},

	/* everything at once */
	{"{\"prot\":1,\"port\":-1,\"name\":7,\"salt\":\"\",\"servers\":[{" A ",\"port\":70000},{\"name\":\"A\"}],\"hubs\":\"b\","
	 "\"drop-packets\":\"0\",\"log\":{\"level\":\"x\",\"colour\":\"auto\"},\"lobby\":1}",
	 "prot: unknown key; did you mean \"port\"?\n"
	 "name: 7 is a number, and not a text of 1-64 characters\n"
	 "port: -1 is not a port (0-65535)\n"
	 "salt: the value is not a text of " LINE_WANTED "\n"
	 "lobby: 1 is a number, and not true or false\n"
	 "servers[0].port: 70000 is not a port (1-65535)\n"
	 "servers[1].address: missing: " HOST_WANTED "\n"
	 "servers[1].name: \"A\" is the name of servers[0] already\n"
	 "hubs: \"b\" is not the name of a linked server or of a group; did you mean \"a\"?\n"
	 "drop-packets: 0x00 (Identification) can't be dropped: a login needs it\n"
	 "log.colour: unknown key; did you mean \"color\"?\n"
	 "log.level: \"x\" is not one of error, warn, info, debug, trace\n"},

	/* syntax, by line and column */
	{"", "k.json:1:1: syntax error: the end comes too early\n"},
	{" \n\n", "k.json:3:1: syntax error: the end comes too early\n"},
	{"{", "k.json:1:2: syntax error: the end comes too early\n"},
	{"{\"port\":1", "k.json:1:10: syntax error: the end comes too early\n"},
	{"{\n\t\"port\": 1,\n}\n", "k.json:3:1: syntax error: a comma too many in front of '}'\n"},
	{"{\"servers\":[\n1,\n ]}", "k.json:3:2: syntax error: a comma too many in front of ']'\n"},
	{"{\"port\" 1}", "k.json:1:9: syntax error at '1'\n"},
	{"{\"port\":}", "k.json:1:9: syntax error at '}'\n"},
	{"{\"port\":1\n \"name\":\"x\"}", "k.json:2:2: syntax error at '\"'\n"},
	{"{port:1}", "k.json:1:2: syntax error at 'p'\n"},
	{"{\"port\":1,'x':2}", "k.json:1:11: syntax error at '''\n"},
	{"{,}", "k.json:1:2: syntax error at ','\n"},
	{"{}}", "k.json:1:3: syntax error at '}'\n"},
	{"{\"log\":{}},", "k.json:1:11: syntax error at ','\n"},
	{"{} \xc3\xa9", "k.json:1:4: syntax error at '\xc3\xa9'\n"},
	{"// comment\n{}", "k.json:1:1: syntax error at '/'\n"},
	{"{\"lobby\":True}", "k.json:1:10: syntax error at 'T'\n"},
	{"{\"name\":\"\xc3\xa9\xe2\x98\xba\", x}", "k.json:1:15: syntax error at 'x'\n"}, /* characters, not bytes */
	{"\xef\xbb\xbf{x", "k.json:1:2: syntax error at 'x'\n"},
	{"{\"name\":\"a\n\"}", "k.json:1:9: this text does not end on its line\n"},
	{"{\n\"name: \"x\",\n\"port\":1}", "k.json:2:10: this text does not end on its line\n"},
	{"{\"name\":\"a", "k.json:1:9: this text does not end on its line\n"},
	{"{\"name\":\"a\\\"}", "k.json:1:9: this text does not end on its line\n"},
	{"{\"name\":\"a\tb\"}", "k.json:1:11: a control character\n"},
	{"{\"name\":\"a\x7f\"}", "k.json:1:11: a control character\n"},
	{"{\"name\":\"a\\\"{\",}", "k.json:1:16: syntax error: a comma too many in front of '}'\n"},
	{"{\"port\":\x01 1}", "k.json:1:9: a control character\n"},
	{"{\"name\":\"a\xff\"}", "k.json:1:11: not UTF-8\n"},
	{"{\"name\":\"a\xe2\x98\"}", "k.json:1:11: not UTF-8\n"},
	{"{\"name\":\"a\\u0000b\"}", "k.json:1:11: \\u0000 can't stand in a text\n"},
	{"{\"name\":\"a\\qb\"}", "k.json:1:11: syntax error at '\\'\n"},
};
/* clang-format on */

START_TEST(faults_are_said)
{
	struct said said;

	ck_assert_ptr_null(parse(faults[_i].json, &said));
	ck_assert_str_eq(said.text, faults[_i].said);
}
END_TEST

/* ---- defaults ---- */

START_TEST(defaults_are_built_in)
{
	struct said said = {""};
	struct config *config = config_load(NULL, hear, &said);

	ck_assert_str_eq(said.text, "");
	ck_assert_ptr_nonnull(config);
	ck_assert_ptr_null(config->path);
	ck_assert_str_eq(config->name, "Kurafuto");
	ck_assert_str_eq(config->motd, "Welcome!");
	ck_assert_str_eq(config->address, "0.0.0.0");
	ck_assert_uint_eq(config->port, 25565);
	ck_assert(config->verify_names && !config->verify_lan && !config->heartbeat &&
		  config->edge_commands);
	ck_assert_ptr_null(config->salt);
	ck_assert_str_eq(config->command_prefix, ":kura");
	ck_assert_uint_eq(config->max_players, 1000);
	ck_assert_int_eq(config->login_timeout_ms, 5000);
	ck_assert_int_eq(config->client_timeout_ms, 60000);
	ck_assert_int_eq(config->server_timeout_ms, 60000);
	ck_assert_int_eq(config->connect_timeout_ms, 3000);
	ck_assert_int_eq(config->health_interval_ms, 5000);
	ck_assert(config->lobby);
	ck_assert_uint_eq(config->n_servers, 0);
	ck_assert_uint_eq(config->hubs.n, 0);
	ck_assert_uint_eq(config->catalog.n_custom, 0);
	ck_assert_int_eq(config->log_level, LOG_INFO);
	ck_assert_int_eq(config->log_color, LOG_COLOR_AUTO);
	ck_assert(config->log_timestamps);
	for (unsigned i = 0; i < PACKET_OPCODES; i++)
		ck_assert(!config->ignore_packets[i] && !config->drop_packets[i]);
	config_free(config);
	config_free(NULL);
}
END_TEST

START_TEST(choices_are_the_enums)
{
	static const char *const levels[] = {"error", "warn", "info", "debug", "trace"};
	static const char *const colors[] = {"auto", "always", "never"};

	for (unsigned i = 0; i < COUNT(levels); i++) {
		char json[80];

		snprintf(json, sizeof(json), "{\"log\":{\"level\":\"%s\",\"color\":\"%s\"}}",
			 levels[i], colors[i % 3]);
		struct config *config = good(json);
		ck_assert_uint_eq(config->log_level, LOG_ERROR + i);
		ck_assert_uint_eq(config->log_color, LOG_COLOR_AUTO + i % 3);
		config_free(config);
	}
}
END_TEST

/* ---- what needs more than one key ---- */

static const struct {
	bool verify_names, authentication;
	const char *said;
} switches[] = {
	{true, true, ""},
	{false, false, ""},
	{true, false,
	 "warning: authentication: differs from verify-names, which counts: names are "
	 "verified\n"},
	{false, true,
	 "warning: authentication: differs from verify-names, which counts: names are not "
	 "verified\n"},
};

START_TEST(verify_names_wins)
{
	for (unsigned order = 0; order < 2; order++) {
		const char *verify_names = switches[_i].verify_names ? "true" : "false";
		const char *authentication = switches[_i].authentication ? "true" : "false";
		char json[80];
		struct said said;

		if (order == 0)
			snprintf(json, sizeof(json),
				 "{\"verify-names\":%s,\"authentication\":%s}", verify_names,
				 authentication);
		else
			snprintf(json, sizeof(json),
				 "{\"authentication\":%s,\"verify-names\":%s}", authentication,
				 verify_names);
		struct config *config = parse(json, &said);
		ck_assert_str_eq(said.text, switches[_i].said);
		ck_assert_ptr_nonnull(config);
		ck_assert_int_eq(config->verify_names, switches[_i].verify_names);
		config_free(config);
	}
}
END_TEST

START_TEST(servers_and_hubs)
{
	struct config *config =
		good("{\"hubs\":[\"C\",\"a\"],\"servers\":[{" A "},{" B ",\"port\":5},"
		     "{\"name\":\"c\",\"address\":\"2001:db8::1\",\"port\":65535}]}");

	ck_assert_str_eq(config->path, "k.json");
	ck_assert_uint_eq(config->n_servers, 3);
	ck_assert_str_eq(config->servers[0].name, "a");
	ck_assert_str_eq(config->servers[0].address, "h");
	ck_assert_uint_eq(config->servers[0].port, 25565);
	ck_assert_uint_eq(config->servers[1].port, 5);
	ck_assert_str_eq(config->servers[2].address, "2001:db8::1");
	ck_assert_uint_eq(config->hubs.n, 2);
	ck_assert_uint_eq(config->hubs.items[0].index, 2);
	ck_assert_uint_eq(config->hubs.items[1].index, 0);
	config_free(config);
}
END_TEST

START_TEST(too_many_servers)
{
	static char json[CONFIG_SERVERS_MAX * 64];

	for (unsigned n = CONFIG_SERVERS_MAX; n <= CONFIG_SERVERS_MAX + 1; n++) {
		struct said said;

		strlcpy(json, "{\"servers\":[", sizeof(json));
		for (unsigned i = 0; i < n; i++)
			snprintf(json + strlen(json), sizeof(json) - strlen(json),
				 "%s{\"name\":\"s%u\",\"address\":\"h\"}", i > 0 ? "," : "", i);
		strlcat(json, "]}", sizeof(json));
		struct config *config = parse(json, &said);
		ck_assert_str_eq(
			said.text,
			n > CONFIG_SERVERS_MAX
				? "servers: 257 servers are too many; up to 256 can be linked\n"
				: "");
		ck_assert_int_eq(config != NULL, n <= CONFIG_SERVERS_MAX);
		config_free(config);
	}
}
END_TEST

static const struct {
	const char *word;
	bool to_client, to_server;
} ways[] = {
	{"to-client", true, false}, {"s2c", true, false}, {"to-server", false, true},
	{"c2s", false, true},       {"both", true, true},
};

START_TEST(custom_packets_go_their_way)
{
	char json[160];

	snprintf(json, sizeof(json),
		 "{\"packets\":[{\"id\":77,\"name\":\"Q\",\"size\":9,\"direction\":\"%s\","
		 "\"extension\":\"My\",\"version\":3}]}",
		 ways[_i].word);
	struct config *config = good(json);
	const struct packet_info *to_client =
		packet_info(&config->catalog, PACKET_TO_CLIENT, 77);
	const struct packet_info *to_server =
		packet_info(&config->catalog, PACKET_TO_SERVER, 77);
	const struct packet_info *either = to_client != NULL ? to_client : to_server;
	int extension = packet_extension_find(&config->catalog, "My");

	ck_assert_int_eq(to_client != NULL, ways[_i].to_client);
	ck_assert_int_eq(to_server != NULL, ways[_i].to_server);
	ck_assert_ptr_nonnull(either);
	ck_assert_uint_eq(either->size, 9);
	ck_assert_str_eq(either->name, "Q");
	ck_assert_int_ge(extension, EXT_CUSTOM);
	ck_assert_uint_eq(packet_extension(&config->catalog, (unsigned)extension)->version, 3);
	config_free(config);
}
END_TEST

/* What the catalog refuses is a fault of the item, in the catalog's words. */
START_TEST(custom_packets_that_clash)
{
	struct said said;

	ck_assert_ptr_null(parse("{\"packets\":[{\"id\":60," P "},{\"id\":60," P "}]}", &said));
	ck_assert_msg(strncmp(said.text, "packets[1]: ", 12) == 0, "%s", said.text);
	ck_assert_ptr_eq(strchr(said.text, '\n'), said.text + strlen(said.text) - 1);
}
END_TEST

START_TEST(dropping_extensions)
{
	struct config *config = good("{\"drop-extensions\":[\"fastmap\"]}");

	for (unsigned i = 0; i < EXT_STANDARD_COUNT; i++)
		ck_assert_int_eq(config->catalog.dropped[i], i == EXT_FAST_MAP);
	config_free(config);
}
END_TEST

/* ---- files ---- */

START_TEST(files_that_cannot_be_read)
{
	struct said said = {""};

	ck_assert_ptr_null(config_load("/nonexistent/k.json", hear, &said));
	ck_assert_str_eq(said.text,
			 "/nonexistent/k.json can't be read: No such file or directory\n");
	said.text[0] = '\0';
	ck_assert_ptr_null(config_load("/", hear, &said));
	ck_assert_str_eq(said.text, "/ can't be read: Is a directory\n");
}
END_TEST

/* Writes a file of that many spaces behind {}, loads it, and says what was said. */
static struct config *load_padded(size_t size, struct said *said)
{
	char path[] = "/tmp/test_config.XXXXXX";
	int fd = mkstemp(path);
	FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;

	ck_assert_ptr_nonnull(file);
	fprintf(file, "{}%*s", (int)size - 2, "");
	ck_assert_int_eq(fclose(file), 0);
	said->text[0] = '\0';
	struct config *config = config_load(path, hear, said);
	if (config != NULL)
		ck_assert_str_eq(config->path, path);
	unlink(path);
	return config;
}

START_TEST(files_that_are_too_large)
{
	struct said said;
	struct config *config = load_padded(1024 * 1024, &said);

	ck_assert_str_eq(said.text, "");
	ck_assert_ptr_nonnull(config);
	config_free(config);
	ck_assert_ptr_null(load_padded(1024 * 1024 + 1, &said));
	ck_assert_ptr_nonnull(strstr(said.text, " has more than 1024 KiB\n"));
}
END_TEST

/* A NUL byte ends nothing: what stands behind it is seen, and nothing beyond the size is read.
 */
START_TEST(nul_bytes_and_sizes)
{
	static const char in_text[] = "{\"name\":\"a\0b\"}", behind[] = "{}\0{",
			  cut[] = "{}garbage";
	struct said said = {""};

	ck_assert_ptr_null(config_parse("k.json", in_text, sizeof(in_text) - 1, hear, &said));
	ck_assert_str_eq(said.text, "k.json:1:11: a NUL byte\n");
	said.text[0] = '\0';
	ck_assert_ptr_null(config_parse(NULL, behind, sizeof(behind) - 1, hear, &said));
	ck_assert_str_eq(said.text, "configuration:1:3: a NUL byte\n");
	said.text[0] = '\0';
	struct config *config = config_parse(NULL, cut, 2, hear, &said);
	ck_assert_str_eq(said.text, "");
	ck_assert_ptr_nonnull(config);
	config_free(config);
}
END_TEST

START_TEST(deep_nesting_is_refused)
{
	static char json[40001];
	struct said said;

	memset(json, '[', sizeof(json) - 1);
	ck_assert_ptr_null(parse(json, &said));
	ck_assert_ptr_nonnull(strstr(said.text, "syntax error at '['"));
}
END_TEST

/* Every prefix of a full configuration is a fault, and no crash. */
START_TEST(every_prefix_is_refused)
{
	struct config *config = good("{\"servers\":[{" A "}],\"packets\":[{\"id\":60," P
				     "}],\"drop-packets\":\"1\"}");
	char *text = printed(config);
	size_t size = strlen(text) - 2; /* without the last brace and newline */

	for (size_t n = 0; n <= size; n++) {
		struct said said = {""};

		ck_assert_ptr_null(config_parse("k.json", text, n, hear, &said));
		ck_assert_str_ne(said.text, "");
	}
	free(text);
	config_free(config);
}
END_TEST

/* The sample says nothing but defaults, in words that load without a warning. */
START_TEST(the_sample_is_the_defaults)
{
	struct said said = {""};
	struct config *sample = config_load("kurafuto.json", hear, &said);
	struct config *defaults = config_load(NULL, hear, &said);

	ck_assert_str_eq(said.text, "");
	char *sample_text = printed(sample), *defaults_text = printed(defaults);
	ck_assert_str_eq(sample_text, defaults_text);
	free(sample_text);
	free(defaults_text);
	config_free(sample);
	config_free(defaults);
}
END_TEST

/* ---- the manual ---- */

/* Each key of the printed defaults has its item in the manual, lists are closed, and no line is
 * a stray request. */
START_TEST(the_manual_has_every_key)
{
	static const char *const items[] = {
		"authentication", "verify-names", "interval-ms", "timestamps",
		"direction",      "hubs",         "salt"};
	char *text = NULL, *line, *rest, item[80];
	size_t size = 0;
	int depth = 0;
	FILE *out = open_memstream(&text, &size);

	config_print_mdoc(out);
	fclose(out);
	for (unsigned i = 0; i < COUNT(items); i++) {
		snprintf(item, sizeof(item), "\n.It Cm %s\n", items[i]);
		ck_assert_msg(strstr(text, item) != NULL, "no %s", items[i]);
	}
	ck_assert_ptr_nonnull(strstr(text, "\nDefault: 25565; a port (0-65535).\n"));
	ck_assert_ptr_nonnull(strstr(text, "\nRequired: a free opcode (60-255).\n"));
	for (rest = text; (line = strsep(&rest, "\n")) != NULL;) {
		depth += strncmp(line, ".Bl ", 4) == 0;
		depth -= strcmp(line, ".El") == 0;
		ck_assert_msg(line[0] != '\'' &&
				      (line[0] != '.' || strncmp(line, ".It Cm ", 7) == 0 ||
				       strncmp(line, ".Bl ", 4) == 0 ||
				       strcmp(line, ".El") == 0),
			      "%s", line);
	}
	ck_assert_int_eq(depth, 0);
	free(text);
}
END_TEST

START_TEST(printing_to_a_full_disk_fails)
{
	struct config *config = good("{}");
	FILE *full = fopen("/dev/full", "w");

	ck_assert_ptr_nonnull(full);
	ck_assert(!config_print(config, full));
	fclose(full);
	config_free(config);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("config");
	TCase *t = tcase_create("config");

	suite_add_tcase(s, t);
	tcase_add_loop_test(t, good_values_are_taken, 0, COUNT(values));
	tcase_add_loop_test(t, printing_round_trips, 0, COUNT(values));
	tcase_add_loop_test(t, faults_are_said, 0, COUNT(faults));
	tcase_add_test(t, defaults_are_built_in);
	tcase_add_test(t, choices_are_the_enums);
	tcase_add_loop_test(t, verify_names_wins, 0, COUNT(switches));
	tcase_add_test(t, servers_and_hubs);
	tcase_add_test(t, too_many_servers);
	tcase_add_loop_test(t, custom_packets_go_their_way, 0, COUNT(ways));
	tcase_add_test(t, custom_packets_that_clash);
	tcase_add_test(t, dropping_extensions);
	tcase_add_test(t, files_that_cannot_be_read);
	tcase_add_test(t, files_that_are_too_large);
	tcase_add_test(t, nul_bytes_and_sizes);
	tcase_add_test(t, deep_nesting_is_refused);
	tcase_add_test(t, every_prefix_is_refused);
	tcase_add_test(t, the_sample_is_the_defaults);
	tcase_add_test(t, the_manual_has_every_key);
	tcase_add_test(t, printing_to_a_full_disk_fails);
	return s;
}

int main(void)
{
	return suite_main(suite());
}
