#include "drivers/drivers.h"

#include <errno.h>
#include <string.h>

#include "camera/encode_avcodec.h"
#include "drivers/camera_select.h"
#include "drivers/encode_m2m.h"
#include "drivers/screen_kms.h"
#include "drivers/screen_memory.h"
#include "drivers/sound_setting.h"

static int camera(void *context, const char *device, struct cam **ret_cam)
{
	(void)context;
	return camera_select(device, ret_cam);
}

static int microphone(void *context, const char *device, struct mic **ret_mic)
{
	(void)context;
	return sound_setting_mic(device, ret_mic);
}

static int speaker(void *context, const char *device, struct speaker **ret_speaker)
{
	(void)context;
	return sound_setting_speaker(device, ret_speaker);
}

static int screen(void *context, const char *device, const struct screen_format *memory,
		  struct screen **ret_screen)
{
	static const char kms[] = "kms:";

	(void)context;
	if (strcmp(device, "memory") == 0)
		return screen_memory_create(memory, ret_screen);
	if (strncmp(device, kms, strlen(kms)) == 0)
		return screen_kms_create(device + strlen(kms), ret_screen);
	return -EINVAL;
}

const struct room_drivers *drivers_all(void)
{
	enum { ENCODERS_MAX = 4 };
	static struct venc_kind encoders[ENCODERS_MAX];
	const struct venc_kind *avcodec;
	size_t n_avcodec;
	static struct room_drivers all = {
		.camera = camera,
		.microphone = microphone,
		.speaker = speaker,
		.screen = screen,
	};

	avcodec = venc_avcodec_kinds(&n_avcodec);
	encoders[0] = encode_m2m_kind(NULL);
	for (size_t i = 0; i < n_avcodec && i + 1 < ENCODERS_MAX; i++)
		encoders[i + 1] = avcodec[i];
	all.encoders = encoders;
	all.n_encoders = n_avcodec + 1;
	all.decoders = vdec_libav();
	return &all;
}
