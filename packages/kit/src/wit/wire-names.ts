/**
 * WIT names as they stand in JSON: what serde writes for the types that bindings for Rust make.
 * `@kinode-ts/stdlib/api` has the same rules for processes; `wire-names.test.ts` holds them together.
 * @module
 */

/** Fields with these names get an underscore in Rust, and with it in JSON. */
export const RUST_KEYWORDS: ReadonlySet<string> = new Set(
  (
    "as break const continue crate else enum extern false fn for if impl in let loop match mod move mut pub ref return " +
    "self static struct super trait true type unsafe use where while async await dyn abstract become box do final macro " +
    "override priv typeof unsized virtual yield try"
  ).split(" "),
);

/** Key of a record's field. */
export function wireKey(name: string): string {
  return RUST_KEYWORDS.has(name) ? `${name}_` : name.toLowerCase().replaceAll("-", "_");
}

/** Text of a case of a variant or an enum. */
export function wireCase(name: string): string {
  return name
    .split("-")
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1).toLowerCase())
    .join("");
}
