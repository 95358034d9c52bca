/**
 * Builds the pages into plain files. The release puts them into the home page's package, and the node serves them.
 * @module
 */

async function bundle(entry: string, splitting: boolean): Promise<Bun.BuildOutput> {
  try {
    return await Bun.build({
      entrypoints: [entry],
      target: "browser",
      minify: true,
      splitting,
      // Packages of this repository as their sources.
      conditions: ["bun"],
      define: { "process.env.NODE_ENV": '"production"' },
    });
  } catch (thrown) {
    const causes = thrown instanceof AggregateError ? thrown.errors.map(String) : [String(thrown)];
    throw new Error(`The pages do not build: ${causes.join("; ")}`, { cause: thrown });
  }
}

/**
 * The pages of a node that has no identity yet, by name: `index.html` and what it loads.
 * @throws {Error} names the sources that do not compile
 */
export async function buildRegisterPages(): Promise<ReadonlyMap<string, Uint8Array>> {
  const here = import.meta.dir;
  const built = await bundle(`${here}/register/main.tsx`, false);
  const [script] = built.outputs;
  const read = async (path: string) =>
    new Uint8Array(await Bun.file(`${here}/${path}`).arrayBuffer());
  return new Map([
    ["main.js", new Uint8Array(await script!.arrayBuffer())],
    ["index.html", await read("register/index.html")],
    ["style.css", await read("style.css")],
  ]);
}

/** File name below the site root → content. @throws {Error} names the sources that do not compile */
export async function buildPages(): Promise<ReadonlyMap<string, Uint8Array>> {
  const here = import.meta.dir;
  // The terminal emulator is loaded with its page only.
  const built = await bundle(`${here}/main.tsx`, true);
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
