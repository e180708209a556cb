#include "e2ee/sframe_window.h"

#include <string.h>

static uint64_t bit(uint64_t counter)
{
	return UINT64_C(1) << counter % 64;
}

static uint64_t word(uint64_t counter)
{
	return counter % SFRAME_WINDOW / 64;
}

bool sframe_window_is_new(const struct sframe_window *window, uint64_t counter)
{
	if (!window->begun || counter > window->newest)
		return true;
	if (window->newest - counter >= SFRAME_WINDOW)
		return false;
	return (window->came[word(counter)] & bit(counter)) == 0;
}

void sframe_window_take(struct sframe_window *window, uint64_t counter)
{
	if (!window->begun ||
	    (counter > window->newest && counter - window->newest >= SFRAME_WINDOW))
		memset(window->came, 0, sizeof(window->came));
	else
		for (uint64_t i = window->newest + 1; i <= counter && i > window->newest; i++)
			window->came[word(i)] &= ~bit(i);
	if (!window->begun || counter > window->newest)
		window->newest = counter;
	window->begun = true;
	window->came[word(counter)] |= bit(counter);
}
