/* Every way a pack is refused: one edit of the sample packs each, with the file and the sentence
 * that answers it. */
#include <stdlib.h>
#include <string.h>

#include "base/arena_fault.h"
#include "base/day.h"
#include "base/json.h"
#include "base/test.h"
#include "law/law_in.h"

#define ACT_REST "\"title\":{\"zh\":\"x\"},\"articles\":[\"行政许可法#22\"],\"case\":\"none\""
#define ACT "{\"act\":\"zzz\",\"who\":{\"party\":true}," ACT_REST
#define FACT                                                                                       \
    "{\"subject\":\"z\",\"title\":{\"zh\":\"x\"},\"facts\":[{\"fact\":\"z.a\",\"title\":{\"zh\":"  \
    "\"x\"},\"class\":\"public\""
#define LIMIT                                                                                      \
    "{\"statute\":\"x\",\"limits\":[{\"limit\":\"z\",\"article\":\"行政许可法#22\",\"title\":{"         \
    "\"zh\":\"x\"},\"n\":3,\"unit\":\"day\",\"per\":\"office\""
#define OFFICE                                                                                     \
    "{\"office\":\"zz\",\"title\":{\"zh\":\"x\"},\"place\":\"990101\",\"level\":\"county\""
#define POWER                                                                                      \
    OFFICE ",\"powers\":[{\"articles\":[\"行政许可法#24\"],\"items\":[\"food-new\"],\"kind\":"          \
           "\"accept\",\"from\":\"2026-01-01\""
#define LICENCE "{\"licence\":\"zz\",\"title\":{\"zh\":\"x\"}"
#define STATUTE "{\"statute\":\"z\",\"title\":{\"zh\":\"x\"},\"rank\":\"law\",\"version\":\"1\""
#define TEST_STEP "{\"test\":\"zz\",\"steps\":[{\"day\":\"2026-01-05\",\"by\":\"o-clerk\","
#define ITEM "item/food-new/item.json"

/* old NULL: the file is `new` whole, in the second pack; else the first `old` in the file of either
 * pack is `new`. */
