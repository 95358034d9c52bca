/**
 * Damaged command lines and messages to `terminal:terminal:sys`, the one module that is a process, in a whole node.
 * @module
 */
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { createSeededRandom } from "@kinode-ts/testing";
import { errorText, type ProcessId, TERMINAL_PROCESS } from "@kinode-ts/types";
import { startTestNode, type TestNode } from "../../testing/index.ts";
import { USUAL_BOUNDS } from "./bounds.ts";
import { toTree } from "./json-text.ts";
import { mutateText, mutateTree, once, toBody } from "./mutate.ts";
import { countFiles, type Report, type RunOptions, usedBytes } from "./run.ts";

const LINES = [
  "echo hi there",
  "hi our hello",
  "ls /terminal:sys/pkg | grep js | head 3",
  "cat /terminal:sys/pkg/scripts.json | wc",
  "cat /terminal:sys/pkg/../../../../etc/passwd",
  "ls /",
  "cd /terminal:sys/pkg ; pwd && ls || echo no",
  "write /terminal:sys/d/f 'some text' ; cat /terminal:sys/d/f",
  "cp /terminal:sys/pkg/scripts.json /terminal:sys/d/copy",
  "mkdir /terminal:sys/d/e ; mv /terminal:sys/d/copy /terminal:sys/d/e ; rm /terminal:sys/d/e/copy",
  "alias gg echo:terminal:sys",
  "alias gg",
  "m our@timer:distro:sys '{\"SetTimer\":0}' -a 1",
  'm our@vfs:distro:sys \'{"path":"/x:y/z","action":"Read"}\' --await 1',
  "ps | tail 2",
  "top",
  "caps terminal:terminal:sys",
  "help",
  "which echo",
  "whoami",
  "echo \"quoted 'text'\" | grep -v quoted",
];
const BODIES = [
  toTree({ EditAlias: { alias: "x", process: "a:b:c.os" } }),
  toTree({ EditAlias: { alias: "x", process: null } }),
  toTree("Aliases"),
  toTree({ line: "ec", cursor: 2 }),
];
const SOURCES = ["main:p:x.os", "echo:terminal:sys", "kernel:distro:sys", "terminal:terminal:evil"];
const AT_ONCE = 64;
const PER_CHECK = 200;
/** Longer than any command waits by itself. */
const PATIENCE_SECONDS = 20;
/** Turns of the event loop without a message, after which virtual time moves on. */
const QUIET_TURNS = 10;
const STEP_MS = 2_500;
/** Each step waits twice as long as the one before, so many times: virtual time must not outrun a busy disk. */
const MAX_DOUBLINGS = 6;
const MAX_QUIET_STEPS = 40;
/** Waits as long as it says. */
const MAY_WAIT = /\bm\b.*-a/s;
/** Of the processor, between two turns of the event loop: the terminal, all of its scripts and the node together. */
const MAX_TURN_MS = 1_000;

interface Made {
  readonly index: number;
  readonly source: ProcessId;
  readonly body: Uint8Array;
}

/** The person and the package's own scripts; all others are documented to be ignored. */
function isHeard({ source }: Made): boolean {
  return source.endsWith(":terminal:sys");
}

function textOf({ body }: Made): string {
  return new TextDecoder().decode(body);
}

function describe(made: Made): string {
  return `case ${made.index} from ${made.source}: ${JSON.stringify(textOf(made)).slice(0, 300)}`;
}

function createCase(seed: number, index: number): Made {
  const dice = createSeededRandom(seed * 16_777_216 + index);
  if (once(dice, 5)) {
    const body = toBody(mutateTree(dice.pick(BODIES), dice, dice.pick(BODIES)), dice);
    return { index, source: dice.pick(SOURCES) as ProcessId, body };
  }
  let line = dice.pick(LINES);
  for (let left = dice.below(3); left > 0; left--) line = mutateText(line, dice).slice(0, 5_000);
  const source = once(dice, 8) ? (dice.pick(SOURCES) as ProcessId) : TERMINAL_PROCESS;
  return { index, source, body: new TextEncoder().encode(line) };
}

const passwd = (): string => readFileSync("/etc/passwd", "latin1").split("\n")[0] ?? "";

class TerminalRun {
  readonly faults: string[] = [];
  answered = 0;
  /** Waited longer than this run has patience. */
  silent = 0;
  /** Of those who are not to be heard. */
  ignored = 0;
  /** Longest time of the processor between two turns of the event loop. */
  stoodStillMs = 0;
  mostFiles = 0;
  #isOver = false;
  readonly #node: TestNode;
  readonly #secrets: readonly string[];
  #linesSeen = 0;
  #messages = 0;

