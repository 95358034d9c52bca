/*
 * The probe: a process that does what the scripts it receives tell it to, and reports what it saw.
 *
 * Main loop: receive; a request whose body begins with "PRB1" is a script and runs; anything else is appended to
 * the output buffer as a record and runs the handler set for its kind, if any. Scripts should be sent as requests
 * that expect no response: those change neither the message being answered nor the last blob.
 * The format of scripts and reports is described beside its writer, packages/testing/src/probe-script.ts.
 */
#include "standard.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
  OUR = 1, PRINT, GET_ON_EXIT, SET_ON_EXIT, GET_STATE, SET_STATE, CLEAR_STATE, SPAWN, SAVE_CAPS, DROP_CAPS,
  OUR_CAPS, RECEIVE, HAS_BLOB, GET_BLOB, LAST_BLOB, SEND_REQUEST, SEND_REQUESTS, SEND_RESPONSE, SEND_AND_AWAIT,
  REPORT = 32, STDERR, TRAP, EXIT, RETURN, LOOP, RECURSE, GROW, REPEAT, HANDLER, SLEEP, NOTE, RANDOM, CLEAR
};

/* ---- Memory: what a turn of the main loop allocates is forgotten with the turn. ---- */

typedef struct chunk { struct chunk *next; } chunk_t;
static chunk_t *chunks;

static void *allocate(size_t size) {
  chunk_t *chunk = malloc(sizeof(chunk_t) + 8 + size);
  if (!chunk) abort();
  chunk->next = chunks;
  chunks = chunk;
  return (uint8_t *)chunk + 8;
}

static void forget_turn(void) {
  while (chunks) {
    chunk_t *next = chunks->next;
    free(chunks);
    chunks = next;
  }
}

__attribute__((export_name("cabi_realloc"))) void *cabi_realloc(void *old, size_t old_size, size_t align, size_t size) {
  void *fresh = size == 0 ? (void *)align : allocate(size);
  if (old_size > 0 && size > 0) memcpy(fresh, old, old_size < size ? old_size : size);
  return fresh;
}

/* ---- State of the probe ---- */

static bytes_t output;
static size_t output_capacity;
static bytes_t handlers[3];
static address_t self, last_source;
static bytes_t last_body;
static bool returning;

static _Noreturn void fail(const char *text) {
  write(2, text, strlen(text));
  __builtin_trap();
}

/* ---- Writing reports ---- */

static void put(const void *from, size_t len) {
  if (output.len + len > output_capacity) {
    output_capacity = (output.len + len) * 2 + 256;
    output.ptr = realloc(output.ptr, output_capacity);
    if (!output.ptr) abort();
  }
  if (len > 0) memcpy(output.ptr + output.len, from, len);
  output.len += len;
}
static void put_u8(uint8_t v) { put(&v, 1); }
static void put_u32(uint32_t v) { put(&v, 4); }
static void put_bytes(bytes_t v) { put_u32(v.len); put(v.ptr, v.len); }
static void put_option(option_bytes_t v) { put_u8(v.some); if (v.some) put_bytes(v.val); }
static void put_process(process_id_t v) { put_bytes(v.name); put_bytes(v.package); put_bytes(v.publisher); }
static void put_address(address_t v) { put_bytes(v.node); put_process(v.process); }
static void put_blob(option_blob_t v) {
  put_u8(v.some);
  if (v.some) { put_option(v.val.mime); put_bytes(v.val.bytes); }
}
static void put_capabilities(capabilities_t v) {
  put_u32(v.len);
  for (size_t i = 0; i < v.len; i++) { put_address(v.ptr[i].issuer); put_bytes(v.ptr[i].params); }
}
static void put_request(request_t v) {
  put_u8(v.inherit);
  put_u8(v.expects_response.some);
  if (v.expects_response.some) put(&v.expects_response.val, 8);
  put_bytes(v.body);
  put_option(v.metadata);
  put_capabilities(v.capabilities);
}
static void put_response(response_t v) {
  put_u8(v.inherit);
  put_bytes(v.body);
  put_option(v.metadata);
  put_capabilities(v.capabilities);
}
static void put_message(message_t *v) {
  put_u8(v->tag);
  if (v->tag == 0) put_request(v->val.request);
  else { put_response(v->val.response.response); put_option(v->val.response.context); }
}
static void put_on_exit(on_exit_t v) {
  put_u8(v.tag);
  if (v.tag != 2) return;
  put_u32(v.requests.len);
  for (size_t i = 0; i < v.requests.len; i++) {
    put_address(v.requests.ptr[i].target);
    put_request(v.requests.ptr[i].request);
    put_blob(v.requests.ptr[i].blob);
  }
}
static void put_error(send_error_t *v, option_bytes_t context) {
  put_u8(1);
  put_u8(v->kind);
#if VERSION >= 80
  put_u8(1);
  put_address(v->target);
#else
  put_u8(0);
#endif
  put_message(&v->message);
  put_blob(v->blob);
  put_option(context);
}
static void put_incoming(incoming_t *v) {
  put_u8(0);
  put_address(v->source);
  put_message(&v->message);
  last_source = v->source;
  last_body = v->message.tag == 0 ? v->message.val.request.body : v->message.val.response.response.body;
}

