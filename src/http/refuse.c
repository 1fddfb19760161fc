/* refuse.c - the refusals of this room as a table: status, stable code, sentences. */
#include "http/http_in.h"

/* clang-format off */
static const struct refusal_row rows[] = {
    [FINE]                   = {200, "fine", "", ""},
    [BAD_BARE_LF]            = {400, "bare_lf", "A line does not end with CR LF.", "行尾不是 CR LF。"},
    [BAD_REQUEST_LINE]       = {400, "request_line", "The request line is not METHOD TARGET VERSION.", "请求行格式不对。"},
    [BAD_METHOD]             = {400, "method", "The method is not a token.", "请求方法不合法。"},
    [BAD_TARGET]             = {400, "target", "The request target has a form or character that is not allowed.", "请求目标不合法。"},
    [BAD_PERCENT]            = {400, "percent_encoding", "A percent-encoding in the target is broken or not allowed.", "请求目标中的百分号编码不合法。"},
    [BAD_DOT_SEGMENT]        = {400, "dot_segment", "The path has a segment of dots.", "路径中不允许出现点段。"},
    [BAD_PATH_UTF8]          = {400, "path_utf8", "The path is not valid UTF-8.", "路径不是有效的 UTF-8。"},
    [BAD_VERSION]            = {505, "version", "Only HTTP/1.1 is spoken here.", "仅支持 HTTP/1.1。"},
    [BAD_HEADER_NAME]        = {400, "header_name", "A header name is not a token followed by a colon.", "请求头名称不合法。"},
    [BAD_HEADER_VALUE]       = {400, "header_value", "A header value has a control character or is not UTF-8.", "请求头的值不合法。"},
    [BAD_FOLD]               = {400, "obs_fold", "A header is folded over lines.", "请求头不允许折行。"},
    [BAD_HOST_MISSING]       = {400, "host_missing", "The Host header is missing.", "缺少 Host 请求头。"},
    [BAD_HOST_REPEATED]      = {400, "host_repeated", "There is more than one Host header.", "Host 请求头重复。"},
    [BAD_HOST]               = {400, "host", "The Host header is not a name or address with an optional port.", "Host 请求头不合法。"},
    [BAD_LENGTH]             = {400, "content_length", "Content-Length is repeated or not a number.", "Content-Length 重复或不是数字。"},
    [BAD_LENGTH_AND_CHUNKED] = {400, "length_and_encoding", "Content-Length and Transfer-Encoding come together.", "Content-Length 与 Transfer-Encoding 不能同时出现。"},
    [BAD_ENCODING]           = {501, "transfer_encoding", "The only transfer encoding taken is chunked, once.", "仅支持 chunked 传输编码。"},
    [BAD_EXPECT]             = {417, "expect", "The only expectation taken is 100-continue.", "仅支持 Expect: 100-continue。"},
    [BAD_CHUNK]              = {400, "chunk", "The chunked body is broken, or has extensions or trailers.", "分块请求体不合法。"},
    [TOO_LONG_TARGET]        = {414, "target_too_long", "The request target is longer than the limit.", "请求目标超过长度限制。"},
    [TOO_LONG_HEADER]        = {431, "header_too_long", "The request head is longer than the limit.", "请求头超过大小限制。"},
    [TOO_MANY_HEADERS]       = {431, "too_many_headers", "There are more header fields than the limit.", "请求头字段过多。"},
    [TOO_LARGE_BODY]         = {413, "body_too_large", "The body is larger than this address takes.", "请求体超过大小限制。"},
    [TOO_SLOW_HEADER]        = {408, "header_timeout", "The request head took too long.", "接收请求头超时。"},
    [TOO_SLOW_BODY]          = {408, "body_timeout", "The body came too slowly.", "接收请求体超时。"},
    [NO_MEMORY]              = {503, "memory", "Memory ran out for this request.", "本次请求内存不足。"},
    [BAD_ANSWER]             = {500, "answer", "The answer made for this request was not sound.", "应答不合规，已拦下。"},
};
/* clang-format on */
_Static_assert(LEN(rows) == REFUSAL_COUNT, "a row for every refusal");

const struct refusal_row *refusal_row(enum refusal r)
{
    must((size_t)r < LEN(rows));
    return &rows[r];
}
