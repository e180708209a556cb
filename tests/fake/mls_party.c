#include "tests/fake/mls_party.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "e2ee/mls_group_private.h"

static int check_member(void *context, const struct mls_leaf_node *leaf)
{
	(void)context;
	(void)leaf;
	return 0;
}

static int check_tree(void *context, const struct mls_tree *now, const struct mls_tree *next)
{
	(void)context;
	(void)now;
	(void)next;
	return 0;
}

static bool find_psk(void *context, struct mls_bytes id, struct mls_bytes *ret_psk)
{
	(void)context;
	*ret_psk = (struct mls_bytes){(const uint8_t *)"a secret", 8};
	return id.length == 6 && memcmp(id.data, "office", 6) == 0;
}

static uint64_t now_s(void *context)
{
	(void)context;
	return MLS_PARTY_NOW_S;
}

const struct mls_owner_ops *mls_party_ops(void)
{
	static const struct mls_owner_ops ops = {check_member, check_tree, find_psk, now_s};

	return &ops;
}

static void must(int r)
{
	if (r < 0) {
		fprintf(stderr, "mls_party: %s\n", mls_error_text(r));
		abort();
	}
}

void mls_party_init(struct mls_party *party, unsigned int number)
{
	struct mls_credential credential = {.type = MLS_CREDENTIAL_BASIC};

	memset(party, 0, sizeof(*party));
	snprintf(party->name, sizeof(party->name), "member %u", number);
	credential.identity = (struct mls_bytes){(const uint8_t *)party->name, strlen(party->name)};
	must(mls_key_pair_generate(&party->pair));
	mls_signer_init(&party->signer, &party->pair);
	party->member = (struct mls_member){&party->signer, {mls_party_ops(), NULL}};
	must(mls_own_package_create(&credential, (uint16_t)number, MLS_PARTY_NOW_S - 60,
				    MLS_PARTY_NOW_S + 60, &party->signer, &party->package));
}

void mls_party_finish(struct mls_party *party)
{
	mls_group_destroy(party->group);
	mls_own_package_destroy(party->package);
	memset(party, 0, sizeof(*party));
}

void mls_party_create(struct mls_party *party)
{
	must(mls_group_create(&party->member, (struct mls_bytes){(const uint8_t *)"meeting", 7},
			      party->package, &party->group));
}

struct mls_proposal mls_party_add(const struct mls_party *party)
{
	return (struct mls_proposal){
		.type = MLS_PROPOSAL_ADD,
		.add = *mls_own_package_public(party->package),
	};
}

void mls_party_forge(const struct mls_party *party, const struct mls_content *content,
		     struct mls_writer *writer)
{
	static const uint8_t tag[MLS_HASH_BYTES];
	const struct mls_group *group = party->group;
	uint8_t signature[MLS_SIGNATURE_BYTES];
	struct mls_authenticated message;
	struct mls_protection protection;
	struct mls_writer context;
	size_t length;

	mls_group_address(group, content->type, &message);
	message.wire_format = MLS_PUBLIC_MESSAGE;
	message.content.proposal = content->proposal;
	message.content.commit = content->commit;
	must(mls_epoch_protection(group, group->now, &context, &protection));
	must(mls_content_sign(&protection, message.wire_format, &message.content, &party->signer,
			      signature, &length));
	message.auth.signature = (struct mls_bytes){signature, length};
	message.auth.confirmation_tag = (struct mls_bytes){tag, sizeof(tag)};
	must(mls_public_seal(&protection, &message, writer));
	mls_writer_finish(&context);
}
