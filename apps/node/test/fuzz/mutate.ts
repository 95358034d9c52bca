/**
 * Ways to damage a message: in the values of its body, in the bytes of its body, in its blob.
 * @module
 */
import type { SeededRandom } from "@kinode-ts/testing";
import { isList, isPairs, Raw, toText, type Tree } from "./json-text.ts";

const NUMBERS = [
  ..."0 -0 1 -1 2 7 127 128 255 256 65535 65536 2147483647 2147483648 4294967295 4294967296".split(
    " ",
  ),
  ..."9007199254740991 9007199254740993 9223372036854775807 9223372036854775808 -9223372036854775808".split(
    " ",
  ),
  ..."18446744073709551615 18446744073709551616 1.0 0.5 1e0 1e3 1e400 -1e400 01 1_000 0x10 +1 .5 1.".split(
    " ",
  ),
  ..."123456789012345678901234567890 Infinity NaN undefined True".split(" "),
];
const TEXTS = [
  "",
  " ",
  ".",
  "..",
  "/",
  "//",
  "\\",
  "*",
  ":",
  "::",
  "a:b",
  "a:b:c",
  "our",
  "our@a:b:c.os",
  "\0",
  "a\0b",
  "\n",
  "\r\n",
  "\u001b[2J",
  "\u202egnp.exe",
  "e\u0301",
  "\ud83d\ude00",
  "\ufeff",
  "%2e%2e%2f",
  "..%2f",
  "../../../../etc/passwd",
  "/etc/passwd",
  "~",
  "C:\\x",
  "/p:x.os/d/../../q:y.os/e/f",
  "/p:x.os/d/out/secret.txt",
  "/p:x.os/d/outfile",
  "/p:x.os/d/up/z:z.os/d/canary.txt",
  "/p:x.os/d/loop/loop/x",
  "/p:x.os",
  "p:x.os/d/f",
  "/p:x.os/./d//f",
  "/..:x/d",
  "/.:./d/f",
  "/p:../d/f",
  "__proto__",
  "constructor",
  "toString",
  "SELECT 1",
  "DROP TABLE t",
  "'; --",
  "null",
  "true",
  "Open",
  "Read",
  "kernel:distro:sys",
  "vfs:distro:sys",
  "http://",
  "ws://localhost",
];
const KEYS = [
  "__proto__",
  "constructor",
  "",
  "path",
  "action",
  "id",
  "tx_id",
  "extra",
  "\0",
  "Path",
  "toString",
  "length",
];
const MUTATION_COUNTS = [0, 0, 0, 1, 1, 1, 2, 3];
const MAX_DEPTH = 20_000;

type Dice = SeededRandom;
type Change = (tree: Tree, dice: Dice, other: Tree) => Tree | undefined;

/** One time in `count`. */
export function once(dice: Dice, count: number): boolean {
  return dice.below(count) === 0;
}

export function mutateText(text: string, dice: Dice): string {
  const at = dice.below(text.length + 1);
  switch (dice.below(7)) {
    case 0:
      return text.slice(0, at) + dice.pick(TEXTS) + text.slice(at);
    case 1:
      return text.slice(0, at) + text.slice(at + 1 + dice.below(4));
    case 2:
      return text.repeat(1 + dice.below(once(dice, 20) ? 2_000 : 4));
    case 3:
      return text.slice(0, at) + String.fromCharCode(dice.below(0x1_0000)) + text.slice(at);
    case 4:
      return text.toUpperCase();
    case 5:
      return `${dice.pick(TEXTS)}${text}`;
    default:
      return text + "/..".repeat(dice.below(8)) + dice.pick(TEXTS);
  }
}

