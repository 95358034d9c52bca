/**
 * Which version of a package is current, by what its metadata lists.
 * Source: spec/packages-and-tools.md §4; semver.org §11.
 * @module
 */
import { badPackage } from "./errors.ts";
import type { Metadata } from "./metadata.ts";

const FILE = "metadata.json";
const sign = (a: number | bigint | string, b: number | bigint | string): number =>
  a < b ? -1 : a > b ? 1 : 0;

/** Numbers by value and before words; words by their characters. */
function compareParts(a: string, b: string): number {
  const [isNumberA, isNumberB] = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (isNumberA && isNumberB) return sign(BigInt(a), BigInt(b));
  return isNumberA === isNumberB ? sign(a, b) : isNumberA ? -1 : 1;
}

function compareLists(a: readonly string[], b: readonly string[]): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index += 1) {
    const order = compareParts(a[index]!, b[index]!);
    if (order !== 0) return order;
  }
  return sign(a.length, b.length);
}

/** Order of two semver texts: negative, 0 or positive. What follows `+` does not count. */
export function compareVersions(a: string, b: string): number {
  const read = (text: string): { core: string[]; pre: string[] } => {
    const [main = ""] = text.split("+");
    const dash = main.indexOf("-");
    const core = (dash < 0 ? main : main.slice(0, dash)).split(".");
    return { core, pre: dash < 0 ? [] : main.slice(dash + 1).split(".") };
  };
  const [x, y] = [read(a), read(b)];
  const order = compareLists(x.core, y.core);
  if (order !== 0 || x.pre.length === 0 || y.pre.length === 0) {
    // A version without a pre-release is the higher one.
    return order !== 0 ? order : sign(y.pre.length, x.pre.length);
  }
  return compareLists(x.pre, y.pre);
}

/**
 * The version a build is of: the newest that `code_hashes` lists, if that is higher than `current_version`. A package
 * that lists none, because nobody has published it yet, is at its `current_version`.
 * @throws {PackageError} `current_version` is higher than every version listed
 */
export function settledVersion({ version, codeHashes }: Metadata): string {
  const newest = [...codeHashes.keys()].toSorted(compareVersions).at(-1);
  if (newest === undefined || compareVersions(newest, version) === 0) return version;
  if (compareVersions(newest, version) > 0) return newest;
  throw badPackage([
    {
      file: FILE,
      line: 0,
      message: `current_version is ${version}, but the newest version in code_hashes is ${newest}: add "${version}" to code_hashes, with "" while its hash is not known`,
    },
  ]);
}

/** The text with another `current_version` and nothing else changed. */
export function withVersion(text: string, version: string): string {
  return text.replace(
    /("current_version"\s*:\s*)"[^"]*"/,
    (_, before: string) => before + JSON.stringify(version),
  );
}
