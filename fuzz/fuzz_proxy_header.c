/* SPDX-License-Identifier: MIT */
/*
 * Reads bytes as a header of the PROXY protocol, at once and byte by byte, which must come to
 * the same; what it names is written again in both versions and read back.
 */
#include <stdlib.h>
#include <string.h>

#include "proxy_header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool is_so)
{
	if (!is_so)
		abort();
}

/* The buffer is exact, so that ASan sees a byte too many. */
static enum proxy_header_result read_exactly(struct proxy_header *out, const uint8_t *data,
					     size_t size)
{
	uint8_t *copy = malloc(size + 1);
	const char *why = NULL;

	demand(copy != NULL);
	uint8_t *at = copy + 1; /* so that it ends where the memory does */
	memcpy(at, data, size);
	enum proxy_header_result result = proxy_header_read(out, at, size, &why);
	demand((result == PROXY_HEADER_BAD) == (why != NULL));
	demand(result != PROXY_HEADER_WHOLE || (out->size > 0 && out->size <= size));
	demand(result != PROXY_HEADER_PART || size < PROXY_HEADER_MAX);
	free(copy);
	return result;
}

static void write_and_read(const struct proxy_header *header, enum proxy_header_version version)
{
	uint8_t out[PROXY_HEADER_WRITE_MAX];
	struct proxy_header again;
	size_t n = proxy_header_write(out, version, &header->source, &header->destination);

	demand(n <= sizeof(out) && read_exactly(&again, out, n) == PROXY_HEADER_WHOLE);
	demand(again.size == n && again.version == version && again.has_addresses);
	demand(net_addr_is_same(&again.source, &header->source) &&
	       net_addr_is_same(&again.destination, &header->destination));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proxy_header whole, part;
	enum proxy_header_result at_once = read_exactly(&whole, data, size);
	enum proxy_header_result bit_by_bit = PROXY_HEADER_PART;

	for (size_t n = 0; n <= size && bit_by_bit == PROXY_HEADER_PART; n++)
		bit_by_bit = read_exactly(&part, data, n);
	demand(at_once == bit_by_bit);
	if (at_once == PROXY_HEADER_WHOLE)
		demand(whole.size == part.size && whole.has_addresses == part.has_addresses);
	if (at_once != PROXY_HEADER_WHOLE || !whole.has_addresses)
		return 0;
	write_and_read(&whole, PROXY_HEADER_V1);
	write_and_read(&whole, PROXY_HEADER_V2);
	return 0;
}
