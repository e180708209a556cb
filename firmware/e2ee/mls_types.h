/*
 * The structs of MLS on the wire (RFC 9420), each with a reader and a writer, and this project's
 * limits on them. mls_frame.h has those that messages are framed in.
 *
 * What was read is lent: its mls_bytes lie in the bytes that were read. Vectors of which only
 * single elements are asked for stay as they are on the wire; functions here look into them, and
 * readers have checked that they hold whole elements. Readers never fail by themselves: they leave
 * a fault in the reader. Nothing here is secret but struct mls_group_secrets.
 */
#ifndef BALAI_E2EE_MLS_TYPES_H
#define BALAI_E2EE_MLS_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "e2ee/mls_codec.h"
#include "e2ee/mls_crypto.h"

#define MLS_LEAVES_MAX 256
#define MLS_DEPTH_MAX 8 /* nodes above a leaf in a tree of MLS_LEAVES_MAX */
#define MLS_PROPOSALS_MAX 16
#define MLS_EXTENSIONS_MAX 32
#define MLS_CHAIN_MAX 4 /* certificates of a credential */
#define MLS_PSKS_MAX 8  /* pre-shared keys in an epoch */
#define MLS_MESSAGE_BYTES_MAX (64U << 10)
#define MLS_LEAF_BYTES_MAX 4096 /* a leaf node with its certificates */
/* A ratchet tree has all leaf nodes, and so has the Welcome that carries one; beside them keys. */
#define MLS_TREE_BYTES_MAX (MLS_LEAVES_MAX * MLS_LEAF_BYTES_MAX + (64U << 10))
#define MLS_WELCOME_BYTES_MAX (MLS_TREE_BYTES_MAX + MLS_MESSAGE_BYTES_MAX)

#define MLS_VERSION 1 /* mls10 */

enum mls_credential_type {
	MLS_CREDENTIAL_BASIC = 1,
	MLS_CREDENTIAL_X509 = 2,
};

enum mls_extension_type {
	MLS_EXTENSION_APPLICATION_ID = 1,
	MLS_EXTENSION_RATCHET_TREE = 2,
	MLS_EXTENSION_REQUIRED_CAPABILITIES = 3,
	MLS_EXTENSION_EXTERNAL_PUB = 4,
	MLS_EXTENSION_EXTERNAL_SENDERS = 5,
	/* Of a leaf, in the range for private use (section 17.3): uint16, the hub's member number. */
	MLS_EXTENSION_BALAI_MEMBER = 0xf0ba,
};

enum mls_proposal_type {
	MLS_PROPOSAL_ADD = 1,
	MLS_PROPOSAL_UPDATE = 2,
	MLS_PROPOSAL_REMOVE = 3,
	MLS_PROPOSAL_PSK = 4,
	MLS_PROPOSAL_REINIT = 5,
	MLS_PROPOSAL_EXTERNAL_INIT = 6,
	MLS_PROPOSAL_CONTEXT_EXTENSIONS = 7,
};

/* Section 5.3 */
struct mls_credential {
	uint16_t type;             /* enum mls_credential_type */
	struct mls_bytes identity; /* basic */
	struct mls_bytes chain;    /* x509: Certificate certificates<V>, its content */
};

/* The DER of the next certificate off a chain's content; false at its end. */
bool mls_chain_next(struct mls_bytes *chain, struct mls_bytes *ret_certificate);

/* Vectors of uint16, their contents (section 7.2). */
struct mls_capabilities {
	struct mls_bytes versions;
	struct mls_bytes cipher_suites;
	struct mls_bytes extensions;
	struct mls_bytes proposals;
	struct mls_bytes credentials;
};

struct mls_bytes mls_u16s_read(struct mls_reader *reader);
bool mls_u16_has(struct mls_bytes list, uint16_t value);

void mls_capabilities_read(struct mls_reader *reader, struct mls_capabilities *ret_capabilities);
void mls_capabilities_write(struct mls_writer *writer, const struct mls_capabilities *capabilities);

/*
 * An Extension extensions<V>; returns the content of the vector. Of each type there is at most one
 * (section 13.4), and there are at most MLS_EXTENSIONS_MAX.
 */
