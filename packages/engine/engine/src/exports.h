/*
 * Functions that a packed script exports to components it is composed with (packages/engine/src/pack/export-sections.ts).
 * A generated core module writes the arguments into a block here, eight bytes each, and calls with the function's number;
 * the part "exports" (web/parts/exports.ts) reads and writes values by the types that came with the script.
 */
#ifndef KINODE_EXPORTS_H
#define KINODE_EXPORTS_H

#define BLOCK_SLOTS 17

static uint64_t block[BLOCK_SLOTS];

EXPORT("export_block")
void *export_block(void) { return block; }

/* Memory of the last call's result; the caller has read it when the next call comes. */
static void **result_blocks;
static uint32_t result_count, result_capacity;

static void forget_export_results(void) {
    while (result_count) free(result_blocks[--result_count]);
}

/* allocate(size, alignment): address of zeroed memory that lives until the next call */
HOST_FUNCTION(native_allocate) {
    int32_t size = JS_VALUE_GET_INT(argv[0]), alignment = JS_VALUE_GET_INT(argv[1]);
    if (size <= 0) return JS_NewInt32(ctx, alignment);
    if (result_count == result_capacity) {
        uint32_t capacity = result_capacity ? result_capacity * 2 : 16;
        void **grown = realloc(result_blocks, capacity * sizeof *grown);
        if (!grown) return JS_ThrowOutOfMemory(ctx);
        result_blocks = grown;
        result_capacity = capacity;
    }
    void *memory = calloc(1, size); /* aligned for anything */
    if (!memory) return JS_ThrowOutOfMemory(ctx);
    result_blocks[result_count++] = memory;
    return JS_NewInt32(ctx, (int32_t)(uintptr_t)memory);
}

/* All addresses come from lifted arguments, which the host has checked, or from `allocate`. */
static uint8_t *address_of(JSValueConst value) { return (uint8_t *)(uintptr_t)(uint32_t)JS_VALUE_GET_INT(value); }

enum { ACCESS_I8, ACCESS_U8, ACCESS_I16, ACCESS_U16, ACCESS_I32, ACCESS_U32, ACCESS_I64, ACCESS_U64, ACCESS_F32, ACCESS_F64 };

/* read(kind, address, size) */
HOST_FUNCTION(native_read) {
    const uint8_t *at = address_of(argv[1]);
    union { int16_t i16; uint16_t u16; int32_t i32; uint32_t u32; int64_t i64; uint64_t u64; float f32; double f64; } value;
    memcpy(&value, at, JS_VALUE_GET_INT(argv[2]));
    switch (JS_VALUE_GET_INT(argv[0])) {
    case ACCESS_I8: return JS_NewInt32(ctx, (int8_t)*at);
    case ACCESS_U8: return JS_NewInt32(ctx, *at);
    case ACCESS_I16: return JS_NewInt32(ctx, value.i16);
    case ACCESS_U16: return JS_NewInt32(ctx, value.u16);
    case ACCESS_I32: return JS_NewInt32(ctx, value.i32);
    case ACCESS_U32: return JS_NewUint32(ctx, value.u32);
    case ACCESS_I64: return JS_NewBigInt64(ctx, value.i64);
    case ACCESS_U64: return JS_NewBigUint64(ctx, value.u64);
    case ACCESS_F32: return JS_NewFloat64(ctx, value.f32);
    default: return JS_NewFloat64(ctx, value.f64);
    }
}

/* write(address, size, value, isFloat): integers wrap */
HOST_FUNCTION(native_write) {
    uint8_t *at = address_of(argv[0]);
    int32_t size = JS_VALUE_GET_INT(argv[1]);
    if (JS_ToBool(ctx, argv[3])) {
        double number;
        if (JS_ToFloat64(ctx, &number, argv[2]) < 0) return JS_EXCEPTION;
        float single = number;
        if (size == 4) memcpy(at, &single, 4);
        else memcpy(at, &number, 8);
        return JS_UNDEFINED;
    }
    int64_t integer;
    if (JS_IsBigInt(argv[2]) ? JS_ToBigInt64(ctx, &integer, argv[2]) < 0 : JS_ToInt64(ctx, &integer, argv[2]) < 0) return JS_EXCEPTION;
    memcpy(at, &integer, size);
    return JS_UNDEFINED;
}

/* readBytes(address, length): Uint8Array, a copy */
HOST_FUNCTION(native_read_bytes) {
    return JS_NewUint8ArrayCopy(ctx, address_of(argv[0]), (uint32_t)JS_VALUE_GET_INT(argv[1]));
}

/* writeBytes(address, bytes) */
HOST_FUNCTION(native_write_bytes) {
    size_t length;
    uint8_t *bytes = JS_GetUint8Array(ctx, &length, argv[1]);
    if (!bytes && JS_HasException(ctx)) return JS_EXCEPTION;
    if (length) memcpy(address_of(argv[0]), bytes, length);
    return JS_UNDEFINED;
}

/* ---- What the script says ---- */

static JSValue export_implementations, export_description;

HOST_FUNCTION(native_implementations) { return JS_DupValue(ctx, export_implementations); }
HOST_FUNCTION(native_description) { return JS_DupValue(ctx, export_description); }

/* kinode.exportInterface(name, functions) */
HOST_FUNCTION(host_export_interface) {
    if (!JS_IsString(argv[0])) { fail_argument("name", "the name of an interface"); return JS_EXCEPTION; }
    if (!JS_IsObject(argv[1])) { fail_argument("functions", "an object"); return JS_EXCEPTION; }
    JSAtom name = JS_ValueToAtom(ctx, argv[0]);
    if (JS_IsUndefined(export_implementations)) export_implementations = JS_NewObjectProto(ctx, JS_NULL);
    int failed = name == JS_ATOM_NULL || JS_SetProperty(ctx, export_implementations, name, JS_DupValue(ctx, argv[1])) < 0;
    JS_FreeAtom(ctx, name);
    return failed ? JS_EXCEPTION : JS_UNDEFINED;
}

/* kinode.describeExports(json): called by what the packer puts behind the script */
HOST_FUNCTION(host_describe_exports) {
    JS_FreeValue(ctx, export_description);
    export_description = JS_DupValue(ctx, argv[0]);
    return JS_UNDEFINED;
}

#endif
