/**
 * Damaged bytes: what a broken or hostile peer may send in the place of good ones.
 * @module
 */
import type { SeededRandom } from "@kinode-ts/testing";

/** Markers and lengths that decoders stumble over. */
const NASTY = [
  [0xdd, 0xff, 0xff, 0xff, 0xff],
  [0xdf, 0xff, 0xff, 0xff, 0xff],
  [0xc6, 0xff, 0xff, 0xff, 0xff],
  [0xdb, 0x00, 0xa0, 0x00, 0x29],
  [0xdc, 0xff, 0xff],
  [0xde, 0xff, 0xff],
  [0xc1],
  [0xc1, 0x00],
  [0xc1, 0x02],
  [0xcf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0xd3, 0x80, 0, 0, 0, 0, 0, 0, 0],
  [0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0],
  [0xc7, 0x01, 0x01, 0x00],
  [0x00, 0xa0, 0x00, 0x28],
  [0x00, 0xa0, 0x00, 0x29],
  [0xff, 0xff, 0xff, 0xff],
] as const;

const insert = (bytes: Uint8Array, at: number, more: ArrayLike<number>): Uint8Array => {
  const made = new Uint8Array(bytes.length + more.length);
  made.set(bytes.subarray(0, at));
  made.set(more, at);
  made.set(bytes.subarray(at), at + more.length);
  return made;
};

function once(bytes: Uint8Array, random: SeededRandom): Uint8Array {
  const at = random.below(bytes.length + 1);
  switch (random.below(8)) {
    case 0: {
      const changed = bytes.slice();
      if (at < bytes.length) changed[at]! ^= 1 << random.below(8);
      return changed;
    }
    case 1: {
      const changed = bytes.slice();
      if (at < bytes.length) changed[at] = random.below(256);
      return changed;
    }
    case 2:
      return bytes.slice(0, at);
    case 3:
      return insert(bytes, at, random.bytes(1 + random.below(8)));
    case 4: {
      const end = Math.min(bytes.length, at + 1 + random.below(16));
      return insert(bytes.subarray(0, at), at, bytes.subarray(end));
    }
    case 5: {
      const end = Math.min(bytes.length, at + 1 + random.below(32));
      return insert(bytes, at, bytes.subarray(at, end));
    }
    case 6: {
      const changed = bytes.slice();
      changed.set(random.pick(NASTY).slice(0, Math.max(0, bytes.length - at)), at);
      return changed;
    }
    default:
      return insert(bytes, at, random.pick(NASTY));
  }
}

/** One to four changes; now and then nothing of the original is left. */
export function mutate(bytes: Uint8Array, random: SeededRandom): Uint8Array {
  if (random.chance(0.02)) return random.bytes(random.below(200));
  let changed = bytes;
  for (let left = 1 + random.below(4); left > 0; left -= 1) changed = once(changed, random);
  return changed;
}
