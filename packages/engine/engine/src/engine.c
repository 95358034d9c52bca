/*
 * QuickJS-ng as one Kinode process: a script sees `kinode` (packages/types/src/guest.ts) and a few globals.
 * One translation unit with QuickJS-ng, because shapes, promises and strings are handled below its public API.
 *
 * `prepare` runs once, when the engine is built: it makes the context and evaluates the prelude. The build then saves the
 * memory as the module's data (build/snapshot.ts), so a process starts with a ready context.
 */
#include "quickjs.c"

static JSRuntime *engine_runtime;
static JSContext *engine_context;

#include "abi.h"
#include "names.h"
#include "arguments.h"
#include "address.h"
#include "lift.h"
#include "lower.h"
#include "host-functions.h"
#include "globals.h"

/* Below this much of the C stack a script gets "Maximum call stack size exceeded"; what QuickJS calls without checking fits in. */
#define STACK_RESERVE_BYTES (48 * 1024)
#define STDERR_BYTES 4096
/* Free memory behind the saved context. Untouched pages cost nothing. */
#define SPARE_BYTES (1024 * 1024)

extern const char prelude_source[];
extern const uint32_t prelude_length;

/* ---- Endings ---- */

static void write_stderr(const char *text, size_t length) {
    __wasi_ciovec_t part = { (const uint8_t *)text, length };
    __wasi_size_t written;
    (void)__wasi_fd_write(2, &part, 1, &written);
}

_Noreturn static void fail_with_text(const char *text) {
    write_stderr(text, strlen(text));
    __builtin_trap();
}

static void append(char *to, size_t *used, const char *text) {
    size_t length = strlen(text);
    if (length > STDERR_BYTES - *used) length = STDERR_BYTES - *used;
    memcpy(to + *used, text, length);
    *used += length;
}

/* "TypeError: message" and the stack. Reading it may run code of the script, so every step may fail. */
static size_t describe_error(JSValueConst error, char *to) {
    size_t used = 0;
    const char *text = JS_ToCString(engine_context, error);
    append(to, &used, text ? text : "a value that cannot be shown");
    JS_FreeCString(engine_context, text);
    JS_FreeValue(engine_context, JS_GetException(engine_context));
    JSValue stack = JS_IsObject(error) ? JS_GetPropertyStr(engine_context, error, "stack") : JS_UNDEFINED;
    if (JS_IsString(stack)) {
        const char *frames = JS_ToCString(engine_context, stack);
        append(to, &used, "\n");
        if (frames) append(to, &used, frames);
        JS_FreeCString(engine_context, frames);
    }
    JS_FreeValue(engine_context, stack);
    JS_FreeValue(engine_context, JS_GetException(engine_context));
    return used;
}

_Noreturn static void fail_with_error(JSValue error) {
    static char text[STDERR_BYTES];
    write_stderr(text, describe_error(error, text));
    __builtin_trap();
}

/* ---- Rejections nobody handles ---- */

#define REPORTED_REJECTIONS 16
static JSValue rejections[REPORTED_REJECTIONS];
static uint32_t rejection_count;

static void track_rejection(JSContext *ctx, JSValueConst promise, JSValueConst reason, bool is_handled, void *opaque) {
    if (!is_handled) {
        if (rejection_count < REPORTED_REJECTIONS) rejections[rejection_count++] = JS_DupValue(ctx, promise);
        return;
    }
    for (uint32_t i = 0; i < rejection_count; i++) {
        if (JS_VALUE_GET_PTR(rejections[i]) != JS_VALUE_GET_PTR(promise)) continue;
        JS_FreeValue(ctx, rejections[i]);
        rejections[i] = rejections[--rejection_count];
        return;
    }
}

