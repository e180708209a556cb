#include "microphone/self_test_places.h"

#include <math.h>
#include <string.h>

enum {
	UNKNOWNS = 4, /* when it is at the origin, and the three of its direction */
	MICROPHONES_LEAST = 4,
};

/* Root mean square over the microphones; measured in simulated rooms, see the test. */
#define MISFIT_MOST_MM 4.0
/* Of the misfit as it comes, for a swap to explain it. */
#define SWAP_MOST 0.5
/* Of a direction's length: more than a sound from there would take. */
#define LENGTH_MOST 1.15
/* Keeps what an array cannot tell (the height, for a flat one) at 0; mm². */
#define RIDGE 1e-2

double self_test_places_span_mm(const struct geometry *geometry)
{
	double span = 0;

	for (unsigned int m = 0; m < geometry->count; m++) {
		for (unsigned int n = 0; n < m; n++) {
			struct geometry_point p = geometry->at[m], q = geometry->at[n];
			double x = p.x - q.x, y = p.y - q.y, z = p.z - q.z;

			span = fmax(span, sqrt(x * x + y * y + z * z));
		}
	}
	return 1000 * span;
}

/* Gaussian elimination; the matrix is positive definite by the ridge. */
static void solve(double matrix[UNKNOWNS][UNKNOWNS + 1], double solution[UNKNOWNS])
{
	for (int i = 0; i < UNKNOWNS; i++) {
		for (int row = i + 1; row < UNKNOWNS; row++) {
			double factor = matrix[row][i] / matrix[i][i];

			for (int column = i; column <= UNKNOWNS; column++)
				matrix[row][column] -= factor * matrix[i][column];
		}
	}
	for (int i = UNKNOWNS - 1; i >= 0; i--) {
		solution[i] = matrix[i][UNKNOWNS];
		for (int column = i + 1; column < UNKNOWNS; column++)
			solution[i] -= matrix[i][column] * solution[column];
		solution[i] /= matrix[i][i];
	}
}

/* One equation: the way to the microphone is that to the origin less what it is nearer. */
static void write_row(struct geometry_point at, double row[UNKNOWNS])
{
	row[0] = 1;
	row[1] = -1000.0 * at.x;
	row[2] = -1000.0 * at.y;
	row[3] = -1000.0 * at.z;
}

/*
 * The sum of squares that the plane wave that fits best leaves, in mm²; *ret_count: of how many
 * microphones. `order`: whose place each one is taken to be in.
 */
static double misfit(const struct geometry *geometry, const struct self_test_arrivals *arrivals,
		     const unsigned int *order, unsigned int *ret_count)
{
	double matrix[UNKNOWNS][UNKNOWNS + 1] = {{0}}, wave[UNKNOWNS], row[UNKNOWNS], sum = 0;

	*ret_count = 0;
	for (int i = 0; i < UNKNOWNS; i++)
		matrix[i][i] = RIDGE;
	for (unsigned int m = 0; m < geometry->count; m++) {
		if (!(arrivals->known >> m & 1))
			continue;
		write_row(geometry->at[order[m]], row);
		for (int i = 0; i < UNKNOWNS; i++) {
			for (int j = 0; j < UNKNOWNS; j++)
				matrix[i][j] += row[i] * row[j];
			matrix[i][UNKNOWNS] += row[i] * arrivals->mm[m];
		}
		++*ret_count;
	}
	solve(matrix, wave);
	if (hypot(hypot(wave[1], wave[2]), wave[3]) > LENGTH_MOST)
		return HUGE_VAL;
	for (unsigned int m = 0; m < geometry->count; m++) {
		double left = arrivals->mm[m];

		if (!(arrivals->known >> m & 1))
			continue;
		write_row(geometry->at[order[m]], row);
		for (int i = 0; i < UNKNOWNS; i++)
			left -= row[i] * wave[i];
		sum += left * left;
	}
	return sum;
}

/* Root mean square over all loudspeakers that enough microphones hear; 0 without one. */
static double misfit_mm(const struct geometry *geometry, const struct self_test_places *places,
			const unsigned int *order)
{
	unsigned int count, all = 0;
	double sum = 0;

	for (unsigned int l = 0; l < places->count; l++) {
		double one = misfit(geometry, &places->loudspeakers[l], order, &count);

		if (count < MICROPHONES_LEAST)
			continue;
		sum += one;
		all += count;
	}
	return all ? sqrt(sum / all) : 0;
}

static void swap(unsigned int *order, unsigned int m, unsigned int n)
{
	unsigned int kept = order[m];

	order[m] = order[n];
	order[n] = kept;
}

void self_test_places_judge(const struct geometry *geometry, const struct self_test_places *places,
			    struct self_test_result *result)
{
	unsigned int order[SOUND_CHANNELS_MAX];
	double best;

	for (unsigned int m = 0; m < SOUND_CHANNELS_MAX; m++)
		order[m] = m;
	result->misfit_mm = best = misfit_mm(geometry, places, order);
	if (best <= MISFIT_MOST_MM)
		return;
	for (unsigned int m = 0; m < geometry->count; m++) {
		for (unsigned int n = 0; n < m; n++) {
			double now;

			swap(order, m, n);
			now = misfit_mm(geometry, places, order);
			swap(order, m, n);
			if (now >= best)
				continue;
			best = now;
			result->first = n;
			result->second = m;
		}
	}
	result->swapped = best <= MISFIT_MOST_MM && best <= SWAP_MOST * result->misfit_mm;
	result->misplaced = !result->swapped;
}
