#include "camera/annexb.h"

#include "camera/sps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	START_CODE_BYTES = 3,
	TYPE_MASK = 0x1f,
	SETS_BYTES_MAX = 4096, /* real ones have some tens */
};

/* The offset of the next 00 00 01 at or after `from`, or `size`. */
static size_t find_start(const uint8_t *data, size_t size, size_t from)
{
	size_t i = from;

	while (i + START_CODE_BYTES <= size) {
		/* a byte above 1 is in no start code */
		if (data[i + 2] > 1)
			i += START_CODE_BYTES;
		else if (data[i] == 0 && data[i + 1] == 0 && data[i + 2] == 1)
			return i;
		else
			i++;
	}
	return size;
}

bool annexb_next(const uint8_t *data, size_t size, size_t *offset, struct annexb_unit *ret_unit)
{
	size_t start = find_start(data, size, *offset);
	size_t header = start + START_CODE_BYTES;
	size_t end;

	if (start == size || header >= size)
		return false;
	end = find_start(data, size, header);
	*offset = end;
	/* the zero byte of a four-byte start code belongs to the next unit */
	while (end < size && end > header + 1 && data[end - 1] == 0)
		end--;
	*ret_unit = (struct annexb_unit){
		.type = data[header] & TYPE_MASK,
		.data = data + start,
		.size = end - start,
	};
	return true;
}

void annexb_sets_finish(struct annexb_sets *sets)
{
	free(sets->sps);
	free(sets->pps);
	*sets = (struct annexb_sets){0};
}

/* The bytes of a parameter set, growing. */
struct joined {
	uint8_t *bytes;
	size_t size;
};

/* Adds a unit, which begins with its header, behind a start code of four bytes (B.1.2). */
static int join(struct joined *joined, const uint8_t *unit, size_t size)
{
	static const uint8_t start_code[] = {0, 0, 0, 1};
	size_t grown_size = joined->size + sizeof(start_code) + size;
	uint8_t *grown;

	if (grown_size > SETS_BYTES_MAX)
		return 0;
	grown = realloc(joined->bytes, grown_size);
	if (!grown)
		return -ENOMEM;
	memcpy(grown + joined->size, start_code, sizeof(start_code));
	memcpy(grown + joined->size + sizeof(start_code), unit, size);
	joined->bytes = grown;
	joined->size = grown_size;
	return 0;
}

/* Joins one that is to be kept: an SPS in words that forbid reordering. */
static int join_set(struct joined *joined, const struct annexb_unit *unit, bool *ret_rewritten)
{
	uint8_t rewritten[SPS_REWRITTEN_BYTES_MAX];
	const uint8_t *data = unit->data + START_CODE_BYTES;
	size_t size = unit->size - START_CODE_BYTES;

	if (unit->type == ANNEXB_SPS && sps_forbid_reordering(data, size, rewritten, &size) == 0) {
		data = rewritten;
		*ret_rewritten = true;
	}
	return join(joined, data, size);
}

/* Joins all units of that type into *bytes, when there are any. */
static int collect(const uint8_t *data, size_t size, int type, uint8_t **bytes, size_t *length,
		   bool *ret_rewritten)
{
	struct joined joined = {0};
	struct annexb_unit unit;
	bool rewritten = false;
	size_t offset = 0;

	while (annexb_next(data, size, &offset, &unit)) {
		if (unit.type == type && join_set(&joined, &unit, &rewritten) < 0) {
			free(joined.bytes);
			return -ENOMEM;
		}
	}
	if (joined.bytes) {
		free(*bytes);
		*bytes = joined.bytes;
		*length = joined.size;
		*ret_rewritten = rewritten;
	}
	return 0;
}

int annexb_sets_update(struct annexb_sets *sets, const uint8_t *data, size_t size)
{
	bool no_matter = false;
	int r = collect(data, size, ANNEXB_SPS, &sets->sps, &sets->sps_size, &sets->sps_rewritten);

	return r < 0 ? r : collect(data, size, ANNEXB_PPS, &sets->pps, &sets->pps_size, &no_matter);
}

/* Takes out the units that stand before a picture and that the inserted sets replace. */
static void strip_sets(AVPacket *packet)
{
	size_t offset = 0, length = 0;
	struct annexb_unit unit;

	while (annexb_next(packet->data, (size_t)packet->size, &offset, &unit)) {
		if (unit.type == ANNEXB_SPS || unit.type == ANNEXB_PPS ||
		    unit.type == ANNEXB_DELIMITER)
			continue;
		memmove(packet->data + length, unit.data, unit.size);
		length += unit.size;
	}
	av_shrink_packet(packet, (int)length);
}

static int insert_sets(const struct annexb_sets *sets, AVPacket *packet)
{
	size_t added = sets->sps_size + sets->pps_size;
	int old_size;

	if (!sets->sps || !sets->pps)
		return -EPROTO;
	if (av_packet_make_writable(packet) < 0)
		return -ENOMEM;
	strip_sets(packet);
	old_size = packet->size;
	if (av_grow_packet(packet, (int)added) < 0)
		return -ENOMEM;
	memmove(packet->data + added, packet->data, (size_t)old_size);
	memcpy(packet->data, sets->sps, sets->sps_size);
	memcpy(packet->data + sets->sps_size, sets->pps, sets->pps_size);
	return 0;
}

int annexb_complete(struct annexb_sets *sets, AVPacket *packet)
{
	bool found[TYPE_MASK + 1] = {false};
	struct annexb_unit unit;
	size_t offset = 0;
	int r;

	while (annexb_next(packet->data, (size_t)packet->size, &offset, &unit))
		found[unit.type] = true;
	if (found[ANNEXB_SPS] || found[ANNEXB_PPS]) {
		r = annexb_sets_update(sets, packet->data, (size_t)packet->size);
		if (r < 0)
			return r;
	}
	packet->flags &= ~AV_PKT_FLAG_KEY;
	if (!found[ANNEXB_IDR_SLICE])
		return found[ANNEXB_SLICE] ? 0 : -EAGAIN;
	packet->flags |= AV_PKT_FLAG_KEY;
	if (found[ANNEXB_SPS] && found[ANNEXB_PPS] && !sets->sps_rewritten)
		return 0;
	return insert_sets(sets, packet);
}
