/* Messages: requests, responses, and requests that failed. */
#pragma once

#include "base.hpp"
#include "json.hpp"

namespace kinode {

struct Blob {
  std::string_view bytes;
  std::optional<std::string_view> mime;
};

/* The answer to a request. */
struct Response {
  std::string_view body;
  std::optional<std::string_view> blob{}, mime{}, metadata{};
  kn_capabilities capabilities{};
  bool inherit = false; /* sends the newest blob received on */
};

class Message {
public:
  explicit Message(const kn_message &message) : message_(message) {}

  bool is_request() const { return message_.kind == KN_REQUEST; }
  bool is_response() const { return message_.kind == KN_RESPONSE; }
  /* A request of ours that could not be delivered or was not answered; body and context are its. */
  bool is_failure() const { return message_.kind == KN_FAILURE; }
  kn_failure failure() const { return message_.failure; }
  bool wants_response() const { return message_.wants_response; }

  std::string_view body() const { return view(message_.body); }
  Json json() const { return Json::parse(body()); }
  std::optional<std::string_view> metadata() const { return maybe(message_.metadata); }
  /* What was sent along with the request that this answers. */
  std::optional<std::string_view> context() const { return maybe(message_.context); }
  kn_capabilities capabilities() const { return message_.capabilities; }

  Address source() const { return Address::from(message_.source); }
  bool is_local() const { return kn_is_local(&message_); }
  bool is_from(const char *process) const { return kn_is_from(&message_, process); }

  /* Of the newest message: ask before the next receive(). */
  std::optional<Blob> blob() const {
    kn_bytes bytes, mime;
    return kn_blob(&bytes, &mime) ? std::optional(Blob{view(bytes), maybe(mime)}) : std::nullopt;
  }

  /*
   * Answers a request that wants a response, else does nothing. On the response to a request that was sent while
   * handling an earlier one, it answers the earlier one.
   */
  void reply(const Response &response) const {
    kn_reply(&message_, {raw(response.body), raw_or_none(response.blob), raw_or_none(response.mime), raw_or_none(response.metadata),
                         response.capabilities, response.inherit});
  }
  void reply(std::string_view body) const { reply(Response{.body = body}); }

  const kn_message &raw_message() const { return message_; }

private:
  kn_message message_;
};

/* What is not set is not sent. */
struct Request {
  Address target;
  std::string_view body;
  std::optional<std::uint64_t> timeout{}; /* seconds to wait for the response; not set: none is expected */
  std::optional<std::string_view> context{}, blob{}, mime{}, metadata{};
  kn_capabilities capabilities{};
  bool inherit = false; /* who waits for our answer gets the answer to this request, if it expects none itself */

  void send() const { kn_send(raw_request()); }

  /* Sends and waits, 5 seconds if no timeout is set; other messages are kept for receive(). */
  Result<Message> ask() const {
    kn_message answer;
    return kn_ask(raw_request(), &answer) ? Result(Message(answer)) : Result<Message>::last_failure();
  }

private:
  kn_request raw_request() const {
    return {target.raw_address(), raw(body), timeout.value_or(0), raw_or_none(context), raw_or_none(blob),
            raw_or_none(mime), raw_or_none(metadata), capabilities, inherit};
  }
};

/* Waits for the next message. What the library returned before is gone then. */
inline Message receive() {
  kn_message message;
  kn_receive(&message);
  return Message(message);
}

} // namespace kinode
