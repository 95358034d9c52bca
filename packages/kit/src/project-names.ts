/**
 * Names of a new package, and their place in the text of a template.
 * Source: spec/packages-and-tools.md §1, §22, §24.
 * @module
 */
import { isNameSafeNode } from "@kinode-ts/types";
import { PackageError } from "./errors.ts";

/** What a template is called before it gets its names. */
export const TEMPLATE_PUBLISHER = "template.os";

/** They would be taken for the folders of a package's API and of its tests. */
const RESERVED = new Set(["api", "test"]);
const MAX_NAME_CHARS = 64;
// A letter first, and no empty words: the name becomes an identifier in every language.
const NAME = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;

function badName(name: string, reason: string): PackageError {
  return new PackageError(
    { code: "kit.bad-name", name, reason },
    `"${name}" cannot be the name of a package: ${reason}`,
  );
}

/** @throws {PackageError} `kit.bad-name` */
export function checkPackageName(name: string): void {
  if (RESERVED.has(name)) throw badName(name, `a folder "${name}" has a meaning inside a package`);
  if (name.length > MAX_NAME_CHARS) {
    throw badName(name, `it has ${name.length} characters, ${MAX_NAME_CHARS} are allowed`);
  }
  if (!NAME.test(name)) {
    throw badName(name, "use a-z, 0-9 and single - between them, a letter first, e.g. my-app");
  }
}

/** @throws {PackageError} `kit.bad-name` */
export function checkPublisher(publisher: string): void {
  if (isNameSafeNode(publisher)) return;
  throw new PackageError(
    { code: "kit.bad-name", name: publisher, reason: "not a node name" },
    `"${publisher}" is not the name of a node, such as alice.os`,
  );
}

const words = (kebab: string): string[] => kebab.split(/[-_]/);
const upperCamel = (kebab: string): string =>
  words(kebab)
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join("");

/**
 * Puts the names of a package into text of a template, or into the name of one of its files: each of the forms
 * `my-package`, `my_package`, `MyPackage`, `template.os`, `template-dot-os`, `template_dot_os`, `TemplateDotOs`.
 */
export function rewriteNames(text: string, name: string, publisher: string): string {
  const node = publisher.replaceAll(".", "-dot-");
  const forms = new Map([
    ["my-package", name],
    ["my_package", name.replaceAll("-", "_")],
    ["MyPackage", upperCamel(name)],
    [TEMPLATE_PUBLISHER, publisher],
    ["template-dot-os", node],
    ["template_dot_os", node.replaceAll("-", "_")],
    ["TemplateDotOs", upperCamel(node)],
  ]);
  // One pass: a new name may itself look like something to replace.
  return text.replace(
    /my-package|my_package|MyPackage|template\.os|template-dot-os|template_dot_os|TemplateDotOs/g,
    (form) => forms.get(form)!,
  );
}
