/* Atoms and shapes, made once: no property name is looked up by its text while messages pass. */
#ifndef KINODE_NAMES_H
#define KINODE_NAMES_H

#define MAX_SAFE_INTEGER 9007199254740991LL

#define ATOM_NAMES(X) \
    X(kind) X(source) X(inherit) X(expectsResponse) X(body) X(metadata) X(capabilities) X(context) X(error) X(target) X(blob) \
    X(mime) X(bytes) X(issuer) X(params) X(process) X(name) X(wasmPath) X(onExit) X(requestCapabilities) X(grantCapabilities) \
    X(requests) X(ok) X(none) X(restart) X(request) X(response) X(offline) X(timeout) \
    X(sender) X(attached) X(carriesBlob) X(next) X(end) X(requestPrototype) X(responsePrototype) \
    X(start) X(keep) X(carryBy) X(begin) X(finish) X(state) X(open)

static struct {
#define DECLARE(name) JSAtom name;
    ATOM_NAMES(DECLARE)
#undef DECLARE
    JSAtom public_, send_error;
} atoms;

static struct {
    JSShape *request, *response, *send_error, *blob, *capability, *on_exit_request, *kind, *on_exit;
} shapes;

static JSValue no_capabilities;

static JSShape *shape_of(JSValue sample, const JSAtom *names, int count) {
    for (int i = 0; i < count; i++) JS_DefinePropertyValue(engine_context, sample, names[i], JS_UNDEFINED, JS_PROP_C_W_E);
    JSShape *shape = js_dup_shape(JS_VALUE_GET_OBJ(sample)->shape);
    JS_FreeValue(engine_context, sample);
    return shape;
}

static JSShape *make_shape(const JSAtom *names, int count) {
    return shape_of(JS_NewObject(engine_context), names, count);
}

#define MAKE_SHAPE(...) make_shape((JSAtom[]){ __VA_ARGS__ }, sizeof((JSAtom[]){ __VA_ARGS__ }) / sizeof(JSAtom))

static void prepare_names(void) {
#define CREATE(name) atoms.name = JS_NewAtom(engine_context, #name);
    ATOM_NAMES(CREATE)
#undef CREATE
    atoms.public_ = JS_NewAtom(engine_context, "public");
    atoms.send_error = JS_NewAtom(engine_context, "send-error");
    shapes.request = MAKE_SHAPE(atoms.kind, atoms.source, atoms.inherit, atoms.expectsResponse, atoms.body, atoms.metadata, atoms.capabilities);
    shapes.response = MAKE_SHAPE(atoms.kind, atoms.source, atoms.inherit, atoms.body, atoms.metadata, atoms.capabilities, atoms.context);
    shapes.send_error = MAKE_SHAPE(atoms.kind, atoms.error, atoms.target, atoms.body, atoms.blob, atoms.context);
    shapes.blob = MAKE_SHAPE(atoms.mime, atoms.bytes);
    shapes.capability = MAKE_SHAPE(atoms.issuer, atoms.params);
    shapes.on_exit_request = MAKE_SHAPE(atoms.target, atoms.body, atoms.inherit, atoms.expectsResponse, atoms.metadata, atoms.capabilities, atoms.blob);
    shapes.kind = MAKE_SHAPE(atoms.kind);
    shapes.on_exit = MAKE_SHAPE(atoms.kind, atoms.requests);
    no_capabilities = JS_NewArray(engine_context);
    JS_FreezeObject(engine_context, no_capabilities);
}

#endif
