/* digest.c - see digest.h: a context of OpenSSL for each, since many may be under way in one
 * thread.
 */
#include "crypto/digest.h"

#include <openssl/evp.h>

enum err digest_begin(struct ctx *ctx, struct digest *ret)
{
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    if (c == NULL || EVP_DigestInit_ex2(c, EVP_sha256(), NULL) != 1) {
        EVP_MD_CTX_free(c);
        return fault(ctx, ERR_MEMORY, "no memory for a digest");
    }
    ret->context = c;
    return ERR_OK;
}

void digest_add(struct digest *d, struct str bytes)
{
    must(EVP_DigestUpdate(d->context, bytes.p, bytes.n) == 1);
}

void digest_end(struct digest *d, uint8_t ret[32])
{
    unsigned n = 0;
    must(EVP_DigestFinal_ex(d->context, ret, &n) == 1 && n == 32);
    EVP_MD_CTX_free(d->context);
    d->context = NULL;
}
