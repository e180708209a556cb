/*
 * What can be wrong with what another member or the hub sends. Functions of this folder return 0, a
 * negative errno, or one of these negated: they begin above every errno.
 */
#ifndef BALAI_E2EE_MLS_ERROR_H
#define BALAI_E2EE_MLS_ERROR_H

enum mls_error {
	/* The bytes cannot be read. */
	MLS_ERROR_TRUNCATED = 0x1000, /* a field goes on beyond the end */
	MLS_ERROR_TRAILING,           /* bytes follow behind the last field */
	MLS_ERROR_LENGTH,  /* a length not in its shortest form, or of no whole elements */
	MLS_ERROR_VALUE,   /* a value that the RFC does not have */
	MLS_ERROR_VERSION, /* not mls10 */
	MLS_ERROR_SUITE,   /* not suite 2 */
	MLS_ERROR_LIMIT,   /* over one of this project's limits (mls_types.h) */

	/* They can be read, and are wrong. */
	MLS_ERROR_TREE,             /* the ratchet tree is not one, or its hashes disagree */
	MLS_ERROR_LEAF,             /* a leaf node breaks section 7.3 */
	MLS_ERROR_KEY_PACKAGE,      /* a key package breaks section 10.1 */
	MLS_ERROR_CREDENTIAL,       /* who the member is cannot be trusted */
	MLS_ERROR_EXPIRED,          /* a lifetime or certificate is over, or not yet begun */
	MLS_ERROR_REVOKED,          /* a certificate is on its issuer's list of revoked ones */
	MLS_ERROR_SIGNATURE,        /* a signature is not by the key it should be by */
	MLS_ERROR_TAG,              /* a membership or confirmation tag is wrong */
	MLS_ERROR_PROPOSALS,        /* the list of proposals breaks section 12.2 */
	MLS_ERROR_PROPOSAL_UNKNOWN, /* a commit refers to a proposal that did not come */
	MLS_ERROR_PATH,             /* an update path is missing, or does not fit the tree */
	MLS_ERROR_DECRYPT,          /* a ciphertext cannot be opened */
	MLS_ERROR_GENERATION,       /* its key was used, was given up, or is too far ahead */
	MLS_ERROR_GROUP,            /* of another group */
	MLS_ERROR_EPOCH,            /* of another epoch */
	MLS_ERROR_SENDER,           /* from nobody who may send this */
	MLS_ERROR_PSK_UNKNOWN,      /* a pre-shared key that is not here */
	MLS_ERROR_NOT_FOR_US,       /* a Welcome without a part for this key package */
	MLS_ERROR_UNSUPPORTED,      /* an extension, proposal or credential outside the profile */
};

/* For a log line or the screen, of what a function of this folder returned: "wrong signature". */
const char *mls_error_text(int error);

#endif
