# testgen.awk - gathers TEST(name) from test_*.c into the runner's table.
/^TEST\(/ { name = $0; sub(/^TEST\(/, "", name); sub(/\).*/, "", name); names[++count] = name }
END {
    print "/* Made by tools/testgen.awk. */\n#include \"base/test_run.h\"\n"
    for (i = 1; i <= count; i++) printf "void test_%s(struct test *t, struct ctx *ctx);\n", names[i]
    print "\nconst struct test_row test_rows[] = {"
    for (i = 1; i <= count; i++) printf "    {\"%s\", test_%s},\n", names[i], names[i]
    print "};\nconst size_t test_row_count = sizeof(test_rows) / sizeof(test_rows[0]);"
}