static void report_rejections(void) {
    static char text[STDERR_BYTES + 32] = "Unhandled rejection: ";
    while (rejection_count) {
        JSValue promise = rejections[--rejection_count];
        JSValue reason = JS_PromiseResult(engine_context, promise);
        size_t length = 21 + describe_error(reason, text + 21);
        replace_lone_surrogates((uint8_t *)text, length);
        while (length && (text[length - 1] & 0xc0) == 0x80) length--; /* a cut must not leave half a character */
        if (length && (uint8_t)text[length - 1] >= 0xc0) length--;
        wit_print_to_terminal(0, (uint8_t *)text, length);
        JS_FreeValue(engine_context, reason);
        JS_FreeValue(engine_context, promise);
    }
}

/* ---- The life of a process ---- */

#include "listener.h"

static void run_jobs(void) {
    JSContext *context;
    int status;
    do {
        while ((status = JS_ExecutePendingJob(engine_runtime, &context)) > 0) {}
        if (status < 0) fail_with_error(JS_GetException(engine_context));
        if (rejection_count) report_rejections();
    } while (JS_IsJobPending(engine_runtime));
}

static void deliver_next(void) {
    static ReceiveResult result;
    forget_results();
    forget_kept_blob();
    wit_receive(&result);
    JSValue delivery = lift_delivery(&result);
    if (JS_IsException(delivery)) fail_with_error(JS_GetException(engine_context));
    if (web.request_count && is_end_of_own(&result)) { call_handler(atoms.end, delivery); return; }
    if (web.kept_count || waiting_first == waiting_end) { call_handler(atoms.keep, delivery); return; }
    settle_receiver(delivery);
    JS_FreeValue(engine_context, delivery);
}

static bool has_evaluated;

static JSValue compile_script(void) {
    OptionText script;
    forget_results();
    wit_script_source(&script);
    if (!script.some) fail_with_text("The engine was started without a script; pack one into it or start it from a node that has one");
    char *source = malloc((size_t)script.value.len + 1); /* the parser wants a NUL at the end */
    if (!source) fail_with_text("The script does not fit the memory limit of the process");
    memcpy(source, script.value.ptr, script.value.len);
    source[script.value.len] = 0;
    forget_results();
    JSValue code = JS_Eval(engine_context, source, script.value.len, "script.js", JS_EVAL_TYPE_GLOBAL | JS_EVAL_FLAG_COMPILE_ONLY);
    free(source);
    if (JS_IsException(code)) fail_with_error(JS_GetException(engine_context));
    return code;
}

/* Nothing of the script has run yet. Where it does not work out, later processes compile again. */
static void keep_compiled(JSValueConst code) {
    size_t length;
    uint8_t *bytes = JS_WriteObject(engine_context, &length, code, JS_WRITE_OBJ_BYTECODE);
    if (bytes) wit_script_keep(bytes, length);
    else JS_FreeValue(engine_context, JS_GetException(engine_context));
    js_free(engine_context, bytes);
}

/* QuickJS trusts bytecode: the node gives us only what this engine made of this very script (`keep` in script.wit). */
static JSValue load_script(void) {
    OptionText compiled;
    forget_results();
    wit_script_compiled(&compiled);
    if (compiled.some && compiled.value.len) {
        JSValue code = JS_ReadObject(engine_context, compiled.value.ptr, compiled.value.len, JS_READ_OBJ_BYTECODE);
        forget_results();
        if (JS_IsException(code)) fail_with_error(JS_GetException(engine_context));
        return code;
    }
    JSValue code = compile_script();
    if (compiled.some) keep_compiled(code);
    return code;
}

static void evaluate_script(bool needs_main) {
    has_evaluated = true;
    JSValue value = JS_EvalFunction(engine_context, load_script());
    if (JS_IsException(value)) fail_with_error(JS_GetException(engine_context));
    JS_FreeValue(engine_context, value);
    if (needs_main && JS_IsUndefined(main_function)) {
        run_jobs();
        if (JS_IsUndefined(main_function)) fail_with_text("The script ended without calling kinode.main(\xe2\x80\xa6); register its entry point");
    }
}

static void set_stack_limit(void) {
    engine_runtime->stack_top = js_get_stack_pointer();
    engine_runtime->stack_limit = STACK_RESERVE_BYTES; /* the stack lies at the start of memory */
}

