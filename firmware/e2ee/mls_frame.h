/*
 * How MLS frames messages (RFC 9420, section 6): the structs, with readers and writers as in
 * mls_types.h.
 */
#ifndef BALAI_E2EE_MLS_FRAME_H
#define BALAI_E2EE_MLS_FRAME_H

#include "e2ee/mls_types.h"

enum mls_wire_format {
	MLS_PUBLIC_MESSAGE = 1,
	MLS_PRIVATE_MESSAGE = 2,
	MLS_WELCOME = 3,
	MLS_GROUP_INFO = 4,
	MLS_KEY_PACKAGE = 5,
};

enum mls_content_type {
	MLS_CONTENT_APPLICATION = 1,
	MLS_CONTENT_PROPOSAL = 2,
	MLS_CONTENT_COMMIT = 3,
};

enum mls_sender_type {
	MLS_SENDER_MEMBER = 1,
	MLS_SENDER_EXTERNAL = 2,
	MLS_SENDER_NEW_MEMBER_PROPOSAL = 3,
	MLS_SENDER_NEW_MEMBER_COMMIT = 4,
};

/* FramedContent */
struct mls_content {
	struct mls_bytes group_id;
	uint64_t epoch;
	uint8_t sender_type;   /* enum mls_sender_type */
	uint32_t sender_index; /* of a member's leaf, or of an external sender */
	struct mls_bytes authenticated_data;
	uint8_t type;                 /* enum mls_content_type */
	struct mls_bytes application; /* MLS_CONTENT_APPLICATION */
	struct mls_proposal proposal; /* MLS_CONTENT_PROPOSAL */
	struct mls_commit commit;     /* MLS_CONTENT_COMMIT */
};

void mls_content_read(struct mls_reader *reader, struct mls_content *ret_content);
void mls_content_write(struct mls_writer *writer, const struct mls_content *content);

/* What follows content->type on the wire, as that says. */
void mls_content_read_body(struct mls_reader *reader, struct mls_content *content);
void mls_content_write_body(struct mls_writer *writer, const struct mls_content *content);

/* FramedContentAuthData of a content of that type. */
struct mls_auth {
	struct mls_bytes signature;
	struct mls_bytes confirmation_tag; /* of commits only */
};

void mls_auth_read(struct mls_reader *reader, uint8_t content_type, struct mls_auth *ret_auth);
void mls_auth_write(struct mls_writer *writer, uint8_t content_type, const struct mls_auth *auth);

struct mls_authenticated {
	uint16_t wire_format;
	struct mls_content content;
	struct mls_auth auth;
};

void mls_authenticated_read(struct mls_reader *reader, struct mls_authenticated *ret_authenticated);
void mls_authenticated_write(struct mls_writer *writer,
			     const struct mls_authenticated *authenticated);

struct mls_public_message {
	struct mls_content content;
	struct mls_auth auth;
	struct mls_bytes membership_tag; /* from members only */
};

void mls_public_message_read(struct mls_reader *reader, struct mls_public_message *ret_message);
void mls_public_message_write(struct mls_writer *writer, const struct mls_public_message *message);

struct mls_private_message {
	struct mls_bytes group_id;
	uint64_t epoch;
	uint8_t content_type;
	struct mls_bytes authenticated_data;
	struct mls_bytes encrypted_sender_data;
	struct mls_bytes ciphertext;
};

void mls_private_message_read(struct mls_reader *reader, struct mls_private_message *ret_message);
void mls_private_message_write(struct mls_writer *writer,
			       const struct mls_private_message *message);

/* MLSMessage: the member of the union that wire_format says. */
struct mls_message {
	uint16_t wire_format; /* enum mls_wire_format */
	union {
		struct mls_public_message public_message;
		struct mls_private_message private_message;
		struct mls_welcome welcome;
		struct mls_group_info group_info;
		struct mls_key_package key_package;
	};
};

void mls_message_read(struct mls_reader *reader, struct mls_message *ret_message);
void mls_message_write(struct mls_writer *writer, const struct mls_message *message);

/* The head of an MLSMessage, for who writes what follows. */
void mls_message_write_head(struct mls_writer *writer, uint16_t wire_format);

#endif
