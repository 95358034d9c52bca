/**
 * VFS paths as a person types them.
 * @module
 */

/**
 * The path from the root, `/app:pkg/data/x`, without `.`, `..` and empty parts. One that starts with `/` or with a
 * package id is whole, any other starts in `folder`.
 */
export function resolvePath(folder: string, path: string): string {
  const isWhole = path.startsWith("/") || path.split("/", 1)[0]!.includes(":");
  const parts: string[] = [];
  for (const part of (isWhole ? path : `${folder}/${path}`).split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

/** How many parts a resolved path has: 0 is the root, 1 a package, 2 a drive. */
export function depthOf(path: string): number {
  return path === "/" ? 0 : path.split("/").length - 1;
}

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

export function joinPath(folder: string, name: string): string {
  return folder === "/" ? `/${name}` : `${folder}/${name}`;
}

/** Whether `path` is `folder` or in it. */
export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === "/" ? "/" : `${folder}/`);
}
