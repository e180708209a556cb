#include "camera/sps.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

enum {
	NAL_SPS = 7,
	TYPE_MASK = 0x1f,
	ADDED_BYTES = 12,
	CHROMA_444 = 3,
	SCALING_8X8_FROM = 6, /* lists below are 4x4 */
	SAR_EXTENDED = 255,   /* table E-1 */
	CPB_MAX = 32,         /* E.2.2: cpb_cnt_minus1 is at most 31 */
	REF_FRAMES_CYCLE_MAX = 255,
	REF_FRAMES_MAX = 16,
	MV_LENGTH = 15, /* E.2.1: what is meant where it is not said */
};

struct reader {
	const uint8_t *data;
	size_t n_bits;
	size_t at;
	bool failed; /* it ended too soon, or a number is impossible */
};

struct writer {
	uint8_t *data; /* zeroed */
	size_t at;     /* bits */
};

/* What the rewriting needs to know of one. */
struct found {
	size_t vui_flag; /* offsets in bits */
	size_t restriction_flag;
	size_t reorder_frames;
	uint32_t n_reorder_frames;
	uint32_t n_ref_frames;
	bool has_vui;
	bool has_restriction;
};

static uint32_t get_bit(struct reader *reader)
{
	size_t at = reader->at++;

	if (at >= reader->n_bits) {
		reader->failed = true;
		return 0;
	}
	return reader->data[at / 8] >> (7 - at % 8) & 1;
}

static uint32_t get_bits(struct reader *reader, int n)
{
	uint32_t value = 0;

	while (n-- > 0)
		value = value << 1 | get_bit(reader);
	return value;
}

/* ue(v), 9.1; what takes more than 32 bits fails */
static uint32_t get_ue(struct reader *reader)
{
	int zeros = 0;

	while (get_bit(reader) == 0 && !reader->failed)
		zeros++;
	if (zeros > 31)
		reader->failed = true;
	if (reader->failed)
		return 0;
	return (1U << zeros) - 1 + get_bits(reader, zeros);
}

/* se(v), 9.1.1 */
static int64_t get_se(struct reader *reader)
{
	int64_t k = get_ue(reader);

	return k % 2 ? (k + 1) / 2 : -(k / 2);
}

static void put_bit(struct writer *writer, uint32_t bit)
{
	writer->data[writer->at / 8] |= (uint8_t)(bit << (7 - writer->at % 8));
	writer->at++;
}

static void put_bits(struct writer *writer, uint32_t value, int n)
{
	while (n-- > 0)
		put_bit(writer, value >> n & 1);
}

/* value < 2^16 - 1 */
static void put_ue(struct writer *writer, uint32_t value)
{
	int length = 0;

	while ((value + 1) >> (length + 1))
		length++;
	put_bits(writer, 0, length);
	put_bits(writer, value + 1, length + 1);
}

static bool has_chroma_format(uint32_t profile)
{
	static const uint8_t profiles[] = {100, 110, 122, 244, 44,  83, 86,
					   118, 128, 138, 139, 134, 135};

	return memchr(profiles, (int)profile, sizeof(profiles)) != NULL;
}

/* 7.3.2.1.1.1 */
static void skip_scaling_list(struct reader *reader, int size)
{
	int64_t last = 8, next = 8;

	for (int i = 0; i < size; i++) {
		if (next != 0)
			next = (last + get_se(reader) + 256) % 256;
		if (next != 0)
			last = next;
	}
}

static void skip_chroma_format(struct reader *reader)
{
	uint32_t format = get_ue(reader);

	if (format == CHROMA_444)
		get_bit(reader);
	get_ue(reader); /* bit depths */
	get_ue(reader);
	get_bit(reader);
	if (!get_bit(reader))
		return;
	for (int i = 0; i < (format == CHROMA_444 ? 12 : 8); i++) {
		if (get_bit(reader))
			skip_scaling_list(reader, i < SCALING_8X8_FROM ? 16 : 64);
	}
}

static void skip_order_count(struct reader *reader)
{
	uint32_t type = get_ue(reader), cycle;

	if (type == 0)
		get_ue(reader);
	if (type != 1)
		return;
	get_bit(reader);
	get_se(reader);
	get_se(reader);
	cycle = get_ue(reader);
	if (cycle > REF_FRAMES_CYCLE_MAX)
		reader->failed = true;
	for (uint32_t i = 0; i < cycle && !reader->failed; i++)
		get_se(reader);
}

/* 7.3.2.1.1, up to vui_parameters_present_flag; returns max_num_ref_frames. */
static uint32_t skip_to_vui(struct reader *reader)
{
	uint32_t profile = get_bits(reader, 8), n_ref_frames;

	get_bits(reader, 16); /* constraints, level */
	get_ue(reader);
	if (has_chroma_format(profile))
		skip_chroma_format(reader);
	get_ue(reader); /* log2_max_frame_num_minus4 */
	skip_order_count(reader);
	n_ref_frames = get_ue(reader);
	get_bit(reader);
	get_ue(reader); /* width and height in macroblocks */
	get_ue(reader);
	if (!get_bit(reader)) /* frame_mbs_only_flag */
		get_bit(reader);
	get_bit(reader);
	if (get_bit(reader)) { /* frame_cropping_flag */
		for (int i = 0; i < 4; i++)
			get_ue(reader);
	}
	return n_ref_frames;
}

