#include "e2ee/call_reason.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "e2ee/mls_error.h"

struct row {
	const char *word; /* or NULL */
	const char *text;
};

static const struct row rows[] = {
	[CALL_REASON_NONE] = {NULL, "nothing is wrong"},
	[CALL_REASON_CERTIFICATE] = {"certificate",
				     "the certificate is not of this meeting's authority"},
	[CALL_REASON_EXPIRED] = {"expired", "the certificate has expired or is not valid yet"},
	[CALL_REASON_REVOKED] = {"revoked", "the certificate is revoked"},
	[CALL_REASON_GUESTS] = {"guests", "guests are not let in"},
	[CALL_REASON_BROKEN] = {"broken", "what it sends breaks the rules"},
	[CALL_REASON_FULL] = {"full", "the group is full"},
	[CALL_REASON_NO_CERTIFICATE] = {NULL, "there is no certificate"},
	[CALL_REASON_CLOCK] = {NULL, "the clock is set to before this program was built"},
	[CALL_REASON_TOKEN] = {NULL, "the signature key's keeper does not sign"},
	[CALL_REASON_KEY_STORE] = {NULL, "the key store is full"},
	[CALL_REASON_MEMORY] = {NULL, "out of memory"},
	[CALL_REASON_LIBRARY] = {NULL, "the cryptographic library failed"},
	[CALL_REASON_PSK] = {NULL, "not all have the same pre-shared key"},
	[CALL_REASON_MEMBER] = {NULL, "a member of the group cannot be trusted"},
	[CALL_REASON_CLEAR] = {NULL, "the meeting is not encrypted"},
	[CALL_REASON_SEALED] = {NULL, "the meeting is encrypted, which is switched off here"},
	[CALL_REASON_MISSED] = {NULL, "a change of the group was missed"},
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

const char *call_reason_text(enum call_reason reason)
{
	return rows[reason].text;
}

const char *call_reason_word(enum call_reason reason)
{
	return rows[reason].word;
}

bool call_reason_from_word(const char *word, enum call_reason *ret_reason)
{
	for (size_t i = 0; i < ROWS; i++) {
		if (rows[i].word && strcmp(rows[i].word, word) == 0) {
			*ret_reason = (enum call_reason)i;
			return true;
		}
	}
	return false;
}

enum call_reason call_reason_of_other(int error)
{
	switch (-error) {
	case MLS_ERROR_CREDENTIAL:
		return CALL_REASON_CERTIFICATE;
	case MLS_ERROR_EXPIRED:
		return CALL_REASON_EXPIRED;
	case MLS_ERROR_REVOKED:
		return CALL_REASON_REVOKED;
	case MLS_ERROR_UNSUPPORTED:
		return CALL_REASON_GUESTS;
	default:
		return CALL_REASON_BROKEN;
	}
}

enum call_reason call_reason_of_own(int error)
{
	switch (-error) {
	case ENOMEM:
		return CALL_REASON_MEMORY;
	case ENOSPC:
		return CALL_REASON_KEY_STORE;
	case EIO:
		return CALL_REASON_LIBRARY;
	case MLS_ERROR_EXPIRED:
		return CALL_REASON_EXPIRED;
	case MLS_ERROR_REVOKED:
		return CALL_REASON_REVOKED;
	case MLS_ERROR_UNSUPPORTED:
		return CALL_REASON_GUESTS;
	default:
		/* Below the errors of MLS there are but errnos, and those left come from the signer. */
		return -error < MLS_ERROR_TRUNCATED ? CALL_REASON_TOKEN : CALL_REASON_CERTIFICATE;
	}
}
