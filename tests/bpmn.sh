#!/bin/sh
# bpmn.sh - tongban bpmn on models as other tools write them: prefixes, foreign extensions, a diagram, imports.
set -u
cd "$(dirname "$0")/.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
passed=0
failed=0

# expect NAME CODE PATTERN COMMAND…: exit code, and a line of what it says on either stream.
expect() {
    name=$1 code=$2 pattern=$3
    shift 3
    "$@" >"$dir/out" 2>&1
    got=$?
    if [ "$got" = "$code" ] && grep -qe "$pattern" "$dir/out"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "not so: $name (exit $got, wanted $code and \"$pattern\")"
        cat "$dir/out"
    fi
}

cat >"$dir/order.bpmn" <<'XML'
<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC"
  xmlns:di="http://www.omg.org/spec/DD/20100524/DI" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" xmlns:vendor="urn:somebody:else" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
  id="d" targetNamespace="t" expressionLanguage="http://www.w3.org/1999/XPath" exporter="x" vendor:version="1">
  <bpmn:import importType="http://www.omg.org/spec/BPMN/20100524/MODEL" location="called.bpmn" namespace="t2"/>
  <bpmn:collaboration id="c"><bpmn:participant id="us" processRef="order"/><bpmn:participant id="them" name="Customer"/><bpmn:messageFlow id="mf" sourceRef="them" targetRef="start"/></bpmn:collaboration>
  <bpmn:message id="m" name="payment"><bpmn:extensionElements><zeebe:subscription correlationKey="=orderId"/></bpmn:extensionElements></bpmn:message>
  <bpmn:error id="e" name="No stock" errorCode="STOCK"/>
  <bpmn:process id="order" name="Order" isExecutable="true" vendor:owner="a">
    <bpmn:documentation>words</bpmn:documentation>
    <bpmn:laneSet id="ls"><bpmn:lane id="l1" name="Shop"><bpmn:flowNodeRef>review</bpmn:flowNodeRef></bpmn:lane></bpmn:laneSet>
    <bpmn:startEvent id="start"><bpmn:outgoing>f1</bpmn:outgoing></bpmn:startEvent>
    <bpmn:userTask id="review" name="Review" vendor:assignee="x"><bpmn:extensionElements><zeebe:formDefinition formId="f"/><vendor:thing><vendor:deep/></vendor:thing></bpmn:extensionElements></bpmn:userTask>
    <bpmn:exclusiveGateway id="ok" default="no"/>
    <bpmn:serviceTask id="charge"><bpmn:extensionElements><zeebe:taskDefinition type="charge"/></bpmn:extensionElements></bpmn:serviceTask>
    <bpmn:boundaryEvent id="failed" attachedToRef="charge"><bpmn:errorEventDefinition id="ed" errorRef="e"/></bpmn:boundaryEvent>
    <bpmn:callActivity id="ship" calledElement="shipping"/>
    <bpmn:endEvent id="end"/><bpmn:endEvent id="lost"/>
    <bpmn:sequenceFlow id="f1" sourceRef="start" targetRef="review"/>
    <bpmn:sequenceFlow id="f2" sourceRef="review" targetRef="ok"/>
    <bpmn:sequenceFlow id="yes" sourceRef="ok" targetRef="charge"><bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">=amount &lt; 100</bpmn:conditionExpression></bpmn:sequenceFlow>
    <bpmn:sequenceFlow id="no" sourceRef="ok" targetRef="lost"/>
    <bpmn:sequenceFlow id="f3" sourceRef="charge" targetRef="ship"/>
    <bpmn:sequenceFlow id="f4" sourceRef="failed" targetRef="lost"/>
    <bpmn:sequenceFlow id="f5" sourceRef="ship" targetRef="end"/>
    <bpmn:textAnnotation id="ta"><bpmn:text>note</bpmn:text></bpmn:textAnnotation>
    <bpmn:association id="as" sourceRef="review" targetRef="ta"/>
  </bpmn:process>
  <bpmn:process id="sketch" isExecutable="false"><bpmn:task id="loose"/></bpmn:process>
  <bpmndi:BPMNDiagram id="di"><bpmndi:BPMNPlane id="pl" bpmnElement="c"><bpmndi:BPMNShape id="sh" bpmnElement="start"><dc:Bounds x="10" y="10" width="36" height="36"/></bpmndi:BPMNShape>
  <bpmndi:BPMNEdge id="eg" bpmnElement="f1"><di:waypoint x="46" y="28"/><di:waypoint x="90" y="28"/></bpmndi:BPMNEdge></bpmndi:BPMNPlane></bpmndi:BPMNDiagram>
