# refusalgen.awk - the codes a check or a naming may refuse by, as they stand in src/gate/*.c, for law check.
# A code is "CHECK.word", CHECK the name of a check_CHECK.c.
FNR == 1 && match(FILENAME, /check_[a-z]+\.c$/) { name = substr(FILENAME, RSTART + 6, RLENGTH - 8); is_check[name] = 1 }
{
    line = $0
    while (match(line, /"[a-z]+\.[a-z]+"/)) {
        code = substr(line, RSTART + 1, RLENGTH - 2)
        line = substr(line, RSTART + RLENGTH)
        if (!(code in seen)) { seen[code] = 1; list[++count] = code }
    }
}
END {
    print "/* Made by tools/refusalgen.awk. */\n#pragma once\n\nstatic const char *const refusal_codes[] = {"
    for (i = 1; i <= count; i++) { split(list[i], part, "."); if (part[1] in is_check) printf "    \"%s\",\n", list[i] }
    print "};"
}
