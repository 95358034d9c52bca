/*
 * From JavaScript to the host: reads the objects of guest.ts into the records of the interface.
 * Wrong types are a TypeError, wrong ranges a RangeError, both inside the script. The native executor has the same rules and
 * texts (packages/engine/src/guest-values.ts).
 */
#ifndef KINODE_LOWER_H
#define KINODE_LOWER_H

#define MAX_LIST_ITEMS 100000
static const char LIST_FORM[] = "an array of at most 100000 items";
static const char U64_RANGE[] = "between 0 and 2^64 - 1";

static int read_bool(JSValueConst object, JSAtom key, const char *name, uint8_t *result) {
    JSValue value = JS_GetProperty(engine_context, object, key);
    if (JS_IsException(value)) return -1;
    *result = JS_IsBool(value) && JS_VALUE_GET_BOOL(value);
    bool valid = JS_IsBool(value) || is_absent(value);
    JS_FreeValue(engine_context, value);
    return valid ? 0 : fail_argument(name, "a boolean");
}

typedef int HoldText(JSValueConst value, const char *name, Text *text);

static int read_required(JSValueConst object, JSAtom key, const char *name, Text *text, HoldText *read) {
    JSValue value = JS_GetProperty(engine_context, object, key);
    if (JS_IsException(value)) return -1;
    int failed = read(value, name, text);
    JS_FreeValue(engine_context, value);
    return failed;
}

static int read_optional(JSValueConst object, JSAtom key, const char *name, OptionText *text, HoldText *read) {
    JSValue value = JS_GetProperty(engine_context, object, key);
    if (JS_IsException(value)) return -1;
    text->some = !is_absent(value);
    int failed = text->some ? read(value, name, &text->value) : 0;
    JS_FreeValue(engine_context, value);
    return failed;
}

static int read_u64(JSValueConst value, const char *name, uint64_t *result) {
    if (JS_VALUE_GET_TAG(value) == JS_TAG_INT) {
        if (JS_VALUE_GET_INT(value) < 0) return fail_range(name, U64_RANGE);
        *result = JS_VALUE_GET_INT(value);
        return 0;
    }
    if (JS_IsNumber(value)) {
        double number = JS_VALUE_GET_FLOAT64(value);
        if (!(number >= 0 && number <= MAX_SAFE_INTEGER) || number != __builtin_trunc(number))
            return fail_range(name, "an integer between 0 and 2^53 - 1, or a bigint");
        *result = number;
        return 0;
    }
    if (!JS_IsBigInt(value)) return fail_argument(name, "an integer or a bigint");
    if (JS_ToBigUint64(engine_context, result, value) < 0) return -1;
    JSValue back = JS_NewBigUint64(engine_context, *result);
    bool same = JS_IsStrictEqual(engine_context, back, value);
    JS_FreeValue(engine_context, back);
    return same ? 0 : fail_range(name, U64_RANGE);
}

static int read_expects_response(JSValueConst object, OptionU64 *result) {
    JSValue value = JS_GetProperty(engine_context, object, atoms.expectsResponse);
    if (JS_IsException(value)) return -1;
    result->some = !is_absent(value);
    int failed = result->some ? read_u64(value, "expectsResponse", &result->value) : 0;
    JS_FreeValue(engine_context, value);
    return failed;
}

static int read_address(JSValueConst object, JSAtom key, const char *name, Address *address) {
    JSValue value = JS_GetProperty(engine_context, object, key);
    if (JS_IsException(value)) return -1;
    int failed = hold_address(value, name, address);
    JS_FreeValue(engine_context, value);
    return failed;
}

static int read_blob(JSValueConst object, OptionBlob *blob) {
    JSValue value = JS_GetProperty(engine_context, object, atoms.blob);
    if (JS_IsException(value)) return -1;
    blob->some = !is_absent(value);
    int failed = 0;
    if (blob->some) {
        if (!JS_IsObject(value)) failed = fail_argument("blob", "an object");
        else failed = read_optional(value, atoms.mime, "blob.mime", &blob->value.mime, hold_text) < 0 ||
                      read_required(value, atoms.bytes, "blob.bytes", &blob->value.bytes, hold_bytes) < 0 ? -1 : 0;
    }
    JS_FreeValue(engine_context, value);
    return failed;
}

typedef int ReadItem(JSValueConst item, void *record);

/* An array of objects into `count` records of `size` bytes. */
static int hold_list(JSValueConst value, const char *name, List *list, size_t size, ReadItem *read) {
    int64_t length;
    if (!JS_IsArray(value)) return fail_argument(name, LIST_FORM);
    if (JS_GetLength(engine_context, value, &length) < 0) return -1;
    if (length > MAX_LIST_ITEMS) return fail_range(name, LIST_FORM);
    *list = (List){ (void *)8, length };
    if (length == 0) return 0;
    list->ptr = hold_memory(length * size);
    if (!list->ptr) return -1;
    for (int64_t i = 0; i < length; i++) {
        JSValue item = JS_GetPropertyUint32(engine_context, value, i);
        if (JS_IsException(item)) return -1;
        int failed = JS_IsObject(item) ? read(item, (uint8_t *)list->ptr + i * size) : fail_argument(name, "an array of objects");
        JS_FreeValue(engine_context, item);
        if (failed) return -1;
    }
    return 0;
}

