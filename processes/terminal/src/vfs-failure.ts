/**
 * What the VFS refuses, in words for a person.
 * Source: spec/runtime-modules.md §2.3, §1.4.
 * @module
 */
import { ScriptFailure } from "@kinode-ts/stdlib/scripting";
import { VfsError } from "@kinode-ts/stdlib/vfs";

const SYSTEM_TEXTS: readonly (readonly [RegExp, string])[] = [
  [/os error 2\)/, "there is no such file or folder"],
  [/os error 13\)/, "the disk does not permit it"],
  [/os error 17\)/, "it exists already"],
  [/os error 20\)/, "a part of the path is no folder"],
  [/os error 21\)/, "it is a folder"],
  [/os error 28\)/, "the disk is full"],
  [/os error 39\)/, "the folder is not empty"],
];

/** Why something could not be done, without saying what. */
export function failureText(error: VfsError, path: string): string {
  const { code } = error;
  switch (code) {
    case "NoReadCap":
    case "NoWriteCap":
      return `the terminal lacks ${capabilityFor(path, code === "NoReadCap" ? "read" : "write")}`;
    case "MalformedRequest":
      return "files are in drives, /package:publisher/drive/…";
    case "IOError":
      return SYSTEM_TEXTS.find(([pattern]) => pattern.test(error.message))?.[1] ?? detailOf(error);
    default:
      return detailOf(error);
  }
}

function detailOf(error: VfsError): string {
  const { fault } = error as { fault?: { detail?: string } };
  return fault?.detail || error.message;
}

/** The capability of the VFS that would permit it. */
function capabilityFor(path: string, kind: "read" | "write"): string {
  const drive = path.split("/").slice(0, 3).join("/");
  const root = '{"root":true} of vfs:distro:sys';
  if (drive.split("/").length < 3) return `the capability ${root}`;
  return `the capability {"kind":"${kind}","drive":"${drive}"} or ${root}`;
}

/** Runs one step; what the VFS refuses ends the script with `cannot <verb> <path>: <why>`. */
export async function doing<T>(verb: string, path: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (thrown) {
    if (!(thrown instanceof VfsError)) throw thrown;
    throw new ScriptFailure(`cannot ${verb} ${path}: ${failureText(thrown, path)}`);
  }
}
