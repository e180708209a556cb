#include "microphone/self_test.h"

#include <stdio.h>

/* Takes the reference of `list` on failure: returns NULL then. */
static json_t *add(json_t *list, const char *en, const char *id)
{
	if (list && json_array_append_new(list, json_pack("{s:s, s:s}", "en", en, "id", id)) < 0) {
		json_decref(list);
		return NULL;
	}
	return list;
}

static json_t *add_each(json_t *list, uint32_t mask, const char *en, const char *id,
			const char *what_en, const char *what_id)
{
	char text_en[96], text_id[96];

	for (unsigned int n = 0; mask >> n; n++) {
		if (!(mask >> n & 1))
			continue;
		snprintf(text_en, sizeof(text_en), "%s %u %s", what_en, n + 1, en);
		snprintf(text_id, sizeof(text_id), "%s %u %s", what_id, n + 1, id);
		list = add(list, text_en, text_id);
	}
	return list;
}

static json_t *add_microphones(json_t *list, uint32_t mask, const char *en, const char *id)
{
	return add_each(list, mask, en, id, "Microphone", "Mikrofon");
}

static json_t *add_places(json_t *list, const struct self_test_result *result)
{
	char en[96], id[96];

	if (result->swapped) {
		snprintf(en, sizeof(en), "Microphones %u and %u are swapped", result->first + 1,
			 result->second + 1);
		snprintf(id, sizeof(id), "Mikrofon %u dan %u tertukar", result->first + 1,
			 result->second + 1);
		return add(list, en, id);
	}
	if (result->misplaced)
		return add(list, "The microphones do not stand as the board file says",
			   "Letak mikrofon tidak sesuai dengan berkas papan");
	return list;
}

json_t *self_test_to_json(const struct self_test_result *result)
{
	json_t *list = json_array();

	list = add_each(list, result->quiet_loudspeakers, "is not heard by any microphone",
			"tidak terdengar oleh mikrofon mana pun", "Loudspeaker", "Pelantang");
	list = add_microphones(list, result->silent, "gives no sound at all",
			       "tidak memberi suara sama sekali");
	list = add_microphones(list, result->deaf, "hears little or nothing of the loudspeakers",
			       "hampir tidak mendengar pelantang");
	list = add_microphones(list, result->clipped, "is too loud: it reaches full scale",
			       "terlalu keras: mencapai batas");
	return add_places(list, result);
}
