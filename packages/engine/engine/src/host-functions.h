/*
 * The 19 functions of the interface as methods of `kinode`, and `kinode.main`.
 * A call that waits suspends the whole engine inside its import; only `receive` gives a promise, which the main loop settles.
 */
#ifndef KINODE_HOST_FUNCTIONS_H
#define KINODE_HOST_FUNCTIONS_H

#define HOST_FUNCTION(name) \
    static JSValue name(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)

static JSValue main_function;

HOST_FUNCTION(host_main) {
    if (!JS_IsFunction(ctx, argv[0])) { fail_argument("main", "called with a function"); return JS_EXCEPTION; }
    if (!JS_IsUndefined(main_function)) return JS_ThrowTypeError(ctx, "kinode: \"main\" must be called only once");
    main_function = JS_DupValue(ctx, argv[0]);
    return JS_UNDEFINED;
}

HOST_FUNCTION(host_our) {
    Address address;
    forget_results();
    wit_our(&address);
    return lift_address(&address);
}

HOST_FUNCTION(host_print) {
    static const char VERBOSITY[] = "an integer between 0 and 255";
    double verbosity;
    Text text;
    uint32_t mark = held_count;
    if (!JS_IsNumber(argv[0])) { fail_argument("verbosity", VERBOSITY); return JS_EXCEPTION; }
    JS_ToFloat64(ctx, &verbosity, argv[0]);
    if (!(verbosity >= 0 && verbosity <= 255 && verbosity == (int)verbosity)) { fail_range("verbosity", VERBOSITY); return JS_EXCEPTION; }
    if (hold_text(argv[1], "text", &text) < 0) return JS_EXCEPTION;
    wit_print_to_terminal(verbosity, text.ptr, text.len);
    release_held(mark);
    return JS_UNDEFINED;
}

HOST_FUNCTION(host_get_on_exit) {
    OnExit on_exit;
    forget_results();
    wit_get_on_exit(&on_exit);
    return lift_on_exit(&on_exit);
}

HOST_FUNCTION(host_set_on_exit) {
    OnExit on_exit;
    uint32_t mark = held_count;
    int failed = read_on_exit(argv[0], &on_exit) < 0 || resolve_bytes(mark) < 0;
    if (!failed) wit_set_on_exit(on_exit.tag, on_exit.requests.ptr, on_exit.requests.len);
    release_held(mark);
    return failed ? JS_EXCEPTION : JS_UNDEFINED;
}

HOST_FUNCTION(host_get_state) {
    OptionText state;
    forget_results();
    wit_get_state(&state);
    return lift_optional_bytes(&state);
}

HOST_FUNCTION(host_set_state) {
    Text bytes;
    uint32_t mark = held_count;
    int failed = hold_bytes(argv[0], "state", &bytes) < 0 || resolve_bytes(mark) < 0;
    if (!failed) wit_set_state(bytes.ptr, bytes.len);
    release_held(mark);
    return failed ? JS_EXCEPTION : JS_UNDEFINED;
}

HOST_FUNCTION(host_clear_state) {
    wit_clear_state();
    return JS_UNDEFINED;
}

typedef struct { OptionText name; Text path; OnExit on_exit; List requested, granted; uint8_t is_public; } Spawn;

static int read_spawn(JSValueConst object, Spawn *spawn) {
    if (!JS_IsObject(object)) return fail_argument("spawn", "given an object");
    if (read_optional(object, atoms.name, "name", &spawn->name, hold_text) < 0) return -1;
    if (read_required(object, atoms.wasmPath, "wasmPath", &spawn->path, hold_text) < 0) return -1;
    JSValue on_exit = JS_GetProperty(engine_context, object, atoms.onExit);
    if (JS_IsException(on_exit)) return -1;
    int failed = read_on_exit(on_exit, &spawn->on_exit);
    JS_FreeValue(engine_context, on_exit);
    if (failed) return -1;
    if (read_capabilities(object, atoms.requestCapabilities, "requestCapabilities", &spawn->requested) < 0) return -1;
    if (read_list(object, atoms.grantCapabilities, "grantCapabilities", &spawn->granted, sizeof(Grant), read_grant) < 0) return -1;
    return read_bool(object, atoms.public_, "public", &spawn->is_public);
}

