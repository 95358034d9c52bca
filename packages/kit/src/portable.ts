/**
 * Scripts → components, so that a package also runs on nodes that know no scripts.
 * @module
 */
import { packScript } from "@kinode-ts/engine";

const SCRIPT = /\.js$/;
const asComponent = (name: string): string => name.replace(SCRIPT, ".wasm");

function editJson(files: Map<string, Uint8Array>, name: string, edit: (value: unknown) => unknown) {
  const bytes = files.get(name);
  if (bytes === undefined) return;
  const value = edit(JSON.parse(new TextDecoder().decode(bytes)));
  files.set(name, new TextEncoder().encode(`${JSON.stringify(value, undefined, 2)}\n`));
}

/** Whether a bundle speaks of a script file, as one does that spawns it. */
function mentionsScripts(code: Uint8Array): boolean {
  const text = new TextDecoder().decode(code).replace(/\n\/\/# sourceMappingURL=\S+\s*$/, "");
  return /\.js["'`]/.test(text);
}

/**
 * Replaces every script among the files of a package by a component of the same name, in the manifest and in
 * `scripts.json` too. Where the programs spawn each other by their `.js` names the component stands under that name as
 * well: the bytes say what it is.
 * @param programs - files that are programs; other `.js` files are left alone
 */
export function makePortable(
  files: Map<string, Uint8Array>,
  programs: readonly string[],
  engine: Uint8Array,
): void {
  const scripts = programs.filter((name) => SCRIPT.test(name) && files.has(name));
  const keepsNames = scripts.some((name) => mentionsScripts(files.get(name)!));
  for (const name of scripts) {
    const component = packScript(engine, files.get(name)!);
    files.set(asComponent(name), component);
    if (keepsNames) files.set(name, component);
    else files.delete(name);
    const map = files.get(`${name}.map`);
    if (map !== undefined) files.set(`${asComponent(name)}.map`, map);
    files.delete(`${name}.map`);
  }
  const rename = (name: string): string =>
    scripts.includes(name.replace(/^\//, "")) ? asComponent(name) : name;
  editJson(files, "manifest.json", (list) =>
    (list as { process_wasm_path: string }[]).map((entry) => ({
      ...entry,
      process_wasm_path: rename(entry.process_wasm_path),
    })),
  );
  editJson(files, "scripts.json", (keys) =>
    Object.fromEntries(
      Object.entries(keys as object).map(([name, entry]) => [rename(name), entry]),
    ),
  );
}