static const struct row {
    const char *path;
    const char *old;
    const char *new;
    const char *says;
} rows[] = {
    /* members */
    {"act/zzz.json", NULL, "[]", "an object was expected here"},
    {"act/zzz.json", NULL, ACT ",\"colour\":1}", "\"colour\" is not known here"},
    {"act/zzz.json", NULL, "{\"act\":\"zzz\"}", "the member \"title\" is missing"},
    {"act/zzz.json", NULL, ACT ",\"power\":7}", "\"power\" must be a text"},
    {"act/zzz.json", NULL, ACT ",\"task\":1}", "\"task\" must be true or false"},
    {"act/zzz.json", NULL, ACT ",\"assurance\":9}",
     "\"assurance\" must be a whole number from 0 to"},
    {"act/zzz.json", NULL, ACT ",\"tells\":[1]}", "\"tells\" is a list of texts"},
    {"act/zzz.json", NULL, ACT ",\"when\":\"1 +\"}", "\"when\":"},
    {"act/zzz.json", NULL, ACT ",\"apart\":{\"after\":[1]}}", "\"after\" is a list of names"},
    {"act/zzz.json", NULL,
     ACT ",\"apart\":{\"not_same_as\":[\"accept\"],\"articles\":{\"not_same_as\":"
         "{\"grant\":\"行政许可法#24\"}}}}",
     "articles of kinds that"},
    {"fact/z.json", NULL, FACT ",\"type\":\"integer\",\"min\":0.5}]}",
     "\"min\" must be a whole number"},
    {"statute/z.json", NULL, STATUTE ",\"from\":\"2026-02-30\",\"articles\":[]}",
     "\"from\" must be a day"},
    /* acts */
    {"act/zzy.json", NULL, ACT "}", "must stand in act/zzz.json"},
    {"act/accept.json", NULL, "{}", "a pack never replaces a file"},
    {"act/zzz.json", NULL, "{\"act\":\"accept\",\"who\":{\"party\":true}," ACT_REST "}",
     "the kind of act \"accept\" stands twice"},
    {"act/zzz.json", NULL, "{\"act\":\"zzz\",\"who\":{\"king\":true}," ACT_REST "}",
     "who is party, officer, clock, node, admin or client"},
    {"act/zzz.json", NULL, "{\"act\":\"zzz\",\"who\":{\"officer\":true}," ACT_REST "}",
     "\"officer\" lists the roles"},
    {"act/zzz.json", NULL, "{\"act\":\"zzz\",\"who\":{\"party\":false}," ACT_REST "}",
     "\"party\" is true or not there"},
    {"act/zzz.json", NULL, "{\"act\":\"zzz\",\"who\":{\"officer\":[\"king\"]}," ACT_REST "}",
     "the code table role has no \"king\""},
    {"act/zzz.json", NULL, "{\"act\":\"zzz\",\"who\":{}," ACT_REST "}",
     "says nobody who may do it"},
    {"act/zzz.json", NULL,
     "{\"act\":\"zzz\",\"who\":{\"party\":true},\"title\":{\"zh\":\"x\"},\"case\":\"none\"}",
     "rests on no article"},
    {"act/zzz.json", NULL,
     "{\"act\":\"zzz\",\"who\":{\"party\":true},\"title\":{\"zh\":\"x\"},\"articles\":[7],\"case\":"
     "\"none\"}",
     "a citation is a text"},
    {"act/zzz.json", NULL,
     "{\"act\":\"zzz\",\"who\":{\"party\":true},\"title\":{\"zh\":\"x\"},\"articles\":["
     "\"行政许可法\"],\"case\":\"none\"}",
     "is not STATUTE#ARTICLE"},
    {"act/zzz.json", NULL,
     "{\"act\":\"zzz\",\"who\":{\"party\":true},\"title\":{\"zh\":\"x\"},\"articles\":["
     "\"行政许可法#22@1999-01-01\"],\"case\":\"none\"}",
     "no version of"},
    {"act/zzz.json", NULL,
     "{\"act\":\"zzz\",\"who\":{\"party\":true},\"title\":{\"zh\":\"x\"},\"articles\":["
     "\"行政许可法#22\"],\"case\":\"maybe\"}",
     "case is open, in or none"},
    {"act/zzz.json", NULL, ACT ",\"purpose\":[\"fun\"]}",
     "purpose lists public, business, personal, sensitive"},
    {"act/zzz.json", NULL, ACT ",\"tells\":[\"king\"]}", "\"king\" is no word of \"tells\""},
    {"act/zzz.json", NULL, ACT ",\"to\":\"zzz\"}", "the code table status has no \"zzz\""},
    {"act/zzz.json", NULL, ACT ",\"fields\":7}", "\"fields\" is a list, or the word \"need\""},
    {"act/zzz.json", NULL, ACT ",\"fields\":[{\"fact\":\"case.note\",\"need\":\"maybe\"}]}",
     "need is required or optional"},
    {"act/zzz.json", NULL, ACT ",\"fields\":[{\"fact\":\"case.zzz\",\"need\":\"optional\"}]}",
     "there is no fact \"case.zzz\""},
    {"act/zzz.json", NULL,
     ACT ",\"fields\":[{\"fact\":\"case.note\",\"need\":\"optional\",\"instead\":\"zzz\"}]}",
     "there is no licence type \"zzz\""},
    {"act/zzz.json", NULL, ACT ",\"bounds\":{\"decision\":\"x\",\"allow\":\"true\"}}",
     "bounds cite the article"},
    {"act/zzz.json", NULL, ACT ",\"conditions\":[{\"when\":\"true\",\"text\":{\"zh\":\"x\"}}]}",
     "the article that refuses otherwise"},
    {"act/zzz.json", NULL, ACT ",\"barred\":true}", "one that opens a case is barred"},
    {"act/zzz.json", NULL, ACT ",\"bars\":\"xk.ban1\"}", "an act in a case bars the party"},
    {"act/zzz.json", NULL, ACT ",\"interested\":\"case.zzz\"}", "there is no fact \"case.zzz\""},
    {"item/xxgk/item.json", "\"article\": \"行政复议法#23\"", "\"article\": \"行政复议法#20\"",
     "reconsideration comes first (行政复议法#23)"},
    {ITEM, "\"licence\": \"food-business\"", "\"licence\": null",
     "\"issue-licence\" of its procedure \"licensing\" issues one"},
    {ITEM, "\"bars\": [", "\"bars\": [\"xk.zzz\",", "there is no limit \"xk.zzz\""},
    {"act/zzz.json", NULL, ACT ",\"power\":\"zzz\"}", "the code table power-kind has no \"zzz\""},
    {"act/zzz.json", NULL, ACT ",\"limit\":\"zzz\"}", "there is no limit \"zzz\""},
    {"act/zzz.json", NULL, ACT ",\"draws\":\"zzz\"}", "there is no document \"zzz\""},
    {"act/zzz.json", NULL,
     "{\"act\":\"zzz\",\"who\":{\"party\":true},\"title\":{\"zh\":\"x\"},\"articles\":["
     "\"行政许可法#22\"],\"case\":\"in\",\"task\":true}",
     "no procedure awaits the act"},
    /* facts */
    {"fact/z.json", NULL,
     "{\"subject\":\"z\",\"title\":{\"zh\":\"x\"},\"facts\":[{\"fact\":\"case.note\"}]}",
     "the fact \"case.note\" stands twice"},
    {"fact/z.json", NULL, FACT ",\"type\":\"choice\"}]}", "has neither code table nor choices"},
    {"fact/z.json", NULL, FACT ",\"type\":\"wish\"}]}", "unknown type or class"},
    {"fact/z.json", NULL, FACT ",\"type\":\"date\",\"latest\":\"today\"}]}",
     "is a duration from the day of the act"},
    {"fact/z.json", NULL, FACT ",\"type\":\"date\",\"earliest\":\"-P150\"}]}",
     "is a duration from the day of the act"},
    {"fact/z.json", NULL, FACT ",\"type\":\"text\",\"latest\":\"P0D\"}]}", "and only of a date"},
    {"fact/z.json", NULL, FACT ",\"type\":\"text\",\"form\":\"pretty\"}]}", "can only be \"name\""},
    {"fact/z.json", NULL, FACT ",\"type\":\"idcard\",\"form\":\"name\"}]}", "of a text"},
    {"fact/z.json", NULL,
     FACT ",\"type\":\"text\",\"held\":{\"register\":\"x\",\"as\":\"a\",\"by\":\"no.such\"}}]}",
     "no.such"},
    {"act/zzz.json", NULL,
     ACT ",\"fields\":[{\"fact\":\"person.name\",\"need\":\"required\",\"affirmed\":true}]}",
     "only a yes or no is"},
    {"fact/z.json", NULL, FACT ",\"type\":\"text\",\"pattern\":\"(\"}]}",
     "cannot be read from its byte"},
    {"fact/z.json", NULL, FACT ",\"type\":\"text\",\"pattern\":\"(a)\\\\1\"}]}",
     "holds more than letters"},
    {"fact/z.json", NULL,
     "{\"subject\":\"z\",\"title\":{\"zh\":\"x\"},\"facts\":[{\"fact\":\"za\",\"title\":{\"zh\":"
     "\"x\"},\"class\":\"public\",\"type\":\"text\"}]}",
     "a fact is named subject.name"},
    {"fact/z.json", NULL, FACT ",\"type\":\"choice\",\"code\":\"zzz\"}]}",
     "there is no code table \"zzz\""},
    /* statutes and codes */
    {"statute/z.json", NULL,
     "{\"statute\":\"行政许可法\",\"title\":{\"zh\":\"x\"},\"rank\":\"law\",\"version\":\"9\","
     "\"articles\":[]}",
     "belongs to the pack \"cn\""},
    {"statute/z.json", NULL,
     STATUTE ",\"articles\":[{\"no\":\"1\",\"text\":{\"zh\":\"x\"}},{\"no\":\"1\",\"text\":{\"zh\":"
             "\"x\"}}]}",
     "article 1 stands twice"},
    {"code/zzz.json", NULL, "{\"code\":\"role\",\"title\":{\"zh\":\"x\"},\"rows\":[]}",
     "the code table \"role\" stands twice"},
    {"code/zzz.json", NULL,
     "{\"code\":\"zzz\",\"title\":{\"zh\":\"x\"},\"rows\":[{\"code\":\"a\",\"title\":{\"zh\":\"x\"}"
     "},{\"code\":\"a\",\"title\":{\"zh\":\"x\"}}]}",
     "the code \"a\" stands twice"},
    {"code/refusal.json", "\"code\": \"time.late\"", "\"code\": \"time.lately\"",
     "the code table refusal has no row \"time.late\""},
    /* calendars and limits */
    {"calendar/2027.json", NULL,
     "{\"year\":2027,\"notice\":{\"zh\":\"x\"},\"off\":{\"2026-01-01\":\"x\"}}",
     "is no day of 2027"},
    {"calendar/2027.json", NULL,
     "{\"year\":2027,\"notice\":{\"zh\":\"x\"},\"off\":{\"2027-01-01\":\"x\"},\"work\":{\"2027-01-"
     "01\":\"x\"}}",
     "is a day off and a working day"},
    {"calendar/fixed.json", "\"10-03\"", "\"10-32\"", "is no day of the year"},
    {"calendar/fixed.json", "\"articles\": [\"全国年节及纪念日放假办法#2\"]", "\"articles\": []",
     "stands in a statute"},
    {"fact/review.json", "\"names\": \"officer\"", "\"names\": \"colour\"",
     "names an office, officer, party, item, case, licence, act, document, authority or pack"},
    {"calendar/2028.json", NULL, "{\"year\":2027,\"notice\":{\"zh\":\"x\"}}",
     "the calendar of 2027 must stand in calendar/2027.json"},
    {"limit/z.json", NULL, "{\"statute\":\"x\",\"limits\":[{\"limit\":\"xk.decide\"}]}",
     "the limit \"xk.decide\" stands twice"},
    {"limit/z.json", NULL,
     "{\"statute\":\"x\",\"limits\":[{\"limit\":\"z\",\"article\":\"行政许可法#22\",\"title\":{"
     "\"zh\":\"x\"},\"unit\":\"day\",\"per\":\"office\"}]}",
     "the limit \"z\" has no n"},
    {"limit/z.json", NULL,
     "{\"statute\":\"x\",\"limits\":[{\"limit\":\"z\",\"title\":{\"zh\":\"x\"},\"n\":3,\"unit\":"
     "\"day\",\"per\":\"office\"}]}",
     "the limit \"z\" cites no article"},
    {"limit/z.json", NULL,
     "{\"statute\":\"x\",\"limits\":[{\"limit\":\"z\",\"article\":\"行政许可法#22\",\"title\":{"
     "\"zh\":\"x\"},\"n\":3,\"unit\":\"week\",\"per\":\"office\"}]}",
     "unit is workday"},
    {"limit/z.json", NULL,
     "{\"statute\":\"x\",\"limits\":[{\"limit\":\"z\",\"article\":\"行政许可法#22\",\"title\":{"
     "\"zh\":\"x\"},\"n\":3,\"unit\":\"day\",\"per\":\"king\"}]}",
     "per is office or party"},
    {"limit/z.json", NULL, LIMIT ",\"since\":\"case.reason\"}]}", "a fact that is a date"},
    {"limit/z.json", NULL, LIMIT ",\"direction\":\"up\"}]}", "direction is after or before"},
    {"limit/z.json", NULL, LIMIT ",\"direction\":\"before\"}]}",
     "names the fact that holds its day"},
    {"limit/z.json", NULL, LIMIT ",\"direction\":\"before\",\"event\":\"case.reason\"}]}",
     "the fact \"case.reason\" is no date"},
    {"limit/z.json", NULL, LIMIT ",\"late\":\"soon\"}]}", "late is refuse, allow or deem"},
    {"limit/z.json", NULL, LIMIT ",\"late\":\"deem\"}]}", "names the act that is deemed done"},
    {"limit/z.json", NULL, LIMIT ",\"deem_since\":\"noon\"}]}", "deem_since is end or start"},
    {"limit/z.json", NULL, LIMIT ",\"starts\":\"noon\"}]}", "starts is act, received or served"},
    /* items */
    {"item/food-new/item.json", "\"item\": \"food-new\"", "\"item\": \"food\"",
     "must stand in a folder of its name"},
    {ITEM, "\"990117001000\"", "\"99011700100\"", "is not one of 12 characters by GB/T 39554.1"},
    {ITEM, "\"11990101MB9900021A4990117001000\"", "\"11990101MB9900021B4990117001000\"",
     "no credit code (GB 32100)"},
    {ITEM, "\"11990101MB9900021A4990117001000\"", "\"11990101MB9900021A4990117001009\"",
     "do not build on each other"},
    {ITEM, "\"990117001000\"", "\"990217001000\"", "the basic code says type 02"},
    {"item/food-renewal/item.json", "\"11990101MB9900021A4990117002000\"",
     "\"11990101MB9900021A4990117001000\"", "do not build on each other"},
    {ITEM, "\"article\": \"食品安全法#33.1\"", "\"article\": null",
     "a condition cites its article"},
    {ITEM, "\"unit\": \"workday\"", "\"unit\": \"week\"", "unit is workday"},
    {ITEM, "\"n\": 5", "\"n\": 50", "a promise cannot be longer than the limit"},
    {ITEM, "\"sum_fen\": 0", "\"sum_fen\": -1", "a fee is not below 0 fen"},
    {ITEM, "\"decision\": \"eligibility\"", "\"decision\": \"zzz\"", "has no decision \"zzz\""},
    {ITEM, "\"decide\": \"xk.decide\"", "\"zzz\": \"jz.permit\"",
     "has no limit that stands as \"zzz\""},
    {ITEM, "\"decide\": \"xk.decide\"", "\"decide\": 7", "a limit is named by a text"},
    {ITEM, "\"procedure\": \"licensing\"", "\"procedure\": \"zzz\"",
     "there is no procedure \"zzz\""},
    {"item/zzz/need.json", NULL, "{\"facts\":[]}", "there is no item for item/zzz/need.json"},
    /* licences */
    {"licence/zz.json", NULL, "{\"licence\":\"food-business\",\"title\":{\"zh\":\"x\"}}",
     "the licence type \"food-business\" stands twice"},
    {"licence/zz.json", NULL, LICENCE ",\"valid\":{\"n\":5,\"unit\":\"week\"}}", "unit is workday"},
    {"licence/zz.json", NULL, LICENCE ",\"number\":{\"prefix\":\"x\",\"digits\":40}}",
     "\"digits\" must be a whole number from 1 to 18"},
    /* offices and powers */
    {"office/zz.json", NULL, OFFICE ",\"kind\":\"court\"}",
     "an office is a government, a department of one"},
    {"office/zz.json", NULL,
     "{\"office\":\"bh-market\",\"title\":{\"zh\":\"x\"},\"place\":\"990101\"}",
     "the office \"bh-market\" stands twice"},
    {"office/zz.json", NULL, OFFICE ",\"code\":\"91350100M000100Y44\"}",
     "the credit code does not check"},
    {"office/zz.json", NULL, OFFICE ",\"is\":\"club\"}",
     "an office is an organ or an organisation"},
    {"office/zz.json", NULL, OFFICE ",\"parent\":\"zz\"}", "\"zz\" stands above itself"},
    {"office/zz.json", NULL,
     "{\"office\":\"zz\",\"title\":{\"zh\":\"x\"},\"place\":\"990000\",\"level\":\"province\","
     "\"parent\":\"bh-market\"}",
     "is of a lower level than"},
    {"office/zz.json", NULL,
     "{\"office\":\"zz\",\"title\":{\"zh\":\"x\"},\"place\":\"990101\",\"level\":\"moon\"}",
     "the code table level has no \"moon\""},
    {"office/zz.json", NULL, OFFICE ",\"powers\":[{\"kind\":\"accept\",\"items\":[\"jzz\"]}]}",
     "cites no article"},
    {"office/zz.json", NULL,
     OFFICE ",\"powers\":[{\"kind\":\"zzz\",\"items\":[],\"articles\":[\"行政许可法#22\"]}]}",
     "the code table power-kind has no \"zzz\""},
    {"office/zz.json", NULL, POWER "}]}",
     "both hold the power \"accept\" for \"food-new\" at one time"},
    {"office/zz.json", NULL, POWER ",\"until\":\"2025-01-01\"}]}", "ends before it begins"},
    {"office/zz.json", NULL, POWER ",\"basis\":\"custom\"}]}", "basis is legal, authorised"},
    {"office/zz.json", NULL, POWER ",\"cases\":\"move\"}]}", "cases is move or stay"},
    {"office/zz.json", NULL, POWER ",\"of\":[\"bh-market\"]}]}",
     "names in \"of\" whose it is or was"},
    {"office/zz.json", NULL, POWER ",\"basis\":\"entrusted\",\"of\":[\"bh-market\"]}]}",
     "an entrusted power names one office, its items, and the day it ends"},
    {"office/zz.json", NULL,
     POWER ",\"basis\":\"entrusted\",\"of\":[\"bh-police\"],\"until\":\"2027-01-01\"}]}",
     "does not hold \"accept\" for \"food-new\" all that time"},
    {"office/zz.json", NULL,
     "{\"office\":\"zz\",\"title\":{\"zh\":\"x\"},\"place\":\"990101\",\"is\":\"organisation\","
     "\"powers\":[{\"articles\":[\"行政许可法#24\"],\"items\":[\"food-new\"],\"kind\":\"accept\","
     "\"from\":\"2026-01-01\",\"basis\":\"entrusted\",\"of\":[\"bh-market\"],\"until\":\"2027-01-"
     "01\"}]}",
     "may be entrusted to an organ only (行政许可法#24)"},
    {"office/zz.json", NULL,
     "{\"office\":\"zz\",\"title\":{\"zh\":\"x\"},\"place\":\"990101\",\"powers\":[{\"articles\":["
     "\"行政许可法#24\"],\"items\":[\"food-revoke\"],\"kind\":\"accept\",\"from\":\"2026-01-01\","
     "\"basis\":\"entrusted\",\"of\":[\"bh-market\"],\"until\":\"2027-01-01\"}]}",
     "no law lets \"food-revoke\" be entrusted"},
    {"code/power-basis.json", "\"parent\": \"organisation\"", "\"parent\": \"never\"",
     NULL}, /* sound by itself */
    {"office/zz.json", NULL,
     "{\"office\":\"zz\",\"title\":{\"zh\":\"x\"},\"place\":\"990101\",\"is\":\"organisation\","
     "\"powers\":[{\"articles\":[\"行政许可法#22\"],\"items\":[\"food-new\"],\"kind\":\"accept\"}]"
     "}",
     "an organisation that is no organ holds powers by authorisation or entrustment only"},
    {"office/zz.json", NULL,
     "{\"office\":\"zz\",\"title\":{\"zh\":\"x\"},\"place\":\"990101\",\"powers\":[{\"articles\":[]"
     ",\"items\":[\"food-new\"],\"kind\":\"accept\",\"basis\":\"authorised\"}]}",
     "only a law or a regulation authorises"},
    {"office/zz.json", NULL, POWER ",\"basis\":\"transferred\",\"of\":[\"bh-police\"]}]}",
     "there is nothing to take over"},
    {"office/zz.json", NULL, POWER ",\"basis\":\"transferred\",\"of\":[\"bh-market\"]}]}",
     "keeps \"accept\" for \"food-new\" after it was taken over"},
    {"office/zz.json", NULL,
     OFFICE ",\"powers\":[{\"articles\":[\"行政许可法#25\"],\"items\":[],\"kind\":\"accept\","
            "\"basis\":\"concentrated\",\"of\":[\"bh-market\"]}]}",
     "a power taken over from others names its items"},
    {"office/bh-market.json", "\"code\": \"11990101MB9900021A\"",
     "\"level\": \"county\", \"code\": \"11990101MB9900013F\"",
     "no office with the credit code 11990101MB9900021A"},
    {"office/bh-fire.json", "\"kind\": \"inspect\"", "\"kind\": \"collect\"",
     "no office holds the power \"inspect\""},
    /* procedures, decisions, documents, stories, files */
    {"procedure/zzz.bpmn", NULL, "<definitions/>", "root"},
    {"procedure/zzz.bpmn", NULL, "<!DOCTYPE x [<!ENTITY a \"b\">]><x/>", "no document type"},
    {"procedure/licensing.bpmn", "ref=\"xk.decide\"", "ref=\"zzz\"", "there is no limit \"zzz\""},
    {"procedure/licensing.bpmn", "<tb:status name=\"granted\"/>", "<tb:status name=\"zzz\"/>",
     "the code table status has no \"zzz\""},
    {"procedure/licensing.bpmn", "<tb:act kind=\"deliver\"/>", "<tb:act kind=\"zzz\"/>",
     "is no kind of act that is a task"},
    {"item/food-new/zzz.dmn", NULL, "<x/>", "definitions of DMN"},
    {"procedure/penalty.bpmn", "model=\"rule/penalty-hearing.dmn\"", "model=\"rule/zzz.dmn\"",
     "there is no decision model \"rule/zzz.dmn\""},
    {"procedure/penalty.bpmn", "calledElement=\"execution\"", "calledElement=\"nowhere\"",
     "the process it calls is neither in this model"},
    {"procedure/execution.bpmn", "<tb:status name=\"overdue\"/>", "<tb:status name=\"zzz\"/>",
     "the code table status has no \"zzz\""},
    {"procedure/penalty.bpmn", "decision=\"hearing\"", "decision=\"zzz\"",
     "has no decision of the name it asks for"},
    {"procedure/penalty.bpmn", "hearing = false<", "false<",
     "nothing in the procedure goes by \"hearing\""},
    {"rule/penalty-hearing.dmn", " typeRef=\"tPenalty\"/>", "/>",
     "has no type that names the facts it reads"},
    {"rule/penalty-hearing.dmn", "name=\"proposed_fine\"><typeRef>number",
     "name=\"proposed_fine\"><typeRef>string",
     "\"penalty.proposed_fine\", which is a fact of another type"},
    {"rule/penalty-hearing.dmn", "<itemComponent id=\"t-fine\"",
     "<itemComponent id=\"t-no\" "
     "name=\"zzz\"><typeRef>string</typeRef></itemComponent><itemComponent id=\"t-fine\"",
     "\"penalty.zzz\", which is no fact"},
    {"rule/penalty-hearing.dmn",
     "<text>\"warning\", \"criticism\", \"fine\"</text></inputEntry><inputEntry id=\"r2c2\">",
     "<text>\"warning\"</text></inputEntry><inputEntry id=\"r2c2\">", "no rule covers"},
    {"document/zzz.zh.html", NULL, "{{#a}}", "the section \"a\" is not closed"},
    {"document/zzz.zh.html", NULL, "\n\n{{/a}}", "is closed here and not open"},
    {"document/zzz.zh.html", NULL, "{{a", "a hole has no }}"},
    {"document/zzz.zh.html", NULL, "{{}}", "a hole has no name"},
    {"document/zzz.en.html", NULL, "x", "the document has no Chinese text"},
    {"test/zz.json", NULL, TEST_STEP "\"act\":\"accept\",\"expect\":{\"refused\":\"zzz\"}}]}",
     "the code table refusal has no \"zzz\""},
    {"test/zz.json", NULL, TEST_STEP "\"act\":\"accept\",\"expect\":\"maybe\"}]}",
     "a step expects \"admitted\""},
    {"test/zz.json", NULL, TEST_STEP "\"act\":\"zzz\",\"expect\":\"admitted\"}]}",
     "there is no kind of act \"zzz\""},
    {"pack.json", "\"cn\"", "\"moon\"", "the pack builds on \"moon\""},
    {"pack.json", "\"pack\": \"cn-990101\"",
     "\"transition\": [{\"cases\":\"new\"}], \"pack\": \"cn-990101\"",
     "come under the new by an article"},
    {"pack.json", "\"pack\": \"cn-990101\"",
     "\"transition\": [{\"cases\":\"old\"}], \"pack\": \"cn-990101\"",
     "running cases keep the old law"},
    {"pack.json", "\"pack\": \"cn-990101\"",
     "\"transition\": [{\"cases\":\"keep\",\"items\":[\"zzz\"]}], \"pack\": \"cn-990101\"",
     "there is no item \"zzz\""},
    {"nowhere/zzz.txt", NULL, "x", "a pack has no place for this file"},
    {"act/zzz.json", NULL, "{\"act\":", "the text ends too early"},
};

