/* Statutes, citations and code tables. */
#include "base/token.h"
#include "law/law_in.h"

/* Versions of one statute stand in one pack, or a later pack could put its own text in place of a
 * law it builds on. */
static void check_owner(struct builder *b, const struct source *f, const struct statute *s)
{
    const struct statute *x = index_get(&b->law->statute_names, s->name);
    for (; x != NULL && x != s; x = x->more) {
        size_t owner = b->origins.statute_packs[x - b->law->statutes];
        if (owner != f->pack_index) {
            problem(b, f, json_get(&f->root, "statute"), "replace",
                    "the statute \"%.*s\" belongs to the pack \"%.*s\"", FMT(s->name),
                    FMT(b->law->packs[owner].code));
            return;
        }
        if (str_equal(x->version, s->version)) {
            problem(b, f, json_get(&f->root, "version"), "duplicate",
                    "the version %.*s of \"%.*s\" stands twice", FMT(s->version), FMT(s->name));
        }
    }
}

/* The versions of a name hang on the first that was read. */
static void join_versions(struct builder *b, struct statute *s)
{
    struct statute *first = index_get(&b->law->statute_names, s->name);
    if (first == NULL) {
        index_put(&b->law->statute_names, s->name, s);
    } else {
        while (first->more != NULL) {
            first = first->more;
        }
        first->more = s;
    }
}

void read_statute(struct builder *b, struct source *f)
{
    static const char *const names[] = {"statute", "title",  "rank",     "version", "from",
                                        "until",   "source", "articles", NULL};
    static const char *const article_names[] = {"no", "text", "is", NULL};
    only_members(b, f, &f->root, names);
    struct statute *s = &b->law->statutes[b->law->statute_count];
    *s = (struct statute){.name = want_text(b, f, &f->root, "statute"),
                          .title = want_text2(b, f, &f->root, "title"),
                          .rank = want_text(b, f, &f->root, "rank"),
                          .version = want_text(b, f, &f->root, "version"),
                          .from = may_day(b, f, &f->root, "from", INT32_MIN),
                          .until = may_day(b, f, &f->root, "until", INT32_MAX)};
    b->origins.statute_packs[b->law->statute_count] = f->pack_index;
    join_versions(b, s);
    check_owner(b, f, s);
    const struct json *list = want_list(b, f, &f->root, "articles");
    struct article *articles =
        ARENA_ARRAY(b->law->arena, struct article, (list == NULL ? 0 : list->count) + 1);
    for (size_t i = 0; list != NULL && i < list->count; i++) {
        const struct json *o = &list->items[i];
        only_members(b, f, o, article_names);
        articles[i] =
            (struct article){.no = want_text(b, f, o, "no"),
                             .text = want_text2(b, f, o, "text"),
                             .official = str_equal(may_text(b, f, o, "is"), STR("official"))};
        for (size_t k = 0; k < i; k++) {
            if (str_equal(articles[k].no, articles[i].no)) {
                problem(b, f, o, "duplicate", "article %.*s stands twice", FMT(articles[i].no));
            }
        }
        s->article_count++;
    }
    s->articles = articles;
    b->law->statute_count++;
}

enum err law_cite(struct ctx *ctx, const struct law *law, struct str text, struct day day,
                  struct cite *ret)
{
    struct str rest = {0};
    struct str version = {0};
    struct str name = str_cut(text, '#', &rest);
    struct str no = str_cut(rest, '@', &version);
    struct str part = {0};
    no = str_cut(no, '.', &part);
    if (name.n == 0 || no.n == 0) {
        return fault(ctx, ERR_SYNTAX, "the citation \"%.*s\" is not STATUTE#ARTICLE", FMT(text));
    }
    const struct statute *first = index_get(&law->statute_names, name);
    const struct statute *hit = NULL;
    for (const struct statute *s = first; s != NULL; s = s->more) {
        bool meant = version.n > 0 ? str_equal(s->version, version)
                                   : s->from.n <= day.n && day.n < s->until.n;
        hit = meant && (hit == NULL || hit->from.n < s->from.n) ? s : hit;
    }
    if (hit == NULL) {
        return fault(ctx, ERR_NOT_FOUND,
                     first != NULL ? "no version of \"%.*s\" is in force that day"
                                   : "there is no statute \"%.*s\"",
                     FMT(name));
    }
    for (size_t i = 0; i < hit->article_count; i++) {
        if (str_equal(hit->articles[i].no, no)) {
            *ret = (struct cite){text, part, hit, &hit->articles[i]};
            return ERR_OK;
        }
    }
    return fault(ctx, ERR_NOT_FOUND, "\"%.*s\" of %.*s has no article %.*s", FMT(name),
                 FMT(hit->version), FMT(no));
}

void declare_codes(struct builder *b, struct source *f)
{
    struct code_table *t = ARENA_NEW(b->law->arena, struct code_table);
    t->name = want_text(b, f, &f->root, "code");
    if (!index_put(&b->law->index[T_CODE], t->name, t)) {
        problem(b, f, &f->root, "duplicate", "the code table \"%.*s\" stands twice", FMT(t->name));
    }
}

void read_codes(struct builder *b, struct source *f)
{
    static const char *const names[] = {"code", "title", "source", "rows", NULL};
    static const char *const row_names[] = {"code", "title", "parent", "article", NULL};
    only_members(b, f, &f->root, names);
    want_text2(b, f, &f->root, "title");
    struct code_table *t = index_get(&b->law->index[T_CODE], json_text(&f->root, "code"));
    const struct json *list = want_list(b, f, &f->root, "rows");
    if (t == NULL || list == NULL) {
        return;
    }
    t->count = 0; /* a table that stands twice is a fault, and is read twice all the same */
    t->rows = ARENA_ARRAY(b->law->arena, struct code_row, list->count + 1);
    for (size_t i = 0; i < list->count; i++) {
        const struct json *o = &list->items[i];
        only_members(b, f, o, row_names);
        t->rows[i] = (struct code_row){.code = want_text(b, f, o, "code"),
                                       .title = want_text2(b, f, o, "title"),
                                       .article = may_cite(b, f, o, "article"),
                                       .parent = may_text(b, f, o, "parent")};
        if (law_code(b->law, t->name, t->rows[i].code) != NULL) {
            problem(b, f, o, "duplicate", "the code \"%.*s\" stands twice", FMT(t->rows[i].code));
        }
        t->count++;
    }
}

const struct code_row *law_code_rows(const struct law *law, struct str table, size_t *ret_count)
{
    const struct code_table *t = index_get(&law->index[T_CODE], table);
    *ret_count = t == NULL ? 0 : t->count;
    return t == NULL ? NULL : t->rows;
}

const struct code_row *law_code(const struct law *law, struct str table, struct str code)
{
    size_t count = 0;
    const struct code_row *rows = law_code_rows(law, table, &count);
    for (size_t i = 0; i < count; i++) {
        if (str_equal(rows[i].code, code)) {
            return &rows[i];
        }
    }
    return NULL;
}

struct text2 law_code_title(const struct law *law, struct str table, struct str code)
{
    const struct code_row *row = law_code(law, table, code);
    return row == NULL ? (struct text2){code, code} : row->title;
}
