/* A text as a QR code (ISO/IEC 18004), drawn as one path of an SVG: no file, no script, and no
 * other site sees what is in it, which may be a secret. */
#include <qrencode.h>

#include "base/buf.h"
#include "base/str.h"
#include "web/qr.h"

enum { QUIET = 4 }; /* the light margin the standard wants, in modules */

struct qr_drawing qr_draw(struct arena *a, struct str text)
{
    struct qr_drawing out = {0};
    struct buf b = buf_new(a, 0);
    QRcode *code = QRcode_encodeString8bit(str_z(a, text), 0, QR_ECLEVEL_M);
    if (code == NULL) {
        return out; /* too long, or no memory: the text itself is shown as well */
    }
    for (int y = 0; y < code->width; y++) {
        for (int x = 0; x < code->width;) {
            int run = 0;
            while (x + run < code->width && (code->data[y * code->width + x + run] & 1) != 0) {
                run++;
            }
            if (run > 0) {
                buf_format(&b, "M%d %dh%dv1h-%dz", x + QUIET, y + QUIET, run, run);
            }
            x += run + 1;
        }
    }
    int side = code->width + 2 * QUIET;
    QRcode_free(code);
    out.path = buf_str(&b);
    out.box = str_format(a, "0 0 %d %d", side, side);
    return out;
}
