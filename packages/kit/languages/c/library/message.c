/* Messages: what the kernel gives and takes, in the structs of kinode.h. */
#include "standard.h"
#include <string.h>

static option_bytes option(kn_bytes bytes) { return (option_bytes){bytes.ptr != NULL, bytes}; }

static kn_bytes maybe(option_bytes bytes) { return bytes.some ? bytes.val : (kn_bytes){0}; }

static option_blob blob_of(kn_bytes bytes, kn_bytes mime) {
  return (option_blob){bytes.ptr != NULL, {option(mime), bytes}};
}

static request_record request_of(const kn_request *request) {
  return (request_record){
    .inherit = request->inherit,
    .expects_response = {request->timeout > 0, request->timeout},
    .body = request->body,
    .metadata = option(request->metadata),
    .capabilities = request->capabilities,
  };
}

static void read_variant(const message_variant *from, kn_message *to) {
  if (from->tag == 0) {
    const request_record *request = &from->val.request;
    to->kind = KN_REQUEST;
    to->body = request->body;
    to->metadata = maybe(request->metadata);
    to->capabilities = request->capabilities;
    to->wants_response = request->expects_response.some;
    to->timeout = request->expects_response.some ? request->expects_response.val : 0;
    to->context = (kn_bytes){0};
  } else {
    const response_record *response = &from->val.response.response;
    to->kind = KN_RESPONSE;
    to->body = response->body;
    to->metadata = maybe(response->metadata);
    to->capabilities = response->capabilities;
    to->context = maybe(from->val.response.context);
    to->wants_response = false;
    to->timeout = 0;
  }
  to->failure = KN_OFFLINE;
}

static void read_incoming(const incoming *from, kn_message *to) {
  read_variant(&from->message, to);
  to->source = from->source;
}

static void read_error(const send_error *from, option_bytes context, kn_message *to) {
  read_variant(&from->message, to);
  to->kind = KN_FAILURE;
  to->source = from->target;
  to->context = maybe(context);
  to->wants_response = false;
  to->failure = from->kind == 0 ? KN_OFFLINE : KN_TIMEOUT;
}

void kn_receive(kn_message *message) {
  kn_forget_turn();
  received result;
  std_receive(&result);
  if (result.is_err) read_error(&result.val.err.error, result.val.err.context, message);
  else read_incoming(&result.val.ok, message);
}

void kn_send(kn_request request) {
  send_args args = {request.target, request_of(&request), option(request.context), blob_of(request.blob, request.mime)};
  std_send_request(&args);
}

bool kn_ask(kn_request request, kn_message *answer) {
  if (request.timeout == 0) request.timeout = 5;
  await_args args = {request.target, request_of(&request), blob_of(request.blob, request.mime)};
  awaited result;
  std_send_and_await_response(&args, &result);
  if (!result.is_err) {
    read_incoming(&result.val.ok, answer);
    return true;
  }
  read_error(&result.val.err, (option_bytes){0}, answer);
  kn_bytes target = kn_address_text(request.target);
  return kn_false(answer->failure == KN_OFFLINE ? kn_format("%b cannot be reached", target)
                                                : kn_format("%b did not answer", target));
}

void kn_reply(const kn_message *message, kn_response response) {
  if (message->kind == KN_REQUEST && !message->wants_response) return;
  std_send_response(response.inherit, response.body.ptr, response.body.len, response.metadata.ptr != NULL,
    response.metadata.ptr, response.metadata.len, response.capabilities.ptr, response.capabilities.len,
    response.blob.ptr != NULL, response.mime.ptr != NULL, response.mime.ptr, response.mime.len, response.blob.ptr,
    response.blob.len);
}

static bool read_blob(const option_blob *blob, kn_bytes *bytes, kn_bytes *mime) {
  if (bytes) *bytes = blob->some ? blob->val.bytes : (kn_bytes){0};
  if (mime) *mime = blob->some ? maybe(blob->val.mime) : (kn_bytes){0};
  return blob->some || kn_false(kn_text("the message has no blob"));
}

bool kn_blob(kn_bytes *bytes, kn_bytes *mime) {
  option_blob blob;
  std_get_blob(&blob);
  return read_blob(&blob, bytes, mime);
}

bool kn_last_blob(kn_bytes *bytes, kn_bytes *mime) {
  option_blob blob;
  std_last_blob(&blob);
  return read_blob(&blob, bytes, mime);
}

bool kn_is_local(const kn_message *message) { return kn_equal(message->source.node, kn_our().node); }

bool kn_is_from(const kn_message *message, const char *process) {
  return kn_is_local(message) && kn_same_process(message->source.process, kn_local(process).process);
}

void kn_set_on_exit(kn_on_exit on_exit, const kn_request *requests, size_t count) {
  if (on_exit != KN_SEND) count = 0;
  exit_request *list = kn_alloc(count * sizeof *list);
  for (size_t i = 0; i < count; i++) {
    list[i] = (exit_request){requests[i].target, request_of(&requests[i]), blob_of(requests[i].blob, requests[i].mime)};
  }
  std_set_on_exit((int)on_exit, list, count);
}
