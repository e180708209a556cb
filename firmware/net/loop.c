#include "net/loop.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/queue.h"
#include "base/thread.h"
#include "net/loop_lws.h"

#define CALLS_MAX 1024
#define JOBS_MAX 16
#define FDS_MAX 64

struct call {
	void (*run)(void *context);
	void *context;
};

struct net_loop {
	struct lws_context *context;
	struct queue *calls; /* struct call */
	struct queue *jobs;  /* struct net_job */
	struct thread *net;
	struct thread *net_wait;
	bool is_stopping; /* of the net thread */
};

struct net_timer {
	lws_sorted_usec_list_t list;
	struct net_loop *loop;
	void (*run)(void *context);
	void *context;
};

static void log_line(int level, const char *line)
{
	(void)level;
	log_debug("net", "libwebsockets: %.*s", (int)strcspn(line, "\n"), line);
}

static void run_calls(struct net_loop *loop)
{
	struct call *call;
	void *item;

	while (queue_pop(loop->calls, 0, &item) == 0) {
		call = item;
		call->run(call->context);
		free(call);
	}
}

static void run_net(void *context)
{
	struct net_loop *loop = context;

	while (!loop->is_stopping && lws_service(loop->context, 0) >= 0)
		run_calls(loop);
}

static int push_call(struct net_loop *loop, void (*run)(void *context), void *context,
		     int64_t deadline_us)
{
	struct call *call = malloc(sizeof(*call));

	if (call == NULL)
		return -ENOMEM;
	*call = (struct call){.run = run, .context = context};
	if (queue_push(loop->calls, call, deadline_us) != 0)
		return -EAGAIN;
	lws_cancel_service(loop->context);
	return 0;
}

static void destroy_job(void *item)
{
	struct net_job *job = item;

	job->destroy(job);
}

static void finish_job(void *context)
{
	struct net_job *job = context;

	job->done(job);
}

static void run_net_wait(void *context)
{
	struct net_loop *loop = context;
	struct net_job *job;
	void *item;

	while (queue_pop(loop->jobs, INT64_MAX, &item) == 0) {
		job = item;
		job->work(job);
		if (push_call(loop, finish_job, job, INT64_MAX) != 0)
			job->destroy(job);
	}
}

static int create_context(struct net_loop *loop)
{
	const struct lws_context_creation_info info = {
		.port = CONTEXT_PORT_NO_LISTEN,
		.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT | LWS_SERVER_OPTION_EXPLICIT_VHOSTS,
		.fd_limit_per_thread = FDS_MAX,
		.pt_serv_buf_size = NET_RECEIVE_BYTES,
		.timeout_secs = NET_CONNECT_TIMEOUT_S,
	};

	lws_set_log_level(LLL_ERR | LLL_WARN, log_line);
	loop->context = lws_create_context(&info);
	return loop->context != NULL ? 0 : -ENOMEM;
}

int net_loop_create(struct net_loop **ret_loop)
{
	struct net_loop *loop = calloc(1, sizeof(*loop));
	int r;

	if (loop == NULL)
		return -ENOMEM;
	r = create_context(loop);
	if (r == 0)
		r = queue_create(CALLS_MAX, QUEUE_WAIT, free, &loop->calls);
	if (r == 0)
		r = queue_create(JOBS_MAX, QUEUE_DROP_NEWEST, destroy_job, &loop->jobs);
	if (r == 0)
		r = thread_start("net-wait", run_net_wait, loop, &loop->net_wait);
	if (r == 0)
		r = thread_start("net", run_net, loop, &loop->net);
	if (r < 0) {
		net_loop_destroy(loop);
		return r;
	}
	*ret_loop = loop;
	return 0;
}

static void stop(void *context)
{
	struct net_loop *loop = context;

	loop->is_stopping = true;
}

void net_loop_destroy(struct net_loop *loop)
{
	if (loop == NULL)
		return;
	/* net-wait first: it hands its results to net. */
	if (loop->jobs != NULL) {
		queue_flush(loop->jobs);
		queue_close(loop->jobs);
	}
	thread_join(loop->net_wait);
	while (loop->net != NULL && net_loop_call_wait(loop, stop, loop) != 0)
		continue;
	thread_join(loop->net);
	queue_destroy(loop->jobs);
	queue_destroy(loop->calls);
	if (loop->context != NULL)
		lws_context_destroy(loop->context);
	free(loop);
}

struct lws_context *net_loop_context(struct net_loop *loop)
{
	return loop->context;
}

int net_loop_call(struct net_loop *loop, void (*run)(void *context), void *context)
{
	return push_call(loop, run, context, 0);
}

struct waiting_call {
	struct call call;
	pthread_mutex_t lock;
	pthread_cond_t done;
	bool is_done;
};

static void run_waiting(void *context)
{
	struct waiting_call *waiting = context;

	waiting->call.run(waiting->call.context);
	pthread_mutex_lock(&waiting->lock);
	waiting->is_done = true;
	pthread_cond_signal(&waiting->done);
	pthread_mutex_unlock(&waiting->lock);
}

int net_loop_call_wait(struct net_loop *loop, void (*run)(void *context), void *context)
{
	struct waiting_call waiting = {
		.call = {.run = run, .context = context},
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.done = PTHREAD_COND_INITIALIZER,
	};
	int r = push_call(loop, run_waiting, &waiting, INT64_MAX);

	if (r < 0)
		return r;
	pthread_mutex_lock(&waiting.lock);
	while (!waiting.is_done)
		pthread_cond_wait(&waiting.done, &waiting.lock);
	pthread_mutex_unlock(&waiting.lock);
	pthread_cond_destroy(&waiting.done);
	pthread_mutex_destroy(&waiting.lock);
	return 0;
}

int net_loop_work(struct net_loop *loop, struct net_job *job)
{
	return queue_push(loop->jobs, job, 0) == 0 ? 0 : -EAGAIN;
}

static void run_timer(lws_sorted_usec_list_t *list)
{
	struct net_timer *timer = lws_container_of(list, struct net_timer, list);

	timer->run(timer->context);
}

int net_timer_create(struct net_loop *loop, void (*run)(void *context), void *context,
		     struct net_timer **ret_timer)
{
	struct net_timer *timer = calloc(1, sizeof(*timer));

	if (timer == NULL)
		return -ENOMEM;
	timer->loop = loop;
	timer->run = run;
	timer->context = context;
	*ret_timer = timer;
	return 0;
}

void net_timer_destroy(struct net_timer *timer)
{
	if (timer == NULL)
		return;
	net_timer_clear(timer);
	free(timer);
}

void net_timer_set(struct net_timer *timer, int64_t delay_us)
{
	lws_sul_schedule(timer->loop->context, 0, &timer->list, run_timer,
			 delay_us > 0 ? delay_us : 1);
}

void net_timer_clear(struct net_timer *timer)
{
	lws_sul_cancel(&timer->list);
}
