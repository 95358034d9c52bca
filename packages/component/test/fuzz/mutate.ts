/**
 * Ways to damage a component: blindly in its bytes, and in its structure with all sizes kept right, so that the damage
 * reaches what lies behind the checks of the format.
 * @module
 */
import type { SeededRandom } from "@kinode-ts/testing";
import { ByteWriter } from "../../src/core-module/byte-writer.ts";
import {
  allTrees,
  cloneSection,
  cloneTree,
  decodeSections,
  encodeSections,
  readVarint,
} from "./section-tree.ts";
import type { Section, SectionTree } from "./section-tree.ts";

const INTERESTING_BYTES = [0, 1, 0x7f, 0x80, 0xff, 0x40, 0x60];
const INTERESTING_NUMBERS = [0, 1, 2, 127, 128, 0xffff, 0x1_0000, 0x7fff_ffff, 0xffff_ffff];
const HOSTILE_TEXT = ['"', "'", "\n", "\r", "\0", "\u001b[2J", "\u202e", "`", "${", "\\", "%s"];
const MUTATION_COUNTS = [1, 1, 1, 2, 3];
const CORE_LAYER = 0;
const MAX_NESTING = 200;
/** The mutations must not grow a file without end. */
const MAX_GROWTH_BYTES = 1 << 20;

type BytesMutation = (bytes: Uint8Array, random: SeededRandom) => Uint8Array;
type TreeMutation = (trees: readonly SectionTree[], random: SeededRandom, other: Section) => void;

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const BYTE_MUTATIONS: readonly BytesMutation[] = [
  function cut(bytes, random) {
    return bytes.slice(0, random.below(bytes.length));
  },
  function doubleRange(bytes, random) {
    const start = random.below(bytes.length);
    return concat(bytes.subarray(0, start + random.below(64)), bytes.subarray(start));
  },
  function removeRange(bytes, random) {
    const start = random.below(bytes.length);
    return concat(bytes.subarray(0, start), bytes.subarray(start + 1 + random.below(16)));
  },
  function changeBytes(bytes, random) {
    const changed = bytes.slice();
    for (let left = 1 + random.below(4); left > 0; left--) {
      const value = random.chance(0.5) ? random.pick(INTERESTING_BYTES) : random.below(256);
      changed[random.below(changed.length)] = value;
    }
    return changed;
  },
  function flipBit(bytes, random) {
    const changed = bytes.slice();
    changed[random.below(changed.length)]! ^= 1 << random.below(8);
    return changed;
  },
];

/** Replaces a number by another of any length, at a random place or at the start, where counts are. */
function changeNumber(bytes: Uint8Array, random: SeededRandom): Uint8Array {
  const at = random.chance(0.3) ? 0 : random.below(Math.max(1, bytes.length));
  const number = readVarint(bytes, at);
  if (number === undefined) return bytes;
  const near = number.value + random.pick([-1, 1, -2, 2]);
  const value = random.chance(0.5) && near >= 0 ? near : random.pick(INTERESTING_NUMBERS);
  const out = new ByteWriter(8);
  out.u32(value);
  return concat(bytes.subarray(0, at), out.finish(), bytes.subarray(number.end));
}

/** Writes text that no name should have into a run of letters, if there is one. */
function changeName(bytes: Uint8Array, random: SeededRandom): Uint8Array {
  const from = random.below(Math.max(1, bytes.length));
  const isLetter = (byte: number | undefined): boolean =>
    byte !== undefined && byte >= 0x61 && byte <= 0x7a;
  let at = from;
  while (at < bytes.length && !(isLetter(bytes[at]) && isLetter(bytes[at + 1]))) at++;
  if (at >= bytes.length) return bytes;
  const changed = bytes.slice();
  const text = random.chance(0.2)
    ? Uint8Array.of(0xc3, 0x28)
    : new TextEncoder().encode(random.pick(HOSTILE_TEXT));
  changed.set(text.subarray(0, bytes.length - at), at);
  return changed;
}

