/* Reading JSON without building a tree: a value is a piece of a text that was checked as a whole. */
#include "standard.h"
#include <stdlib.h>
#include <string.h>

enum { DEEPEST = 100 };

static const kn_json NONE = {NULL, 0};

static const char *skip_space(const char *at, const char *end) {
  while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r')) at++;
  return at;
}

/* The functions below return the end of what begins at `at`, or NULL when it is no JSON. */

static int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c |= 0x20;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static const char *skip_string(const char *at, const char *end) {
  for (at++; at < end && *at != '"'; at++) {
    if ((uint8_t)*at < 0x20) return NULL;
    if (*at != '\\') continue;
    if (++at >= end) return NULL;
    if (*at != 'u') {
      if (!strchr("\"\\/bfnrt", *at) || *at == 0) return NULL;
      continue;
    }
    for (int i = 0; i < 4; i++)
      if (++at >= end || hex(*at) < 0) return NULL;
  }
  return at < end ? at + 1 : NULL;
}

static const char *skip_digits(const char *at, const char *end) {
  const char *start = at;
  while (at < end && *at >= '0' && *at <= '9') at++;
  return at > start ? at : NULL;
}

static const char *skip_number(const char *at, const char *end) {
  if (*at == '-') at++;
  if (at < end && *at == '0') at++;
  else if (!(at = skip_digits(at, end))) return NULL;
  if (at < end && *at == '.' && !(at = skip_digits(at + 1, end))) return NULL;
  if (at < end && (*at | 0x20) == 'e') {
    at++;
    if (at < end && (*at == '+' || *at == '-')) at++;
    at = skip_digits(at, end);
  }
  return at;
}

static const char *skip_word(const char *at, const char *end, const char *word) {
  size_t len = strlen(word);
  return (size_t)(end - at) >= len && memcmp(at, word, len) == 0 ? at + len : NULL;
}

static const char *skip_value(const char *at, const char *end, int depth);

static const char *skip_items(const char *at, const char *end, int depth) {
  bool object = *at == '{';
  char close = object ? '}' : ']';
  at = skip_space(at + 1, end);
  if (at < end && *at == close) return at + 1;
  for (;;) {
    if (object) {
      if (at >= end || *at != '"' || !(at = skip_string(at, end))) return NULL;
      at = skip_space(at, end);
      if (at >= end || *at != ':') return NULL;
      at = skip_space(at + 1, end);
    }
    if (!(at = skip_value(at, end, depth))) return NULL;
    at = skip_space(at, end);
    if (at < end && *at == close) return at + 1;
    if (at >= end || *at != ',') return NULL;
    at = skip_space(at + 1, end);
  }
}

static const char *skip_value(const char *at, const char *end, int depth) {
  if (at >= end) return NULL;
  switch (*at) {
    case '"': return skip_string(at, end);
    case '{':
    case '[': return depth >= DEEPEST ? NULL : skip_items(at, end, depth + 1);
    case 't': return skip_word(at, end, "true");
    case 'f': return skip_word(at, end, "false");
    case 'n': return skip_word(at, end, "null");
    default: return *at == '-' || (*at >= '0' && *at <= '9') ? skip_number(at, end) : NULL;
  }
}

kn_json kn_json_parse(kn_bytes text) {
  if (!text.ptr) return NONE;
  const char *end = text.ptr + text.len;
  if (!kn_utf8(text.ptr, end)) return NONE;
  const char *start = skip_space(text.ptr, end);
  const char *after = skip_value(start, end, 0);
  if (!after || skip_space(after, end) != end) return NONE;
  return (kn_json){start, (size_t)(after - start)};
}

kn_json_kind kn_json_type(kn_json value) {
  if (!value.ptr) return KN_JSON_NONE;
  switch (*value.ptr) {
    case '"': return KN_JSON_STRING;
    case '{': return KN_JSON_OBJECT;
    case '[': return KN_JSON_ARRAY;
    case 't':
    case 'f': return KN_JSON_BOOL;
    case 'n': return KN_JSON_NULL;
    default: return KN_JSON_NUMBER;
  }
}

static uint32_t hex4(const char *at) {
  return (uint32_t)(hex(at[0]) << 12 | hex(at[1]) << 8 | hex(at[2]) << 4 | hex(at[3]));
}

static char *put_character(char *to, uint32_t code) {
  if (code < 0x80) {
    *to++ = (char)code;
  } else if (code < 0x800) {
    *to++ = (char)(0xC0 | code >> 6);
    *to++ = (char)(0x80 | (code & 63));
  } else {
    if (code < 0x10000) *to++ = (char)(0xE0 | code >> 12);
    else {
      *to++ = (char)(0xF0 | code >> 18);
      *to++ = (char)(0x80 | (code >> 12 & 63));
    }
    *to++ = (char)(0x80 | (code >> 6 & 63));
    *to++ = (char)(0x80 | (code & 63));
  }
  return to;
}

