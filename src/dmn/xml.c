/* XML by libxml2's reader, copied node by node onto the arena. */
#include "dmn/xml.h"

#include <libxml/xmlreader.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "base/utf8.h"
#include "limit_gen.h"

#define BYTE_ORDER_MARK STR("\xef\xbb\xbf")

/* What the reader's callback may write to: made before the call. */
struct complaint {
    char text[200];
    int line;
    bool any;
};

struct open {
    struct xml *x;
    struct xml *last; /* its last child so far */
    struct buf text;  /* from the second piece of text on */
};

struct reading {
    struct ctx *ctx;
    struct str file;
    xmlTextReader *reader;
    struct complaint *complaint;
    struct open *stack; /* LIMIT_XML_DEPTH of them */
    size_t depth;
    struct xml *root;
};

static void complain(void *arg, const char *message, xmlParserSeverities severity UNUSED,
                     xmlTextReaderLocatorPtr locator)
{
    struct complaint *c = arg;
    if (c->any) {
        return;
    }
    c->any = true;
    c->line = xmlTextReaderLocatorLineNumber(locator);
    snprintf(c->text, sizeof(c->text), "%s", message == NULL ? "not well formed" : message);
}

static struct str copy(struct reading *r, const xmlChar *z)
{
    return str_copy(r->ctx->arena, str_from((const char *)z));
}

/* Namespaces and names come again and again: take those of the parent where they are the same. */
static struct str copy_like(struct reading *r, const xmlChar *z, struct str like)
{
    struct str s = str_from((const char *)z);
    return str_equal(s, like) ? like : str_copy(r->ctx->arena, s);
}

static uint32_t line_of(const struct reading *r)
{
    xmlNode *node = xmlTextReaderCurrentNode(r->reader);
    long line = node == NULL ? 0 : xmlGetLineNo(node);
    return line < 0 ? 0 : (uint32_t)line;
}

static enum err refuse(struct reading *r, enum err code, const char *what)
{
    return fault_at(r->ctx, code, r->file, line_of(r), 0, "%s", what);
}

static void read_attributes(struct reading *r, struct xml *x)
{
    int count = xmlTextReaderAttributeCount(r->reader);
    x->attrs = ARENA_ARRAY(r->ctx->arena, struct xml_attr, count < 0 ? 0 : (size_t)count);
    while (xmlTextReaderMoveToNextAttribute(r->reader) == 1) {
        if (xmlTextReaderIsNamespaceDecl(r->reader) == 1) {
            continue;
        }
        struct xml_attr *a = &x->attrs[x->attr_count++];
        a->ns = copy(r, xmlTextReaderConstNamespaceUri(r->reader));
        a->name = copy(r, xmlTextReaderConstLocalName(r->reader));
        a->value = copy(r, xmlTextReaderConstValue(r->reader));
    }
    xmlTextReaderMoveToElement(r->reader);
}

static void close_element(struct reading *r)
{
    struct open *o = &r->stack[--r->depth];
    if (o->text.n > 0) {
        o->x->text = buf_str(&o->text);
    }
}

/* Most elements have one piece of text or none; comments cut it into several. */
static void take_text(struct reading *r)
{
    struct open *o = &r->stack[r->depth - 1];
    struct str s = str_from((const char *)xmlTextReaderConstValue(r->reader));
    if (o->text.n == 0 && o->x->text.n == 0) {
        o->x->text = str_copy(r->ctx->arena, s);
        return;
    }
    if (o->text.n == 0) {
        buf_put(&o->text, o->x->text);
    }
    buf_put(&o->text, s);
}

static enum err open_element(struct reading *r)
{
    if (r->depth == LIMIT_XML_DEPTH) {
        return fault_at(r->ctx, ERR_TOO_DEEP, r->file, line_of(r), 0,
                        "elements are nested more than %d deep", LIMIT_XML_DEPTH);
    }
    struct open *parent = r->depth == 0 ? NULL : &r->stack[r->depth - 1];
    struct xml *x = ARENA_NEW(r->ctx->arena, struct xml);
    x->line = line_of(r);
    x->name = copy(r, xmlTextReaderConstLocalName(r->reader));
    x->ns = copy_like(r, xmlTextReaderConstNamespaceUri(r->reader),
                      parent == NULL ? (struct str){0} : parent->x->ns);
    if (parent == NULL) {
        r->root = x;
    } else if (parent->last == NULL) {
        parent->x->child = x;
    } else {
        parent->last->next = x;
    }
    if (parent != NULL) {
        parent->last = x;
    }
    bool empty = xmlTextReaderIsEmptyElement(r->reader) == 1;
    read_attributes(r, x);
    r->stack[r->depth++] = (struct open){.x = x, .text = buf_new(r->ctx->arena, LIMIT_XML_BYTES)};
    if (empty) {
        close_element(r);
    }
    return ERR_OK;
}