struct mls_bytes mls_extensions_read(struct mls_reader *reader);

bool mls_extension_find(struct mls_bytes extensions, uint16_t type, struct mls_bytes *ret_data);

/* Takes the next one off. False at the end. */
bool mls_extension_next(struct mls_bytes *extensions, uint16_t *ret_type,
			struct mls_bytes *ret_data);

void mls_extension_write(struct mls_writer *writer, uint16_t type, struct mls_bytes data);

enum mls_leaf_source {
	MLS_LEAF_KEY_PACKAGE = 1,
	MLS_LEAF_UPDATE = 2,
	MLS_LEAF_COMMIT = 3,
};

/* Section 7.2 */
struct mls_leaf_node {
	struct mls_bytes encryption_key;
	struct mls_bytes signature_key;
	struct mls_credential credential;
	struct mls_capabilities capabilities;
	uint8_t source;               /* enum mls_leaf_source */
	uint64_t not_before_s;        /* MLS_LEAF_KEY_PACKAGE; s since 1970 */
	uint64_t not_after_s;         /* likewise */
	struct mls_bytes parent_hash; /* MLS_LEAF_COMMIT */
	struct mls_bytes extensions;  /* the content of the vector */
	struct mls_bytes signature;
	struct mls_bytes content; /* read: what is signed, but for the group's part */
	struct mls_bytes encoded; /* read: all of it */
};

void mls_leaf_node_read(struct mls_reader *reader, struct mls_leaf_node *ret_leaf);
void mls_leaf_node_write(struct mls_writer *writer, const struct mls_leaf_node *leaf);

/* The number in the leaf's extension balai_member. False: it has none, or one that is damaged. */
bool mls_leaf_node_number(const struct mls_leaf_node *leaf, uint16_t *ret_number);

/* All but the signature, as LeafNodeTBS begins. */
void mls_leaf_node_write_content(struct mls_writer *writer, const struct mls_leaf_node *leaf);

/* Section 10 */
struct mls_key_package {
	uint16_t version;
	uint16_t cipher_suite;
	struct mls_bytes init_key;
	struct mls_leaf_node leaf;
	struct mls_bytes extensions;
	struct mls_bytes signature;
	struct mls_bytes content; /* read: what is signed */
	struct mls_bytes encoded; /* read: all of it */
};

void mls_key_package_read(struct mls_reader *reader, struct mls_key_package *ret_package);
void mls_key_package_write(struct mls_writer *writer, const struct mls_key_package *package);

/* KeyPackageTBS: all but the signature. */
void mls_key_package_write_content(struct mls_writer *writer,
				   const struct mls_key_package *package);

enum mls_psk_type {
	MLS_PSK_EXTERNAL = 1,
	MLS_PSK_RESUMPTION = 2,
};

enum mls_psk_usage {
	MLS_PSK_FOR_APPLICATION = 1,
	MLS_PSK_FOR_REINIT = 2,
	MLS_PSK_FOR_BRANCH = 3,
};

/* Section 8.4 */
struct mls_psk_id {
	uint8_t type;        /* enum mls_psk_type */
	struct mls_bytes id; /* external: psk_id */
	uint8_t usage;       /* resumption: enum mls_psk_usage */
	struct mls_bytes group_id;
	uint64_t epoch;
	struct mls_bytes nonce;
};

void mls_psk_id_read(struct mls_reader *reader, struct mls_psk_id *ret_id);
void mls_psk_id_write(struct mls_writer *writer, const struct mls_psk_id *id);

/* Section 12.1 */
struct mls_proposal {
	uint16_t type; /* enum mls_proposal_type */
	union {
		struct mls_key_package add;
		struct mls_leaf_node update;
		uint32_t removed; /* leaf index */
		struct mls_psk_id psk;
		struct {
			struct mls_bytes group_id;
			uint16_t version;
			uint16_t cipher_suite;
			struct mls_bytes extensions;
		} reinit;
		struct mls_bytes kem_output; /* external_init */
		struct mls_bytes extensions; /* group_context_extensions */
	};
};

