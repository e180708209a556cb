#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "e2ee/mls_tree.h"

/* A leaf node that is like no other, which nobody has signed; its keys are no points. */
static void write_leaf(struct mls_writer *writer, uint32_t number)
{
	uint8_t key[MLS_PUBLIC_KEY_BYTES] = {4, (uint8_t)(number >> 8), (uint8_t)number};
	const struct mls_leaf_node leaf = {
		.encryption_key = {key, sizeof(key)},
		.signature_key = {key, sizeof(key)},
		.credential = {.type = MLS_CREDENTIAL_BASIC},
		.source = MLS_LEAF_UPDATE,
	};

	mls_writer_finish(writer);
	mls_leaf_node_write(writer, &leaf);
	assert_int_equal(writer->fault, 0);
}

static struct mls_tree *tree_of(uint32_t n)
{
	struct mls_tree *tree = mls_tree_create();
	struct mls_writer leaf;
	uint32_t at;

	mls_writer_init(&leaf, MLS_MESSAGE_BYTES_MAX);
	for (uint32_t i = 0; i < n; i++) {
		write_leaf(&leaf, i);
		assert_int_equal(mls_tree_add(tree, mls_writer_bytes(&leaf), &at), 0);
		assert_int_equal(at, i);
	}
	mls_writer_finish(&leaf);
	return tree;
}

static void set_parent(struct mls_tree *tree, uint32_t node)
{
	uint8_t key[MLS_PUBLIC_KEY_BYTES] = {5, (uint8_t)(node >> 8), (uint8_t)node};

	mls_tree_set_parent(tree, node, key);
}

static void test_growth(void **state)
{
	static const uint32_t sizes[][2] = {
		{1, 1}, {2, 2}, {3, 4}, {5, 8}, {129, 256}, {256, 256},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct mls_tree *tree = tree_of(sizes[i][0]);

		assert_int_equal(mls_tree_n_members(tree), sizes[i][0]);
		assert_int_equal(mls_tree_n_leaves(tree), sizes[i][1]);
		mls_tree_destroy(tree);
	}
}

static void test_full(void **state)
{
	struct mls_tree *tree = tree_of(MLS_LEAVES_MAX);
	struct mls_writer leaf;
	uint32_t at;

	(void)state;
	mls_writer_init(&leaf, MLS_MESSAGE_BYTES_MAX);
	write_leaf(&leaf, 1000);
	assert_int_equal(mls_tree_add(tree, mls_writer_bytes(&leaf), &at), -MLS_ERROR_LIMIT);
	mls_tree_remove(tree, 77);
	assert_int_equal(mls_tree_add(tree, mls_writer_bytes(&leaf), &at), 0);
	assert_int_equal(at, 77);
	mls_writer_finish(&leaf);
	mls_tree_destroy(tree);
}

/* The tree gets as small as it can (section 7.8), and forgets what it had there. */
static void test_removal(void **state)
{
	struct mls_tree *tree = tree_of(5);

	(void)state;
	set_parent(tree, 7);
	set_parent(tree, 3);
	set_parent(tree, 9);
	mls_tree_remove(tree, 1);
	assert_null(mls_tree_leaf(tree, 1));
	assert_null(mls_tree_public_key(tree, 3));
	assert_null(mls_tree_public_key(tree, 7));
	assert_non_null(mls_tree_public_key(tree, 9));
	assert_int_equal(mls_tree_n_leaves(tree), 8);
	mls_tree_remove(tree, 4);
	assert_int_equal(mls_tree_n_leaves(tree), 4);
	mls_tree_remove(tree, 2);
	mls_tree_remove(tree, 3);
	assert_int_equal(mls_tree_n_leaves(tree), 1);
	mls_tree_remove(tree, 0);
	assert_int_equal(mls_tree_n_leaves(tree), 1);
	assert_int_equal(mls_tree_n_members(tree), 0);
	mls_tree_destroy(tree);
}

