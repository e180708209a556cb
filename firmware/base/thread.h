/*
 * Named threads: one owner starts and joins each. Two threads meet only at a queue, a ring or a
 * dispatch call; a thread ends because its owner closed what it waits on.
 */
#ifndef BALAI_BASE_THREAD_H
#define BALAI_BASE_THREAD_H

#include <stdbool.h>

struct thread;

/*
 * Starts `run(context)` in a new thread called `name` (at most 15 bytes) with all signals but those
 * of faults blocked. Returns 0 and hands over *ret_thread, to be given to thread_join(); -EINVAL for
 * a longer name; or -errno.
 */
int thread_start(const char *name, void (*run)(void *context), void *context,
		 struct thread **ret_thread) __attribute__((warn_unused_result));

/* Waits for the end of the thread and frees it; NULL is allowed. */
void thread_join(struct thread *thread);

/*
 * Asks for SCHED_FIFO at `priority` (1..99) for the calling thread. Without the right to it the
 * thread stays an ordinary one: returns false, which the caller says once in Status.
 */
bool thread_set_realtime(int priority);

#endif
