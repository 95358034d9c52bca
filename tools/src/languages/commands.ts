/**
 * Running programs while toolchains are installed and tried.
 * @module
 */

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/**
 * Output of a program, both streams.
 * @throws {Error} it ended with another code than 0, with the last of its output
 */
export async function run(command: readonly string[], options: RunOptions = {}): Promise<string> {
  const child = Bun.spawn([...command], {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...process.env, ...options.env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (code !== 0) {
    const text = `${stdout}${stderr}`.trimEnd().slice(-4_000);
    throw new Error(`"${command.join(" ")}" ended with ${code}:\n${text}`);
  }
  return stdout + stderr;
}

/** Whether a command runs and ends well. */
export async function works(
  command: readonly string[],
  options: RunOptions = {},
): Promise<boolean> {
  if (Bun.which(command[0] ?? "") === null) return false;
  return await run(command, options).then(
    () => true,
    () => false,
  );
}