static void test_resolution(void **state)
{
	struct mls_tree *tree = tree_of(4);
	uint32_t nodes[MLS_NODES_MAX];
	struct mls_tree_step steps[MLS_DEPTH_MAX];
	struct mls_writer leaf;
	uint32_t at;

	(void)state;
	assert_int_equal(mls_tree_resolution(tree, 3, nodes), 4);
	set_parent(tree, 5);
	assert_int_equal(mls_tree_resolution(tree, 3, nodes), 3);
	assert_int_equal(nodes[2], 5);
	mls_writer_init(&leaf, MLS_MESSAGE_BYTES_MAX);
	write_leaf(&leaf, 9);
	mls_tree_remove(tree, 2);
	set_parent(tree, 5);
	assert_int_equal(mls_tree_add(tree, mls_writer_bytes(&leaf), &at), 0);
	assert_int_equal(at, 2);
	assert_true(mls_tree_is_unmerged(tree, 5, 2));
	assert_false(mls_tree_is_unmerged(tree, 5, 3));
	assert_int_equal(mls_tree_resolution(tree, 5, nodes), 2);
	assert_int_equal(nodes[0], 5);
	assert_int_equal(nodes[1], 4);
	/* A copath without members has no place on the filtered path. */
	mls_tree_remove(tree, 1);
	assert_int_equal(mls_tree_filtered_path(tree, 0, steps), 1);
	assert_int_equal(steps[0].node, 3);
	assert_int_equal(steps[0].copath, 5);
	mls_writer_finish(&leaf);
	mls_tree_destroy(tree);
}

/* A hash that is kept is the one that would be worked out. */
static void test_kept_hashes(void **state)
{
	struct mls_tree *tree = tree_of(6);
	uint8_t kept[MLS_HASH_BYTES], fresh[MLS_HASH_BYTES];
	struct mls_tree *again;
	struct mls_writer encoded;

	(void)state;
	mls_writer_init(&encoded, MLS_TREE_BYTES_MAX);
	for (uint32_t step = 0; step < 6; step++) {
		assert_int_equal(mls_tree_hash(tree, mls_node_root(mls_tree_n_leaves(tree)), kept),
				 0);
		if (step % 3 == 0)
			set_parent(tree, 1 + 4 * (step / 3));
		else if (step % 3 == 1)
			mls_tree_set_parent_hash(tree, 1, kept, sizeof(kept));
		else
			mls_tree_remove(tree, step);
		assert_int_equal(mls_tree_hash(tree, mls_node_root(mls_tree_n_leaves(tree)), kept),
				 0);
		mls_writer_finish(&encoded);
		mls_tree_write(&encoded, tree);
		assert_int_equal(mls_tree_read(mls_writer_bytes(&encoded), &again), 0);
		assert_int_equal(mls_tree_hash(again, mls_node_root(mls_tree_n_leaves(again)),
					       fresh),
				 0);
		assert_memory_equal(kept, fresh, sizeof(kept));
		mls_tree_destroy(again);
	}
	mls_writer_finish(&encoded);
	mls_tree_destroy(tree);
}

/* A clone changes alone. */
static void test_clone(void **state)
{
	struct mls_tree *tree = tree_of(3);
	struct mls_tree *clone = mls_tree_clone(tree);

	(void)state;
	mls_tree_remove(clone, 2);
	assert_int_equal(mls_tree_n_members(tree), 3);
	assert_int_equal(mls_tree_n_members(clone), 2);
	mls_tree_destroy(tree);
	assert_non_null(mls_tree_leaf(clone, 1));
	mls_tree_destroy(clone);
}

