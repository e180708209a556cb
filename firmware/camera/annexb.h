/*
 * H.264 byte streams (Annex B of ITU-T H.264) as encoders give them: makes every access unit that
 * holds an IDR start with its parameter sets, which say that nothing is reordered.
 */
#ifndef BALAI_CAMERA_ANNEXB_H
#define BALAI_CAMERA_ANNEXB_H

#include <libavcodec/packet.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* nal_unit_type, table 7-1 */
enum annexb_type {
	ANNEXB_SLICE = 1,
	ANNEXB_IDR_SLICE = 5,
	ANNEXB_SPS = 7,
	ANNEXB_PPS = 8,
	ANNEXB_DELIMITER = 9,
};

struct annexb_unit {
	int type;
	const uint8_t *data; /* start code included; points into the stream */
	size_t size;
};

/*
 * Finds the unit at or after *offset and moves *offset behind it. False: there is none.
 * Start with *offset = 0.
 */
bool annexb_next(const uint8_t *data, size_t size, size_t *offset, struct annexb_unit *ret_unit);

/* The newest parameter sets of a stream. Zeroed is a valid empty one. */
struct annexb_sets {
	uint8_t *sps; /* owned, all SPS units of the newest access unit that had one */
	size_t sps_size;
	bool sps_rewritten; /* it differs from what the encoder gave, see camera/sps.h */
	uint8_t *pps;
	size_t pps_size;
};

void annexb_sets_finish(struct annexb_sets *sets);

/* Takes over the parameter sets in `data` (extradata, or an access unit). Returns 0 or -ENOMEM. */
int annexb_sets_update(struct annexb_sets *sets, const uint8_t *data, size_t size)
	__attribute__((warn_unused_result));

/*
 * Sets AV_PKT_FLAG_KEY by what the access unit holds, remembers its parameter sets, and puts the
 * remembered ones before an IDR that comes without, or with an SPS that leaves reordering open.
 * Returns 0; -EAGAIN when it holds no picture (parameter sets alone); -EPROTO for an IDR whose
 * parameter sets never came; -ENOMEM.
 */
int annexb_complete(struct annexb_sets *sets, AVPacket *packet) __attribute__((warn_unused_result));

#endif
