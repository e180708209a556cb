#include "microphone/apm.h"

#include <cerrno>
#include <cmath>
#include <modules/audio_processing/include/audio_processing.h>
#include <new>

#include "base/sound.h"

using webrtc::AudioProcessing;
using webrtc::StreamConfig;

struct apm {
	rtc::scoped_refptr<AudioProcessing> processing;
	StreamConfig capture;
	StreamConfig render;
};

static AudioProcessing::Config library_config(const struct apm_config *config)
{
	AudioProcessing::Config library;

	library.pipeline.maximum_internal_processing_rate = SOUND_RATE_HZ;
	library.pipeline.multi_channel_capture = config->channels > 1;
	library.high_pass_filter.enabled = config->cancels_echo;
	library.echo_canceller.enabled = config->cancels_echo;
	library.noise_suppression.enabled = config->suppresses_noise;
	library.noise_suppression.level = AudioProcessing::Config::NoiseSuppression::kHigh;
	library.residual_echo_detector.enabled = false;
	return library;
}

int apm_create(const struct apm_config *config, struct apm **ret_apm)
{
	struct apm *apm = new (std::nothrow) struct apm;

	if (!apm)
		return -ENOMEM;
	apm->capture = StreamConfig(SOUND_RATE_HZ, config->channels);
	apm->render = StreamConfig(SOUND_RATE_HZ, 1);
	apm->processing = webrtc::AudioProcessingBuilder().Create();
	if (!apm->processing) {
		delete apm;
		return -ENOMEM;
	}
	apm->processing->ApplyConfig(library_config(config));
	if (apm->processing->Initialize({{apm->capture, apm->capture, apm->render, apm->render}})) {
		delete apm;
		return -EINVAL;
	}
	*ret_apm = apm;
	return 0;
}

void apm_destroy(struct apm *apm)
{
	delete apm;
}

void apm_process(struct apm *apm, const float *reference, float *const *channels)
{
	/* Neither is refused: the formats are those of Initialize(), the delay is in range. */
	if (reference) {
		(void)apm->processing->AnalyzeReverseStream(&reference, apm->render);
		(void)apm->processing->set_stream_delay_ms(0);
	}
	(void)apm->processing->ProcessStream(channels, apm->capture, apm->capture, channels);
}

struct apm_stats apm_get_stats(struct apm *apm)
{
	webrtc::AudioProcessingStats library = apm->processing->GetStatistics();

	return {library.delay_ms.value_or(-1), library.echo_return_loss_enhancement.value_or(NAN)};
}
