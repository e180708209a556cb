#include "e2ee/mls_trust.h"

#include <errno.h>
#include <mbedtls/oid.h>
#include <mbedtls/x509_crl.h>
#include <mbedtls/x509_crt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"

#define OUT_OF_TIME                                                                                \
	(MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE |                              \
	 MBEDTLS_X509_BADCRL_EXPIRED | MBEDTLS_X509_BADCRL_FUTURE)

struct mls_trust {
	mbedtls_x509_crt authorities;
	mbedtls_x509_crl revoked;
	bool takes_guests;
};

struct moment {
	struct mls_trust *trust;
	uint64_t now_s;
};

static int errno_of(int mbedtls_error)
{
	return mbedtls_error == MBEDTLS_ERR_X509_ALLOC_FAILED ? -ENOMEM : -EINVAL;
}

int mls_trust_create(struct mls_bytes authorities, struct mls_bytes revoked, bool takes_guests,
		     struct mls_trust **ret_trust)
{
	struct mls_trust *trust = calloc(1, sizeof(*trust));
	int r;

	if (!trust)
		return -ENOMEM;
	trust->takes_guests = takes_guests;
	mbedtls_x509_crt_init(&trust->authorities);
	mbedtls_x509_crl_init(&trust->revoked);
	r = mbedtls_x509_crt_parse(&trust->authorities, authorities.data, authorities.length);
	if (r == 0 && revoked.length > 0)
		r = mbedtls_x509_crl_parse(&trust->revoked, revoked.data, revoked.length);
	if (r != 0) {
		mls_trust_destroy(trust);
		return errno_of(r);
	}
	*ret_trust = trust;
	return 0;
}

int mls_trust_replace(struct mls_trust *trust, struct mls_bytes authorities,
		      struct mls_bytes revoked)
{
	struct mls_trust before = *trust;
	struct mls_trust *other;
	int r = mls_trust_create(authorities, revoked, trust->takes_guests, &other);

	if (r < 0)
		return r;
	*trust = *other;
	*other = before;
	mls_trust_destroy(other);
	return 0;
}

void mls_trust_destroy(struct mls_trust *trust)
{
	if (!trust)
		return;
	mbedtls_x509_crt_free(&trust->authorities);
	mbedtls_x509_crl_free(&trust->revoked);
	free(trust);
}

/* Seconds since 1970; before that 0. */
static uint64_t seconds_of(const mbedtls_x509_time *at)
{
	struct tm parts = {
		.tm_year = at->year - 1900,
		.tm_mon = at->mon - 1,
		.tm_mday = at->day,
		.tm_hour = at->hour,
		.tm_min = at->min,
		.tm_sec = at->sec,
	};
	time_t seconds = timegm(&parts);

	return seconds > 0 ? (uint64_t)seconds : 0;
}

/* mbedTLS has asked the system's clock; its answers are replaced by those of our own. */
static int judge_time(void *context, mbedtls_x509_crt *certificate, int depth, uint32_t *flags)
{
	const struct moment *moment = context;

	(void)depth;
	*flags &= ~(uint32_t)OUT_OF_TIME;
	if (moment->now_s > seconds_of(&certificate->valid_to))
		*flags |= MBEDTLS_X509_BADCERT_EXPIRED;
	if (moment->now_s < seconds_of(&certificate->valid_from))
		*flags |= MBEDTLS_X509_BADCERT_FUTURE;
	for (const mbedtls_x509_crl *list = &moment->trust->revoked; list && list->version != 0;
	     list = list->next) {
		if (list->issuer_raw.len != certificate->issuer_raw.len ||
		    memcmp(list->issuer_raw.p, certificate->issuer_raw.p, list->issuer_raw.len) !=
			    0)
			continue;
		if (moment->now_s > seconds_of(&list->next_update))
			*flags |= MBEDTLS_X509_BADCRL_EXPIRED;
		if (moment->now_s < seconds_of(&list->this_update))
			*flags |= MBEDTLS_X509_BADCRL_FUTURE;
	}
	return 0;
}

static int verify(struct mls_trust *trust, mbedtls_x509_crt *chain, uint64_t now_s)
{
	struct moment moment = {trust, now_s};
	uint32_t flags = 0;
	int r = mbedtls_x509_crt_verify_with_profile(chain, &trust->authorities, &trust->revoked,
						     &mbedtls_x509_crt_profile_default, NULL,
						     &flags, judge_time, &moment);

	if (r == MBEDTLS_ERR_X509_ALLOC_FAILED)
		return -ENOMEM;
	if (flags & MBEDTLS_X509_BADCERT_REVOKED)
		return -MLS_ERROR_REVOKED;
	if (flags & ~(uint32_t)OUT_OF_TIME)
		return -MLS_ERROR_CREDENTIAL;
	if (flags != 0)
		return -MLS_ERROR_EXPIRED;
	return r == 0 ? 0 : -MLS_ERROR_CREDENTIAL;
}

