/* Tokens as one line of text: "next;id:element:scope:flow,…". */
#include "base/arena.h"
#include "base/str.h"
#include "bpmn/bpmn.h"
#include "limit_gen.h"

enum err bpmn_state_write(struct ctx *ctx, const struct bpmn_state *s, struct str *ret)
{
    struct buf b = buf_new(ctx->arena, 0);
    buf_u64(&b, s->next_id);
    for (size_t i = 0; i < s->count; i++) {
        const struct bpmn_token *t = &s->tokens[i];
        buf_byte(&b, i == 0 ? ';' : ',');
        buf_format(&b, "%u:%u:%u:%u", t->id, t->element, t->scope, t->flow);
    }
    return buf_done(ctx, &b, ret);
}

static bool part(struct str *rest, char separator, uint64_t max, uint64_t *ret)
{
    return str_to_u64(str_cut(*rest, separator, rest), ret) && *ret <= max;
}

static bool read_token(const struct bpmn_process *p, struct str text, struct bpmn_token *ret)
{
    uint64_t id = 0;
    uint64_t element = 0;
    uint64_t scope = 0;
    uint64_t flow = 0;
    bool ok = part(&text, ':', UINT32_MAX, &id) && part(&text, ':', p->element_count - 1, &element) &&
              part(&text, ':', UINT32_MAX, &scope) && part(&text, ':', UINT16_MAX, &flow) && text.n == 0;
    bool flow_good = flow == UINT16_MAX || flow < p->flow_count;
    if (!ok || !flow_good || id == 0) {
        return false;
    }
    *ret = (struct bpmn_token){(uint32_t)id, (uint16_t)element, (uint32_t)scope, (uint16_t)flow};
    return true;
}

/* Every token stands in the scope its element says, and ids rise. */
static bool is_consistent(const struct bpmn_process *p, const struct bpmn_state *s)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct bpmn_token *t = &s->tokens[i];
        int16_t scope = p->elements[t->element].scope;
        bool found = scope < 0 && t->scope == 0;
        for (size_t k = 0; k < s->count && !found; k++) {
            found = scope >= 0 && s->tokens[k].id == t->scope && s->tokens[k].element == scope;
        }
        if (!found || t->id >= s->next_id || (i > 0 && s->tokens[i - 1].id >= t->id)) {
            return false;
        }
    }
    return true;
}

enum err bpmn_state_read(struct ctx *ctx, const struct bpmn_process *p, struct str text, struct bpmn_state **ret)
{
    struct bpmn_state *s = ARENA_NEW(ctx->arena, struct bpmn_state);
    struct str rest = {0};
    uint64_t next = 0;
    bool ok = !str_ends(text, STR(",")) && str_to_u64(str_cut(text, ';', &rest), &next) && next > 0 && next <= UINT32_MAX;
    s->next_id = (uint32_t)next;
    s->room = 8;
    s->tokens = ARENA_ARRAY(ctx->arena, struct bpmn_token, s->room);
    while (ok && rest.n > 0) {
        if (s->count == s->room) {
            ok = s->room < LIMIT_BPMN_TOKENS;
            s->tokens = arena_grow(ctx->arena, s->tokens, s->room * sizeof(*s->tokens), s->room * 2 * sizeof(*s->tokens));
            s->room *= 2;
        }
        ok = ok && read_token(p, str_cut(rest, ',', &rest), &s->tokens[s->count++]);
    }
    if (!ok || !is_consistent(p, s)) {
        return fault(ctx, ERR_CORRUPT, "the stored state of a procedure does not fit process %.*s", FMT(p->id));
    }
    *ret = s;
    return ERR_OK;
}
