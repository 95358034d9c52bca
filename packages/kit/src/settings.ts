/**
 * The part of a package's `package.json` that is ours, under the key `kinode`.
 * @module
 */
import * as v from "valibot";
import { FileReader } from "./problems.ts";

export interface KinodeSettings {
  /** Programs that only a process of the package spawns, with or without extension. */
  readonly children: readonly string[];
  /** Programs whose file in `pkg/` is kept as it is although there are sources; `--force` builds them. */
  readonly prebuilt: readonly string[];
  /** Folders of packages whose API this one uses, relative to the package. */
  readonly dependencies: readonly string[];
}

const FILE = "package.json";
const listOf = (key: string, what: string) =>
  v.optional(v.array(v.string(what), `"${key}" is a list: ${what}`), []);

const settingsSchema = v.object(
  {
    children: listOf("children", "names of programs are expected"),
    prebuilt: listOf("prebuilt", "names of programs are expected"),
    dependencies: listOf("dependencies", "folders of packages are expected"),
  },
  '"kinode" is an object with children, prebuilt or dependencies',
);

/**
 * @param text - of `package.json`; `undefined` when there is none
 * @throws {PackageError} with file and line
 */
export function parseSettings(text: string | undefined): KinodeSettings {
  const reader = new FileReader(FILE, text ?? "{}");
  const { value } = reader.source;
  const own = (value as { kinode?: unknown } | null)?.kinode ?? {};
  const settings = reader.check(settingsSchema, ["kinode"], own);
  reader.finish({ mode: "strict" });
  return settings!;
}
