/*
 * From the host into JavaScript: the values of guest.ts, built with prepared shapes.
 * Nothing here runs code of the script.
 */
#ifndef KINODE_LIFT_H
#define KINODE_LIFT_H

static JSValue lift_text(const Text *text) {
    return JS_NewStringLen(engine_context, (const char *)text->ptr, text->len);
}

static JSValue lift_optional_text(const OptionText *text) {
    return text->some ? lift_text(&text->value) : JS_UNDEFINED;
}

/*
 * Arrays of the last short bodies. One that nothing of the script can reach any more becomes the next body: making and freeing
 * an array costs more than anything else of a short message.
 */
#define KEPT_ARRAYS 2
#define KEPT_ARRAY_BYTES 64

static struct { JSObject *array; JSShape *shape, *buffer_shape; } kept_arrays[KEPT_ARRAYS];
static uint32_t next_kept_array;

/* Whether only we hold it, and it is as new: nobody could tell it from another one. */
static bool is_unreachable(JSObject *object, const JSShape *shape) {
    return JS_REF_COUNT(object) == 1 && object->shape == shape && object->extensible && !object->first_weak_ref;
}

static bool can_use_again(JSObject *array, const JSShape *shape, const JSShape *buffer_shape) {
    if (!is_unreachable(array, shape)) return false;
    JSObject *buffer = array->u.typed_array->buffer;
    const JSArrayBuffer *state = buffer->u.array_buffer;
    return is_unreachable(buffer, buffer_shape) && !state->detached && !state->immutable;
}

static JSValue lift_short_bytes(const Text *bytes) {
    uint32_t at = next_kept_array++ % KEPT_ARRAYS;
    JSObject *array = kept_arrays[at].array;
    if (!array || !can_use_again(array, kept_arrays[at].shape, kept_arrays[at].buffer_shape)) {
        static const uint8_t room[KEPT_ARRAY_BYTES];
        JSValue value = JS_NewUint8ArrayCopy(engine_context, room, KEPT_ARRAY_BYTES);
        if (JS_IsException(value)) return value;
        if (array) {
            JS_FreeValue(engine_context, JS_MKPTR(JS_TAG_OBJECT, array));
            js_free_shape(engine_runtime, kept_arrays[at].shape);
            js_free_shape(engine_runtime, kept_arrays[at].buffer_shape);
        }
        kept_arrays[at].array = array = JS_VALUE_GET_OBJ(value);
        /* a shape that is held is never changed in place */
        kept_arrays[at].shape = js_dup_shape(array->shape);
        kept_arrays[at].buffer_shape = js_dup_shape(array->u.typed_array->buffer->shape);
    }
    JSArrayBuffer *state = array->u.typed_array->buffer->u.array_buffer;
    memcpy(state->data, bytes->ptr, bytes->len);
    state->byte_length = array->u.typed_array->length = array->u.array.count = bytes->len;
    return JS_DupValue(engine_context, JS_MKPTR(JS_TAG_OBJECT, array));
}

static JSValue lift_bytes(const Text *bytes) {
    if (bytes->len <= KEPT_ARRAY_BYTES) return lift_short_bytes(bytes);
    if (bytes->len >= OWN_BLOCK_BYTES && take_own_block(bytes->ptr))
        return JS_NewUint8Array(engine_context, bytes->ptr, bytes->len, js_array_buffer_realloc, NULL, false);
    return JS_NewUint8ArrayCopy(engine_context, bytes->ptr, bytes->len);
}

static JSValue lift_optional_bytes(const OptionText *bytes) {
    return bytes->some ? lift_bytes(&bytes->value) : JS_UNDEFINED;
}

static JSValue lift_u64(uint64_t value) {
    return value <= MAX_SAFE_INTEGER ? JS_NewInt64(engine_context, value) : JS_NewBigUint64(engine_context, value);
}

/* An object whose properties, in the order of its shape, are `values`; takes them over. */
static JSValue make_object(JSShape *shape, const JSValue *values, int count) {
    for (int i = 0; i < count; i++)
        if (JS_IsException(values[i])) goto fail;
    JSValue object = JS_NewObjectFromShape(engine_context, js_dup_shape(shape), JS_CLASS_OBJECT, NULL);
    if (JS_IsException(object)) goto fail;
    JSProperty *properties = JS_VALUE_GET_OBJ(object)->prop;
    for (int i = 0; i < count; i++) properties[i].u.value = values[i];
    return object;
fail:
    for (int i = 0; i < count; i++) JS_FreeValue(engine_context, values[i]);
    return JS_EXCEPTION;
}

