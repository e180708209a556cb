#include "sound/sound_status.h"

static const char *state_text(enum sound_result state)
{
	return state == SOUND_TIMEOUT ? "opening" : sound_result_text(state);
}

static json_int_t count(const _Atomic uint64_t *counter)
{
	return (json_int_t)atomic_load(counter);
}

/* What both ends have in common. */
static json_t *device_to_json(const struct keeper_status *status, const _Atomic uint64_t *xruns,
			      const char *fault, const struct sound_level *level)
{
	return json_pack("{s:s, s:s, s:s?, s:I, s:I, s:I, s:f, s:f}", "state",
			 state_text(status->state), "device", status->info.text, "fault", fault,
			 "rate_hz", (json_int_t)status->info.rate_hz, "opens",
			 (json_int_t)status->opens, "xruns", count(xruns), "rms_dbfs",
			 sound_level_rms_dbfs(level), "peak_dbfs", sound_level_peak_dbfs(level));
}

/* Takes `rest`. */
static json_t *join(json_t *object, json_t *rest)
{
	if (!object || !rest || json_object_update(object, rest)) {
		json_decref(object);
		object = NULL;
	}
	json_decref(rest);
	return object;
}

static json_t *mic_to_json(const struct sound_status_parts *parts)
{
	struct keeper_status status;

	if (parts->mic_at == SOUND_STATUS_NONE)
		return json_pack("{s:s}", "state", "none");
	status = keeper_get_status(parts->keeper, parts->mic_at);
	return join(device_to_json(&status, &parts->mic->xruns, atomic_load(&parts->mic->fault),
				   &parts->duplex->mic_level),
		    json_pack("{s:I, s:I, s:I}", "channels", (json_int_t)status.info.channels,
			      "stalls", count(&parts->duplex->stalls), "stale",
			      count(&parts->duplex->stale)));
}

static json_t *speaker_to_json(const struct sound_status_parts *parts)
{
	struct keeper_status status;

	if (parts->speaker_at == SOUND_STATUS_NONE)
		return json_pack("{s:s}", "state", "none");
	status = keeper_get_status(parts->keeper, parts->speaker_at);
	return join(device_to_json(&status, &parts->speaker->xruns,
				   atomic_load(&parts->speaker->fault),
				   &parts->duplex->speaker_level),
		    json_pack("{s:I, s:o}", "full", count(&parts->duplex->full), "queued",
			      stats_to_json(&parts->duplex->queued, clock_now_us())));
}

static json_t *sources_to_json(const struct sound_status_parts *parts)
{
	json_t *sources = json_array();

	for (size_t i = 0; sources && i < parts->source_count; i++) {
		struct keeper_status status =
			keeper_get_status(parts->keeper, parts->sources_at + i);
		const struct mic *mic = parts->source_mics[i];

		if (json_array_append_new(sources,
					  device_to_json(&status, &mic->xruns,
							 atomic_load(&mic->fault),
							 source_level(parts->sources[i]))) < 0) {
			json_decref(sources);
			return NULL;
		}
	}
	return sources;
}

json_t *sound_status_to_json(const struct sound_status_parts *parts)
{
	return json_pack("{s:b, s:I, s:I, s:o, s:f, s:o, s:o, s:o, s:o?}", "realtime",
			 parts->realtime, "periods", count(&parts->duplex->periods), "late_periods",
			 count(&parts->duplex->late_periods), "period",
			 stats_to_json(&parts->duplex->period, clock_now_us()), "drift_ppm",
			 parts->drift_ppm, "microphone", mic_to_json(parts), "speaker",
			 speaker_to_json(parts), "sources", sources_to_json(parts), "self_test",
			 parts->faults);
}
