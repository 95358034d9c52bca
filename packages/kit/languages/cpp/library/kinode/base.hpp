/* Text, results, names, and the memory of one turn. */
#pragma once

#include "kinode.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace kinode {

/* What C calls none is an empty optional here; empty text is not none. */
inline kn_bytes raw(std::string_view text) { return {text.data() != nullptr ? text.data() : "", text.size()}; }
inline kn_bytes raw_or_none(const std::optional<std::string_view> &text) { return text ? raw(*text) : kn_bytes{nullptr, 0}; }
inline std::string_view view(kn_bytes bytes) { return {bytes.ptr, bytes.len}; }
inline std::optional<std::string_view> maybe(kn_bytes bytes) {
  return bytes.ptr != nullptr ? std::optional(view(bytes)) : std::nullopt;
}

/* A value, or why there is none. */
template <typename T> class [[nodiscard]] Result {
public:
  Result(T value) : value_(std::move(value)) {}
  static Result failure(std::string why) {
    Result result;
    result.error_ = std::move(why);
    return result;
  }
  /* Why the last function of the C library failed. */
  static Result last_failure() { return failure(std::string(view(kn_error()))); }

  explicit operator bool() const { return value_.has_value(); }
  /* Ends the process when there is no value. */
  const T &operator*() const {
    if (!value_) kn_fail("%s", error_.c_str());
    return *value_;
  }
  const T *operator->() const { return &**this; }
  T value_or(T other) const { return value_.value_or(std::move(other)); }
  const std::string &error() const { return error_; }

private:
  Result() = default;
  std::optional<T> value_;
  std::string error_;
};

/* The result of what has no value but may fail. */
using Done = Result<std::monostate>;
inline Done done(bool succeeded) { return succeeded ? Done(std::monostate{}) : Done::last_failure(); }

/* Gives back at its end the memory that the library took since its beginning. */
class Scope {
public:
  Scope() : mark_(kn_mark_now()) {}
  ~Scope() { kn_release(mark_); }
  Scope(const Scope &) = delete;
  Scope &operator=(const Scope &) = delete;

private:
  kn_mark mark_;
};

/* A process on some node. */
struct Address {
  std::string node, process, package, publisher;

  static Address from(const kn_address &address) {
    return {std::string(view(address.node)), std::string(view(address.process.process)),
            std::string(view(address.process.package)), std::string(view(address.process.publisher))};
  }
  /* "node@a:b:c", "our@a:b:c" or "a:b:c" */
  static Result<Address> parse(std::string_view text) {
    kn_address address;
    return kn_parse_address(raw(text), &address) ? Result(from(address)) : Result<Address>::last_failure();
  }
  /* A process of our own node, e.g. "vfs:distro:sys"; ends the process if the text is no name. */
  static Address local(const char *process) { return from(kn_local(process)); }

  std::string package_id() const { return package + ":" + publisher; }
  std::string process_id() const { return process + ":" + package_id(); }
  std::string text() const { return node + "@" + process_id(); }
  bool operator==(const Address &) const = default;

  kn_address raw_address() const { return {raw(node), {raw(process), raw(package), raw(publisher)}}; }
};

inline Address our() { return Address::from(kn_our()); }

/* A file of our own package, as other processes and spawn name it. */
inline std::string package_file(std::string_view path) {
  return "/" + our().package_id() + "/pkg/" + std::string(path);
}

/* A line for the person who runs the node. Verbosity 0 is always shown, 1 and 2 are for debugging. */
inline void print(std::string_view line, int verbosity = 0) { kn_log(verbosity, "%b", raw(line)); }

/* Ends the process with an error. */
[[noreturn]] inline void fail(std::string_view why) { kn_fail("%b", raw(why)); }

} // namespace kinode
