/* sniff.c - what a file is, by its first bytes.
 *
 * A table of a page, and on purpose no more. libmagic knows thousands of types by running a small
 * language over bytes that strangers chose; of all these an office takes a handful, and to every
 * other one the answer is the same: not taken. So what is told apart here is what law packs name as
 * types of material, and beside it what people send in its place by mistake or by design, so that
 * the refusal can say what it is.
 *
 * Text has no signature: what holds no control characters and is UTF-8 is text, and JSON when it
 * begins like it. A container (ZIP) is named by its first member where the standard fixes that one
 * (OFD, GB/T 33190: OFD.xml); what merely might be a document in it stays a ZIP.
 */
#include "base/str.h"
#include "base/utf8.h"
#include "base/token.h"
#include "vault/file.h"

#define OTHER "application/octet-stream"

static const struct {
    struct str type;
    struct str magic;
    size_t at;
} signatures[] = {
    {STR_INIT("application/pdf"), STR_INIT("%PDF-"), 0},
    {STR_INIT("image/jpeg"), STR_INIT("\xff\xd8\xff"), 0},
    {STR_INIT("image/png"), STR_INIT("\x89PNG\r\n\x1a\n"), 0},
    {STR_INIT("image/gif"), STR_INIT("GIF87a"), 0},
    {STR_INIT("image/gif"), STR_INIT("GIF89a"), 0},
    {STR_INIT("image/webp"), STR_INIT("WEBPVP8"), 8},
    {STR_INIT("image/tiff"), STR_INIT("II*\0"), 0},
    {STR_INIT("image/tiff"), STR_INIT("MM\0*"), 0},
    {STR_INIT("application/ofd"), STR_INIT("OFD.xml"), 30},
    {STR_INIT("application/zip"), STR_INIT("PK\3\4"), 0},
    {STR_INIT("application/gzip"), STR_INIT("\x1f\x8b"), 0},
    {STR_INIT("video/mp4"), STR_INIT("ftyp"), 4},
    {STR_INIT("application/msword"), STR_INIT("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), 0},
    {STR_INIT("application/x-msdownload"), STR_INIT("MZ"), 0},
    {STR_INIT("application/x-executable"),
     STR_INIT("\x7f"
              "ELF"),
     0},
    {STR_INIT("text/html"), STR_INIT("<!doctype html"), 0},
    {STR_INIT("text/html"), STR_INIT("<!DOCTYPE html"), 0},
    {STR_INIT("text/html"), STR_INIT("<html"), 0},
};

/* How files of a type are named, and what else they are called. */
static const struct {
    struct str type;
    const char *ends[4];
    const char *called[3];
} names[] = {
    {STR_INIT("application/pdf"), {"pdf"}, {"application/x-pdf"}},
    {STR_INIT("image/jpeg"), {"jpg", "jpeg", "jpe"}, {"image/jpg", "image/pjpeg"}},
    {STR_INIT("image/png"), {"png"}, {"image/x-png"}},
    {STR_INIT("image/gif"), {"gif"}, {NULL}},
    {STR_INIT("image/webp"), {"webp"}, {NULL}},
    {STR_INIT("image/tiff"), {"tif", "tiff"}, {NULL}},
    {STR_INIT("application/ofd"), {"ofd"}, {"application/vnd.ofd"}},
    {STR_INIT("application/zip"), {"zip"}, {"application/x-zip-compressed"}},
    {STR_INIT("application/gzip"), {"gz"}, {"application/x-gzip"}},
    {STR_INIT("video/mp4"), {"mp4"}, {NULL}},
    {STR_INIT("application/msword"), {"doc"}, {NULL}},
    {STR_INIT("application/x-msdownload"), {"exe", "dll"}, {NULL}},
    {STR_INIT("text/html"), {"html", "htm"}, {NULL}},
    {STR_INIT("application/json"), {"json"}, {"text/json"}},
    {STR_INIT("text/plain"), {"txt"}, {NULL}},
};

/* UTF-8 without control characters; the last character may be cut. */
static bool is_text(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f') || c == 0x7f) {
            return false;
        }
    }
    for (size_t cut = 0; cut < 4 && cut <= s.n; cut++) {
        if (utf8_is_valid(str_slice(s, 0, s.n - cut))) {
            return s.n > 0;
        }
    }
    return false;
}

struct str file_type_of(struct str first)
{
    first = str_slice(first, 0, 512);
    for (size_t i = 0; i < LEN(signatures); i++) {
        size_t at = signatures[i].at;
        if (str_starts(str_slice(first, at, first.n), signatures[i].magic) && at < first.n) {
            return signatures[i].type;
        }
    }
    if (!is_text(first)) {
        return STR(OTHER);
    }
    struct str text = str_starts(first, STR("\xef\xbb\xbf")) ? str_slice(first, 3, first.n) : first;
    text = str_trim(text);
    bool is_json = text.n > 0 && (text.p[0] == '{' || text.p[0] == '[');
    return is_json ? STR("application/json") : STR("text/plain");
}

struct str file_type_by_name(struct str name)
{
    size_t dot = name.n;
    while (dot > 0 && name.p[dot - 1] != '.') {
        dot--;
    }
    for (size_t i = 0; dot > 0 && i < LEN(names); i++) {
        for (size_t k = 0; k < LEN(names[i].ends) && names[i].ends[k] != NULL; k++) {
            if (str_equal_nocase(str_slice(name, dot, name.n), str_from(names[i].ends[k]))) {
                return names[i].type;
            }
        }
    }
    return STR("");
}

/* A type that is unknown here, or none at all, says nothing that could be wrong. */
bool file_is_called(struct str type, struct str called)
{
    struct str parameters = {0};
    called = str_trim(str_cut(called, ';', &parameters));
    bool is_known = false;
    for (size_t i = 0; i < LEN(names); i++) {
        bool fits = str_equal_nocase(called, names[i].type);
        for (size_t k = 0; k < LEN(names[i].called) && names[i].called[k] != NULL; k++) {
            fits = fits || str_equal_nocase(called, str_from(names[i].called[k]));
        }
        if (fits && str_equal(names[i].type, type)) {
            return true;
        }
        is_known = is_known || fits;
    }
    return !is_known;
}
