/*
 * `kinode.fast`: the same receiving and sending with less in between, for a library that takes every message (guest.ts,
 * GuestFast). A message goes straight into a function, as an object of the library's own prototype; what the function returns
 * for the end of a request settles the promise that `ask` gave. No promise, job or object is made that nobody asked for.
 */
#ifndef KINODE_LISTENER_H
#define KINODE_LISTENER_H

/* Tickets of `ask` are small numbers that the library uses again. */
#define MAX_TICKETS 65536
#define NO_TICKET (-1)

static struct {
    JSValue object, next, request, end;
    JSShape *request_shape, *response_shape;
    bool is_known;  /* the fields above are those of `object` */
    bool is_active;
    /* `next` would find nothing to do: it is told so, or only an `ask` has come after a response without a blob. */
    bool may_skip_next;
    bool ask_is_enough;
} listener;

/* By ticket: the promise of an `ask` under way, or undefined. */
static JSValue *asked;
static uint32_t asked_count;

static int read_function(JSValueConst object, JSAtom key, const char *name, JSValue *result) {
    *result = JS_GetProperty(engine_context, object, key);
    if (JS_IsException(*result)) return -1;
    return JS_IsFunction(engine_context, *result) ? 0 : fail_argument(name, "a function");
}

static int read_prototype(JSValueConst object, JSAtom key, const char *name, JSShape **shape, const JSAtom *names, int count) {
    JSValue prototype = JS_GetProperty(engine_context, object, key);
    if (JS_IsException(prototype)) return -1;
    int failed = JS_IsObject(prototype) ? 0 : fail_argument(name, "an object");
    if (!failed) {
        JSValue sample = JS_NewObjectProto(engine_context, prototype);
        if (JS_IsException(sample)) failed = -1;
        else *shape = shape_of(sample, names, count);
    }
    JS_FreeValue(engine_context, prototype);
    return failed;
}

static void forget_listener(void) {
    if (!listener.is_known) return;
    listener.is_known = listener.is_active = false;
    JS_FreeValue(engine_context, listener.object);
    JS_FreeValue(engine_context, listener.next);
    JS_FreeValue(engine_context, listener.request);
    JS_FreeValue(engine_context, listener.end);
    js_free_shape(engine_runtime, listener.request_shape);
    js_free_shape(engine_runtime, listener.response_shape);
}

static int read_listener(JSValueConst object) {
    const JSAtom request[] = { atoms.sender, atoms.inherit, atoms.expectsResponse, atoms.body, atoms.metadata, atoms.attached, atoms.state };
    const JSAtom response[] = { atoms.sender, atoms.inherit, atoms.body, atoms.metadata, atoms.attached, atoms.carriesBlob };
    JSValue functions[3] = { JS_UNDEFINED, JS_UNDEFINED, JS_UNDEFINED };
    JSShape *request_shape = NULL, *response_shape = NULL;
    if (read_function(object, atoms.next, "next", &functions[0]) < 0) goto fail;
    if (read_function(object, atoms.request, "request", &functions[1]) < 0) goto fail;
    if (read_function(object, atoms.end, "end", &functions[2]) < 0) goto fail;
    if (read_prototype(object, atoms.requestPrototype, "requestPrototype", &request_shape, request, countof(request)) < 0) goto fail;
    if (read_prototype(object, atoms.responsePrototype, "responsePrototype", &response_shape, response, countof(response)) < 0) goto fail;
    forget_listener(); /* only now: reading may have run code of the script that listens as well */
    listener.object = JS_DupValue(engine_context, object);
    listener.next = functions[0];
    listener.request = functions[1];
    listener.end = functions[2];
    listener.request_shape = request_shape;
    listener.response_shape = response_shape;
    listener.is_known = true;
    return 0;
fail:
    for (int i = 0; i < 3; i++) JS_FreeValue(engine_context, functions[i]);
    js_free_shape_null(engine_runtime, request_shape);
    return -1;
}

HOST_FUNCTION(fast_listen) {
    if (!JS_IsObject(argv[0])) { fail_argument("listener", "an object"); return JS_EXCEPTION; }
    bool is_same = listener.is_known && JS_VALUE_GET_PTR(listener.object) == JS_VALUE_GET_PTR(argv[0]);
    if (!is_same && read_listener(argv[0]) < 0) return JS_EXCEPTION;
    listener.is_active = true;
    listener.may_skip_next = listener.ask_is_enough = false;
    return JS_UNDEFINED;
}

/* ---- Sending ---- */

