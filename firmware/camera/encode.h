/*
 * The H.264 codec layer: takes pictures, gives coded ones, and keeps doing so while encoders fail.
 *
 *     venc_submit ─► [1, newest wins] ─► thread of the encoder: ensure, submit, receive
 *                                                │ probe, match by pts, SPS/PPS
 *                                                └─► on_packet
 *
 * Encoders are used in the board's order. Each is probed by the first pictures it is given: within
 * the stall limit (500 ms) it has to give an IDR that decodes to a picture of the right size, with
 * no reordering; nothing of it goes out before. Every later IDR is decoded too, when it went out.
 *
 * The far side stands still for less than a second, however encoders fail, where pictures come at
 * least ten a second. One that stalls is followed by the last of the order, which is in software and
 * begins with the picture that was submitted last, at once: a watch does not wait for the next. One
 * that fails is made anew once, and if it fails again the next in the order takes over; but when half
 * of the stall limit (250 ms) has passed since the picture that is owed, it is the last of the order
 * too. So, whatever is tried in between, some 250 ms are left for software to begin: it takes 20 to
 * 80 ms at 1080p, its probe included. After the last one it begins again at the first, 2 s later. An
 * encoder that ran for a minute has its second chance back.
 *
 * The way back: while a later one of the order is in use, a better one is tried beside it at quiet
 * moments, with the same pictures and with nothing of it going out. A moment is quiet when nobody
 * wanted a key frame for 3 s: nobody joins, nobody has lost a picture. When it has given ten good
 * pictures it takes over with an IDR, so that the far side sees no gap. One that fails its trial is
 * left alone for 5 s, then 10 s, up to 5 minutes.
 *
 * What comes out: one access unit (Annex B) a packet, pts = dts = capture time of the picture, SPS
 * and PPS before every IDR, the SPS saying that nothing is reordered, AV_PKT_FLAG_KEY on IDRs alone.
 */
#ifndef BALAI_CAMERA_ENCODE_H
#define BALAI_CAMERA_ENCODE_H

#include <jansson.h>
#include <libavcodec/packet.h>
#include <libavutil/frame.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Wishes of a board; an encoder leaves alone what it has no control for. All zero: as it suits. */
struct venc_tuning {
	const char *device; /* which one, for encoders that have one; NULL: the first there is */
	bool variable_rate; /* may spend more on difficult pictures than the bit rate */
	bool high_profile;  /* high instead of constrained baseline */
	int qp_min;         /* 0..51, 0: no limit */
	int qp_max;
	int layers; /* of time, by hierarchical P pictures; 0 or 1: none */
};

struct venc_format {
	int width; /* even */
	int height;
	enum AVPixelFormat pixels; /* NV12 or YUV420P, limited range */
	enum AVColorSpace space;   /* for the stream to tell, AVCOL_SPC_UNSPECIFIED included */
	int64_t frame_us;          /* nominal time between pictures, for the rate control */
	int64_t keyframe_every_us; /* an IDR at least this often, also where none is forced */
	int threads;               /* encoders in software: how many threads at most */
	struct venc_tuning tuning;
};

/* The first member of every encoder. */
struct venc_encoder {
	const struct venc_ops *ops;
	char fault[128]; /* for people: why the last call failed; empty: its error says all */
};

/* How pictures get into an encoder. */
struct venc_path {
	char device[96];       /* for people: card and path, or the library */
	const char *memory;    /* "dmabuf", "mmap", "memory"; static */
	int copies;            /* of each picture, a conversion included */
	bool converts;         /* it takes none of the formats of the pictures it gets */
	uint64_t copied_bytes; /* since it was made */
	char why[128];         /* there are copies; empty where nothing is to be said */
};

/*
 * One kind of encoder. All members are required. All calls come from one thread, a thread of this
 * one encoder. They may block: a call that takes longer than the stall limit is given up together
 * with its thread, and whenever it comes back, destroy() follows in that thread. So an encoder
 * touches nothing that it shares with another one or with its creator.
 */
struct venc_ops {
	/* `context` is that of struct venc_kind. Returns 0 and hands over, or -errno. */
	int (*create)(const void *context, struct venc_encoder **ret_encoder);

	/*
	 * Makes it ready for pictures of that format, at that bit rate: at start, at each change of
	 * the format, and for a bit rate that set_bitrate() cannot do. What is still inside may get
	 * lost, or come out still. The next picture comes out as an IDR.
	 */
	int (*ensure)(struct venc_encoder *encoder, const struct venc_format *format,
		      int64_t bitrate_bps);

