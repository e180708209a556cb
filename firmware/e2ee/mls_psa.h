/* What the files of mls_crypto.h share of the PSA API. Private to firmware/e2ee. */
#ifndef BALAI_E2EE_MLS_PSA_H
#define BALAI_E2EE_MLS_PSA_H

#include <psa/crypto.h>

/* 0, -ENOMEM, -EBADMSG (a wrong tag or signature), -EINVAL (no key of its type) or -EIO. */
int mls_psa_errno(psa_status_t status) __attribute__((warn_unused_result));

/* A volatile key, given back with psa_destroy_key(). */
int mls_psa_import(psa_key_type_t type, psa_algorithm_t algorithm, psa_key_usage_t usage,
		   const void *bytes, size_t length, psa_key_id_t *ret_key)
	__attribute__((warn_unused_result));

#endif
