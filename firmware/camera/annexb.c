#include "camera/annexb.h"

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
	for (size_t i = from; i + START_CODE_BYTES <= size; i++) {
		if (data[i] == 0 && data[i + 1] == 0 && data[i + 2] == 1)
			return i;
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

/* Joins all units of that type into *bytes, when there are any. */
static int collect(const uint8_t *data, size_t size, int type, uint8_t **bytes, size_t *length)
{
	struct annexb_unit unit;
	uint8_t *joined = NULL;
	size_t offset = 0, joined_size = 0;

	while (annexb_next(data, size, &offset, &unit)) {
		uint8_t *grown;

		if (unit.type != type || joined_size + 1 + unit.size > SETS_BYTES_MAX)
			continue;
		grown = realloc(joined, joined_size + 1 + unit.size);
		if (!grown) {
			free(joined);
			return -ENOMEM;
		}
		joined = grown;
		joined[joined_size] = 0; /* parameter sets have a four-byte start code (B.1.2) */
		memcpy(joined + joined_size + 1, unit.data, unit.size);
		joined_size += 1 + unit.size;
	}
	if (joined) {
		free(*bytes);
		*bytes = joined;
		*length = joined_size;
	}
	return 0;
}

int annexb_sets_update(struct annexb_sets *sets, const uint8_t *data, size_t size)
{
	int r = collect(data, size, ANNEXB_SPS, &sets->sps, &sets->sps_size);

	return r < 0 ? r : collect(data, size, ANNEXB_PPS, &sets->pps, &sets->pps_size);
}

static int insert_sets(const struct annexb_sets *sets, AVPacket *packet)
{
	size_t added = sets->sps_size + sets->pps_size;
	int old_size = packet->size;

	if (!sets->sps || !sets->pps)
		return -EPROTO;
	/* av_grow_packet() reallocates where the buffer is shared or too small */
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
	if (found[ANNEXB_IDR_SLICE])
		packet->flags |= AV_PKT_FLAG_KEY;
	else
		return found[ANNEXB_SLICE] ? 0 : -EAGAIN;
	return found[ANNEXB_SPS] && found[ANNEXB_PPS] ? 0 : insert_sets(sets, packet);
}
