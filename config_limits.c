/* SPDX-License-Identifier: MIT */
/*
 * `limits`: what the door lets in, and how much one player may send. Who counts is elsewhere.
 * The one idea: 0 is no limit, everywhere; a rate goes with its burst, so whoever counts meets
 * both of them or neither.
 */
#include "config_values.h"

#define HONEST_PACKETS 40
#define HONEST_BYTES   512

#define CONNECTIONS_MAX 100000
#define CONNECTS_MAX    100000
#define PACKETS_MAX     100000
#define BYTES_MAX       100000000
#define KICK_MAX        3600

/* clang-format off */
#define LIMIT(name_, member, max_, default_) \
	CONFIG_ROW(name_, NUMBER, config, limits.member), .flags = CONFIG_OR_ZERO, \
	.min = 1, .max = (max_), .fallback = (default_)

const struct config_key config_limit_keys[] = {
	{LIMIT("connections-per-address", connections_per_address, CONNECTIONS_MAX, "128"),
	 .what = "a number of connections",
	 .help = "How many connections one address may have at once: players who share it, such "
		 "as those of a school, count together."},
	{LIMIT("connections-per-network", connections_per_network, CONNECTIONS_MAX, "512"),
	 .what = "a number of connections",
	 .help = "How many all addresses of one network may have at once: an IPv4 /24 such as "
		 "198.51.100.0/24, or an IPv6 /64."},
	{LIMIT("connects-per-s", connects_per_s, CONNECTS_MAX, "4"),
	 .what = "a number of connections",
	 .help = "How many new connections one address, or one /64 of IPv6, may make in a second, "
		 "on average."},
	{LIMIT("connects-burst", connects_burst, CONNECTS_MAX, "160"),
	 .what = "a number of connections",
	 .help = "How many it may make at once, after a time with fewer."},
	{LIMIT("all-connects-per-s", all_connects_per_s, CONNECTS_MAX, "500"),
	 .what = "a number of connections",
	 .help = "How many new connections all addresses together may make in a second, on "
		 "average."},
	{LIMIT("all-connects-burst", all_connects_burst, CONNECTS_MAX, "2000"),
	 .what = "a number of connections",
	 .help = "How many they may make at once, after a time with fewer."},
	{LIMIT("failed-logins-per-min", failed_logins_per_min, CONNECTS_MAX, "120"),
	 .what = "a number of logins",
	 .help = "How many logins of one address, or one /64 of IPv6, may fail in a minute, as with "
		 "a wrong key, before it must wait."},
	{LIMIT("half-open", half_open, CONNECTIONS_MAX, "512"),
	 .what = "a number of logins",
	 .help = "How many logins may be under way at once, of all addresses. Beyond it, the oldest "
		 "login of the address, or /64 of IPv6, that has most of them makes room for the new "
		 "one."},
	{LIMIT("packets-per-s", packets_per_s, PACKETS_MAX, "400"),
	 .what = "a number of packets",
	 .help = "How many packets one player may send in a second, on average. A client sends "
		 "about 20 of its own accord. Who sends more than this, or than the next three allow, "
		 "is slowed."},
	{LIMIT("bytes-per-s", bytes_per_s, BYTES_MAX, "65536"),
	 .what = "a number of bytes",
	 .help = "How many bytes one player may send in a second, likewise."},
	{LIMIT("chat-per-s", chat_per_s, PACKETS_MAX, "10"),
	 .what = "a number of lines",
	 .help = "How many chat lines, likewise. A long line is several."},
	{LIMIT("blocks-per-s", blocks_per_s, PACKETS_MAX, "100"),
	 .what = "a number of blocks",
	 .help = "How many blocks one player may place or break in a second, likewise."},
	{LIMIT("flood-kick-s", flood_kick_s, KICK_MAX, "10"),
	 .what = "a time in seconds",
	 .help = "How long a player may be slowed without a break before they are kicked. 0 means "
		 "that nobody is kicked, only slowed."},
	{.name = NULL},
};
/* clang-format on */

/* ---- what no single limit can tell ---- */

/* A burst for nothing is a warning if the file has it; then there is none. */
static void check_burst(struct config_reader *reader, const char *rate_name, unsigned rate,
			const char *burst_name, unsigned *burst)
{
	const cJSON *limits = cJSON_GetObjectItemCaseSensitive(reader->root, "limits");

	if (rate > 0 && *burst == 0)
		config_keys_fault(reader,
				  "limits.%s: 0 would let nobody in, as %s is %u; set %s to 0 "
				  "for no limit",
				  burst_name, rate_name, rate, rate_name);
	if (rate == 0 && *burst > 0 &&
	    cJSON_GetObjectItemCaseSensitive(limits, burst_name) != NULL)
		config_keys_warn(reader, "limits.%s: counts for nothing, as %s is 0: no limit",
				 burst_name, rate_name);
	if (rate == 0)
		*burst = 0;
}

/* A limit of many that is lower than that of one of them. */
static void check_many(struct config_reader *reader, const char *many_name, unsigned many,
		       const char *one_name, unsigned one)
{
	if (many > 0 && many < one)
		config_keys_warn(reader,
				 "limits.%s: %u is less than %s, %u, which never counts then",
				 many_name, many, one_name, one);
}

/* A limit that every client goes beyond by itself: 20 positions a second, of 10 bytes. */
static void check_honest(struct config_reader *reader, const char *name, unsigned limit,
			 unsigned least)
{
	if (limit > 0 && limit < least)
		config_keys_warn(
			reader,
			"limits.%s: %u slows players who only walk about: %u or more is "
			"good, and 0 is no limit",
			name, limit, least);
}

void config_check_limits(struct config_reader *reader, struct config_limits *limits)
{
	check_burst(reader, "connects-per-s", limits->connects_per_s, "connects-burst",
		    &limits->connects_burst);
	check_burst(reader, "all-connects-per-s", limits->all_connects_per_s,
		    "all-connects-burst", &limits->all_connects_burst);
	check_many(reader, "connections-per-network", limits->connections_per_network,
		   "connections-per-address", limits->connections_per_address);
	check_many(reader, "all-connects-per-s", limits->all_connects_per_s, "connects-per-s",
		   limits->connects_per_s);
	check_honest(reader, "packets-per-s", limits->packets_per_s, HONEST_PACKETS);
	check_honest(reader, "bytes-per-s", limits->bytes_per_s, HONEST_BYTES);
}
