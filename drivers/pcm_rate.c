#include "drivers/pcm_rate.h"

#include <errno.h>
#include <libavutil/channel_layout.h>
#include <libswresample/swresample.h>
#include <stdlib.h>

#include "base/clock.h"

struct pcm_rate {
	SwrContext *converter;
	int out_max;
};

/* The converter's buffers grow in the first calls to what they need for ever after. */
static int prime(struct pcm_rate *rate, unsigned int channels, unsigned int from_hz)
{
	float *silence = calloc((size_t)from_hz / 100 * channels, sizeof(*silence));
	float *discarded = calloc((size_t)rate->out_max * channels, sizeof(*discarded));
	int r = silence && discarded ? 0 : AVERROR(ENOMEM);

	for (int i = 0; i < 100 && r >= 0; i++)
		r = pcm_rate_convert(rate, silence, from_hz / 100, discarded);
	free(silence);
	free(discarded);
	return r;
}

int pcm_rate_create(unsigned int channels, unsigned int from_hz, unsigned int to_hz,
		    struct pcm_rate **ret_rate)
{
	struct pcm_rate *rate = calloc(1, sizeof(*rate));
	AVChannelLayout layout = {
		.order = AV_CHANNEL_ORDER_UNSPEC,
		.nb_channels = (int)channels,
	};
	int r;

	if (!rate)
		return -ENOMEM;
	rate->out_max = (int)PCM_RATE_OUT_MAX(to_hz);
	r = swr_alloc_set_opts2(&rate->converter, &layout, AV_SAMPLE_FMT_FLT, (int)to_hz, &layout,
				AV_SAMPLE_FMT_FLT, (int)from_hz, 0, NULL);
	if (r >= 0)
		r = swr_init(rate->converter);
	if (r >= 0)
		r = prime(rate, channels, from_hz);
	if (r < 0) {
		pcm_rate_destroy(rate);
		return r == AVERROR(ENOMEM) ? -ENOMEM : -EINVAL;
	}
	*ret_rate = rate;
	return 0;
}

void pcm_rate_destroy(struct pcm_rate *rate)
{
	if (!rate)
		return;
	swr_free(&rate->converter);
	free(rate);
}

int pcm_rate_convert(struct pcm_rate *rate, const float *in, size_t in_count, float *out)
{
	const uint8_t *from = (const uint8_t *)in;
	uint8_t *to = (uint8_t *)out;
	int count = swr_convert(rate->converter, &to, rate->out_max, &from, (int)in_count);

	return count < 0 ? -EINVAL : count;
}

int64_t pcm_rate_delay_us(const struct pcm_rate *rate)
{
	return swr_get_delay(rate->converter, CLOCK_US_PER_S);
}
