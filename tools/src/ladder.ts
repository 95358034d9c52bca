/**
 * The ladder: who may import whom. Pure; `check-layers.ts` feeds it the real tree.
 * Source: ARCHITECTURE.md, "The ladder".
 * @module
 */
import type { Member } from "./workspace.ts";

/** One import statement of one file. */
export interface Import {
  /** Relative to the member's folder, e.g. `src/mailbox.ts`. */
  readonly file: string;
  readonly specifier: string;
}

export interface MemberImports {
  readonly member: Member;
  readonly imports: readonly Import[];
}

/** Lists every break of the ladder, one sentence each; none is good. */
export function checkLadder(all: readonly MemberImports[]): string[] {
  const byName = new Map(all.map(({ member }) => [member.name, member]));
  const faults = all.flatMap(({ member, imports }) =>
    imports.flatMap((entry) => checkImport(member, entry, byName)),
  );
  return [...faults, ...checkCycles(all.map(({ member }) => member))];
}

/** Tests may use what other code may not. */
export function isTestFile(file: string): boolean {
  return /\.(test|bench|prop|fuzz)\.tsx?$|(^|\/)test\//.test(file) || file.endsWith(".test-d.ts");
}

/** Files that say in their name that they use the host's globals. */
export function isHostFile(file: string): boolean {
  return /-bun\.tsx?$/.test(file);
}

function checkImport(
  from: Member,
  { file, specifier }: Import,
  byName: ReadonlyMap<string, Member>,
): string[] {
  const at = `${from.folder}/${file}`;
  if (specifier.startsWith("#")) return []; // an import map entry of the package's own manifest
  if (specifier.startsWith(".")) return checkRelative(from, file, specifier);
  if (/^(node|bun):|^bun$/.test(specifier)) {
    return needsPowers(from, file)
      ? [
          `${at} imports "${specifier}"; take it as an argument, or move it to a file named *-bun.ts`,
        ]
      : [];
  }
  const name = packageName(specifier);
  const to = byName.get(name);
  if (isTestFile(file)) return [];
  if (!from.dependencies.includes(name) && name !== from.name && from.side !== "dev") {
    return [`${at} imports "${specifier}", which is not in "dependencies" of ${from.folder}`];
  }
  return to === undefined || to === from ? [] : checkStep(from, to, at);
}

/** Core code: published packages outside host files and tests. The package for tests is exempt. */
function needsPowers(from: Member, file: string): boolean {
  return (
    !from.private &&
    from.side !== "dev" &&
    !isHostFile(file) &&
    !isTestFile(file) &&
    !file.endsWith(".d.ts")
  );
}

function checkRelative(from: Member, file: string, specifier: string): string[] {
  const at = `${from.folder}/${file}`;
  if (!/\.[a-z]+$/.test(specifier)) {
    return [`${at} imports "${specifier}"; relative imports end with the file's extension`];
  }
  const depth = file.split("/").length - 1;
  const up = specifier.split("/").filter((part) => part === "..").length;
  if (up > depth && !isTestFile(file)) {
    return [`${at} imports "${specifier}" outside its package; import the package by its name`];
  }
  return [];
}

function checkStep(from: Member, to: Member, at: string): string[] {
  const faults: string[] = [];
  if (to.layer >= from.layer) {
    faults.push(
      `${at} (layer ${from.layer}) imports ${to.name} (layer ${to.layer}); imports go down only: move the contract to a lower layer`,
    );
  }
  if (to.side === "dev" && from.side !== "dev") {
    faults.push(`${at} imports ${to.name}, which only tests may import`);
  } else if (!mayCross(from, to)) {
    faults.push(`${at} is ${from.side} code and imports ${to.name}, which is ${to.side} code`);
  }
  return faults;
}

/** Sides do not mix, but the program on the host serves the pages of the browser. */
function mayCross(from: Member, to: Member): boolean {
  if (to.side === "shared" || to.side === from.side || from.side === "dev") return true;
  return to.side === "browser" && from.side === "host" && from.private;
}

function packageName(specifier: string): string {
  const parts = specifier.split("/");
  return specifier.startsWith("@") ? parts.slice(0, 2).join("/") : parts[0]!;
}

/** Cycles between members, dependencies of tests included. */
function checkCycles(members: readonly Member[]): string[] {
  const byName = new Map(members.map((member) => [member.name, member]));
  const done = new Set<string>();
  const faults: string[] = [];
  const visit = (member: Member, path: readonly string[]): void => {
    const seenAt = path.indexOf(member.name);
    if (seenAt >= 0) {
      faults.push(
        `Packages depend on each other: ${[...path.slice(seenAt), member.name].join(" → ")}`,
      );
      return;
    }
    if (done.has(member.name)) return;
    for (const name of [...member.dependencies, ...member.devDependencies]) {
      const next = byName.get(name);
      if (next !== undefined) visit(next, [...path, member.name]);
    }
    done.add(member.name);
  };
  for (const member of members) visit(member, []);
  return faults;
}
