/**
 * Builds the pages into plain files: what the home page process serves from its `pkg/ui` folder.
 * @module
 */

/**
 * The pages of a node that has no identity yet, by name: `index.html` and what it loads.
 * @throws {AggregateError} a source file does not compile
 */
export async function buildRegisterPages(): Promise<ReadonlyMap<string, Uint8Array>> {
  const here = import.meta.dir;
  const built = await Bun.build({
    entrypoints: [`${here}/register/main.tsx`],
    target: "browser",
    minify: true,
    conditions: ["bun"],
    define: { "process.env.NODE_ENV": '"production"' },
  });
  const [script] = built.outputs;
  const read = async (path: string) =>
    new Uint8Array(await Bun.file(`${here}/${path}`).arrayBuffer());
  return new Map([
    ["main.js", new Uint8Array(await script!.arrayBuffer())],
    ["index.html", await read("register/index.html")],
    ["style.css", await read("style.css")],
  ]);
}

/** File name below the site root → content. @throws {AggregateError} a source file does not compile */
export async function buildPages(): Promise<ReadonlyMap<string, Uint8Array>> {
  const here = import.meta.dir;
  const built = await Bun.build({
    entrypoints: [`${here}/main.tsx`],
    target: "browser",
    minify: true,
    // Packages of this repository as their sources.
    conditions: ["bun"],
    // The terminal emulator is loaded with its page only.
    splitting: true,
    define: { "process.env.NODE_ENV": '"production"' },
  });
  const files = new Map<string, Uint8Array>();
  for (const output of built.outputs) {
    files.set(
      output.path.split("/").pop() ?? "main.js",
      new Uint8Array(await output.arrayBuffer()),
    );
  }
  for (const name of ["index.html", "style.css"]) {
    files.set(name, new Uint8Array(await Bun.file(`${here}/${name}`).arrayBuffer()));
  }
  const emulator = Bun.fileURLToPath(import.meta.resolve("@xterm/xterm/css/xterm.css"));
  files.set("xterm.css", new Uint8Array(await Bun.file(emulator).arrayBuffer()));
  return files;
}
