/*
 * ChaCha20-Poly1305 of RFC 8439 for one packet in place, for WebAssembly with 128-bit vectors.
 *
 * A vector holds a row of a block, and two blocks are made at once. The first block of a packet is the key of Poly1305.
 * Nothing here branches on, or looks up by, secret bytes; the caller clears nothing (see the package's README).
 *
 * Source: RFC 8439 §2.3–2.8; limbs of 26 bits as in poly1305-donna (public domain, A. Moon).
 * Memory: `packet` holds plaintext or ciphertext with its tag, `key`, `ad` what their names say.
 */
#include <stdint.h>
#include <wasm_simd128.h>

#define EXPORT(name) __attribute__((export_name(name)))
#define MAX_PACKET_BYTES 65536
#define MAX_AD_BYTES 64
#define TAG_BYTES 16

typedef uint32_t u32;
typedef uint64_t u64;

/* Room behind the packet: whole pairs of blocks are read and written. */
static uint8_t packet[MAX_PACKET_BYTES + 128 + TAG_BYTES] __attribute__((aligned(16)));
static uint8_t key[32] __attribute__((aligned(16)));
static uint8_t ad[MAX_AD_BYTES] __attribute__((aligned(16)));
static uint8_t stream[128] __attribute__((aligned(16)));

EXPORT("packet") uint8_t *packet_at(void) { return packet; }
EXPORT("key") uint8_t *key_at(void) { return key; }
EXPORT("ad") uint8_t *ad_at(void) { return ad; }

static inline u32 load32(const uint8_t *p) { return *(const u32 *)p; }

/* --- ChaCha20 ------------------------------------------------------------------------------------------------- */

#define ROTATE16(v) wasm_i8x16_shuffle(v, v, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13)
#define ROTATE8(v) wasm_i8x16_shuffle(v, v, 3, 0, 1, 2, 7, 4, 5, 6, 11, 8, 9, 10, 15, 12, 13, 14)
#define ROTATE(v, n) wasm_v128_or(wasm_i32x4_shl(v, n), wasm_u32x4_shr(v, 32 - n))

/* One quarter round on all four columns: a … d are the rows of a block. */
#define ROUND(a, b, c, d)                                                                                              \
  a = wasm_i32x4_add(a, b), d = wasm_v128_xor(d, a), d = ROTATE16(d);                                                  \
  c = wasm_i32x4_add(c, d), b = wasm_v128_xor(b, c), b = ROTATE(b, 12);                                                \
  a = wasm_i32x4_add(a, b), d = wasm_v128_xor(d, a), d = ROTATE8(d);                                                   \
  c = wasm_i32x4_add(c, d), b = wasm_v128_xor(b, c), b = ROTATE(b, 7)

/* Turns rows so that diagonals become columns, and back. */
#define TURN(b, c, d)                                                                                                  \
  b = wasm_i32x4_shuffle(b, b, 1, 2, 3, 0);                                                                            \
  c = wasm_i32x4_shuffle(c, c, 2, 3, 0, 1);                                                                            \
  d = wasm_i32x4_shuffle(d, d, 3, 0, 1, 2)
#define TURN_BACK(b, c, d)                                                                                             \
  b = wasm_i32x4_shuffle(b, b, 3, 0, 1, 2);                                                                            \
  c = wasm_i32x4_shuffle(c, c, 2, 3, 0, 1);                                                                            \
  d = wasm_i32x4_shuffle(d, d, 1, 2, 3, 0)

static u32 input[16] __attribute__((aligned(16)));

static void set_up(u32 nonce0, u32 nonce1, u32 nonce2) {
  input[0] = 0x61707865, input[1] = 0x3320646e, input[2] = 0x79622d32, input[3] = 0x6b206574;
  for (int i = 0; i < 8; i++) input[4 + i] = load32(key + 4 * i);
  input[12] = 0; /* block counter, set per pair */
  input[13] = nonce0;
  input[14] = nonce1;
  input[15] = nonce2;
}

#define EMIT(at, words) wasm_v128_store(out + at, mix ? wasm_v128_xor(words, wasm_v128_load(out + at)) : words)

