/**
 * Plugins nobody vouches for: a program that lets components rename files, one WebAssembly file each.
 * A plugin is built for this world, in any language:
 *
 *     package demo:rename;
 *     interface log { line: func(text: string); }
 *     world plugin {
 *       import log;
 *       export rename: func(name: string) -> result<string, string>;
 *     }
 *
 * It can log and compute, and nothing else; what it may use of memory and time is bounded.
 * @module
 */
import { compileComponent, systemPowers } from "@kinode-ts/component";

/** A `result` of WIT. */
type Answer = { readonly tag: "ok" | "err"; readonly val: string };

interface PluginExports {
  rename(name: string): Promise<Answer>;
}

/** Renames each name with a fresh instance of the plugin; a plugin that fails keeps the name and is told about. */
export async function renameAll(
  plugin: Uint8Array,
  names: readonly string[],
  tell: (text: string) => void,
): Promise<readonly string[]> {
  const component = await compileComponent(plugin, systemPowers);
  const imports = { "demo:rename/log": { line: (text: string) => tell(`plugin: ${text}`) } };
  const renamed = names.map(async (name) => {
    try {
      await using instance = await component.instantiate<PluginExports>(imports, {
        maxMemoryBytes: 4 << 20,
        maxCpuMs: 100,
      });
      const { tag, val } = await instance.exports.rename(name);
      if (tag === "ok") return val;
      tell(`"${name}" is kept: ${val}`);
    } catch (error) {
      tell(`"${name}" is kept: ${error instanceof Error ? error.message : String(error)}`);
    }
    return name;
  });
  return Promise.all(renamed);
}
