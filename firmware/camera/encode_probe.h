/*
 * Whether the first coded picture of an encoder can be trusted. Part of the codec layer
 * (camera/encode.h).
 */
#ifndef BALAI_CAMERA_ENCODE_PROBE_H
#define BALAI_CAMERA_ENCODE_PROBE_H

#include <libavcodec/packet.h>

/*
 * Decodes `packet`, an access unit with parameter sets and an IDR. Returns 0 when it gives an
 * undamaged picture of that size in a stream without reordering; -EPROTO when not; -ENOMEM,
 * -ENOSYS without a decoder.
 */
int venc_probe(const AVPacket *packet, int width, int height) __attribute__((warn_unused_result));

#endif
