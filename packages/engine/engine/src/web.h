/*
 * What the event loop does for timers and `fetch` (src/web/own-carrier.ts): the ends of their requests go to a handler, not to
 * the script, and while they are under way the process receives even if the script does not.
 */
#ifndef KINODE_WEB_H
#define KINODE_WEB_H

static struct {
    JSValue handler, carrier;
    uint32_t request_count, kept_count;
    bool has_started;
} web;

#define OWN_MARK "kjs:own:"
#define OWN_CONTEXT_BYTES 12

static bool is_end_of_own(const ReceiveResult *result) {
    const OptionText *context;
    if (result->is_error) context = &result->as.failure.context;
    else if (result->as.message.message.tag) context = &result->as.message.message.as.response.context;
    else return false;
    return context->some && context->value.len == OWN_CONTEXT_BYTES && !memcmp(context->value.ptr, OWN_MARK, sizeof OWN_MARK - 1);
}

static inline bool web_receives(void) { return web.request_count || web.kept_count; }

/* Calls a method of the handler; takes over the argument. */
static void call_handler(JSAtom method, JSValue argument) {
    JSValue outcome = JS_Invoke(engine_context, web.handler, method, 1, (JSValueConst *)&argument);
    JS_FreeValue(engine_context, argument);
    if (JS_IsException(outcome)) fail_with_error(JS_GetException(engine_context));
    JS_FreeValue(engine_context, outcome);
}

static void web_start(void) {
    web.has_started = true;
    if (!JS_IsUndefined(web.handler)) call_handler(atoms.start, JS_UNDEFINED);
}

/* attach(handler): boolean */
HOST_FUNCTION(web_attach) {
    web.handler = JS_DupValue(ctx, argv[0]);
    return JS_NewBool(ctx, web.has_started);
}

HOST_FUNCTION(web_carrier) { return JS_DupValue(ctx, web.carrier); }

/* pending(requests, kept) */
HOST_FUNCTION(web_pending) {
    web.request_count = JS_VALUE_GET_INT(argv[0]);
    web.kept_count = JS_VALUE_GET_INT(argv[1]);
    return JS_UNDEFINED;
}

/* deliver(delivery, blob): boolean */
HOST_FUNCTION(web_deliver) {
    if (waiting_first == waiting_end) return JS_FALSE;
    JS_FreeValue(ctx, kept_blob);
    kept_blob = JS_IsUndefined(argv[1]) ? JS_NULL : JS_DupValue(ctx, argv[1]);
    settle_receiver(argv[0]);
    return JS_TRUE;
}

HOST_FUNCTION(host_carry_by) {
    if (!JS_IsFunction(ctx, argv[0])) { fail_argument("carryBy", "called with a function"); return JS_EXCEPTION; }
    JS_FreeValue(ctx, web.carrier);
    web.carrier = JS_DupValue(ctx, argv[0]);
    if (!JS_IsUndefined(web.handler)) call_handler(atoms.carryBy, JS_DupValue(ctx, argv[0]));
    return JS_UNDEFINED;
}

#endif