/* ---- Reading scripts ---- */

typedef struct { const uint8_t *at, *end; } script_t;

static const uint8_t *take(script_t *s, size_t len) {
  if ((size_t)(s->end - s->at) < len) fail("probe: the script ends too early\n");
  s->at += len;
  return s->at - len;
}
static uint8_t get_u8(script_t *s) { return *take(s, 1); }
static uint32_t get_u32(script_t *s) { uint32_t v; memcpy(&v, take(s, 4), 4); return v; }
static bytes_t get_bytes(script_t *s) {
  bytes_t v;
  v.len = get_u32(s);
  v.ptr = (uint8_t *)take(s, v.len);
  return v;
}
static option_bytes_t get_option(script_t *s) {
  option_bytes_t v = {get_u8(s) != 0, {0, 0}};
  if (v.some) v.val = get_bytes(s);
  return v;
}
static process_id_t get_process(script_t *s) {
  process_id_t v;
  v.name = get_bytes(s);
  v.package = get_bytes(s);
  v.publisher = get_bytes(s);
  return v;
}
static address_t get_address(script_t *s) {
  switch (get_u8(s)) {
    case 1: return last_source;
    case 2: return self;
    default: {
      address_t v;
      v.node = get_bytes(s);
      v.process = get_process(s);
      return v;
    }
  }
}
static bytes_t get_body(script_t *s) {
  switch (get_u8(s)) {
    case 1: return output;
    case 2: return last_body;
    default: return get_bytes(s);
  }
}
static capabilities_t get_capabilities(script_t *s) {
  capabilities_t v;
  v.len = get_u32(s);
  v.ptr = allocate(v.len * sizeof(capability_t));
  for (size_t i = 0; i < v.len; i++) {
    v.ptr[i].issuer = get_address(s);
    v.ptr[i].params = get_bytes(s);
  }
  return v;
}
static option_blob_t get_blob(script_t *s) {
  option_blob_t v = {0};
  switch (get_u8(s)) {
    case 0: return v;
    case 2: std_get_blob(&v); return v;
    default:
      v.some = true;
      v.val.mime = get_option(s);
      v.val.bytes = get_bytes(s);
      return v;
  }
}
static request_t get_request(script_t *s) {
  request_t v = {0};
  v.inherit = get_u8(s);
  v.expects_response.some = get_u8(s);
  if (v.expects_response.some) memcpy(&v.expects_response.val, take(s, 8), 8);
  v.body = get_body(s);
  v.metadata = get_option(s);
  v.capabilities = get_capabilities(s);
  return v;
}
static on_exit_t get_on_exit(script_t *s) {
  on_exit_t v = {get_u8(s), {0, 0}};
  if (v.tag != 2) return v;
  v.requests.len = get_u32(s);
  v.requests.ptr = allocate(v.requests.len * sizeof(exit_request_t));
  for (size_t i = 0; i < v.requests.len; i++) {
    v.requests.ptr[i].target = get_address(s);
    v.requests.ptr[i].request = get_request(s);
    v.requests.ptr[i].blob = get_blob(s);
  }
  return v;
}
static outgoing_t get_outgoing(script_t *s) {
  outgoing_t v;
  v.target = get_address(s);
  v.request = get_request(s);
  v.context = get_option(s);
  v.blob = get_blob(s);
  return v;
}

/* ---- The operations ---- */