/* Blocks `counter` and the next: into `out`, or mixed into what is there. Two at once keep all vector registers busy. */
static inline __attribute__((always_inline)) void pair(u32 counter, uint8_t *out, int mix) {
  const v128_t k0 = wasm_v128_load(input), k1 = wasm_v128_load(input + 4), k2 = wasm_v128_load(input + 8);
  const v128_t k3 = wasm_i32x4_replace_lane(wasm_v128_load(input + 12), 0, (int)counter);
  const v128_t k4 = wasm_i32x4_add(k3, wasm_i32x4_const(1, 0, 0, 0));
  v128_t a0 = k0, b0 = k1, c0 = k2, d0 = k3;
  v128_t a1 = k0, b1 = k1, c1 = k2, d1 = k4;
  for (int round = 0; round < 10; round++) {
    ROUND(a0, b0, c0, d0);
    ROUND(a1, b1, c1, d1);
    TURN(b0, c0, d0);
    TURN(b1, c1, d1);
    ROUND(a0, b0, c0, d0);
    ROUND(a1, b1, c1, d1);
    TURN_BACK(b0, c0, d0);
    TURN_BACK(b1, c1, d1);
  }
  EMIT(0, wasm_i32x4_add(a0, k0));
  EMIT(16, wasm_i32x4_add(b0, k1));
  EMIT(32, wasm_i32x4_add(c0, k2));
  EMIT(48, wasm_i32x4_add(d0, k3));
  EMIT(64, wasm_i32x4_add(a1, k0));
  EMIT(80, wasm_i32x4_add(b1, k1));
  EMIT(96, wasm_i32x4_add(c1, k2));
  EMIT(112, wasm_i32x4_add(d1, k4));
}

static void make_pair(u32 counter, uint8_t *at) { pair(counter, at, 0); }
static void mix_pair(u32 counter, uint8_t *at) { pair(counter, at, 1); }

/* Mixes the packet with the keystream from block 1 on; `stream` holds blocks 0 and 1. */
static void mix_packet(int length) {
  for (int at = 0; at < length && at < 64; at += 16) {
    v128_t mixed = wasm_v128_xor(wasm_v128_load(packet + at), wasm_v128_load(stream + 64 + at));
    wasm_v128_store(packet + at, mixed);
  }
  u32 counter = 2;
  for (int at = 64; at < length; at += 128, counter += 2) mix_pair(counter, packet + at);
}

/* --- Poly1305 ------------------------------------------------------------------------------------------------- */

static u32 r0, r1, r2, r3, r4, h0, h1, h2, h3, h4;
#define LIMB 0x3ffffff

static void poly_start(void) {
  r0 = load32(stream) & 0x3ffffff;
  r1 = (load32(stream + 3) >> 2) & 0x3ffff03;
  r2 = (load32(stream + 6) >> 4) & 0x3ffc0ff;
  r3 = (load32(stream + 9) >> 6) & 0x3f03fff;
  r4 = (load32(stream + 12) >> 8) & 0x00fffff;
  h0 = h1 = h2 = h3 = h4 = 0;
}

static void poly_blocks(const uint8_t *at, int count) {
  const u64 s1 = r1 * 5, s2 = r2 * 5, s3 = r3 * 5, s4 = r4 * 5;
  const u64 q0 = r0, q1 = r1, q2 = r2, q3 = r3, q4 = r4;
  u64 a0 = h0, a1 = h1, a2 = h2, a3 = h3, a4 = h4;
  for (; count > 0; count--, at += 16) {
    const u64 low = *(const u64 *)at, high = *(const u64 *)(at + 8);
    a0 += low & LIMB;
    a1 += (low >> 26) & LIMB;
    a2 += ((low >> 52) | (high << 12)) & LIMB;
    a3 += (high >> 14) & LIMB;
    a4 += (high >> 40) | (1 << 24);
    u64 d0 = a0 * q0 + a1 * s4 + a2 * s3 + a3 * s2 + a4 * s1;
    u64 d1 = a0 * q1 + a1 * q0 + a2 * s4 + a3 * s3 + a4 * s2;
    u64 d2 = a0 * q2 + a1 * q1 + a2 * q0 + a3 * s4 + a4 * s3;
    u64 d3 = a0 * q3 + a1 * q2 + a2 * q1 + a3 * q0 + a4 * s4;
    u64 d4 = a0 * q4 + a1 * q3 + a2 * q2 + a3 * q1 + a4 * q0;
    d1 += d0 >> 26, a0 = d0 & LIMB;
    d2 += d1 >> 26, a1 = d1 & LIMB;
    d3 += d2 >> 26, a2 = d2 & LIMB;
    d4 += d3 >> 26, a3 = d3 & LIMB;
    a0 += (d4 >> 26) * 5, a4 = d4 & LIMB;
    a1 += a0 >> 26, a0 &= LIMB;
  }
  h0 = (u32)a0, h1 = (u32)a1, h2 = (u32)a2, h3 = (u32)a3, h4 = (u32)a4;
}

