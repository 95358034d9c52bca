/**
 * `bun tools/src/release.ts version | publish [--dry-run]`: turns changesets into versions, and publishes.
 *
 * Packages go out by `bun publish`, in the order of their dependencies: `changeset publish` would send
 * `workspace:*` and `catalog:` as they are, and nobody could install the result.
 * @module
 */
import { join } from "node:path";
import { type Member, published, readMembers, ROOT } from "./workspace.ts";

const bin = (name: string): string => join(ROOT, "node_modules/.bin", name);

if (import.meta.main) process.exit(main(process.argv.slice(2)));

function main([command, ...flags]: readonly string[]): number {
  switch (command) {
    case "version":
      // The lockfile holds the versions of the members.
      return inOrder([
        [bin("changeset"), "version"],
        [process.execPath, "install"],
      ]);
    case "publish":
      return publish(flags.includes("--dry-run"));
    default:
      console.error("Usage: bun tools/src/release.ts version | publish [--dry-run]");
      return 2;
  }
}

function publish(dryRun: boolean): number {
  const prepared = inOrder([
    [process.execPath, "tools/src/check.ts"],
    [process.execPath, "tools/src/test.ts"],
  ]);
  if (prepared !== 0) return prepared;
  for (const member of publishOrder(published(readMembers()))) {
    const extra = dryRun ? ["--dry-run"] : [];
    const code = run([process.execPath, "publish", "--access", "public", ...extra], member.folder);
    if (code !== 0) return code;
  }
  return dryRun ? 0 : inOrder([[bin("changeset"), "git-tag"]]);
}

/** What a package depends on comes before it. */
export function publishOrder(members: readonly Member[]): Member[] {
  const ordered: Member[] = [];
  const visit = (member: Member): void => {
    if (ordered.includes(member)) return;
    for (const name of member.dependencies) {
      const dependency = members.find((entry) => entry.name === name);
      if (dependency !== undefined) visit(dependency);
    }
    ordered.push(member);
  };
  for (const member of members) visit(member);
  return ordered;
}

function inOrder(commands: readonly (readonly string[])[]): number {
  for (const command of commands) {
    const code = run(command, ".");
    if (code !== 0) return code;
  }
  return 0;
}

function run(command: readonly string[], folder: string): number {
  return Bun.spawnSync([...command], {
    cwd: join(ROOT, folder),
    stdio: ["inherit", "inherit", "inherit"],
  }).exitCode;
}
