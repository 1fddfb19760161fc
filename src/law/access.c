/* Who may see what: one row a role and relation, in files of access/. */
#include "law/law_in.h"

static const char *const classes[] = {"public", "business", "personal", "sensitive"};
static const char *const relations[] = {"any",        "self",  "speaks", "office",
                                        "interested", "asked", "above"};

void declare_access(struct builder *b, struct source *f)
{
    struct law *law = b->law;
    struct access_rule *x = ARENA_NEW(law->arena, struct access_rule);
    size_t count = 0;
    x->id = want_text(b, f, &f->root, "access");
    x->routes = texts(b, f, &f->root, "routes", &count);
    x->route_count = count;
    for (size_t i = 0; i < count; i++) {
        if (!index_put(&law->index[T_ACCESS], x->routes[i], x)) {
            problem(b, f, json_get(&f->root, "routes"), "duplicate",
                    "the route \"%.*s\" stands twice", FMT(x->routes[i]));
        }
    }
}

static unsigned read_classes(struct builder *b, const struct source *f, const struct json *o)
{
    size_t count = 0;
    unsigned bits = 0;
    const struct str *list = texts(b, f, o, "classes", &count);
    for (size_t i = 0; i < count; i++) {
        int bit = word_of(list[i], classes, LEN(classes));
        if (bit < 0) {
            problem(b, f, json_get(o, "classes"), "classes",
                    "classes lists public, business, personal, sensitive");
        } else {
            bits |= 1u << bit;
        }
    }
    return bits;
}

static void read_row(struct builder *b, const struct source *f, const struct json *o,
                     struct access_row *x)
{
    static const char *const names[] = {"role", "relation", "classes", "purpose", NULL};
    only_members(b, f, o, names);
    x->role = want_text(b, f, o, "role");
    bool general = str_equal(x->role, STR("*")) || str_equal(x->role, STR("party"));
    if (!general && law_code(b->law, STR("role"), x->role) == NULL) {
        problem(b, f, json_get(o, "role"), "reference",
                "\"%.*s\" is neither *, party nor a code of the table role", FMT(x->role));
    }
    int relation = word_of(want_text(b, f, o, "relation"), relations, LEN(relations));
    if (relation < 0) {
        problem(b, f, json_get(o, "relation"), "relation",
                "relation is any, self, speaks, office, interested, asked or above");
    }
    x->relation = relation < 0 ? ACCESS_SELF : (enum access_relation)relation;
    x->classes = read_classes(b, f, o);
    x->purpose = want_text2(b, f, o, "purpose");
}

void read_access(struct builder *b, struct source *f)
{
    static const char *const names[] = {"access", "title", "articles", "routes", "rows", NULL};
    const struct json *o = &f->root;
    size_t count = 0;
    const struct str *routes = texts(b, f, o, "routes", &count);
    struct access_rule *x = count == 0 ? NULL : index_get(&b->law->index[T_ACCESS], routes[0]);
    only_members(b, f, o, names);
    if (x == NULL) {
        problem(b, f, o, "missing", "a file of access names the routes it is for");
        return;
    }
    x->title = want_text2(b, f, o, "title");
    x->articles = cites(b, f, o, "articles", &x->article_count);
    if (x->article_count == 0) {
        problem(b, f, o, "missing", "the access \"%.*s\" rests on no article", FMT(x->id));
    }
    const struct json *rows = want_list(b, f, o, "rows");
    size_t n = json_is(rows, JSON_ARRAY) ? rows->count : 0;
    struct access_row *out = ARENA_ARRAY(b->law->arena, struct access_row, n + 1);
    for (size_t i = 0; i < n; i++) {
        read_row(b, f, &rows->items[i], &out[i]);
    }
    x->rows = out;
    x->row_count = n;
}

const struct access_rule *law_access(const struct law *law, struct str route)
{
    return index_get(&law->index[T_ACCESS], route);
}

bool law_has_access(const struct law *law)
{
    return law->index[T_ACCESS].count > 0;
}

const struct access_row *law_access_row(const struct access_rule *a, struct str role,
                                        enum access_relation relation)
{
    for (size_t i = 0; a != NULL && i < a->row_count; i++) {
        const struct access_row *x = &a->rows[i];
        bool role_fits = str_equal(x->role, STR("*")) || str_equal(x->role, role);
        if (role_fits && (x->relation == ACCESS_ANY || x->relation == relation)) {
            return x;
        }
    }
    return NULL;
}