static void reseed(void) {
    uint64_t seed;
    if (__wasi_random_get((uint8_t *)&seed, sizeof seed) == 0 && seed) engine_context->random_state = seed;
}

/* Runs jobs and hands out messages until the promise is settled; it must be marked as handled. */
static JSPromiseStateEnum settle(JSValueConst promise) {
    for (;;) {
        run_jobs();
        JSPromiseStateEnum state = JS_PromiseState(engine_context, promise);
        if (state != JS_PROMISE_PENDING) return state;
        if (waiting_first != waiting_end) { deliver_next(); continue; }
        if (web_receives() && !listener.is_active) { deliver_next(); continue; }
        if (listener.is_active) {
            if (listener_goes_on()) hand_next();
            continue;
        }
        fail_with_text("The script waits for something that can never happen: its main function has not ended and no receive() is waiting");
    }
}

EXPORT("init")
void init(const uint8_t *our, uint32_t our_length) {
    set_stack_limit();
    reseed();
    JSValue address = JS_NewStringLen(engine_context, (const char *)our, our_length);
    evaluate_script(true);
    JSValue outcome = JS_Call(engine_context, main_function, JS_UNDEFINED, 1, (JSValueConst *)&address);
    if (JS_IsException(outcome)) fail_with_error(JS_GetException(engine_context));
    web_start();
    if (!JS_IsPromise(outcome)) { run_jobs(); return; }
    JS_PromiseMarkAsHandled(engine_context, outcome);
    if (settle(outcome) == JS_PROMISE_REJECTED) fail_with_error(JS_PromiseResult(engine_context, outcome));
}

/* ---- Exported functions of a packed script ---- */

#define EXPORTS_PART 0

static JSValue call_exports_part(JSAtom name, int count, JSValueConst *arguments) {
    JSValue part = load_part(EXPORTS_PART);
    if (JS_IsException(part)) fail_with_error(JS_GetException(engine_context));
    JSValue outcome = JS_Invoke(engine_context, part, name, count, arguments);
    JS_FreeValue(engine_context, part);
    return outcome;
}

/* Address of the result. The script is evaluated at the first call; its main function is the business of `init`. */
EXPORT("call_export")
const void *call_export(uint32_t number) {
    set_stack_limit();
    forget_export_results();
    JSValue arguments[] = { JS_NewInt32(engine_context, number), JS_NewInt32(engine_context, (int32_t)(uintptr_t)block), JS_FALSE };
    if (!has_evaluated) {
        /* the arguments lie in memory that evaluating would give to others */
        uint32_t count = own_block_count;
        void **held_blocks = own_blocks;
        static uint8_t saved_arena[ARENA_BYTES];
        uint32_t used = arena_used;
        memcpy(saved_arena, arena, used);
        own_blocks = NULL;
        own_block_count = own_block_capacity = 0;
        reseed();
        evaluate_script(false);
        run_jobs();
        web_start();
        forget_results();
        free(own_blocks);
        own_blocks = held_blocks;
        own_block_count = own_block_capacity = count;
        memcpy(arena, saved_arena, used);
        arena_used = used;
    }
    JSValue outcome = call_exports_part(atoms.begin, 2, (JSValueConst *)arguments);
    forget_results();
    bool is_error = JS_IsException(outcome);
    if (is_error) outcome = JS_GetException(engine_context);
    else if (JS_IsPromise(outcome)) {
        JS_PromiseMarkAsHandled(engine_context, outcome);
        is_error = settle(outcome) == JS_PROMISE_REJECTED;
        JSValue result = JS_PromiseResult(engine_context, outcome);
        JS_FreeValue(engine_context, outcome);
        outcome = result;
    }
    run_jobs();
    arguments[1] = outcome;
    arguments[2] = JS_NewBool(engine_context, is_error);
    JSValue address = call_exports_part(atoms.finish, 3, (JSValueConst *)arguments);
    JS_FreeValue(engine_context, outcome);
    if (JS_IsException(address)) fail_with_error(JS_GetException(engine_context));
    forget_results();
    return (const void *)(uintptr_t)(uint32_t)JS_VALUE_GET_INT(address);
}

