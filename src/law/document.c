/* Documents that acts draw up: HTML with holes, all values escaped. */
#include "base/token.h"
#include "law/law_in.h"

struct holes {
    struct ctx *ctx;
    const struct law *law;
    bool english;
    struct buf *out;
    const struct json *scopes[8]; /* innermost last */
    size_t depth;
};

static void put_escaped(struct buf *b, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        switch (s.p[i]) {
        case '&': buf_puts(b, "&amp;"); break;
        case '<': buf_puts(b, "&lt;"); break;
        case '>': buf_puts(b, "&gt;"); break;
        case '"': buf_puts(b, "&quot;"); break;
        case '\'': buf_puts(b, "&#39;"); break;
        default: buf_byte(b, s.p[i]);
        }
    }
}

/* "item.title": whole as a member, else member by member; innermost scope first. */
static const struct json *look_up(const struct holes *h, struct str name)
{
    for (size_t i = h->depth; i > 0; i--) {
        const struct json *v = json_get_str(h->scopes[i - 1], name);
        struct str rest = name;
        for (const struct json *at = h->scopes[i - 1]; v == NULL && at != NULL && rest.n > 0;) {
            const struct json *whole = json_get_str(at, rest);
            if (whole != NULL) {
                return whole;
            }
            at = json_get_str(at, str_cut(rest, '.', &rest));
            v = rest.n == 0 ? at : NULL;
        }
        if (v != NULL) {
            return v;
        }
    }
    return NULL;
}

static bool is_there(const struct json *v)
{
    if (v == NULL || v->kind == JSON_NULL || (v->kind == JSON_BOOL && !v->bool_value)) {
        return false;
    }
    return v->kind == JSON_STRING ? v->text.n > 0 : v->kind != JSON_ARRAY || v->count > 0;
}

/* The fact a hole names; NULL when it names something else. */
static const struct fact *fact_of(const struct law *law, struct str hole)
{
    static const char *const of_facts[] = {"fields.", "facts.", "party."};
    for (size_t i = 0; i < LEN(of_facts); i++) {
        struct str start = str_from(of_facts[i]);
        if (str_starts(hole, start)) {
            return law_fact(law, str_slice(hole, start.n, hole.n));
        }
    }
    return NULL;
}

static void put_value(struct holes *h, struct str hole, const struct json *v)
{
    if (v != NULL && v->kind != JSON_NULL) {
        put_escaped(h->out, law_value_text(h->ctx->arena, fact_of(h->law, hole), v, h->english));
    }
}

/* Where the section opened with `kind` and `name` ends: *ret_inside is what stands in it. */
static bool find_end(struct str text, struct str name, struct str *ret_inside, struct str *ret_rest)
{
    size_t depth = 1;
    size_t at = 0;
    while (at < text.n) {
        size_t open = str_find(str_slice(text, at, text.n), STR("{{"));
        if (open == SIZE_MAX) {
            return false;
        }
        open += at;
        size_t close = str_find(str_slice(text, open, text.n), STR("}}"));
        if (close == SIZE_MAX) {
            return false;
        }
        struct str hole = str_slice(text, open + 2, open + close);
        at = open + close + 2;
        bool opens = hole.n > 1 && strchr("#?!", hole.p[0]) != NULL &&
                     str_equal(str_slice(hole, 1, hole.n), name);
        bool closes = hole.n > 1 && hole.p[0] == '/' && str_equal(str_slice(hole, 1, hole.n), name);
        depth = opens ? depth + 1 : closes ? depth - 1 : depth;
        if (depth == 0) {
            *ret_inside = str_slice(text, 0, open);
            *ret_rest = str_slice(text, at, text.n);
            return true;
        }
    }
    return false;
}

static enum err fill(struct holes *h, struct str text);

