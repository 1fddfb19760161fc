/* pagec.c - compiles page templates to C.
 *
 * usage: pagec EN.po OUT.h OUT.c NAME TEMPLATE.html
 *
 * A template is plain HTML with holes:
 *   {name}            a text, escaped for where it stands (text or quoted attribute)
 *   {name:int}        an integer                 {name:html}  made by another template, put as it
 * is {name:url}        an address of this site    {name:day}   a civil day {name:plain}      an
 * address that has its language prefix already
 *   {#each rows} … {/each}      once for each element; inside, names are the element's
 *   {?name} … {:else} … {/?}    when the bool is true, the text is not empty, the list has elements
 *   {{ and }}         braces
 * In href, src and action a plain hole is one path or query segment and is percent-encoded. A
 * static address "/…" gets the language prefix, except below /static/. A form with method="post"
 * gets the hidden token and key of the request. Text with Han characters is a message: its English
 * stands in EN.po, and a message without one stops the build.
 *
 * For NAME it writes struct NAME, NAME_html (page), NAME_json (the same data) and NAME_schema (JSON
 * Schema of it), so page and API cannot drift apart.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { K_TEXT, K_HOLE, K_EACH, K_IF, K_ELSE, K_END, K_MESSAGE, K_PREFIX, K_TOKEN };
enum place { P_TEXT, P_ATTR, P_URL };

struct node {
    enum kind kind;
    enum place place;
    char *text; /* static text, hole name, or message */
    char *type;
    char *en; /* message in English */
    int line;
};

struct field {
    char *name;
    const char *type; /* "str" "int" "bool" "html" "url" "day" "each" */
    int parent;       /* index of the each it stands in, -1 at the top */
};

static struct node nodes[20000];
static size_t node_count;
static struct field fields[1000];
static int field_count;
static struct {
    char *zh;
    char *en;
} words[20000];
static size_t word_count;
static const char *file;
static int line = 1;

static void die(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "%s:%d: ", file, line);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}

static char *read_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        fprintf(stderr, "pagec: cannot read %s\n", path);
        exit(1);
    }
    size_t n = 0;
    size_t room = 1 << 16;
    char *text = malloc(room + 1);
    for (size_t got; (got = fread(text + n, 1, room - n, f)) > 0;) {
        n += got;
        if (n == room) {
            text = realloc(text, (room *= 2) + 1);
        }
    }
    fclose(f);
    text[n] = 0;
    return text;
}

static char *copy(const char *p, size_t n)
{
    char *s = malloc(n + 1);
    memcpy(s, p, n);
    s[n] = 0;
    return s;
}

/* ---- the catalogue: msgid / msgstr, each a run of quoted strings ---- */

static char *po_string(char **at)
{
    char *out = malloc(strlen(*at) + 1);
    size_t n = 0;
    for (;;) {
        while (isspace((unsigned char)**at)) {
            ++*at;
        }
        if (**at != '"') {
            break;
        }
        for (++*at; **at != 0 && **at != '"'; ++*at) {
            if (**at == '\\') {
                ++*at;
                out[n++] = **at == 'n' ? '\n' : **at;
            } else {
                out[n++] = **at;
            }
        }
        ++*at;
    }
    out[n] = 0;
    return out;
}

static void read_words(const char *path)
{
    for (char *at = strstr(read_file(path), "msgid"); at != NULL; at = strstr(at, "msgid")) {
        at += strlen("msgid");
        char *zh = po_string(&at);
        char *next = strstr(at, "msgstr");
        if (next == NULL) {
            return;
        }
        at = next + strlen("msgstr");
        char *en = po_string(&at);
        if (*zh != 0 && *en != 0) {
            words[word_count].zh = zh;
            words[word_count++].en = en;
        }
    }
}

static char *english(const char *zh)
{
    for (size_t i = 0; i < word_count; i++) {
        if (strcmp(words[i].zh, zh) == 0) {
            return words[i].en;
        }
    }
    return NULL;
}

/* ---- reading a template ---- */

static struct node *add(enum kind kind, enum place place, char *text)
{
    if (node_count == sizeof(nodes) / sizeof(nodes[0])) {
        die("template has more parts than pagec takes");
    }
    nodes[node_count] = (struct node){kind, place, text, "str", NULL, line};
    return &nodes[node_count++];
}

static bool has_han(const char *s)
{
    for (; *s != 0; s++) {
        if ((unsigned char)*s >= 0xe3) {
            return true;
        }
    }
    return false;
}

