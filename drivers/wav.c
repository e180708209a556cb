#include "drivers/wav.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/sound.h"

enum {
	FRAME_BYTES = 2,
	COMMENT_BYTES = 32,
	HEADER_BYTES = 12 + 24 + 8 + 4 + 8 + COMMENT_BYTES + 8,
	BLOCK_FRAMES = SOUND_PERIOD_FRAMES,
	UPDATE_FRAMES = SOUND_RATE_HZ,
};

struct wav {
	int fd;
	bool begun;
	uint64_t bytes_max;
	int64_t start_us;
	int64_t frames;
	int64_t frames_in_header;
};

int wav_create(const char *path, uint64_t bytes_max, struct wav **ret_wav)
{
	struct wav *wav = calloc(1, sizeof(*wav));

	if (!wav)
		return -ENOMEM;
	wav->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (wav->fd < 0) {
		int r = -errno;

		free(wav);
		return r;
	}
	wav->bytes_max = bytes_max && bytes_max < UINT32_MAX ? bytes_max : UINT32_MAX;
	*ret_wav = wav;
	return 0;
}

static uint8_t *put_text(uint8_t *to, const char *text)
{
	memcpy(to, text, 4);
	return to + 4;
}

static uint8_t *put_u16(uint8_t *to, unsigned int value)
{
	to[0] = (uint8_t)value;
	to[1] = (uint8_t)(value >> 8);
	return to + 2;
}

static uint8_t *put_u32(uint8_t *to, uint32_t value)
{
	return put_u16(put_u16(to, value), value >> 16);
}

static uint8_t *put_format(uint8_t *to)
{
	to = put_u32(put_text(to, "fmt "), 16);
	to = put_u16(to, 1); /* PCM */
	to = put_u16(to, 1); /* channel */
	to = put_u32(to, SOUND_RATE_HZ);
	to = put_u32(to, SOUND_RATE_HZ * FRAME_BYTES);
	to = put_u16(to, FRAME_BYTES);
	return put_u16(to, 8 * FRAME_BYTES);
}

static uint8_t *put_comment(uint8_t *to, int64_t start_us)
{
	char comment[COMMENT_BYTES] = {0};

	snprintf(comment, sizeof(comment), "start_us=%lld", (long long)start_us);
	to = put_u32(put_text(to, "LIST"), 4 + 8 + COMMENT_BYTES);
	to = put_text(to, "INFO");
	to = put_u32(put_text(to, "ICMT"), COMMENT_BYTES);
	memcpy(to, comment, COMMENT_BYTES);
	return to + COMMENT_BYTES;
}

static int write_all(int fd, const void *data, size_t length, off_t at)
{
	const uint8_t *from = data;

	while (length > 0) {
		ssize_t n = pwrite(fd, from, length, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		from += n;
		at += n;
		length -= (size_t)n;
	}
	return 0;
}

static int write_header(struct wav *wav)
{
	uint8_t header[HEADER_BYTES];
	uint32_t data_bytes = (uint32_t)(wav->frames * FRAME_BYTES);
	uint8_t *to = header;

	to = put_u32(put_text(to, "RIFF"), HEADER_BYTES - 8 + data_bytes);
	to = put_format(put_text(to, "WAVE"));
	to = put_comment(to, wav->start_us);
	put_u32(put_text(to, "data"), data_bytes);
	wav->frames_in_header = wav->frames;
	return write_all(wav->fd, header, sizeof(header), 0);
}

int wav_begin(struct wav *wav, int64_t start_us)
{
	wav->begun = true;
	wav->start_us = start_us;
	return write_header(wav);
}

static int append(struct wav *wav, const uint8_t *bytes, size_t count)
{
	off_t at = HEADER_BYTES + wav->frames * FRAME_BYTES;
	int r;

	if ((uint64_t)at + count * FRAME_BYTES > wav->bytes_max)
		return -EFBIG;
	r = write_all(wav->fd, bytes, count * FRAME_BYTES, at);
	if (r < 0)
		return r;
	wav->frames += (int64_t)count;
	if (wav->frames - wav->frames_in_header < UPDATE_FRAMES)
		return 0;
	return write_header(wav);
}

int wav_write(struct wav *wav, const float *samples, size_t count)
{
	uint8_t bytes[BLOCK_FRAMES * FRAME_BYTES] = {0};

	while (count > 0) {
		size_t n = count < BLOCK_FRAMES ? count : BLOCK_FRAMES;
		int r;

		for (size_t i = 0; i < n; i++) {
			float sample = fminf(fmaxf(samples[i], -1), 1);

			put_u16(bytes + i * FRAME_BYTES, (unsigned int)lrintf(sample * 32767));
		}
		r = append(wav, bytes, n);
		if (r < 0)
			return r;
		samples += n;
		count -= n;
	}
	return 0;
}

int wav_write_silence(struct wav *wav, int64_t count)
{
	static const float silence[BLOCK_FRAMES];

	while (count > 0) {
		int64_t n = count < BLOCK_FRAMES ? count : BLOCK_FRAMES;
		int r = wav_write(wav, silence, (size_t)n);

		if (r < 0)
			return r;
		count -= n;
	}
	return 0;
}

int64_t wav_frames(const struct wav *wav)
{
	return wav->frames;
}

void wav_close(struct wav *wav)
{
	/* On a full disk the header is written over itself, which needs no room. */
	if (wav->begun)
		(void)!write_header(wav);
	close(wav->fd);
	free(wav);
}
