/* Reading JSON without building a tree, and writing it. */
#pragma once

#include "base.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>

namespace kinode {

/* A value inside a text that was checked as a whole; reading what is not there gives nothing. */
class Json {
public:
  Json() = default;
  explicit Json(kn_json value) : value_(value) {}
  /* Nothing if the text is not exactly one JSON value, nested at most 100 deep. */
  static Json parse(std::string_view text) { return Json(kn_json_parse(raw(text))); }

  explicit operator bool() const { return value_.ptr != nullptr; }
  Json operator[](const char *key) const { return Json(kn_json_get(value_, key)); }
  Json operator[](std::size_t index) const { return Json(kn_json_at(value_, index)); }
  /* Whether this is a string with this text. */
  bool is(const char *text) const { return kn_json_is(value_, text); }
  kn_json_kind type() const { return kn_json_type(value_); }

  std::optional<std::string_view> string() const {
    kn_bytes text;
    return kn_json_string(value_, &text) ? std::optional(view(text)) : std::nullopt;
  }
  std::optional<std::int64_t> integer() const { return read<std::int64_t>(kn_json_integer); }
  std::optional<double> number() const { return read<double>(kn_json_number); }
  std::optional<bool> boolean() const { return read<bool>(kn_json_bool); }
  /* The value as it was written. */
  std::string_view text() const { return {value_.ptr, value_.len}; }

  /* Calls with each key (empty in an array) and value. */
  template <typename Use> void each(Use use) const {
    for (auto items = kn_json_each(value_); kn_json_next(&items);) use(view(items.key), Json(items.value));
  }

private:
  template <typename T> std::optional<T> read(bool (*from)(kn_json, T *)) const {
    T value;
    return from(value_, &value) ? std::optional(value) : std::nullopt;
  }
  kn_json value_{nullptr, 0};
};

/* JSON text; made from numbers, truth values, texts, and by object() and array(). */
class JsonText {
public:
  JsonText(std::nullptr_t) : text_("null") {}
  JsonText(bool value) : text_(value ? "true" : "false") {}
  template <std::integral T> JsonText(T value) : text_(std::to_string(value)) {}
  JsonText(std::string_view value) : text_(view(kn_format("%j", raw(value)))) {}
  JsonText(const char *value) : JsonText(std::string_view(value)) {}
  JsonText(const std::string &value) : JsonText(std::string_view(value)) {}
  /* Text that is JSON already. */
  static JsonText already(std::string text) {
    JsonText result(nullptr);
    result.text_ = std::move(text);
    return result;
  }
  const std::string &text() const { return text_; }
  operator std::string_view() const { return text_; }

private:
  std::string text_;
};

/* object({{"Count", 3}, {"Names", array({"a", "b"})}}) */
inline JsonText object(std::initializer_list<std::pair<std::string_view, JsonText>> fields) {
  std::string text = "{";
  for (const auto &[key, value] : fields) {
    if (text.size() > 1) text += ',';
    text += JsonText(key).text() + ":" + value.text();
  }
  return JsonText::already(text + "}");
}

inline JsonText array(std::initializer_list<JsonText> items) {
  std::string text = "[";
  for (const auto &item : items) {
    if (text.size() > 1) text += ',';
    text += item.text();
  }
  return JsonText::already(text + "]");
}

} // namespace kinode
