/**
 * JSON with what `JSON.stringify` cannot write: number tokens as they are, keys twice, broken escapes.
 * @module
 */

/** Text that stands in a body as it is. */
export class Raw {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** A value of a body: plain JSON, `Raw`, or an object as a list of pairs so that a key may come twice. */
export type Tree = null | boolean | number | string | Raw | readonly Tree[] | Pairs;

export interface Pairs {
  readonly pairs: readonly (readonly [string, Tree])[];
}

export function isPairs(tree: Tree): tree is Pairs {
  return typeof tree === "object" && tree !== null && "pairs" in tree;
}

export function isList(tree: Tree): tree is readonly Tree[] {
  return Array.isArray(tree);
}

export function toTree(json: unknown): Tree {
  if (typeof json === "bigint") return new Raw(`${json}`);
  if (typeof json !== "object" || json === null) return json as Tree;
  if (Array.isArray(json)) return json.map(toTree);
  return { pairs: Object.entries(json).map(([key, value]) => [key, toTree(value)]) };
}

export function toText(tree: Tree): string {
  if (tree instanceof Raw) return tree.text;
  if (isList(tree)) return `[${tree.map(toText).join()}]`;
  if (!isPairs(tree)) return JSON.stringify(tree);
  return `{${tree.pairs.map(([key, value]) => `${JSON.stringify(key)}:${toText(value)}`).join()}}`;
}
