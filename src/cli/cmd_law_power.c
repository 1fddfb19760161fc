/* tongban law who, can: whose an item or a kind of act is, and what an office may. */
#include <stdio.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/day.h"
#include "base/json_make.h"
#include "base/str.h"
#include "base/world.h"
#include "cli/cmd.h"
#include "cli/cmd_law.h"
#include "law/law.h"

static struct str day_or_open(struct arena *a, struct day d)
{
    return d.n == INT32_MIN || d.n == INT32_MAX ? STR("") : day_text(a, d);
}

static struct json cites_json(struct arena *a, const struct cite *list, size_t count)
{
    struct json out = json_array();
    for (size_t i = 0; i < count; i++) {
        json_push(a, &out, json_of_str(list[i].text));
    }
    return out;
}

/* One power of one office over one item (NULL: over all there are, or over none). */
static void print_power(struct cmd *c, const struct office *x, const struct power *p,
                        const struct item *item)
{
    struct arena *a = c->ctx.arena;
    struct buf b = buf_new(a, 0);
    if (c->json) {
        struct json o = json_object();
        json_set(a, &o, STR("office"), json_of_str(x->id));
        json_set(a, &o, STR("title"), json_of_str(x->title.zh));
        json_set(a, &o, STR("place"), json_of_str(x->place));
        json_set(a, &o, STR("level"), json_of_str(x->level));
        json_set(a, &o, STR("power"), json_of_str(p->kind));
        json_set(a, &o, STR("item"),
                 item == NULL ? (struct json){.kind = JSON_NULL} : json_of_str(item->id));
        json_set(a, &o, STR("basis"), json_of_str(str_from(law_basis_name(p->basis))));
        struct json of = json_array();
        for (size_t i = 0; i < p->of_count; i++) {
            json_push(a, &of, json_of_str(p->of[i]->id));
        }
        json_set(a, &o, STR("of"), of);
        json_set(a, &o, STR("articles"), cites_json(a, p->articles, p->article_count));
        json_set(a, &o, STR("from"), json_of_str(day_or_open(a, p->from)));
        json_set(a, &o, STR("until"), json_of_str(day_or_open(a, p->until)));
        json_write(&b, &o);
        printf("%.*s\n", FMT(buf_str(&b)));
        return;
    }
    for (size_t i = 0; i < p->article_count; i++) {
        buf_format(&b, "%s%.*s", i > 0 ? ", " : "", FMT(p->articles[i].text));
    }
    if (p->basis != BASIS_LEGAL) {
        buf_format(&b, "  %s", law_basis_name(p->basis));
    }
    for (size_t i = 0; i < p->of_count; i++) {
        buf_format(&b, " %.*s", FMT(p->of[i]->id));
    }
    printf("%-14.*s %-12.*s %-14.*s %10.*s .. %-10.*s %.*s\n", FMT(x->id), FMT(p->kind),
           FMT(item == NULL ? STR("*") : item->id), FMT(day_or_open(a, p->from)),
           FMT(day_or_open(a, p->until)), FMT(buf_str(&b)));
}

static bool ends_before(const struct power *p, struct day day)
{
    return p->until.n <= day.n;
}

/* Every power for this kind (empty: any) over this item (NULL: each it names) that has not ended.
 */
static size_t print_powers(struct cmd *c, const struct office *x, struct str kind,
                           const struct item *item, struct day day)
{
    size_t n = 0;
    for (size_t k = 0; k < x->power_count; k++) {
        const struct power *p = &x->powers[k];
        bool right = kind.n == 0 || str_equal(p->kind, kind) || str_equal(p->kind, STR("*"));
        if (!right || ends_before(p, day)) {
            continue;
        }
        for (size_t m = 0; m < p->item_count; m++) {
            if (item == NULL || p->items[m] == item) {
                print_power(c, x, p, p->items[m]);
                n++;
            }
        }
        if (p->item_count == 0) {
            print_power(c, x, p, item);
            n++;
        }
    }
    return n;
}

static int print_who_by_right(struct cmd *c, const struct act_kind *kind)
{
    static const struct {
        unsigned bit;
        const char *name;
    } whos[] = {{WHO_PARTY, "party"},
                {WHO_OFFICER, "officer"},
                {WHO_CLOCK, "clock"},
                {WHO_NODE, "node"},
                {WHO_ADMIN, "admin"}};
    struct buf b = buf_new(c->ctx.arena, 0);
    for (size_t i = 0; i < LEN(whos); i++) {
        if ((kind->who & whos[i].bit) != 0) {
            buf_format(&b, "%s%s", b.n > 0 ? ", " : "", whos[i].name);
        }
    }
    for (size_t i = 0; i < kind->role_count; i++) {
        buf_format(&b, "%s%.*s", i == 0 ? ": " : " ", FMT(kind->roles[i]));
    }
    if (!c->json) {
        printf("%.*s needs no power of an office; done by %.*s (%.*s)\n", FMT(kind->kind),
               FMT(buf_str(&b)), FMT(kind->article_count > 0 ? kind->articles[0].text : STR("")));
    }
    return 0;
}

int law_who(struct cmd *c, const struct law *law, struct str name, struct day day)
{
    const struct item *item = law_item(law, name);
    const struct act_kind *kind = item == NULL ? law_act(law, name) : NULL;
    size_t count = 0;
    size_t n = 0;
    const struct office *offices = law_offices(law, &count);
    if (item == NULL && kind == NULL) {
        fprintf(stderr, "tongban: the packs have neither an item nor a kind of act \"%.*s\"\n",
                FMT(name));
        return 1;
    }
    if (kind != NULL && kind->power.n == 0) {
        return print_who_by_right(c, kind);
    }
    for (size_t i = 0; i < count; i++) {
        n += print_powers(c, &offices[i], kind == NULL ? STR("") : kind->power, item, day);
    }
    if (n == 0) {
        fprintf(stderr, "tongban: no office may from %.*s on\n", FMT(day_text(c->ctx.arena, day)));
    }
    return n == 0;
}

int law_can(struct cmd *c, const struct law *law, struct str name, struct day day)
{
    const struct office *x = law_office(law, name);
    if (x == NULL) {
        fprintf(stderr, "tongban: the packs have no office \"%.*s\"\n", FMT(name));
        return 1;
    }
    if (!c->json) {
        printf("%.*s  %.*s  %.*s%s%.*s\n", FMT(x->title.zh), FMT(x->place), FMT(x->level),
               x->parent == NULL ? "" : "  under ",
               FMT(x->parent == NULL ? STR("") : x->parent->id));
    }
    return print_powers(c, x, STR(""), NULL, day) == 0;
}
