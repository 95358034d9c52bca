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

static const JSCFunctionListEntry native_functions[] = {
    JS_CFUNC_DEF("utf8Encode", 1, utf8_encode_text),
    JS_CFUNC_DEF("utf8Decode", 2, utf8_decode_bytes),
    JS_CFUNC_DEF("randomFill", 1, random_fill),
    JS_CFUNC_DEF("monotonicMs", 0, monotonic_ms),
};

#endif
