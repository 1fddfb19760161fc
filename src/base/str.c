/* Strings by pointer and length, never changed in place. Text is UTF-8; what is done by bytes
 * (finding, cutting at ASCII) is safe on it, and what must know characters says so. */
#include "base/str.h"
#include "base/utf8.h"
#include "base/token.h"
#include "base/encode.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/arena.h"

bool str_equal(struct str a, struct str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

int str_compare(struct str a, struct str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int c = n == 0 ? 0 : memcmp(a.p, b.p, n);
    return c != 0 ? c : (a.n > b.n) - (a.n < b.n);
}

bool str_starts(struct str s, struct str prefix)
{
    return s.n >= prefix.n && str_equal((struct str){s.p, prefix.n}, prefix);
}

bool str_ends(struct str s, struct str suffix)
{
    return s.n >= suffix.n && str_equal(str_slice(s, s.n - suffix.n, s.n), suffix);
}

size_t str_find(struct str s, struct str needle)
{
    if (needle.n == 0) {
        return 0;
    }
    if (s.n < needle.n) {
        return SIZE_MAX;
    }
    const char *hit = memmem(s.p, s.n, needle.p, needle.n);
    return hit == NULL ? SIZE_MAX : (size_t)(hit - s.p);
}

size_t str_find_byte(struct str s, char c)
{
    const char *hit = s.n == 0 ? NULL : memchr(s.p, c, s.n);
    return hit == NULL ? SIZE_MAX : (size_t)(hit - s.p);
}

struct str str_slice(struct str s, size_t from, size_t to)
{
    if (to > s.n) {
        to = s.n;
    }
    if (from >= to) {
        return (struct str){s.p, 0};
    }
    return (struct str){s.p + from, to - from};
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

struct str str_trim(struct str s)
{
    while (s.n > 0 && is_blank(s.p[0])) {
        s.p++;
        s.n--;
    }
    while (s.n > 0 && is_blank(s.p[s.n - 1])) {
        s.n--;
    }
    return s;
}

struct str str_cut(struct str s, char separator, struct str *ret_rest)
{
    size_t at = str_find_byte(s, separator);
    if (at == SIZE_MAX) {
        *ret_rest = (struct str){0};
        return s;
    }
    *ret_rest = str_slice(s, at + 1, s.n);
    return str_slice(s, 0, at);
}

struct str str_from(const char *z)
{
    return (struct str){z, z == NULL ? 0 : strlen(z)};
}

struct str str_copy(struct arena *a, struct str s)
{
    return (struct str){str_z(a, s), s.n};
}

char *str_z(struct arena *a, struct str s)
{
    char *p = arena_push_bytes(a, s.n + 1);
    if (s.n > 0) {
        memcpy(p, s.p, s.n);
    }
    p[s.n] = 0;
    return p;
}

struct str str_format(struct arena *a, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    must(n >= 0);
    char *p = arena_push_bytes(a, (size_t)n + 1);
    vsnprintf(p, (size_t)n + 1, format, again);
    va_end(again);
    return (struct str){p, (size_t)n};
}

struct str str_join(struct arena *a, const struct str *parts, size_t count, struct str between)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        n += parts[i].n + (i > 0 ? between.n : 0);
    }
    char *out = arena_push_bytes(a, n + 1);
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && between.n > 0) {
            memcpy(out + at, between.p, between.n);
            at += between.n;
        }
        if (parts[i].n > 0) {
            memcpy(out + at, parts[i].p, parts[i].n);
            at += parts[i].n;
        }
    }
    out[n] = 0;
    return (struct str){out, n};
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

struct str str_lower_ascii(struct arena *a, struct str s)
{
    char *p = str_z(a, s);
    for (size_t i = 0; i < s.n; i++) {
        p[i] = lower(p[i]);
    }
    return (struct str){p, s.n};
}

bool str_equal_nocase(struct str a, struct str b)
{
    if (a.n != b.n) {
        return false;
    }
    for (size_t i = 0; i < a.n; i++) {
        if (lower(a.p[i]) != lower(b.p[i])) {
            return false;
        }
    }
    return true;
}

uint64_t str_hash(struct str s)
{
    uint64_t h = 1469598103934665603u;
    for (size_t i = 0; i < s.n; i++) {
        h = (h ^ (unsigned char)s.p[i]) * 1099511628211u;
    }
    return h ^ (h >> 29);
}

bool str_to_u64(struct str s, uint64_t *ret)
{
    if (s.n == 0 || s.n > 20) {
        return false;
    }
    uint64_t v = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9' || __builtin_mul_overflow(v, 10u, &v) ||
            __builtin_add_overflow(v, (uint64_t)(s.p[i] - '0'), &v)) {
            return false;
        }
    }
    *ret = v;
    return true;
}

bool str_to_i64(struct str s, int64_t *ret)
{
    bool minus = s.n > 0 && s.p[0] == '-';
    uint64_t v = 0;
    if (!str_to_u64(str_slice(s, minus, s.n), &v) || v > (uint64_t)INT64_MAX + minus) {
        return false;
    }
    *ret = minus ? (int64_t)(0 - v) : (int64_t)v;
    return true;
}