static struct str edited(struct arena *a, struct str text, const struct row *row)
{
    size_t at = str_find(text, str_from(row->old));
    must(at != SIZE_MAX);
    struct buf b = buf_new(a, 0);
    buf_put(&b, str_slice(text, 0, at));
    buf_puts(&b, row->new);
    buf_put(&b, str_slice(text, at + strlen(row->old), text.n));
    return buf_str(&b);
}

/* The sample packs with one edit. */
static void edit(struct ctx *ctx, const struct law_pack_source *from, const struct row *row,
                 struct law_pack_source *to)
{
    bool done = row->old == NULL;
    for (size_t k = 2; k-- > 0;) {
        struct law_file *files = ARENA_ARRAY(ctx->arena, struct law_file, from[k].count + 1);
        memcpy(files, from[k].files, from[k].count * sizeof(*files));
        to[k] = (struct law_pack_source){files, from[k].count};
        for (size_t i = 0; !done && i < from[k].count; i++) {
            if (str_equal(files[i].path, str_from(row->path))) {
                files[i].bytes = edited(ctx->arena, files[i].bytes, row);
                done = true;
            }
        }
        if (k == 1 && row->old == NULL) {
            files[to[k].count++] = (struct law_file){str_from(row->path), str_from(row->new)};
        }
    }
    must(done);
}

