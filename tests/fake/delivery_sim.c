#include "tests/fake/delivery_sim.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fake/delivery_sim_private.h"

#define MOVES_MAX 2000000
#define STEP_US INT64_C(250000)

static void *must(void *made)
{
	if (!made) {
		fprintf(stderr, "delivery_sim: out of memory\n");
		abort();
	}
	return made;
}

static void copy(uint8_t *to, struct mls_bytes from)
{
	if (from.length > 0)
		memcpy(to, from.data, from.length);
}

void *delivery_copy(const void *bytes, size_t length)
{
	void *copied = must(malloc(length + 1));

	copy(copied, (struct mls_bytes){bytes, length});
	return copied;
}

static bool reserve(struct delivery_queue *queue)
{
	size_t size = queue->size * 2 + 8;
	void **items;

	if (queue->n < queue->size)
		return true;
	items = realloc(queue->items, size * sizeof(*items));
	if (!items)
		return false;
	queue->items = items;
	queue->size = size;
	return true;
}

void delivery_push(struct delivery_queue *queue, void *item)
{
	if (!reserve(queue))
		must(NULL);
	queue->items[queue->n++] = item;
}

void *delivery_pop(struct delivery_queue *queue)
{
	void *item = queue->items[0];

	memmove(queue->items, queue->items + 1, --queue->n * sizeof(*queue->items));
	return item;
}

static void free_event(struct delivery_event *event)
{
	free(event->bytes);
	free(event);
}

static void free_order(struct delivery_order *order)
{
	free(order->bytes);
	free(order->welcome);
	free(order);
}

static void clear_queues(struct delivery_box *box)
{
	while (box->down.n > 0)
		free_event(delivery_pop(&box->down));
	while (box->up.n > 0)
		free_order(delivery_pop(&box->up));
}

void delivery_send(struct delivery_box *box, const struct delivery_event *event)
{
	struct delivery_sim *sim = box->sim;
	struct delivery_event *own = delivery_copy(event, sizeof(*event));

	if (sim->meddler && !sim->meddler(sim->meddler_context, (size_t)(box - sim->boxes), own))
		free_event(own);
	else
		delivery_push(&box->down, own);
}

void delivery_sim_inject(struct delivery_sim *sim, size_t box, const struct delivery_event *event)
{
	struct delivery_event *own = delivery_copy(event, sizeof(*event));

	own->bytes = delivery_copy(event->bytes, event->length);
	delivery_push(&sim->boxes[box].down, own);
}

static int64_t now_us(void *context)
{
	const struct delivery_box *box = context;

	return box->sim->now_us;
}

static uint64_t now_s(void *context)
{
	const struct delivery_box *box = context;

	return box->sim->now_s - box->person.slow_s;
}

/* The only thing here that may fail, as what a box sends may not go out. */
static int send(void *context, const struct call_order *order)
{
	struct delivery_box *box = context;
	struct delivery_order *own = calloc(1, sizeof(*own));
	uint8_t *bytes = malloc(order->bytes.length + 1);
	uint8_t *welcome = malloc(order->welcome.length + 1);

	if (!own || !bytes || !welcome || !reserve(&box->up)) {
		free(own);
		free(bytes);
		free(welcome);
		return -ENOMEM;
	}
	copy(bytes, order->bytes);
	copy(welcome, order->welcome);
	own->order = *order;
	own->bytes = bytes;
	own->welcome = welcome;
	own->order.bytes.data = bytes;
	own->order.welcome.data = welcome;
	delivery_push(&box->up, own);
	return 0;
}

static void take_epoch(void *context, const struct call_epoch *epoch)
{
	struct delivery_box *box = context;
	struct delivery_view *view = &box->view;

	view->epoch = *epoch;
	memcpy(view->members, epoch->members, epoch->n_members * sizeof(*epoch->members));
	view->epoch.members = view->members;
	view->n_epochs++;
	view->n_other_groups += epoch->is_other_group;
}

static void take_state(void *context, enum call_state state, enum call_reason reason)
{
	struct delivery_box *box = context;

	box->view.state = state;
	box->view.reason = reason;
}

static void take_refused(void *context, const struct call_refusal *refusal)
{
	struct delivery_box *box = context;

	box->view.refusal = *refusal;
	box->view.n_refusals++;
}

static void start(struct delivery_box *box)
{
	static const struct call_group_ops ops = {
		.now_us = now_us,
		.now_s = now_s,
		.send = send,
		.epoch = take_epoch,
		.state = take_state,
		.refused = take_refused,
	};
	const struct call_group_config config = {
		.meeting = "meeting",
		.policy = box->person.policy,
		.suite = SFRAME_AES_128_GCM_SHA256_128,
		.credential = box->person.credential,
		.signer = box->person.signer,
		.trust = box->person.trust,
		.psk = box->person.psk,
		.built_s = box->person.built_s,
		.ops = &ops,
		.context = box,
	};

	if (call_group_create(&config, &box->call) < 0)
		must(NULL);
}

struct delivery_sim *delivery_sim_create(unsigned int seed)
{
	struct delivery_sim *sim = must(calloc(1, sizeof(*sim)));

