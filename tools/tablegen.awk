# tablegen.awk - makes err_gen.h / err_gen.c and limit_gen.h from src/base/*.table.
# usage: awk -v out=err_h -f tools/tablegen.awk FILE
/^#/ || NF == 0 { next }
{
    name[++count] = $1; value[count] = $2
    rest = $0; sub(/^[^ \t]+[ \t]+[^ \t]+[ \t]+/, "", rest)
    split(rest, part, / \| /); en[count] = part[1]; zh[count] = part[2]
}
END {
    if (out == "err_h") {
        print "/* Made from base/err.table by tools/tablegen.awk. */\n#pragma once\nenum err {"
        for (i = 1; i <= count; i++) printf "    ERR_%s, /* %s */\n", toupper(name[i]), en[i]
        print "    ERR_COUNT\n};"
    } else if (out == "err_c") {
        print "/* Made from base/err.table by tools/tablegen.awk. */\n#include \"base/base.h\"\n"
        print "static const struct {\n    const char *name;\n    const char *en;\n    const char *zh;\n    int status;\n} rows[ERR_COUNT] = {"
        for (i = 1; i <= count; i++) printf "    [ERR_%s] = {\"%s\", \"%s\", \"%s\", %s},\n", toupper(name[i]), name[i], en[i], zh[i], value[i]
        print "};\n"
        print "static int row(enum err e)\n{\n    return (unsigned)e < ERR_COUNT ? (int)e : (int)ERR_IO;\n}\n"
        print "const char *err_name(enum err e)\n{\n    return rows[row(e)].name;\n}\n"
        print "const char *err_sentence(enum err e)\n{\n    return rows[row(e)].en;\n}\n"
        print "const char *err_sentence_zh(enum err e)\n{\n    return rows[row(e)].zh;\n}\n"
        print "int err_status(enum err e)\n{\n    return rows[row(e)].status;\n}"
    } else {
        print "/* Made from base/limit.table by tools/tablegen.awk. */\n#pragma once\n"
        for (i = 1; i <= count; i++) printf "/* %s */\n#define LIMIT_%s %s\n", en[i], toupper(name[i]), value[i]
    }
}
