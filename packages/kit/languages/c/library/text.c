/* Bytes, text, and text from a format. */
#include "standard.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

kn_bytes kn_text(const char *c_string) { return (kn_bytes){c_string, c_string ? strlen(c_string) : 0}; }

char *kn_c_string(kn_bytes bytes) {
  char *copy = kn_alloc(bytes.len + 1);
  if (bytes.len > 0) memcpy(copy, bytes.ptr, bytes.len);
  return copy;
}

bool kn_equal(kn_bytes a, kn_bytes b) { return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0); }

bool kn_is(kn_bytes bytes, const char *c_string) { return kn_equal(bytes, kn_text(c_string)); }

bool kn_starts_with(kn_bytes bytes, const char *start) {
  size_t len = strlen(start);
  return bytes.len >= len && (len == 0 || memcmp(bytes.ptr, start, len) == 0);
}

bool kn_ends_with(kn_bytes bytes, const char *end) {
  size_t len = strlen(end);
  return bytes.len >= len && (len == 0 || memcmp(bytes.ptr + bytes.len - len, end, len) == 0);
}

kn_bytes kn_slice(kn_bytes bytes, size_t from, size_t to) {
  if (to > bytes.len) to = bytes.len;
  if (from > to) from = to;
  return (kn_bytes){bytes.ptr ? bytes.ptr + from : NULL, to - from};
}

kn_bytes kn_copy(kn_bytes bytes) { return bytes.ptr ? (kn_bytes){kn_c_string(bytes), bytes.len} : bytes; }

kn_bytes kn_keep(kn_bytes bytes) {
  if (!bytes.ptr) return bytes;
  char *copy = malloc(bytes.len + 1);
  if (!copy) kn_fail("kinode: no memory for %u bytes", bytes.len);
  memcpy(copy, bytes.ptr, bytes.len);
  copy[bytes.len] = 0;
  return (kn_bytes){copy, bytes.len};
}

/* Length of the well-formed UTF-8 character at `at`, or 0. */
static size_t character(const char *text, const char *end) {
  const uint8_t *at = (const uint8_t *)text;
  size_t left = (size_t)(end - text);
  if (at[0] < 0x80) return 1;
  size_t len = at[0] >= 0xC2 && at[0] < 0xE0 ? 2 : (at[0] & 0xF0) == 0xE0 ? 3 : at[0] >= 0xF0 && at[0] < 0xF5 ? 4 : 0;
  if (len == 0 || left < len) return 0;
  for (size_t i = 1; i < len; i++)
    if ((at[i] & 0xC0) != 0x80) return 0;
  bool overlong = (at[0] == 0xE0 && at[1] < 0xA0) || (at[0] == 0xF0 && at[1] < 0x90);
  bool outside = (at[0] == 0xED && at[1] >= 0xA0) || (at[0] == 0xF4 && at[1] >= 0x90);
  return overlong || outside ? 0 : len;
}

bool kn_utf8(const char *at, const char *end) {
  while (at < end) {
    size_t len = character(at, end);
    if (len == 0) return false;
    at += len;
  }
  return true;
}

/* ---- Formatting: once to measure, once to write ---- */

typedef struct {
  char *to; /* NULL while measuring */
  size_t len;
} writer;

static void put(writer *w, const char *from, size_t len) {
  if (w->to && len > 0) memcpy(w->to + w->len, from, len);
  w->len += len;
}

static void put_number(writer *w, uint64_t value, bool negative) {
  char digits[21];
  size_t at = sizeof digits;
  do digits[--at] = (char)('0' + value % 10);
  while ((value /= 10) > 0);
  if (negative) digits[--at] = '-';
  put(w, digits + at, sizeof digits - at);
}

static void put_signed(writer *w, int64_t value) {
  put_number(w, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, value < 0);
}

static const char HEX[] = "0123456789abcdef";

