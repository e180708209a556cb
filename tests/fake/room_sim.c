#include "tests/fake/room_sim.h"

#include <libavutil/mem.h>
#include <libavutil/tx.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sound.h"

enum {
	HALF_WIDTH = 24, /* of a fractional delay's windowed sinc, in samples */
	STEPS = 256,     /* of its table, a sample */
};

struct sinc_table {
	float at[2 * HALF_WIDTH * STEPS + 1];
};

static void make_table(struct sinc_table *table)
{
	for (int i = 0; i <= 2 * HALF_WIDTH * STEPS; i++) {
		double x = (double)i / STEPS - HALF_WIDTH;
		double window = 0.5 + 0.5 * cos(M_PI * x / HALF_WIDTH);

		table->at[i] = (float)(window * (x == 0 ? 1 : sin(M_PI * x) / (M_PI * x)));
	}
}

static void add_impulse(const struct sinc_table *table, double delay, double gain, float *response,
			size_t length)
{
	long first = lround(floor(delay)) - HALF_WIDTH + 1;
	int phase = (int)((floor(delay) + 1 - delay) * STEPS);

	for (long i = 0; i < 2L * HALF_WIDTH; i++)
		if (first + i >= 0 && first + i < (long)length)
			response[first + i] += (float)gain * table->at[phase + i * (long)STEPS];
}

/* Of pressure, at each surface. */
static double reflection(const struct room_sim *room)
{
	double x = room->size.x, y = room->size.y, z = room->size.z;
	double surface = 2 * (x * y + y * z + z * x);
	double absorbed;

	if (room->rt60_s <= 0)
		return 0;
	absorbed =
		1 - exp(-24 * log(10) * x * y * z / (ROOM_SIM_SOUND_M_S * surface * room->rt60_s));
	return sqrt(1 - absorbed);
}

/* Where the source is seen on one axis: behind `n` pairs of walls, mirrored once more or not. */
static double image(double size, double from, double to, int n, int mirrored)
{
	return (mirrored ? -from : from) + 2 * n * size - to;
}

static void add_images(const struct sinc_table *table, const struct room_sim *room,
		       struct room_sim_point from, struct room_sim_point to, int nx, int ny,
		       float *response, size_t length)
{
	double farthest = (double)length / SOUND_RATE_HZ * ROOM_SIM_SOUND_M_S;
	int nz_max = (int)(farthest / (2 * room->size.z)) + 1;
	double beta = reflection(room);

	for (int mirrors = 0; mirrors < 8; mirrors++) {
		int mx = mirrors & 1, my = mirrors >> 1 & 1, mz = mirrors >> 2;
		double x = image(room->size.x, from.x, to.x, nx, mx);
		double y = image(room->size.y, from.y, to.y, ny, my);
		int reflections_xy = abs(2 * nx - mx) + abs(2 * ny - my);

		if (x * x + y * y > farthest * farthest)
			continue;
		for (int nz = -nz_max; nz <= nz_max; nz++) {
			double z = image(room->size.z, from.z, to.z, nz, mz);
			double distance = sqrt(x * x + y * y + z * z);
			double gain = pow(beta, reflections_xy + abs(2 * nz - mz));

			if (distance < farthest && gain > 0)
				add_impulse(table, distance / ROOM_SIM_SOUND_M_S * SOUND_RATE_HZ,
					    gain / (4 * M_PI * distance), response, length);
		}
	}
}

/* The sum of images, all of them positive, has energy at 0 Hz that no room has (Allen, appendix). */
static void remove_offset(float *response, size_t length)
{
	double w = 2 * M_PI * 50 / SOUND_RATE_HZ, r = exp(-w);
	double b1 = 2 * r * cos(w), b2 = -r * r, a1 = -(1 + r);
	double y0 = 0, y1 = 0, y2 = 0;

	for (size_t i = 0; i < length; i++) {
		y2 = y1;
		y1 = y0;
		y0 = b1 * y1 + b2 * y2 + response[i];
		response[i] = (float)(y0 + a1 * y1 + r * y2);
	}
}

