/*
 * Addresses as text. A process talks to few others, so the last ones seen are kept both as a JavaScript string and in parts:
 * a known source costs a comparison of bytes, a known target a comparison of pointers.
 */
#ifndef KINODE_ADDRESS_H
#define KINODE_ADDRESS_H

#define KNOWN_ADDRESSES 16
#define SHORT_ADDRESS_BYTES 512

/* `parts` point into the characters of `value`, which is ASCII and therefore its own UTF-8. */
typedef struct { JSValue value; Address parts; } KnownAddress;

static KnownAddress known_addresses[KNOWN_ADDRESSES];
static uint32_t known_count, next_known;

static const char ADDRESS_FORM[] = "an address (node@process:package:publisher)";
static const char PROCESS_FORM[] = "a process id (process:package:publisher)";

/* Splits at exactly two `:` into parts that are not empty. */
static bool split_process_id(char *text, uint32_t length, ProcessId *id) {
    uint32_t colons[2], count = 0;
    for (uint32_t i = 0; i < length; i++) {
        if (text[i] != ':') continue;
        if (count == 2) return false;
        colons[count++] = i;
    }
    if (count != 2 || colons[0] == 0 || colons[1] == colons[0] + 1 || colons[1] + 1 == length) return false;
    id->process_name = (Text){ (uint8_t *)text, colons[0] };
    id->package_name = (Text){ (uint8_t *)text + colons[0] + 1, colons[1] - colons[0] - 1 };
    id->publisher_node = (Text){ (uint8_t *)text + colons[1] + 1, length - colons[1] - 1 };
    return true;
}

static bool split_address(char *text, uint32_t length, Address *address) {
    char *at = memchr(text, '@', length);
    if (!at || at == text) return false;
    uint32_t node_length = at - text, rest = length - node_length - 1;
    if (memchr(at + 1, '@', rest)) return false;
    address->node = (Text){ (uint8_t *)text, node_length };
    return split_process_id(at + 1, rest, &address->process);
}

/* `value` must be a flat ASCII string that reads as an address. */
static void remember_address(JSValueConst value) {
    JSString *string = JS_VALUE_GET_STRING(value);
    Address parts;
    if (!split_address((char *)str8(string), string->len, &parts)) return;
    KnownAddress *known = &known_addresses[next_known];
    if (next_known < known_count) JS_FreeValue(engine_context, known->value);
    else known_count++;
    next_known = (next_known + 1) % KNOWN_ADDRESSES;
    known->value = JS_DupValue(engine_context, value);
    known->parts = parts;
}

/* Whether the UTF-8 form of the string is its own memory, which is so for flat ASCII strings. */
static bool is_own_text(JSValueConst value, const char *text) {
    return JS_VALUE_GET_TAG(value) == JS_TAG_STRING && (const char *)str8(JS_VALUE_GET_STRING(value)) == text;
}

static inline bool same_text(const Text *a, const Text *b) {
    return a->len == b->len && memcmp(a->ptr, b->ptr, a->len) == 0;
}

static uint32_t join_texts(char *to, const Text *parts[], const char *separators, int count) {
    char *start = to;
    for (int i = 0; i < count; i++) {
        if (i) *to++ = separators[i - 1];
        memcpy(to, parts[i]->ptr, parts[i]->len);
        to += parts[i]->len;
    }
    return to - start;
}

static JSValue lift_address(const Address *address) {
    const ProcessId *id = &address->process;
    for (uint32_t i = 0; i < known_count; i++) {
        const Address *parts = &known_addresses[i].parts;
        if (same_text(&parts->process.process_name, &id->process_name) && same_text(&parts->node, &address->node) &&
            same_text(&parts->process.package_name, &id->package_name) && same_text(&parts->process.publisher_node, &id->publisher_node))
            return JS_DupValue(engine_context, known_addresses[i].value);
    }
    const Text *parts[] = { &address->node, &id->process_name, &id->package_name, &id->publisher_node };
    size_t length = (size_t)address->node.len + id->process_name.len + id->package_name.len + id->publisher_node.len + 3;
    char buffer[SHORT_ADDRESS_BYTES], *text = length <= sizeof buffer ? buffer : js_malloc(engine_context, length);
    if (!text) return JS_EXCEPTION;
    join_texts(text, parts, "@::", 4);
    JSValue value = JS_NewStringLen(engine_context, text, length);
    if (text != buffer) js_free(engine_context, text);
    else if (!JS_IsException(value) && !JS_VALUE_GET_STRING(value)->is_wide_char && JS_VALUE_GET_STRING(value)->len == length)
        remember_address(value); /* as many characters as bytes: ASCII */
    return value;
}

static JSValue lift_process_id(const ProcessId *id) {
    const Text *parts[] = { &id->process_name, &id->package_name, &id->publisher_node };
    size_t length = (size_t)id->process_name.len + id->package_name.len + id->publisher_node.len + 2;
    char *text = js_malloc(engine_context, length);
    if (!text) return JS_EXCEPTION;
    join_texts(text, parts, "::", 3);
    JSValue value = JS_NewStringLen(engine_context, text, length);
    js_free(engine_context, text);
    return value;
}

static int hold_address(JSValueConst value, const char *name, Address *address) {
    if (!JS_IsString(value)) return fail_argument(name, ADDRESS_FORM);
    for (uint32_t i = 0; i < known_count; i++) {
        if (JS_VALUE_GET_PTR(known_addresses[i].value) == JS_VALUE_GET_PTR(value)) {
            *address = known_addresses[i].parts;
            JS_DupValue(engine_context, value); /* held as text, for it may be forgotten before the call ends */
            return hold(HELD_TEXT, name, str8(JS_VALUE_GET_STRING(value)), JS_UNDEFINED);
        }
    }
    Text text;
    if (hold_text(value, name, &text) < 0) return -1;
    if (!split_address((char *)text.ptr, text.len, address)) return fail_argument(name, ADDRESS_FORM);
    if (text.len <= SHORT_ADDRESS_BYTES && is_own_text(value, (char *)text.ptr)) remember_address(value);
    return 0;
}

static int hold_process_id(JSValueConst value, const char *name, ProcessId *id) {
    Text text;
    if (!JS_IsString(value)) return fail_argument(name, PROCESS_FORM);
    if (hold_text(value, name, &text) < 0) return -1;
    return split_process_id((char *)text.ptr, text.len, id) ? 0 : fail_argument(name, PROCESS_FORM);
}

#endif
