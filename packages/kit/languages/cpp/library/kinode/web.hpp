/* Web pages and web sockets of a process: http-server:distro:sys. */
#pragma once

#include "message.hpp"

namespace kinode {

/* A web request that came as a message. */
class HttpRequest {
public:
  static std::optional<HttpRequest> from(const Message &message) {
    HttpRequest request(message.raw_message());
    return kn_is_http(&request.message_, &request.parts_) ? std::optional(request) : std::nullopt;
  }
  std::string_view method() const { return view(parts_.method); }
  std::string_view path() const { return view(parts_.path); } /* below our own path: "/" is our page */
  std::string_view body() const { return view(parts_.body); }
  std::optional<std::string_view> header(const char *name) const { return Json(parts_.headers)[name].string(); }
  std::optional<std::string_view> query(const char *name) const { return Json(parts_.query)[name].string(); }
  std::optional<std::string_view> param(const char *name) const { return Json(parts_.params)[name].string(); }

  void respond(int status, const char *content_type, std::string_view body) const {
    kn_http_respond(&message_, status, content_type, raw(body));
  }

private:
  explicit HttpRequest(const kn_message &message) : message_(message), parts_{} {}
  kn_message message_;
  kn_http_request parts_;
};

struct SocketEvent {
  kn_socket_kind kind;
  std::uint32_t channel;
  std::string_view data;

  static std::optional<SocketEvent> from(const Message &message) {
    kn_socket_event event;
    if (!kn_is_socket(&message.raw_message(), &event)) return std::nullopt;
    return SocketEvent{event.kind, event.channel, view(event.data)};
  }
};

namespace http {
/* Web requests to this path below our own come as messages. */
inline Done bind(const char *path, kn_http_access access = {}) { return done(kn_http_bind(path, access)); }
/* The node itself answers with these contents. */
inline Done serve(const char *path, const char *mime, std::string_view contents, kn_http_access access = {}) {
  return done(kn_http_static(path, access, mime, raw(contents)));
}
inline Done bind_socket(const char *path, kn_http_access access = {}) { return done(kn_socket_bind(path, access)); }
inline void send(std::uint32_t channel, std::string_view text) { kn_socket_send(channel, raw(text)); }
inline void close(std::uint32_t channel) { kn_socket_close(channel); }
/* The text with the characters that mean something in HTML written out. */
inline std::string escape(std::string_view text) { return std::string(view(kn_format("%h", raw(text)))); }
} // namespace http

/* Adds or replaces our entry on the homepage. */
inline void add_to_homepage(const char *label, const char *path = "/") { kn_homepage_add(label, path); }

} // namespace kinode
