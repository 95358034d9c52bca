/**
 * Runs a program that may hang: it is ended when it has printed nothing for too long, with all that it started.
 * @module
 */

export interface WatchedRun {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What prints nothing for so long hangs. */
  readonly maxSilenceMs: number;
}

export interface WatchedEnd {
  readonly exitCode: number;
  /** What it printed, both streams as they came. */
  readonly output: string;
  /** It was ended because it hung. */
  readonly hung: boolean;
}

/** Programs that it started and that outlive it may keep its streams open: they are not waited for any longer. */
const STREAMS_MS = 5_000;

/** Settles when the program has ended, whatever becomes of what it started. */
export async function runWatched(
  command: readonly string[],
  { cwd, env, maxSilenceMs }: WatchedRun,
): Promise<WatchedEnd> {
  const child = Bun.spawn([...command], { cwd, env, stdout: "pipe", stderr: "pipe" });
  let hung = false;
  const end = (): void => {
    hung = true;
    child.kill("SIGKILL");
  };
  let timer = setTimeout(end, maxSilenceMs);
  let output = "";
  const read = async (stream: ReadableStream<Uint8Array>): Promise<void> => {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      output += decoder.decode(chunk, { stream: true });
      clearTimeout(timer);
      timer = setTimeout(end, maxSilenceMs);
    }
  };
  const streams = Promise.all([read(child.stdout), read(child.stderr)]);
  const exitCode = await child.exited;
  clearTimeout(timer);
  await Promise.race([streams, Bun.sleep(STREAMS_MS)]);
  clearTimeout(timer);
  return { exitCode, output, hung };
}
