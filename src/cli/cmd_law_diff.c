/* tongban law diff: what a new version of a pack changes, member by member; and which running cases
 * of a node it touches. */
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/day.h"
#include "base/json.h"
#include "base/json_make.h"
#include "base/str.h"
#include "base/token.h"
#include "base/encode.h"
#include "bpmn/state.h"
#include "cli/cmd.h"
#include "cli/cmd_law.h"
#include "cli/node.h"
#include "crypto/crypto.h"
#include "gate/read.h"
#include "gate_sql.h"
#include "law/law.h"

/* One member of one thing: "limit", "xk.decide", "n", "20". */
struct line {
    struct str what;
    struct str id;
    struct str member;
    struct str value;
};
struct lines {
    struct arena *arena;
    struct line *items;
    size_t count;
    size_t room;
};
enum change { ADDED, REMOVED, CHANGED };
static const char *const change_names[] = {
    [ADDED] = "added", [REMOVED] = "removed", [CHANGED] = "changed"};
struct difference {
    struct line line; /* member empty: the whole thing */
    enum change change;
    struct str old_value;
    struct str new_value;
};
struct differences {
    struct difference *items;
    size_t count;
};

static struct str text_of(struct arena *a, const struct json *v)
{
    struct buf b = buf_new(a, 0);
    json_write(&b, v);
    return buf_str(&b);
}

static void add(struct lines *x, struct str what, struct str id, struct str member,
                struct str value)
{
    if (x->count == x->room) {
        size_t room = x->room == 0 ? 1024 : x->room * 2;
        x->items =
            arena_grow(x->arena, x->items, x->room * sizeof(*x->items), room * sizeof(*x->items));
        x->room = room;
    }
    x->items[x->count++] = (struct line){what, id, member, value};
}

static void add_members(struct lines *x, struct str what, struct str id, const struct json *o,
                        const char *without)
{
    for (size_t i = 0; json_is(o, JSON_OBJECT) && i < o->count; i++) {
        if (without == NULL || !str_equal(o->members[i].key, str_from(without))) {
            add(x, what, id, o->members[i].key, text_of(x->arena, &o->members[i].value));
        }
    }
}

/* A power stands once for each item it is over, so that one item more is one line. */
static void add_powers(struct lines *x, struct str office, const struct json *list)
{
    for (size_t i = 0; json_is(list, JSON_ARRAY) && i < list->count; i++) {
        const struct json *p = &list->items[i];
        const struct json *items = json_get(p, "items");
        for (size_t k = 0; json_is(items, JSON_ARRAY) && k < items->count; k++) {
            struct str id = str_format(x->arena, "%.*s %.*s %.*s", FMT(office),
                                       FMT(json_text(p, "kind")), FMT(items->items[k].text));
            add_members(x, STR("power"), id, p, "items");
        }
    }
}

/* Files that hold a list of things: folder, list, what one is called, and its name. */
static const struct {
    const char *folder;
    const char *list;
    const char *what;
    const char *key;
} many[] = {{"limit/", "limits", "limit", "limit"}, {"fact/", "facts", "fact", "fact"}};

static void add_json(struct lines *x, struct str path, const struct json *root)
{
    for (size_t i = 0; i < LEN(many); i++) {
        const struct json *list = json_get(root, many[i].list);
        for (size_t k = 0; str_starts(path, str_from(many[i].folder)) &&
                           json_is(list, JSON_ARRAY) && k < list->count;
             k++) {
            add_members(x, str_from(many[i].what), json_text(&list->items[k], many[i].key),
                        &list->items[k], NULL);
        }
        if (str_starts(path, str_from(many[i].folder))) {
            return;
        }
    }
    struct str rest = {0};
    struct str what = str_cut(path, '/', &rest);
    if (str_starts(path, STR("item/"))) {
        struct str file = {0};
        struct str id = str_cut(rest, '/', &file);
        add_members(x, str_equal(file, STR("need.json")) ? STR("need") : STR("item"), id, root,
                    NULL);
    } else if (str_starts(path, STR("code/")) || str_starts(path, STR("statute/"))) {
        bool code = str_starts(path, STR("code/"));
        const struct json *list = json_get(root, code ? "rows" : "articles");
        struct str id = code ? json_text(root, "code")
                             : str_format(x->arena, "%.*s@%.*s", FMT(json_text(root, "statute")),
                                          FMT(json_text(root, "version")));
        add_members(x, what, id, root, code ? "rows" : "articles");
        for (size_t i = 0; json_is(list, JSON_ARRAY) && i < list->count; i++) {
            add(x, what, id,
                str_format(x->arena, "#%.*s",
                           FMT(json_text(&list->items[i], code ? "code" : "no"))),
                text_of(x->arena, &list->items[i]));
        }
    } else if (str_starts(path, STR("office/"))) {
        add_members(x, what, json_text(root, "office"), root, "powers");
        add_powers(x, json_text(root, "office"), json_get(root, "powers"));
    } else {
        add_members(x, what, str_slice(rest, 0, rest.n > 5 ? rest.n - 5 : 0), root, NULL);
    }
}

