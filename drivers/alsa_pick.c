#include "drivers/alsa_pick.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { CANDIDATES_MAX = 32 };

struct list {
	struct alsa_candidate candidates[CANDIDATES_MAX];
	size_t count;
};

static bool is_software(const struct alsa_candidate *candidate)
{
	static const char *const drivers[] = {"Dummy", "Loopback", "VirMIDI"};

	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++)
		if (!strcasecmp(candidate->driver, drivers[i]))
			return true;
	return false;
}

static bool is_screen(const struct alsa_candidate *candidate)
{
	return strcasestr(candidate->label, "hdmi") || strcasestr(candidate->label, "displayport");
}

const struct alsa_candidate *alsa_pick_best(const struct alsa_candidate *candidates, size_t count)
{
	const struct alsa_candidate *screen = NULL;

	for (size_t i = 0; i < count; i++) {
		const struct alsa_candidate *candidate = &candidates[i];

		if (is_software(candidate))
			continue;
		if (!is_screen(candidate))
			return candidate;
		if (!screen)
			screen = candidate;
	}
	return screen;
}

static void add_device(struct list *list, snd_ctl_t *control, snd_ctl_card_info_t *card, int device,
		       snd_pcm_stream_t stream)
{
	struct alsa_candidate *candidate = &list->candidates[list->count];
	snd_pcm_info_t *info;

	snd_pcm_info_alloca(&info);
	snd_pcm_info_set_device(info, (unsigned int)device);
	snd_pcm_info_set_stream(info, stream);
	if (snd_ctl_pcm_info(control, info) < 0)
		return; /* no such direction */
	snprintf(candidate->driver, sizeof(candidate->driver), "%s",
		 snd_ctl_card_info_get_driver(card));
	snprintf(candidate->label, sizeof(candidate->label), "%s %s %s",
		 snd_ctl_card_info_get_name(card), snd_pcm_info_get_id(info),
		 snd_pcm_info_get_name(info));
	snprintf(candidate->name, sizeof(candidate->name), "hw:CARD=%s,DEV=%d",
		 snd_ctl_card_info_get_id(card), device);
	list->count++;
}

static void add_card(struct list *list, int number, snd_pcm_stream_t stream)
{
	snd_ctl_card_info_t *card;
	snd_ctl_t *control;
	char name[16];
	int device = -1;

	snprintf(name, sizeof(name), "hw:%d", number);
	if (snd_ctl_open(&control, name, SND_CTL_READONLY) < 0)
		return;
	snd_ctl_card_info_alloca(&card);
	if (snd_ctl_card_info(control, card) >= 0)
		while (list->count < CANDIDATES_MAX &&
		       snd_ctl_pcm_next_device(control, &device) >= 0 && device >= 0)
			add_device(list, control, card, device, stream);
	snd_ctl_close(control);
}

bool alsa_pick(snd_pcm_stream_t stream, char *ret_name)
{
	const struct alsa_candidate *best;
	struct list list = {.count = 0};
	int number = -1;

	while (snd_card_next(&number) >= 0 && number >= 0)
		add_card(&list, number, stream);
	best = alsa_pick_best(list.candidates, list.count);
	if (!best)
		return false;
	memcpy(ret_name, best->name, ALSA_PICK_NAME_BYTES);
	return true;
}
