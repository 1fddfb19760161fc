/* qr.h - a text as a QR code, to be drawn in a page. */
#pragma once

#include "base/base.h"

/* For an svg: box is its viewBox, path the dark modules, on `a`. Both are empty when the text is
 * too long for a code or there is no memory; whoever shows it shows the text as well. */
struct qr_drawing {
    struct str box;
    struct str path;
};
struct qr_drawing qr_draw(struct arena *a, struct str text);