static void op_spawn(script_t *s) {
  option_bytes_t name = get_option(s);
  bytes_t path = get_bytes(s);
  on_exit_t on_exit = get_on_exit(s);
  capabilities_t caps = get_capabilities(s);
  grants_t grants;
  grants.len = get_u32(s);
  grants.ptr = allocate(grants.len * sizeof(grant_t));
  for (size_t i = 0; i < grants.len; i++) {
    process_id_t process = get_process(s);
    bytes_t params = get_bytes(s);
#if VERSION >= 100
    grants.ptr[i].process = process;
    grants.ptr[i].params = params;
#else
    (void)params;
    grants.ptr[i] = process;
#endif
  }
  int is_public = get_u8(s);
  spawned_t result;
  std_spawn(name.some, name.val.ptr, name.val.len, path.ptr, path.len, on_exit.tag, on_exit.requests.ptr,
    on_exit.requests.len, caps.ptr, caps.len, grants.ptr, grants.len, is_public, &result);
  put_u8(result.is_err);
  if (result.is_err) put_u8(result.val.err);
  else put_process(result.val.ok);
}

static void op_send_response(script_t *s) {
  bool inherit = get_u8(s);
  bytes_t body = get_body(s);
  option_bytes_t metadata = get_option(s);
  capabilities_t caps = get_capabilities(s);
  option_blob_t blob = get_blob(s);
  std_send_response(inherit, body.ptr, body.len, metadata.some, metadata.val.ptr, metadata.val.len, caps.ptr,
    caps.len, blob.some, blob.val.mime.some, blob.val.mime.val.ptr, blob.val.mime.val.len, blob.val.bytes.ptr,
    blob.val.bytes.len);
}

static void op_await(script_t *s) {
  await_args_t args;
  args.target = get_address(s);
  args.request = get_request(s);
  args.blob = get_blob(s);
  awaited_t result;
  std_send_and_await_response(&args, &result);
  option_bytes_t none = {0};
  if (result.is_err) put_error(&result.val.err, none);
  else put_incoming(&result.val.ok);
}

static void op_receive(void) {
  received_t result;
  std_receive(&result);
  if (result.is_err) put_error(&result.val.err.error, result.val.err.context);
  else put_incoming(&result.val.ok);
}

static void op_report(script_t *s) {
  outgoing_t args = {0};
  args.target = get_address(s);
  args.request.body = output;
  std_send_request(&args);
  output.len = 0;
}

#pragma clang diagnostic ignored "-Winfinite-recursion"
static __attribute__((noinline)) int recurse(volatile int *depth) {
  volatile int here = *depth + 1;
  return recurse(&here) + here;
}

static void run(script_t s);

static void op_repeat(script_t *s) {
  uint32_t times = get_u32(s);
  bytes_t body = get_bytes(s);
  for (uint32_t i = 0; i < times && !returning; i++) run((script_t){body.ptr, body.ptr + body.len});
}

static void op_handler(script_t *s) {
  uint8_t kind = get_u8(s);
  bytes_t body = get_bytes(s);
  if (kind > 2) fail("probe: no such handler\n");
  free(handlers[kind].ptr);
  handlers[kind].ptr = malloc(body.len + 1);
  memcpy(handlers[kind].ptr, body.ptr, body.len);
  handlers[kind].len = body.len;
}

static void op_send_requests(script_t *s) {
  uint32_t len = get_u32(s);
  outgoing_t *requests = allocate(len * sizeof(outgoing_t));
  for (uint32_t i = 0; i < len; i++) requests[i] = get_outgoing(s);
  std_send_requests(requests, len);
}