	sim->seed = seed;
	sim->now_us = 1000000;
	sim->now_s = DELIVERY_NOW_S;
	return sim;
}

void delivery_sim_destroy(struct delivery_sim *sim)
{
	if (!sim)
		return;
	delivery_hub_finish(sim);
	for (size_t i = 0; i < sim->n_boxes; i++) {
		struct delivery_box *box = &sim->boxes[i];

		clear_queues(box);
		free(box->up.items);
		free(box->down.items);
		call_group_destroy(box->call);
	}
	free(sim);
}

size_t delivery_sim_add(struct delivery_sim *sim, const struct delivery_person *person)
{
	struct delivery_box *box = &sim->boxes[sim->n_boxes];

	if (sim->n_boxes == DELIVERY_BOXES_MAX)
		must(NULL);
	box->sim = sim;
	box->person = *person;
	start(box);
	return sim->n_boxes++;
}

void delivery_sim_join(struct delivery_sim *sim, size_t index)
{
	struct delivery_box *box = &sim->boxes[index];

	box->number = ++sim->last_number;
	sim->owners[box->number] = (uint8_t)index;
	box->is_here = true;
	delivery_hub_joined(box, false, 0);
}

/* The connection is gone with all that was on it. */
static void disconnect(struct delivery_box *box)
{
	clear_queues(box);
	call_group_lost(box->call);
}

void delivery_sim_leave(struct delivery_sim *sim, size_t index)
{
	struct delivery_box *box = &sim->boxes[index];

	disconnect(box);
	delivery_hub_left(box, false);
}

void delivery_sim_cut(struct delivery_sim *sim, size_t index)
{
	struct delivery_box *box = &sim->boxes[index];

	disconnect(box);
	delivery_hub_left(box, true);
}

void delivery_sim_resume(struct delivery_sim *sim, size_t index)
{
	struct delivery_box *box = &sim->boxes[index];
	uint64_t epoch = 0;

	if (box->number == 0) {
		delivery_sim_join(sim, index);
		return;
	}
	if (!call_group_epoch(box->call, &epoch))
		epoch = UINT64_MAX;
	box->is_here = true;
	delivery_hub_joined(box, true, epoch);
}

void delivery_sim_reboot(struct delivery_sim *sim, size_t index)
{
	struct delivery_box *box = &sim->boxes[index];

	delivery_sim_cut(sim, index);
	delivery_hub_keep_seat(box);
	call_group_destroy(box->call);
	box->view = (struct delivery_view){0};
	start(box);
}

static void hand_over(struct delivery_box *box, struct delivery_event *event)
{
	struct mls_bytes bytes = {event->bytes, event->length};

	switch (event->kind) {
	case DELIVERY_JOINED:
		call_group_joined(box->call, event->member, event->resumed);
		break;
	case DELIVERY_LOST:
		call_group_lost(box->call);
		break;
	case DELIVERY_ROSTER:
		call_group_roster(box->call, event->seats, event->n_seats);
		break;
	case DELIVERY_DOOR:
		call_group_door(box->call, &event->door);
		break;
	case DELIVERY_KNOCK:
		call_group_knock(box->call, event->member, bytes);
		break;
	case DELIVERY_COMMIT:
		call_group_commit(box->call, event->epoch, bytes);
		break;
	case DELIVERY_WELCOME:
		call_group_welcome(box->call, event->epoch, bytes);
		break;
	case DELIVERY_TELL:
		call_group_tell(box->call, event->member, bytes);
		break;
	case DELIVERY_REFUSED:
		call_group_refused(box->call, event->reason);
		break;
	case DELIVERY_ANSWER:
		call_group_answer(box->call, event->order, event->code);
		break;
	}
}

static void watch(const struct delivery_box *box, enum delivery_kind kind, bool is_over)
{
	const struct delivery_sim *sim = box->sim;

	if (sim->watcher)
		sim->watcher(sim->watcher_context, (size_t)(box - sim->boxes), kind, is_over);
}

static void move_down(struct delivery_box *box)
{
	struct delivery_event *event = delivery_pop(&box->down);

	watch(box, event->kind, false);
	hand_over(box, event);
	watch(box, event->kind, true);
	free_event(event);
}

static void move_up(struct delivery_box *box)
{
	struct delivery_order *order = delivery_pop(&box->up);
	const struct delivery_sim *sim = box->sim;

	if (box->number != 0 && box->is_here &&
	    (!sim->interceptor || sim->interceptor(sim->interceptor_context, &order->order)))
		delivery_hub_take(box, &order->order);
	free_order(order);
}

bool delivery_sim_move(struct delivery_sim *sim)
{
	size_t n = 0;
	size_t chosen;

	for (size_t i = 0; i < sim->n_boxes; i++)
		n += (sim->boxes[i].up.n > 0) + (sim->boxes[i].down.n > 0);
	if (n == 0)
		return false;
	chosen = (size_t)rand_r(&sim->seed) % n;
	for (size_t i = 0; i < sim->n_boxes; i++) {
		struct delivery_box *box = &sim->boxes[i];

		if (box->up.n > 0 && chosen-- == 0) {
			move_up(box);
			return true;
		}
		if (box->down.n > 0 && chosen-- == 0) {
			move_down(box);
			return true;
		}
	}
	return true;
}