static void add_static(const char *p, size_t n)
{
    if (n > 0) {
        add(K_TEXT, P_TEXT, copy(p, n));
    }
}

/* {name} or {name:type}, p at the brace; returns past it */
static const char *add_hole(const char *p, enum place place)
{
    const char *end = strchr(p, '}');
    if (end == NULL) {
        die("a hole has no '}'");
    }
    char *name = copy(p + 1, (size_t)(end - p - 1));
    char *colon = strchr(name, ':');
    struct node *n = add(K_HOLE, place, name);
    if (colon != NULL) {
        *colon = 0;
        n->type = colon + 1;
    }
    if (*name == 0 || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != strlen(name)) {
        die("hole {%s} is not a name", name);
    }
    static const char *const types[] = {"str", "int", "html", "url", "day", "plain"};
    bool known = false;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        known = known || strcmp(types[i], n->type) == 0;
    }
    if (!known) {
        die("hole {%s:%s} has an unknown type", name, n->type);
    }
    if (strcmp(n->type, "html") == 0 && place != P_TEXT) {
        die("{%s:html} cannot stand in an attribute", name);
    }
    return end + 1;
}

/* Static text and holes in [p, end): one piece of text or of an attribute. */
static void add_pieces(const char *p, const char *end, enum place place)
{
    const char *from = p;
    while (p < end) {
        if (*p == '{' || *p == '}') {
            add_static(from, (size_t)(p - from));
            if (p + 1 < end && p[1] == *p) {
                add_static(p, 1);
                p += 2;
            } else if (*p == '}') {
                die("'}' without '{' (write }} for a brace)");
            } else {
                p = add_hole(p, place);
            }
            from = p;
            continue;
        }
        line += *p == '\n';
        p++;
    }
    add_static(from, (size_t)(p - from));
}

/* A run of text that may be a message. */
static void add_text(const char *p, const char *end, enum place place)
{
    const char *a = p;
    const char *z = end;
    while (a < z && isspace((unsigned char)*a)) {
        a++;
    }
    while (z > a && isspace((unsigned char)z[-1])) {
        z--;
    }
    char *body = copy(a, (size_t)(z - a));
    if (!has_han(body)) {
        add_pieces(p, end, place);
        return;
    }
    add_static(p, (size_t)(a - p));
    for (const char *s = p; s < a; s++) {
        line += *s == '\n';
    }
    /* blanks inside a message count as one */
    char *w = body;
    for (char *r = body; *r != 0; r++) {
        bool blank = isspace((unsigned char)*r);
        line += *r == '\n';
        if (!blank || (w > body && w[-1] != ' ')) {
            *w++ = blank ? ' ' : *r;
        }
    }
    *w = 0;
    struct node *n = add(K_MESSAGE, place, body);
    n->en = english(body);
    if (n->en == NULL) {
        fprintf(stderr, "%s:%d: no English in the catalogue:\nmsgid \"%s\"\nmsgstr \"\"\n", file,
                n->line, body);
        exit(1);
    }
    add_static(z, (size_t)(end - z));
    for (const char *s = z; s < end; s++) {
        line += *s == '\n';
    }
}

static bool starts(const char *p, const char *word)
{
    return strncmp(p, word, strlen(word)) == 0;
}

/* {#each x} {/each} {?x} {:else} {/?}; returns past it, or NULL when p is no section mark */
static const char *add_section(const char *p)
{
    const char *end = strchr(p, '}');
    if (end == NULL) {
        return NULL;
    }
    char *inner = copy(p + 1, (size_t)(end - p - 1));
    if (starts(inner, "#each ")) {
        add(K_EACH, P_TEXT, inner + strlen("#each "));
    } else if (inner[0] == '?') {
        add(K_IF, P_TEXT, inner + 1);
    } else if (strcmp(inner, ":else") == 0) {
        add(K_ELSE, P_TEXT, inner);
    } else if (strcmp(inner, "/each") == 0 || strcmp(inner, "/?") == 0) {
        add(K_END, P_TEXT, inner);
    } else {
        return NULL;
    }
    return end + 1;
}

static bool is_section(const char *p)
{
    return starts(p, "{#each ") || starts(p, "{?") || starts(p, "{:else}") ||
           starts(p, "{/each}") || starts(p, "{/?}");
}

