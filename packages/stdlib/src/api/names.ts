/**
 * One name in its four spellings: WIT `is-requestor`, TypeScript `isRequestor`, JSON key `is_requestor`, JSON case
 * `IsRequestor`.
 * @module
 */

// Fields with these names get an underscore in Rust, and with it in JSON.
const RUST_KEYWORDS = new Set(
  (
    "as break const continue crate else enum extern false fn for if impl in let loop match mod move mut pub ref return " +
    "self static struct super trait true type unsafe use where while async await dyn abstract become box do final macro " +
    "override priv typeof unsized virtual yield try"
  ).split(" "),
);

/** `isRequestor` and `is-requestor` → `is-requestor`. */
export function kebabName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** Key of a record's field on the wire. */
export function wireKey(name: string): string {
  const kebab = kebabName(name);
  return RUST_KEYWORDS.has(kebab) ? `${kebab}_` : kebab.replaceAll("-", "_");
}

/** Text of a variant's or an enum's case on the wire, from its WIT name. */
export function wireCase(name: string): string {
  return name
    .split("-")
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1).toLowerCase())
    .join("");
}
