#!/bin/sh
# dmn.sh - decisions by hand: JSON lines in and out, wrong lines in their place, explanations, refusals; and the whole
# compatibility kit where it lies beside the project.
set -u
cd "$(dirname "$0")/.."
T=build/tongban
W=$(mktemp -d)
passed=0
failed=0
trap 'rm -rf "$W"' EXIT
want() { if [ "$2" = "$3" ]; then passed=$((passed + 1)); else failed=$((failed + 1)); printf 'not so: %s: want %s, got %s\n' "$1" "$2" "$3"; fi; }
has() { case "$3" in *"$2"*) passed=$((passed + 1)) ;; *) failed=$((failed + 1)); printf 'not so: %s: want "%s" in %s\n' "$1" "$2" "$3" ;; esac; }

cat >"$W/fine.dmn" <<'X'
<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" xmlns:tb="urn:tongban:1" name="fine" namespace="urn:x">
  <itemDefinition name="Grade"><typeRef>string</typeRef><allowedValues><text>"light", "grave"</text></allowedValues></itemDefinition>
  <inputData name="turnover" id="i1"><variable name="turnover" typeRef="number"/></inputData>
  <inputData name="grade" id="i2"><variable name="grade" typeRef="Grade"/></inputData>
  <decision name="fine" id="d1"><variable name="fine" typeRef="number"/>
    <informationRequirement><requiredInput href="#i1"/></informationRequirement>
    <informationRequirement><requiredInput href="#i2"/></informationRequirement>
    <decisionTable hitPolicy="UNIQUE">
      <input><inputExpression typeRef="number"><text>turnover</text></inputExpression></input>
      <input><inputExpression typeRef="string"><text>grade</text></inputExpression></input>
      <output typeRef="number"/>
      <rule tb:article="示例法#1"><inputEntry><text>&lt; 10000</text></inputEntry><inputEntry><text>"light"</text></inputEntry><outputEntry><text>turnover * 0.1</text></outputEntry></rule>
      <rule tb:article="示例法#2"><inputEntry><text>-</text></inputEntry><inputEntry><text>"grave"</text></inputEntry><outputEntry><text>turnover * 3</text></outputEntry></rule>
    </decisionTable>
  </decision>
</definitions>
X
printf '%s\n' '{"turnover": 5000.01, "grade": "light"}' '{"turnover":' '{"turnover": 7, "grade": "grave"}' '[]' '{"turnover": 7, "grade": "other"}' >"$W/in"
$T dmn eval "$W/fine.dmn" fine "$W/in" >"$W/out" 2>"$W/err"
want "a wrong line is exit 1" 1 $?
want "exact decimals" 500.001 "$(sed -n 1p "$W/out")"
has "a wrong line says where" '"line":2' "$(sed -n 2p "$W/out")"
want "and the rest goes on" 21 "$(sed -n 3p "$W/out")"
has "no object" '"line":4' "$(sed -n 4p "$W/out")"
has "a value that is not allowed, by its input" 'the input \"grade\"' "$(sed -n 5p "$W/out")"
out=$(sed -n 3p "$W/in" | $T dmn eval "$W/fine.dmn" fine --explain)
has "the rule that fired" '"rule":2' "$out"
has "its article" '"article":"示例法#2"' "$out"
has "what it saw" '"inputs":[7,"grave"]' "$out"
has "why it is null" '"reasons":["cannot' "$(echo '{"grade": "grave"}' | $T dmn eval "$W/fine.dmn" fine --explain)"
$T dmn eval "$W/fine.dmn" none "$W/in" >"$W/out" 2>&1
want "no such decision" 1 $?
has "says so" 'no decision "none"' "$(cat "$W/out")"
sed 's/turnover \* 3/turnovr * 3/' "$W/fine.dmn" >"$W/wrong.dmn"
out=$($T dmn eval "$W/wrong.dmn" fine "$W/in" 2>&1)
has "a wrong cell by rule and column" "rule 2, column 1" "$out"
has "and by line" "wrong.dmn:13" "$out"
printf '<!DOCTYPE d [<!ENTITY a "aaaa">]><definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/">&a;</definitions>' >"$W/bomb.dmn"
has "no entities" "document type" "$($T dmn eval "$W/bomb.dmn" x 2>&1)"
$T dmn >"$W/out" 2>&1
want "bad usage" 2 $?
kit=../shared/tck/TestCases
if [ -d "$kit" ]; then
    $T dmn tck "$kit" --out "$W/kit.csv" 2>"$W/err"
    want "every case of the kit" 0 $?
    want "no error in the results" 0 "$(grep -c '"ERROR"' "$W/kit.csv")"
    cat "$W/err"
else
    echo "the compatibility kit is not beside the project: not run"
fi
echo "dmn: $passed passed, $failed failed"
[ $failed = 0 ]
