/*
 * What the join of the hundredth member costs the one that admits it, itself, and each of the others:
 * rooms with certificates, on a hub in memory, so that nothing is waited for.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "tests/bench/figure.h"
#include "tests/fake/call_person.h"

#define ROOMS 100
#define TIMES 5

enum who { KEEPER, OTHER, JOINER, WHO };

static const size_t boxes[WHO] = {[KEEPER] = 0, [OTHER] = ROOMS / 2, [JOINER] = ROOMS - 1};

struct bench {
	struct test_pki *pki;
	struct mls_trust *trust;
	struct call_person people[ROOMS];
	struct delivery_sim *sim;
	int64_t start_us;
	int64_t busy_us[ROOMS]; /* with events, so far */
	int64_t took_us[WHO][TIMES];
};

static void watch(void *context, size_t box, enum delivery_kind kind, bool is_over)
{
	struct bench *bench = context;

	(void)kind;
	if (is_over)
		bench->busy_us[box] += clock_now_us() - bench->start_us;
	else
		bench->start_us = clock_now_us();
}

static void must(bool is_good, const char *what)
{
	if (is_good)
		return;
	fprintf(stderr, "bench_call: %s\n", what);
	exit(EXIT_FAILURE);
}

static void add_room(struct bench *bench, size_t i)
{
	struct delivery_person person;
	char file[32], name[32];

	snprintf(file, sizeof(file), "room-%zu", i);
	snprintf(name, sizeof(name), "Ruang Rapat %zu", i);
	test_pki_make(bench->pki, &(struct test_certificate){
					  .file = file,
					  .issuer = "ca",
					  .name = name,
					  .from_days = -1,
					  .to_days = 30,
				  });
	call_person_room(&bench->people[i], bench->pki, file);
	person = call_person_at(&bench->people[i], bench->trust);
	delivery_sim_add(bench->sim, &person);
}

/* All rooms but the last one are in. */
static void begin(struct bench *bench)
{
	bench->pki = test_pki_create();
	bench->trust = call_trust(bench->pki, "ca", false, (struct mls_bytes){0});
	bench->sim = delivery_sim_create(1);
	delivery_sim_watch(bench->sim, watch, bench);
	delivery_sim_set_clock(bench->sim, (uint64_t)time(NULL));
	for (size_t i = 0; i < ROOMS; i++)
		add_room(bench, i);
	for (size_t i = 0; i < ROOMS - 1; i++)
		delivery_sim_join(bench->sim, i);
	must(delivery_sim_run(bench->sim) && delivery_sim_agrees(bench->sim), "not all are in");
}

static void measure(struct bench *bench, size_t time)
{
	int64_t before_us[WHO];

	for (size_t who = 0; who < WHO; who++)
		before_us[who] = bench->busy_us[boxes[who]];
	delivery_sim_join(bench->sim, boxes[JOINER]);
	must(delivery_sim_run(bench->sim), "no rest");
	must(delivery_sim_view(bench->sim, boxes[JOINER])->epoch.n_members == ROOMS, "not in");
	for (size_t who = 0; who < WHO; who++)
		bench->took_us[who][time] = bench->busy_us[boxes[who]] - before_us[who];
	delivery_sim_leave(bench->sim, boxes[JOINER]);
	must(delivery_sim_run(bench->sim) && delivery_sim_agrees(bench->sim), "not out");
}

static void say(struct bench *bench)
{
	static const char *const names[WHO] = {
		[KEEPER] = "the 100th member joins: work of who admits it",
		[OTHER] = "the 100th member joins: work of each other",
		[JOINER] = "the 100th member joins: its own work",
	};

	for (size_t who = 0; who < WHO; who++)
		figure_say(names[who], figure_percentile_ms(bench->took_us[who], TIMES, 0.5), "ms",
			   NULL, FIGURE_LOWER);
}

int main(void)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	if (!bench)
		return EXIT_FAILURE;
	begin(bench);
	for (size_t time = 0; time < TIMES; time++)
		measure(bench, time);
	say(bench);
	delivery_sim_destroy(bench->sim);
	for (size_t i = 0; i < ROOMS; i++)
		call_person_finish(&bench->people[i]);
	mls_trust_destroy(bench->trust);
	test_pki_destroy(bench->pki);
	free(bench);
	return EXIT_SUCCESS;
}
