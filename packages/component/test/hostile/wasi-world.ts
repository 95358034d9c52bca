/**
 * The whole of WASI 0.2.12 as its public WIT declares it, beside the newest process interface.
 * @module
 */
import { componentEmbed } from "@bytecodealliance/jco-transpile/wasm-tools";
import type { CoreType } from "../../src/canonical-abi/abi-type.ts";
import { readCoreModule } from "../../src/core-module/core-module.ts";
import type { CallerFunction } from "./caller.ts";

const WIT = `${import.meta.dir}/../../../../wit`;
const PACKAGES = ["io", "clocks", "random", "cli", "filesystem", "sockets"] as const;

/** How the tools name interfaces in a dummy module. */
const MANGLED = /^cm32p2\|(wasi:.*)@0\.2$/;

/** A package as a block, so that several fit into one text. */
const nested = (text: string): string =>
  `${text.replace(/^package (\S+);$/m, "package $1 {")}\n}\n`;

/** WIT text with a world `all` that imports everything and exports `init`. */
export async function wasiWorld(): Promise<string> {
  const manifest = Bun.resolveSync("@bytecodealliance/jco/package.json", import.meta.dir);
  const folder = manifest.replace("package.json", "lib/wit/builtin/0.2.12");
  const files = [
    ...PACKAGES.map((name) => `${folder}/wasi-${name}/package.wit`),
    `${WIT}/kinode-process-1.0.0/process.wit`,
  ];
  const packages = await Promise.all(files.map((file) => Bun.file(file).text()));
  return `package test:all;
world all {
  include wasi:cli/imports@0.2.12;
  import kinode:process/standard@1.0.0;
  export init: func(our: string);
}
${packages.map(nested).join("\n")}`;
}

/** Every function of it with its core type, as its own tools say. */
export async function wasiFunctions(): Promise<readonly CallerFunction[]> {
  const witSource = await wasiWorld();
  const module = await componentEmbed({
    dummy: true,
    witSource,
    world: "all",
    stringEncoding: "utf8",
  });
  const core = readCoreModule(module, 0, module.length);
  return core.importedFuncs.flatMap((item) => {
    const [, name] = MANGLED.exec(item.module) ?? [];
    if (name === undefined) return [];
    const { params, results } = core.types[item.type]!;
    return {
      module: `${name}@0.2.12`,
      name: item.name.replace(/^(.+)_drop$/, "[resource-drop]$1"),
      params: params as readonly CoreType[],
      results: results as readonly CoreType[],
    };
  });
}
