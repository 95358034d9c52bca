/**
 * The languages whose programs `kinode build` makes into components. A new one is one object and one line here.
 * @module
 */
import type { Language } from "./languages/contract.ts";
import { c } from "./languages/c-bun.ts";
import { cpp } from "./languages/cpp-bun.ts";
import { go } from "./languages/go-bun.ts";
import { python } from "./languages/python-bun.ts";
import { rust } from "./languages/rust-bun.ts";

export const LANGUAGES: readonly Language[] = [c, cpp, go, python, rust];

/** The language of a process's source folder; `undefined` if none of them knows it. */
export function languageOf(
  sourceFolder: string,
  languages: readonly Language[] = LANGUAGES,
): Language | undefined {
  return languages.find((language) => language.owns(sourceFolder));
}
