#include <stdio.h>

#include "microphone/front_end.h"

enum { PERIOD_MS = 10 };

/* Adds a line for each channel of a mask. Returns 0 or -1. */
static int add_faults(json_t *faults, uint32_t channels, const char *text)
{
	char line[96];

	for (unsigned int c = 0; c < SOUND_CHANNELS_MAX; c++) {
		if (!(channels >> c & 1))
			continue;
		snprintf(line, sizeof(line), "channel %u %s", c + 1, text);
		if (json_array_append_new(faults, json_string(line)) < 0)
			return -1;
	}
	return 0;
}

/* Returns 0 or -1. */
static int add_channel_count(json_t *faults, unsigned int channels)
{
	char line[96];

	if (channels == 0)
		return 0;
	snprintf(line, sizeof(line),
		 "the card gives %u channels, not those of the geometry; one is sent", channels);
	return json_array_append_new(faults, json_string(line));
}

static int add_late(json_t *faults, bool is_late)
{
	return is_late ? json_array_append_new(
				 faults, json_string("the loudspeaker is heard more than a second "
						     "late: its echo is not cancelled"))
		       : 0;
}

static json_t *faults_to_json(const struct front_end_status *status)
{
	json_t *faults = json_array();

	if (faults &&
	    (add_channel_count(faults, status->other_channels) < 0 ||
	     add_late(faults, status->echo_is_late) < 0 ||
	     add_faults(faults, status->left_out, "is dead or far too loud; it is left out") < 0 ||
	     add_faults(faults, status->spoiled, "gives numbers that are no sound") < 0 ||
	     add_faults(faults, status->clipped, "is too loud: it reaches full scale") < 0)) {
		json_decref(faults);
		return NULL;
	}
	return faults;
}

static json_t *talkers_to_json(const struct front_end_status *status)
{
	json_t *talkers = json_array();

	for (unsigned int i = 0; talkers && i < status->talker_count; i++) {
		json_t *talker =
			json_pack("{s:f, s:f, s:I}", "azimuth_deg",
				  (double)status->talkers[i].azimuth_deg, "elevation_deg",
				  (double)status->talkers[i].elevation_deg, "silent_ms",
				  (json_int_t)status->talkers[i].silent_periods * PERIOD_MS);

		if (json_array_append_new(talkers, talker) < 0) {
			json_decref(talkers);
			return NULL;
		}
	}
	return talkers;
}

json_t *front_end_to_json(const struct front_end *front_end)
{
	const struct front_end_status *status = front_end_get_status(front_end);

	return json_pack("{s:{s:b, s:b, s:f, s:i}, s:{s:f}, s:b, s:o, s:o}", "echo", "on",
			 (int)status->cancels_echo, "far_speaks", (int)status->far_speaks,
			 "loss_db", (double)status->echo_loss_db, "delay_ms",
			 (int)status->echo_delay_ms, "level", "gain_db", (double)status->gain_db,
			 "array", (int)status->has_array, "talkers", talkers_to_json(status),
			 "faults", faults_to_json(status));
}
