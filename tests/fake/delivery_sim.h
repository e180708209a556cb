/*
 * A hub's delivery service in memory, and boxes at it whose call_group takes part in one meeting.
 *
 * It keeps to the rules for groups in PROTOCOL.md. What is sent lies in a queue a box and direction; a
 * seed says which queue moves next, so that orders cross as they do on a network. Time stands still
 * but for delivery_sim_advance(). A meddler sees all that goes to a box, and may change it.
 *
 * One thread. What cannot be made ends the program.
 */
#ifndef BALAI_TESTS_DELIVERY_SIM_H
#define BALAI_TESTS_DELIVERY_SIM_H

#include "e2ee/call_group.h"

#define DELIVERY_BOXES_MAX 128
#define DELIVERY_NOW_S UINT64_C(1800000000)

struct delivery_sim;

enum delivery_kind {
	DELIVERY_JOINED,
	DELIVERY_LOST,
	DELIVERY_ROSTER,
	DELIVERY_DOOR,
	DELIVERY_KNOCK,
	DELIVERY_COMMIT,
	DELIVERY_WELCOME,
	DELIVERY_TELL,
	DELIVERY_REFUSED,
	DELIVERY_ANSWER,
};

/* What goes to a box; of each kind only some members count. */
struct delivery_event {
	enum delivery_kind kind;
	bool resumed;
	uint16_t member;
	uint64_t epoch;
	struct call_door door;
	struct call_seat seats[DELIVERY_BOXES_MAX];
	size_t n_seats;
	enum call_reason reason;
	enum call_order_kind order;
	int code;
	uint8_t *bytes; /* owned by the event */
	size_t length;
};

/* Who sits at a box; lent for the life of the simulation. */
struct delivery_person {
	const struct mls_credential *credential;
	const struct mls_signer *signer;
	struct mls_trust *trust;
	const struct call_psk *psk;
	enum call_policy policy;
	uint64_t built_s;
	uint64_t slow_s; /* its wall clock is so much behind */
};

/* What a box was told last. */
struct delivery_view {
	enum call_state state;
	enum call_reason reason;
	size_t n_epochs;
	size_t n_other_groups;
	struct call_epoch epoch; /* its members lie below */
	struct call_member members[DELIVERY_BOXES_MAX];
	struct call_refusal refusal;
	size_t n_refusals;
};

struct delivery_sim *delivery_sim_create(unsigned int seed);
void delivery_sim_destroy(struct delivery_sim *sim);

/* A box outside of the meeting. Returns its index. */
size_t delivery_sim_add(struct delivery_sim *sim, const struct delivery_person *person);

/*
 * Takes a seat with a new number; gives it up; loses the connection, but keeps the seat for 10 s; takes
 * the seat again, or a new one.
 */
void delivery_sim_join(struct delivery_sim *sim, size_t index);
void delivery_sim_leave(struct delivery_sim *sim, size_t index);
void delivery_sim_cut(struct delivery_sim *sim, size_t index);
void delivery_sim_resume(struct delivery_sim *sim, size_t index);

/* The box starts anew, with nothing of what it knew; for 10 s its seat is kept for nobody. */
void delivery_sim_reboot(struct delivery_sim *sim, size_t index);

/* One thing moves on, in one of the queues. False: all are empty. */
bool delivery_sim_move(struct delivery_sim *sim);

/* Until nothing is on the way. False: it did not come to rest. */
bool delivery_sim_run(struct delivery_sim *sim);

/* Lets time pass, in steps, with all that comes of it. False: as above. */
bool delivery_sim_advance(struct delivery_sim *sim, int64_t us);

/* Moves the meeting's wall clock, which stands at DELIVERY_NOW_S at first. */
void delivery_sim_set_clock(struct delivery_sim *sim, uint64_t seconds);

struct call_group *delivery_sim_call(struct delivery_sim *sim, size_t box);
const struct delivery_view *delivery_sim_view(const struct delivery_sim *sim, size_t box);

/* The box that has or had that number; DELIVERY_BOXES_MAX: none. */
size_t delivery_sim_owner(const struct delivery_sim *sim, uint16_t number);

/* 0: it has no seat */
uint16_t delivery_sim_number(const struct delivery_sim *sim, size_t box);
bool delivery_sim_is_here(const struct delivery_sim *sim, size_t box);
uint16_t delivery_sim_door(const struct delivery_sim *sim);

/*
 * All boxes with a seat and a connection are in one epoch of one group, and its members are those with
 * a seat. NULL, or what is otherwise.
 */
const char *delivery_sim_disagreement(const struct delivery_sim *sim);

/* The same, said on stderr. */
bool delivery_sim_agrees(const struct delivery_sim *sim);

/* Looks at an event on its way to a box, and may change it. False: it is dropped. */
typedef bool (*delivery_meddler)(void *context, size_t box, struct delivery_event *event);

void delivery_sim_meddle(struct delivery_sim *sim, delivery_meddler meddler, void *context);

/* Looks at an order of a box on its way to the hub. False: it is dropped. */
typedef bool (*delivery_interceptor)(void *context, const struct call_order *order);

void delivery_sim_intercept(struct delivery_sim *sim, delivery_interceptor interceptor,
			    void *context);

/* Sends an event, whose bytes are copied, to a box past the meddler. */
void delivery_sim_inject(struct delivery_sim *sim, size_t box, const struct delivery_event *event);

/* Is called before and after a box takes an event. */
typedef void (*delivery_watcher)(void *context, size_t box, enum delivery_kind kind, bool is_over);

void delivery_sim_watch(struct delivery_sim *sim, delivery_watcher watcher, void *context);

/* The hub takes every commit as its epoch's first, and hands it on to boxes on the same side only. */
void delivery_sim_fork(struct delivery_sim *sim, const bool *sides);

#endif
