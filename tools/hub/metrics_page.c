#include "tools/hub/metrics_page.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

enum {
	CLIENTS_MAX = 16,
	PAGE_BYTES_MAX = 16384,
	IDLE_S = 5,
};

struct metrics_page {
	struct shared *shared;
	unsigned int clients;
	struct buffer text; /* scratch of answer() */
};

static struct metrics_page *page_of(struct lws *wsi)
{
	return lws_vhost_user(lws_get_vhost(wsi));
}

static int write_head(struct lws *wsi, size_t length)
{
	unsigned char bytes[LWS_PRE + 1024], *start = bytes + LWS_PRE, *at = start;
	unsigned char *end = bytes + sizeof(bytes);

	return lws_add_http_common_headers(wsi, HTTP_STATUS_OK, "text/plain; version=0.0.4",
					   (lws_filepos_t)length, &at, end) ||
	       lws_finalize_write_http_header(wsi, start, &at, end);
}

static int write_text(struct metrics_page *page)
{
	static const uint8_t headroom[LWS_PRE];

	buffer_clear(&page->text);
	if (buffer_append(&page->text, headroom, LWS_PRE) < 0)
		return -1;
	return metrics_write(&page->shared->metrics, page->shared->pool.bytes, &page->text);
}

/* All at once: a page is small, and lws keeps what the socket does not take. */
static int answer(struct lws *wsi, const char *path)
{
	struct metrics_page *page = page_of(wsi);
	size_t length;

	if (strcmp(path, "/metrics") != 0) {
		lws_return_http_status(wsi, HTTP_STATUS_NOT_FOUND, NULL);
		return -1;
	}
	if (write_text(page) < 0)
		return -1;
	length = page->text.length - LWS_PRE;
	if (write_head(wsi, length) ||
	    lws_write(wsi, page->text.data + LWS_PRE, length, LWS_WRITE_HTTP_FINAL) < (int)length)
		return -1;
	return lws_http_transaction_completed(wsi) ? -1 : 0;
}

static int on_http(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
		   size_t length)
{
	(void)user;
	(void)length;
	switch (reason) {
	case LWS_CALLBACK_FILTER_NETWORK_CONNECTION:
		return page_of(wsi)->clients >= CLIENTS_MAX ? -1 : 0;
	case LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED:
		page_of(wsi)->clients++;
		return 0;
	case LWS_CALLBACK_WSI_DESTROY:
		page_of(wsi)->clients--;
		return 0;
	case LWS_CALLBACK_HTTP:
		return answer(wsi, in);
	case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
		return -1;
	default:
		return 0;
	}
}

static const struct lws_protocols protocols[] = {
	{.name = "http", .callback = on_http},
	LWS_PROTOCOL_LIST_TERM,
};

/*
 * lws listens by itself here: it chooses a vhost by port and Host, so that this one must have
 * another port than the one of the rooms, who prove themselves.
 */
int metrics_page_create(struct lws_context *context, struct shared *shared,
			const struct settings_address *address, struct metrics_page **ret_page)
{
	struct metrics_page *page = calloc(1, sizeof(*page));
	bool is_v6 = strchr(address->host, ':');
	const struct lws_context_creation_info info = {
		.port = address->port,
		.iface = address->host,
		.options = LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND |
			   (is_v6 ? 0 : LWS_SERVER_OPTION_DISABLE_IPV6),
		.protocols = protocols,
		.vhost_name = "metrics",
		.keepalive_timeout = IDLE_S,
		.user = page,
	};
	struct lws_vhost *vhost;

	if (!page)
		return -ENOMEM;
	page->shared = shared;
	buffer_init(&page->text, PAGE_BYTES_MAX);
	*ret_page = page;
	vhost = lws_create_vhost(context, &info);
	if (!vhost)
		return -EADDRNOTAVAIL;
	log_info("hub",
		 is_v6 ? "metrics on http://[%s]:%d/metrics" : "metrics on http://%s:%d/metrics",
		 address->host, lws_get_vhost_listen_port(vhost));
	return 0;
}

void metrics_page_destroy(struct metrics_page *page)
{
	if (!page)
		return;
	buffer_finish(&page->text);
	free(page);
}
