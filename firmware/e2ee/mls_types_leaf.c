#include "e2ee/mls_types.h"

#include "base/buffer.h"

struct mls_bytes mls_u16s_read(struct mls_reader *reader)
{
	struct mls_bytes list = mls_read_vector(reader);

	if (list.length % 2 != 0)
		mls_reader_fail(reader, MLS_ERROR_LENGTH);
	return list;
}

bool mls_u16_has(struct mls_bytes list, uint16_t value)
{
	for (size_t i = 0; i + 1 < list.length; i += 2) {
		if (buffer_get_u16(list.data + i) == value)
			return true;
	}
	return false;
}

bool mls_chain_next(struct mls_bytes *chain, struct mls_bytes *ret_certificate)
{
	struct mls_reader reader;

	mls_reader_init(&reader, *chain);
	if (!mls_reader_more(&reader))
		return false;
	*ret_certificate = mls_read_vector(&reader);
	*chain = (struct mls_bytes){chain->data + reader.at, chain->length - reader.at};
	return reader.fault == 0;
}

static void read_credential(struct mls_reader *reader, struct mls_credential *credential)
{
	size_t from, end;

	*credential = (struct mls_credential){.type = mls_read_u16(reader)};
	switch (credential->type) {
	case MLS_CREDENTIAL_BASIC:
		credential->identity = mls_read_vector(reader);
		break;
	case MLS_CREDENTIAL_X509:
		end = mls_reader_enter(reader);
		from = reader->at;
		while (mls_reader_more(reader))
			mls_read_vector(reader);
		credential->chain = mls_reader_since(reader, from);
		mls_reader_leave(reader, end);
		break;
	default:
		mls_reader_fail(reader, MLS_ERROR_UNSUPPORTED);
	}
}

static void write_credential(struct mls_writer *writer, const struct mls_credential *credential)
{
	mls_write_u16(writer, credential->type);
	mls_write_bytes(writer, credential->type == MLS_CREDENTIAL_BASIC ? credential->identity
									 : credential->chain);
}

void mls_capabilities_read(struct mls_reader *reader, struct mls_capabilities *ret_capabilities)
{
	ret_capabilities->versions = mls_u16s_read(reader);
	ret_capabilities->cipher_suites = mls_u16s_read(reader);
	ret_capabilities->extensions = mls_u16s_read(reader);
	ret_capabilities->proposals = mls_u16s_read(reader);
	ret_capabilities->credentials = mls_u16s_read(reader);
}

void mls_capabilities_write(struct mls_writer *writer, const struct mls_capabilities *capabilities)
{
	mls_write_bytes(writer, capabilities->versions);
	mls_write_bytes(writer, capabilities->cipher_suites);
	mls_write_bytes(writer, capabilities->extensions);
	mls_write_bytes(writer, capabilities->proposals);
	mls_write_bytes(writer, capabilities->credentials);
}

struct mls_bytes mls_extensions_read(struct mls_reader *reader)
{
	uint16_t types[MLS_EXTENSIONS_MAX];
	size_t end = mls_reader_enter(reader);
	size_t from = reader->at;
	struct mls_bytes content;

	for (size_t n = 0; mls_reader_more(reader); n++) {
		uint16_t type = mls_read_u16(reader);

		if (n == MLS_EXTENSIONS_MAX) {
			mls_reader_fail(reader, MLS_ERROR_LIMIT);
			break;
		}
		for (size_t i = 0; i < n; i++) {
			if (types[i] == type)
				mls_reader_fail(reader, MLS_ERROR_VALUE);
		}
		types[n] = type;
		mls_read_vector(reader);
	}
	content = mls_reader_since(reader, from);
	mls_reader_leave(reader, end);
	return content;
}

bool mls_extension_next(struct mls_bytes *extensions, uint16_t *ret_type,
			struct mls_bytes *ret_data)
{
	struct mls_reader reader;

	mls_reader_init(&reader, *extensions);
	if (!mls_reader_more(&reader))
		return false;
	*ret_type = mls_read_u16(&reader);
	*ret_data = mls_read_vector(&reader);
	*extensions =
		(struct mls_bytes){extensions->data + reader.at, extensions->length - reader.at};
	return reader.fault == 0;
}

