#include "camera/timestrip.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

enum {
	COLUMNS = 40,
	ROWS = 2,
	ROWS_A_PICTURE = 45,
	LEAD = 3, /* marker cells before the bits; one more follows them */
	BITS_A_ROW = COLUMNS - LEAD - 1,
	MESSAGE_BYTES = ROWS * BITS_A_ROW / 8,
	CRC_BYTES = 2,
	WIDTH_MINIMUM = 80,
	HEIGHT_MINIMUM = 90,
	LUMA_BLACK = 16,
	LUMA_WHITE = 235,
	CHROMA_GREY = 128,
	CONTRAST_MINIMUM = 48, /* white less black; a strip has 219 when drawn */
};

#define TIME_MASK ((INT64_C(1) << 48) - 1)

static uint16_t crc16(const uint8_t *data, size_t length)
{
	uint16_t crc = 0xffff;

	for (size_t i = 0; i < length; i++) {
		crc ^= (uint16_t)(data[i] << 8);
		for (int bit = 0; bit < 8; bit++)
			crc = (uint16_t)(crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1);
	}
	return crc;
}

static void message_write(const struct timestrip *strip, uint8_t message[MESSAGE_BYTES])
{
	uint64_t time = (uint64_t)(strip->time_us & TIME_MASK);
	uint16_t crc;

	for (int i = 0; i < 6; i++)
		message[i] = (uint8_t)(time >> (40 - 8 * i));
	message[6] = strip->tag;
	crc = crc16(message, MESSAGE_BYTES - CRC_BYTES);
	message[7] = (uint8_t)(crc >> 8);
	message[8] = (uint8_t)crc;
}

static bool message_read(const uint8_t message[MESSAGE_BYTES], struct timestrip *ret_strip)
{
	int64_t time = 0;

	if (crc16(message, MESSAGE_BYTES - CRC_BYTES) != (message[7] << 8 | message[8]))
		return false;
	for (int i = 0; i < 6; i++)
		time = time << 8 | message[i];
	*ret_strip = (struct timestrip){.time_us = time, .tag = message[6]};
	return true;
}

static bool marker_is_white(int row, int column)
{
	return column < LEAD ? (row + column) % 2 == 0 : row == 1;
}

static bool is_marker(int column)
{
	return column < LEAD || column == COLUMNS - 1;
}

static bool cell_is_white(const uint8_t message[MESSAGE_BYTES], int row, int column)
{
	int bit = row * BITS_A_ROW + column - LEAD;

	if (is_marker(column))
		return marker_is_white(row, column);
	return message[bit / 8] >> (7 - bit % 8) & 1;
}

static int cell_x(int width, int column)
{
	return (int)((int64_t)width * column / COLUMNS);
}

static int cell_y(int height, int row)
{
	return (int)((int64_t)height * row / ROWS_A_PICTURE);
}

/* step: bytes between two luma samples. */
static void draw_luma(AVFrame *picture, const uint8_t message[MESSAGE_BYTES], int step)
{
	for (int y = 0; y < cell_y(picture->height, ROWS); y++) {
		uint8_t *line = picture->data[0] + (ptrdiff_t)y * picture->linesize[0];
		int row = y < cell_y(picture->height, 1) ? 0 : 1;

		for (int column = 0; column < COLUMNS; column++) {
			bool white = cell_is_white(message, row, column);
			int end = cell_x(picture->width, column + 1);

			for (int x = cell_x(picture->width, column); x < end; x++)
				line[(ptrdiff_t)x * step] = white ? LUMA_WHITE : LUMA_BLACK;
		}
	}
}

static void draw_grey(AVFrame *picture, int plane, int width)
{
	int lines = (cell_y(picture->height, ROWS) + 1) / 2;

	for (int y = 0; y < lines; y++)
		memset(picture->data[plane] + (ptrdiff_t)y * picture->linesize[plane], CHROMA_GREY,
		       (size_t)width);
}

static void draw_yuyv_grey(AVFrame *picture)
{
	for (int y = 0; y < cell_y(picture->height, ROWS); y++) {
		uint8_t *line = picture->data[0] + (ptrdiff_t)y * picture->linesize[0];

		for (int x = 0; x < picture->width; x++)
			line[2 * x + 1] = CHROMA_GREY;
	}
}