	/*
	 * Takes one picture, referencing what it keeps. Returns 0, -EAGAIN when it is full (the
	 * picture is then dropped and counted), or -errno: failed.
	 */
	int (*submit)(struct venc_encoder *encoder, const AVFrame *picture);

	/*
	 * Gives one coded picture into the blank `packet`. -EAGAIN: none ready. An encoder that
	 * works on its own is asked again every 2 ms while pictures are in it; it may wait some
	 * milliseconds for what it is about to give.
	 */
	int (*receive)(struct venc_encoder *encoder, AVPacket *packet);

	/* The next picture submitted comes out as an IDR, or one of the two after it. */
	int (*force_keyframe)(struct venc_encoder *encoder);

	/* From the next picture on. -ENOTSUP: not while it runs, so ensure() is called instead. */
	int (*set_bitrate)(struct venc_encoder *encoder, int64_t bitrate_bps);

	/* As of the picture submitted last; all zero before the first. */
	void (*describe)(struct venc_encoder *encoder, struct venc_path *ret_path);

	void (*destroy)(struct venc_encoder *encoder);
};

/* An encoder by its name in a board's order. */
struct venc_kind {
	const char *name;
	const struct venc_ops *ops;
	const void *context; /* for create(); outlives every encoder made of it */
};

/* Borrowed for the call; av_packet_clone() what is kept. In an encoder's thread; must not block. */
typedef void (*venc_packet_fn)(void *context, const AVPacket *packet);

struct venc_config {
	const char *const *order;      /* names of kinds, best first; the last in software */
	size_t n_order;                /* 1..8 */
	const struct venc_kind *kinds; /* what there is; outlives the layer */
	size_t n_kinds;
	int64_t bitrate_bps; /* 50,000..50,000,000 */
	int threads;         /* see struct venc_format; 0: as many as suit the machine */
	struct venc_tuning tuning;
	venc_packet_fn on_packet;
	void *context;

	/* Times; 0 takes the value in brackets. */
	int64_t stall_us;          /* [500 ms] */
	int64_t keyframe_every_us; /* see struct venc_format [10 s] */
	int64_t keyframe_gap_us;   /* forced key frames are at least this far apart [1 s] */
	int64_t rest_us;           /* after all encoders failed [2 s] */
	int64_t ran_well_us;       /* for its second chance back [60 s] */
	int64_t quiet_us;          /* without a wish for a key frame: a quiet moment [3 s] */
	int64_t trial_first_us;    /* from a failure to the first trial [5 s], doubled up to */
	int64_t trial_limit_us;    /* [5 min] */
};

struct venc;

/*
 * Returns 0 and hands over *ret_venc; -EINVAL for values out of range or a name in the order that
 * is not among the kinds; -ENOMEM.
 */
int venc_create(const struct venc_config *config, struct venc **ret_venc)
	__attribute__((warn_unused_result));

/*
 * Ends the encoder's thread; on_packet is not called after it. An encoder that hangs in a call is
 * left behind with its thread. NULL is allowed.
 */
void venc_destroy(struct venc *venc);

/*
 * References the picture, until the next at least, and returns at once; one that still waited is
 * dropped and counted. pts = capture time, strictly rising; duration = nominal µs between pictures.
 * The size may change from one to the next. One thread at a time.
 */
void venc_submit(struct venc *venc, const AVFrame *picture);

/* An IDR soon; requests are put together, see keyframe_gap_us. Any thread. */
void venc_force_keyframe(struct venc *venc);

/*
 * From the next picture on; clamped to the range above. An encoder that cannot do it while it
 * runs is left as it is for changes of less than a tenth. Any thread.
 */
void venc_set_bitrate(struct venc *venc, int64_t bitrate_bps);

/*
 * {"encoder", "state": "idle"|"probing"|"running"|"resting", "why" (this one is in use), "trial"
 *  (the encoder that is tried beside it, or null), "trial_failed" (why the last one ended, ""),
 *  "device", "memory", "copies", "converts", "copied_bytes", "copy_why" (see struct venc_path),
 *  "width", "height", "fps" (measured), "bitrate_bps" (wanted), "bitrate_measured_bps", "frames",
 *  "keyframes", "dropped", "queue" (pictures that wait or are in the encoder), "reopens",
 *  "left_behind" (hanging encoders), "wait": capture to encoder, "encode": encoder to coded picture,
 *  "interval": one coded picture to the next, across encoders (see stats_to_json()), "changes": the
 *  newest 8 of [{"t_us", "from", "to", "cause"}]}.
 * Any thread. Caller owns it; NULL without memory.
 */
json_t *venc_status(struct venc *venc);

#endif
