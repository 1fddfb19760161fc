/* xml.h - an XML document as a small tree on the arena: elements, attributes, text, lines.
 *
 * Read for documents that strangers wrote: no document type, so no entities of any kind; no
 * network; LIMIT_XML_BYTES and LIMIT_XML_DEPTH. libxml2 reads node by node and is gone when
 * doc_read returns.
 */
#pragma once

#include "base/base.h"

struct xml_attr {
    struct str ns; /* empty: none */
    struct str name;
    struct str value;
};

struct xml {
    struct str ns;
    struct str name; /* local name */
    struct str text; /* all text directly inside, comments left out */
    struct xml_attr *attrs;
    uint32_t attr_count;
    uint32_t line; /* of the start tag */
    struct xml *child;
    struct xml *next;
};

/* Parse one document in UTF-8, whatever it declares. ERR_UTF8, ERR_SYNTAX, ERR_TOO_LARGE,
 * ERR_TOO_DEEP, ERR_NOT_SUPPORTED (a document type), with file and line. */
enum err doc_read(struct ctx *ctx, struct str text, struct str file, struct xml **ret) MUST_USE;
/* The value of an attribute without a namespace; empty when absent. x may be NULL. */
struct str doc_attr(const struct xml *x, struct str name);
struct str doc_attr_ns(const struct xml *x, struct str ns, struct str name);
/* The first child of that name in the namespace of x itself; NULL when there is none. x may be
 * NULL. */
const struct xml *doc_child(const struct xml *x, const char *name);
/* The next sibling of the same name and namespace. */
const struct xml *doc_next(const struct xml *x);
size_t doc_count(const struct xml *x, const char *name);
