/**
 * Where an object of a repository lies below the place of the repository: restic's default layout.
 * @module
 */
import type { BackupObjectKind } from "@kinode-ts/types";
import { BackupError } from "./errors.ts";
import { isObjectId } from "./object-id.ts";

/**
 * Parts separated by "/". Packs are in 256 folders by the first two digits of their names.
 * @throws {BackupError} `backup.bad-argument` the name is no name of an object: it must not become a path
 */
export function objectPath(kind: BackupObjectKind, name: string): string {
  if (kind === "config" && name === "config") return "config";
  if (kind === "config" || !isObjectId(name)) {
    const why = "is not 64 hexadecimal digits";
    throw new BackupError({ code: "backup.bad-argument", what: "The name of an object", why });
  }
  return kind === "data" ? `data/${name.slice(0, 2)}/${name}` : `${kind}/${name}`;
}