static int read_ticket(JSValueConst value, uint32_t *ticket) {
    static const char FORM[] = "an integer between 0 and 65535 that is not in use";
    if (JS_VALUE_GET_TAG(value) != JS_TAG_INT) return fail_argument("ticket", FORM);
    *ticket = JS_VALUE_GET_INT(value);
    if (*ticket >= MAX_TICKETS || (*ticket < asked_count && !JS_IsUndefined(asked[*ticket]))) return fail_range("ticket", FORM);
    if (*ticket < asked_count) return 0;
    uint32_t count = *ticket < 8 ? 16 : *ticket * 2;
    JSValue *grown = js_realloc(engine_context, asked, count * sizeof *grown);
    if (!grown) return -1;
    asked = grown;
    while (asked_count < count) asked[asked_count++] = JS_UNDEFINED;
    return 0;
}

HOST_FUNCTION(fast_ask) {
    OutgoingRequest request;
    uint32_t ticket, mark = held_count;
    memset(&request, 0, sizeof request);
    request.request.capabilities = (List){ (void *)8, 0 };
    request.request.expects_response.some = request.context.some = 1;
    int failed = hold_address(argv[0], "target", &request.target) < 0 || hold_text_or_bytes(argv[1], "body", &request.request.body) < 0 ||
                 read_u64(argv[2], "expectsResponse", &request.request.expects_response.value) < 0 ||
                 read_ticket(argv[3], &ticket) < 0 || resolve_bytes(mark) < 0;
    JSValue promise = failed ? JS_EXCEPTION : new_pending_promise();
    if (!JS_IsException(promise)) {
        request.context.value = (Text){ (uint8_t *)&ticket, sizeof ticket };
        asked[ticket] = JS_DupValue(ctx, promise);
        listener.may_skip_next = listener.ask_is_enough;
        wit_send_request(&request);
    }
    release_held(mark);
    return promise;
}

HOST_FUNCTION(fast_answer) {
    Text body;
    uint32_t mark = held_count;
    int failed = hold_text_or_bytes(argv[0], "body", &body) < 0 || resolve_bytes(mark) < 0;
    if (!failed) wit_send_response(0, body.ptr, body.len, 0, NULL, 0, (void *)8, 0, 0, 0, NULL, 0, NULL, 0);
    release_held(mark);
    return failed ? JS_EXCEPTION : JS_UNDEFINED;
}

/* answerWith(value): whether it was a body, and has been sent */
HOST_FUNCTION(fast_answer_with) {
    if (!JS_IsString(argv[0]) && !is_bytes(argv[0])) return JS_FALSE;
    return JS_IsException(fast_answer(ctx, this_value, argc, argv)) ? JS_EXCEPTION : JS_TRUE;
}

/* ---- JSON ---- */

#define LARGE_DIGITS 16

/* A number of so many digits may not fit a double, and numbers in strings look the same. */
static bool may_have_large_number(const uint8_t *bytes, size_t length) {
    for (size_t at = LARGE_DIGITS - 1; at < length; at += LARGE_DIGITS) {
        if (bytes[at] - '0' > 9u) continue;
        size_t first = at, last = at;
        while (first && bytes[first - 1] - '0' <= 9u) first--;
        while (last + 1 < length && bytes[last + 1] - '0' <= 9u) last++;
        if (last - first + 1 >= LARGE_DIGITS) return true;
    }
    return false;
}

/* QuickJS takes three bytes that would be half of a surrogate pair; in UTF-8 they are malformed. */
static bool has_surrogate(const uint8_t *bytes, size_t length) {
    const uint8_t *end = bytes + length;
    while ((bytes = memchr(bytes, 0xed, end - bytes))) {
        if (++bytes < end && *bytes >= 0xa0) return true;
    }
    return false;
}

/* parseJson(bytes): the value, or undefined where numbers may be too large for a double */
HOST_FUNCTION(fast_parse_json) {
    size_t length;
    uint8_t *bytes = JS_GetUint8Array(ctx, &length, argv[0]);
    if (!bytes && JS_HasException(ctx)) return JS_EXCEPTION;
    if (may_have_large_number(bytes, length) || has_surrogate(bytes, length)) return JS_UNDEFINED;
    char *text = js_malloc(ctx, length + 1); /* the parser wants a NUL at the end */
    if (!text) return JS_EXCEPTION;
    memcpy(text, bytes, length);
    text[length] = 0;
    JSValue value = JS_ParseJSON(ctx, text, length, "JSON");
    js_free(ctx, text);
    return value;
}

/* ---- Receiving ---- */

static JSValue lift_heard_request(const Received *received) {
    const Request *request = &received->message.as.request;
    return MAKE_OBJECT(listener.request_shape, lift_address(&received->source), JS_NewBool(engine_context, request->inherit),
        lift_expects_response(request), lift_bytes(&request->body), lift_optional_text(&request->metadata),
        lift_capabilities(&request->capabilities), atom_text(atoms.open));
}

