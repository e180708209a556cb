#include "meeting/requests.h"

#include <errno.h>
#include <string.h>

static struct request *find(struct requests *requests, int64_t id)
{
	size_t i;

	for (i = 0; i < REQUESTS_MAX; i++)
		if (requests->waiting[i].id == id)
			return &requests->waiting[i];
	return NULL;
}

int64_t requests_add(struct requests *requests, enum message_method method, int64_t now_us)
{
	struct request *request = find(requests, 0);

	if (request == NULL)
		return -ENOBUFS;
	*request = (struct request){.id = ++requests->last_id, .method = method, .sent_us = now_us};
	return request->id;
}

int requests_method_of(void *context, int64_t id)
{
	const struct request *request = id > 0 ? find(context, id) : NULL;

	return request != NULL ? (int)request->method : -1;
}

int64_t requests_finish(struct requests *requests, int64_t id)
{
	struct request *request = id > 0 ? find(requests, id) : NULL;
	int64_t sent_us;

	if (request == NULL)
		return 0;
	sent_us = request->sent_us;
	*request = (struct request){0};
	return sent_us;
}

int64_t requests_oldest_us(const struct requests *requests)
{
	const struct request *oldest = NULL;
	size_t i;

	for (i = 0; i < REQUESTS_MAX; i++)
		if (requests->waiting[i].id > 0 &&
		    (oldest == NULL || requests->waiting[i].id < oldest->id))
			oldest = &requests->waiting[i];
	return oldest != NULL ? oldest->sent_us : 0;
}

void requests_clear(struct requests *requests)
{
	memset(requests->waiting, 0, sizeof(requests->waiting));
}
