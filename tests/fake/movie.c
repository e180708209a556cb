#include "tests/fake/movie.h"

#include <stdlib.h>

#include "camera/timestrip.h"

static void *must(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

struct movie *movie_create(int width, int height, uint32_t bitrate)
{
	struct movie *movie = must(calloc(1, sizeof(*movie)));

	movie->params = (struct vh264_enc_params){
		.sps = {.width = width,
			.height = height,
			.level_idc = 10,
			.rate = MOVIE_RATE,
			.per = 1,
			.vui = true},
		.bitrate = bitrate,
		.constant = true,
		.gop = 50,
		.qp_min = 12,
		.qp_max = 51,
		.layers = 1,
		.slice_mbs = 100,
	};
	movie->picture = must(av_frame_alloc());
	movie->picture->format = AV_PIX_FMT_YUV420P;
	movie->picture->width = width;
	movie->picture->height = height;
	if (av_frame_get_buffer(movie->picture, 0) < 0)
		abort();
	movie->enc = vh264_enc_init(must(malloc(vh264_enc_memory(width, height))), width, height);
	movie->coded = must(malloc(vh264_enc_coded_max(width, height)));
	return movie;
}

void movie_destroy(struct movie *movie)
{
	if (!movie)
		return;
	free(movie->enc);
	free(movie->coded);
	av_frame_free(&movie->picture);
	free(movie);
}

static uint8_t noise(uint32_t x, uint32_t y)
{
	uint32_t value = (x * 0x9e3779b1U) ^ (y * 0x85ebca6bU);

	value ^= value >> 15;
	return (uint8_t)(value * 0x2c1b3c6dU >> 28);
}

void movie_draw(struct movie *movie, int64_t number)
{
	AVFrame *picture = movie->picture;
	int64_t shift = movie->still ? 0 : number;
	const struct timestrip strip = {.time_us = number, .tag = 1};

	for (int plane = 0; plane < 3; plane++) {
		int width = plane ? picture->width / 2 : picture->width;
		int height = plane ? picture->height / 2 : picture->height;

		for (int y = 0; y < height; y++) {
			uint8_t *row =
				picture->data[plane] + (ptrdiff_t)y * picture->linesize[plane];

			for (int x = 0; x < width; x++)
				row[x] = (uint8_t)(40 + ((x + 2 * y + 3 * shift) / 4 & 127) +
						   noise(x, y));
		}
	}
	if (timestrip_draw(picture, &strip))
		abort();
}

/* The planes one behind the other, as applications lay them out. */
static uint8_t *packed(const AVFrame *picture, struct vh264_raw *raw)
{
	uint8_t *buffer, *to;

	*raw = (struct vh264_raw){
		.layout = VH264_YUV420,
		.width = picture->width,
		.height = picture->height,
		.stride = picture->width,
		.rows = picture->height,
	};
	buffer = must(malloc(vh264_raw_size(raw)));
	to = buffer;
	for (int plane = 0; plane < 3; plane++) {
		int width = plane ? picture->width / 2 : picture->width;
		int height = plane ? picture->height / 2 : picture->height;

		for (int y = 0; y < height; y++, to += width)
			memcpy(to, picture->data[plane] + (ptrdiff_t)y * picture->linesize[plane],
			       width);
	}
	return buffer;
}

int movie_code_drawn(struct movie *movie, bool key, enum vh264_order order)
{
	struct vh264_raw raw;
	uint8_t *buffer = packed(movie->picture, &raw);
	const struct vh264_enc_job job = {
		.source = buffer,
		.raw = &raw,
		.order = order,
		.key = key,
		.headers = true,
		.first_headers = true,
		.coded = movie->coded,
		.size = vh264_enc_coded_max(raw.width, raw.height),
	};
	int error = vh264_enc_encode(movie->enc, &movie->params, &job, &movie->result);

	movie->coded_size = error ? 0 : movie->result.size;
	free(buffer);
	return error;
}

int movie_code(struct movie *movie, bool key)
{
	movie_draw(movie, movie->number++);
	return movie_code_drawn(movie, key, VH264_IN_ORDER);
}