/* `at` is behind "\u"; halves of a pair that stand alone become the replacement character. */
static const char *unescape_unicode(const char *at, const char *end, char **to) {
  uint32_t code = hex4(at);
  at += 4;
  if (code >= 0xD800 && code < 0xDC00 && end - at >= 6 && at[0] == '\\' && at[1] == 'u') {
    uint32_t low = hex4(at + 2);
    if (low >= 0xDC00 && low < 0xE000) {
      code = 0x10000 + ((code - 0xD800) << 10 | (low - 0xDC00));
      at += 6;
    }
  }
  *to = put_character(*to, code >= 0xD800 && code < 0xE000 ? 0xFFFD : code);
  return at;
}

/* The text of a checked string, quotes included. */
static kn_bytes unescape(const char *start, size_t len) {
  const char *end = start + len - 1;
  start++;
  if (!memchr(start, '\\', (size_t)(end - start))) return (kn_bytes){start, (size_t)(end - start)};
  char *text = kn_alloc((size_t)(end - start) + 1), *to = text;
  for (const char *at = start; at < end;) {
    if (*at != '\\') {
      *to++ = *at++;
      continue;
    }
    at += 2;
    switch (at[-1]) {
      case 'b': *to++ = '\b'; break;
      case 'f': *to++ = '\f'; break;
      case 'n': *to++ = '\n'; break;
      case 'r': *to++ = '\r'; break;
      case 't': *to++ = '\t'; break;
      case 'u': at = unescape_unicode(at, end, &to); break;
      default: *to++ = at[-1];
    }
  }
  return (kn_bytes){text, (size_t)(to - text)};
}

bool kn_json_string(kn_json value, kn_bytes *text) {
  if (kn_json_type(value) != KN_JSON_STRING) return false;
  *text = unescape(value.ptr, value.len);
  return true;
}

bool kn_json_is(kn_json value, const char *text) {
  kn_bytes own;
  return kn_json_string(value, &own) && kn_is(own, text);
}

bool kn_json_integer(kn_json value, int64_t *number) {
  if (kn_json_type(value) != KN_JSON_NUMBER) return false;
  const char *at = value.ptr, *end = value.ptr + value.len;
  bool negative = *at == '-';
  uint64_t sum = 0, most = (uint64_t)INT64_MAX + negative;
  for (at += negative; at < end; at++) {
    if (*at < '0' || *at > '9') return false;
    uint64_t digit = (uint64_t)(*at - '0');
    if (sum > (most - digit) / 10) return false;
    sum = sum * 10 + digit;
  }
  *number = (int64_t)(negative ? 0 - sum : sum);
  return true;
}

bool kn_json_number(kn_json value, double *number) {
  if (kn_json_type(value) != KN_JSON_NUMBER) return false;
  *number = strtod(kn_c_string((kn_bytes){value.ptr, value.len}), NULL);
  return true;
}

bool kn_json_bool(kn_json value, bool *truth) {
  if (kn_json_type(value) != KN_JSON_BOOL) return false;
  *truth = *value.ptr == 't';
  return true;
}

kn_json_items kn_json_each(kn_json value) {
  kn_json_kind kind = kn_json_type(value);
  if (kind != KN_JSON_ARRAY && kind != KN_JSON_OBJECT) return (kn_json_items){0};
  /* Without the closing bracket: `rest` is at the end when nothing is left. */
  return (kn_json_items){.rest = value.ptr, .end = value.ptr + value.len - 1};
}

bool kn_json_next(kn_json_items *items) {
  if (!items->rest || items->rest >= items->end) return false;
  bool object = items->end[0] == '}';
  /* Behind the opening bracket or the comma. */
  const char *at = skip_space(items->rest + 1, items->end);
  if (at >= items->end) return false;
  if (object) {
    const char *after = skip_string(at, items->end);
    items->key = unescape(at, (size_t)(after - at));
    at = skip_space(skip_space(after, items->end) + 1, items->end);
  }
  const char *after = skip_value(at, items->end, 0);
  items->value = (kn_json){at, (size_t)(after - at)};
  items->rest = skip_space(after, items->end);
  return true;
}

kn_json kn_json_get(kn_json object, const char *key) {
  if (kn_json_type(object) != KN_JSON_OBJECT) return NONE;
  for (kn_json_items items = kn_json_each(object); kn_json_next(&items);)
    if (kn_is(items.key, key)) return items.value;
  return NONE;
}

kn_json kn_json_at(kn_json array, size_t index) {
  if (kn_json_type(array) != KN_JSON_ARRAY) return NONE;
  for (kn_json_items items = kn_json_each(array); kn_json_next(&items);)
    if (index-- == 0) return items.value;
  return NONE;
}
