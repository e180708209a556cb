/* Why a member is not in the sealed meeting, or another was not let in. Any thread. */
#ifndef BALAI_E2EE_CALL_REASON_H
#define BALAI_E2EE_CALL_REASON_H

#include <stdbool.h>

/* The screen has a sentence for each. */
enum call_reason {
	CALL_REASON_NONE,
	/* What a member at the door refuses another for; each has a word on the wire. */
	CALL_REASON_CERTIFICATE, /* from no authority of the meeting's, or for another key */
	CALL_REASON_EXPIRED,
	CALL_REASON_REVOKED,
	CALL_REASON_GUESTS, /* it has no certificate, and guests are not let in */
	CALL_REASON_BROKEN, /* what came cannot be read, or breaks the rules */
	CALL_REASON_FULL,
	/* What is wrong on this side. */
	CALL_REASON_NO_CERTIFICATE,
	CALL_REASON_CLOCK,     /* set to before this program was built */
	CALL_REASON_TOKEN,     /* what keeps the signature key does not sign */
	CALL_REASON_KEY_STORE, /* it has no room */
	CALL_REASON_MEMORY,
	CALL_REASON_LIBRARY, /* of cryptography: it failed */
	/* What is wrong with the meeting. */
	CALL_REASON_PSK, /* it has another pre-shared key than this member, or only one has one */
	CALL_REASON_MEMBER, /* someone is in it whom this member would not let in */
	CALL_REASON_CLEAR,  /* it is not encrypted, and this member's policy asks for it */
	CALL_REASON_SEALED, /* it is encrypted, and the centre has switched that off */
	CALL_REASON_MISSED, /* a commit did not come, or cannot be taken: joining anew */
};

/* For a log line: "the certificate is revoked". */
const char *call_reason_text(enum call_reason reason);

/* The word of a refusal on the wire: "revoked". NULL: it has none. */
const char *call_reason_word(enum call_reason reason);

/* False: no reason has that word. */
bool call_reason_from_word(const char *word, enum call_reason *ret_reason);

/* What a function of this folder returned about another member's key package or leaf. */
enum call_reason call_reason_of_other(int error);

/* The same about this member's own. */
enum call_reason call_reason_of_own(int error);

#endif
