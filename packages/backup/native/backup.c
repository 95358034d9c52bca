/*
 * The two inner loops of a backup that the host has no function for: where content is cut, and Poly1305.
 *
 * Cutting: a Rabin fingerprint of the last 64 bytes modulo an irreducible polynomial of degree 53 over GF(2); a chunk ends
 * where its low 20 bits are zero. A new chunk starts with a window of zeros behind a single 1, and its first
 * MIN - 64 bytes are not looked at (restic's design document, "Backups and Deduplication"; M. O. Rabin 1981).
 * Poly1305: limbs of 26 bits, as in poly1305-donna (public domain, A. Moon). Nothing branches on secret bytes.
 *
 * Memory: `input` holds the bytes to work on, `state` the place of one stream (copied in and out by the caller), `key`
 * the one-time key of a tag and afterwards the tag.
 */
#include <stdint.h>

#define EXPORT(name) __attribute__((export_name(name)))
#define INPUT_BYTES 262144
#define WINDOW 64
#define MIN_CHUNK 524288
#define MAX_CHUNK 8388608
#define SPLIT_MASK 0xfffff
#define DEGREE 53

typedef uint8_t u8;
typedef uint32_t u32;
typedef uint64_t u64;

static u8 input[INPUT_BYTES + 16] __attribute__((aligned(16)));
static u8 key[32] __attribute__((aligned(16)));

EXPORT("input") u8 *input_at(void) { return input; }
EXPORT("key") u8 *key_at(void) { return key; }

/* --- Where content is cut --------------------------------------------------------------------------------------- */

typedef struct {
  u64 digest;
  u32 at;    /* place of the oldest byte in the window */
  u32 skip;  /* bytes of this chunk that are not looked at */
  u32 count; /* bytes of this chunk so far */
  u32 unused;
  u8 window[WINDOW];
} stream;

static stream state __attribute__((aligned(16)));
static u64 leaving[256];
static u64 reduce[256];

EXPORT("state") stream *state_at(void) { return &state; }
EXPORT("stateBytes") u32 state_bytes(void) { return sizeof(stream); }

static u64 modulo(u64 value, u64 polynomial) {
  for (int bit = 63; bit >= DEGREE; bit--) {
    if (value >> bit & 1) value ^= polynomial << (bit - DEGREE);
  }
  return value;
}

/* Once for each polynomial, which is of degree 53. */
EXPORT("prepare") void prepare(u64 polynomial) {
  for (u32 byte = 0; byte < 256; byte++) {
    u64 hash = modulo(byte, polynomial);
    for (int i = 0; i < WINDOW - 1; i++) hash = modulo(hash << 8, polynomial);
    leaving[byte] = hash;
    /* The eight bits above the degree are cancelled and replaced by what they are modulo the polynomial. */
    u64 high = (u64)byte << DEGREE;
    reduce[byte] = modulo(high, polynomial) | high;
  }
}

static inline u64 append(u64 digest, u8 byte) {
  return (digest << 8 | byte) ^ reduce[digest >> (DEGREE - 8)];
}

EXPORT("startChunk") void start_chunk(void) {
  for (int i = 0; i < WINDOW; i++) state.window[i] = 0;
  state.window[0] = 1;
  state.at = 1;
  state.digest = append(0, 1);
  state.skip = MIN_CHUNK - WINDOW;
  state.count = 0;
}

/* The length of what ends the chunk, or 0 when all of the input belongs to it and more may come. */
EXPORT("cut") u32 cut(u32 from, u32 length) {
  const u8 *bytes = input + from;
  u32 i = state.skip < length ? state.skip : length;
  state.skip -= i;
  u64 digest = state.digest;
  u32 at = state.at, count = state.count + i;
  for (; i < length; i++) {
    u8 byte = bytes[i];
    digest ^= leaving[state.window[at]];
    state.window[at] = byte;
    at = (at + 1) & (WINDOW - 1);
    digest = append(digest, byte);
    count++;
    if (((digest & SPLIT_MASK) == 0 && count >= MIN_CHUNK) || count >= MAX_CHUNK) {
      start_chunk();
      return i + 1;
    }
  }
  state.digest = digest;
  state.at = at;
  state.count = count;
  return 0;
}

/* --- Poly1305 ----------------------------------------------------------------------------------------------------- */

static u32 r0, r1, r2, r3, r4, s1, s2, s3, s4, h0, h1, h2, h3, h4;

static inline u32 load32(const u8 *p) { return *(const u32 *)p; }
static inline void store32(u8 *p, u32 value) { *(u32 *)p = value; }