</bpmn:definitions>
XML
cat >"$dir/called.bpmn" <<'XML'
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="t2"><message id="m2" name="arrived"/><process id="shipping"><startEvent id="s"/><receiveTask id="wait" messageRef="m2"/><endEvent id="e"/>
<sequenceFlow id="a" sourceRef="s" targetRef="wait"/><sequenceFlow id="b" sourceRef="wait" targetRef="e"/></process></definitions>
XML
t=build/tongban
expect "what waits without a script" 0 '"state":"waiting".*"element":"review"' $t bpmn run "$dir/order.bpmn"
printf '%s\n' '{"complete":"review","values":{"amount":5}}' '{"expect":["wait"]}' '{"message":"m2"}' '{"expect":"ended"}' >"$dir/good"
expect "through the called process" 0 '"state":"completed"' $t bpmn run "$dir/order.bpmn" --script "$dir/good"
cp "$dir/out" "$dir/first"
$t bpmn run "$dir/order.bpmn" --script "$dir/good" >"$dir/second"
expect "twice the same, byte for byte" 0 'same' sh -c "cmp '$dir/first' '$dir/second' && echo same"
printf '%s\n' '{"complete":"review","values":{"amount":5}}' '{"error":"STOCK","at":"charge"}' '{"expect":"ended"}' >"$dir/fails"
expect "a task that the script lets fail waits for it" 0 '"element":"failed","state":"occurred"' $t bpmn run "$dir/order.bpmn" --script "$dir/fails"
printf '%s\n' '# nothing awaits it' '{"message":"payment"}' >"$dir/bad"
expect "a fault names the line of the script" 1 "bad:2: .*does not await" $t bpmn run "$dir/order.bpmn" --script "$dir/bad"
printf '%s\n' '{"error":"ELSE","at":"review"}' >"$dir/uncaught"
expect "an uncaught error" 1 'nobody caught' $t bpmn run "$dir/order.bpmn" --script "$dir/uncaught"
expect "a process marked not executable" 1 'order.bpmn:[0-9]*: process "sketch": .*not marked executable' $t bpmn run "$dir/order.bpmn" --process sketch
expect "unless asked for" 0 '"element":"loose","state":"completed"' $t bpmn run "$dir/order.bpmn" --process sketch --any
expect "no such process" 1 'no process "none"' $t bpmn run "$dir/order.bpmn" --process none
expect "wrong usage" 2 'usage' $t bpmn run
expect "help" 0 'JSON lines' $t bpmn run --help
expect "nothing to find fault with" 0 'sound' $t bpmn check "$dir/order.bpmn"
expect "a drawing" 0 '<svg' $t bpmn svg "$dir/order.bpmn"
sed 's/targetRef="charge"/targetRef="nowhere"/' "$dir/order.bpmn" >"$dir/broken.bpmn"
expect "a broken model" 1 'broken.bpmn:[0-9]*: sequenceFlow "yes"' $t bpmn run "$dir/broken.bpmn"

# what six modellers write beside the standard, in every encoding; nothing outside the file is read
for m in tests/bpmn/*.bpmn; do
    expect "$m" 0 '"state":"completed"' $t bpmn run "$m" --any --script "${m%.bpmn}.jsonl"
done
encoded() { sed "s/encoding=\"UTF-8\"/encoding=\"$1\"/" tests/bpmn/flowable.bpmn | iconv -f UTF-8 -t "$2" >"$dir/encoded.bpmn"; }
for e in UTF-16:UTF-16 UTF-16:UTF-16BE ISO-8859-1:ISO-8859-1 GB18030:GB18030; do
    encoded "${e%:*}" "${e#*:}"
    expect "$e" 0 '"state":"completed"' $t bpmn run "$dir/encoded.bpmn" --script tests/bpmn/flowable.jsonl
done
{ printf '\357\273\277'; cat tests/bpmn/flowable.bpmn; } >"$dir/mark.bpmn"
expect "a byte order mark" 0 '"state":"completed"' $t bpmn run "$dir/mark.bpmn" --script tests/bpmn/flowable.jsonl
bomb='<!DOCTYPE d [<!ENTITY a "aaaaaaaaaaaaaaaaaaaa">'
for pair in a:b b:c c:d d:e e:f f:g g:h h:i; do
    bomb="$bomb<!ENTITY ${pair#*:} \"&${pair%:*};&${pair%:*};&${pair%:*};&${pair%:*};&${pair%:*};&${pair%:*};&${pair%:*};&${pair%:*};&${pair%:*};&${pair%:*};\">"
done
bomb="$bomb]><definitions xmlns=\"http://www.omg.org/spec/BPMN/20100524/MODEL\"><process id=\"&i;\"/></definitions>"
printf '<?xml version="1.0"?>%s' "$bomb" >"$dir/bomb.bpmn"
expect "entities" 1 'bomb.bpmn:1: a model has no document type' timeout 5 $t bpmn run "$dir/bomb.bpmn"
printf '<?xml version="1.0" encoding="UTF-16"?>%s' "$bomb" | iconv -f UTF-8 -t UTF-16 >"$dir/bomb.bpmn"
expect "entities in UTF-16" 1 'bomb.bpmn:1: ' timeout 5 $t bpmn run "$dir/bomb.bpmn"
printf '<!DOCTYPE d SYSTEM "file:///etc/hostname"><definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"><process id="p"/></definitions>' >"$dir/outside.bpmn"
expect "a document type" 1 'outside.bpmn:1: a model has no document type' $t bpmn run "$dir/outside.bpmn"
printf '' >"$dir/empty.bpmn"
expect "nothing" 1 'empty.bpmn:1: XML: ' $t bpmn run "$dir/empty.bpmn"
head -c 4000 "$t" >"$dir/bytes.bpmn"
expect "bytes of another kind" 1 'bytes.bpmn:1: XML: ' $t bpmn run "$dir/bytes.bpmn"
expect "no file" 1 'cannot open' $t bpmn run "$dir/none.bpmn"
for p in law/cn/procedure/*.bpmn; do
    expect "$p" 0 '<svg' $t bpmn svg "$p"
done
echo "bpmn: $passed passed, $failed failed"
[ "$failed" = 0 ]
