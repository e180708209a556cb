/*
 * What a step of an MLS group costs as it grows. One member makes all commits, as the host of a
 * meeting does, so that nobody else's keys are above the leaves and each commit has to reach every
 * member by itself: the dearest case.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "tests/bench/figure.h"
#include "tests/fake/mls_party.h"

#define MEMBERS_MAX 200
#define TIMES 5

enum step { STEP_ADD, STEP_JOIN, STEP_COMMIT, STEP_PROCESS, STEP_REMOVE, STEPS };

struct bench {
	struct mls_party parties[MEMBERS_MAX + 1];
	size_t n;
	struct mls_writer commit, welcome;
	int64_t took_us[STEPS][TIMES];
	size_t commit_bytes, welcome_bytes;
};

static void must(int r)
{
	if (r < 0) {
		fprintf(stderr, "bench_mls: %s\n", mls_error_text(r));
		exit(EXIT_FAILURE);
	}
}

/* The first one commits. */
static void commit(struct bench *bench, const struct mls_proposal *proposals, size_t n)
{
	mls_writer_finish(&bench->commit);
	mls_writer_finish(&bench->welcome);
	must(mls_group_commit(bench->parties[0].group, proposals, n, &bench->commit,
			      &bench->welcome));
	must(mls_group_advance(bench->parties[0].group));
	mls_group_forget(bench->parties[0].group);
}

static void join(struct bench *bench, struct mls_party *party)
{
	must(mls_group_join(&party->member, party->package, mls_writer_bytes(&bench->welcome),
			    (struct mls_bytes){0}, &party->group));
}

/* The second one takes what the first one did. */
static void process(struct bench *bench)
{
	struct mls_received received;

	must(mls_group_process(bench->parties[1].group, mls_writer_bytes(&bench->commit),
			       &received));
	mls_received_finish(&received);
}

static void grow(struct bench *bench, size_t n)
{
	struct mls_proposal adds[MLS_PROPOSALS_MAX];

	while (bench->n < n) {
		size_t some = n - bench->n < MLS_PROPOSALS_MAX ? n - bench->n : MLS_PROPOSALS_MAX;
		bool is_first = bench->n == 1;

		for (size_t i = 0; i < some; i++) {
			mls_party_init(&bench->parties[bench->n], (unsigned int)bench->n);
			adds[i] = mls_party_add(&bench->parties[bench->n++]);
		}
		commit(bench, adds, some);
		if (is_first)
			join(bench, &bench->parties[1]);
		else
			process(bench);
	}
}

static int64_t since(int64_t *start_us)
{
	int64_t now_us = clock_now_us();
	int64_t took_us = now_us - *start_us;

	*start_us = now_us;
	return took_us;
}

/* One joins, keys are renewed, and that one is removed. */
static void measure(struct bench *bench, size_t time)
{
	struct mls_party *joiner = &bench->parties[bench->n];
	struct mls_proposal proposal;
	int64_t start_us;

	mls_party_init(joiner, (unsigned int)bench->n);
	proposal = mls_party_add(joiner);
	start_us = clock_now_us();
	commit(bench, &proposal, 1);
	bench->took_us[STEP_ADD][time] = since(&start_us);
	bench->welcome_bytes = bench->welcome.length;
	join(bench, joiner);
	bench->took_us[STEP_JOIN][time] = since(&start_us);
	process(bench);
	start_us = clock_now_us();
	commit(bench, NULL, 0);
	bench->took_us[STEP_COMMIT][time] = since(&start_us);
	bench->commit_bytes = bench->commit.length;
	process(bench);
	bench->took_us[STEP_PROCESS][time] = since(&start_us);
	proposal = (struct mls_proposal){.type = MLS_PROPOSAL_REMOVE,
					 .removed = mls_group_own_leaf(joiner->group)};
	start_us = clock_now_us();
	commit(bench, &proposal, 1);
	bench->took_us[STEP_REMOVE][time] = since(&start_us);
	process(bench);
	mls_party_finish(joiner);
}

static void say(struct bench *bench)
{
	static const char *const names[STEPS] = {
		[STEP_ADD] = "add one",       [STEP_JOIN] = "join",
		[STEP_COMMIT] = "new keys",   [STEP_PROCESS] = "take a commit",
		[STEP_REMOVE] = "remove one",
	};
	char name[80];

	for (size_t step = 0; step < STEPS; step++) {
		snprintf(name, sizeof(name), "MLS, %zu members: %s", bench->n, names[step]);
		figure_say(name, figure_percentile_ms(bench->took_us[step], TIMES, 0.5), "ms", NULL,
			   FIGURE_LOWER);
	}
	snprintf(name, sizeof(name), "MLS, %zu members: a commit", bench->n);
	figure_say(name, (double)bench->commit_bytes / 1024, "KiB", NULL, FIGURE_LOWER);
	snprintf(name, sizeof(name), "MLS, %zu members: a Welcome", bench->n);
	figure_say(name, (double)bench->welcome_bytes / 1024, "KiB", NULL, FIGURE_LOWER);
}

int main(void)
{
	static const size_t sizes[] = {2, 10, 50, 100, MEMBERS_MAX};
	struct bench *bench = calloc(1, sizeof(*bench));

	if (!bench)
		return EXIT_FAILURE;
	must(mls_crypto_init());
	mls_writer_init(&bench->commit, MLS_MESSAGE_BYTES_MAX);
	mls_writer_init(&bench->welcome, MLS_WELCOME_BYTES_MAX);
	mls_party_init(&bench->parties[0], 0);
	mls_party_create(&bench->parties[0]);
	bench->n = 1;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		grow(bench, sizes[i]);
		for (size_t time = 0; time < TIMES; time++)
			measure(bench, time);
		say(bench);
	}
	for (size_t i = 0; i < bench->n; i++)
		mls_party_finish(&bench->parties[i]);
	mls_writer_finish(&bench->commit);
	mls_writer_finish(&bench->welcome);
	free(bench);
	return EXIT_SUCCESS;
}
