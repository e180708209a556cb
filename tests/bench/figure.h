/*
 * How a bench says what it measured: a line for people, and a line of JSON in the file named by
 * BALAI_BENCH_JSON for tests/bench/run, which makes build/bench.json and RESULTS.md of them.
 */
#ifndef BALAI_TESTS_BENCH_FIGURE_H
#define BALAI_TESTS_BENCH_FIGURE_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum figure_better {
	FIGURE_LOWER,
	FIGURE_HIGHER,
};

/* goal: NULL where the figure only stands beside another one. */
static inline void figure_say(const char *name, double value, const char *unit, const double *goal,
			      enum figure_better better)
{
	const char *path = getenv("BALAI_BENCH_JSON");
	json_t *line;
	FILE *file;

	if (goal)
		printf("%-52s %10.2f %s (goal %s %g)\n", name, value, unit,
		       better == FIGURE_LOWER ? "<=" : ">=", *goal);
	else
		printf("%-52s %10.2f %s\n", name, value, unit);
	fflush(stdout);
	file = path ? fopen(path, "ae") : NULL;
	if (!file)
		return;
	line = json_pack("{s:s, s:f, s:s, s:o, s:s}", "name", name, "value", value, "unit", unit,
			 "goal", goal ? json_real(*goal) : json_null(), "better",
			 better == FIGURE_LOWER ? "lower" : "higher");
	json_dumpf(line, file, JSON_COMPACT | JSON_REAL_PRECISION(6));
	fputc('\n', file);
	fclose(file);
	json_decref(line);
}

static inline int figure_compare(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return (left > right) - (left < right);
}

/* What `part` (0..1) of the `count` values, one or more, do not exceed. Leaves them in order. */
static inline double figure_percentile_ms(int64_t *values_us, size_t count, double part)
{
	qsort(values_us, count, sizeof(*values_us), figure_compare);
	return (double)values_us[(size_t)(part * (double)(count - 1))] / 1000;
}

#endif
