/**
 * WIT names as TypeScript has them. The library derives the names on the wire from these (`@kinode-ts/stdlib/api`), so
 * both directions must agree; `generate-typescript.test.ts` holds them together.
 * @module
 */

const RESERVED_VALUES = new Set(
  (
    "arguments await break case catch class const continue debugger default delete do else enum eval export extends " +
    "false finally for function if implements import in instanceof interface let new null package private protected " +
    "public return static super switch this throw true try typeof undefined var void while with yield"
  ).split(" "),
);

/** Types that generated modules use themselves. */
const RESERVED_TYPES = new Set(["Uint8Array"]);

/** `is-requestor` → `isRequestor`. A word that starts with a digit keeps its border, or it would be lost. */
export function camelName(name: string): string {
  return name
    .toLowerCase()
    .replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
    .replaceAll("-", "_");
}

/** `send-request` → `SendRequest`. */
export function typeName(name: string): string {
  const camel = camelName(name);
  const upper = camel.charAt(0).toUpperCase() + camel.slice(1);
  return RESERVED_TYPES.has(upper) ? `${upper}Type` : upper;
}

/** Name of the constant that describes a type. */
export function valueName(name: string): string {
  const camel = camelName(name);
  return RESERVED_VALUES.has(camel) ? `${camel}Type` : camel;
}

/** Key of an object: quoted where it has to be. */
export function propertyKey(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
}
