/* Web pages and web sockets: messages of http-server:distro:sys; and the entry on the homepage. */
#include "standard.h"
#include <string.h>

#define SERVER "http-server:distro:sys"

static const char *truth(bool value) { return value ? "true" : "false"; }

static bool server(kn_bytes body, kn_bytes blob, const char *mime) {
  kn_message answer;
  kn_request request = {.target = kn_local(SERVER), .body = body, .timeout = 5, .blob = blob, .mime = kn_text(mime)};
  if (!kn_ask(request, &answer)) return false;
  kn_json error = kn_json_get(kn_json_parse(answer.body), "Err");
  return !error.ptr || kn_false(kn_format("http-server: %b", (kn_bytes){error.ptr, error.len}));
}

static kn_bytes bind_body(const char *path, kn_http_access access, bool cache) {
  return kn_format("{\"Bind\":{\"path\":%j,\"authenticated\":%s,\"local_only\":%s,\"cache\":%s}}", kn_text(path),
    truth(!access.is_public), truth(access.local_only), truth(cache));
}

bool kn_http_bind(const char *path, kn_http_access access) {
  return server(bind_body(path, access, false), (kn_bytes){0}, NULL);
}

bool kn_http_static(const char *path, kn_http_access access, const char *mime, kn_bytes contents) {
  return server(bind_body(path, access, true), contents, mime);
}

bool kn_http_unbind(const char *path) {
  return server(kn_format("{\"Unbind\":{\"path\":%j}}", kn_text(path)), (kn_bytes){0}, NULL);
}

/* The part of an event of this name, or none. Only the server itself may send us such. */
static kn_json event_of(const kn_message *message, const char *name) {
  if (message->kind != KN_REQUEST || !kn_is_from(message, SERVER)) return (kn_json){0};
  return kn_json_get(kn_json_parse(message->body), name);
}

/* "http://host/counter:p:x.os/a/b" → "/a/b" */
static kn_bytes own_path(kn_bytes url) {
  const char *end = url.ptr + url.len;
  const char *scheme = memchr(url.ptr, ':', url.len);
  if (!scheme || end - scheme < 3) return url;
  const char *path = memchr(scheme + 3, '/', (size_t)(end - scheme - 3));
  if (!path) return kn_text("/");
  kn_bytes whole = {path, (size_t)(end - path)}, prefix = kn_format("/%b", kn_process_text(kn_our().process));
  if (whole.len < prefix.len || memcmp(whole.ptr, prefix.ptr, prefix.len) != 0) return whole;
  return whole.len == prefix.len ? kn_text("/") : kn_slice(whole, prefix.len, whole.len);
}

bool kn_is_http(const kn_message *message, kn_http_request *request) {
  kn_json http = event_of(message, "Http");
  kn_bytes url = kn_text("");
  *request = (kn_http_request){0};
  if (!kn_json_string(kn_json_get(http, "method"), &request->method)) return false;
  kn_json_string(kn_json_get(http, "url"), &url);
  request->path = own_path(url);
  request->headers = kn_json_get(http, "headers");
  request->query = kn_json_get(http, "query_params");
  request->params = kn_json_get(http, "url_params");
  kn_blob(&request->body, NULL);
  return true;
}

void kn_http_respond(const kn_message *message, int status, const char *content_type, kn_bytes body) {
  kn_reply(message, (kn_response){
    .body = kn_format("{\"status\":%d,\"headers\":{\"content-type\":%j}}", status, kn_text(content_type)),
    .blob = body,
  });
}

bool kn_socket_bind(const char *path, kn_http_access access) {
  return server(kn_format("{\"WebSocketBind\":{\"path\":%j,\"authenticated\":%s,\"extension\":false}}", kn_text(path),
    truth(!access.is_public)), (kn_bytes){0}, NULL);
}

static kn_socket_kind pushed(kn_json push) {
  kn_json type = kn_json_get(push, "message_type");
  return kn_json_is(type, "Text") ? KN_SOCKET_TEXT : kn_json_is(type, "Binary") ? KN_SOCKET_BINARY : KN_SOCKET_OTHER;
}

bool kn_is_socket(const kn_message *message, kn_socket_event *event) {
  kn_json open = event_of(message, "WebSocketOpen"), push = event_of(message, "WebSocketPush");
  kn_json id = event_of(message, "WebSocketClose");
  *event = (kn_socket_event){.kind = KN_SOCKET_CLOSE};
  if (open.ptr) {
    event->kind = KN_SOCKET_OPEN;
    id = kn_json_get(open, "channel_id");
  } else if (push.ptr) {
    event->kind = pushed(push);
    id = kn_json_get(push, "channel_id");
    kn_blob(&event->data, NULL);
  }
  int64_t channel;
  if (!kn_json_integer(id, &channel)) return false;
  event->channel = (uint32_t)channel;
  return true;
}

void kn_socket_send(uint32_t channel, kn_bytes text) {
  kn_send((kn_request){
    .target = kn_local(SERVER),
    .body = kn_format("{\"WebSocketPush\":{\"channel_id\":%u,\"message_type\":\"Text\"}}", channel),
    .blob = text,
  });
}

void kn_socket_close(uint32_t channel) {
  kn_send((kn_request){.target = kn_local(SERVER), .body = kn_format("{\"WebSocketClose\":%u}", channel)});
}

void kn_homepage_add(const char *label, const char *path) {
  kn_send((kn_request){
    .target = kn_local("homepage:homepage:sys"),
    .body = kn_format("{\"Add\":{\"label\":%j,\"icon\":null,\"path\":%j,\"widget\":null}}", kn_text(label), kn_text(path)),
  });
}
