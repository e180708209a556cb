/*
 * vh264/core/dec.h: any bytes as a stream of pictures. The first byte says how many slices a picture
 * has.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "drivers/kernel/vh264/core/dec.h"

/* Larger pictures are slow and show nothing else. */
enum { PIXELS_MAX = 128 * 128 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_slice(uint8_t header)
{
	return (header & 31) == VH264_NAL_SLICE || (header & 31) == VH264_NAL_IDR;
}

static void decode(const struct vh264_sps *sps, const uint8_t *data, size_t size, int slices)
{
	void *memory = malloc(vh264_dec_memory(sps->width, sps->height));
	struct vh264_dec *dec = memory ? vh264_dec_init(memory, sps->width, sps->height) : NULL;
	const struct vh264_picture *picture;
	struct vh264_reader reader;
	size_t start = 0, end = 0;
	uint8_t header;
	int seen = 0;

	while (dec && vh264_next_nal(data, size, &end, &reader, &header)) {
		if (!is_slice(header) || ++seen < slices)
			continue;
		(void)vh264_dec_decode(dec, data + start, end - start, &picture);
		start = end;
		seen = 0;
	}
	free(memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vh264_sps sps;

	if (size < 1)
		return 0;
	if (vh264_dec_find_sps(data + 1, size - 1, &sps) == 0 &&
	    sps.width * sps.height <= PIXELS_MAX)
		decode(&sps, data + 1, size - 1, data[0] % 8 + 1);
	return 0;
}
