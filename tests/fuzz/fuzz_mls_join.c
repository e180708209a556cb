/*
 * A Welcome and a key package, to a member that waits for one: a key package is taken or refused,
 * and nobody gets in by a Welcome that is not for it.
 */
#include <assert.h>
#include <stdlib.h>

#include "e2ee/mls_frame.h"
#include "tests/fake/mls_party.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct mls_party party;
	struct mls_bytes bytes = {data, size};
	struct mls_key_package package;
	struct mls_group *group = NULL;
	struct mls_reader reader;

	if (!party.package) {
		if (mls_crypto_init() < 0)
			abort();
		mls_party_init(&party, 1);
	}
	assert(mls_group_join(&party.member, party.package, bytes, (struct mls_bytes){0}, &group) <
	       0);
	mls_reader_init(&reader, bytes);
	mls_key_package_read(&reader, &package);
	if (mls_reader_close(&reader) == 0)
		(void)!mls_key_package_check(&package, &party.member.owner);
	return 0;
}
