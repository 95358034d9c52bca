/*
 * What measurements of the runtime run: four compute kernels, and both ends of a round trip between two C processes.
 *
 * A request begins with a letter and a number (u32, little endian):
 *   t s m j   runs that kernel so many rounds and answers its checksum (u32)
 *   p         makes so many round trips of 16 bytes to our@echo:test:sys, then answers
 * Everything else is answered with its own body. The kernels are exported as well, to be called without a host.
 */
#include "../c/standard.h"
#include <string.h>

#define EXPORT(name) __attribute__((export_name(name)))
/* The tightest loop there is: one shift register step per turn. */
EXPORT("tight") uint32_t tight(uint32_t turns) {
  uint32_t x = 1;
  _Pragma("clang loop unroll(disable)") for (uint32_t i = 0; i < turns; i++) x = (x >> 1) ^ (-(x & 1u) & 0xedb88320u);
  return x;
}

#define SIEVE 65536
static uint8_t composite[SIEVE];

EXPORT("sieve") uint32_t sieve(uint32_t rounds) {
  uint32_t primes = 0;
  for (uint32_t round = 0; round < rounds; round++) {
    for (uint32_t i = 0; i < SIEVE; i++) composite[i] = 0;
    for (uint32_t i = 2; i < SIEVE; i++) {
      if (composite[i]) continue;
      primes++;
      for (uint32_t j = i * 2; j < SIEVE; j += i) composite[j] = 1;
    }
  }
  return primes;
}

#define SIDE 96
static double left[SIDE][SIDE], right[SIDE][SIDE], product[SIDE][SIDE];

EXPORT("matrix") uint32_t matrix(uint32_t rounds) {
  for (int i = 0; i < SIDE; i++)
    for (int j = 0; j < SIDE; j++) {
      left[i][j] = i + j * 0.5;
      right[i][j] = i * 0.25 - j;
    }
  double trace = 0;
  for (uint32_t round = 0; round < rounds; round++) {
    for (int i = 0; i < SIDE; i++)
      for (int j = 0; j < SIDE; j++) {
        double sum = 0;
        for (int k = 0; k < SIDE; k++) sum += left[i][k] * right[k][j];
        product[i][j] = sum;
      }
    trace += product[round % SIDE][round % SIDE];
    left[0][0] += 1;
  }
  return (uint32_t)(int32_t)(trace / (rounds + 1));
}

/* ---- JSON: a recursive parser over a text it first writes itself; numbers, strings with escapes, arrays, objects. ---- */

#define TEXT 65536
static char text[TEXT];
static size_t text_length;

static void put(const char *s) { while (*s && text_length < TEXT) text[text_length++] = *s++; }
static void put_number(uint32_t n) {
  char digits[10];
  int count = 0;
  do digits[count++] = '0' + n % 10; while (n /= 10);
  while (count && text_length < TEXT) text[text_length++] = digits[--count];
}

static void write_text(void) {
  text_length = 0;
  put("[");
  for (uint32_t i = 0; i < 400; i++) {
    if (i) put(",");
    put("{\"id\": "); put_number(i * 7919);
    put(", \"name\": \"process \\\"number\\\" "); put_number(i);
    put("\", \"weight\": "); put_number(i % 97); put("."); put_number(i * 31 % 1000);
    put(", \"tags\": [\"red\", \"green\", null, true, false], \"inner\": {\"x\": -"); put_number(i); put("}}");
  }
  put("]");
}

typedef struct { const char *at, *end; uint32_t sum; } parser_t;

static void space(parser_t *p) {
  while (p->at < p->end && (*p->at == ' ' || *p->at == '\n' || *p->at == '\t' || *p->at == '\r')) p->at++;
}

static void mix(parser_t *p, uint32_t value) { p->sum = (p->sum ^ value) * 16777619u; }

static int text_value(parser_t *p) {
  p->at++;
  uint32_t hash = 5381;
  while (p->at < p->end && *p->at != '"') {
    char c = *p->at++;
    if (c == '\\') {
      if (p->at == p->end) return 0;
      c = *p->at++;
      switch (c) { case 'n': c = '\n'; break; case 't': c = '\t'; break; case '"': case '\\': break; default: return 0; }
    }
    hash = hash * 33 + (uint8_t)c;
  }
  if (p->at == p->end) return 0;
  p->at++;
  mix(p, hash);
  return 1;
}

