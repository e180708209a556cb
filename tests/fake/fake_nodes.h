/*
 * A folder that lists video devices, as /sys/class/video4linux does: one empty file a name.
 */
#ifndef BALAI_TESTS_FAKE_NODES_H
#define BALAI_TESTS_FAKE_NODES_H

/* Makes an empty one in /tmp. Returns its path, to be given to fake_nodes_destroy(). */
char *fake_nodes_create(void);

/* Lists one more. */
void fake_nodes_add(const char *folder, const char *name);

/* Removes it with all that it lists, and frees the path. NULL is allowed. */
void fake_nodes_destroy(char *folder);

#endif
