#include "e2ee/mls_error.h"

#include <stddef.h>
#include <string.h>

static const struct {
	enum mls_error error;
	const char *text;
} texts[] = {
	{MLS_ERROR_TRUNCATED, "message cut short"},
	{MLS_ERROR_TRAILING, "message too long for its content"},
	{MLS_ERROR_LENGTH, "malformed length"},
	{MLS_ERROR_VALUE, "unknown value"},
	{MLS_ERROR_VERSION, "another version of MLS"},
	{MLS_ERROR_SUITE, "another cipher suite"},
	{MLS_ERROR_LIMIT, "over a limit"},
	{MLS_ERROR_TREE, "wrong ratchet tree"},
	{MLS_ERROR_LEAF, "invalid leaf node"},
	{MLS_ERROR_KEY_PACKAGE, "invalid key package"},
	{MLS_ERROR_CREDENTIAL, "untrusted credential"},
	{MLS_ERROR_EXPIRED, "expired, or not valid yet"},
	{MLS_ERROR_REVOKED, "revoked certificate"},
	{MLS_ERROR_SIGNATURE, "wrong signature"},
	{MLS_ERROR_TAG, "wrong tag"},
	{MLS_ERROR_PROPOSALS, "invalid proposals"},
	{MLS_ERROR_PROPOSAL_UNKNOWN, "unknown proposal"},
	{MLS_ERROR_PATH, "invalid update path"},
	{MLS_ERROR_DECRYPT, "cannot be decrypted"},
	{MLS_ERROR_GENERATION, "opened before, or out of reach"},
	{MLS_ERROR_GROUP, "of another group"},
	{MLS_ERROR_EPOCH, "of another epoch"},
	{MLS_ERROR_SENDER, "sender not allowed"},
	{MLS_ERROR_PSK_UNKNOWN, "unknown pre-shared key"},
	{MLS_ERROR_NOT_FOR_US, "not for this member"},
	{MLS_ERROR_UNSUPPORTED, "not supported"},
};

const char *mls_error_text(int error)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (-error == (int)texts[i].error)
			return texts[i].text;
	}
	return strerror(-error);
}