static int by_place(const void *a, const void *b)
{
    const struct line *x = a;
    const struct line *y = b;
    int order = str_compare(x->what, y->what);
    order = order != 0 ? order : str_compare(x->id, y->id);
    return order != 0 ? order : str_compare(x->member, y->member);
}

static enum err read_lines(struct ctx *ctx, const struct law_pack_source *pack, struct lines *x)
{
    x->arena = ctx->arena;
    for (size_t i = 0; i < pack->count; i++) {
        struct str path = pack->files[i].path;
        struct json root;
        uint8_t digest[32];
        if (str_starts(path, STR("test/"))) {
            continue;
        }
        if (str_ends(path, STR(".json"))) {
            TRY(json_parse(ctx, pack->files[i].bytes, path, &root));
            add_json(x, path, &root);
            continue;
        }
        const char *what = str_ends(path, STR(".dmn"))    ? "decision"
                           : str_ends(path, STR(".bpmn")) ? "procedure"
                                                          : "document";
        struct str rest = {0};
        str_cut(path, '/', &rest);
        sha256(pack->files[i].bytes.p, pack->files[i].bytes.n, digest);
        struct str id = what[0] == 'p' && rest.n > 5 ? str_slice(rest, 0, rest.n - 5) : rest;
        add(x, str_from(what), id, STR("text"), hex_encode(ctx->arena, digest, 8));
    }
    if (x->count > 0) {
        qsort(x->items, x->count, sizeof(*x->items), by_place);
    }
    return ERR_OK;
}

/* Does the other side know the thing at all? Lines are sorted, so its members stand together. */
static bool knows(const struct lines *x, const struct line *l)
{
    size_t low = 0;
    size_t high = x->count;
    struct line first = {l->what, l->id, STR(""), STR("")};
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (by_place(&x->items[mid], &first) < 0) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low < x->count && str_equal(x->items[low].what, l->what) &&
           str_equal(x->items[low].id, l->id);
}

/* One line for a thing that came or went whole; one for each member of those that stayed. */
static void note(struct differences *d, const struct lines *other, const struct line *l,
                 enum change change, struct str old, struct str new)
{
    bool whole = change != CHANGED && !knows(other, l);
    const struct difference *last = d->count == 0 ? NULL : &d->items[d->count - 1];
    if (whole && last != NULL && last->change == change && str_equal(last->line.what, l->what) &&
        str_equal(last->line.id, l->id)) {
        return;
    }
    d->items[d->count++] = (struct difference){*l, change, old, new};
    if (whole) {
        d->items[d->count - 1].line.member = STR("");
        d->items[d->count - 1].old_value = d->items[d->count - 1].new_value = STR("");
    }
}

static void compare(struct arena *a, const struct lines *old, const struct lines *new,
                    struct differences *ret)
{
    size_t i = 0;
    size_t k = 0;
    ret->items = ARENA_ARRAY(a, struct difference, old->count + new->count + 1);
    while (i < old->count || k < new->count) {
        int order = i == old->count   ? 1
                    : k == new->count ? -1
                                      : by_place(&old->items[i], &new->items[k]);
        if (order < 0) {
            note(ret, new, &old->items[i], REMOVED, old->items[i].value, STR(""));
            i++;
        } else if (order > 0) {
            note(ret, old, &new->items[k], ADDED, STR(""), new->items[k].value);
            k++;
        } else {
            if (!str_equal(old->items[i].value, new->items[k].value)) {
                note(ret, new, &new->items[k], CHANGED, old->items[i].value, new->items[k].value);
            }
            i++;
            k++;
        }
    }
}

static struct str shortened(struct arena *a, struct str s)
{
    size_t n = s.n > 100 ? 100 : s.n;
    while (n > 0 && n < s.n && ((unsigned char)s.p[n] & 0xC0) == 0x80) {
        n--; /* never through the middle of a character */
    }
    return n < s.n ? str_format(a, "%.*s…", FMT(str_slice(s, 0, n))) : s;
}

