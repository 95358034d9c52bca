/**
 * The WIT texts of `wit/` as the component tools take them: one text, packages it depends on nested.
 * @module
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";

const WIT = join(import.meta.dir, "../../wit");

/** What a component can be built against, by the name of its folder in `wit/`. */
export const WIT_FOLDERS = [
  "kinode-process-0.7.0",
  "kinode-process-0.8.0",
  "kinode-process-1.0.0",
  "hyperware-process-1.0.0",
] as const;

export type WitFolder = (typeof WIT_FOLDERS)[number];

/** The text of one of the four process interfaces. */
export function processWit(folder: WitFolder): string {
  return readFileSync(join(WIT, folder, "process.wit"), "utf8");
}

/** The text of the script source with the process interface it includes. */
export function scriptWit(): string {
  const own = readFileSync(join(WIT, "script/script.wit"), "utf8");
  const included = processWit("kinode-process-1.0.0").replace(/^package ([^;]+);/m, "package $1 {");
  return `${own}\n${included}\n}\n`;
}