static bool is_url_name(const char *p, size_t n)
{
    static const char *const names[] = {"href", "src", "action", "formaction"};
    for (size_t i = 0; i < 4; i++) {
        if (n == strlen(names[i]) && strncmp(p, names[i], n) == 0) {
            return true;
        }
    }
    return false;
}

/* An attribute value, p past the opening quote; returns past the closing one. */
static const char *add_value(const char *p, const char *name, size_t name_length)
{
    bool url = is_url_name(name, name_length);
    if (url && p[0] == '/' && !starts(p, "/static/")) {
        add(K_PREFIX, P_ATTR, "");
    }
    const char *end = p;
    for (;;) {
        while (*end != 0 && *end != '"' && !is_section(end)) {
            end++;
        }
        if (*end == 0) {
            die("an attribute has no closing quote");
        }
        add_text(p, end, url ? P_URL : P_ATTR);
        if (*end == '"') {
            add_static("\"", 1);
            return end + 1;
        }
        p = end = add_section(end);
    }
}

/* A tag, p at '<'; returns past '>'. */
static const char *add_tag(const char *p)
{
    const char *from = p;
    bool form = starts(p, "<form");
    bool post = false;
    const char *name = NULL;
    while (*p != '>') {
        if (*p == 0) {
            die("a tag has no '>'");
        }
        if (is_section(p)) {
            add_static(from, (size_t)(p - from));
            p = from = add_section(p);
            continue;
        }
        if (*p == '=' && p[1] == '"') {
            post = post || (form && starts(p, "=\"post\""));
            add_static(from, (size_t)(p + 2 - from));
            size_t n = name == NULL ? 0 : (size_t)(p - name);
            p = from = add_value(p + 2, name == NULL ? p : name, n);
            name = NULL;
            continue;
        }
        if (*p == '{') {
            die("a hole in a tag must stand in a quoted attribute");
        }
        name = isspace((unsigned char)*p) ? NULL : name == NULL ? p : name;
        line += *p == '\n';
        p++;
    }
    add_static(from, (size_t)(p + 1 - from));
    if (form && post) {
        add(K_TOKEN, P_TEXT, "");
    }
    return p + 1;
}

static void read_template(const char *text)
{
    const char *p = text;
    while (*p != 0) {
        if (starts(p, "<!--")) {
            const char *end = strstr(p, "-->");
            if (end == NULL) {
                die("a comment has no end");
            }
            for (; p < end + 3; p++) {
                line += *p == '\n';
            }
        } else if (*p == '<') {
            p = add_tag(p);
        } else if (is_section(p)) {
            p = add_section(p);
        } else {
            const char *end = p;
            while (*end != 0 && *end != '<' && !is_section(end)) {
                end++;
            }
            add_text(p, end, P_TEXT);
            p = end;
        }
    }
}

/* ---- fields: what struct the template needs ---- */

static int find_field(const char *name, int parent)
{
    for (int i = 0; i < field_count; i++) {
        if (fields[i].parent == parent && strcmp(fields[i].name, name) == 0) {
            return i;
        }
    }
    return -1;
}

static int note_field(char *name, const char *type, int parent)
{
    int i = find_field(name, parent);
    if (i < 0) {
        fields[field_count] = (struct field){name, type, parent};
        return field_count++;
    }
    bool weak = strcmp(fields[i].type, "bool") == 0;
    if (weak) {
        fields[i].type = type;
    } else if (strcmp(type, "bool") != 0 && strcmp(fields[i].type, type) != 0) {
        die("{%s} is used as %s and as %s", name, fields[i].type, type);
    }
    return i;
}

/* Holes inside a message, of the Chinese text: the English must use no others. */
static void note_message(const struct node *n, const char *text, int parent)
{
    for (const char *p = strchr(text, '{'); p != NULL; p = strchr(p + 1, '{')) {
        const char *end = strchr(p, '}');
        char *name = copy(p + 1, end == NULL ? 0 : (size_t)(end - p - 1));
        char *colon = strchr(name, ':');
        const char *type = "str";
        if (colon != NULL) {
            *colon = 0;
            type = colon + 1;
        }
        line = n->line;
        if (text == n->en && find_field(name, parent) < 0) {
            die("the English of \"%s\" has a hole {%s} that the Chinese has not", n->text, name);
        }
        note_field(name, type, parent);
    }
}

/* An element sees only its own fields, so that a struct says all a page needs. Names that start
 * with "page_" inside an each are the page's. */
static int scope_of(const char *name, int parent)
{
    return strncmp(name, "page_", 5) == 0 ? -1 : parent;
}