static JSValue lift_heard_response(const Received *received, bool has_blob) {
    const Response *response = &received->message.as.response.response;
    return MAKE_OBJECT(listener.response_shape, lift_address(&received->source), JS_NewBool(engine_context, response->inherit),
        lift_bytes(&response->body), lift_optional_text(&response->metadata), lift_capabilities(&response->capabilities),
        JS_NewBool(engine_context, has_blob));
}

static int32_t ticket_of(const OptionText *context) {
    uint32_t ticket;
    if (!context->some || context->value.len != sizeof ticket) return NO_TICKET;
    memcpy(&ticket, context->value.ptr, sizeof ticket);
    return ticket <= INT32_MAX ? (int32_t)ticket : NO_TICKET;
}

/* The call may replace the listener, so both are held until it returns. */
static JSValue call_listener(JSValueConst function, int count, JSValueConst *arguments) {
    JSValue self = JS_DupValue(engine_context, listener.object), callee = JS_DupValue(engine_context, function);
    JSValue outcome = JS_CallInternal(engine_context, callee, self, JS_UNDEFINED, count, arguments, JS_CALL_FLAG_COPY_ARGV);
    JS_FreeValue(engine_context, callee);
    JS_FreeValue(engine_context, self);
    return outcome;
}

/* Whether to go on; false when the listener wants no more, or has made jobs that must run first. */
static bool listener_goes_on(void) {
    if (listener.may_skip_next) return true;
    JSValue wanted = call_listener(listener.next, 0, NULL);
    if (JS_IsException(wanted)) fail_with_error(JS_GetException(engine_context));
    if (!JS_ToBoolFree(engine_context, wanted)) listener.is_active = false;
    return listener.is_active && !JS_IsJobPending(engine_runtime);
}

static void hand_request(const Received *received) {
    JSValue message = lift_heard_request(received);
    if (JS_IsException(message)) fail_with_error(JS_GetException(engine_context));
    JSValue outcome = call_listener(listener.request, 1, (JSValueConst *)&message);
    JS_FreeValue(engine_context, message);
    if (JS_IsException(outcome)) fail_with_error(JS_GetException(engine_context));
    bool is_settled = JS_VALUE_GET_TAG(outcome) == JS_TAG_BOOL && JS_VALUE_GET_BOOL(outcome);
    listener.may_skip_next = is_settled && listener.is_active && !JS_IsJobPending(engine_runtime);
    JS_FreeValue(engine_context, outcome);
}

static void hand_end(const ReceiveResult *result) {
    const OptionText *context = result->is_error ? &result->as.failure.context : &result->as.message.message.as.response.context;
    int32_t ticket = ticket_of(context);
    bool has_blob = !result->is_error && wit_has_blob();
    JSValue end = result->is_error ? lift_send_error(&result->as.failure.error, context) : lift_heard_response(&result->as.message, has_blob);
    if (JS_IsException(end)) fail_with_error(JS_GetException(engine_context));
    listener.ask_is_enough = !result->is_error && !has_blob;
    JSValueConst arguments[] = { end, JS_NewInt32(engine_context, ticket) };
    JSValue promise = JS_UNDEFINED;
    if (ticket != NO_TICKET && (uint32_t)ticket < asked_count) {
        promise = asked[ticket];
        asked[ticket] = JS_UNDEFINED;
    }
    JSValue outcome = call_listener(listener.end, 2, arguments);
    JS_FreeValue(engine_context, end);
    bool is_failure = JS_IsException(outcome);
    if (is_failure) outcome = JS_GetException(engine_context);
    if (!JS_IsUndefined(promise)) fulfill_or_reject_promise(engine_context, promise, outcome, is_failure);
    else if (is_failure) fail_with_error(outcome);
    JS_FreeValue(engine_context, outcome);
    JS_FreeValue(engine_context, promise);
}

static void hand_next(void) {
    static ReceiveResult result;
    forget_results();
    listener.may_skip_next = listener.ask_is_enough = false;
    wit_receive(&result);
    if (web.request_count && is_end_of_own(&result)) {
        JSValue end = lift_delivery(&result);
        if (JS_IsException(end)) fail_with_error(JS_GetException(engine_context));
        call_handler(atoms.end, end);
        return;
    }
    if (!result.is_error && result.as.message.message.tag == 0) hand_request(&result.as.message);
    else hand_end(&result);
}

static const JSCFunctionListEntry fast_functions[] = {
    JS_CFUNC_DEF("listen", 1, fast_listen),
    JS_CFUNC_DEF("ask", 4, fast_ask),
    JS_CFUNC_DEF("answer", 1, fast_answer),
    JS_CFUNC_DEF("answerWith", 1, fast_answer_with),
    JS_CFUNC_DEF("parseJson", 1, fast_parse_json),
};

#endif
