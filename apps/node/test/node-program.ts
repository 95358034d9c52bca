/**
 * The node as its user runs it: the real program in a real terminal, for end-to-end tests.
 * @module
 */
import { join } from "node:path";
import headless from "@xterm/headless";

const ROOT = join(import.meta.dir, "../../..");
const MAIN = join(ROOT, "apps/node/src/main.ts");
const DEADLINE_MS = 60_000;
// oxlint-disable-next-line no-control-regex -- what moves the cursor and styles text is not what a test reads
const ESCAPES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|[78])/g;

export interface NodeProgram {
  /** Address of its own pages, without trailing slash. */
  readonly url: string;
  /** Address of its apps. */
  readonly appsUrl: string;
  /** The one-time link it printed. */
  readonly link: string;
  readonly pid: number;
  /** Types a line and presses Enter. */
  type(line: string): Promise<void>;
  /** Presses keys: text and control characters as a console sends them. */
  press(keys: string): void;
  /** Waits until what the terminal received since `forget` matches, without escape sequences. */
  shows(pattern: RegExp): Promise<RegExpExecArray>;
  forget(): void;
  /** Waits until the rows that the terminal shows now match. */
  showsNow(pattern: RegExp): Promise<void>;
  /** What the terminal received since `forget`, with all escape sequences. */
  received(): string;
  readonly exited: Promise<number>;
  /** SIGKILL, as a crash of the machine would. */
  killHard(): Promise<void>;
  /** SIGTERM; the exit code. */
  stop(): Promise<number>;
}

export async function startNodeProgram(
  home: string,
  args: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
): Promise<NodeProgram> {
  const emulator = new headless.Terminal({ cols: 200, rows: 50, allowProposedApi: true });
  let received = "";
  let screen = "";
  /** The start of an escape sequence whose end has not arrived. */
  let begun = "";
  let arrived = Promise.withResolvers<void>();
  const wake = (): void => {
    arrived.resolve();
    arrived = Promise.withResolvers();
  };
  const decoder = new TextDecoder();
  const child = Bun.spawn([process.execPath, MAIN, "start", home, ...args], {
    cwd: ROOT,
    env: { ...process.env, BUN_JSC_useWasmFastMemory: "0", ...environment },
    terminal: {
      cols: 200,
      rows: 50,
      data(_terminal, data) {
        emulator.write(data, wake);
        received += Buffer.from(data).toString();
        const text = (begun + decoder.decode(data, { stream: true })).replace(ESCAPES, "");
        const cut = text.lastIndexOf("\u001b");
        begun = cut < 0 ? "" : text.slice(cut);
        screen += cut < 0 ? text : text.slice(0, cut);
        wake();
      },
    },
  });
  const rows = (): string => {
    const { active } = emulator.buffer;
    return Array.from({ length: emulator.rows }, (_, y) =>
      active.getLine(active.viewportY + y)!.translateToString(true),
    )
      .join("\n")
      .trimEnd();
  };
  const waitFor = async (text: () => string, pattern: RegExp): Promise<RegExpExecArray> => {
    const deadline = performance.now() + DEADLINE_MS;
    for (;;) {
      const next = arrived.promise;
      const match = pattern.exec(text());
      if (match !== null) return match;
      const rest = deadline - performance.now();
      if (rest <= 0 || child.exitCode !== null) {
        throw new Error(`The terminal never showed ${String(pattern)}. It showed:\n${text()}`);
      }
      await Promise.race([next, child.exited, Bun.sleep(rest)]);
    }
  };
  const shows = (pattern: RegExp): Promise<RegExpExecArray> => waitFor(() => screen, pattern);
  const [, appsUrl = ""] = await shows(/Apps have their pages at (http:\/\/[^\s]+)/);
  const [link] = await shows(/https?:\/\/\S+\/~\/login\?token=[\w-]+/);
  return {
    url: new URL(link).origin,
    appsUrl,
    link,
    pid: child.pid,
    type(line) {
      child.terminal?.write(`${line}\r`);
      return Promise.resolve();
    },
    press(keys) {
      child.terminal?.write(keys);
    },
    shows,
    forget() {
      screen = "";
      received = "";
    },
    async showsNow(pattern) {
      await waitFor(rows, pattern);
    },
    received: () => received,
    exited: child.exited,
    async killHard() {
      child.kill("SIGKILL");
      await child.exited;
    },
    stop() {
      child.kill("SIGTERM");
      return child.exited;
    },
  };
}

/** Builds an example and packs it; the path of the zip. */
export async function packExample(name: string, folder: string): Promise<string> {
  const zip = join(folder, `${name}.zip`);
  const child = Bun.spawn(
    [process.execPath, MAIN, "pack", join(ROOT, "examples", name), "--out", zip],
    {
      stdout: "inherit",
      stderr: "inherit",
    },
  );
  if ((await child.exited) !== 0) throw new Error(`Cannot pack the example ${name}`);
  return zip;
}
