/* What the files of delivery_sim.h share: delivery_hub.c has the hub's rules. */
#ifndef BALAI_TESTS_DELIVERY_SIM_PRIVATE_H
#define BALAI_TESTS_DELIVERY_SIM_PRIVATE_H

#include "tests/fake/delivery_sim.h"

#define DELIVERY_KEPT_COMMITS 64
#define DELIVERY_KNOCK_US INT64_C(5000000)
#define DELIVERY_SEAT_US INT64_C(10000000)

/* An order of a box, copied. */
struct delivery_order {
	struct call_order order; /* its bytes lie in bytes and welcome */
	uint8_t *bytes;
	uint8_t *welcome;
};

struct delivery_queue {
	void **items;
	size_t n;
	size_t size;
};

struct delivery_box {
	struct delivery_sim *sim;
	struct delivery_person person;
	struct call_group *call;
	struct delivery_view view;
	uint16_t number; /* 0: no seat */
	bool is_here;
	int64_t seat_until_us; /* while it is not here */
	bool is_in_group;
	uint8_t *knock; /* that waits for an answer */
	size_t knock_length;
	int64_t knock_us;
	struct delivery_queue up;
	struct delivery_queue down;
};

/* The seat of a box that started anew. */
struct delivery_ghost {
	uint16_t number; /* 0: free */
	int64_t until_us;
};

struct delivery_commit {
	uint64_t epoch;
	uint8_t *bytes;
	size_t length;
};

struct delivery_sim {
	unsigned int seed;
	int64_t now_us;
	uint64_t now_s;
	struct delivery_box boxes[DELIVERY_BOXES_MAX];
	size_t n_boxes;
	struct delivery_ghost ghosts[DELIVERY_BOXES_MAX];
	uint16_t last_number;
	uint8_t owners[UINT16_MAX + 1]; /* the box of each number */
	struct call_door door;
	struct delivery_commit commits[DELIVERY_KEPT_COMMITS];
	size_t n_commits; /* ever, of this group */
	delivery_meddler meddler;
	void *meddler_context;
	delivery_interceptor interceptor;
	void *interceptor_context;
	delivery_watcher watcher;
	void *watcher_context;
	const bool *sides; /* NULL: it does not fork */
};

void *delivery_copy(const void *bytes, size_t length);
void delivery_push(struct delivery_queue *queue, void *item);
void *delivery_pop(struct delivery_queue *queue);

/* Takes over event->bytes. */
void delivery_send(struct delivery_box *box, const struct delivery_event *event);

void delivery_hub_take(struct delivery_box *box, const struct call_order *order);
void delivery_hub_joined(struct delivery_box *box, bool resumed, uint64_t epoch);
void delivery_hub_left(struct delivery_box *box, bool is_seat_kept);
void delivery_hub_keep_seat(struct delivery_box *box);
void delivery_hub_tick(struct delivery_sim *sim);
void delivery_hub_finish(struct delivery_sim *sim);

#endif
