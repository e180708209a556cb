#include "tools/hub/admission.h"

void admission_init(struct admission *admission, size_t maximum, size_t per_address_max,
		    bool (*is_silent)(const struct admission_entry *entry))
{
	*admission = (struct admission){
		.maximum = maximum,
		.per_address_max = per_address_max,
		.is_silent = is_silent,
	};
	admission->list.previous = admission->list.next = &admission->list;
}

/* The oldest that is silent, or else the oldest; address NULL: of all. */
static struct admission_entry *choose(const struct admission *admission,
				      const struct in6_addr *address)
{
	struct admission_entry *entry, *oldest = NULL;

	for (entry = admission->list.next; entry != &admission->list; entry = entry->next) {
		if (address && !IN6_ARE_ADDR_EQUAL(&entry->address, address))
			continue;
		if (admission->is_silent(entry))
			return entry;
		if (!oldest)
			oldest = entry;
	}
	return oldest;
}

static size_t count_of(const struct admission *admission, const struct in6_addr *address)
{
	const struct admission_entry *entry;
	size_t count = 0;

	for (entry = admission->list.next; entry != &admission->list; entry = entry->next)
		if (IN6_ARE_ADDR_EQUAL(&entry->address, address))
			count++;
	return count;
}

struct admission_entry *admission_victim(const struct admission *admission,
					 const struct in6_addr *address)
{
	if (count_of(admission, address) >= admission->per_address_max)
		return choose(admission, address);
	if (admission->count >= admission->maximum)
		return choose(admission, NULL);
	return NULL;
}

struct admission_entry *admission_oldest(const struct admission *admission)
{
	return choose(admission, NULL);
}

void admission_add(struct admission *admission, struct admission_entry *entry,
		   const struct in6_addr *address)
{
	struct admission_entry *last = admission->list.previous;

	entry->address = *address;
	entry->previous = last;
	entry->next = &admission->list;
	last->next = entry;
	admission->list.previous = entry;
	admission->count++;
}

void admission_remove(struct admission *admission, struct admission_entry *entry)
{
	if (!entry->next)
		return;
	entry->previous->next = entry->next;
	entry->next->previous = entry->previous;
	entry->previous = entry->next = NULL;
	admission->count--;
}
