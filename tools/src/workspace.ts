/**
 * The members of the workspace and what their manifests say.
 * @module
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The root folder of the repository. */
export const ROOT = join(import.meta.dir, "../..");

export type Side = "shared" | "host" | "guest" | "browser" | "dev";

export interface Member {
  readonly name: string;
  /** Relative to the root, e.g. `packages/kernel`. */
  readonly folder: string;
  readonly layer: number;
  readonly side: Side;
  readonly private: boolean;
  readonly dependencies: readonly string[];
  readonly devDependencies: readonly string[];
  readonly exports: Readonly<Record<string, unknown>>;
}

interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly kinode?: { readonly layer: number; readonly side: Side };
  readonly dependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
  readonly exports?: Record<string, unknown>;
}

/**
 * Reads all members, sorted by folder.
 * @throws {Error} a manifest without `kinode.layer` and `kinode.side`
 */
export function readMembers(root: string = ROOT): Member[] {
  return memberFolders(root).map((folder) => readMember(root, folder));
}

/** Published packages: those under `packages/` that are not private. */
export function published(members: readonly Member[]): Member[] {
  return members.filter((member) => !member.private);
}

/** Folders that the root manifest's workspace patterns match and that hold a manifest. */
function memberFolders(root: string): string[] {
  const manifest = readJson(join(root, "package.json")) as {
    workspaces: { packages: readonly string[] };
  };
  return manifest.workspaces.packages
    .flatMap((pattern) =>
      pattern.endsWith("/*")
        ? readdirSync(join(root, pattern.slice(0, -2))).map(
            (name) => `${pattern.slice(0, -2)}/${name}`,
          )
        : [pattern],
    )
    .filter((folder) => existsSync(join(root, folder, "package.json")))
    .sort();
}

function readMember(root: string, folder: string): Member {
  const manifest = readJson(join(root, folder, "package.json")) as Manifest;
  if (manifest.kinode === undefined) {
    throw new Error(
      `${folder}/package.json has no "kinode"; add {"kinode":{"layer":…,"side":…}} (see ARCHITECTURE.md)`,
    );
  }
  return {
    name: manifest.name,
    folder,
    layer: manifest.kinode.layer,
    side: manifest.kinode.side,
    private: manifest.private ?? false,
    dependencies: Object.keys(manifest.dependencies ?? {}),
    devDependencies: Object.keys(manifest.devDependencies ?? {}),
    exports: manifest.exports ?? {},
  };
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, "utf8"));
}