  constructor(node: TestNode) {
    this.#node = node;
    this.#secrets = [`${tmpdir()}/`, process.cwd(), passwd()];
    node.kernel.debug.watch(() => void this.#messages++);
    node.kernel.subscribe((event) => {
      if (event.kind === "process-ended" && event.process === TERMINAL_PROCESS) {
        this.faults.push(`the terminal's process ended: ${event.reason ?? "by itself"}`);
      }
    });
  }

  watch(): void {
    let before = process.cpuUsage();
    const look = (): void => {
      const { user, system } = process.cpuUsage(before);
      before = process.cpuUsage();
      this.stoodStillMs = Math.max(this.stoodStillMs, (user + system) / 1_000);
      if (!this.#isOver) setImmediate(look);
    };
    setImmediate(look);
  }

  end(): void {
    this.#isOver = true;
  }

  async batch(cases: readonly Made[]): Promise<void> {
    let open = 0;
    const ask = ({ source, body }: Made, timeoutSeconds: number) => {
      const target = { node: this.#node.name, process: TERMINAL_PROCESS };
      return this.#node.kernel.ask({ source, target, body, timeoutSeconds });
    };
    for (const made of cases) {
      if (!isHeard(made)) {
        void ask(made, 1).then(({ ok }) => {
          this.ignored++;
          if (ok) this.faults.push(`a stranger was answered: ${describe(made)}`);
        });
        continue;
      }
      open++;
      void ask(made, PATIENCE_SECONDS).then((answer) => {
        open--;
        if (!answer.ok) return this.#stayedSilent(made);
        this.answered++;
        return this.#look(Buffer.from(answer.body).toString("latin1"), made);
      });
    }
    for (let step = 0; open > 0 && step < MAX_QUIET_STEPS; step++) {
      await this.#quiet(QUIET_TURNS * 2 ** Math.min(step, MAX_DOUBLINGS));
      if (open > 0) await this.#node.advance(STEP_MS);
    }
    if (open > 0)
      this.faults.push(`${open} of the cases up to ${cases.at(-1)!.index} never had an outcome`);
    // What was ignored.
    await this.#node.advance(1_100);
  }

  /** Waits until nobody has a message to send: then the disk is slow, or only time can bring what is missing. */
  async #quiet(count: number): Promise<void> {
    for (let turns = 0, before = this.#messages; turns < count; turns++) {
      await this.#node.clock.settle();
      await Bun.sleep(1);
      if (this.#messages === before) continue;
      before = this.#messages;
      turns = 0;
    }
  }

  #stayedSilent(made: Made): void {
    this.silent++;
    if (!MAY_WAIT.test(textOf(made))) this.faults.push(`was not answered: ${describe(made)}`);
  }

  /** What the person would see. */
  lookAtLines(index: number): void {
    this.mostFiles = Math.max(this.mostFiles, countFiles());
    for (const line of this.#node.lines.slice(this.#linesSeen)) this.#look(line, undefined, index);
    this.#linesSeen = this.#node.lines.length;
  }

  #look(text: string, made: Made | undefined, index = made?.index ?? 0): void {
    const secret = this.#secrets.find((each) => each !== "" && text.includes(each));
    const control = [...text].find((char) => char < " " && char !== "\n" && char !== "\t");
    const what =
      secret !== undefined
        ? "shows what is of the host"
        : made === undefined && control !== undefined
          ? "prints a control character"
          : undefined;
    if (what === undefined) return;
    const from = made === undefined ? "" : ` for ${describe(made)}`;
    this.faults.push(`up to case ${index}: ${what}${from}: ${JSON.stringify(text.slice(0, 300))}`);
  }
}

/** The terminal's cases, about as `fuzzModule` runs those of the others. */
export async function fuzzTerminal(options: RunOptions): Promise<Report> {
  const { cases, seed, from = 0, onProgress } = options;
  const node = await startTestNode();
  const run = new TerminalRun(node);
  const note = (reason: unknown): void =>
    void run.faults.push(`nobody handled: ${errorText(reason)}`);
  process.on("unhandledRejection", note);
  process.on("uncaughtException", note);
  const before = usedBytes();
  run.watch();
  const startedMs = performance.now();
  let next = from;
  while (next < from + cases && run.faults.length < 5) {
    const end = Math.min(next + AT_ONCE, from + cases);
    await run.batch(
      Array.from({ length: end - next }, (_, index) => createCase(seed, next + index)),
    );
    if (Math.floor(end / PER_CHECK) !== Math.floor(next / PER_CHECK) || end === from + cases) {
      run.lookAtLines(end);
      onProgress?.(end - from);
    }
    next = end;
  }
  const seconds = (performance.now() - startedMs) / 1_000;
  const left = node.kernel
    .processes()
    .filter(({ id, state }) => id.endsWith(":terminal:sys") && state !== "module");
  if (left.length > 50) run.faults.push(`${left.length} scripts are still running`);
  const grownBytes = usedBytes() - before;
  if (grownBytes > USUAL_BOUNDS.growthBytes)
    run.faults.push(`${grownBytes} bytes of memory are still in use`);
  if (run.mostFiles > USUAL_BOUNDS.files) run.faults.push(`${run.mostFiles} files were open`);
  if (run.stoodStillMs > MAX_TURN_MS)
    run.faults.push(`one turn of the event loop took ${Math.round(run.stoodStillMs)} ms`);
  run.end();
  await node.stop();
  process.off("unhandledRejection", note);
  process.off("uncaughtException", note);
  return {
    module: "terminal",
    seconds,
    answered: run.answered,
    succeeded: run.answered,
    silent: run.silent,
    ignored: run.ignored,
    // Not known of one message: what a terminal does for it spans many turns.
    slowestMs: 0,
    slowestCase: "",
    stoodStillMs: run.stoodStillMs,
    grownBytes,
    mostFiles: run.mostFiles,
    faults: run.faults,
  };
}
