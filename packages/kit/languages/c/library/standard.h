/*
 * kinode:process/standard@1.0.0 as C sees it. The canonical ABI's memory layouts are those of these structs on
 * wasm32, so the imports are declared directly and nothing is generated. For the library itself only.
 */
#ifndef KINODE_STANDARD_H
#define KINODE_STANDARD_H

#include "kinode.h"

typedef struct { bool some; kn_bytes val; } option_bytes;
typedef struct { bool some; uint64_t val; } option_u64;
typedef struct { option_bytes mime; kn_bytes bytes; } blob_record;
typedef struct { bool some; blob_record val; } option_blob;
typedef struct {
  bool inherit;
  option_u64 expects_response;
  kn_bytes body;
  option_bytes metadata;
  kn_capabilities capabilities;
} request_record;
typedef struct {
  bool inherit;
  kn_bytes body;
  option_bytes metadata;
  kn_capabilities capabilities;
} response_record;
typedef struct {
  uint8_t tag; /* 0 request, 1 response */
  union {
    request_record request;
    struct { response_record response; option_bytes context; } response;
  } val;
} message_variant;
typedef struct { kn_address target; request_record request; option_blob blob; } exit_request;
typedef struct { uint8_t kind; kn_address target; message_variant message; option_blob blob; } send_error;
typedef struct { kn_address source; message_variant message; } incoming;
typedef struct { bool is_err; union { incoming ok; struct { send_error error; option_bytes context; } err; } val; } received;
typedef struct { bool is_err; union { incoming ok; send_error err; } val; } awaited;
typedef struct { bool is_err; union { kn_process_id ok; uint8_t err; } val; } spawned;
typedef struct { kn_address target; request_record request; option_bytes context; option_blob blob; } send_args;
typedef struct { kn_address target; request_record request; option_blob blob; } await_args;

#define IMPORT(name) __attribute__((import_module("kinode:process/standard@1.0.0"), import_name(name)))
IMPORT("print-to-terminal") void std_print(int verbosity, const char *ptr, size_t len);
IMPORT("set-on-exit") void std_set_on_exit(int tag, const exit_request *ptr, size_t len);
IMPORT("get-state") void std_get_state(option_bytes *ret);
IMPORT("set-state") void std_set_state(const char *ptr, size_t len);
IMPORT("clear-state") void std_clear_state(void);
IMPORT("spawn") void std_spawn(int has_name, const char *name, size_t name_len, const char *path, size_t path_len,
  int on_exit, const exit_request *requests, size_t requests_len, const kn_capability *caps, size_t caps_len,
  const kn_grant *grants, size_t grants_len, int is_public, spawned *ret);
IMPORT("save-capabilities") void std_save_capabilities(const kn_capability *ptr, size_t len);
IMPORT("drop-capabilities") void std_drop_capabilities(const kn_capability *ptr, size_t len);
IMPORT("our-capabilities") void std_our_capabilities(kn_capabilities *ret);
IMPORT("receive") void std_receive(received *ret);
IMPORT("get-blob") void std_get_blob(option_blob *ret);
IMPORT("last-blob") void std_last_blob(option_blob *ret);
IMPORT("send-request") void std_send_request(const send_args *args);
IMPORT("send-response") void std_send_response(int inherit, const char *body, size_t body_len,
  int has_metadata, const char *metadata, size_t metadata_len, const kn_capability *caps, size_t caps_len,
  int has_blob, int has_mime, const char *mime, size_t mime_len, const char *bytes, size_t bytes_len);
IMPORT("send-and-await-response") void std_send_and_await_response(const await_args *args, awaited *ret);

/* Shared between the library's files. */
void kn_forget_turn(void);
bool kn_false(kn_bytes why); /* remembers why and returns false */
bool kn_utf8(const char *at, const char *end);

#endif
