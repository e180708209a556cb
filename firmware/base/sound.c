#include "base/sound.h"

const char *sound_result_text(enum sound_result result)
{
	static const char *const texts[] = {
		[SOUND_OK] = "running",          [SOUND_TIMEOUT] = "stalled",
		[SOUND_UNPLUGGED] = "unplugged", [SOUND_ABSENT] = "absent",
		[SOUND_BUSY] = "busy",           [SOUND_FAILED] = "failed",
	};

	return texts[result];
}
