#include "drivers/pcm_format.h"

#include <endian.h>
#include <math.h>
#include <string.h>

static const float SCALE_16 = 32768;
static const float SCALE_24 = 8388608;
static const float SCALE_32 = 2147483648;
/* The largest float below 2^31. */
static const float MAX_32 = 2147483520;

static float scaled(float sample, float scale, float max)
{
	return fminf(fmaxf(sample * scale, -scale), max);
}

static void s16_to_float(const uint8_t *from, float *to, size_t samples)
{
	for (size_t i = 0; i < samples; i++, from += 2)
		to[i] = (float)(int16_t)(from[0] | from[1] << 8) / SCALE_16;
}

static void float_to_s16(const float *from, uint8_t *to, size_t samples)
{
	for (size_t i = 0; i < samples; i++, to += 2) {
		unsigned int value = (unsigned int)lrintf(scaled(from[i], SCALE_16, SCALE_16 - 1));

		to[0] = (uint8_t)value;
		to[1] = (uint8_t)(value >> 8);
	}
}

/* Through the upper three bytes of 32 bits, which carries the sign. */
static void s24_to_float(const uint8_t *from, float *to, size_t samples)
{
	for (size_t i = 0; i < samples; i++, from += 3) {
		uint32_t value =
			(uint32_t)from[0] << 8 | (uint32_t)from[1] << 16 | (uint32_t)from[2] << 24;

		to[i] = (float)(int32_t)value / SCALE_32;
	}
}

static void float_to_s24(const float *from, uint8_t *to, size_t samples)
{
	for (size_t i = 0; i < samples; i++, to += 3) {
		unsigned int value = (unsigned int)lrintf(scaled(from[i], SCALE_24, SCALE_24 - 1));

		to[0] = (uint8_t)value;
		to[1] = (uint8_t)(value >> 8);
		to[2] = (uint8_t)(value >> 16);
	}
}

static void s32_to_float(const uint8_t *from, float *to, size_t samples)
{
	for (size_t i = 0; i < samples; i++, from += 4) {
		uint32_t value;

		memcpy(&value, from, sizeof(value));
		to[i] = (float)(int32_t)le32toh(value) / SCALE_32;
	}
}

static void float_to_s32(const float *from, uint8_t *to, size_t samples)
{
	for (size_t i = 0; i < samples; i++, to += 4) {
		int32_t sample = (int32_t)lrintf(scaled(from[i], SCALE_32, MAX_32));
		uint32_t value = htole32((uint32_t)sample);

		memcpy(to, &value, sizeof(value));
	}
}

static void copy_to_float(const uint8_t *from, float *to, size_t samples)
{
	memcpy(to, from, samples * sizeof(*to));
}

static void copy_from_float(const float *from, uint8_t *to, size_t samples)
{
	for (size_t i = 0; i < samples; i++, to += sizeof(*from)) {
		float sample = scaled(from[i], 1, 1);

		memcpy(to, &sample, sizeof(sample));
	}
}

const struct pcm_format pcm_formats[PCM_FORMATS] = {
	{SND_PCM_FORMAT_S32_LE, 4, s32_to_float, float_to_s32},
	{SND_PCM_FORMAT_S24_3LE, 3, s24_to_float, float_to_s24},
	{SND_PCM_FORMAT_S16_LE, 2, s16_to_float, float_to_s16},
	{SND_PCM_FORMAT_FLOAT, 4, copy_to_float, copy_from_float},
};