/* E.1.2 */
static void skip_hrd(struct reader *reader)
{
	uint32_t count = get_ue(reader) + 1;

	get_bits(reader, 8);
	if (count > CPB_MAX)
		reader->failed = true;
	for (uint32_t i = 0; i < count && !reader->failed; i++) {
		get_ue(reader);
		get_ue(reader);
		get_bit(reader);
	}
	get_bits(reader, 20);
}

/* E.1.1, up to bitstream_restriction_flag */
static void skip_to_restriction(struct reader *reader)
{
	uint32_t nal_hrd, vcl_hrd;

	if (get_bit(reader) && get_bits(reader, 8) == SAR_EXTENDED)
		get_bits(reader, 32);
	if (get_bit(reader)) /* overscan_info_present_flag */
		get_bit(reader);
	if (get_bit(reader)) { /* video_signal_type_present_flag */
		get_bits(reader, 4);
		if (get_bit(reader))
			get_bits(reader, 24);
	}
	if (get_bit(reader)) { /* chroma_loc_info_present_flag */
		get_ue(reader);
		get_ue(reader);
	}
	if (get_bit(reader)) { /* timing_info_present_flag */
		get_bits(reader, 32);
		get_bits(reader, 32);
		get_bit(reader);
	}
	nal_hrd = get_bit(reader);
	if (nal_hrd)
		skip_hrd(reader);
	vcl_hrd = get_bit(reader);
	if (vcl_hrd)
		skip_hrd(reader);
	if (nal_hrd || vcl_hrd)
		get_bit(reader);
	get_bit(reader); /* pic_struct_present_flag */
}

static int find(struct reader *reader, struct found *found)
{
	found->n_ref_frames = skip_to_vui(reader);
	found->vui_flag = reader->at;
	found->has_vui = get_bit(reader);
	if (found->has_vui) {
		skip_to_restriction(reader);
		found->restriction_flag = reader->at;
		found->has_restriction = get_bit(reader);
	}
	if (found->has_restriction) {
		get_bit(reader);
		for (int i = 0; i < 4; i++)
			get_ue(reader);
		found->reorder_frames = reader->at;
		found->n_reorder_frames = get_ue(reader);
	}
	return reader->failed || found->n_ref_frames > REF_FRAMES_MAX ? -EBADMSG : 0;
}

static void copy_bits(struct writer *writer, const uint8_t *data, size_t n_bits)
{
	struct reader reader = {.data = data, .n_bits = n_bits};

	while (reader.at < n_bits)
		put_bit(writer, get_bit(&reader));
}

/* Says all from where the parameter set stops saying it. Returns bytes. */
static size_t rewrite(const uint8_t *rbsp, const struct found *found, uint8_t *ret_rbsp)
{
	struct writer writer = {.data = ret_rbsp};

	if (found->has_restriction) {
		copy_bits(&writer, rbsp, found->reorder_frames);
	} else {
		copy_bits(&writer, rbsp,
			  found->has_vui ? found->restriction_flag : found->vui_flag);
		if (!found->has_vui)
			put_bits(&writer, 1U << 8, 9); /* a VUI that says nothing before */
		put_bits(&writer, 3, 2); /* the flag, and vectors over the picture's edge */
		put_ue(&writer, 0);      /* no limit of bytes or bits */
		put_ue(&writer, 0);
		put_ue(&writer, MV_LENGTH);
		put_ue(&writer, MV_LENGTH);
	}
	put_ue(&writer, 0);
	put_ue(&writer, found->n_ref_frames);
	put_bit(&writer, 1); /* rbsp_stop_one_bit */
	return (writer.at + 7) / 8;
}

/* 7.4.1: takes the emulation prevention bytes out. */
static size_t unescape(const uint8_t *data, size_t size, uint8_t *ret_data)
{
	size_t length = 0, zeros = 0;

	for (size_t i = 0; i < size; i++) {
		if (zeros >= 2 && data[i] == 3) {
			zeros = 0;
			continue;
		}
		zeros = data[i] == 0 ? zeros + 1 : 0;
		ret_data[length++] = data[i];
	}
	return length;
}

static size_t escape(const uint8_t *data, size_t size, uint8_t *ret_data)
{
	size_t length = 0, zeros = 0;

	for (size_t i = 0; i < size; i++) {
		if (zeros >= 2 && data[i] <= 3) {
			ret_data[length++] = 3;
			zeros = 0;
		}
		zeros = data[i] == 0 ? zeros + 1 : 0;
		ret_data[length++] = data[i];
	}
	return length;
}

int sps_forbid_reordering(const uint8_t *unit, size_t size, uint8_t *ret_unit, size_t *ret_size)
{
	uint8_t rbsp[SPS_BYTES_MAX], rewritten[SPS_BYTES_MAX + ADDED_BYTES] = {0};
	struct reader reader = {.data = rbsp};
	struct found found = {0};
	int r;

	if (size < 2 || size > SPS_BYTES_MAX || (unit[0] & TYPE_MASK) != NAL_SPS)
		return -EBADMSG;
	reader.n_bits = 8 * unescape(unit + 1, size - 1, rbsp);
	r = find(&reader, &found);
	if (r < 0)
		return r;
	if (found.has_restriction && found.n_reorder_frames == 0)
		return -EALREADY;
	ret_unit[0] = unit[0];
	*ret_size = 1 + escape(rewritten, rewrite(rbsp, &found, rewritten), ret_unit + 1);
	return 0;
}
