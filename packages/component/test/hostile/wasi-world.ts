/**
 * The whole of WASI 0.2.12 as its public WIT declares it, beside the newest process interface.
 * @module
 */
const WIT = `${import.meta.dir}/../../../../wit`;
const PACKAGES = ["io", "clocks", "random", "cli", "filesystem", "sockets"] as const;

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
