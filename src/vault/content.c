/* The text the vault keeps of an act: a JSON object of who, when, what, with the salt of each
 * committed value. Members that are empty are left out; those a later program adds are passed over
 * by an earlier one, so the form needs no version: what must be understood to be judged stands in
 * the leaf, which has one. */
#include "base/buf.h"
#include "base/json_make.h"
#include "base/str.h"
#include "limit_gen.h"
#include "vault/vault.h"

static void set_text(struct arena *a, struct json *o, const char *name, struct str value)
{
    if (value.n > 0) {
        json_set(a, o, str_from(name), json_of_str(value));
    }
}

static void write_consent(struct arena *a, struct json *v, const struct consent *c)
{
    if (c->digest.n == 0) {
        return;
    }
    struct json o = json_object();
    set_text(a, &o, "digest", c->digest);
    set_text(a, &o, "nonce", c->nonce);
    json_set(a, &o, STR("sent"), json_of_int(c->sent.ms));
    json_set(a, &o, STR("assurance"), json_of_int(c->assurance));
    json_set(a, &o, STR("proven"), json_of_int(c->proven.ms));
    json_set(a, v, STR("signed"), o);
}

static struct consent read_consent(const struct json *v)
{
    const struct json *o = json_get(v, "signed");
    return o == NULL ? (struct consent){0}
                     : (struct consent){.digest = json_text(o, "digest"),
                                        .nonce = json_text(o, "nonce"),
                                        .sent = {json_int(o, "sent", 0)},
                                        .assurance = (int)json_int(o, "assurance", 0),
                                        .proven = {json_int(o, "proven", 0)}};
}

enum err vault_write(struct ctx *ctx, const struct vault_content *content, struct str *ret_text)
{
    struct arena *a = ctx->arena;
    const struct draft *d = &content->draft;
    struct json v = json_object();
    json_set(a, &v, STR("at"), json_of_int(content->at.ms));
    set_text(a, &v, "act", d->kind);
    set_text(a, &v, "by", actor_word(d->actor.kind));
    set_text(a, &v, "actor", d->actor.id);
    set_text(a, &v, "actor_for", d->actor.for_id);
    set_text(a, &v, "actor_with", d->actor.co_id);
    set_text(a, &v, "role", d->actor.role);
    json_set(a, &v, STR("assurance"), json_of_int(d->actor.assurance));
    if (d->actor.proven.ms > 0) {
        json_set(a, &v, STR("proven"), json_of_int(d->actor.proven.ms));
    }
    set_text(a, &v, "item", d->item);
    set_text(a, &v, "office", d->office);
    set_text(a, &v, "case", d->case_id);
    set_text(a, &v, "key", d->key);
    set_text(a, &v, "timer", d->timer);
    write_consent(a, &v, &d->consent);
    json_set(a, &v, STR("fields"), d->fields);
    json_set(a, &v, STR("salts"), content->salts);
    if (content->has_proposal) {
        json_set(a, &v, STR("proposal"), content->proposal);
    }
    set_text(a, &v, "given", content->given);
    if (content->sources.count > 0) {
        json_set(a, &v, STR("sources"), content->sources);
    }
    if (content->decided.count > 0) {
        json_set(a, &v, STR("decided"), content->decided);
    }
    struct buf text = buf_new(a, LIMIT_JSON_BYTES);
    json_write(&text, &v);
    return buf_done(ctx, &text, ret_text);
}

static enum err kind_of_actor(struct ctx *ctx, struct str word, enum actor_kind *ret)
{
    return actor_named(word, ret)
               ? ERR_OK
               : fault(ctx, ERR_CORRUPT, "the vault holds an act by \"%.*s\"", FMT(word));
}

enum err vault_read(struct ctx *ctx, struct str vault, struct vault_content *ret)
{
    struct json v;
    TRY(json_parse(ctx, vault, STR("vault"), &v));
    *ret = (struct vault_content){.at = {json_int(&v, "at", 0)}};
    struct draft *d = &ret->draft;
    TRY(kind_of_actor(ctx, json_text(&v, "by"), &d->actor.kind));
    d->kind = json_text(&v, "act");
    d->actor.id = json_text(&v, "actor");
    d->actor.for_id = json_text(&v, "actor_for");
    d->actor.co_id = json_text(&v, "actor_with");
    d->actor.role = json_text(&v, "role");
    d->actor.assurance = (int)json_int(&v, "assurance", 0);
    d->actor.proven.ms = json_int(&v, "proven", 0);
    d->item = json_text(&v, "item");
    d->office = json_text(&v, "office");
    d->case_id = json_text(&v, "case");
    d->key = json_text(&v, "key");
    d->timer = json_text(&v, "timer");
    d->consent = read_consent(&v);
    ret->given = json_text(&v, "given");
    const struct json *fields = json_get(&v, "fields");
    const struct json *salts = json_get(&v, "salts");
    const struct json *proposal = json_get(&v, "proposal");
    d->fields = json_is(fields, JSON_OBJECT) ? *fields : json_object();
    ret->salts = json_is(salts, JSON_OBJECT) ? *salts : json_object();
    const struct json *decided = json_get(&v, "decided");
    ret->decided = json_is(decided, JSON_ARRAY) ? *decided : json_array();
    const struct json *sources = json_get(&v, "sources");
    ret->sources = json_is(sources, JSON_OBJECT) ? *sources : json_object();
    ret->has_proposal = proposal != NULL;
    ret->proposal = proposal != NULL ? *proposal : json_null();
    for (size_t i = 0; i < ret->salts.count; i++) {
        ret->erased = ret->erased || ret->salts.members[i].value.kind == JSON_OBJECT;
    }
    return ERR_OK;
}
