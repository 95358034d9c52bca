/*
 * What one call of a script has to keep alive until the host has read it.
 * Getters of a script's objects may run any code, so everything that can run code comes first (`hold_…`), and the addresses of
 * byte arrays are looked up last (`resolve_bytes`). Nested calls are bracketed by marks.
 */
#ifndef KINODE_ARGUMENTS_H
#define KINODE_ARGUMENTS_H

typedef enum { HELD_TEXT, HELD_MEMORY, HELD_BYTES } HeldKind;
typedef struct {
    HeldKind kind;
    const char *name; /* of the argument, for the error text */
    void *pointer;    /* C string or memory; for HELD_BYTES the Text to fill in */
    JSValue value;    /* HELD_BYTES: the Uint8Array */
} Held;

static Held *held;
static uint32_t held_count, held_capacity;

static int hold(HeldKind kind, const char *name, void *pointer, JSValue value) {
    if (held_count == held_capacity) {
        uint32_t capacity = held_capacity ? held_capacity * 2 : 64;
        Held *grown = realloc(held, capacity * sizeof *grown);
        if (!grown) { JS_ThrowOutOfMemory(engine_context); return -1; }
        held = grown;
        held_capacity = capacity;
    }
    held[held_count++] = (Held){ kind, name, pointer, value };
    return 0;
}

static void release_held(uint32_t mark) {
    while (held_count > mark) {
        Held *entry = &held[--held_count];
        switch (entry->kind) {
        case HELD_TEXT: JS_FreeCString(engine_context, entry->pointer); break;
        case HELD_MEMORY: js_free(engine_context, entry->pointer); break;
        case HELD_BYTES: JS_FreeValue(engine_context, entry->value); break;
        }
    }
}

static int fail_argument(const char *name, const char *expected) {
    JS_ThrowTypeError(engine_context, "kinode: \"%s\" must be %s", name, expected);
    return -1;
}

static int fail_range(const char *name, const char *expected) {
    JS_ThrowRangeError(engine_context, "kinode: \"%s\" must be %s", name, expected);
    return -1;
}

/* UTF-16 with lone surrogates has no UTF-8 form: each becomes U+FFFD, which has the same three bytes of length. */
static void replace_lone_surrogates(uint8_t *bytes, size_t length) {
    for (size_t i = 0; i + 2 < length; i++) {
        if (bytes[i] == 0xed && bytes[i + 1] >= 0xa0) {
            bytes[i] = 0xef; bytes[i + 1] = 0xbf; bytes[i + 2] = 0xbd;
            i += 2;
        }
    }
}

static bool is_absent(JSValueConst value) { return JS_IsUndefined(value) || JS_IsNull(value); }

static int hold_text(JSValueConst value, const char *name, Text *text) {
    if (!JS_IsString(value)) return fail_argument(name, "a string");
    size_t length;
    const char *bytes = JS_ToCStringLen(engine_context, &length, value);
    if (!bytes) return -1;
    if (hold(HELD_TEXT, name, (void *)bytes, JS_UNDEFINED) < 0) { JS_FreeCString(engine_context, bytes); return -1; }
    /* Only a wide string is encoded into a fresh copy that can hold surrogates. */
    JSString *string = JS_VALUE_GET_TAG(value) == JS_TAG_STRING ? JS_VALUE_GET_STRING(value) : NULL;
    if (!string || string->is_wide_char) replace_lone_surrogates((uint8_t *)bytes, length);
    text->ptr = (uint8_t *)bytes;
    text->len = length;
    return 0;
}

static bool is_bytes(JSValueConst value) {
    return JS_IsObject(value) && JS_VALUE_GET_OBJ(value)->class_id == JS_CLASS_UINT8_ARRAY;
}

static int hold_bytes(JSValueConst value, const char *name, Text *bytes) {
    if (!is_bytes(value)) return fail_argument(name, "a Uint8Array");
    return hold(HELD_BYTES, name, bytes, JS_DupValue(engine_context, value)) < 0 ? -1 : 0;
}

static int hold_text_or_bytes(JSValueConst value, const char *name, Text *bytes) {
    if (JS_IsString(value)) return hold_text(value, name, bytes);
    if (is_bytes(value)) return hold_bytes(value, name, bytes);
    return fail_argument(name, "a string or a Uint8Array");
}

static void *hold_memory(size_t size) {
    void *memory = js_mallocz(engine_context, size);
    if (memory && hold(HELD_MEMORY, "", memory, JS_UNDEFINED) < 0) { js_free(engine_context, memory); return NULL; }
    return memory;
}

/* Nothing of the script may run between this and the import. */
static int resolve_bytes(uint32_t mark) {
    for (uint32_t i = mark; i < held_count; i++) {
        if (held[i].kind != HELD_BYTES) continue;
        JSObject *array = JS_VALUE_GET_OBJ(held[i].value);
        if (typed_array_is_oob(array)) return fail_argument(held[i].name, "a Uint8Array that is not detached");
        JSTypedArray *view = array->u.typed_array;
        Text *bytes = held[i].pointer;
        bytes->len = typed_array_length(array);
        bytes->ptr = bytes->len ? view->buffer->u.array_buffer->data + view->offset : (uint8_t *)1;
    }
    return 0;
}

#endif