static void print_difference(struct cmd *c, const struct difference *d)
{
    struct arena *a = c->ctx.arena;
    if (!c->json) {
        printf("%s %.*s %.*s%s%.*s", change_names[d->change], FMT(d->line.what), FMT(d->line.id),
               d->line.member.n > 0 ? ": " : "", FMT(d->line.member));
        if (d->line.member.n > 0) {
            printf(" %.*s → %.*s", FMT(shortened(a, d->old_value)),
                   FMT(shortened(a, d->new_value)));
        }
        printf("\n");
        return;
    }
    struct json o = json_object();
    json_set(a, &o, STR("change"), json_of_str(str_from(change_names[d->change])));
    json_set(a, &o, STR("what"), json_of_str(d->line.what));
    json_set(a, &o, STR("id"), json_of_str(d->line.id));
    json_set(a, &o, STR("member"), json_of_str(d->line.member));
    json_set(a, &o, STR("old"), json_of_str(d->old_value));
    json_set(a, &o, STR("new"), json_of_str(d->new_value));
    printf("%.*s\n", FMT(text_of(a, &o)));
}

/* ---- running cases ---- */

struct known_change {
    const struct bpmn_process *from, *to;
    const struct bpmn_change *change;
};

struct touched {
    const struct differences *differences;
    const struct law *new_law;
    struct str pack;
    struct known_change *known; /* pairs of procedures that a case needed */
    size_t known_count;
};

/* What becomes of one case when the new version is published. */
struct outcome {
    bool carried;
    struct str step; /* of a case that is not, though the version carries such cases over: what */
    const char *why; /* does not fit, and how (bpmn_misfit_word) */
};

static bool ends_with_word(struct str s, struct str word)
{
    return s.n > word.n && str_ends(s, word) && s.p[s.n - word.n - 1] == ' ';
}

static bool uses_act(const struct bpmn_process *p, struct str kind)
{
    for (size_t i = 0; p != NULL && i < p->element_count; i++) {
        for (size_t k = 0; k < p->elements[i].act_count; k++) {
            if (str_equal(p->elements[i].acts[k], kind)) {
                return true;
            }
        }
    }
    return false;
}

/* Has this difference to do with this case? */
static bool concerns(const struct difference *d, const struct item *item,
                     const struct case_clock *clocks, size_t clock_count)
{
    struct str what = d->line.what;
    struct str id = d->line.id;
    for (size_t i = 0; str_equal(what, STR("limit")) && i < clock_count; i++) {
        if (clocks[i].state != CLOCK_MET && str_equal(clocks[i].limit->id, id)) {
            return true;
        }
    }
    bool own =
        (str_equal(what, STR("item")) || str_equal(what, STR("need"))) && str_equal(id, item->id);
    bool power = str_equal(what, STR("power")) && ends_with_word(id, item->id);
    bool procedure = str_equal(what, STR("procedure")) && str_equal(id, item->procedure_name);
    bool decision = str_equal(what, STR("decision")) && str_starts(id, item->id) &&
                    id.n > item->id.n && id.p[item->id.n] == '/';
    bool act = str_equal(what, STR("act")) && uses_act(item->procedure, id);
    return own || power || procedure || decision || act;
}

static enum err change_of(struct ctx *ctx, struct touched *x, const struct bpmn_process *from,
                          const struct bpmn_process *to, const struct bpmn_change **ret)
{
    for (size_t i = 0; i < x->known_count; i++) {
        if (x->known[i].from == from && x->known[i].to == to) {
            *ret = x->known[i].change;
            return ERR_OK;
        }
    }
    TRY(bpmn_change_make(ctx, from, to, ret));
    x->known = arena_grow(ctx->arena, x->known, x->known_count * sizeof(*x->known),
                          (x->known_count + 1) * sizeof(*x->known));
    x->known[x->known_count++] = (struct known_change){from, to, *ret};
    return ERR_OK;
}

/* As the gate will do it (gate/carry.c): a case is carried over where it stands, or keeps its law.
 */
static enum err outcome_of(struct ctx *ctx, struct touched *x, const struct case_state *state,
                           const struct item *item, struct outcome *ret)
{
    const struct item *next = law_item(x->new_law, item->id);
    struct bpmn_state *tokens = NULL;
    const struct bpmn_change *change = NULL;
    const struct bpmn_input in = {.now = day_start(state->opened)};
    struct bpmn_carried carried;
    *ret = (struct outcome){.why = ""};
    if (law_transition(x->new_law, x->pack, item->id) == NULL || item->procedure == NULL) {
        return ERR_OK;
    }
    if (next == NULL || next->procedure == NULL) {
        ret->why = "item";
        return ERR_OK;
    }
    TRY(bpmn_state_read(ctx, item->procedure, state->tokens, &tokens));
    TRY(change_of(ctx, x, item->procedure, next->procedure, &change));
    TRY(bpmn_carry(ctx, change, tokens, &in, &carried));
    ret->carried = carried.misfit == BPMN_FITS;
    ret->step = carried.element;
    ret->why = bpmn_misfit_word(carried.misfit);
    return ERR_OK;
}

