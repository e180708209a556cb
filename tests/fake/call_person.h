/*
 * Who sits at the boxes of a delivery_sim: guests, and rooms with a certificate of a test_pki. What
 * cannot be made ends the program.
 */
#ifndef BALAI_TESTS_CALL_PERSON_H
#define BALAI_TESTS_CALL_PERSON_H

#include "tests/fake/delivery_sim.h"
#include "tests/fake/test_pki.h"

struct call_person {
	char name[MLS_NAME_BYTES_MAX + 1];
	struct mls_key_pair pair;
	struct mls_signer signer;
	struct mls_writer chain;
	struct mls_credential credential;
};

/* In place: the person stays where it is until finish. */
void call_person_guest(struct call_person *person, const char *name);
void call_person_room(struct call_person *person, struct test_pki *pki, const char *file);
void call_person_finish(struct call_person *person);

/* Trusts AUTHORITY.crt; revoked: a list, DER, or empty. */
struct mls_trust *call_trust(struct test_pki *pki, const char *authority, bool takes_guests,
			     struct mls_bytes revoked);

/* Requires encryption; no pre-shared key. */
struct delivery_person call_person_at(const struct call_person *person, struct mls_trust *trust);

#endif