static void gather_fields(void)
{
    int stack[32];
    int depth = 0;
    int parent = -1;
    for (size_t i = 0; i < node_count; i++) {
        struct node *n = &nodes[i];
        line = n->line;
        if (n->kind == K_HOLE) {
            note_field(n->text, n->type, scope_of(n->text, parent));
        } else if (n->kind == K_MESSAGE) {
            note_message(n, n->text, parent);
            note_message(n, n->en, parent);
        } else if (n->kind == K_EACH || n->kind == K_IF) {
            if (depth == 32) {
                die("sections nest deeper than 32");
            }
            stack[depth++] = parent;
            int f =
                note_field(n->text, n->kind == K_EACH ? "each" : "bool", scope_of(n->text, parent));
            parent = n->kind == K_EACH ? f : parent;
        } else if (n->kind == K_END) {
            if (depth == 0) {
                die("{%s} closes nothing", n->text);
            }
            parent = stack[--depth];
        }
    }
    if (depth != 0) {
        die("a section is not closed");
    }
}

/* ---- writing ---- */

static FILE *out;

static void put(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vfprintf(out, format, args);
    va_end(args);
}

static void put_c_string(const char *s)
{
    fputc('"', out);
    int column = 0;
    for (; *s != 0; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '\n') {
            fputs("\\n", out);
        } else if (c == '"' || c == '\\') {
            fputc('\\', out);
            fputc(c, out);
        } else {
            fputc(c, out);
        }
        if (++column > 90 && (c == '\n' || c == '>' || c == ' ')) {
            fputs("\"\n        \"", out);
            column = 0;
        }
    }
    fputc('"', out);
}

/* Name of the struct of a list: NAME_field, NAME_field_field ... */
static void put_struct_name(const char *name, int f)
{
    if (f < 0) {
        put("%s", name);
        return;
    }
    put_struct_name(name, fields[f].parent);
    put("_%s", fields[f].name);
}

static void put_members(const char *name, int parent)
{
    for (int i = 0; i < field_count; i++) {
        if (fields[i].parent != parent) {
            continue;
        }
        const char *t = fields[i].type;
        if (strcmp(t, "each") == 0) {
            put("    const struct ");
            put_struct_name(name, i);
            put(" *%s;\n    size_t %s_count;\n", fields[i].name, fields[i].name);
        } else if (strcmp(t, "int") == 0) {
            put("    int64_t %s;\n", fields[i].name);
        } else if (strcmp(t, "bool") == 0) {
            put("    bool %s;\n", fields[i].name);
        } else if (strcmp(t, "day") == 0) {
            put("    struct day %s;\n", fields[i].name);
        } else {
            put("    struct str %s;%s\n", fields[i].name,
                strcmp(t, "html") == 0 ? " /* HTML */" : "");
        }
    }
}

static bool is_empty_struct(int parent)
{
    for (int i = 0; i < field_count; i++) {
        if (fields[i].parent == parent) {
            return false;
        }
    }
    return true;
}

static void put_structs(const char *name, int parent)
{
    for (int i = 0; i < field_count; i++) {
        if (fields[i].parent == parent && strcmp(fields[i].type, "each") == 0) {
            put_structs(name, i);
        }
    }
    put("struct ");
    put_struct_name(name, parent);
    put(" {\n");
    put_members(name, parent);
    if (is_empty_struct(parent)) {
        put("    char nothing;\n");
    }
    put("};\n\n");
}

static void put_indent(int depth)
{
    for (int i = 0; i <= depth; i++) {
        put("    ");
    }
}

static void put_hole(const char *name, const char *type, enum place place, int depth,
                     int each_depth)
{
    bool page = strncmp(name, "page_", 5) == 0;
    put_indent(depth);
    const char *fn = strcmp(type, "int") == 0    ? "render_int"
                     : strcmp(type, "html") == 0 ? "render_html"
                     : strcmp(type, "url") == 0  ? "render_url"
                     : strcmp(type, "day") == 0
                         ? (place == P_TEXT ? "render_day" : "render_day_plain")
                     : strcmp(type, "plain") == 0 ? "render_text"
                     : place == P_URL             ? "render_segment"
                                                  : "render_text";
    put("%s(r, v%d->%s);\n", fn, page ? 0 : each_depth, name);
}