TEST(law_every_fault_of_a_pack_is_named_with_its_file)
{
    struct law_pack_source good[2];
    struct day today = {20514};
    CHECK_OK(law_read_folder(ctx, "law/cn", &good[0]));
    CHECK_OK(law_read_folder(ctx, "law/cn-990101", &good[1]));
    for (size_t i = 0; i < LEN(rows); i++) {
        struct arena *arena = arena_new((size_t)1 << 30);
        struct ctx inner = {.arena = arena, .world = ctx->world};
        struct law_pack_source packs[2];
        struct law_problems problems = {0};
        struct law *law = NULL;
        edit(&inner, good, &rows[i], packs);
        enum err e = law_load(&inner, arena, packs, 2, today, &law, &problems);
        bool said = rows[i].says == NULL && e == ERR_OK;
        for (size_t k = 0; rows[i].says != NULL && e != ERR_OK && k < problems.count; k++) {
            bool named = problems.items[k].file.n > 0 && problems.items[k].pack.n > 0;
            said =
                said || (named && !problems.items[k].warning &&
                         str_find(problems.items[k].sentence, str_from(rows[i].says)) != SIZE_MAX);
        }
        test_check(t, said,
                   str_format(ctx->arena, "%s: %s", rows[i].path,
                              rows[i].says == NULL ? "sound" : rows[i].says)
                       .p,
                   __FILE__, __LINE__);
        for (size_t k = 0; !said && k < problems.count && k < 3; k++) {
            test_check(t, false, str_z(ctx->arena, problems.items[k].sentence), "  got",
                       (int)problems.items[k].line);
        }
        arena_free(arena);
    }
}