static void step(uint8_t op, script_t *s) {
  bytes_t text;
  on_exit_t on_exit;
  option_bytes_t state;
  option_blob_t blob;
  capabilities_t caps;
  outgoing_t outgoing;
  switch (op) {
    case PRINT: { int verbosity = get_u8(s); text = get_bytes(s); std_print(verbosity, text.ptr, text.len); return; }
    case GET_ON_EXIT: std_get_on_exit(&on_exit); put_u8(op); put_on_exit(on_exit); return;
    case SET_ON_EXIT: on_exit = get_on_exit(s); std_set_on_exit(on_exit.tag, on_exit.requests.ptr, on_exit.requests.len); return;
    case GET_STATE: std_get_state(&state); put_u8(op); put_option(state); return;
    case SET_STATE: text = get_bytes(s); std_set_state(text.ptr, text.len); return;
    case CLEAR_STATE: std_clear_state(); return;
    case SPAWN: put_u8(op); op_spawn(s); return;
    case SAVE_CAPS: caps = get_capabilities(s); std_save_capabilities(caps.ptr, caps.len); return;
    case DROP_CAPS: caps = get_capabilities(s); std_drop_capabilities(caps.ptr, caps.len); return;
    case OUR_CAPS: std_our_capabilities(&caps); put_u8(op); put_capabilities(caps); return;
    case RECEIVE: put_u8(op); op_receive(); return;
    case GET_BLOB: std_get_blob(&blob); put_u8(op); put_blob(blob); return;
#if VERSION >= 100
    case OUR: { address_t our; std_our(&our); put_u8(op); put_address(our); return; }
    case HAS_BLOB: { int has = std_has_blob(); put_u8(op); put_u8(has); return; }
    case LAST_BLOB: std_last_blob(&blob); put_u8(op); put_blob(blob); return;
#endif
    case SEND_REQUEST: outgoing = get_outgoing(s); std_send_request(&outgoing); return;
    case SEND_REQUESTS: op_send_requests(s); return;
    case SEND_RESPONSE: op_send_response(s); return;
    case SEND_AND_AWAIT: put_u8(op); op_await(s); return;
    case REPORT: op_report(s); return;
    case STDERR: text = get_bytes(s); write(2, text.ptr, text.len); return;
    case TRAP: __builtin_trap();
    case EXIT: _Exit((int)get_u32(s));
    case RETURN: returning = true; return;
    case LOOP: for (volatile uint32_t i = 0;; i++) {}
    case RECURSE: { volatile int zero = 0; recurse(&zero); return; }
    case GROW: { int32_t before = (int32_t)__builtin_wasm_memory_grow(0, get_u32(s)); put_u8(op); put_u32((uint32_t)before); return; }
    case REPEAT: op_repeat(s); return;
    case HANDLER: op_handler(s); return;
    case SLEEP: usleep(get_u32(s) * 1000); return;
    case NOTE: text = get_bytes(s); put_u8(op); put_bytes(text); return;
    case RANDOM: { uint8_t random[16]; if (getentropy(random, 16) != 0) fail("probe: no randomness\n"); put_u8(op); put_bytes((bytes_t){random, 16}); return; }
    case CLEAR: output.len = 0; return;
    default: fail("probe: this interface has no such operation\n");
  }
}

static void run(script_t s) {
  while (s.at < s.end && !returning) { uint8_t op = get_u8(&s); step(op, &s); }
}

/* ---- The main loop ---- */

static bool is_script(received_t *r) {
  if (r->is_err || r->val.ok.message.tag != 0) return false;
  bytes_t body = r->val.ok.message.val.request.body;
  return body.len >= 4 && memcmp(body.ptr, "PRB1", 4) == 0;
}

static void turn(void) {
  received_t *r = allocate(sizeof(received_t));
  std_receive(r);
  if (is_script(r)) {
    bytes_t body = r->val.ok.message.val.request.body;
    last_source = r->val.ok.source;
    run((script_t){body.ptr + 4, body.ptr + body.len});
    return;
  }
  put_u8(RECEIVE);
  uint8_t kind = 2;
  if (r->is_err) put_error(&r->val.err.error, r->val.err.context);
  else { put_incoming(&r->val.ok); kind = r->val.ok.message.tag; }
  run((script_t){handlers[kind].ptr, handlers[kind].ptr + handlers[kind].len});
}

/* `node@process:package:publisher`, as init gets it. */
static address_t parse_address(bytes_t text) {
  bytes_t parts[4] = {{0}};
  const char *ends = "@::";
  uint8_t *copy = malloc(text.len);
  memcpy(copy, text.ptr, text.len);
  size_t part = 0, start = 0;
  for (size_t i = 0; i <= text.len; i++) {
    if (i < text.len && (part == 3 || copy[i] != ends[part])) continue;
    parts[part++] = (bytes_t){copy + start, i - start};
    start = i + 1;
  }
  return (address_t){parts[0], {parts[1], parts[2], parts[3]}};
}

__attribute__((export_name("init"))) void probe_init(uint8_t *ptr, size_t len) {
  self = parse_address((bytes_t){ptr, len});
  while (!returning) {
    forget_turn();
    last_body = (bytes_t){0, 0};
    last_source = self;
    turn();
  }
}
