#include "base/thread.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_BYTES = 16 }; /* the kernel's TASK_COMM_LEN */

struct thread {
	pthread_t id;
	char name[NAME_BYTES];
	void (*run)(void *context);
	void *context;
};

/* All but those of faults, which POSIX leaves undefined when blocked. */
static void fill_blocked(sigset_t *set)
{
	static const int faults[] = {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV};

	sigfillset(set);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		sigdelset(set, faults[i]);
}

static void *thread_main(void *argument)
{
	struct thread *thread = argument;

	pthread_setname_np(pthread_self(), thread->name);
	thread->run(thread->context);
	return NULL;
}

int thread_start(const char *name, void (*run)(void *context), void *context,
		 struct thread **ret_thread)
{
	struct thread *thread;
	sigset_t blocked, before;
	int r;

	if (strlen(name) >= NAME_BYTES)
		return -EINVAL;
	thread = calloc(1, sizeof(*thread));
	if (!thread)
		return -ENOMEM;
	memcpy(thread->name, name, strlen(name) + 1);
	thread->run = run;
	thread->context = context;

	/* A thread inherits the mask; blocked from its first instruction, no signal can reach it. */
	fill_blocked(&blocked);
	pthread_sigmask(SIG_SETMASK, &blocked, &before);
	r = pthread_create(&thread->id, NULL, thread_main, thread);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r) {
		free(thread);
		return -r;
	}
	*ret_thread = thread;
	return 0;
}

void thread_join(struct thread *thread)
{
	if (!thread)
		return;
	pthread_join(thread->id, NULL);
	free(thread);
}

bool thread_set_realtime(int priority)
{
	const struct sched_param parameters = {.sched_priority = priority};

	return !pthread_setschedparam(pthread_self(), SCHED_FIFO, &parameters);
}