/* A message in one language: static pieces and holes. */
static void put_message(const char *text, enum place place, int depth, int each_depth)
{
    const char *p = text;
    while (*p != 0) {
        size_t n = strcspn(p, "{");
        if (n > 0) {
            put_indent(depth);
            put("render_static(r, ");
            put_c_string(copy(p, n));
            put(");\n");
            p += n;
            continue;
        }
        char *name = copy(p + 1, strcspn(p + 1, "}"));
        p += strlen(name) + 2;
        char *colon = strchr(name, ':');
        if (colon != NULL) {
            *colon = 0;
        }
        put_hole(name, colon == NULL ? "str" : colon + 1, place, depth, each_depth);
    }
}

static void put_condition(const char *name, const char *type, int each_depth)
{
    int d = strncmp(name, "page_", 5) == 0 ? 0 : each_depth;
    if (strcmp(type, "bool") == 0) {
        put("v%d->%s", d, name);
    } else if (strcmp(type, "each") == 0) {
        put("v%d->%s_count > 0", d, name);
    } else if (strcmp(type, "int") == 0) {
        put("v%d->%s != 0", d, name);
    } else if (strcmp(type, "day") == 0) {
        put("v%d->%s.n != 0", d, name);
    } else {
        put("v%d->%s.n > 0", d, name);
    }
}

static void put_body(const char *name)
{
    int parents[64];
    char closes[64];
    int depth = 0;
    int each_depth = 0;
    int parent = -1;
    for (size_t i = 0; i < node_count; i++) {
        struct node *n = &nodes[i];
        switch (n->kind) {
        case K_TEXT: {
            /* neighbours join, so that a page is few writes */
            size_t length = 0;
            size_t last = i;
            for (size_t k = i; k < node_count && nodes[k].kind == K_TEXT; k++) {
                length += strlen(nodes[k].text);
                last = k;
            }
            char *joined = malloc(length + 1);
            *joined = 0;
            for (size_t k = i; k <= last; k++) {
                strcat(joined, nodes[k].text);
            }
            put_indent(depth);
            put("render_static(r, ");
            put_c_string(joined);
            put(");\n");
            i = last;
            break;
        }
        case K_HOLE: put_hole(n->text, n->type, n->place, depth, each_depth); break;
        case K_PREFIX:
            put_indent(depth);
            put("render_prefix(r);\n");
            break;
        case K_TOKEN:
            put_indent(depth);
            put("render_token(r);\n");
            break;
        case K_MESSAGE:
            put_indent(depth);
            put("if (r->lang == LANG_EN) {\n");
            put_message(n->en, n->place, depth + 1, each_depth);
            put_indent(depth);
            put("} else {\n");
            put_message(n->text, n->place, depth + 1, each_depth);
            put_indent(depth);
            put("}\n");
            break;
        case K_IF: {
            int f = find_field(n->text, scope_of(n->text, parent));
            put_indent(depth);
            put("if (");
            put_condition(n->text, fields[f].type, each_depth);
            put(") {\n");
            parents[depth] = parent;
            closes[depth++] = 'i';
            break;
        }
        case K_ELSE:
            put_indent(depth - 1);
            put("} else {\n");
            break;
        case K_EACH: {
            int scope = scope_of(n->text, parent);
            int f = find_field(n->text, scope);
            int d = scope == -1 && strncmp(n->text, "page_", 5) == 0 ? 0 : each_depth;
            put_indent(depth);
            put("for (size_t i%d = 0; i%d < v%d->%s_count; i%d++) {\n", depth, depth, d, n->text,
                depth);
            put_indent(depth + 1);
            put("const struct ");
            put_struct_name(name, f);
            put(" *v%d = &v%d->%s[i%d];\n", each_depth + 1, d, n->text, depth);
            put_indent(depth + 1);
            put("(void)v%d;\n", each_depth + 1);
            parents[depth] = parent;
            closes[depth++] = 'e';
            parent = f;
            each_depth++;
            break;
        }
        case K_END:
            depth--;
            parent = parents[depth];
            each_depth -= closes[depth] == 'e';
            put_indent(depth);
            put("}\n");
            break;
        }
    }
}