static int number(parser_t *p) {
  double value = 0, scale = 1;
  int negative = *p->at == '-';
  if (negative) p->at++;
  const char *start = p->at;
  while (p->at < p->end && *p->at >= '0' && *p->at <= '9') value = value * 10 + (*p->at++ - '0');
  if (p->at == start) return 0;
  if (p->at < p->end && *p->at == '.') {
    p->at++;
    while (p->at < p->end && *p->at >= '0' && *p->at <= '9') { value = value * 10 + (*p->at++ - '0'); scale *= 10; }
  }
  mix(p, (uint32_t)(int32_t)((negative ? -value : value) / scale * 16));
  return 1;
}

static int word(parser_t *p, const char *s) {
  while (*s) if (p->at == p->end || *p->at++ != *s++) return 0;
  mix(p, (uint32_t)s[-1]);
  return 1;
}

static int parse(parser_t *p, int depth) {
  if (depth > 64) return 0;
  space(p);
  if (p->at == p->end) return 0;
  switch (*p->at) {
    case '"': return text_value(p);
    case 't': return word(p, "true");
    case 'f': return word(p, "false");
    case 'n': return word(p, "null");
    case '[': case '{': {
      char open = *p->at++, close = open == '[' ? ']' : '}';
      space(p);
      if (p->at < p->end && *p->at == close) { p->at++; return 1; }
      for (;;) {
        if (open == '{') {
          space(p);
          if (p->at == p->end || *p->at != '"' || !text_value(p)) return 0;
          space(p);
          if (p->at == p->end || *p->at++ != ':') return 0;
        }
        if (!parse(p, depth + 1)) return 0;
        space(p);
        if (p->at == p->end) return 0;
        char c = *p->at++;
        if (c == close) return 1;
        if (c != ',') return 0;
      }
    }
    default: return number(p);
  }
}

EXPORT("json") uint32_t json(uint32_t rounds) {
  write_text();
  uint32_t sum = 0;
  for (uint32_t round = 0; round < rounds; round++) {
    parser_t p = { text, text + text_length, round };
    if (!parse(&p, 0)) return 0;
    sum ^= p.sum;
  }
  return sum;
}

/* ---- The process ---- */

static uint8_t heap[65536];
static size_t used;

EXPORT("cabi_realloc") void *cabi_realloc(void *old, size_t old_size, size_t align, size_t size) {
  (void)old;
  (void)old_size;
  used = (used + align - 1) & -align;
  if (size > sizeof heap - used) __builtin_trap();
  void *fresh = heap + used;
  used += size;
  return fresh;
}

static bytes_t literal(const char *s) { return (bytes_t){ (uint8_t *)s, strlen(s) }; }

static void respond(uint8_t *body, size_t length) {
  std_send_response(0, body, length, 0, NULL, 0, (capability_t *)4, 0, 0, 0, NULL, 0, NULL, 0);
}

static void ping(uint32_t count) {
  static uint8_t body[16];
  static await_args_t args;
  static awaited_t answer;
  args.target.node = literal("our");
  args.target.process = (process_id_t){ literal("echo"), literal("test"), literal("sys") };
  args.request.expects_response = (option_u64_t){ true, 30 };
  args.request.body = (bytes_t){ body, sizeof body };
  args.request.capabilities.ptr = (capability_t *)4;
  while (count--) {
    used = 0;
    std_send_and_await_response(&args, &answer);
    if (answer.is_err || answer.val.ok.message.val.response.response.body.len != sizeof body) __builtin_trap();
  }
}

EXPORT("init") void init(uint8_t *our, size_t our_length) {
  (void)our;
  (void)our_length;
  for (;;) {
    used = 0;
    received_t received;
    std_receive(&received);
    if (received.is_err || received.val.ok.message.tag != 0) continue;
    bytes_t body = received.val.ok.message.val.request.body;
    uint32_t number = 0, sum;
    char letter = body.len == 5 ? body.ptr[0] : 0;
    if (letter) memcpy(&number, body.ptr + 1, 4);
    switch (letter) {
      case 't': sum = tight(number); break;
      case 's': sum = sieve(number); break;
      case 'm': sum = matrix(number); break;
      case 'j': sum = json(number); break;
      case 'p': ping(number); sum = number; break;
      default: respond(body.ptr, body.len); continue;
    }
    respond((uint8_t *)&sum, 4);
  }
}