int timestrip_draw(AVFrame *picture, const struct timestrip *strip)
{
	uint8_t message[MESSAGE_BYTES];
	int chroma_width = (picture->width + 1) / 2;

	if (picture->width < WIDTH_MINIMUM || picture->height < HEIGHT_MINIMUM)
		return -EINVAL;
	message_write(strip, message);
	switch (picture->format) {
	case AV_PIX_FMT_NV12:
		draw_luma(picture, message, 1);
		draw_grey(picture, 1, 2 * chroma_width);
		return 0;
	case AV_PIX_FMT_YUV420P:
		draw_luma(picture, message, 1);
		draw_grey(picture, 1, chroma_width);
		draw_grey(picture, 2, chroma_width);
		return 0;
	case AV_PIX_FMT_YUYV422:
		draw_luma(picture, message, 2);
		draw_yuyv_grey(picture);
		return 0;
	default:
		return -EINVAL;
	}
}

/* The mean of the middle of a cell: its edges are smeared by scaling and by the codec. */
static int cell_level(const uint8_t *plane, size_t stride, enum timestrip_pixels pixels,
		      const struct timestrip_rect *rect, int row, int column)
{
	int left = cell_x(rect->width, column), right = cell_x(rect->width, column + 1);
	int top = cell_y(rect->height, row), bottom = cell_y(rect->height, row + 1);
	int margin_x = (right - left - 1) * 3 / 8, margin_y = (bottom - top - 1) * 3 / 8;
	/* green stands for the brightness of a grey pixel */
	size_t step = pixels == TIMESTRIP_BGR0 ? 4 : 1, offset = pixels == TIMESTRIP_BGR0 ? 1 : 0;
	int64_t sum = 0, count = 0;

	for (int y = top + margin_y; y < bottom - margin_y; y++) {
		const uint8_t *line = plane + (size_t)(rect->y + y) * stride + offset;

		for (int x = left + margin_x; x < right - margin_x; x++, count++)
			sum += line[(size_t)(rect->x + x) * step];
	}
	return count > 0 ? (int)(sum / count) : 0;
}

/* What white and black look like here, told by the markers. */
static bool find_levels(int levels[ROWS][COLUMNS], int *ret_black, int *ret_white)
{
	int sums[2] = {0, 0};

	for (int row = 0; row < ROWS; row++) {
		for (int column = 0; column < COLUMNS; column++) {
			if (is_marker(column))
				sums[marker_is_white(row, column)] += levels[row][column];
		}
	}
	*ret_black = sums[0] / (ROWS * (LEAD + 1) / 2);
	*ret_white = sums[1] / (ROWS * (LEAD + 1) / 2);
	return *ret_white - *ret_black >= CONTRAST_MINIMUM;
}

/* 1 white, 0 black, -1 too far from both. */
static int judge(int level, int black, int white)
{
	int eighths = (level - black) * 8;

	if (eighths > (white - black) * 5)
		return 1;
	return eighths < (white - black) * 3 ? 0 : -1;
}

int timestrip_read(const uint8_t *plane, size_t stride, enum timestrip_pixels pixels,
		   const struct timestrip_rect *rect, struct timestrip *ret_strip)
{
	uint8_t message[MESSAGE_BYTES] = {0};
	int levels[ROWS][COLUMNS];
	int black, white;

	if (rect->width < WIDTH_MINIMUM || rect->height < HEIGHT_MINIMUM)
		return -EINVAL;
	for (int row = 0; row < ROWS; row++) {
		for (int column = 0; column < COLUMNS; column++)
			levels[row][column] = cell_level(plane, stride, pixels, rect, row, column);
	}
	if (!find_levels(levels, &black, &white))
		return -EILSEQ;
	for (int row = 0; row < ROWS; row++) {
		for (int column = 0; column < COLUMNS; column++) {
			int value = judge(levels[row][column], black, white);
			int bit = row * BITS_A_ROW + column - LEAD;

			if (value < 0 ||
			    (is_marker(column) && value != marker_is_white(row, column)))
				return -EILSEQ;
			if (!is_marker(column))
				message[bit / 8] |= (uint8_t)(value << (7 - bit % 8));
		}
	}
	return message_read(message, ret_strip) ? 0 : -EILSEQ;
}