/** A leaf of the tree, changed in place. */
function changeLeaf(change: (bytes: Uint8Array, random: SeededRandom) => Uint8Array): TreeMutation {
  return (trees, random) => {
    const sections = trees.flatMap((tree) => tree.sections);
    const leaves = sections.filter(({ content }) => content instanceof Uint8Array);
    if (leaves.length === 0) return;
    const leaf = random.pick(leaves);
    const bytes = leaf.content as Uint8Array;
    if (bytes.length > 0) leaf.content = change(bytes, random);
  };
}

const place = (tree: SectionTree, random: SeededRandom): number =>
  random.below(tree.sections.length + 1);

const TREE_MUTATIONS: readonly TreeMutation[] = [
  changeLeaf(changeNumber),
  changeLeaf(changeNumber),
  changeLeaf(changeNumber),
  changeLeaf(changeName),
  ...BYTE_MUTATIONS.map(changeLeaf),
  function removeSection(trees, random) {
    const { sections } = random.pick(trees);
    sections.splice(random.below(sections.length), 1);
  },
  function doubleSection(trees, random) {
    const tree = random.pick(trees);
    if (tree.sections.length === 0) return;
    tree.sections.splice(place(tree, random), 0, cloneSection(random.pick(tree.sections)));
  },
  function moveSection(trees, random) {
    const tree = random.pick(trees);
    const [moved] = tree.sections.splice(random.below(tree.sections.length), 1);
    if (moved !== undefined) tree.sections.splice(place(tree, random), 0, moved);
  },
  function changeId(trees, random) {
    const { sections } = random.pick(trees);
    if (sections.length > 0) random.pick(sections).id = random.below(16);
  },
  function insertForeignSection(trees, random, other) {
    const tree = random.pick(trees);
    tree.sections.splice(place(tree, random), 0, other);
  },
  function nestDeeply(trees, random) {
    const tree = trees[0]!;
    const preamble = tree.preamble.slice();
    let inner: SectionTree = { preamble, sections: tree.sections.slice() };
    // each level is a copy of all inside it
    const levels = Math.floor(MAX_GROWTH_BYTES / (1 + encodeSections(tree).length));
    for (let depth = 1 + random.below(Math.min(levels + 1, MAX_NESTING)); depth > 0; depth--) {
      inner = { preamble, sections: [{ id: 4, content: inner }] };
    }
    tree.sections.splice(place(tree, random), random.below(2) * tree.sections.length, {
      id: 4,
      content: encodeSections(inner),
    });
  },
];

/** Parts of components, read once. */
export interface FuzzSource {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly tree: SectionTree;
}

export function fuzzSource(name: string, bytes: Uint8Array): FuzzSource {
  const tree = decodeSections(bytes);
  if (tree === undefined) throw new Error(`"${name}" is no WebAssembly binary`);
  return { name, bytes, tree };
}

/** Where to do damage: anywhere, or in one core module, so that the format around it stays whole. */
function targets(tree: SectionTree, random: SeededRandom): readonly SectionTree[] {
  const trees = allTrees(tree);
  const modules = trees.filter(({ preamble }) => preamble[6] === CORE_LAYER);
  return modules.length > 0 && random.chance(0.6) ? [random.pick(modules)] : trees;
}

/** A damaged copy of `source`, perhaps with parts of `donor`. */
export function mutate(source: FuzzSource, donor: FuzzSource, random: SeededRandom): Uint8Array {
  if (random.chance(0.2)) return random.pick(BYTE_MUTATIONS)(source.bytes, random);
  const tree = cloneTree(source.tree);
  const foreign = random.pick(allTrees(donor.tree).flatMap(({ sections }) => sections));
  for (let left = random.pick(MUTATION_COUNTS); left > 0; left--) {
    random.pick(TREE_MUTATIONS)(targets(tree, random), random, cloneSection(foreign));
  }
  const bytes = encodeSections(tree);
  if (random.chance(0.1)) return random.pick(BYTE_MUTATIONS)(bytes, random);
  return bytes.subarray(0, source.bytes.length + MAX_GROWTH_BYTES);
}