/* ---- Called by the build only; not exported by the finished engine ---- */

/* Bytecode without source text and positions: of ours, nobody needs them. */
static Text compile_code(const char *source, size_t length, const char *name) {
    JSValue code = JS_Eval(engine_context, source, length, name, JS_EVAL_TYPE_GLOBAL | JS_EVAL_FLAG_COMPILE_ONLY);
    if (JS_IsException(code)) fail_with_error(JS_GetException(engine_context));
    size_t size;
    uint8_t *bytes = JS_WriteObject(engine_context, &size, code, JS_WRITE_OBJ_BYTECODE | JS_WRITE_OBJ_STRIP_SOURCE | JS_WRITE_OBJ_STRIP_DEBUG);
    JS_FreeValue(engine_context, code);
    if (!bytes) fail_with_text("no bytecode");
    return (Text){ bytes, size };
}

EXPORT("allocate_source")
void *allocate_source(uint32_t length) { return calloc(length + 1, 1); }

EXPORT("compile_part")
const Text *compile_part(const char *source, uint32_t length) {
    static Text code;
    code = compile_code(source, length, "engine.js");
    return &code;
}

EXPORT("set_part")
void set_part(uint32_t number, uint32_t offset, uint32_t length) {
    parts[number].offset = offset;
    parts[number].length = length;
}

EXPORT("prepare")
void prepare(void) {
    engine_runtime = JS_NewRuntime();
    engine_context = JS_NewContext(engine_runtime);
    if (!engine_context) fail_with_text("no context");
    JS_AddIntrinsicDOMException(engine_context);
    JS_SetHostPromiseRejectionTracker(engine_runtime, track_rejection, NULL);
    main_function = JS_UNDEFINED;
    prepare_names();
    JSValue global = JS_GetGlobalObject(engine_context), kinode = JS_NewObject(engine_context);
    JS_SetPropertyFunctionList(engine_context, kinode, host_functions, countof(host_functions));
    JSValue fast = JS_NewObject(engine_context);
    JS_SetPropertyFunctionList(engine_context, fast, fast_functions, countof(fast_functions));
    JS_FreezeObject(engine_context, fast);
    JS_DefinePropertyValueStr(engine_context, kinode, "fast", fast, JS_PROP_ENUMERABLE);
    JS_FreezeObject(engine_context, kinode);
    JS_DefinePropertyValueStr(engine_context, global, "kinode", kinode, 0);
    kept_blob = web.handler = web.carrier = export_implementations = export_description = JS_UNDEFINED;
    for (int i = 0; i < MAX_PARTS; i++) part_exports[i] = JS_UNDEFINED;
    natives = JS_NewObject(engine_context);
    JS_SetPropertyFunctionList(engine_context, natives, native_functions, countof(native_functions));
    JSValue prelude = JS_UNDEFINED, outcome = JS_UNDEFINED;
    Text code = compile_code(prelude_source, prelude_length, "prelude.js");
    prelude = JS_EvalFunction(engine_context, JS_ReadObject(engine_context, code.ptr, code.len, JS_READ_OBJ_BYTECODE));
    js_free(engine_context, code.ptr);
    if (!JS_IsException(prelude)) outcome = JS_Call(engine_context, prelude, JS_UNDEFINED, 1, (JSValueConst *)&natives);
    if (JS_IsException(prelude) || JS_IsException(outcome)) fail_with_error(JS_GetException(engine_context));
    JS_FreeValue(engine_context, outcome);
    JS_FreeValue(engine_context, prelude);
    JS_FreeValue(engine_context, global);
    JS_RunGC(engine_runtime);
    /* The allocator keeps what it once got from the system: scripts of an ordinary size never grow the memory, which would copy it. */
    void *volatile spare = malloc(SPARE_BYTES); /* volatile: else the compiler leaves out both calls */
    free(spare);
}
