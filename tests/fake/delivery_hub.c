#include <stdlib.h>
#include <string.h>

#include "tests/fake/delivery_sim_private.h"

static struct delivery_box *find(struct delivery_sim *sim, uint16_t number)
{
	for (size_t i = 0; i < sim->n_boxes; i++) {
		if (number != 0 && sim->boxes[i].number == number)
			return &sim->boxes[i];
	}
	return NULL;
}

static void answer(struct delivery_box *box, enum call_order_kind order, int code)
{
	delivery_send(box, &(struct delivery_event){
				   .kind = DELIVERY_ANSWER,
				   .order = order,
				   .code = code,
			   });
}

static void send_roster(struct delivery_box *box)
{
	struct delivery_event event = {.kind = DELIVERY_ROSTER};
	struct delivery_sim *sim = box->sim;

	for (size_t i = 0; i < sim->n_boxes; i++) {
		if (sim->boxes[i].number != 0)
			event.seats[event.n_seats++] = (struct call_seat){
				sim->boxes[i].number,
				sim->boxes[i].is_here,
			};
	}
	for (size_t i = 0; i < DELIVERY_BOXES_MAX && event.n_seats < DELIVERY_BOXES_MAX; i++) {
		if (sim->ghosts[i].number != 0)
			event.seats[event.n_seats++].number = sim->ghosts[i].number;
	}
	delivery_send(box, &event);
}

static void send_door(struct delivery_box *box)
{
	delivery_send(box, &(struct delivery_event){
				   .kind = DELIVERY_DOOR,
				   .door = box->sim->door,
			   });
}

static void to_all(struct delivery_sim *sim, void (*send)(struct delivery_box *box))
{
	for (size_t i = 0; i < sim->n_boxes; i++) {
		if (sim->boxes[i].is_here)
			send(&sim->boxes[i]);
	}
}

static void drop_knock(struct delivery_box *box)
{
	free(box->knock);
	box->knock = NULL;
}

static void forget_commits(struct delivery_sim *sim)
{
	for (size_t i = 0; i < DELIVERY_KEPT_COMMITS; i++) {
		free(sim->commits[i].bytes);
		sim->commits[i].bytes = NULL;
	}
	sim->n_commits = 0;
}

void delivery_hub_finish(struct delivery_sim *sim)
{
	forget_commits(sim);
	for (size_t i = 0; i < sim->n_boxes; i++)
		drop_knock(&sim->boxes[i]);
}

static void vacate(struct delivery_sim *sim, const struct delivery_box *passed)
{
	sim->door.state = CALL_DOOR_VACANT;
	sim->door.n_passed = 0;
	if (passed && passed->number != 0)
		sim->door.passed[sim->door.n_passed++] = passed->number;
	for (size_t i = 0; i < sim->n_boxes; i++)
		drop_knock(&sim->boxes[i]);
	to_all(sim, send_door);
}

/* After a box is no longer in the group. */
static void follow_exit(struct delivery_box *box)
{
	struct delivery_sim *sim = box->sim;
	bool is_any = false;

	for (size_t i = 0; i < sim->n_boxes; i++)
		is_any |= sim->boxes[i].is_in_group;
	if (sim->door.state == CALL_DOOR_OPEN && sim->door.member == box->number && is_any)
		vacate(sim, box->is_here ? box : NULL);
	if (is_any || sim->door.state == CALL_DOOR_NONE || sim->door.state == CALL_DOOR_CLEAR)
		return;
	forget_commits(sim);
	sim->door = (struct call_door){.state = CALL_DOOR_NONE};
	to_all(sim, send_door);
}

static void take_open(struct delivery_box *box, const struct call_order *order)
{
	struct delivery_sim *sim = box->sim;

	if (sim->door.state != CALL_DOOR_NONE) {
		answer(box, order->kind, CALL_ANSWER_EXISTS);
		return;
	}
	answer(box, order->kind, CALL_ANSWER_OK);
	sim->door = (struct call_door){.state = CALL_DOOR_CLEAR};
	if (order->kind == CALL_ORDER_OPEN) {
		sim->door.state = CALL_DOOR_OPEN;
		sim->door.member = box->number;
		memcpy(sim->door.key, order->bytes.data, sizeof(sim->door.key));
		box->is_in_group = true;
	}
	to_all(sim, send_door);
}

