/* Acts asked again, one after the other, from what ledger and vault keep of them.
 *
 * An act is put before the gate as it was, and what cannot be made a second time stands in as it
 * was recorded: its salts, the document it issued, and whatever rested on values that were erased
 * since. From the first such value on, later acts can no longer be held against what was issued to
 * the letter; the gate is told so (erased_before), and the order of acts carries it. */
#include "replay/replay_in.h"

#include "base/str.h"
#include "store/store.h"
#include "vault/vault.h"

/* Files stand in the vault by digest; the law packs among them are needed to judge. */
static enum err copy_files(struct ctx *ctx, struct again *a, const struct draft *d)
{
    for (size_t i = 0; i < d->fields.count; i++) {
        struct str sha = json_text(&d->fields.members[i].value, "sha256");
        struct attachment file;
        bool found = false;
        if (sha.n > 0) {
            TRY(vault_file_find(ctx, a->from, sha, &file, &found));
        }
        if (found) {
            TRY(vault_file_keep(ctx, a->to, &file, d->actor.id));
        }
    }
    return ERR_OK;
}

static enum err again_one(struct ctx *ctx, struct again *a, const struct ledger_entry *entry,
                          struct str vault)
{
    struct act_then then = {.seq = entry->seq, .leaf = entry->leaf};
    struct act_again again;
    struct issued issued = {0};
    bool has_issued = false;
    TRY(vault_read(ctx, vault, &then.content));
    if (a->to != a->from) {
        TRY(copy_files(ctx, a, &then.content.draft));
    }
    TRY(vault_document_find(ctx, a->from, entry->seq, &issued, &has_issued));
    then.document = has_issued ? issued.zh : STR("");
    a->erased = a->erased || then.content.erased;
    then.erased_before = a->erased;
    TRY(gate_again(ctx, a->gate, a->to, &then, &again));
    if (a->told != NULL) {
        a->told(ctx, a->arg, &then, &again);
    }
    return ERR_OK;
}

enum err again_some(struct ctx *ctx, struct again *a, int64_t seq, size_t max, size_t *ret_count)
{
    struct ledger_entry *entries = NULL;
    struct vault_text *vaults = NULL;
    size_t vault_count = 0;
    must(db_is_open(a->to));
    TRY(gate_entries(ctx, a->from, seq, max, &entries, ret_count));
    TRY(vault_range(ctx, a->from, seq, max, &vaults, &vault_count));
    if (vault_count != *ret_count) {
        return fault(ctx, ERR_CORRUPT, "ledger and vault differ in length after act %lld",
                     (long long)seq);
    }
    for (size_t i = 0; i < *ret_count; i++) {
        must(i == 0 || entries[i].seq > entries[i - 1].seq);
        TRY(again_one(ctx, a, &entries[i], vaults[i].text));
    }
    return ERR_OK;
}