const CHANGES: readonly Change[] = [
  (_tree, dice) => new Raw(dice.pick(NUMBERS)),
  (_tree, dice) => dice.pick(TEXTS),
  (_tree, dice) => dice.pick<Tree>([null, true, false, [], { pairs: [] }, ""]),
  (_tree, dice) => Array.from(dice.bytes(dice.below(once(dice, 10) ? 3_000 : 40))),
  (_tree, _dice, other) => other,
  (tree) => [tree],
  (tree, dice) => ({ pairs: [[dice.pick(KEYS), tree]] }),
  (tree, dice) => (typeof tree === "string" ? mutateText(tree, dice) : undefined),
  (tree, dice) => (typeof tree === "string" ? mutateText(tree, dice) : undefined),
  (tree, dice) =>
    typeof tree === "number" ? new Raw(`${tree + dice.pick([1, -1, 0.5, 1e9, -1e9])}`) : undefined,
  (tree) => (typeof tree === "string" ? { pairs: [[tree, null]] } : undefined),
  (_tree, dice) => {
    const depth = dice.below(once(dice, 30) ? MAX_DEPTH : 60);
    return new Raw(
      once(dice, 2)
        ? "[".repeat(depth) + "]".repeat(depth)
        : '{"a":'.repeat(depth) + "1" + "}".repeat(depth),
    );
  },
  (tree, dice) => {
    if (!isPairs(tree)) return undefined;
    const kept = dice.below(tree.pairs.length + 1);
    return { pairs: tree.pairs.filter((_, index) => index !== kept) };
  },
  (tree, dice, other) =>
    isPairs(tree) ? { pairs: [...tree.pairs, [dice.pick(KEYS), other]] } : undefined,
  (tree, dice, other) =>
    isPairs(tree) && tree.pairs.length > 0
      ? { pairs: [...tree.pairs, [dice.pick(tree.pairs)[0], other]] }
      : undefined,
  (tree, dice) => {
    if (!isList(tree) || tree.length === 0) return undefined;
    const at = dice.below(tree.length);
    return [...tree.slice(0, at), ...tree.slice(at + 1), dice.pick(tree)];
  },
];

/** All places of a tree. */
function countPlaces(tree: Tree): number {
  if (isList(tree)) return tree.reduce<number>((sum, each) => sum + countPlaces(each), 1);
  if (isPairs(tree)) return tree.pairs.reduce((sum, [, each]) => sum + countPlaces(each), 1);
  return 1;
}

/** The tree with the value at a place replaced by what `change` makes of it. */
export function changeAt(tree: Tree, place: number, change: (found: Tree) => Tree): Tree {
  let left = place;
  const walk = (node: Tree): Tree => {
    if (left-- === 0) return change(node);
    if (isList(node)) return node.map(walk);
    if (isPairs(node)) return { pairs: node.pairs.map(([key, value]) => [key, walk(value)]) };
    return node;
  };
  return walk(tree);
}

function placeOf(tree: Tree, place: number): Tree {
  let found: Tree = null;
  changeAt(tree, place, (node) => (found = node));
  return found;
}

export function mutateTree(tree: Tree, dice: Dice, other: Tree): Tree {
  let mutated = tree;
  for (let left = dice.pick(MUTATION_COUNTS); left > 0; left--) {
    const part = placeOf(other, dice.below(countPlaces(other)));
    const place = dice.below(countPlaces(mutated));
    mutated = changeAt(mutated, place, (found) => {
      for (;;) {
        const changed = dice.pick(CHANGES)(found, dice, part);
        if (changed !== undefined) return changed;
      }
    });
  }
  return mutated;
}

const encoder = new TextEncoder();

/** The body of a tree; one in eight is damaged in its bytes as well. */
export function toBody(tree: Tree, dice: Dice): Uint8Array {
  const bytes = encoder.encode(toText(tree));
  if (!once(dice, 8)) return bytes;
  const at = dice.below(bytes.length + 1);
  switch (dice.below(6)) {
    case 0:
      return bytes.slice(0, at);
    case 1:
      return Uint8Array.from(bytes, (byte, index) => (index === at ? dice.below(256) : byte));
    case 2:
      return Uint8Array.of(0xef, 0xbb, 0xbf, ...bytes);
    case 3:
      return Uint8Array.of(...bytes.slice(0, at), 0xff, 0xc0, 0x80, ...bytes.slice(at));
    case 4:
      return Uint8Array.of(...bytes, 0x20, 0x0a, dice.below(128));
    default:
      return dice.bytes(dice.below(200));
  }
}

export function mutateBlob(blob: Uint8Array | undefined, dice: Dice): Uint8Array | undefined {
  switch (dice.below(8)) {
    case 0:
      return undefined;
    case 1:
      return new Uint8Array(0);
    case 2:
      return dice.bytes(dice.below(once(dice, 20) ? 65_536 : 300));
    case 3: {
      if (blob === undefined || blob.length === 0) return blob;
      const changed = blob.slice();
      for (let left = 1 + dice.below(4); left > 0; left--)
        changed[dice.below(blob.length)] = dice.below(256);
      return changed;
    }
    case 4:
      return blob?.slice(0, dice.below(blob.length + 1));
    default:
      return blob;
  }
}