/* Bytes that are no UTF-8 become the replacement character: JSON text is UTF-8. */
static void put_json(writer *w, kn_bytes text) {
  if (!text.ptr) {
    put(w, "null", 4);
    return;
  }
  put(w, "\"", 1);
  const char *end = text.ptr + text.len;
  for (const char *at = text.ptr; at < end;) {
    size_t len = character(at, end);
    uint8_t byte = (uint8_t)*at;
    if (len == 0) {
      put(w, "\xEF\xBF\xBD", 3);
      len = 1;
    } else if (byte == '"' || byte == '\\') {
      put(w, (char[]){'\\', *at}, 2);
    } else if (byte < 0x20) {
      put(w, (char[]){'\\', 'u', '0', '0', HEX[byte >> 4], HEX[byte & 15]}, 6);
    } else {
      put(w, at, len);
    }
    at += len;
  }
  put(w, "\"", 1);
}

static void put_html(writer *w, kn_bytes text) {
  for (size_t i = 0; i < text.len; i++) {
    switch (text.ptr[i]) {
      case '&': put(w, "&amp;", 5); break;
      case '<': put(w, "&lt;", 4); break;
      case '>': put(w, "&gt;", 4); break;
      case '"': put(w, "&quot;", 6); break;
      case '\'': put(w, "&#39;", 5); break;
      default: put(w, text.ptr + i, 1);
    }
  }
}

static void put_format(writer *w, const char *format, va_list args) {
  for (const char *at = format; *at; at++) {
    if (*at != '%') {
      const char *end = strchr(at, '%');
      size_t len = end ? (size_t)(end - at) : strlen(at);
      put(w, at, len);
      at += len - 1;
      continue;
    }
    kn_bytes text;
    switch (*++at) {
      case 's': text = kn_text(va_arg(args, const char *)); put(w, text.ptr, text.len); break;
      case 'b': text = va_arg(args, kn_bytes); put(w, text.ptr, text.len); break;
      case 'j': put_json(w, va_arg(args, kn_bytes)); break;
      case 'h': put_html(w, va_arg(args, kn_bytes)); break;
      case 'd': put_signed(w, va_arg(args, int)); break;
      case 'u': put_number(w, va_arg(args, unsigned), false); break;
      case 'D': put_signed(w, va_arg(args, int64_t)); break;
      case 'U': put_number(w, va_arg(args, uint64_t), false); break;
      case 'c': { char c = (char)va_arg(args, int); put(w, &c, 1); break; }
      case '%': put(w, "%", 1); break;
      default: kn_fail("kn_format: the format \"%s\" has an unknown directive", format);
    }
  }
}

static kn_bytes format_list(const char *format, va_list args) {
  va_list again;
  va_copy(again, args);
  writer measured = {NULL, 0};
  put_format(&measured, format, again);
  va_end(again);
  writer written = {kn_alloc(measured.len + 1), 0};
  put_format(&written, format, args);
  return (kn_bytes){written.to, written.len};
}

#define FORMATTED(format)                      \
  va_list args;                                \
  va_start(args, format);                      \
  kn_bytes text = format_list(format, args);   \
  va_end(args)

kn_bytes kn_format(const char *format, ...) {
  FORMATTED(format);
  return text;
}

/* The kernel takes text only. */
static void print(int verbosity, kn_bytes text) {
  if (!kn_utf8(text.ptr, text.ptr + text.len)) text = kn_format("%j", text);
  std_print(verbosity, text.ptr, text.len);
}

void kn_print(const char *format, ...) {
  FORMATTED(format);
  print(0, text);
}

void kn_log(int verbosity, const char *format, ...) {
  FORMATTED(format);
  print(verbosity, text);
}

void kn_fail(const char *format, ...) {
  static bool failing; /* a failure while telling of one, e.g. without memory, ends at once */
  if (!failing) {
    failing = true;
    FORMATTED(format);
    print(0, text);
  }
  __builtin_trap();
}