static int read_list(JSValueConst object, JSAtom key, const char *name, List *list, size_t size, ReadItem *read) {
    JSValue value = JS_GetProperty(engine_context, object, key);
    if (JS_IsException(value)) return -1;
    int failed = 0;
    if (is_absent(value)) *list = (List){ (void *)8, 0 };
    else failed = hold_list(value, name, list, size, read);
    JS_FreeValue(engine_context, value);
    return failed;
}

static int read_capability(JSValueConst item, void *record) {
    Capability *capability = record;
    if (read_address(item, atoms.issuer, "issuer", &capability->issuer) < 0) return -1;
    return read_required(item, atoms.params, "params", &capability->params, hold_text);
}

static int read_capabilities(JSValueConst object, JSAtom key, const char *name, List *list) {
    return read_list(object, key, name, list, sizeof(Capability), read_capability);
}

static int read_request(JSValueConst object, Request *request) {
    if (read_required(object, atoms.body, "body", &request->body, hold_text_or_bytes) < 0) return -1;
    if (read_bool(object, atoms.inherit, "inherit", &request->inherit) < 0) return -1;
    if (read_expects_response(object, &request->expects_response) < 0) return -1;
    if (read_optional(object, atoms.metadata, "metadata", &request->metadata, hold_text) < 0) return -1;
    return read_capabilities(object, atoms.capabilities, "capabilities", &request->capabilities);
}

static int read_outgoing(JSValueConst item, void *record) {
    OutgoingRequest *outgoing = record;
    if (read_address(item, atoms.target, "target", &outgoing->target) < 0) return -1;
    if (read_request(item, &outgoing->request) < 0) return -1;
    if (read_optional(item, atoms.context, "context", &outgoing->context, hold_bytes) < 0) return -1;
    return read_blob(item, &outgoing->blob);
}

static int read_awaited(JSValueConst item, void *record) {
    AwaitedRequest *awaited = record;
    if (read_address(item, atoms.target, "target", &awaited->target) < 0) return -1;
    if (read_request(item, &awaited->request) < 0) return -1;
    return read_blob(item, &awaited->blob);
}

static int read_response(JSValueConst item, Response *response, OptionBlob *blob) {
    if (read_required(item, atoms.body, "body", &response->body, hold_text_or_bytes) < 0) return -1;
    if (read_bool(item, atoms.inherit, "inherit", &response->inherit) < 0) return -1;
    if (read_optional(item, atoms.metadata, "metadata", &response->metadata, hold_text) < 0) return -1;
    if (read_capabilities(item, atoms.capabilities, "capabilities", &response->capabilities) < 0) return -1;
    return read_blob(item, blob);
}

static int read_grant(JSValueConst item, void *record) {
    Grant *grant = record;
    JSValue value = JS_GetProperty(engine_context, item, atoms.process);
    if (JS_IsException(value)) return -1;
    int failed = hold_process_id(value, "process", &grant->process);
    JS_FreeValue(engine_context, value);
    return failed ? -1 : read_required(item, atoms.params, "params", &grant->params, hold_text);
}

static bool is_text(JSValueConst value, JSAtom atom) {
    JSValue text = JS_AtomToString(engine_context, atom);
    bool same = JS_IsString(value) && JS_IsStrictEqual(engine_context, value, text);
    JS_FreeValue(engine_context, text);
    return same;
}

static int read_on_exit(JSValueConst value, OnExit *on_exit) {
    static const char EXPECTED[] = "{ kind: \"none\" | \"restart\" } or { kind: \"requests\", requests: [\xe2\x80\xa6] }";
    if (!JS_IsObject(value)) return fail_argument("onExit", EXPECTED);
    JSValue kind = JS_GetProperty(engine_context, value, atoms.kind);
    if (JS_IsException(kind)) return -1;
    on_exit->requests = (List){ (void *)8, 0 };
    int failed = 0;
    if (is_text(kind, atoms.none)) on_exit->tag = 0;
    else if (is_text(kind, atoms.restart)) on_exit->tag = 1;
    else if (is_text(kind, atoms.requests)) {
        on_exit->tag = 2;
        failed = read_list(value, atoms.requests, "onExit.requests", &on_exit->requests, sizeof(OnExitRequest), read_awaited);
    } else failed = fail_argument("onExit", EXPECTED);
    JS_FreeValue(engine_context, kind);
    return failed;
}

#endif
