/*
 * What the prelude (prelude.ts) builds the globals of a script from: UTF-8 both ways and random bytes.
 */
#ifndef KINODE_GLOBALS_H
#define KINODE_GLOBALS_H

#include <wasi/api.h>

static JSValue utf8_encode_text(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv) {
    Text text;
    uint32_t mark = held_count;
    if (hold_text(argv[0], "text", &text) < 0) return JS_EXCEPTION;
    JSValue bytes = JS_NewUint8ArrayCopy(ctx, text.ptr, text.len);
    release_held(mark);
    return bytes;
}

/*
 * Length of the well-formed sequence at `at`, or minus the length of the part that one U+FFFD stands for
 * (WHATWG Encoding: "maximal subpart").
 */
static int utf8_sequence(const uint8_t *at, size_t left) {
    uint8_t first = at[0], low = 0x80, high = 0xbf;
    if (first < 0x80) return 1;
    if (first < 0xc2 || first > 0xf4) return -1;
    int need = first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    if (first == 0xe0) low = 0xa0;
    else if (first == 0xed) high = 0x9f;
    else if (first == 0xf0) low = 0x90;
    else if (first == 0xf4) high = 0x8f;
    for (int i = 1; i <= need; i++) {
        if ((size_t)i >= left || at[i] < low || at[i] > high) return -i;
        low = 0x80;
        high = 0xbf;
    }
    return need + 1;
}

/* utf8Decode(bytes: Uint8Array, fatal: boolean): string, or undefined when fatal and malformed */
static JSValue utf8_decode_bytes(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv) {
    size_t length, faults = 0;
    uint8_t *bytes = JS_GetUint8Array(ctx, &length, argv[0]);
    if (!bytes && JS_HasException(ctx)) return JS_EXCEPTION;
    for (size_t i = 0; i < length;) {
        if (bytes[i] < 0x80) { i++; continue; }
        int step = utf8_sequence(bytes + i, length - i);
        if (step < 0) { faults++; step = -step; }
        i += step;
    }
    if (!faults) return JS_NewStringLen(ctx, (const char *)bytes, length);
    if (JS_ToBool(ctx, argv[1])) return JS_UNDEFINED;
    uint8_t *repaired = js_malloc(ctx, length + 2 * faults), *to = repaired;
    if (!repaired) return JS_EXCEPTION;
    for (size_t i = 0; i < length;) {
        int step = utf8_sequence(bytes + i, length - i);
        if (step > 0) { memcpy(to, bytes + i, step); to += step; i += step; continue; }
        memcpy(to, "\xef\xbf\xbd", 3);
        to += 3;
        i -= step;
    }
    JSValue text = JS_NewStringLen(ctx, (const char *)repaired, to - repaired);
    js_free(ctx, repaired);
    return text;
}

/* randomFill(bytes: Uint8Array) */
static JSValue random_fill(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv) {
    size_t length;
    uint8_t *bytes = JS_GetUint8Array(ctx, &length, argv[0]);
    if (!bytes && JS_HasException(ctx)) return JS_EXCEPTION;
    if (length && __wasi_random_get(bytes, length)) return JS_ThrowInternalError(ctx, "No random bytes available");
    return JS_UNDEFINED;
}

static JSValue monotonic_ms(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv) {
    static __wasi_timestamp_t origin;
    __wasi_timestamp_t now = 0;
    if (__wasi_clock_time_get(__WASI_CLOCKID_MONOTONIC, 1, &now)) now = origin;
    if (!origin) origin = now;
    return JS_NewFloat64(ctx, (now - origin) / 1e6);
}

/* ---- Parts that are loaded when they are first used (web/part-list.ts) ---- */

#define MAX_PARTS 16

/* Where the bytecode of each part lies in the passive data segment; set by the build. */
static struct { uint32_t offset, length; } parts[MAX_PARTS];
static JSValue part_exports[MAX_PARTS];
static JSValue natives;