bool mls_extension_find(struct mls_bytes extensions, uint16_t type, struct mls_bytes *ret_data)
{
	struct mls_bytes data;
	uint16_t found;

	while (mls_extension_next(&extensions, &found, &data)) {
		if (found == type) {
			*ret_data = data;
			return true;
		}
	}
	return false;
}

void mls_extension_write(struct mls_writer *writer, uint16_t type, struct mls_bytes data)
{
	mls_write_u16(writer, type);
	mls_write_bytes(writer, data);
}

bool mls_leaf_node_number(const struct mls_leaf_node *leaf, uint16_t *ret_number)
{
	struct mls_bytes data;

	if (!mls_extension_find(leaf->extensions, MLS_EXTENSION_BALAI_MEMBER, &data) ||
	    data.length != 2)
		return false;
	*ret_number = (uint16_t)(data.data[0] << 8 | data.data[1]);
	return true;
}

/* What only leaf nodes of some sources have. */
static void read_source(struct mls_reader *reader, struct mls_leaf_node *leaf)
{
	leaf->source = mls_read_u8(reader);
	switch (leaf->source) {
	case MLS_LEAF_KEY_PACKAGE:
		leaf->not_before_s = mls_read_u64(reader);
		leaf->not_after_s = mls_read_u64(reader);
		break;
	case MLS_LEAF_UPDATE:
		break;
	case MLS_LEAF_COMMIT:
		leaf->parent_hash = mls_read_vector(reader);
		break;
	default:
		mls_reader_fail(reader, MLS_ERROR_VALUE);
	}
}

void mls_leaf_node_read(struct mls_reader *reader, struct mls_leaf_node *ret_leaf)
{
	size_t from = reader->at;

	*ret_leaf = (struct mls_leaf_node){.encryption_key = mls_read_vector(reader)};
	ret_leaf->signature_key = mls_read_vector(reader);
	read_credential(reader, &ret_leaf->credential);
	mls_capabilities_read(reader, &ret_leaf->capabilities);
	read_source(reader, ret_leaf);
	ret_leaf->extensions = mls_extensions_read(reader);
	ret_leaf->content = mls_reader_since(reader, from);
	ret_leaf->signature = mls_read_vector(reader);
	ret_leaf->encoded = mls_reader_since(reader, from);
}

void mls_leaf_node_write_content(struct mls_writer *writer, const struct mls_leaf_node *leaf)
{
	mls_write_bytes(writer, leaf->encryption_key);
	mls_write_bytes(writer, leaf->signature_key);
	write_credential(writer, &leaf->credential);
	mls_capabilities_write(writer, &leaf->capabilities);
	mls_write_u8(writer, leaf->source);
	if (leaf->source == MLS_LEAF_KEY_PACKAGE) {
		mls_write_u64(writer, leaf->not_before_s);
		mls_write_u64(writer, leaf->not_after_s);
	} else if (leaf->source == MLS_LEAF_COMMIT) {
		mls_write_bytes(writer, leaf->parent_hash);
	}
	mls_write_bytes(writer, leaf->extensions);
}

void mls_leaf_node_write(struct mls_writer *writer, const struct mls_leaf_node *leaf)
{
	mls_leaf_node_write_content(writer, leaf);
	mls_write_bytes(writer, leaf->signature);
}

void mls_key_package_read(struct mls_reader *reader, struct mls_key_package *ret_package)
{
	size_t from = reader->at;

	*ret_package = (struct mls_key_package){.version = mls_read_u16(reader)};
	ret_package->cipher_suite = mls_read_u16(reader);
	ret_package->init_key = mls_read_vector(reader);
	mls_leaf_node_read(reader, &ret_package->leaf);
	ret_package->extensions = mls_extensions_read(reader);
	ret_package->content = mls_reader_since(reader, from);
	ret_package->signature = mls_read_vector(reader);
	ret_package->encoded = mls_reader_since(reader, from);
}

void mls_key_package_write_content(struct mls_writer *writer, const struct mls_key_package *package)
{
	mls_write_u16(writer, package->version);
	mls_write_u16(writer, package->cipher_suite);
	mls_write_bytes(writer, package->init_key);
	mls_leaf_node_write(writer, &package->leaf);
	mls_write_bytes(writer, package->extensions);
}

void mls_key_package_write(struct mls_writer *writer, const struct mls_key_package *package)
{
	mls_key_package_write_content(writer, package);
	mls_write_bytes(writer, package->signature);
}
