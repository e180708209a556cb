#include "microphone/spectrum.h"

#include <errno.h>
#include <libavutil/mem.h>

int spectrum_init(struct spectrum *spectrum)
{
	const float one = 1, scale = 1.0f / SPECTRUM_FRAMES;

	*spectrum = (struct spectrum){
		.time = av_calloc(SPECTRUM_FRAMES + 2, sizeof(float)),
		.bins = av_calloc(SPECTRUM_BINS + 1, sizeof(AVComplexFloat)),
	};
	if (!spectrum->time || !spectrum->bins ||
	    av_tx_init(&spectrum->forward, &spectrum->forward_fn, AV_TX_FLOAT_RDFT, 0,
		       SPECTRUM_FRAMES, &one, 0) < 0 ||
	    av_tx_init(&spectrum->backward, &spectrum->backward_fn, AV_TX_FLOAT_RDFT, 1,
		       SPECTRUM_FRAMES, &scale, 0) < 0)
		return -ENOMEM;
	return 0;
}

void spectrum_finish(struct spectrum *spectrum)
{
	av_tx_uninit(&spectrum->forward);
	av_tx_uninit(&spectrum->backward);
	av_freep(&spectrum->time);
	av_freep(&spectrum->bins);
}

void spectrum_forward(struct spectrum *spectrum)
{
	spectrum->forward_fn(spectrum->forward, spectrum->bins, spectrum->time, sizeof(float));
}

void spectrum_backward(struct spectrum *spectrum)
{
	spectrum->backward_fn(spectrum->backward, spectrum->time, spectrum->bins,
			      sizeof(AVComplexFloat));
}