/* Nobody has vouched for these parents, and a key is there twice. */
static void test_check(void **state)
{
	struct mls_tree *tree = tree_of(4);
	struct mls_writer leaf;
	uint32_t at;

	(void)state;
	assert_int_equal(mls_tree_check(tree), 0);
	set_parent(tree, 3);
	assert_int_equal(mls_tree_check(tree), -MLS_ERROR_TREE);
	mls_tree_destroy(tree);

	tree = tree_of(2);
	mls_writer_init(&leaf, MLS_MESSAGE_BYTES_MAX);
	write_leaf(&leaf, 1);
	assert_int_equal(mls_tree_add(tree, mls_writer_bytes(&leaf), &at), 0);
	assert_int_equal(mls_tree_check(tree), -MLS_ERROR_TREE);
	mls_writer_finish(&leaf);
	mls_tree_destroy(tree);
}

static void test_unreadable(void **state)
{
	/* In each one thing is wrong; all of them are vectors of optional nodes. */
	static const uint8_t empty[] = {0};
	static const uint8_t blank[] = {1, 0};
	static const uint8_t parent_first[] = {2, 1, 2};
	static const uint8_t no_optional[] = {1, 2};
	const struct {
		struct mls_bytes bytes;
		int error;
	} rows[] = {
		{{empty, sizeof(empty)}, MLS_ERROR_TREE},
		{{blank, sizeof(blank)}, MLS_ERROR_TREE},
		{{parent_first, sizeof(parent_first)}, MLS_ERROR_TREE},
		{{no_optional, sizeof(no_optional)}, MLS_ERROR_VALUE},
		{{NULL, 0}, MLS_ERROR_TRUNCATED},
	};
	struct mls_tree *tree = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(mls_tree_read(rows[i].bytes, &tree), -rows[i].error);
	assert_null(tree);
}

/* One blank node too many, and unmerged leaves that are not under the node, or do not rise. */
static void test_limits(void **state)
{
	static const uint32_t unmerged[][2] = {{0, 0}, {1, 0}, {0, 5}, {0, 400}};
	static const uint8_t key[MLS_PUBLIC_KEY_BYTES];
	struct mls_tree *tree = NULL;
	struct mls_writer writer, leaf;
	size_t begin, inner;

	(void)state;
	mls_writer_init(&writer, MLS_TREE_BYTES_MAX);
	mls_writer_init(&leaf, MLS_MESSAGE_BYTES_MAX);
	begin = mls_writer_begin(&writer);
	for (size_t i = 0; i < MLS_NODES_MAX + 1; i++)
		mls_write_u8(&writer, 0);
	mls_writer_end(&writer, begin);
	assert_int_equal(mls_tree_read(mls_writer_bytes(&writer), &tree), -MLS_ERROR_LIMIT);
	write_leaf(&leaf, 0);
	for (size_t i = 0; i < sizeof(unmerged) / sizeof(unmerged[0]); i++) {
		mls_writer_finish(&writer);
		begin = mls_writer_begin(&writer);
		mls_write_u16(&writer, 0x0101);
		mls_write(&writer, leaf.data, leaf.length);
		mls_write_u16(&writer, 0x0102);
		mls_write_vector(&writer, key, sizeof(key));
		mls_write_length(&writer, 0);
		inner = mls_writer_begin(&writer);
		mls_write_u32(&writer, unmerged[i][0]);
		mls_write_u32(&writer, unmerged[i][1]);
		mls_writer_end(&writer, inner);
		mls_writer_end(&writer, begin);
		assert_int_equal(mls_tree_read(mls_writer_bytes(&writer), &tree), -MLS_ERROR_TREE);
	}
	mls_writer_finish(&writer);
	mls_writer_finish(&leaf);
	assert_null(tree);
}

static int set_up(void **state)
{
	(void)state;
	return mls_crypto_init();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_growth),      cmocka_unit_test(test_full),
		cmocka_unit_test(test_removal),     cmocka_unit_test(test_resolution),
		cmocka_unit_test(test_kept_hashes), cmocka_unit_test(test_clone),
		cmocka_unit_test(test_check),       cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