/* What a table or a process has wrong is told at its line, not in the words. */
TEST(law_faults_of_models_stand_at_their_lines)
{
    static const struct row broken[] = {
        {"rule/penalty-hearing.dmn", " tb:article=\"行政处罚法#63\"", "", "cites no article"},
        {"procedure/penalty.bpmn", "result=\"hearing\"/>", "result=\"other\"/>", "\"other\""},
    };
    struct law_pack_source good[2];
    CHECK_OK(law_read_folder(ctx, "law/cn", &good[0]));
    CHECK_OK(law_read_folder(ctx, "law/cn-990101", &good[1]));
    for (size_t i = 0; i < LEN(broken); i++) {
        struct arena *arena = arena_new((size_t)1 << 30);
        struct ctx inner = {.arena = arena, .world = ctx->world};
        struct law_pack_source packs[2];
        struct law_problems problems = {0};
        struct law *law = NULL;
        struct day today = {20514};
        edit(&inner, good, &broken[i], packs);
        CHECK(law_load(&inner, arena, packs, 2, today, &law, &problems) != ERR_OK ||
              problems.count > 0);
        CHECK(problems.count > 0);
        for (size_t k = 0; k < problems.count; k++) {
            const struct law_problem *p = &problems.items[k];
            bool of_model = str_equal(p->file, str_from(broken[i].path));
            CHECK(!of_model ||
                  (p->line > 1 && p->pack.n > 0 && !str_starts(p->sentence, STR("line "))));
        }
        arena_free(arena);
    }
}