static enum err take_node(struct reading *r)
{
    switch (xmlTextReaderNodeType(r->reader)) {
    case XML_READER_TYPE_ELEMENT: return open_element(r);
    case XML_READER_TYPE_END_ELEMENT: close_element(r); return ERR_OK;
    case XML_READER_TYPE_TEXT:
    case XML_READER_TYPE_CDATA:
        if (r->depth > 0) {
            take_text(r);
        }
        return ERR_OK;
    case XML_READER_TYPE_WHITESPACE:
    case XML_READER_TYPE_SIGNIFICANT_WHITESPACE:
        /* Between elements it means nothing; alone in one it is its text. */
        if (r->depth > 0 &&
            (r->stack[r->depth - 1].last == NULL || r->stack[r->depth - 1].x->text.n > 0)) {
            take_text(r);
        }
        return ERR_OK;
    case XML_READER_TYPE_DOCUMENT_TYPE:
        return refuse(r, ERR_NOT_SUPPORTED,
                      "a document type is not taken; remove <!DOCTYPE …> and its entities");
    case XML_READER_TYPE_ENTITY:
    case XML_READER_TYPE_ENTITY_REFERENCE:
        return refuse(r, ERR_NOT_SUPPORTED, "an entity is not taken; write its text");
    default: return ERR_OK;
    }
}

/* Freed when the arena is, or at once when all went well. */
static void free_reader(void *arg)
{
    struct reading *r = arg;
    if (r->reader != NULL) {
        xmlFreeTextReader(r->reader);
        r->reader = NULL;
    }
}

static enum err read_nodes(struct reading *r)
{
    struct ctx *ctx = r->ctx;
    int more = xmlTextReaderRead(r->reader);
    for (; more == 1; more = xmlTextReaderRead(r->reader)) {
        TRY(take_node(r));
    }
    if (more != 0 || r->complaint->any || r->root == NULL || r->depth != 0) {
        struct str why = str_trim(
            str_from(r->complaint->any ? r->complaint->text : "the document is not whole"));
        return fault_at(ctx, ERR_SYNTAX, r->file,
                        (uint32_t)(r->complaint->line < 0 ? 0 : r->complaint->line), 0, "XML: %.*s",
                        FMT(why));
    }
    return ERR_OK;
}

enum err doc_read(struct ctx *ctx, struct str text, struct str file, struct xml **ret)
{
    if (text.n > LIMIT_XML_BYTES) {
        return fault_at(ctx, ERR_TOO_LARGE, file, 0, 0, "the document is larger than %d bytes",
                        LIMIT_XML_BYTES);
    }
    if (!utf8_is_valid(text)) {
        return fault_at(ctx, ERR_UTF8, file, 0, 0,
                        "the document is no UTF-8; save it in that encoding");
    }
    text = str_starts(text, BYTE_ORDER_MARK) ? str_slice(text, BYTE_ORDER_MARK.n, text.n) : text;
    struct reading *r = ARENA_NEW(ctx->arena, struct reading);
    *r = (struct reading){
        .ctx = ctx, .file = file, .complaint = ARENA_NEW(ctx->arena, struct complaint)};
    r->stack = ARENA_ARRAY(ctx->arena, struct open, LIMIT_XML_DEPTH);
    arena_defer(ctx->arena, free_reader, r);
    /* Told to be UTF-8, which it is: libxml2 converts nothing, and has no converter that complains
     * on stderr. */
    r->reader = xmlReaderForMemory(text.n == 0 ? "" : text.p, (int)text.n, NULL, "UTF-8",
                                   XML_PARSE_NONET | XML_PARSE_BIG_LINES);
    if (r->reader == NULL) {
        return fault_at(ctx, ERR_MEMORY, file, 0, 0, "no memory to read XML");
    }
    xmlTextReaderSetErrorHandler(r->reader, complain, r->complaint);
    enum err err = read_nodes(r);
    free_reader(r);
    if (err != ERR_OK) {
        return fault_pass(ctx, err, __func__);
    }
    *ret = r->root;
    return ERR_OK;
}

struct str doc_attr_ns(const struct xml *x, struct str ns, struct str name)
{
    for (uint32_t i = 0; x != NULL && i < x->attr_count; i++) {
        if (str_equal(x->attrs[i].name, name) && str_equal(x->attrs[i].ns, ns)) {
            return x->attrs[i].value;
        }
    }
    return (struct str){0};
}

struct str doc_attr(const struct xml *x, struct str name)
{
    return doc_attr_ns(x, (struct str){0}, name);
}

const struct xml *doc_child(const struct xml *x, const char *name)
{
    for (const struct xml *c = x == NULL ? NULL : x->child; c != NULL; c = c->next) {
        if (str_equal(c->name, str_from(name)) && str_equal(c->ns, x->ns)) {
            return c;
        }
    }
    return NULL;
}

const struct xml *doc_next(const struct xml *x)
{
    for (const struct xml *c = x->next; c != NULL; c = c->next) {
        if (str_equal(c->name, x->name) && str_equal(c->ns, x->ns)) {
            return c;
        }
    }
    return NULL;
}

size_t doc_count(const struct xml *x, const char *name)
{
    size_t count = 0;
    for (const struct xml *c = doc_child(x, name); c != NULL; c = doc_next(c)) {
        count++;
    }
    return count;
}