static void take_door(struct delivery_box *box, const struct call_order *order)
{
	struct delivery_sim *sim = box->sim;

	if (!box->is_in_group) {
		answer(box, order->kind, CALL_ANSWER_NO_GROUP);
		return;
	}
	answer(box, order->kind, CALL_ANSWER_OK);
	sim->door.state = CALL_DOOR_OPEN;
	sim->door.member = box->number;
	sim->door.n_passed = 0;
	memcpy(sim->door.key, order->bytes.data, sizeof(sim->door.key));
	for (size_t i = 0; i < sim->n_boxes; i++)
		drop_knock(&sim->boxes[i]);
	to_all(sim, send_door);
}

static void take_knock(struct delivery_box *box, const struct call_order *order)
{
	struct delivery_sim *sim = box->sim;
	struct delivery_box *door;

	if (sim->door.state != CALL_DOOR_OPEN && sim->door.state != CALL_DOOR_VACANT) {
		answer(box, order->kind, CALL_ANSWER_NO_GROUP);
		return;
	}
	answer(box, order->kind, CALL_ANSWER_OK);
	box->is_in_group = false;
	follow_exit(box);
	if (sim->door.state != CALL_DOOR_OPEN)
		return;
	drop_knock(box);
	box->knock = delivery_copy(order->bytes.data, order->bytes.length);
	box->knock_length = order->bytes.length;
	box->knock_us = sim->now_us;
	door = find(sim, sim->door.member);
	delivery_send(door, &(struct delivery_event){
				    .kind = DELIVERY_KNOCK,
				    .member = box->number,
				    .bytes = delivery_copy(box->knock, box->knock_length),
				    .length = box->knock_length,
			    });
}

static void send_bytes(struct delivery_box *box, enum delivery_kind kind, uint64_t epoch,
		       uint16_t member, struct mls_bytes bytes)
{
	delivery_send(box, &(struct delivery_event){
				   .kind = kind,
				   .epoch = epoch,
				   .member = member,
				   .bytes = delivery_copy(bytes.data, bytes.length),
				   .length = bytes.length,
			   });
}

static bool are_apart(const struct delivery_box *a, const struct delivery_box *b)
{
	const struct delivery_sim *sim = a->sim;

	return sim->sides && sim->sides[a - sim->boxes] != sim->sides[b - sim->boxes];
}

static void keep_commit(struct delivery_sim *sim, uint64_t epoch, struct mls_bytes bytes)
{
	struct delivery_commit *kept = &sim->commits[sim->n_commits++ % DELIVERY_KEPT_COMMITS];

	free(kept->bytes);
	kept->epoch = epoch;
	kept->bytes = delivery_copy(bytes.data, bytes.length);
	kept->length = bytes.length;
}

static void take_commit(struct delivery_box *box, const struct call_order *order)
{
	struct delivery_sim *sim = box->sim;

	if (!box->is_in_group) {
		answer(box, order->kind, CALL_ANSWER_NO_GROUP);
		return;
	}
	if (order->epoch != sim->door.epoch && !sim->sides) {
		answer(box, order->kind, CALL_ANSWER_EPOCH);
		return;
	}
	answer(box, order->kind, CALL_ANSWER_OK);
	keep_commit(sim, order->epoch, order->bytes);
	sim->door.epoch = order->epoch + 1;
	for (size_t i = 0; i < sim->n_boxes; i++) {
		struct delivery_box *other = &sim->boxes[i];

		if (other->is_in_group && other->is_here && other != box && !are_apart(box, other))
			send_bytes(other, DELIVERY_COMMIT, order->epoch, 0, order->bytes);
	}
	for (size_t i = 0; i < order->n_members; i++) {
		struct delivery_box *joiner = find(sim, order->members[i]);

		if (!joiner)
			continue;
		joiner->is_in_group = true;
		drop_knock(joiner);
		if (joiner->is_here)
			send_bytes(joiner, DELIVERY_WELCOME, sim->door.epoch, 0, order->welcome);
	}
}

static void take_tell(struct delivery_box *box, const struct call_order *order)
{
	struct delivery_sim *sim = box->sim;

	if (!box->is_in_group) {
		answer(box, order->kind, CALL_ANSWER_NO_GROUP);
		return;
	}
	answer(box, order->kind, CALL_ANSWER_OK);
	for (size_t i = 0; i < sim->n_boxes; i++) {
		struct delivery_box *other = &sim->boxes[i];

		if (other->is_in_group && other->is_here && other != box && !are_apart(box, other))
			send_bytes(other, DELIVERY_TELL, 0, box->number, order->bytes);
	}
}

