/*
 * The thread "net": everything that is connected runs in it, by callbacks, and never blocks. What
 * has to block (a look-up in DNS, a diagnosis) runs in the thread "net-wait" beside it.
 *
 *     any thread ──net_loop_call──► [ calls ] ──► net ──► callbacks of websockets, timers, calls
 *                                                  │ ▲
 *                                        net_loop_work│
 *                                                  ▼ │
 *                                               net-wait
 */
#ifndef BALAI_NET_LOOP_H
#define BALAI_NET_LOOP_H

#include <stdint.h>

struct net_loop;
struct net_timer;

/* Returns 0 and hands over *ret_loop, or -errno. */
int net_loop_create(struct net_loop **ret_loop) __attribute__((warn_unused_result));

/*
 * Ends both threads, after calls and work that have begun; a look-up in DNS may take seconds. What
 * has not begun is forgotten. All websockets, timers and net_tls are destroyed already. NULL is allowed.
 */
void net_loop_destroy(struct net_loop *loop);

/*
 * Any thread: run(context) soon in the net thread, in order of the calls. Returns 0; -EAGAIN when
 * too many wait; -ENOMEM.
 */
int net_loop_call(struct net_loop *loop, void (*run)(void *context), void *context)
	__attribute__((warn_unused_result));

/* Any thread but net: as above, and returns when it has run. Returns 0 or -ENOMEM. */
int net_loop_call_wait(struct net_loop *loop, void (*run)(void *context), void *context)
	__attribute__((warn_unused_result));

/*
 * Something that blocks, the first member of a heap object: work() runs in net-wait, then done() in
 * net, which frees the object. destroy() frees one that is forgotten before.
 */
struct net_job {
	void (*work)(struct net_job *job);
	void (*done)(struct net_job *job);
	void (*destroy)(struct net_job *job);
};

/* Takes `job` in every case. Returns 0; or -EAGAIN when too many wait: it is destroyed. */
int net_loop_work(struct net_loop *loop, struct net_job *job) __attribute__((warn_unused_result));

/* Timers belong to the net thread: each of these functions is called in it. */
int net_timer_create(struct net_loop *loop, void (*run)(void *context), void *context,
		     struct net_timer **ret_timer) __attribute__((warn_unused_result));

/* NULL is allowed; also from its own run(). */
void net_timer_destroy(struct net_timer *timer);

/* Runs once, delay_us from now, in place of what was set before. */
void net_timer_set(struct net_timer *timer, int64_t delay_us);

void net_timer_clear(struct net_timer *timer);

#endif