static JSValue lift_spawned(const SpawnResult *result) {
    JSValue object = JS_NewObject(engine_context);
    if (JS_IsException(object)) return object;
    JS_DefinePropertyValue(engine_context, object, atoms.ok, JS_NewBool(engine_context, !result->is_error), JS_PROP_C_W_E);
    if (result->is_error) {
        JSValue error = JS_NewString(engine_context, result->as.error == 0 ? "name-taken" : "no-file-at-path");
        JS_DefinePropertyValue(engine_context, object, atoms.error, error, JS_PROP_C_W_E);
    } else {
        JS_DefinePropertyValue(engine_context, object, atoms.process, lift_process_id(&result->as.process), JS_PROP_C_W_E);
    }
    return object;
}

HOST_FUNCTION(host_spawn) {
    Spawn spawn = { 0 };
    SpawnResult result;
    uint32_t mark = held_count;
    int failed = read_spawn(argv[0], &spawn) < 0 || resolve_bytes(mark) < 0;
    if (!failed) {
        forget_results();
        wit_spawn(spawn.name.some, spawn.name.value.ptr, spawn.name.value.len, spawn.path.ptr, spawn.path.len,
            spawn.on_exit.tag, spawn.on_exit.requests.ptr, spawn.on_exit.requests.len, spawn.requested.ptr, spawn.requested.len,
            spawn.granted.ptr, spawn.granted.len, spawn.is_public, &result);
    }
    release_held(mark);
    return failed ? JS_EXCEPTION : lift_spawned(&result);
}

static JSValue change_capabilities(JSValueConst value, void (*change)(const void *, uint32_t)) {
    List list;
    uint32_t mark = held_count;
    int failed = hold_list(value, "capabilities", &list, sizeof(Capability), read_capability);
    if (!failed) change(list.ptr, list.len);
    release_held(mark);
    return failed ? JS_EXCEPTION : JS_UNDEFINED;
}

HOST_FUNCTION(host_save_capabilities) { return change_capabilities(argv[0], wit_save_capabilities); }
HOST_FUNCTION(host_drop_capabilities) { return change_capabilities(argv[0], wit_drop_capabilities); }

HOST_FUNCTION(host_our_capabilities) {
    List list;
    forget_results();
    wit_our_capabilities(&list);
    return lift_list(&list, sizeof(Capability), lift_capability);
}

/* The blob of a message that was kept for the script (web.h) while that is the newest one; null: it had none; else undefined. */
static JSValue kept_blob;

static void forget_kept_blob(void) {
    JS_FreeValue(engine_context, kept_blob);
    kept_blob = JS_UNDEFINED;
}

HOST_FUNCTION(host_has_blob) {
    if (!JS_IsUndefined(kept_blob)) return JS_NewBool(ctx, !JS_IsNull(kept_blob));
    return JS_NewBool(ctx, wit_has_blob());
}

HOST_FUNCTION(host_get_blob) {
    if (!JS_IsUndefined(kept_blob)) return JS_IsNull(kept_blob) ? JS_UNDEFINED : JS_DupValue(ctx, kept_blob);
    OptionBlob blob;
    forget_results();
    wit_get_blob(&blob);
    return lift_blob(&blob);
}

HOST_FUNCTION(host_last_blob) {
    OptionBlob blob;
    forget_results();
    wit_last_blob(&blob);
    return lift_blob(&blob);
}

HOST_FUNCTION(host_send_request) {
    OutgoingRequest request;
    uint32_t mark = held_count;
    memset(&request, 0, sizeof request);
    int failed = !JS_IsObject(argv[0]) ? fail_argument("request", "an object") : read_outgoing(argv[0], &request) < 0 || resolve_bytes(mark) < 0;
    if (!failed) wit_send_request(&request);
    release_held(mark);
    return failed ? JS_EXCEPTION : JS_UNDEFINED;
}

HOST_FUNCTION(host_send_requests) {
    List list;
    uint32_t mark = held_count;
    int failed = hold_list(argv[0], "requests", &list, sizeof(OutgoingRequest), read_outgoing) < 0 || resolve_bytes(mark) < 0;
    if (!failed) wit_send_requests(list.ptr, list.len);
    release_held(mark);
    return failed ? JS_EXCEPTION : JS_UNDEFINED;
}

HOST_FUNCTION(host_send_response) {
    Response r;
    OptionBlob b;
    uint32_t mark = held_count;
    memset(&r, 0, sizeof r);
    memset(&b, 0, sizeof b);
    int failed = !JS_IsObject(argv[0]) ? fail_argument("response", "an object") : read_response(argv[0], &r, &b) < 0 || resolve_bytes(mark) < 0;
    if (!failed)
        wit_send_response(r.inherit, r.body.ptr, r.body.len, r.metadata.some, r.metadata.value.ptr, r.metadata.value.len,
            r.capabilities.ptr, r.capabilities.len, b.some, b.value.mime.some, b.value.mime.value.ptr, b.value.mime.value.len,
            b.value.bytes.ptr, b.value.bytes.len);
    release_held(mark);
    return failed ? JS_EXCEPTION : JS_UNDEFINED;
}