/* The build puts `memory.init` here: copies from the passive segment. */
EXPORT("part_bytes") __attribute__((noinline))
void part_bytes(uint8_t *to, uint32_t offset, uint32_t length) {
    __asm__ volatile("" : : "r"(to), "r"(offset), "r"(length) : "memory");
}

/* A part is bytecode of `(engineNatives) => exports`. */
static JSValue load_part(uint32_t number) {
    if (number >= MAX_PARTS || !parts[number].length) return JS_ThrowInternalError(engine_context, "The engine has no part %u", number);
    if (!JS_IsUndefined(part_exports[number])) return JS_DupValue(engine_context, part_exports[number]);
    uint8_t *bytes = js_malloc(engine_context, parts[number].length);
    if (!bytes) return JS_EXCEPTION;
    part_bytes(bytes, parts[number].offset, parts[number].length);
    JSValue code = JS_ReadObject(engine_context, bytes, parts[number].length, JS_READ_OBJ_BYTECODE);
    js_free(engine_context, bytes);
    JSValue make = JS_IsException(code) ? code : JS_EvalFunction(engine_context, code);
    if (JS_IsException(make)) return make;
    JSValue exports = JS_Call(engine_context, make, JS_UNDEFINED, 1, (JSValueConst *)&natives);
    JS_FreeValue(engine_context, make);
    if (!JS_IsException(exports)) part_exports[number] = JS_DupValue(engine_context, exports);
    return exports;
}

/* Called by QuickJS when a lazy global is first looked at (js_bytecode_autoinit; the build adds the call). */
#define FIRST_LAZY 64

static JSValue lazy_global(JSContext *ctx, JSAtom name, void *opaque) {
    JSValue exports = load_part((uint32_t)(uintptr_t)opaque - FIRST_LAZY);
    if (JS_IsException(exports)) return exports;
    JSValue value = JS_GetProperty(ctx, exports, name);
    JS_FreeValue(ctx, exports);
    return value;
}

/* defineLazy(part: number, name: string) */
static JSValue define_lazy(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv) {
    JSAtom name = JS_ValueToAtom(ctx, argv[1]);
    JS_DefineAutoInitProperty(ctx, ctx->global_obj, name, JS_AUTOINIT_ID_BYTECODE,
        (void *)(uintptr_t)(FIRST_LAZY + JS_VALUE_GET_INT(argv[0])), JS_PROP_WRITABLE | JS_PROP_CONFIGURABLE);
    JS_FreeAtom(ctx, name);
    return JS_UNDEFINED;
}

static JSValue native_load(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv) {
    return load_part(JS_VALUE_GET_INT(argv[0]));
}

static const JSCFunctionListEntry native_functions[] = {
    JS_CFUNC_DEF("utf8Encode", 1, utf8_encode_text),
    JS_CFUNC_DEF("utf8Decode", 2, utf8_decode_bytes),
    JS_CFUNC_DEF("randomFill", 1, random_fill),
    JS_CFUNC_DEF("monotonicMs", 0, monotonic_ms),
    JS_CFUNC_DEF("defineLazy", 2, define_lazy),
    JS_CFUNC_DEF("load", 1, native_load),
    JS_CFUNC_DEF("attach", 1, web_attach),
    JS_CFUNC_DEF("carrier", 0, web_carrier),
    JS_CFUNC_DEF("pending", 2, web_pending),
    JS_CFUNC_DEF("deliver", 2, web_deliver),
    JS_CFUNC_DEF("allocate", 2, native_allocate),
    JS_CFUNC_DEF("read", 3, native_read),
    JS_CFUNC_DEF("write", 4, native_write),
    JS_CFUNC_DEF("readBytes", 2, native_read_bytes),
    JS_CFUNC_DEF("writeBytes", 2, native_write_bytes),
    JS_CFUNC_DEF("implementations", 0, native_implementations),
    JS_CFUNC_DEF("description", 0, native_description),
};

#endif
