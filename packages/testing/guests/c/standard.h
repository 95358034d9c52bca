/*
 * kinode:process/standard as C sees it: the canonical ABI's memory layouts are those of these structs
 * on wasm32, so imports are declared directly and nothing is generated.
 * STANDARD is the import name, e.g. "kinode:process/standard@1.0.0"; VERSION is 70, 80 or 100.
 */
#ifndef STANDARD_H
#define STANDARD_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct { uint8_t *ptr; size_t len; } bytes_t; /* also string, json, node-id, context */
typedef struct { bool some; bytes_t val; } option_bytes_t;
typedef struct { bool some; uint64_t val; } option_u64_t;
typedef struct { bytes_t name, package, publisher; } process_id_t;
typedef struct { bytes_t node; process_id_t process; } address_t;
typedef struct { address_t issuer; bytes_t params; } capability_t;
typedef struct { capability_t *ptr; size_t len; } capabilities_t;
typedef struct { option_bytes_t mime; bytes_t bytes; } blob_t;
typedef struct { bool some; blob_t val; } option_blob_t;
typedef struct {
  bool inherit;
  option_u64_t expects_response;
  bytes_t body;
  option_bytes_t metadata;
  capabilities_t capabilities;
} request_t;
typedef struct {
  bool inherit;
  bytes_t body;
  option_bytes_t metadata;
  capabilities_t capabilities;
} response_t;
typedef struct { response_t response; option_bytes_t context; } response_context_t;
typedef struct {
  uint8_t tag; /* 0 request, 1 response */
  union { request_t request; response_context_t response; } val;
} message_t;
typedef struct { address_t target; request_t request; option_blob_t blob; } exit_request_t;
typedef struct { exit_request_t *ptr; size_t len; } exit_requests_t;
typedef struct { uint8_t tag; exit_requests_t requests; } on_exit_t; /* 0 none, 1 restart, 2 requests */
typedef struct {
  uint8_t kind; /* 0 offline, 1 timeout */
#if VERSION >= 80
  address_t target;
#endif
  message_t message;
  option_blob_t blob;
} send_error_t;
typedef struct { address_t source; message_t message; } incoming_t;
typedef struct { send_error_t error; option_bytes_t context; } failed_t;
typedef struct { bool is_err; union { incoming_t ok; failed_t err; } val; } received_t;
typedef struct { bool is_err; union { incoming_t ok; send_error_t err; } val; } awaited_t;
typedef struct { bool is_err; union { process_id_t ok; uint8_t err; } val; } spawned_t;
typedef struct { address_t target; request_t request; option_bytes_t context; option_blob_t blob; } outgoing_t;
typedef struct { address_t target; request_t request; option_blob_t blob; } await_args_t;
#if VERSION >= 100
typedef struct { process_id_t process; bytes_t params; } grant_t;
#else
typedef process_id_t grant_t;
#endif
typedef struct { grant_t *ptr; size_t len; } grants_t;

#define IMPORT(name) __attribute__((import_module(STANDARD), import_name(name)))
IMPORT("print-to-terminal") void std_print(int verbosity, const uint8_t *ptr, size_t len);
IMPORT("get-on-exit") void std_get_on_exit(on_exit_t *ret);
IMPORT("set-on-exit") void std_set_on_exit(int tag, exit_request_t *ptr, size_t len);
IMPORT("get-state") void std_get_state(option_bytes_t *ret);
IMPORT("set-state") void std_set_state(const uint8_t *ptr, size_t len);
IMPORT("clear-state") void std_clear_state(void);
IMPORT("spawn") void std_spawn(int has_name, uint8_t *name, size_t name_len, uint8_t *path, size_t path_len,
  int on_exit, exit_request_t *requests, size_t requests_len, capability_t *caps, size_t caps_len,
  grant_t *grants, size_t grants_len, int is_public, spawned_t *ret);
IMPORT("save-capabilities") void std_save_capabilities(capability_t *ptr, size_t len);
IMPORT("drop-capabilities") void std_drop_capabilities(capability_t *ptr, size_t len);
IMPORT("our-capabilities") void std_our_capabilities(capabilities_t *ret);
IMPORT("receive") void std_receive(received_t *ret);
IMPORT("get-blob") void std_get_blob(option_blob_t *ret);
IMPORT("send-request") void std_send_request(outgoing_t *args);
IMPORT("send-requests") void std_send_requests(outgoing_t *ptr, size_t len);
IMPORT("send-response") void std_send_response(int inherit, uint8_t *body, size_t body_len,
  int has_metadata, uint8_t *metadata, size_t metadata_len, capability_t *caps, size_t caps_len,
  int has_blob, int has_mime, uint8_t *mime, size_t mime_len, uint8_t *bytes, size_t bytes_len);
IMPORT("send-and-await-response") void std_send_and_await_response(await_args_t *args, awaited_t *ret);
#if VERSION >= 100
IMPORT("our") void std_our(address_t *ret);
IMPORT("has-blob") int std_has_blob(void);
IMPORT("last-blob") void std_last_blob(option_blob_t *ret);
#endif
#endif
