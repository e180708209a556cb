#include <stdlib.h>

#include "e2ee/mls_frame.h"
#include "e2ee/mls_signed.h"
#include "e2ee/mls_tree.h"
#include "tests/fake/vectors.h"

/* Whether element `node` of a list is `value`, null standing for none. */
static bool is_node(struct vector *vector, const char *list, uint32_t node, uint32_t value)
{
	const json_t *should = json_array_get(json_object_get(vector->json, list), node);

	if (!should)
		return vector_fail(vector, "%s is too short", list);
	if (json_is_null(should) ? value == MLS_NODE_NONE
				 : json_integer_value(should) == (json_int_t)value)
		return true;
	return vector_fail(vector, "%s of %u is not %u", list, node, value);
}

static bool run_tree_math(struct vector *vector)
{
	uint32_t n_leaves = (uint32_t)vector_number(vector, NULL, "n_leaves");
	uint32_t n_nodes = (uint32_t)vector_number(vector, NULL, "n_nodes");

	if (n_leaves == 0 || mls_node_count(n_leaves) != n_nodes)
		return vector_fail(vector, "another n_nodes");
	if (mls_node_root(n_leaves) != vector_number(vector, NULL, "root"))
		return vector_fail(vector, "another root");
	for (uint32_t node = 0; node < n_nodes; node++) {
		if (!is_node(vector, "left", node, mls_node_left(node)) ||
		    !is_node(vector, "right", node, mls_node_right(node)) ||
		    !is_node(vector, "parent", node, mls_node_parent(node, n_leaves)) ||
		    !is_node(vector, "sibling", node, mls_node_sibling(node, n_leaves)))
			return false;
	}
	return true;
}

static bool run_deserialization(struct vector *vector)
{
	struct mls_bytes header = vector_hex(vector, NULL, "vlbytes_header");
	uint64_t length = vector_number(vector, NULL, "length");
	struct mls_writer writer;
	struct mls_reader reader;

	mls_reader_init(&reader, header);
	if (mls_read_length(&reader) != length || mls_reader_close(&reader) < 0)
		return vector_fail(vector, "read as another length");
	mls_writer_init(&writer, MLS_MESSAGE_BYTES_MAX);
	mls_write_length(&writer, length);
	vector_same(vector, "header", mls_writer_bytes(&writer), header);
	mls_writer_finish(&writer);
	return true;
}

static bool check_node(struct vector *vector, struct mls_tree *tree, uint32_t node)
{
	const json_t *hashes = json_object_get(vector->json, "tree_hashes");
	const json_t *should = json_array_get(json_object_get(vector->json, "resolutions"), node);
	uint32_t nodes[MLS_NODES_MAX];
	size_t n = mls_tree_resolution(tree, node, nodes);
	uint8_t hash[MLS_HASH_BYTES];

	if (mls_tree_hash(tree, node, hash) < 0)
		return vector_fail(vector, "no tree hash");
	vector_same(vector, "tree hash", (struct mls_bytes){hash, sizeof(hash)},
		    vector_hex_of(vector, json_array_get(hashes, node)));
	if (n != json_array_size(should))
		return vector_fail(vector, "another resolution of %u", node);
	for (size_t i = 0; i < n; i++) {
		if (json_integer_value(json_array_get(should, i)) != (json_int_t)nodes[i])
			return vector_fail(vector, "another resolution of %u", node);
	}
	return true;
}

static bool check_tree(struct vector *vector, struct mls_tree *tree, struct mls_bytes encoded)
{
	struct mls_bytes group_id = vector_hex(vector, NULL, "group_id");
	uint32_t n_nodes = mls_node_count(mls_tree_n_leaves(tree));
	struct mls_writer writer;
	int r = mls_tree_check(tree);

	if (r < 0)
		return vector_fail(vector, "%s", mls_error_text(r));
	for (uint32_t leaf = 0; leaf < mls_tree_n_leaves(tree); leaf++) {
		const struct mls_leaf_node *node = mls_tree_leaf(tree, leaf);

		r = node ? mls_leaf_node_verify(node, group_id, leaf) : 0;
		if (r < 0)
			return vector_fail(vector, "leaf %u: %s", leaf, mls_error_text(r));
	}
	mls_writer_init(&writer, MLS_TREE_BYTES_MAX);
	mls_tree_write(&writer, tree);
	vector_same(vector, "encoding", mls_writer_bytes(&writer), encoded);
	mls_writer_finish(&writer);
	for (uint32_t node = 0; node < n_nodes; node++) {
		if (!check_node(vector, tree, node))
			return false;
	}
	return true;
}

static bool run_tree_validation(struct vector *vector)
{
	struct mls_bytes encoded = vector_hex(vector, NULL, "tree");
	struct mls_tree *tree;
	int r = mls_tree_read(encoded, &tree);

	if (r < 0)
		return vector_fail(vector, "tree: %s", mls_error_text(r));
	check_tree(vector, tree, encoded);
	mls_tree_destroy(tree);
	return true;
}

const struct vector_format vector_tree_formats[] = {
	{"tree-math", "n_nodes", run_tree_math},
	{"deserialization", "vlbytes_header", run_deserialization},
	{"tree-validation", "resolutions", run_tree_validation},
	{0},
};