static enum err fill_section(struct holes *h, char kind, struct str name, struct str inside)
{
    struct ctx *ctx = h->ctx;
    const struct json *v = look_up(h, name);
    if (kind == '!') {
        return is_there(v) ? ERR_OK : fill(h, inside);
    }
    if (kind == '?' || !json_is(v, JSON_ARRAY)) {
        return is_there(v) ? fill(h, inside) : ERR_OK;
    }
    if (h->depth == LEN(h->scopes)) {
        return fault(ctx, ERR_TOO_DEEP, "a document nests deeper than %zu sections",
                     LEN(h->scopes));
    }
    for (size_t i = 0; i < v->count; i++) {
        h->scopes[h->depth++] = &v->items[i];
        TRY(fill(h, inside));
        h->depth--;
    }
    return ERR_OK;
}

static enum err fill(struct holes *h, struct str text)
{
    struct ctx *ctx = h->ctx;
    while (text.n > 0) {
        size_t open = str_find(text, STR("{{"));
        if (open == SIZE_MAX) {
            buf_put(h->out, text);
            return ERR_OK;
        }
        buf_put(h->out, str_slice(text, 0, open));
        size_t close = str_find(str_slice(text, open, text.n), STR("}}"));
        if (close == SIZE_MAX) {
            return fault(ctx, ERR_SYNTAX, "a hole of the document has no }}");
        }
        struct str hole = str_slice(text, open + 2, open + close);
        text = str_slice(text, open + close + 2, text.n);
        bool section = hole.n > 1 && strchr("#?!", hole.p[0]) != NULL;
        if (section) {
            struct str name = str_slice(hole, 1, hole.n);
            struct str inside = {0};
            if (!find_end(text, name, &inside, &text)) {
                return fault(ctx, ERR_SYNTAX, "the section %.*s of the document is not closed",
                             FMT(name));
            }
            TRY(fill_section(h, hole.p[0], name, inside));
        } else if (hole.n > 0 && hole.p[0] == '/') {
            return fault(ctx, ERR_SYNTAX, "the document closes %.*s, which is not open", FMT(hole));
        } else {
            put_value(h, hole, look_up(h, hole));
        }
    }
    return ERR_OK;
}

enum err law_document(struct ctx *ctx, const struct law *law, struct str name, struct str lang,
                      const struct json *values, struct str *ret_html)
{
    const struct document *d = index_get(&law->index[T_DOCUMENT], name);
    if (d == NULL) {
        return fault(ctx, ERR_NOT_FOUND, "there is no document \"%.*s\"", FMT(name));
    }
    struct str text = str_equal(lang, STR("en")) && d->en.n > 0 ? d->en : d->zh;
    struct buf b = buf_new(ctx->arena, LIMIT_DOCUMENT_BYTES);
    struct holes h = {.ctx = ctx,
                      .law = law,
                      .english = str_equal(lang, STR("en")),
                      .out = &b,
                      .scopes = {values},
                      .depth = 1};
    TRY(fill(&h, text));
    return buf_done(ctx, &b, ret_html);
}

bool law_document_shows(const struct law *law, struct str name, struct str what)
{
    const struct document *d = index_get(&law->index[T_DOCUMENT], name);
    return d != NULL && (str_find(d->zh, what) != SIZE_MAX || str_find(d->en, what) != SIZE_MAX);
}

bool law_document_says(struct arena *a, struct str html, struct str value)
{
    struct buf b = buf_new(a, 0);
    put_escaped(&b, value);
    return value.n > 0 && str_find(html, buf_str(&b)) != SIZE_MAX;
}

/* ---- at load ---- */

static uint32_t line_at(struct str text, size_t at)
{
    uint32_t line = 1;
    for (size_t i = 0; i < at; i++) {
        line += text.p[i] == '\n';
    }
    return line;
}

