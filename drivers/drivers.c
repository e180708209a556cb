#include "drivers/drivers.h"

#include <errno.h>
#include <string.h>

#include "camera/encode_avcodec.h"
#include "drivers/camera_select.h"
#include "drivers/decode_m2m.h"
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

enum { KINDS_MAX = 4 };

/* The project's own before libavcodec's. */
static size_t list_encoders(struct venc_kind kinds[KINDS_MAX])
{
	const struct venc_kind *others;
	size_t n_others, n = 0;

	kinds[n++] = encode_m2m_kind(NULL);
	others = venc_avcodec_kinds(&n_others);
	for (size_t i = 0; i < n_others && n < KINDS_MAX; i++)
		kinds[n++] = others[i];
	return n;
}

static size_t list_decoders(struct vdec_kind kinds[KINDS_MAX])
{
	const struct vdec_kind *others;
	size_t n_others, n = 0;

	kinds[n++] = decode_m2m_kind(NULL);
	others = vdec_libav_kinds(&n_others);
	for (size_t i = 0; i < n_others && n < KINDS_MAX; i++)
		kinds[n++] = others[i];
	return n;
}

const struct room_drivers *drivers_all(void)
{
	static struct venc_kind encoders[KINDS_MAX];
	static struct vdec_kind decoders[KINDS_MAX];
	static struct room_drivers all = {
		.camera = camera,
		.microphone = microphone,
		.speaker = speaker,
		.screen = screen,
		.encoders = encoders,
		.decoders = decoders,
	};

	all.n_encoders = list_encoders(encoders);
	all.n_decoders = list_decoders(decoders);
	return &all;
}
