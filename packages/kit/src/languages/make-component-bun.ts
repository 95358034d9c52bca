/**
 * From a core module, as a compiler writes it, to a component.
 * @module
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readAdapter } from "./adapter-bun.ts";

/** The tools are 7 MB of WebAssembly: only a build that makes components loads them. */
const tools = () => import("@bytecodealliance/jco-transpile/wasm-tools");

/** Says which interface a module was compiled for. Compilers with generated bindings have put that in already. */
export interface Embedding {
  /** Folder with WIT files; see `witText`. */
  readonly witFolder: string;
  readonly world: string;
}

const PACKAGE = /^package ([^;{]+);/m;

/** Files directly in the folder come first. */
function readWit(witFolder: string): string[] {
  const depth = (name: string): number => name.split(/[\\/]/).length;
  return readdirSync(witFolder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".wit"))
    .sort((a, b) => depth(a) - depth(b) || (a < b ? -1 : 1))
    .map((name) => readFileSync(join(witFolder, name), "utf8"));
}

/**
 * The files of a WIT folder as the one text that the component tools take. Files that name no package belong to the
 * one of the world, or to the first; all others are nested.
 */
export function witText(witFolder: string, world = ""): string {
  const files = readWit(witFolder);
  const packages = new Map<string, string[]>();
  for (const text of files) {
    const name = PACKAGE.exec(text)?.[1]?.trim();
    if (name === undefined) continue;
    packages.set(name, [...(packages.get(name) ?? []), text.replace(PACKAGE, "")]);
  }
  const nameless = files.filter((text) => !PACKAGE.test(text));
  const isOfWorld = (texts: readonly string[]): boolean =>
    texts.some((text) => new RegExp(`^\\s*world\\s+%?${world}\\s*\\{`, "m").test(text));
  const names = [...packages.keys()];
  const main = names.find((name) => isOfWorld(packages.get(name)!)) ?? names[0];
  const own = [...(packages.get(main ?? "") ?? []), ...nameless];
  const nested = [...packages]
    .filter(([name]) => name !== main)
    .map(([name, texts]) => `package ${name} {\n${texts.join("\n")}\n}\n`);
  const head = main === undefined ? "" : `package ${main};\n`;
  return [head, ...own, ...nested].join("\n");
}

/**
 * Makes a component of a core module for `wasm32-wasip1`.
 * @param embedding - left out when the module carries its interface in a custom section, as wit-bindgen's output does
 * @throws {Error} the module does not fit the interface, with the tools' words
 */
export async function makeComponent(core: Uint8Array, embedding?: Embedding): Promise<Uint8Array> {
  const { componentEmbed, componentNew } = await tools();
  const embedded =
    embedding === undefined
      ? core
      : await componentEmbed({
          binary: core,
          witSource: witText(embedding.witFolder, embedding.world),
          world: embedding.world,
        });
  return await componentNew(embedded, [["wasi_snapshot_preview1", readAdapter()]]);
}