#define MAKE_OBJECT(shape, ...) \
    make_object(shape, (JSValue[]){ __VA_ARGS__ }, sizeof((JSValue[]){ __VA_ARGS__ }) / sizeof(JSValue))

static JSValue atom_text(JSAtom atom) { return JS_AtomToString(engine_context, atom); }

/* Builds an array from `count` records of `size` bytes. */
static JSValue lift_list(const List *list, size_t size, JSValue (*lift)(const void *)) {
    JSValue array = JS_NewArray(engine_context);
    for (uint32_t i = 0; i < list->len && !JS_IsException(array); i++) {
        JSValue item = lift((const uint8_t *)list->ptr + i * size);
        if (JS_IsException(item) || JS_DefinePropertyValueUint32(engine_context, array, i, item, JS_PROP_C_W_E) < 0) {
            JS_FreeValue(engine_context, array);
            return JS_EXCEPTION;
        }
    }
    return array;
}

static JSValue lift_capability(const void *record) {
    const Capability *capability = record;
    return MAKE_OBJECT(shapes.capability, lift_address(&capability->issuer), lift_text(&capability->params));
}

/* Nearly all messages carry none: they share one frozen empty array. */
static JSValue lift_capabilities(const List *list) {
    return list->len ? lift_list(list, sizeof(Capability), lift_capability) : JS_DupValue(engine_context, no_capabilities);
}

static JSValue lift_blob(const OptionBlob *blob) {
    if (!blob->some) return JS_UNDEFINED;
    return MAKE_OBJECT(shapes.blob, lift_optional_text(&blob->value.mime), lift_bytes(&blob->value.bytes));
}

static JSValue lift_expects_response(const Request *request) {
    return request->expects_response.some ? lift_u64(request->expects_response.value) : JS_UNDEFINED;
}

static JSValue lift_received(const Received *received) {
    const Message *message = &received->message;
    if (message->tag == 0) {
        const Request *request = &message->as.request;
        return MAKE_OBJECT(shapes.request, atom_text(atoms.request), lift_address(&received->source),
            JS_NewBool(engine_context, request->inherit), lift_expects_response(request), lift_bytes(&request->body),
            lift_optional_text(&request->metadata), lift_capabilities(&request->capabilities));
    }
    const Response *response = &message->as.response.response;
    return MAKE_OBJECT(shapes.response, atom_text(atoms.response), lift_address(&received->source),
        JS_NewBool(engine_context, response->inherit), lift_bytes(&response->body), lift_optional_text(&response->metadata),
        lift_capabilities(&response->capabilities), lift_optional_bytes(&message->as.response.context));
}

static JSValue lift_send_error(const SendError *error, const OptionText *context) {
    const Message *message = &error->message;
    const Text *body = message->tag == 0 ? &message->as.request.body : &message->as.response.response.body;
    return MAKE_OBJECT(shapes.send_error, atom_text(atoms.send_error), atom_text(error->kind == 0 ? atoms.offline : atoms.timeout),
        lift_address(&error->target), lift_bytes(body), lift_blob(&error->blob), context ? lift_optional_bytes(context) : JS_UNDEFINED);
}

static JSValue lift_delivery(const ReceiveResult *result) {
    if (result->is_error) return lift_send_error(&result->as.failure.error, &result->as.failure.context);
    return lift_received(&result->as.message);
}

static JSValue lift_on_exit_request(const void *record) {
    const OnExitRequest *request = record;
    return MAKE_OBJECT(shapes.on_exit_request, lift_address(&request->target), lift_bytes(&request->request.body),
        JS_NewBool(engine_context, request->request.inherit), lift_expects_response(&request->request),
        lift_optional_text(&request->request.metadata), lift_capabilities(&request->request.capabilities), lift_blob(&request->blob));
}

static JSValue lift_on_exit(const OnExit *on_exit) {
    switch (on_exit->tag) {
    case 0: return MAKE_OBJECT(shapes.kind, atom_text(atoms.none));
    case 1: return MAKE_OBJECT(shapes.kind, atom_text(atoms.restart));
    default:
        return MAKE_OBJECT(shapes.on_exit, atom_text(atoms.requests),
            lift_list(&on_exit->requests, sizeof(OnExitRequest), lift_on_exit_request));
    }
}

#endif