bool delivery_sim_run(struct delivery_sim *sim)
{
	for (int i = 0; i < MOVES_MAX; i++) {
		if (!delivery_sim_move(sim))
			return true;
	}
	return false;
}

bool delivery_sim_advance(struct delivery_sim *sim, int64_t us)
{
	int64_t end_us = sim->now_us + us;

	while (sim->now_us < end_us) {
		int64_t left_us = end_us - sim->now_us;

		sim->now_us += left_us < STEP_US ? left_us : STEP_US;
		delivery_hub_tick(sim);
		for (size_t i = 0; i < sim->n_boxes; i++)
			call_group_tick(sim->boxes[i].call);
		if (!delivery_sim_run(sim))
			return false;
	}
	return true;
}

void delivery_sim_set_clock(struct delivery_sim *sim, uint64_t seconds)
{
	sim->now_s = seconds;
}

struct call_group *delivery_sim_call(struct delivery_sim *sim, size_t box)
{
	return sim->boxes[box].call;
}

const struct delivery_view *delivery_sim_view(const struct delivery_sim *sim, size_t box)
{
	return &sim->boxes[box].view;
}

uint16_t delivery_sim_number(const struct delivery_sim *sim, size_t box)
{
	return sim->boxes[box].number;
}

bool delivery_sim_is_here(const struct delivery_sim *sim, size_t box)
{
	return sim->boxes[box].is_here;
}

uint16_t delivery_sim_door(const struct delivery_sim *sim)
{
	return sim->door.state == CALL_DOOR_OPEN ? sim->door.member : 0;
}

void delivery_sim_meddle(struct delivery_sim *sim, delivery_meddler meddler, void *context)
{
	sim->meddler = meddler;
	sim->meddler_context = context;
}

void delivery_sim_watch(struct delivery_sim *sim, delivery_watcher watcher, void *context)
{
	sim->watcher = watcher;
	sim->watcher_context = context;
}

void delivery_sim_intercept(struct delivery_sim *sim, delivery_interceptor interceptor,
			    void *context)
{
	sim->interceptor = interceptor;
	sim->interceptor_context = context;
}

size_t delivery_sim_owner(const struct delivery_sim *sim, uint16_t number)
{
	return number > 0 && number <= sim->last_number ? sim->owners[number] : DELIVERY_BOXES_MAX;
}

void delivery_sim_fork(struct delivery_sim *sim, const bool *sides)
{
	sim->sides = sides;
}

static bool has_member(const struct delivery_view *view, uint16_t number)
{
	for (size_t i = 0; i < view->epoch.n_members; i++) {
		if (view->members[i].number == number)
			return true;
	}
	return false;
}

static const char *compare(const struct delivery_box *box, const struct delivery_box *first)
{
	const struct call_epoch *epoch = &box->view.epoch;
	const struct call_epoch *other = &first->view.epoch;

	if (box->view.state != CALL_ENCRYPTED)
		return "not in";
	if (epoch->keys.number != other->keys.number ||
	    memcmp(epoch->keys.base_key, other->keys.base_key, SFRAME_KEY_BYTES_MAX) != 0 ||
	    memcmp(epoch->code, other->code, sizeof(epoch->code)) != 0)
		return "of another epoch";
	return NULL;
}

static const char *disagreement(const struct delivery_sim *sim, size_t *ret_box)
{
	const struct delivery_box *first = NULL;
	const char *what = NULL;
	size_t n_seats = 0;

	for (size_t i = 0; !what && i < sim->n_boxes; i++) {
		const struct delivery_box *box = &sim->boxes[i];

		*ret_box = i;
		n_seats += box->number != 0;
		if (box->number == 0 || !box->is_here)
			continue;
		if (!first)
			first = box;
		what = compare(box, first);
	}
	for (size_t i = 0; !what && first && i < sim->n_boxes; i++) {
		const struct delivery_box *box = &sim->boxes[i];

		*ret_box = i;
		if (box->number != 0 && box->is_in_group && !has_member(&first->view, box->number))
			what = "not among the members";
	}
	if (!what && first && first->view.epoch.n_members > n_seats)
		what = "among members without a seat";
	return what;
}

const char *delivery_sim_disagreement(const struct delivery_sim *sim)
{
	size_t box = 0;

	return disagreement(sim, &box);
}

bool delivery_sim_agrees(const struct delivery_sim *sim)
{
	size_t index = 0;
	const char *what = disagreement(sim, &index);
	const struct delivery_box *box = &sim->boxes[index];

	if (what)
		fprintf(stderr, "# box %zu, member %u: %s (state %d, %s; epoch %llu)\n", index,
			box->number, what, (int)box->view.state, call_reason_text(box->view.reason),
			(unsigned long long)box->view.epoch.keys.number);
	return !what;
}
