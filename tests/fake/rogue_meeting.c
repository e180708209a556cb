#include "tests/fake/rogue_meeting.h"

#include <stdlib.h>

int rogue_meeting_set_up(void **state)
{
	struct rogue_meeting *meeting = calloc(1, sizeof(*meeting));

	if (!meeting)
		return -1;
	party_pair_init_at(&meeting->pair, site_create_rogue());
	party_init(&meeting->c, "c", PARTY_C);
	party_pair_join(&meeting->pair);
	*state = meeting;
	return 0;
}

int rogue_meeting_tear_down(void **state)
{
	struct rogue_meeting *meeting = *state;

	party_pair_finish(&meeting->pair);
	party_finish(&meeting->c);
	free(meeting);
	return 0;
}

void rogue_meeting_order(struct rogue_meeting *meeting, const char *deed)
{
	site_rogue_order(meeting->pair.site, deed);
}

bool rogue_meeting_c_comes(struct rogue_meeting *meeting)
{
	party_join(&meeting->c, meeting->pair.site);
	return party_sees(&meeting->c, PARTY_A, 5) && party_sees(&meeting->c, PARTY_B, 5);
}

bool rogue_meeting_recovers(struct rogue_meeting *meeting)
{
	struct party *a = &meeting->pair.a, *b = &meeting->pair.b;

	rogue_meeting_order(meeting, "none");
	return party_sees(a, PARTY_B, 15) && party_sees(b, PARTY_A, 15) &&
	       viewer_get(a->viewer, PARTY_B).damaged == 0 &&
	       viewer_get(b->viewer, PARTY_A).damaged == 0;
}