/* `key` is r, not yet masked, and what is added at the end. */
EXPORT("macStart") void mac_start(void) {
  r0 = load32(key) & 0x3ffffff, r1 = load32(key + 3) >> 2 & 0x3ffff03, r2 = load32(key + 6) >> 4 & 0x3ffc0ff;
  r3 = load32(key + 9) >> 6 & 0x3f03fff, r4 = load32(key + 12) >> 8 & 0x00fffff;
  s1 = r1 * 5, s2 = r2 * 5, s3 = r3 * 5, s4 = r4 * 5;
  h0 = h1 = h2 = h3 = h4 = 0;
}

static inline void block(const u8 *m, u32 high) {
  h0 += load32(m) & 0x3ffffff, h1 += load32(m + 3) >> 2 & 0x3ffffff, h2 += load32(m + 6) >> 4 & 0x3ffffff;
  h3 += load32(m + 9) >> 6, h4 += load32(m + 12) >> 8 | high;
  u64 d0 = (u64)h0 * r0 + (u64)h1 * s4 + (u64)h2 * s3 + (u64)h3 * s2 + (u64)h4 * s1;
  u64 d1 = (u64)h0 * r1 + (u64)h1 * r0 + (u64)h2 * s4 + (u64)h3 * s3 + (u64)h4 * s2;
  u64 d2 = (u64)h0 * r2 + (u64)h1 * r1 + (u64)h2 * r0 + (u64)h3 * s4 + (u64)h4 * s3;
  u64 d3 = (u64)h0 * r3 + (u64)h1 * r2 + (u64)h2 * r1 + (u64)h3 * r0 + (u64)h4 * s4;
  u64 d4 = (u64)h0 * r4 + (u64)h1 * r3 + (u64)h2 * r2 + (u64)h3 * r1 + (u64)h4 * r0;
  d1 += d0 >> 26, h0 = (u32)d0 & 0x3ffffff;
  d2 += d1 >> 26, h1 = (u32)d1 & 0x3ffffff;
  d3 += d2 >> 26, h2 = (u32)d2 & 0x3ffffff;
  d4 += d3 >> 26, h3 = (u32)d3 & 0x3ffffff;
  h0 += (u32)(d4 >> 26) * 5, h4 = (u32)d4 & 0x3ffffff;
  h1 += h0 >> 26, h0 &= 0x3ffffff;
}

/* All pieces but the last are whole blocks of 16 bytes. */
EXPORT("macUpdate") void mac_update(u32 from, u32 length) {
  const u8 *m = input + from;
  for (; length >= 16; length -= 16, m += 16) block(m, 1 << 24);
  if (length == 0) return;
  u8 last[16] = {0};
  for (u32 i = 0; i < length; i++) last[i] = m[i];
  last[length] = 1;
  block(last, 0);
}

/* Leaves the tag in the first half of `key` and zeros in the rest. */
EXPORT("macFinish") void mac_finish(void) {
  u32 c;
  c = h1 >> 26, h1 &= 0x3ffffff, h2 += c;
  c = h2 >> 26, h2 &= 0x3ffffff, h3 += c;
  c = h3 >> 26, h3 &= 0x3ffffff, h4 += c;
  c = h4 >> 26, h4 &= 0x3ffffff, h0 += c * 5;
  c = h0 >> 26, h0 &= 0x3ffffff, h1 += c;
  u32 g0 = h0 + 5, g1, g2, g3, g4;
  c = g0 >> 26, g0 &= 0x3ffffff, g1 = h1 + c;
  c = g1 >> 26, g1 &= 0x3ffffff, g2 = h2 + c;
  c = g2 >> 26, g2 &= 0x3ffffff, g3 = h3 + c;
  c = g3 >> 26, g3 &= 0x3ffffff, g4 = h4 + c - (1 << 26);
  u32 take = (g4 >> 31) - 1; /* all ones when h >= 2^130 - 5 */
  h0 = (h0 & ~take) | (g0 & take), h1 = (h1 & ~take) | (g1 & take), h2 = (h2 & ~take) | (g2 & take);
  h3 = (h3 & ~take) | (g3 & take), h4 = (h4 & ~take) | (g4 & take);
  u64 f = (u64)(h0 | h1 << 26) + load32(key + 16);
  store32(key, (u32)f);
  f = (u64)(h1 >> 6 | h2 << 20) + load32(key + 20) + (f >> 32);
  store32(key + 4, (u32)f);
  f = (u64)(h2 >> 12 | h3 << 14) + load32(key + 24) + (f >> 32);
  store32(key + 8, (u32)f);
  f = (u64)(h3 >> 18 | h4 << 8) + load32(key + 28) + (f >> 32);
  store32(key + 12, (u32)f);
  for (int i = 16; i < 32; i++) key[i] = 0;
  r0 = r1 = r2 = r3 = r4 = s1 = s2 = s3 = s4 = 0;
}
