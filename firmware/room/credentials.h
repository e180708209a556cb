/*
 * What a room brings into its meetings: its certificate and key or, as a guest, its word; the
 * authorities it believes; and the secret that all rooms of an office may have. Read and checked
 * once, from the files that settings name, but that lists of revoked certificates are made anew all
 * the time. One thread at a time.
 */
#ifndef BALAI_ROOM_CREDENTIALS_H
#define BALAI_ROOM_CREDENTIALS_H

#include "e2ee/mls_crypto.h"
#include "e2ee/mls_trust.h"
#include "room/settings.h"

#define CREDENTIALS_FAULT_BYTES 640 /* a path, and what is wrong with the file */

struct credentials;

/*
 * `name` is that of a guest. Returns 0 and hands over *ret_credentials; -ENOMEM; or -EINVAL with a
 * line for people in `fault`: "/etc/balai/room.key: No such file or directory".
 */
int credentials_load(const struct settings_secrecy *settings, const char *name,
		     struct credentials **ret_credentials, char fault[CREDENTIALS_FAULT_BYTES])
	__attribute__((warn_unused_result));

/*
 * Takes over authorities and lists of revoked certificates whose files have changed since. Returns 1
 * where they have, 0 where not; or as credentials_load() does, and what was there still counts. The
 * same files are not tried again.
 */
int credentials_refresh(struct credentials *credentials, const struct settings_secrecy *settings,
			char fault[CREDENTIALS_FAULT_BYTES]) __attribute__((warn_unused_result));

/* Wipes the keys. NULL is allowed. */
void credentials_destroy(struct credentials *credentials);

/* What follows is lent for the life of the credentials. */
const struct mls_credential *credentials_own(const struct credentials *credentials);
const struct mls_signer *credentials_signer(const struct credentials *credentials);
struct mls_trust *credentials_trust(const struct credentials *credentials);

/* The secret; empty: there is none. */
struct mls_bytes credentials_psk(const struct credentials *credentials);

#endif
