/* The rooms of floor 7: what they project, keep and serve, and what they do later. A new room is a
 * line in each list.
 */
#include "cli/rooms.h"

#include "bill/bill.h"
#include "case/case.h"
#include "cli/health.h"
#include "evidence/evidence.h"
#include "institution/institution.h"
#include "item/item.h"
#include "licence/licence.h"
#include "login/login.h"
#include "oidc/oidc.h"
#include "party/party.h"
#include "store/bound.h"
#include "store/session.h"
#include "web/serve.h"
#include "web/site.h"

static const struct projector *const projectors[] = {&party_projector, &licence_projector,
                                                     &bill_projector,  &case_projector,
                                                     &login_projector, &oidc_projector};

const struct projector *const *rooms_projectors(size_t *ret_count)
{
    *ret_count = LEN(projectors);
    return projectors;
}

const struct keep_table *rooms_keeps(struct ctx *ctx, size_t *ret_count)
{
    const struct keep_table *const tables[] = {&session_keeps,   &bound_keeps, &web_keeps,
                                               &login_keeps,     &oidc_keeps,  &case_keeps,
                                               &jobs_page_keeps, &health_keeps};
    struct keep_table *out = ARENA_ARRAY(ctx->arena, struct keep_table, LEN(tables));
    for (size_t i = 0; i < LEN(tables); i++) {
        out[i] = *tables[i];
    }
    *ret_count = LEN(tables);
    return out;
}

const struct route_table *rooms_routes(struct ctx *ctx, size_t *ret_count)
{
    const struct route_table *const tables[] = {
        &site_routes,        &item_routes,      &login_routes,     &login_passkey_routes,
        &login_own_routes,   &login_act_routes, &party_routes,     &login_source_routes,
        &case_apply_routes,  &case_routes,      &case_list_routes, &case_counter_routes,
        &case_sign_routes,   &licence_routes,   &evidence_routes,  &oidc_routes,
        &institution_routes, &jobs_routes};
    struct route_table *out = ARENA_ARRAY(ctx->arena, struct route_table, LEN(tables));
    for (size_t i = 0; i < LEN(tables); i++) {
        out[i] = *tables[i];
    }
    *ret_count = LEN(tables);
    return out;
}

const struct job_kind *rooms_jobs(struct ctx *ctx, size_t *ret_count)
{
    const struct job_kind *const kinds[] = {&jobs_catch_up, &oidc_logout_job};
    struct job_kind *out = ARENA_ARRAY(ctx->arena, struct job_kind, LEN(kinds));
    for (size_t i = 0; i < LEN(kinds); i++) {
        out[i] = *kinds[i];
    }
    *ret_count = LEN(kinds);
    return out;
}
