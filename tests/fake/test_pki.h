/*
 * Certificates for a test, good and bad, made in no time in a folder of their own. What cannot be
 * made ends the program.
 */
#ifndef BALAI_TESTS_TEST_PKI_H
#define BALAI_TESTS_TEST_PKI_H

#include <stdbool.h>
#include <stddef.h>

#include "net/identity.h"

struct test_pki;

struct test_certificate {
	const char *file;   /* "hub": hub.crt and hub.key in the folder */
	const char *issuer; /* file of an authority made before; NULL: this is one */
	const char *name;   /* common name of the subject */
	const char *dns;    /* subjectAltName; NULL: none */
	bool is_loopback;   /* subjectAltName 127.0.0.1 and ::1 too */
	int from_days;      /* valid from so many days after now */
	int to_days;
	bool is_authority; /* though another one issues it */
	int below;         /* of an authority: how many others may be below it, one of another */
};

/*
 * Makes the folder and in it an authority "ca", another "other-ca", a server's "hub" for
 * hub.example, 127.0.0.1 and ::1, and a room's "room", "Ruang Rapat 1".
 */
struct test_pki *test_pki_create(void);

/* Removes the folder. NULL is allowed. */
void test_pki_destroy(struct test_pki *pki);

/* For a group of cmocka tests whose *state is a struct test_pki. */
int test_pki_set_up(void **state);
int test_pki_tear_down(void **state);

void test_pki_make(struct test_pki *pki, const struct test_certificate *certificate);

/*
 * Writes a list by `authority` of revoked certificates (RFC 5280, section 5), in DER, with that of
 * `file` on it. Returns its length.
 */
size_t test_pki_revoke(struct test_pki *pki, const char *authority, const char *file, int from_days,
		       int to_days, unsigned char *ret_list, size_t size);

/* The path of "hub.crt", lent until destroy. */
const char *test_pki_path(struct test_pki *pki, const char *name);

/* FILE.crt and FILE.key, trusting AUTHORITY.crt. */
struct net_identity_files test_pki_identity(struct test_pki *pki, const char *authority,
					    const char *file);

#endif