/* The certificate is for the leaf's key: its SubjectPublicKeyInfo is that of a point on P-256. */
static bool is_for_key(const mbedtls_x509_crt *certificate, struct mls_bytes key)
{
	static const uint8_t head[] = {
		0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
		0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
	};
	const mbedtls_x509_buf *raw = &certificate->pk_raw;

	return key.length == MLS_PUBLIC_KEY_BYTES && raw->len == sizeof(head) + key.length &&
	       memcmp(raw->p, head, sizeof(head)) == 0 &&
	       memcmp(raw->p + sizeof(head), key.data, key.length) == 0;
}

static bool copy_name(struct mls_bytes from, char ret_name[MLS_NAME_BYTES_MAX + 1])
{
	if (from.length == 0 || from.length > MLS_NAME_BYTES_MAX ||
	    !text_is_plain((const char *)from.data, from.length))
		return false;
	memcpy(ret_name, from.data, from.length);
	ret_name[from.length] = '\0';
	return true;
}

/* The common name in a subject or issuer. */
static bool copy_common_name(const mbedtls_x509_name *names, char ret_name[MLS_NAME_BYTES_MAX + 1])
{
	for (; names; names = names->next) {
		if (MBEDTLS_OID_CMP(MBEDTLS_OID_AT_CN, &names->oid) == 0)
			return copy_name((struct mls_bytes){names->val.p, names->val.len},
					 ret_name);
	}
	return false;
}

static int parse_chain(struct mls_bytes chain, mbedtls_x509_crt *ret_chain)
{
	struct mls_bytes certificate;
	size_t n = 0;

	while (mls_chain_next(&chain, &certificate)) {
		int r;

		if (n++ == MLS_CHAIN_MAX)
			return -MLS_ERROR_LIMIT;
		r = mbedtls_x509_crt_parse_der(ret_chain, certificate.data, certificate.length);
		if (r != 0)
			return errno_of(r) == -ENOMEM ? -ENOMEM : -MLS_ERROR_CREDENTIAL;
	}
	return n > 0 ? 0 : -MLS_ERROR_CREDENTIAL;
}

static int check_certificate(struct mls_trust *trust, const struct mls_leaf_node *leaf,
			     uint64_t now_s, struct mls_identity *ret_identity)
{
	struct mls_identity identity = {.is_verified = true};
	mbedtls_x509_crt chain;
	int r;

	mbedtls_x509_crt_init(&chain);
	r = parse_chain(leaf->credential.chain, &chain);
	if (r == 0)
		r = verify(trust, &chain, now_s);
	if (r == 0 &&
	    (!is_for_key(&chain, leaf->signature_key) ||
	     mbedtls_x509_crt_check_key_usage(&chain, MBEDTLS_X509_KU_DIGITAL_SIGNATURE) != 0 ||
	     !copy_common_name(&chain.subject, identity.name) ||
	     !copy_common_name(&chain.issuer, identity.issuer)))
		r = -MLS_ERROR_CREDENTIAL;
	mbedtls_x509_crt_free(&chain);
	if (r == 0)
		*ret_identity = identity;
	return r;
}

int mls_trust_check(struct mls_trust *trust, const struct mls_leaf_node *leaf, uint64_t now_s,
		    struct mls_identity *ret_identity)
{
	struct mls_identity identity = {.is_verified = false};

	if (leaf->credential.type == MLS_CREDENTIAL_X509)
		return check_certificate(trust, leaf, now_s, ret_identity);
	if (!trust->takes_guests)
		return -MLS_ERROR_UNSUPPORTED;
	if (!copy_name(leaf->credential.identity, identity.name))
		return -MLS_ERROR_CREDENTIAL;
	*ret_identity = identity;
	return 0;
}

bool mls_trust_claim(const struct mls_leaf_node *leaf, char ret_name[MLS_NAME_BYTES_MAX + 1])
{
	struct mls_bytes chain = leaf->credential.chain;
	mbedtls_x509_crt certificate;
	struct mls_bytes first;
	bool is_found;

	if (leaf->credential.type != MLS_CREDENTIAL_X509)
		return copy_name(leaf->credential.identity, ret_name);
	if (!mls_chain_next(&chain, &first))
		return false;
	mbedtls_x509_crt_init(&certificate);
	is_found = mbedtls_x509_crt_parse_der(&certificate, first.data, first.length) == 0 &&
		   copy_common_name(&certificate.subject, ret_name);
	mbedtls_x509_crt_free(&certificate);
	return is_found;
}
