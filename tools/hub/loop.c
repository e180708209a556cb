#include "tools/hub/loop.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
	EVENTS_MAX = 256,
	WAIT_MAX_MS = 60000,
};

/* What is watched of one descriptor. */
struct watch {
	uint32_t events;     /* EPOLLIN, EPOLLOUT; 0: it is not watched */
	uint32_t generation; /* tells it from an earlier one of the same number */
};

struct loop {
	int epoll;
	size_t files_max;
	struct watch *watches; /* by descriptor */
};

int loop_create(size_t files_max, struct loop **ret_loop)
{
	struct loop *loop = calloc(1, sizeof(*loop));
	int r;

	if (!loop)
		return -ENOMEM;
	loop->files_max = files_max;
	loop->watches = calloc(files_max, sizeof(*loop->watches));
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (!loop->watches || loop->epoll < 0) {
		r = loop->watches ? -errno : -ENOMEM;
		loop_destroy(loop);
		return r;
	}
	*ret_loop = loop;
	return 0;
}

void loop_destroy(struct loop *loop)
{
	if (!loop)
		return;
	if (loop->epoll >= 0)
		close(loop->epoll);
	free(loop->watches);
	free(loop);
}

/* lws keeps the loop's address in a place of its own. */
static struct loop *loop_of(struct lws *wsi)
{
	return *(struct loop **)lws_evlib_wsi_to_evlib_pt(wsi);
}

static int on_init(struct lws_context *context, void *loop, int thread)
{
	*(struct loop **)lws_evlib_tsi_to_evlib_pt(context, thread) = loop;
	return 0;
}

static int set_events(struct loop *loop, int fd, int operation, uint32_t events)
{
	struct watch *watch = &loop->watches[fd];
	struct epoll_event event = {
		.events = events,
		.data.u64 = (uint64_t)watch->generation << 32 | (uint32_t)fd,
	};

	watch->events = events;
	return epoll_ctl(loop->epoll, operation, fd, &event);
}

static int on_add(struct lws *wsi)
{
	struct loop *loop = loop_of(wsi);
	int fd = lws_get_socket_fd(wsi);

	if (fd < 0 || (size_t)fd >= loop->files_max)
		return -1;
	loop->watches[fd].generation++;
	return set_events(loop, fd, EPOLL_CTL_ADD, EPOLLIN);
}

static void on_change(struct lws *wsi, unsigned int flags)
{
	struct loop *loop = loop_of(wsi);
	int fd = lws_get_socket_fd(wsi);
	uint32_t events = 0, before;

	if (fd < 0 || (size_t)fd >= loop->files_max || loop->watches[fd].events == 0)
		return;
	if (flags & LWS_EV_READ)
		events |= EPOLLIN;
	if (flags & LWS_EV_WRITE)
		events |= EPOLLOUT;
	before = loop->watches[fd].events & (EPOLLIN | EPOLLOUT);
	events = flags & LWS_EV_START ? before | events : before & ~events;
	/* EPOLLERR keeps it known as watched; epoll reports it in any case. */
	if (events != before)
		set_events(loop, fd, EPOLL_CTL_MOD, events | EPOLLERR);
}

static int on_remove(struct lws *wsi)
{
	struct loop *loop = loop_of(wsi);
	int fd = lws_get_socket_fd(wsi);

	if (fd >= 0 && (size_t)fd < loop->files_max && loop->watches[fd].events != 0)
		set_events(loop, fd, EPOLL_CTL_DEL, 0);
	return 0;
}

void loop_serve(struct loop **loop, struct lws_context_creation_info *info)
{
	static const struct lws_event_loop_ops ops = {
		.name = "epoll",
		.init_pt = on_init,
		.init_vhost_listen_wsi = on_add,
		.sock_accept = on_add,
		.io = on_change,
		.wsi_logical_close = on_remove,
		.flags = LELOF_ISPOLL,
		.evlib_size_pt = sizeof(struct loop *),
	};
	static const lws_plugin_evlib_t plugin = {
		.hdr = {"epoll", "lws_evlib_plugin", LWS_BUILD_HASH, LWS_PLUGIN_API_MAGIC},
		.ops = &ops,
	};

	info->event_lib_custom = &plugin;
	info->foreign_loops = (void **)loop;
}

/* EPOLLIN and the like have the values of POLLIN and the like. */
_Static_assert(EPOLLIN == POLLIN && EPOLLOUT == POLLOUT && EPOLLHUP == POLLHUP,
	       "epoll's events are those of poll");

static void serve(struct loop *loop, struct lws_context *context, const struct epoll_event *event)
{
	int fd = (int)(uint32_t)event->data.u64;
	const struct watch *watch = &loop->watches[fd];
	struct lws_pollfd pollfd = {
		.fd = fd,
		.events = (short)(watch->events & (EPOLLIN | EPOLLOUT)),
		.revents = (short)event->events,
	};

	/* Closed since, by what came before in this round. */
	if (watch->events == 0 || watch->generation != event->data.u64 >> 32)
		return;
	lws_service_fd(context, &pollfd);
}

void loop_run(struct loop *loop, struct lws_context *context)
{
	struct epoll_event events[EVENTS_MAX];
	int wait_ms, count, i;

	/* Runs the timers that are due, too. */
	wait_ms = lws_service_adjust_timeout(context, WAIT_MAX_MS, 0);
	/*
	 * 0: TLS has read off a socket in advance, which is no event any more; or the next timer is
	 * due within the millisecond.
	 */
	if (wait_ms == 0 && _lws_plat_service_forced_tsi(context, 0) == 0)
		wait_ms = 1;
	count = epoll_wait(loop->epoll, events, EVENTS_MAX, wait_ms);
	for (i = 0; i < count; i++)
		serve(loop, context, &events[i]);
}
