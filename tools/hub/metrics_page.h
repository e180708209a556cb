/*
 * The page http://ADDRESS/metrics for Prometheus, on a loopback address of its own. Belongs to the
 * hub's one thread.
 */
#ifndef BALAI_HUB_METRICS_PAGE_H
#define BALAI_HUB_METRICS_PAGE_H

#include <libwebsockets.h>

#include "base/settings.h"
#include "tools/hub/shared.h"

struct metrics_page;

/*
 * Listens on `address`. Returns 0, or -errno; hands over *ret_page where there is memory for it.
 * Its sockets belong to `context`; `shared` and the page must outlive that.
 */
int metrics_page_create(struct lws_context *context, struct shared *shared,
			const struct settings_address *address, struct metrics_page **ret_page)
	__attribute__((warn_unused_result));

/* After the context is destroyed. NULL is allowed. */
void metrics_page_destroy(struct metrics_page *page);

#endif