enum err document_check(struct ctx *ctx, struct str text, uint32_t *ret_line)
{
    struct str open_names[LEN(((struct holes *)0)->scopes)];
    size_t open_at[LEN(open_names)];
    size_t depth = 0;
    for (size_t at = 0;;) {
        size_t open = str_find(str_slice(text, at, text.n), STR("{{"));
        if (open == SIZE_MAX) {
            *ret_line = depth == 0 ? 0 : line_at(text, open_at[depth - 1]);
            return depth == 0 ? ERR_OK
                              : fault(ctx, ERR_SYNTAX, "the section \"%.*s\" is not closed",
                                      FMT(open_names[depth - 1]));
        }
        open += at;
        size_t close = str_find(str_slice(text, open, text.n), STR("}}"));
        *ret_line = line_at(text, open);
        if (close == SIZE_MAX) {
            return fault(ctx, ERR_SYNTAX, "a hole has no }}");
        }
        struct str hole = str_slice(text, open + 2, open + close);
        at = open + close + 2;
        char sign = hole.n == 0 ? 0 : hole.p[0];
        bool opens = sign == '#' || sign == '?' || sign == '!';
        struct str name = opens || sign == '/' ? str_slice(hole, 1, hole.n) : hole;
        if (name.n == 0 || str_find(name, STR("{")) != SIZE_MAX) {
            return fault(ctx, ERR_SYNTAX, "a hole has no name");
        }
        if (opens && depth + 1 == LEN(open_names)) {
            return fault(ctx, ERR_TOO_DEEP, "sections nest deeper than %zu", LEN(open_names) - 1);
        }
        if (opens) {
            open_names[depth] = name;
            open_at[depth++] = open;
        } else if (sign == '/' && (depth == 0 || !str_equal(open_names[--depth], name))) {
            return fault(ctx, ERR_SYNTAX, "\"%.*s\" is closed here and not open", FMT(name));
        }
    }
}

/* What a hole may name: what the gate gives (docs/law-packs.md), a fact the act states or the case
 * holds, a fact of the party. */
static bool is_known_hole(const struct law *law, struct str name)
{
    static const char *const given[] = {"item.title", "office.title", "case.id",   "case.number",
                                        "act.day",    "act.seq",      "limit.due", "articles",
                                        "remedies",   "cite",         "text",      "party.name"};
    for (size_t i = 0; i < LEN(given); i++) {
        if (str_equal(name, str_from(given[i]))) {
            return true;
        }
    }
    return fact_of(law, name) != NULL;
}

static void check_holes(struct builder *b, const struct source *f, struct str text)
{
    for (size_t at = 0;;) {
        size_t open = str_find(str_slice(text, at, text.n), STR("{{"));
        if (open == SIZE_MAX) {
            return;
        }
        open += at;
        size_t close = str_find(str_slice(text, open, text.n), STR("}}"));
        struct str hole = str_slice(text, open + 2, open + close);
        struct str name = strchr("#?!/", hole.p[0]) != NULL ? str_slice(hole, 1, hole.n) : hole;
        if (!is_known_hole(b->law, name)) {
            problem_line(b, f, line_at(text, open), "document", "nothing is called \"%.*s\" here",
                         FMT(name));
        }
        at = open + close + 2;
    }
}

/* Both texts of each document: the Chinese must be there and both must be well formed. */
void check_documents(struct builder *b)
{
    const struct index *x = &b->law->index[T_DOCUMENT];
    for (size_t i = 0; i < x->room; i++) {
        const struct document *d = x->values[i];
        for (int en = 0; d != NULL && en < 2; en++) {
            struct str path = str_format(b->ctx->arena, "document/%.*s.%s.html", FMT(x->keys[i]),
                                         en ? "en" : "zh");
            const struct source *other =
                source_of(b, str_format(b->ctx->arena, "document/%.*s.%s.html", FMT(x->keys[i]),
                                        en ? "zh" : "en"));
            const struct source *f = source_of(b, path) == NULL ? other : source_of(b, path);
            struct str text = en ? d->en : d->zh;
            struct ctx inner = *b->ctx;
            uint32_t line = 0;
            if (text.n == 0) {
                problem(b, f, NULL, en ? "w:missing" : "missing",
                        en ? "the document has no English text"
                           : "the document has no Chinese text");
            } else if (document_check(&inner, text, &line) != ERR_OK) {
                problem_line(b, f, line, "document", "%.*s", FMT(inner.why.detail));
            } else {
                check_holes(b, f, text);
            }
        }
    }
}