void mls_proposal_read(struct mls_reader *reader, struct mls_proposal *ret_proposal);
void mls_proposal_write(struct mls_writer *writer, const struct mls_proposal *proposal);

/* The content of a proposal whose type was read before, as the type says. */
void mls_proposal_read_content(struct mls_reader *reader, struct mls_proposal *proposal);
void mls_proposal_write_content(struct mls_writer *writer, const struct mls_proposal *proposal);

/* Section 12.4 */
struct mls_proposal_or_ref {
	bool is_ref;
	struct mls_bytes ref;
	struct mls_proposal proposal;
};

/* Section 7.6 */
struct mls_path_node {
	struct mls_bytes public_key;
	struct mls_bytes secrets; /* the content of HPKECiphertext encrypted_path_secret<V> */
};

struct mls_ciphertext {
	struct mls_bytes kem_output;
	struct mls_bytes ciphertext;
};

void mls_ciphertext_read(struct mls_reader *reader, struct mls_ciphertext *ret_ciphertext);
void mls_ciphertext_write(struct mls_writer *writer, const struct mls_ciphertext *ciphertext);

struct mls_update_path {
	struct mls_leaf_node leaf;
	struct mls_path_node nodes[MLS_DEPTH_MAX];
	size_t n_nodes;
};

void mls_update_path_read(struct mls_reader *reader, struct mls_update_path *ret_path);
void mls_update_path_write(struct mls_writer *writer, const struct mls_update_path *path);

struct mls_commit {
	struct mls_proposal_or_ref proposals[MLS_PROPOSALS_MAX];
	size_t n_proposals;
	bool has_path;
	struct mls_update_path path;
};

void mls_commit_read(struct mls_reader *reader, struct mls_commit *ret_commit);
void mls_commit_write(struct mls_writer *writer, const struct mls_commit *commit);

/* Section 8.1 */
struct mls_group_context {
	uint16_t version;
	uint16_t cipher_suite;
	struct mls_bytes group_id;
	uint64_t epoch;
	struct mls_bytes tree_hash;
	struct mls_bytes confirmed_transcript_hash;
	struct mls_bytes extensions;
};

void mls_group_context_read(struct mls_reader *reader, struct mls_group_context *ret_context);
void mls_group_context_write(struct mls_writer *writer, const struct mls_group_context *context);

/* Section 12.4.3 */
struct mls_group_info {
	struct mls_group_context context;
	struct mls_bytes extensions;
	struct mls_bytes confirmation_tag;
	uint32_t signer; /* leaf index */
	struct mls_bytes signature;
	struct mls_bytes content; /* read: what is signed */
};

void mls_group_info_read(struct mls_reader *reader, struct mls_group_info *ret_info);
void mls_group_info_write(struct mls_writer *writer, const struct mls_group_info *info);

/* GroupInfoTBS: all but the signature. */
void mls_group_info_write_content(struct mls_writer *writer, const struct mls_group_info *info);

/* Section 12.4.3.1; secret. */
struct mls_group_secrets {
	struct mls_bytes joiner_secret;
	bool has_path_secret;
	struct mls_bytes path_secret;
	struct mls_psk_id psks[MLS_PSKS_MAX];
	size_t n_psks;
};

void mls_group_secrets_read(struct mls_reader *reader, struct mls_group_secrets *ret_secrets);
void mls_group_secrets_write(struct mls_writer *writer, const struct mls_group_secrets *secrets);

struct mls_encrypted_secrets {
	struct mls_bytes new_member; /* KeyPackageRef */
	struct mls_ciphertext secrets;
};

void mls_encrypted_secrets_read(struct mls_reader *reader,
				struct mls_encrypted_secrets *ret_secrets);
void mls_encrypted_secrets_write(struct mls_writer *writer,
				 const struct mls_encrypted_secrets *secrets);

struct mls_welcome {
	uint16_t cipher_suite;
	struct mls_bytes secrets; /* the content of EncryptedGroupSecrets secrets<V> */
	struct mls_bytes encrypted_group_info;
};

void mls_welcome_read(struct mls_reader *reader, struct mls_welcome *ret_welcome);
void mls_welcome_write(struct mls_writer *writer, const struct mls_welcome *welcome);

#endif