/* The same data as JSON; HTML holes are pictures of other data and stay out. */
static void put_json(const char *name, int parent, int depth)
{
    bool first = true;
    put_indent(depth);
    put("buf_byte(b, '{');\n");
    for (int i = 0; i < field_count; i++) {
        struct field *f = &fields[i];
        if (f->parent != parent || strcmp(f->type, "html") == 0) {
            continue;
        }
        put_indent(depth);
        put("buf_puts(b, \"%s\\\"%s\\\":\");\n", first ? "" : ",", f->name);
        first = false;
        if (strcmp(f->type, "each") == 0) {
            put_indent(depth);
            put("buf_byte(b, '[');\n");
            put_indent(depth);
            put("for (size_t i%d = 0; i%d < v%d->%s_count; i%d++) {\n", depth, depth, depth,
                f->name, depth);
            put_indent(depth + 1);
            put("const struct ");
            put_struct_name(name, i);
            put(" *v%d = &v%d->%s[i%d];\n", depth + 1, depth, f->name, depth);
            put_indent(depth + 1);
            put("(void)v%d;\n", depth + 1);
            put_indent(depth + 1);
            put("buf_puts(b, i%d > 0 ? \",\" : \"\");\n", depth);
            put_json(name, i, depth + 1);
            put_indent(depth);
            put("}\n");
            put_indent(depth);
            put("buf_byte(b, ']');\n");
        } else {
            const char *fn = strcmp(f->type, "int") == 0    ? "buf_i64"
                             : strcmp(f->type, "bool") == 0 ? "render_json_bool"
                             : strcmp(f->type, "day") == 0  ? "render_json_day"
                                                            : "json_write_string";
            put_indent(depth);
            put("%s(b, v%d->%s);\n", fn, depth, f->name);
        }
    }
    put_indent(depth);
    put("buf_byte(b, '}');\n");
}

static void put_schema(int parent)
{
    bool first = true;
    put("{\\\"type\\\":\\\"object\\\",\\\"properties\\\":{");
    for (int i = 0; i < field_count; i++) {
        struct field *f = &fields[i];
        if (f->parent != parent || strcmp(f->type, "html") == 0) {
            continue;
        }
        put("%s\\\"%s\\\":", first ? "" : ",", f->name);
        first = false;
        if (strcmp(f->type, "each") == 0) {
            put("{\\\"type\\\":\\\"array\\\",\\\"items\\\":");
            put_schema(i);
            put("}\"\n    \"");
        } else if (strcmp(f->type, "int") == 0) {
            put("{\\\"type\\\":\\\"integer\\\"}");
        } else if (strcmp(f->type, "bool") == 0) {
            put("{\\\"type\\\":\\\"boolean\\\"}");
        } else if (strcmp(f->type, "day") == 0) {
            put("{\\\"type\\\":[\\\"string\\\",\\\"null\\\"],\\\"format\\\":\\\"date\\\"}");
        } else {
            put("{\\\"type\\\":\\\"string\\\"}");
        }
    }
    put("}}");
}

int main(int argc, char **argv)
{
    if (argc != 6) {
        fputs("usage: pagec EN.po OUT.h OUT.c NAME TEMPLATE.html\n", stderr);
        return 2;
    }
    const char *name = argv[4];
    read_words(argv[1]);
    file = argv[5];
    read_template(read_file(argv[5]));
    gather_fields();

    out = fopen(argv[2], "w");
    put("/* Made from %s by tools/pagec.c. */\n#pragma once\n\n#include \"web/render.h\"\n\n",
        argv[5]);
    put_structs(name, -1);
    put("void %s_html(struct render *r, const struct %s *v0);\n", name, name);
    put("void %s_json(struct buf *b, const struct %s *v0);\n", name, name);
    put("extern const char %s_schema[];\n\n", name);
    put("/* The same for page_show, which takes any template. */\n");
    put("static inline void %s_html_any(struct render *r, const void *v)\n{\n    %s_html(r, "
        "v);\n}\n",
        name, name);
    put("static inline void %s_json_any(struct buf *b, const void *v)\n{\n    %s_json(b, v);\n}\n",
        name, name);
    fclose(out);

    out = fopen(argv[3], "w");
    put("/* Made from %s by tools/pagec.c. */\n#include \"%s_html.h\"\n\n#include "
        "\"base/json_make.h\"\n\n",
        argv[5], name);
    put("void %s_html(struct render *r, const struct %s *v0)\n{\n    (void)v0;\n", name, name);
    put_body(name);
    put("}\n\nvoid %s_json(struct buf *b, const struct %s *v0)\n{\n    (void)v0;\n", name, name);
    put_json(name, -1, 0);
    put("}\n\nconst char %s_schema[] = \"", name);
    put_schema(-1);
    put("\";\n");
    fclose(out);
    return 0;
}
