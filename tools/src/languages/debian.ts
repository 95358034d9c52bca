/**
 * Packages of the system, where it is a Debian.
 * @module
 */
import { run, works } from "./commands.ts";

let isUpdated = false;

async function isInstalled(name: string): Promise<boolean> {
  const [bare = name] = name.split("=");
  if (!(await works(["dpkg-query", "-W", "-f=${db:Status-Status}", bare]))) return false;
  return (await run(["dpkg-query", "-W", "-f=${db:Status-Status}", bare])).trim() === "installed";
}

/**
 * Installs what is missing of these packages; needs root.
 * @param names - as for apt-get, e.g. `clang` or `rustc-web=1.85.0+dfsg3-1~deb12u3`
 * @throws {Error} apt-get is not here or fails
 */
export async function installPackages(names: readonly string[]): Promise<void> {
  const missing: string[] = [];
  for (const name of names) if (!(await isInstalled(name))) missing.push(name);
  if (missing.length === 0) return;
  if (Bun.which("apt-get") === null) {
    throw new Error(
      `This is no Debian; install by hand what these packages bring: ${missing.join(" ")}`,
    );
  }
  if (!isUpdated) await run(["apt-get", "update", "-qq"]);
  isUpdated = true;
  const options = ["-y", "-qq", "--no-install-recommends", "--allow-downgrades"];
  await run(["apt-get", "install", ...options, ...missing], {
    env: { DEBIAN_FRONTEND: "noninteractive" },
  });
}
