/*
 * Which connections may stand that have proven nothing yet: a bounded number, so many of one
 * address. Where one more comes, an older one has to go: the oldest that has not said a word, or
 * else the oldest. A flood of silent connections pushes out itself and not a member, whose
 * handshake is done within milliseconds.
 *
 * Belongs to the hub's one thread.
 */
#ifndef BALAI_HUB_ADMISSION_H
#define BALAI_HUB_ADMISSION_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

/* Embedded in a connection. */
struct admission_entry {
	struct admission_entry *previous;
	struct admission_entry *next;
	struct in6_addr address;
};

struct admission {
	size_t maximum;
	size_t per_address_max;
	bool (*is_silent)(const struct admission_entry *entry); /* has received nothing yet */
	struct admission_entry list;                            /* head of a ring, oldest first */
	size_t count;
};

/* In place. */
void admission_init(struct admission *admission, size_t maximum, size_t per_address_max,
		    bool (*is_silent)(const struct admission_entry *entry));

/*
 * Who has to go before a connection from `address` may be added: the caller removes and closes it.
 * NULL: nobody, there is room.
 */
struct admission_entry *admission_victim(const struct admission *admission,
					 const struct in6_addr *address);

/* The one to go where connections as a whole are too many; NULL: there is none. */
struct admission_entry *admission_oldest(const struct admission *admission);

void admission_add(struct admission *admission, struct admission_entry *entry,
		   const struct in6_addr *address);

/* An entry that is not in the list stays out. */
void admission_remove(struct admission *admission, struct admission_entry *entry);

#endif
