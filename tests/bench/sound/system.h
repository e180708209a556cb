/*
 * What is compared by the sound bench: each takes what a scene's microphones hear and gives one
 * voice.
 */
#ifndef BALAI_TESTS_BENCH_SOUND_SYSTEM_H
#define BALAI_TESTS_BENCH_SOUND_SYSTEM_H

#include "tests/bench/sound/scene.h"

enum system_kind {
	SYSTEM_NONE,       /* the first microphone */
	SYSTEM_SPEEX,      /* speexdsp's echo canceller and denoiser on it */
	SYSTEM_WEBRTC,     /* webrtc-audio-processing on it: AEC3, noise suppression, high-pass */
	SYSTEM_AEC3_FIRST, /* AEC3 of all microphones, then the front end's beam and level */
	SYSTEM_AEC3_BEHIND_BEAM, /* AEC3 of the beam's voice */
	SYSTEM_AEC3_SUPPRESSES,  /* the front end with AEC3 in place of its suppressor */
	SYSTEM_BEAM_FIRST,       /* the front end, with one echo filter behind the beam */
	SYSTEM_OURS,             /* the front end as the room has it */
	SYSTEM_COUNT,
};

struct system_run {
	float *out;           /* SCENE_FRAMES, the caller's */
	double us;            /* a period, mean */
	double mb;            /* taken at creation */
	double direction_deg; /* error of the direction, mean while the near voice is alone; NAN */
	double echo_loss_db;  /* of the echo filter at the end of the far voice; NAN */
};

const char *system_name(enum system_kind kind);

/* with_echo: false: as if nobody spoke at the far end. Ends the program where a part cannot be made. */
void system_process(enum system_kind kind, const struct scene_sound *sound, bool with_echo,
		    struct system_run *run);

#endif