int32_t utf8_next(struct str s, size_t *at)
{
    size_t i = *at;
    if (i >= s.n) {
        return -1;
    }
    const unsigned char *p = (const unsigned char *)s.p + i;
    size_t left = s.n - i;
    if (p[0] < 0x80) {
        *at = i + 1;
        return p[0];
    }
    size_t n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || left < n) {
        return -1;
    }
    int32_t code = p[0] & (0xff >> (n + 1));
    for (size_t k = 1; k < n; k++) {
        if ((p[k] & 0xc0) != 0x80) {
            return -1;
        }
        code = code << 6 | (p[k] & 0x3f);
    }
    bool overlong = (n == 3 && code < 0x800) || (n == 4 && code < 0x10000);
    if (overlong || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
        return -1;
    }
    *at = i + n;
    return code;
}

bool utf8_is_valid(struct str s)
{
    size_t at = 0;
    while (at < s.n) {
        if ((unsigned char)s.p[at] < 0x80) {
            at++;
        } else if (utf8_next(s, &at) < 0) {
            return false;
        }
    }
    return true;
}

size_t utf8_count(struct str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
    }
    return n;
}

size_t utf8_put(char out[4], int32_t code)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    size_t n = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const unsigned char lead[5] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = n - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (code & 0x3f));
        code >>= 6;
    }
    out[0] = (char)(lead[n] | code);
    return n;
}

struct str hex_encode(struct arena *a, const void *bytes, size_t n)
{
    static const char digit[] = "0123456789abcdef";
    const unsigned char *p = bytes;
    char *out = arena_push_bytes(a, n * 2 + 1);
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digit[p[i] >> 4];
        out[2 * i + 1] = digit[p[i] & 15];
    }
    out[n * 2] = 0;
    return (struct str){out, n * 2};
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool hex_decode(struct str s, void *ret_bytes, size_t n)
{
    unsigned char *out = ret_bytes;
    if (s.n != n * 2) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        int high = hex_digit(s.p[2 * i]);
        int low = hex_digit(s.p[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        out[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

static const char base64_std[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base64_url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static struct str encode64(struct arena *a, const void *bytes, size_t n, const char *alphabet,
                           bool pad)
{
    const unsigned char *p = bytes;
    char *out = arena_push_bytes(a, (n + 2) / 3 * 4 + 1);
    size_t at = 0;
    for (size_t i = 0; i < n; i += 3) {
        size_t left = n - i;
        uint32_t v = (uint32_t)p[i] << 16 | (left > 1 ? (uint32_t)p[i + 1] << 8 : 0) |
                     (left > 2 ? p[i + 2] : 0);
        out[at++] = alphabet[v >> 18];
        out[at++] = alphabet[v >> 12 & 63];
        if (left > 1 || pad) {
            out[at++] = left > 1 ? alphabet[v >> 6 & 63] : '=';
        }
        if (left > 2 || pad) {
            out[at++] = left > 2 ? alphabet[v & 63] : '=';
        }
    }
    out[at] = 0;
    return (struct str){out, at};
}

static int value64(char c, const char *alphabet)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == alphabet[62] ? 62 : c == alphabet[63] ? 63 : -1;
}

/* s without padding */
static bool decode64(struct arena *a, struct str s, const char *alphabet, struct str *ret)
{
    if (s.n % 4 == 1) {
        return false;
    }
    char *out = arena_push_bytes(a, s.n / 4 * 3 + 4);
    size_t at = 0;
    uint32_t v = 0;
    unsigned bits = 0;
    for (size_t i = 0; i < s.n; i++) {
        int d = value64(s.p[i], alphabet);
        if (d < 0) {
            return false;
        }
        v = (v << 6 | (uint32_t)d) & 0xffffff;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            out[at++] = (char)(v >> bits & 0xff);
        }
    }
    if ((v & ((1u << bits) - 1)) != 0) {
        return false;
    }
    out[at] = 0;
    *ret = (struct str){out, at};
    return true;
}

struct str base64_encode(struct arena *a, const void *bytes, size_t n)
{
    return encode64(a, bytes, n, base64_std, true);
}

bool base64_decode(struct arena *a, struct str s, struct str *ret)
{
    if (s.n % 4 != 0) {
        return false;
    }
    for (int i = 0; i < 2 && s.n > 0 && s.p[s.n - 1] == '='; i++) {
        s.n--;
    }
    return decode64(a, s, base64_std, ret);
}

struct str base64url_encode(struct arena *a, const void *bytes, size_t n)
{
    return encode64(a, bytes, n, base64_url, false);
}

bool base64url_decode(struct arena *a, struct str s, struct str *ret)
{
    return decode64(a, s, base64_url, ret);
}

bool str_in(struct str s, const struct str *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (str_equal(s, list[i])) {
            return true;
        }
    }
    return false;
}
