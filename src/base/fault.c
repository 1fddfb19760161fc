/* Faults: the code travels as a return value, the story once, in ctx->why: what, where in a file,
 * and up to eight functions that handed it on. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/base.h"

static void note(struct ctx *ctx, enum err code, struct str file, uint32_t line, uint32_t column,
                 const char *format, va_list args)
{
    if (ctx == NULL) {
        return;
    }
    ctx->why = (struct why){.code = code, .file = file, .line = line, .column = column};
    char text[512];
    int n = vsnprintf(text, sizeof(text), format, args);
    if (n < 0 || ctx->arena == NULL) {
        return;
    }
    size_t size = (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1;
    char *copy = arena_push_bytes(ctx->arena, size + 1);
    memcpy(copy, text, size);
    copy[size] = 0;
    ctx->why.detail = (struct str){copy, size};
}

enum err fault(struct ctx *ctx, enum err code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    note(ctx, code, (struct str){0}, 0, 0, format, args);
    va_end(args);
    return code;
}

enum err fault_at(struct ctx *ctx, enum err code, struct str file, uint32_t line, uint32_t column,
                  const char *format, ...)
{
    va_list args;
    va_start(args, format);
    note(ctx, code, file, line, column, format, args);
    va_end(args);
    return code;
}

enum err fault_pass(struct ctx *ctx, enum err code, const char *function)
{
    if (ctx != NULL) {
        if (ctx->why.code != code) {
            ctx->why = (struct why){.code = code};
        }
        if (ctx->why.frame_count < LEN(ctx->why.frame)) {
            ctx->why.frame[ctx->why.frame_count++] = function;
        }
    }
    return code;
}

_Noreturn void bug(const char *cond, const char *file, int line)
{
    fprintf(stderr, "tongban: bug: %s at %s:%d\n", cond, file, line);
    abort();
}