void room_sim_response(const struct room_sim *room, struct room_sim_point from,
		       struct room_sim_point to, float *response, size_t length)
{
	double farthest = (double)length / SOUND_RATE_HZ * ROOM_SIM_SOUND_M_S;
	int nx_max = (int)(farthest / (2 * room->size.x)) + 1;
	int ny_max = (int)(farthest / (2 * room->size.y)) + 1;
	struct sinc_table table;

	make_table(&table);
	memset(response, 0, length * sizeof(*response));
	for (int nx = -nx_max; nx <= nx_max; nx++)
		for (int ny = -ny_max; ny <= ny_max; ny++)
			add_images(&table, room, from, to, nx, ny, response, length);
	if (room->rt60_s > 0)
		remove_offset(response, length);
}

struct convolver {
	AVTXContext *forward, *backward;
	av_tx_fn forward_fn, backward_fn;
	size_t size; /* of the transform; half of it is new samples */
	float *time;
	AVComplexFloat *response, *block;
};

static void *must(void *memory)
{
	if (memory)
		return memory;
	fputs("no memory for a simulated room\n", stderr);
	exit(EXIT_FAILURE);
}

static void convolver_init(struct convolver *c, const float *response, size_t length)
{
	float one = 1, scale;

	c->size = 1024;
	while (c->size < 2 * length)
		c->size *= 2;
	scale = 1.0f / (float)c->size;
	c->time = must(av_calloc(c->size, sizeof(*c->time)));
	c->response = must(av_calloc(c->size / 2 + 1, sizeof(*c->response)));
	c->block = must(av_calloc(c->size / 2 + 1, sizeof(*c->block)));
	if (av_tx_init(&c->forward, &c->forward_fn, AV_TX_FLOAT_RDFT, 0, (int)c->size, &one, 0) ||
	    av_tx_init(&c->backward, &c->backward_fn, AV_TX_FLOAT_RDFT, 1, (int)c->size, &scale, 0))
		must(NULL);
	memcpy(c->time, response, length * sizeof(*response));
	c->forward_fn(c->forward, c->response, c->time, sizeof(float));
}

static void convolver_finish(struct convolver *c)
{
	av_tx_uninit(&c->forward);
	av_tx_uninit(&c->backward);
	av_free(c->time);
	av_free(c->response);
	av_free(c->block);
}

/* Overlap-save: the second half of what comes out is right. */
static void convolve_block(struct convolver *c)
{
	c->forward_fn(c->forward, c->block, c->time, sizeof(float));
	for (size_t k = 0; k <= c->size / 2; k++) {
		AVComplexFloat a = c->block[k], b = c->response[k];

		c->block[k].re = a.re * b.re - a.im * b.im;
		c->block[k].im = a.re * b.im + a.im * b.re;
	}
	c->backward_fn(c->backward, c->time, c->block, sizeof(AVComplexFloat));
}

void room_sim_convolve(const float *in, size_t count, const float *response, size_t length,
		       float gain, float *out)
{
	struct convolver c = {0};
	size_t half;

	convolver_init(&c, response, length);
	half = c.size / 2;
	for (size_t done = 0; done < count; done += half) {
		size_t n = count - done < half ? count - done : half;

		memset(c.time, 0, c.size * sizeof(*c.time));
		if (done > 0)
			memcpy(c.time, in + done - half, half * sizeof(*in));
		memcpy(c.time + half, in + done, n * sizeof(*in));
		convolve_block(&c);
		for (size_t i = 0; i < n; i++)
			out[done + i] += gain * c.time[half + i];
	}
	convolver_finish(&c);
}

float room_sim_sample(const float *in, size_t count, double at)
{
	double whole = floor(at), f = at - whole;
	const float *x;

	if (whole < 1 || whole + 3 > (double)count)
		return 0;
	x = in + (size_t)whole - 1;
	return (float)(x[1] + 0.5 * f *
				      (x[2] - x[0] +
				       f * (2.0 * x[0] - 5.0 * x[1] + 4.0 * x[2] - x[3] +
					    f * (3.0 * (x[1] - x[2]) + x[3] - x[0]))));
}
