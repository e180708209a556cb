#include "sound/sound_test.h"

#include <errno.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "sound/handover.h"

/* A loudspeaker's turn ends though no microphone gives anything. */
enum { PLAYED_MOST = SELF_TEST_PERIODS + 50 };

/* One test; whoever has it by the handover may touch it. */
struct run {
	struct self_test_heard heard;
	unsigned int loudspeaker; /* whose turn it is */
	unsigned int played;      /* periods of its turn */
	unsigned int recorded;
};

struct sound_test {
	struct handover handover;
	sem_t ended;
	struct run *asked; /* NULL: none is under way; who asks has it */
	struct run *run;   /* NULL: as above; the real-time thread has it */
};

int sound_test_create(struct sound_test **ret_test)
{
	struct sound_test *test = calloc(1, sizeof(*test));

	if (!test)
		return -ENOMEM;
	sem_init(&test->ended, 0, 0);
	*ret_test = test;
	return 0;
}

static void forget(struct sound_test *test)
{
	if (test->asked)
		free(test->asked->heard.recordings);
	free(test->asked);
	test->asked = NULL;
}

void sound_test_destroy(struct sound_test *test)
{
	if (!test)
		return;
	forget(test);
	sem_destroy(&test->ended);
	free(test);
}

static int begin(struct sound_test *test, const struct sound_test_config *config)
{
	struct run *run = calloc(1, sizeof(*run));

	if (!run)
		return -ENOMEM;
	run->heard.geometry = config->geometry;
	run->heard.microphones = config->microphones;
	run->heard.loudspeakers = config->loudspeakers < SELF_TEST_LOUDSPEAKERS_MAX
					  ? config->loudspeakers
					  : SELF_TEST_LOUDSPEAKERS_MAX;
	run->heard.recordings = calloc((size_t)run->heard.loudspeakers * run->heard.microphones,
				       SELF_TEST_FRAMES * sizeof(*run->heard.recordings));
	test->asked = run;
	if (!run->heard.recordings) {
		forget(test);
		return -ENOMEM;
	}
	handover_offer(&test->handover, run, 0);
	return 0;
}

static int judge(struct sound_test *test, json_t **ret_faults)
{
	struct self_test_result result;
	int r = self_test_analyse(&test->asked->heard, &result);
	json_t *faults;

	forget(test);
	if (r < 0)
		return r;
	faults = self_test_to_json(&result);
	if (!faults)
		return -ENOMEM;
	*ret_faults = faults;
	return 0;
}

int sound_test_run(struct sound_test *test, const struct sound_test_config *config,
		   int64_t deadline_us, json_t **ret_faults)
{
	struct timespec deadline = clock_timespec(deadline_us);
	enum sound_result unused;

	if (!test->asked) {
		int r = begin(test, config);

		if (r < 0)
			return r;
	}
	while (sem_clockwait(&test->ended, CLOCK_MONOTONIC, &deadline) < 0)
		if (errno != EINTR)
			return -ETIMEDOUT;
	(void)handover_take_back(&test->handover, &unused);
	return judge(test, ret_faults);
}

static void give_back(struct sound_test *test)
{
	handover_give_back(&test->handover, test->run, SOUND_OK);
	test->run = NULL;
	sem_post(&test->ended);
}

static void next_loudspeaker(struct sound_test *test)
{
	struct run *run = test->run;

	run->played = run->recorded = 0;
	if (++run->loudspeaker == run->heard.loudspeakers)
		give_back(test);
}

uint32_t sound_test_play(struct sound_test *test, float *samples)
{
	float sweep[SOUND_PERIOD_FRAMES];
	unsigned int unused;

	if (!test->run)
		test->run = handover_take(&test->handover, &unused);
	if (test->run &&
	    (test->run->recorded == SELF_TEST_PERIODS || test->run->played == PLAYED_MOST))
		next_loudspeaker(test);
	if (!test->run)
		return 0;
	self_test_play(test->run->played++, sweep);
	for (int i = 0; i < SOUND_PERIOD_FRAMES; i++)
		samples[i] += sweep[i];
	return 1u << test->run->loudspeaker;
}

void sound_test_hear(struct sound_test *test, float *const *channels, unsigned int count)
{
	struct run *run = test->run;

	if (!run || run->played == 0 || run->recorded == SELF_TEST_PERIODS)
		return;
	for (unsigned int m = 0; m < run->heard.microphones && m < count; m++)
		memcpy(run->heard.recordings +
			       ((size_t)run->loudspeaker * run->heard.microphones + m) *
				       SELF_TEST_FRAMES +
			       (size_t)run->recorded * SOUND_PERIOD_FRAMES,
		       channels[m], SOUND_PERIOD_FRAMES * sizeof(float));
	run->recorded++;
}
