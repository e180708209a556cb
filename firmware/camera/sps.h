/*
 * Sequence parameter sets of H.264 (ITU-T H.264 7.3.2.1.1 and annex E) that promise no reordering.
 *
 * An encoder that never reorders but does not say so makes decoders hold back as many pictures as
 * the level would let them reorder: half a second at 720p30. So what it leaves unsaid is added.
 */
#ifndef BALAI_CAMERA_SPS_H
#define BALAI_CAMERA_SPS_H

#include <stddef.h>
#include <stdint.h>

/* Larger ones are not looked at; real ones have some tens of bytes. */
#define SPS_BYTES_MAX 512

/* What a rewritten one may have: twelve bytes more, and an escape for every two of all. */
#define SPS_REWRITTEN_BYTES_MAX ((SPS_BYTES_MAX + 12) * 3 / 2)

/*
 * `unit` is a NAL unit of type 7 without its start code. Returns 0 and writes it to `ret_unit`
 * (SPS_REWRITTEN_BYTES_MAX bytes) with bitstream_restriction_flag = 1, max_num_reorder_frames = 0
 * and max_dec_frame_buffering = max_num_ref_frames; -EALREADY: it says so itself; -EBADMSG: it
 * cannot be read, or is too large. All else that it says stays. Pure.
 */
int sps_forbid_reordering(const uint8_t *unit, size_t size, uint8_t *ret_unit, size_t *ret_size)
	__attribute__((warn_unused_result));

#endif
