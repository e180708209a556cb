/*
 * What is on the screen and how it is drawn: tiles, the own picture, the meeting's name, a notice.
 *
 *     background ◄ tiles ◄ own picture ◄ meeting's name, code, "+N", notice      (back to front)
 *
 * Every part remembers the drawing that first showed its newest state, so that a buffer of a known
 * age gets only what it lacks. The compositor's thread alone uses it.
 */
#ifndef BALAI_SCREEN_SCENE_H
#define BALAI_SCREEN_SCENE_H

#include "screen/compose.h"
#include "screen/layout.h"

/* All tiles and the own picture. */
#define SCENE_DAMAGE_MAX (LAYOUT_TILES_MAX + 1)

struct scene;

/* Returns 0 and hands over *ret_scene, or -ENOMEM. */
int scene_create(enum words_language language, struct scene **ret_scene)
	__attribute__((warn_unused_result));

/* NULL is allowed. */
void scene_destroy(struct scene *scene);

/* A screen was opened: all is laid out for it and drawn anew. */
void scene_resize(struct scene *scene, int width, int height);

/* See compose_set_members(); n counts all, `members` is read as far as there are tiles. */
void scene_set_members(struct scene *scene, const struct compose_member *members, size_t n);

/* See compose_show(). Returns false, freeing the picture, when the member has no tile. */
bool scene_show(struct scene *scene, uint32_t member, AVFrame *take);

/* See compose_show_own(). */
void scene_show_own(struct scene *scene, AVFrame *take);

/* Copied; see compose_set_notice(), compose_set_meeting() and compose_set_secrecy(). */
void scene_set_notice(struct scene *scene, enum compose_notice kind, const char *text);
void scene_set_meeting(struct scene *scene, const char *name);
void scene_set_secrecy(struct scene *scene, enum compose_secrecy secrecy, const char *code);

/*
 * Draws into `target`, of the size of scene_resize() and of `age` (see struct screen_ops), what it
 * lacks. `damage` has room for SCENE_DAMAGE_MAX. Returns how many were filled: where it differs
 * from the drawing before.
 */
size_t scene_draw(struct scene *scene, AVFrame *target, int age, struct screen_rect *damage);

#endif
