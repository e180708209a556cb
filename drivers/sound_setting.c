#include "drivers/sound_setting.h"

#include <errno.h>
#include <string.h>

#include "drivers/mic_alsa.h"
#include "drivers/mic_file.h"
#include "drivers/mic_test.h"
#include "drivers/speaker_alsa.h"
#include "drivers/speaker_file.h"

/* What follows `prefix` in `text`, or NULL. */
static const char *after(const char *text, const char *prefix)
{
	size_t length = strlen(prefix);

	return strncmp(text, prefix, length) ? NULL : text + length;
}

static int test_mic(const char *room, struct mic **ret_mic)
{
	if (!room[0])
		return mic_test_create(0, ret_mic);
	if (room[0] < '0' || room[0] > '9' || room[1])
		return -EINVAL;
	return mic_test_create((unsigned int)(room[0] - '0'), ret_mic);
}

int sound_setting_mic(const char *text, struct mic **ret_mic)
{
	const char *path = after(text, "file:");
	const char *room = after(text, "test:");

	if (!strcmp(text, "none")) {
		*ret_mic = NULL;
		return 0;
	}
	if (path)
		return path[0] ? mic_file_create(path, ret_mic) : -EINVAL;
	if (room)
		return test_mic(room, ret_mic);
	return mic_alsa_create(text, ret_mic);
}

int sound_setting_speaker(const char *text, struct speaker **ret_speaker)
{
	const char *path = after(text, "file:");

	if (!strcmp(text, "none"))
		return speaker_none_create(ret_speaker);
	if (path)
		return path[0] ? speaker_file_create(path, 0, ret_speaker) : -EINVAL;
	return speaker_alsa_create(text, ret_speaker);
}
