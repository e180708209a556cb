/* RFC 9605, appendix C. */
#include "tests/vectors/vectors.h"

const struct vector_format vector_formats_sframe[] = {
	{0},
};
