/*
 * Kinode processes in C: kinode:process/standard@1.0.0 with what a process needs around it.
 *
 * A program defines kn_main, which is called once; when it returns, the process ends.
 *
 *   #include <kinode.h>
 *
 *   void kn_main(void) {
 *     for (;;) {
 *       kn_message message;
 *       kn_receive(&message);
 *       if (message.kind == KN_REQUEST) kn_reply(&message, (kn_response){.body = message.body});
 *     }
 *   }
 *
 * Memory: everything this library returns (texts, messages, JSON) lives until the next kn_receive, which forgets it
 * all at once; nothing is freed one by one. What must live longer is copied with kn_keep. A long loop without
 * kn_receive in it takes a kn_mark before and calls kn_release after each turn.
 *
 * Functions that can fail return false; kn_error says why.
 */
#ifndef KINODE_H
#define KINODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define KN_NORETURN [[noreturn]]
extern "C" {
#else
#define KN_NORETURN _Noreturn
#endif

/* ---- Bytes and text ---- */

/* Bytes, or text in UTF-8. Not ended by a 0. `ptr` NULL means: there is none (which is not the same as empty). */
typedef struct {
  const char *ptr;
  size_t len;
} kn_bytes;

/* A literal as kn_bytes, also in an initializer of a variable outside functions. */
#define KN(literal) {"" literal, sizeof("" literal) - 1}
#ifndef __cplusplus
#define KN_NONE ((kn_bytes){0})
#define KN_TEXT(literal) ((kn_bytes)KN(literal))
#endif

kn_bytes kn_text(const char *c_string); /* NULL gives none */
char *kn_c_string(kn_bytes bytes);      /* a copy ended by a 0 */
bool kn_equal(kn_bytes a, kn_bytes b);
bool kn_is(kn_bytes bytes, const char *c_string);
bool kn_starts_with(kn_bytes bytes, const char *start);
bool kn_ends_with(kn_bytes bytes, const char *end);
kn_bytes kn_slice(kn_bytes bytes, size_t from, size_t to); /* bounds beyond the end mean the end */
kn_bytes kn_copy(kn_bytes bytes);                          /* lives until the next kn_receive */
kn_bytes kn_keep(kn_bytes bytes);                          /* lives until free((void *)result.ptr) */

/*
 * Text from a format. Not printf's: the compiler does not check it, so the arguments must fit.
 *   %s const char *     %b kn_bytes     %j kn_bytes as a JSON string, in quotes     %h kn_bytes escaped for HTML
 *   %d int     %u unsigned     %D int64_t     %U uint64_t     %c a character     %% a percent sign
 * None is written as nothing, and by %j as null.
 */
kn_bytes kn_format(const char *format, ...);

/* ---- Memory of one turn ---- */

typedef struct {
  void *chunk;
  char *at;
} kn_mark;

void *kn_alloc(size_t size); /* zeroed, aligned to 16, lives until the next kn_receive */
kn_mark kn_mark_now(void);
void kn_release(kn_mark mark); /* forgets what was made since the mark */

/* ---- Names ---- */

typedef struct {
  kn_bytes process, package, publisher;
} kn_process_id;

typedef struct {
  kn_bytes node;
  kn_process_id process;
} kn_address;

kn_address kn_our(void);
kn_address kn_local(const char *process);                    /* "vfs:distro:sys" on our node; ends the process if it is none */
bool kn_parse_address(kn_bytes text, kn_address *address);   /* "node@a:b:c", "our@a:b:c" or "a:b:c"; points into text */
kn_bytes kn_address_text(kn_address address);                /* "node@a:b:c" */
kn_bytes kn_process_text(kn_process_id process);             /* "a:b:c" */
kn_bytes kn_package_text(kn_process_id process);             /* "b:c" */
kn_bytes kn_package_file(const char *path);                  /* a file of our own package: "/b:c/pkg/<path>" */
bool kn_same_process(kn_process_id a, kn_process_id b);

/* ---- Capabilities ---- */

typedef struct {
  kn_address issuer;
  kn_bytes params; /* JSON */
} kn_capability;

typedef struct {
  const kn_capability *ptr;
  size_t len;
} kn_capabilities;

kn_capabilities kn_our_capabilities(void);
void kn_save_capabilities(kn_capabilities capabilities);
void kn_drop_capabilities(kn_capabilities capabilities);
/* The capability to message a process, e.g. to give it to a child. */
bool kn_messaging(const char *process, kn_capability *capability);

/* ---- Messages ---- */

typedef enum { KN_REQUEST, KN_RESPONSE, KN_FAILURE } kn_kind;
typedef enum { KN_OFFLINE, KN_TIMEOUT } kn_failure;

typedef struct {
  kn_kind kind;
  kn_address source; /* of a failure: whom the request was sent to */
  kn_bytes body;     /* of a failure: the request's */
  kn_bytes metadata;
  kn_bytes context;  /* of a response or failure: what was sent with the request, or none */
  kn_capabilities capabilities;
  bool wants_response;
  uint64_t timeout;   /* seconds the sender of a request waits */
  kn_failure failure; /* why, of a failure */
} kn_message;

/* What is not set is not sent: `.body` alone may do. */
typedef struct {
  kn_address target;
  kn_bytes body;
  uint64_t timeout; /* seconds to wait for the response; 0: none is expected */
  kn_bytes context; /* comes back with the response */
  kn_bytes blob, mime;
  kn_bytes metadata;
  kn_capabilities capabilities;
  bool inherit; /* whoever waits for our answer gets the answer to this request, if it expects none itself */
} kn_request;

typedef struct {
  kn_bytes body;
  kn_bytes blob, mime;
  kn_bytes metadata;
  kn_capabilities capabilities;
  bool inherit; /* sends the newest blob received on */
} kn_response;

void kn_receive(kn_message *message); /* waits for the next message; forgets the memory of the last turn */
void kn_send(kn_request request);
/* Sends and waits; other messages are kept for kn_receive. False when it could not be delivered or was not answered. */
bool kn_ask(kn_request request, kn_message *answer);
/*
 * Answers a request that wants a response, else does nothing. With the response to a request that was sent while
 * handling an earlier one, it answers the earlier one: the kernel restores what was handled then.
 */
void kn_reply(const kn_message *message, kn_response response);
bool kn_blob(kn_bytes *bytes, kn_bytes *mime);      /* of the newest message; mime may be NULL */
bool kn_last_blob(kn_bytes *bytes, kn_bytes *mime); /* the newest ever received */
bool kn_is_local(const kn_message *message);        /* from our own node */
bool kn_is_from(const kn_message *message, const char *process); /* from that process of our own node */

/* ---- Life ---- */

bool kn_load_state(kn_bytes *state); /* what was saved last, also in an earlier life; false if nothing is */
void kn_save_state(kn_bytes state);  /* is on disk when it returns */
void kn_clear_state(void);

typedef enum { KN_FORGET, KN_RESTART, KN_SEND } kn_on_exit;
/* What happens when we end. `requests` are sent with KN_SEND. */
void kn_set_on_exit(kn_on_exit on_exit, const kn_request *requests, size_t count);

typedef struct {
  kn_process_id process;
  kn_bytes params;
} kn_grant;

typedef struct {
  kn_bytes name;    /* none: the kernel finds a number */
  kn_bytes program; /* see kn_package_file */
  kn_on_exit on_exit;
  kn_capabilities capabilities; /* of ours, for the child */
  const kn_grant *grants;       /* who may message the child, besides us */
  size_t grant_count;
  bool is_public;
} kn_child;

typedef enum { KN_SPAWNED, KN_NAME_TAKEN, KN_NO_FILE } kn_spawn_result;
kn_spawn_result kn_spawn(kn_child child, kn_process_id *process); /* process may be NULL */

void kn_print(const char *format, ...);                /* a line for the person who runs the node; as kn_format */
void kn_log(int verbosity, const char *format, ...);   /* 0 always shown, 1 to 2 for debugging */
KN_NORETURN void kn_fail(const char *format, ...);       /* ends the process with an error */
kn_bytes kn_error(void);                               /* why the last function that returned false did */

void kn_sleep(uint64_t milliseconds);                  /* messages wait meanwhile */
void kn_timer(uint64_t milliseconds, kn_bytes context); /* a response of timer:distro:sys with the context comes then */
uint64_t kn_now(void);                                 /* milliseconds since 1970 */

void kn_main(void); /* yours */

/* ---- JSON ---- */

/* A value inside a text that was checked as a whole. `ptr` NULL: there is no such value. Reading none gives none. */
typedef struct {
  const char *ptr;
  size_t len;
} kn_json;

typedef enum { KN_JSON_NONE, KN_JSON_NULL, KN_JSON_BOOL, KN_JSON_NUMBER, KN_JSON_STRING, KN_JSON_ARRAY, KN_JSON_OBJECT } kn_json_kind;

kn_json kn_json_parse(kn_bytes text); /* none if it is not exactly one JSON value, nested at most 100 deep */
kn_json_kind kn_json_type(kn_json value);
kn_json kn_json_get(kn_json object, const char *key);
kn_json kn_json_at(kn_json array, size_t index);
bool kn_json_is(kn_json value, const char *text); /* the value is this string */
bool kn_json_string(kn_json value, kn_bytes *text);
bool kn_json_integer(kn_json value, int64_t *number); /* false for fractions and numbers beyond 64 bits */
bool kn_json_number(kn_json value, double *number);
bool kn_json_bool(kn_json value, bool *truth);

/* for (kn_json_items items = kn_json_each(value); kn_json_next(&items);) … items.key, items.value */
typedef struct {
  kn_bytes key; /* none in an array */
  kn_json value;
  const char *rest, *end;
} kn_json_items;
kn_json_items kn_json_each(kn_json array_or_object);
bool kn_json_next(kn_json_items *items);

/* ---- Files: vfs:distro:sys ---- */

/* A drive of our own package, made if it is not there; its path, e.g. "/my-package:my.os/notes". */
bool kn_drive(const char *name, kn_bytes *path);
bool kn_file_read(kn_bytes path, kn_bytes *contents);
bool kn_file_write(kn_bytes path, kn_bytes contents);
bool kn_file_append(kn_bytes path, kn_bytes contents); /* makes the file if it is not there */
bool kn_file_size(kn_bytes path, uint64_t *bytes);
bool kn_file_exists(kn_bytes path);
bool kn_file_remove(kn_bytes path);
bool kn_folder_make(kn_bytes path);
bool kn_folder_list(kn_bytes path, kn_json *entries); /* array of {"path", "file_type"} */
/* Any action of the file system, as JSON; the blob may be none. */
bool kn_vfs(kn_bytes path, const char *action, kn_bytes blob, kn_json *answer);

/* ---- Web pages: http-server:distro:sys ---- */

typedef struct {
  kn_bytes method;
  kn_bytes path; /* below our own path: "/" is our page */
  kn_bytes body;
  kn_json headers, query, params; /* objects of strings; names of headers in lower case */
} kn_http_request;

typedef struct {
  bool is_public;  /* also without login */
  bool local_only; /* only from this machine */
} kn_http_access;

bool kn_http_bind(const char *path, kn_http_access access);
bool kn_http_static(const char *path, kn_http_access access, const char *mime, kn_bytes contents);
bool kn_http_unbind(const char *path);
bool kn_is_http(const kn_message *message, kn_http_request *request); /* the message is a web request: its parts */
void kn_http_respond(const kn_message *message, int status, const char *content_type, kn_bytes body);

typedef enum { KN_SOCKET_OPEN, KN_SOCKET_TEXT, KN_SOCKET_BINARY, KN_SOCKET_OTHER, KN_SOCKET_CLOSE } kn_socket_kind;
typedef struct {
  kn_socket_kind kind;
  uint32_t channel;
  kn_bytes data;
} kn_socket_event;

bool kn_socket_bind(const char *path, kn_http_access access);
bool kn_is_socket(const kn_message *message, kn_socket_event *event); /* the message is about a web socket */
void kn_socket_send(uint32_t channel, kn_bytes text);
void kn_socket_close(uint32_t channel);

/* Adds or replaces our entry on the homepage; `path` below our own path. */
void kn_homepage_add(const char *label, const char *path);

#ifdef __cplusplus
}
#endif
#endif
