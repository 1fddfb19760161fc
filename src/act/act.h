/* act.h - an act on its way: who asks for what (a draft), what became of it (an admitted act), and
 * who is told (a projector).
 *
 * The words that the rooms around the gate share, and nothing that decides: the vault keeps what
 * drafts say, people, book and every service room project admitted acts, the gate stands between
 * the two. There is no code in this room but for the words of actors.
 */
#pragma once

#include "base/base.h"
#include "base/json.h"
#include "law/law.h"

struct db;

/* ---- drafts ---- */

enum actor_kind {
    ACTOR_PARTY,
    ACTOR_OFFICER,
    ACTOR_ADMIN,
    ACTOR_CLOCK,
    ACTOR_NODE,
    ACTOR_CLIENT, /* an institution by its own key: what it signs is what it says */
    ACTOR_KINDS
};
/* The word for it in leaves and vault, "party", and back: false when it is none. */
struct str actor_word(enum actor_kind kind);
bool actor_named(struct str word, enum actor_kind *ret);

/* Who acts, as the caller authenticated it. The gate looks up what the ledger says of this actor.
 */
struct actor {
    enum actor_kind kind;
    struct str id;         /* register id of a person or organisation, of an institution that of its
                              client; empty for clock and node */
    struct str for_id;     /* the party acted for, when not the actor itself; empty else */
    struct str co_id;      /* a second officer who signed as well; empty else */
    int assurance;         /* 0 unknown, 1 one factor, 2 two factors, 3 two bound to this site */
    struct instant proven; /* when its identity was last proven; 0: nobody knows */
    struct str role;       /* the role an officer acts in; empty: any that fits */
};

/* That the second officer signed this very draft: what was sent by the first, shown to the second
 * and signed in a session of their own, by its digest (gate/consent.h). digest empty: nobody did,
 * or who submits says so by itself (stories, commands). */
struct consent {
    struct str digest;     /* hex */
    struct str nonce;      /* hex, drawn when it was sent, so that a digest says nothing of values
                              that are erased; it goes with the first of them */
    struct instant sent;   /* by the first */
    int assurance;         /* how surely the second was signed in when signing, */
    struct instant proven; /* and since when */
};

/* One file of a draft: its bytes go to the vault, its digest to the act. */
struct attachment {
    struct str sha256; /* hex, of the bytes */
    struct str type;
    struct str name;
    struct str bytes;  /* or, when they came before the draft and are in the vault already: */
    struct str upload; /* the upload that brought them (vault/upload.h) */
};

struct draft {
    struct str kind; /* kind of act */
    struct actor actor;
    struct str item;    /* for acts that open a case: item id; empty else */
    struct str office;  /* for acts that open a case: the office applied to; empty: the only
                           competent one */
    struct str case_id; /* for acts in a case */
    struct str key;     /* idempotency key chosen by the client, at most 64 bytes; may be empty */
    struct json fields; /* object: fact id -> value */
    const struct attachment *attachments;
    size_t attachment_count;
    struct str timer; /* clock acts only: the timer that ended */
    struct consent consent;
};

/* ---- what a room gets to see of an admitted act ---- */

struct admitted {
    int64_t seq;
    struct instant at;
    struct day day;
    const struct law *law;
    const struct act_kind *kind;
    const struct item *item;     /* NULL for acts without a case */
    const struct office *office; /* NULL for acts without one */
    const struct draft *draft;   /* fields hold NULL values where they were erased */
    struct str case_id;
    struct str party;         /* register id of the party of the case */
    struct str status;        /* of the case after this act */
    const struct json *facts; /* of the case after this act: fact id -> value */
    struct str document;      /* drawn up (zh HTML), empty when none */
    struct str due_limit;
    struct day due_day;
    bool replay;
};

/* A service room, as the gate sees it. apply is called in the writer's transaction for every
 * admitted act that names the effect; track for every admitted act, after its effects; erase
 * takes a value from the room's views. Any may be NULL. They write only the room's own tables. */
struct effect_row {
    const char *effect; /* "licence.issue" */
    enum err (*apply)(struct ctx *ctx, struct db *db, const struct admitted *act);
};
/* What an act with an effect names must be there, or be free, or be the actor's own: each room says
 * so of what it registers, over the values of a draft whose form is right. A value that is absent
 * is well named. */
struct naming {
    const struct draft *draft;
    const struct law *law;
    struct str party; /* whose act it is */
    struct day day;
};
struct misnamed {
    const char *code; /* "form.subject": nothing such, or not the actor's own, which are not told
                         apart; "form.taken": another's. NULL: well */
    const char *fact;
};
struct name_row {
    const char *effect;
    enum err (*look)(struct ctx *ctx, struct db *db, const struct naming *n, struct misnamed *ret);
};
/* What a room holds, record by record: the gate holds against it what a draft says of a fact that
 * packs call `held`, and conditions of packs see it (the slot `register`). *ret is an object, days
 * in it as texts; of a value that was erased null. Called before the act that asks is projected. */
struct register_row {
    const char *name; /* "licence" */
    enum err (*look)(struct ctx *ctx, struct db *db, struct str key, struct json *ret,
                     bool *ret_found);
};
/* What act `seq` said of a fact is erased. In a case the value stood in its facts from that act
 * until before act `until`, the next of the case that says the same fact: what rooms copied from
 * the facts of a case at an act in between is a copy of it. Later values are others' and stay. */
struct erasure {
    int64_t seq;
    int64_t until;      /* INT64_MAX: nothing was said of it since */
    struct str case_id; /* empty: the act stands in none */
    struct str fact;
};
struct projector {
    const char *room;
    /* Of what it makes of acts: goes up when the same acts give other rows than before, and then
     * the node makes all views anew (replay/replay.h). A change of the tables is seen without it.
     */
    int version;
    const struct effect_row *effects;
    size_t effect_count;
    const struct name_row *names;
    size_t name_count;
    const struct register_row *registers;
    size_t register_count;
    enum err (*track)(struct ctx *ctx, struct db *db, const struct admitted *act);
    /* Leave what a replay leaves, in which the act brings the fact as null. Called again in that
     * replay, where there is nothing left to do. */
    enum err (*erase)(struct ctx *ctx, struct db *db, const struct erasure *e);
    /* The act by which the matter that a case's facts name was last decided, as a licence by its
     * number; -1 when there is none. */
    enum err (*earlier)(struct ctx *ctx, struct db *db, const struct json *facts, int64_t *ret_seq);
    /* What documents may say of a party: an object with its name as "name" and its facts by id. One
     * room gives it. */
    enum err (*describe)(struct ctx *ctx, struct db *db, struct str party, struct json *ret);
    /* Law was published under which a case goes on where it stands, and which calls its status
     * otherwise. */
    enum err (*status)(struct ctx *ctx, struct db *db, struct str case_id, struct str status);
    /* A calendar was published, and the first due day of a case that waits is another now. */
    enum err (*due)(struct ctx *ctx, struct db *db, struct str case_id, struct str due_limit,
                    struct day due_day);
};
