#include "tests/bench/sound/aec3_chain.h"

#include <errno.h>
#include <stdlib.h>

#include "microphone/apm.h"
#include "microphone/beam.h"
#include "microphone/echo_filter.h"
#include "microphone/mic_input.h"

enum { FAR_PERIODS = 30 }; /* that a far voice rings on in the room */

#define FAR_LEAST 1e-7f

struct aec3_chain {
	struct geometry geometry;
	enum aec3_place place;
	struct mic_input inputs[SOUND_CHANNELS_MAX];
	struct echo_filter *filters[SOUND_CHANNELS_MAX];
	struct apm *first;  /* of all microphones; NULL: not this place */
	struct apm *behind; /* of the voice */
	struct beam *beam;
	unsigned int far_periods;
};

static int create_parts(struct aec3_chain *chain)
{
	const bool is_first = chain->place == AEC3_FIRST;
	const struct apm_config first = {chain->geometry.count, .cancels_echo = true};
	const struct apm_config behind = {1, .cancels_echo = !is_first, .suppresses_noise = true};
	int r;

	r = beam_create(&chain->geometry, BEAM_SUPERDIRECTIVE, &chain->beam);
	if (r == 0 && is_first)
		r = apm_create(&first, &chain->first);
	if (r == 0)
		r = apm_create(&behind, &chain->behind);
	for (unsigned int m = 0; m < chain->geometry.count && r == 0; m++)
		if (chain->place == AEC3_SUPPRESSES)
			r = echo_filter_create(&chain->filters[m]);
	return r;
}

int aec3_chain_create(const struct geometry *geometry, enum aec3_place place,
		      struct aec3_chain **ret_chain)
{
	struct aec3_chain *chain = calloc(1, sizeof(*chain));
	int r;

	if (!chain)
		return -ENOMEM;
	chain->geometry = *geometry;
	chain->place = place;
	r = create_parts(chain);
	if (r < 0) {
		aec3_chain_destroy(chain);
		return r;
	}
	*ret_chain = chain;
	return 0;
}

void aec3_chain_destroy(struct aec3_chain *chain)
{
	if (!chain)
		return;
	for (unsigned int m = 0; m < SOUND_CHANNELS_MAX; m++)
		echo_filter_destroy(chain->filters[m]);
	apm_destroy(chain->first);
	apm_destroy(chain->behind);
	beam_destroy(chain->beam);
	free(chain);
}

static float power(const float *samples)
{
	float sum = 0;

	for (int i = 0; i < SOUND_PERIOD_FRAMES; i++)
		sum += samples[i] * samples[i];
	return sum / SOUND_PERIOD_FRAMES;
}

static bool is_far(struct aec3_chain *chain, const float *reference)
{
	if (power(reference) > FAR_LEAST)
		chain->far_periods = FAR_PERIODS;
	else if (chain->far_periods > 0)
		chain->far_periods--;
	return chain->far_periods > 0;
}

void aec3_chain_process(struct aec3_chain *chain, const float *reference, float *const *microphones)
{
	bool far = is_far(chain, reference);

	for (unsigned int m = 0; m < chain->geometry.count; m++) {
		mic_input_run(&chain->inputs[m], microphones[m]);
		if (chain->filters[m])
			echo_filter_process(chain->filters[m], reference, microphones[m]);
	}
	if (chain->first)
		apm_process(chain->first, reference, microphones);
	beam_process(chain->beam, microphones, chain->place != AEC3_BEHIND_BEAM || !far,
		     microphones[0]);
	apm_process(chain->behind, chain->first ? NULL : reference, microphones);
}
