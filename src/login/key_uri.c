/* The key URI by which authenticator applications take the key of one-time codes, mostly out of a
 * QR code: no standard, but the form they all read. */
#include "base/buf.h"
#include "login/login_in.h"

struct str otpauth_uri(struct arena *a, struct str issuer, struct str account, struct str key)
{
    struct buf b = buf_new(a, 0);
    struct render r = {.out = &b};
    buf_puts(&b, "otpauth://totp/");
    render_segment(&r, issuer);
    buf_puts(&b, ":");
    render_segment(&r, account);
    buf_format(&b, "?secret=%.*s&issuer=", FMT(key));
    render_segment(&r, issuer);
    buf_format(&b, "&algorithm=SHA1&digits=%d&period=%d", TOTP_DIGITS, TOTP_STEP_S);
    return buf_str(&b);
}