/* Load with the nth push of memory failing (0: none); how many pushes there were. */
static bool load_failing(const struct ctx *ctx, const struct law_pack_source *packs, uint64_t nth,
                         uint64_t *ret_pushes)
{
    struct day today = {20514};
    struct arena *arena = arena_new((size_t)1 << 30);
    struct arena_guard guard;
    struct ctx inner = {.arena = arena, .world = ctx->world};
    struct law_problems problems = {0};
    struct law *law = NULL;
    volatile bool loaded = false;
    arena_pushes();
    if (setjmp(guard.jump) == 0) {
        arena_guard(arena, &guard);
        arena_fail_at(nth);
        loaded = law_load(&inner, arena, packs, 2, today, &law, &problems) == ERR_OK;
    }
    arena_fail_at(0);
    *ret_pushes = arena_pushes();
    arena_guard(arena, NULL);
    arena_free(arena);
    return loaded;
}

/* Whichever push of memory fails while packs load, the guard is reached and nothing is lost.
 * TONGBAN_STATES tries every one; else some, spread over all. */
TEST(law_loading_survives_failing_allocations)
{
    enum { TRIED = 60 };
    struct law_pack_source good[2];
    uint64_t all = 0;
    uint64_t pushes = 0;
    CHECK_OK(law_read_folder(ctx, "law/cn", &good[0]));
    CHECK_OK(law_read_folder(ctx, "law/cn-990101", &good[1]));
    CHECK(load_failing(ctx, good, 0, &all));
    CHECK(all > 1000);
    uint64_t step = getenv("TONGBAN_STATES") == NULL ? all / TRIED + 1 : 1;
    for (uint64_t nth = 1; nth < all; nth += step) {
        CHECK(!load_failing(ctx, good, nth, &pushes));
    }
    CHECK(load_failing(ctx, good, 0, &pushes));
}
