/**
 * From a core module, as a compiler writes it, to a component.
 * @module
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const ADAPTER = new URL(
  "../../languages/adapter/wasi_snapshot_preview1.reactor.wasm",
  import.meta.url,
);

/** The tools are 7 MB of WebAssembly: only a build that makes components loads them. */
const tools = () => import("@bytecodealliance/jco-transpile/wasm-tools");

/** Says which interface a module was compiled for. Compilers with generated bindings have put that in already. */
export interface Embedding {
  /** Folder with WIT files; see `witText`. */
  readonly witFolder: string;
  readonly world: string;
}

/**
 * The files of a WIT folder as the one text that the component tools take. Files directly in the folder are one
 * package if at most one of them names it; other packages, and those in folders below, are nested.
 */
export function witText(witFolder: string): string {
  const files = readdirSync(witFolder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".wit"))
    .sort()
    .map((name) => readFileSync(join(witFolder, name), "utf8"));
  const packages = new Map<string, string[]>();
  let first = "";
  const nameless: string[] = [];
  for (const text of files) {
    const name = /^package ([^;{]+);/m.exec(text)?.[1]?.trim();
    if (name === undefined) {
      nameless.push(text);
      continue;
    }
    if (first === "") first = name;
    packages.set(name, [...(packages.get(name) ?? []), text.replace(/^package [^;{]+;/m, "")]);
  }
  const own = [...(packages.get(first) ?? []), ...nameless];
  const nested = [...packages]
    .filter(([name]) => name !== first)
    .map(([name, texts]) => `package ${name} {\n${texts.join("\n")}\n}\n`);
  const head = first === "" ? "" : `package ${first};\n`;
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
          witSource: witText(embedding.witFolder),
          world: embedding.world,
        });
  return await componentNew(embedded, [["wasi_snapshot_preview1", readFileSync(ADAPTER)]]);
}
