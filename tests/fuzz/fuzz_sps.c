/*
 * Rewriting a sequence parameter set: what comes out is within its bounds, is no longer than the
 * escapes make it, and says what it was rewritten for.
 *
 * Input: a NAL unit without start code.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "camera/sps.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t rewritten[SPS_REWRITTEN_BYTES_MAX], again[SPS_REWRITTEN_BYTES_MAX];
	uint8_t *unit = malloc(size + 1); /* of its own, so that a step outside shows */
	size_t length;
	int r;

	assert(unit);
	memcpy(unit, data, size);
	r = sps_forbid_reordering(unit, size, rewritten, &length);
	free(unit);
	if (r < 0)
		return 0;
	assert(length <= sizeof(rewritten));
	if (length <= SPS_BYTES_MAX)
		assert(sps_forbid_reordering(rewritten, length, again, &length) == -EALREADY);
	return 0;
}
