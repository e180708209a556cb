/*
 * The two halves of the compositor: compose.c, which other threads call, and compose_thread.c, its
 * own thread. They meet in struct compose under its lock.
 */
#ifndef BALAI_SCREEN_COMPOSE_PRIVATE_H
#define BALAI_SCREEN_COMPOSE_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/stats.h"
#include "base/thread.h"
#include "screen/compose.h"
#include "screen/scene.h"

#define COMPOSE_NOTICE_BYTES 512

/* A member as the other threads see it: what it shows next and how that went so far. */
struct entry {
	uint32_t member;
	bool fresh;       /* `picture` was not taken yet */
	AVFrame *picture; /* owned; NULL with fresh: its picture is taken away */
	uint64_t shown;
	uint64_t skipped; /* replaced before they were taken, or without a tile */
	struct stats latency;
	struct stats interval; /* from one shown to the next */
	int64_t shown_us;      /* the newest; 0 before the first */
};

/* What other threads want to be different, gathered until the next drawing. */
struct changes {
	bool members_changed, notice_changed, meeting_changed, secrecy_changed;
	struct compose_member members[COMPOSE_MEMBERS_MAX]; /* names are those below */
	char names[COMPOSE_MEMBERS_MAX][COMPOSE_NAME_BYTES];
	size_t n_members;
	enum compose_notice notice_kind;
	char notice[COMPOSE_NOTICE_BYTES];
	char meeting[COMPOSE_NAME_BYTES];
	enum compose_secrecy secrecy;
	char code[COMPOSE_CODE_BYTES];
};

/* A picture on its way through one drawing. */
struct showing {
	uint32_t member;
	AVFrame *picture;
	int64_t capture_us; /* AV_NOPTS_VALUE: none */
	bool has_tile;
};

struct compose {
	struct compose_settings settings;
	struct thread *thread;
	atomic_int_fast64_t moved_us; /* when the thread last went round */

	pthread_mutex_t lock; /* for what follows, up to the thread's own */
	pthread_cond_t wake;  /* of the thread */
	pthread_cond_t moved; /* of those that wait for a copy */
	bool stop;
	bool news; /* something but the own picture is to be drawn */
	struct changes *pending;
	struct entry *entries[COMPOSE_MEMBERS_MAX];
	size_t n_entries;
	bool own_fresh;
	int64_t own_us; /* when it is due next */
	AVFrame *own;

	bool tried; /* to open the screen */
	bool is_open;
	char reason[SCREEN_REASON_BYTES]; /* why it is not */
	struct screen_format format;
	uint64_t presented;
	int64_t presented_us;
	bool copy_wanted;
	AVFrame *copy;
	uint64_t copy_serial;
	int64_t fps_since_us;
	uint64_t fps_since;
	double fps;
	struct stats drawing; /* how long they took */

	/* The thread's own. */
	struct scene *scene;
	struct changes *taken;
	struct showing showing[COMPOSE_MEMBERS_MAX];
	size_t n_showing;
	AVFrame *shown_target; /* the screen's, what it shows; NULL: nothing */
	int64_t retry_us, check_us;
};

/* The entry of a member or NULL; the lock is held. */
struct entry *compose_find(const struct compose *compose, uint32_t member);

/* The thread: runs until `stop`, then closes the screen. */
void compose_run(void *context);

#endif