/* Whole blocks, then the rest filled up with zero bytes: what RFC 8439 §2.8 feeds to Poly1305. */
static void poly_padded(const uint8_t *at, int length) {
  poly_blocks(at, length >> 4);
  const int rest = length & 15;
  if (rest == 0) return;
  uint8_t last[16] __attribute__((aligned(16)));
  for (int i = 0; i < 16; i++) last[i] = i < rest ? at[(length & ~15) + i] : 0;
  poly_blocks(last, 1);
}

static void poly_finish(uint8_t *tag) {
  u32 c;
  c = h1 >> 26, h1 &= LIMB, h2 += c;
  c = h2 >> 26, h2 &= LIMB, h3 += c;
  c = h3 >> 26, h3 &= LIMB, h4 += c;
  c = h4 >> 26, h4 &= LIMB, h0 += c * 5;
  c = h0 >> 26, h0 &= LIMB, h1 += c;
  /* h - p, taken when it is not negative */
  u32 g0 = h0 + 5;
  c = g0 >> 26, g0 &= LIMB;
  u32 g1 = h1 + c;
  c = g1 >> 26, g1 &= LIMB;
  u32 g2 = h2 + c;
  c = g2 >> 26, g2 &= LIMB;
  u32 g3 = h3 + c;
  c = g3 >> 26, g3 &= LIMB;
  u32 g4 = h4 + c - (1u << 26);
  const u32 take = (g4 >> 31) - 1;
  h0 = (h0 & ~take) | (g0 & take);
  h1 = (h1 & ~take) | (g1 & take);
  h2 = (h2 & ~take) | (g2 & take);
  h3 = (h3 & ~take) | (g3 & take);
  h4 = (h4 & ~take) | (g4 & take);
  u64 f;
  u32 out[4];
  f = (u64)(h0 | (h1 << 26)) + load32(stream + 16), out[0] = (u32)f;
  f = (u64)((h1 >> 6) | (h2 << 20)) + load32(stream + 20) + (f >> 32), out[1] = (u32)f;
  f = (u64)((h2 >> 12) | (h3 << 14)) + load32(stream + 24) + (f >> 32), out[2] = (u32)f;
  f = (u64)((h3 >> 18) | (h4 << 8)) + load32(stream + 28) + (f >> 32), out[3] = (u32)f;
  for (int i = 0; i < 16; i++) tag[i] = (uint8_t)(out[i >> 2] >> (8 * (i & 3)));
}

static void authenticate(int length, int ad_length, uint8_t *tag) {
  poly_start();
  poly_padded(ad, ad_length);
  poly_padded(packet, length);
  u64 lengths[2] = {(u64)ad_length, (u64)length};
  poly_blocks((const uint8_t *)lengths, 1);
  poly_finish(tag);
}

/* --- the two operations --------------------------------------------------------------------------------------- */

/* Seals the first `length` bytes of `packet` in place; the tag follows them. */
EXPORT("seal") void seal(int length, int ad_length, u32 nonce0, u32 nonce1, u32 nonce2) {
  set_up(nonce0, nonce1, nonce2);
  make_pair(0, stream);
  mix_packet(length);
  authenticate(length, ad_length, packet + length);
}

/* Opens `length` bytes and the tag behind them in place; 0 and nothing opened when the tag does not fit. */
EXPORT("open") int open_packet(int length, int ad_length, u32 nonce0, u32 nonce1, u32 nonce2) {
  set_up(nonce0, nonce1, nonce2);
  make_pair(0, stream);
  uint8_t tag[TAG_BYTES];
  authenticate(length, ad_length, tag);
  u32 difference = 0;
  for (int i = 0; i < TAG_BYTES; i++) difference |= tag[i] ^ packet[length + i];
  if (difference != 0) return 0;
  mix_packet(length);
  return 1;
}