static void take_refuse(struct delivery_box *box, const struct call_order *order)
{
	struct delivery_sim *sim = box->sim;
	struct delivery_box *other = find(sim, order->members[0]);

	answer(box, order->kind, CALL_ANSWER_OK);
	if (sim->door.member != box->number || !other || !other->knock)
		return;
	drop_knock(other);
	delivery_send(other, &(struct delivery_event){
				     .kind = DELIVERY_REFUSED,
				     .reason = order->reason,
			     });
}

void delivery_hub_take(struct delivery_box *box, const struct call_order *order)
{
	switch (order->kind) {
	case CALL_ORDER_OPEN:
	case CALL_ORDER_OPEN_CLEAR:
		take_open(box, order);
		break;
	case CALL_ORDER_DOOR:
		take_door(box, order);
		break;
	case CALL_ORDER_KNOCK:
		take_knock(box, order);
		break;
	case CALL_ORDER_COMMIT:
		take_commit(box, order);
		break;
	case CALL_ORDER_TELL:
		take_tell(box, order);
		break;
	case CALL_ORDER_REFUSE:
		take_refuse(box, order);
		break;
	}
}

void delivery_hub_joined(struct delivery_box *box, bool resumed, uint64_t epoch)
{
	struct delivery_sim *sim = box->sim;
	size_t first =
		sim->n_commits > DELIVERY_KEPT_COMMITS ? sim->n_commits - DELIVERY_KEPT_COMMITS : 0;

	delivery_send(box, &(struct delivery_event){
				   .kind = DELIVERY_JOINED,
				   .resumed = resumed,
				   .member = box->number,
			   });
	to_all(sim, send_roster);
	for (size_t i = first; resumed && box->is_in_group && i < sim->n_commits; i++) {
		const struct delivery_commit *kept = &sim->commits[i % DELIVERY_KEPT_COMMITS];

		if (kept->epoch >= epoch)
			send_bytes(box, DELIVERY_COMMIT, kept->epoch, 0,
				   (struct mls_bytes){kept->bytes, kept->length});
	}
	send_door(box);
}

void delivery_hub_left(struct delivery_box *box, bool is_seat_kept)
{
	struct delivery_sim *sim = box->sim;

	drop_knock(box);
	box->is_here = false;
	if (is_seat_kept) {
		box->seat_until_us = sim->now_us + DELIVERY_SEAT_US;
		if (sim->door.state == CALL_DOOR_OPEN && sim->door.member == box->number)
			vacate(sim, NULL);
	} else {
		box->is_in_group = false;
		follow_exit(box);
		box->number = 0;
	}
	to_all(sim, send_roster);
}

void delivery_hub_keep_seat(struct delivery_box *box)
{
	struct delivery_ghost *ghost = box->sim->ghosts;

	while (ghost->number != 0)
		ghost++;
	ghost->number = box->number;
	ghost->until_us = box->sim->now_us + DELIVERY_SEAT_US;
	box->is_in_group = false;
	follow_exit(box);
	box->number = 0;
}

static void free_seats(struct delivery_sim *sim)
{
	bool is_any = false;

	for (size_t i = 0; i < sim->n_boxes; i++) {
		struct delivery_box *box = &sim->boxes[i];

		if (box->number != 0 && !box->is_here && sim->now_us >= box->seat_until_us)
			delivery_hub_left(box, false);
	}
	for (size_t i = 0; i < DELIVERY_BOXES_MAX; i++) {
		if (sim->ghosts[i].number == 0 || sim->now_us < sim->ghosts[i].until_us)
			continue;
		sim->ghosts[i].number = 0;
		is_any = true;
	}
	if (is_any)
		to_all(sim, send_roster);
}

/* Kept seats end, and a knock that nobody answers costs the door's member the door. */
void delivery_hub_tick(struct delivery_sim *sim)
{
	free_seats(sim);
	for (size_t i = 0; i < sim->n_boxes; i++) {
		if (sim->door.state == CALL_DOOR_OPEN && sim->boxes[i].knock &&
		    sim->now_us - sim->boxes[i].knock_us >= DELIVERY_KNOCK_US)
			vacate(sim, find(sim, sim->door.member));
	}
}