/* Powers hold by the law of the day; all else by the law of the case, unless the new law carries it
 * over. */
static const char *effect_of(const struct outcome *o, const struct difference *d)
{
    bool at_once = str_equal(d->line.what, STR("power"));
    return at_once ? "at once" : o->carried ? "carried over" : "keeps the old law";
}

static enum err print_case(struct cmd *c, struct node *n, struct db *reader, struct str id,
                           struct touched *x)
{
    struct ctx *ctx = &c->ctx;
    struct case_state state;
    struct outcome outcome;
    struct case_clock *clocks = NULL;
    size_t count = 0;
    bool found = false;
    TRY(gate_case(ctx, n->gate, reader, id, &state, &found));
    const struct item *item = found ? law_item(state.law, state.item) : NULL;
    if (item == NULL) {
        return ERR_OK;
    }
    TRY(gate_clocks(ctx, n->gate, reader, id, &clocks, &count));
    TRY(outcome_of(ctx, x, &state, item, &outcome));
    for (size_t i = 0; i < x->differences->count; i++) {
        const struct difference *d = &x->differences->items[i];
        if (!concerns(d, item, clocks, count)) {
            continue;
        }
        const char *effect = effect_of(&outcome, d);
        if (!c->json) {
            printf("case %.*s (%.*s): %.*s %.*s %.*s: %s", FMT(id), FMT(item->id),
                   FMT(d->line.what), FMT(d->line.id), FMT(d->line.member), effect);
            if (outcome.step.n > 0) {
                printf(" (step %.*s: %s)", FMT(outcome.step), outcome.why);
            }
            putchar('\n');
            continue;
        }
        struct json o = json_object();
        json_set(ctx->arena, &o, STR("case"), json_of_str(id));
        json_set(ctx->arena, &o, STR("item"), json_of_str(item->id));
        json_set(ctx->arena, &o, STR("what"), json_of_str(d->line.what));
        json_set(ctx->arena, &o, STR("id"), json_of_str(d->line.id));
        json_set(ctx->arena, &o, STR("member"), json_of_str(d->line.member));
        json_set(ctx->arena, &o, STR("effect"), json_of_str(str_from(effect)));
        if (outcome.why[0] != 0) {
            json_set(ctx->arena, &o, STR("step"), json_of_str(outcome.step));
            json_set(ctx->arena, &o, STR("why"), json_of_str(str_from(outcome.why)));
        }
        printf("%.*s\n", FMT(text_of(ctx->arena, &o)));
    }
    return ERR_OK;
}

static enum err print_cases(struct cmd *c, struct node *n, struct touched *x)
{
    enum { CHUNK = 256 };
    struct ctx *ctx = &c->ctx;
    struct db *reader = NULL;
    struct str last = STR("");
    enum err e = store_reader(ctx, n->store, &reader);
    for (bool more = e == ERR_OK; more && e == ERR_OK;) {
        struct gate_case_running_row *rows = NULL;
        size_t count = 0;
        e = gate_case_running(
            ctx, reader, (struct gate_case_running_in){.id = last, .count = CHUNK}, &rows, &count);
        for (size_t i = 0; e == ERR_OK && i < count; i++) {
            e = print_case(c, n, reader, rows[i].id, x);
        }
        more = e == ERR_OK && count == CHUNK;
        last = count == 0 ? last : rows[count - 1].id;
    }
    if (reader != NULL) {
        db_close(reader);
    }
    return e;
}

int law_diff(struct cmd *c, const struct law_pack_source *old, const struct law_pack_source *new,
             const struct law *new_law, struct str pack, const char *folder)
{
    struct ctx *ctx = &c->ctx;
    struct lines before = {0};
    struct lines after = {0};
    struct differences found = {0};
    if (read_lines(ctx, old, &before) != ERR_OK || read_lines(ctx, new, &after) != ERR_OK) {
        return cmd_fail(c);
    }
    compare(ctx->arena, &before, &after, &found);
    for (size_t i = 0; i < found.count; i++) {
        print_difference(c, &found.items[i]);
    }
    if (folder != NULL) {
        struct node n;
        struct touched x = {.differences = &found, .new_law = new_law, .pack = pack};
        if (node_open(ctx, str_from(folder), &n) != ERR_OK) {
            return cmd_fail(c);
        }
        enum err e = print_cases(c, &n, &x);
        node_close(&n);
        if (e != ERR_OK) {
            return cmd_fail(c);
        }
    }
    return 0;
}