HOST_FUNCTION(host_send_and_await) {
    AwaitedRequest request;
    AwaitResult result;
    uint32_t mark = held_count;
    memset(&request, 0, sizeof request);
    int failed = !JS_IsObject(argv[0]) ? fail_argument("request", "an object") : read_awaited(argv[0], &request) < 0 || resolve_bytes(mark) < 0;
    if (!failed) {
        forget_results();
        wit_send_and_await_response(&request, &result);
    }
    release_held(mark);
    if (failed) return JS_EXCEPTION;
    return result.is_error ? lift_send_error(&result.as.failure, NULL) : lift_received(&result.as.message);
}

/* Promises of `receive` that wait for a message, oldest first. */
static JSValue *waiting;
static uint32_t waiting_first, waiting_end, waiting_capacity;

static JSValue new_pending_promise(void) {
    JSValue promise = js_create_from_ctor(engine_context, JS_UNDEFINED, JS_CLASS_PROMISE);
    if (JS_IsException(promise)) return promise;
    JSPromiseData *data = js_mallocz(engine_context, sizeof *data);
    if (!data) { JS_FreeValue(engine_context, promise); return JS_EXCEPTION; }
    data->promise_state = JS_PROMISE_PENDING;
    init_list_head(&data->promise_reactions[0]);
    init_list_head(&data->promise_reactions[1]);
    data->promise_result = JS_UNDEFINED;
    JS_VALUE_GET_OBJ(promise)->u.promise_data = data;
    return promise;
}

HOST_FUNCTION(host_receive) {
    if (waiting_end == waiting_capacity) {
        uint32_t capacity = waiting_capacity ? waiting_capacity * 2 : 16;
        JSValue *grown = js_realloc(ctx, waiting, capacity * sizeof *grown);
        if (!grown) return JS_EXCEPTION;
        waiting = grown;
        waiting_capacity = capacity;
    }
    JSValue promise = new_pending_promise();
    if (!JS_IsException(promise)) waiting[waiting_end++] = JS_DupValue(ctx, promise);
    return promise;
}

/* The oldest waiting `receive` gets the delivery. */
static void settle_receiver(JSValueConst delivery) {
    JSValue promise = waiting[waiting_first++];
    if (waiting_first == waiting_end) waiting_first = waiting_end = 0;
    fulfill_or_reject_promise(engine_context, promise, delivery, false);
    JS_FreeValue(engine_context, promise);
}

_Noreturn static void fail_with_error(JSValue error);
#include "web.h"
#include "exports.h"

static const JSCFunctionListEntry host_functions[] = {
    JS_CFUNC_DEF("main", 1, host_main),
    JS_CFUNC_DEF("carryBy", 1, host_carry_by),
    JS_CFUNC_DEF("exportInterface", 2, host_export_interface),
    JS_CFUNC_DEF("describeExports", 1, host_describe_exports),
    JS_CFUNC_DEF("our", 0, host_our),
    JS_CFUNC_DEF("printToTerminal", 2, host_print),
    JS_CFUNC_DEF("getOnExit", 0, host_get_on_exit),
    JS_CFUNC_DEF("setOnExit", 1, host_set_on_exit),
    JS_CFUNC_DEF("getState", 0, host_get_state),
    JS_CFUNC_DEF("setState", 1, host_set_state),
    JS_CFUNC_DEF("clearState", 0, host_clear_state),
    JS_CFUNC_DEF("spawn", 1, host_spawn),
    JS_CFUNC_DEF("saveCapabilities", 1, host_save_capabilities),
    JS_CFUNC_DEF("dropCapabilities", 1, host_drop_capabilities),
    JS_CFUNC_DEF("ourCapabilities", 0, host_our_capabilities),
    JS_CFUNC_DEF("receive", 0, host_receive),
    JS_CFUNC_DEF("hasBlob", 0, host_has_blob),
    JS_CFUNC_DEF("getBlob", 0, host_get_blob),
    JS_CFUNC_DEF("lastBlob", 0, host_last_blob),
    JS_CFUNC_DEF("sendRequest", 1, host_send_request),
    JS_CFUNC_DEF("sendRequests", 1, host_send_requests),
    JS_CFUNC_DEF("sendResponse", 1, host_send_response),
    JS_CFUNC_DEF("sendAndAwaitResponse", 1, host_send_and_await),
};

#endif
