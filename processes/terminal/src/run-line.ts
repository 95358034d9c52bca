/**
 * Carrying out a command line: single commands as in the reference, pipes and lists of commands besides.
 * Source: spec/packages-and-tools.md §19.1, §19.2.
 * @module
 */
import { print, type ProcessId } from "@kinode-ts/stdlib";
import { sleep } from "@kinode-ts/stdlib/timer";
import type { Aliases } from "./aliases.ts";
import type { CommandLine, KnownCommands, Pipeline } from "./command-line.ts";
import { LineError, parseLine, toProcessId } from "./command-line.ts";
import type { Outcome } from "./run-script.ts";
import {
  askScript,
  isAlive,
  killScript,
  MAX_RUN_SECONDS,
  MAX_TYPED_SECONDS,
  ScriptError,
  startScript,
  tellScript,
} from "./run-script.ts";
import type { Job, Session } from "./sessions.ts";
import { oneRow } from "./shown-text.ts";

/** Output that one script of a pipe may hand to the next, in bytes of UTF-8. */
export const MAX_PIPED_BYTES = 4 * 1024 * 1024;

const OUR_PACKAGE = "terminal:sys";
/** Scripts of this package that take their arguments as one text, not as words. */
const VERBATIM = new Set(["echo:terminal:sys", "hi:terminal:sys", "m:terminal:sys"]);
/** The line after it must see its effect. */
const CHANGES_FOLDER = "cd:terminal:sys";

const WATCH_FIRST_MS = 500;
const WATCH_LONGEST_MS = 4_000;
const GRACE_MS = 1_000;
const SUCCESS: Outcome = { output: "", errors: "", status: 0 };
const CALLED_WRONGLY = 2;
const INTERRUPTED: Outcome = { output: "", errors: "interrupted", status: 130 };

interface Found extends CommandLine {
  readonly script: ProcessId;
}

interface FoundPipeline extends Pipeline {
  readonly commands: readonly Found[];
}

export function knownCommands(aliases: Aliases): KnownCommands {
  const find = (word: string) => toProcessId(aliases.find(word) ?? word);
  return {
    isCommand: (word) => find(word) !== undefined,
    takesWords(head) {
      const script = find(head);
      if (script === undefined || VERBATIM.has(script.toString())) return false;
      return script.packageId().equals(OUR_PACKAGE);
    },
  };
}

function findScript({ head, args }: CommandLine, aliases: Aliases): Found {
  const script = toProcessId(aliases.find(head) ?? head);
  if (script !== undefined) return { head, args, script };
  throw new ScriptError(`'${head}' not found, either as an alias or process ID`);
}

/** All names are looked up first: a mistyped one must not leave half of a line done. */
function plan(line: string, aliases: Aliases): readonly FoundPipeline[] {
  return parseLine(line, knownCommands(aliases)).map(({ commands, needsSuccess }) => ({
    commands: commands.map((command) => findScript(command, aliases)),
    needsSuccess,
  }));
}

/** Runs a line of the person; what it leaves is printed. */
export async function runLine(line: string, aliases: Aliases, session: Session): Promise<void> {
  try {
    const pipelines = plan(line, aliases);
    const [lone, ...others] = pipelines.flatMap(({ commands }) => commands);
    if (lone === undefined) return;
    if (others.length > 0 || lone.script.equals(CHANGES_FOLDER)) {
      await runList(pipelines, { session, leave: printOutcome, seconds: MAX_TYPED_SECONDS });
    } else await runAlone(lone, session);
  } catch (thrown) {
    print(startFailure(thrown));
  }
}

/**
 * Runs a line of a program that waits for its outcome; nothing is printed.
 * @param answer - called once, in as few turns as possible after the last script has answered: the message that is being
 *   answered is the newest one then, and the answer leaves at once
 */
export async function askLine(
  line: string,
  aliases: Aliases,
  session: Session,
  answer: (outcome: Outcome) => void,
): Promise<void> {
  let output = "";
  let errors = "";
  const leave: Leave = (left) => {
    output = joined(output, left.output);
    errors = joined(errors, left.errors);
  };
  try {
    const finish = ({ status }: Outcome): void => answer({ output, errors, status });
    await runList(plan(line, aliases), { session, leave, seconds: MAX_RUN_SECONDS, finish });
  } catch (thrown) {
    answer({ output, errors: joined(errors, startFailure(thrown)), status: 1 });
  }
}

function joined(before: string, text: string): string {
  return before === "" || text === "" ? before + text : `${before}\n${text}`;
}

function startFailure(thrown: unknown): string {
  if (thrown instanceof ScriptError || thrown instanceof LineError) {
    return `error calling script: ${thrown.message}`;
  }
  throw thrown;
}

/** As in the reference: the script prints what it has to say, and nobody waits for it. */
async function runAlone({ script, args }: Found, session: Session): Promise<void> {
  await session.ready;
  const job = session.begin();
  try {
    const { id } = await startScript(script);
    session.started(id);
    if (job.interrupted) await killScript(id);
    else await tellScript(id, { args, folder: session.folder });
  } finally {
    session.finish(job);
  }
}

/** What a command leaves goes to `leave`, errors at once, output when it is not piped on. */
type Leave = (outcome: Pick<Outcome, "output" | "errors">, script: ProcessId | undefined) => void;

async function runList(
  pipelines: readonly FoundPipeline[],
  place: Omit<Place, "job">,
): Promise<void> {
  const { session } = place;
  const job = session.begin();
  const run = runPipelines(pipelines, { ...place, job });
  const changes = pipelines.some(({ commands }) =>
    commands.some(({ script }) => script.equals(CHANGES_FOLDER)),
  );
  if (changes) session.ready = run.catch(() => {});
  try {
    await run;
  } finally {
    session.finish(job);
  }
}

interface Place {
  readonly session: Session;
  readonly job: Job;
  readonly leave: Leave;
  /** How long each command may take. */
  readonly seconds: number;
  /** Told how the last command that ran has ended. */
  readonly finish?: (last: Outcome) => void;
}

async function runPipelines(pipelines: readonly FoundPipeline[], place: Place): Promise<void> {
  await Promise.race([place.session.ready, place.job.end]);
  let last = SUCCESS;
  for (const { commands, needsSuccess } of pipelines) {
    if (place.job.interrupted) {
      last = INTERRUPTED;
      break;
    }
    if (needsSuccess && last.status !== 0) continue;
    // oxlint-disable-next-line no-await-in-loop -- one after the other is what the person asked for
    last = await runPipeline(commands, place);
  }
  place.finish?.(last);
}

/** Runs commands one after the other, each with what the one before has left, the first with `stdin`. */
async function runPipeline(
  commands: readonly Found[],
  place: Place,
  stdin?: string,
): Promise<Outcome> {
  const [first, ...rest] = commands;
  if (first === undefined) return SUCCESS;
  const { job, leave } = place;
  const down = new Downstream(first.script, rest, place);
  const outcome = await runStage(first, stdin, down, place);
  if (job.interrupted) return INTERRUPTED;
  const { output, errors, isOurs } = outcome;
  leave({ output: "", errors }, isOurs ? undefined : first.script);
  // What came in parts has gone its way already.
  if (output === "" && down.last !== undefined) return down.last;
  const last = await down.run(output);
  return rest.length === 0 ? outcome : last;
}

/** What comes after a command of a pipe. */
class Downstream {
  /** How the rest of the pipe ended for the newest part. */
  last: Outcome | undefined = undefined;
  readonly #script: ProcessId;
  readonly #rest: readonly Found[];
  readonly #place: Place;

  constructor(script: ProcessId, rest: readonly Found[], place: Place) {
    this.#script = script;
    this.#rest = rest;
    this.#place = place;
  }

  /** Hands on what the command has left. */
  async run(output: string): Promise<Outcome> {
    const { leave } = this.#place;
    if (this.#rest.length === 0) {
      leave({ output, errors: "" }, this.#script);
      return SUCCESS;
    }
    const excess = tooLong(output, this.#script);
    if (excess === undefined) return await runPipeline(this.#rest, this.#place, output);
    leave({ output: "", errors: excess }, undefined);
    return { ...SUCCESS, status: 1 };
  }

  /** The same for a part while the command runs; false when there is no use in more of them. */
  async take(part: string): Promise<boolean> {
    const { job, leave } = this.#place;
    try {
      this.last = await this.run(part);
    } catch (thrown) {
      leave({ output: "", errors: startFailure(thrown) }, undefined);
      this.last = { ...SUCCESS, status: 1 };
      return false;
    }
    return this.last.status !== CALLED_WRONGLY && !job.interrupted;
  }
}

function tooLong(output: string, script: ProcessId): string | undefined {
  // A character has at most three bytes for each of its UTF-16 units, and at least one.
  if (output.length * 3 <= MAX_PIPED_BYTES) return undefined;
  const bytes = new TextEncoder().encode(output).length;
  if (bytes <= MAX_PIPED_BYTES) return undefined;
  return `${script.toString()} gave ${bytes} bytes; a pipe carries at most ${MAX_PIPED_BYTES}, so the rest of it did not run`;
}

async function runStage(
  { script, args }: Found,
  stdin: string | undefined,
  down: Downstream,
  { session, job, seconds }: Place,
): Promise<Outcome> {
  const { id, givesParts: parts } = await startScript(script);
  session.started(id);
  if (parts) session.takeParts(id, (text) => down.take(text));
  const watch = { over: false };
  try {
    const answer = askScript(id, { args, stdin, folder: session.folder, seconds, parts });
    const first = await Promise.race([answer, job.end, goneWithoutAnswer(id, watch)]);
    if (first !== "interrupted") return first;
    await killScript(id);
    return INTERRUPTED;
  } finally {
    watch.over = true;
    session.ended(id);
  }
}

/** Settles when the process is gone: the kernel tells nobody that a process ended without answering. */
async function goneWithoutAnswer(id: ProcessId, watch: { over: boolean }): Promise<Outcome> {
  for (let ms = WATCH_FIRST_MS; !watch.over; ms = Math.min(ms * 2, WATCH_LONGEST_MS)) {
    // oxlint-disable-next-line no-await-in-loop -- a clock
    await sleep(ms);
    // oxlint-disable-next-line no-await-in-loop -- a clock
    if (!watch.over && !(await isAlive(id))) break;
  }
  // Its answer may come from a process that it passed the request on to.
  if (!watch.over) await sleep(GRACE_MS);
  return {
    output: "",
    errors: `${id.toString()} ended without an answer`,
    status: 1,
    isOurs: true,
  };
}

function printOutcome(
  { output, errors }: Pick<Outcome, "output" | "errors">,
  script: ProcessId | undefined,
): void {
  for (const text of [output, errors]) if (text !== "") print(withOrigin(text, script));
}

/** This process prints for others; what comes from another package says so on each line. */
export function withOrigin(text: string, script: ProcessId | undefined): string {
  const origin = script?.packageId().toString() ?? OUR_PACKAGE;
  if (origin === OUR_PACKAGE) return text;
  // All that a screen takes for the start of a row, or a row would be without its origin.
  return text
    .split(/\r\n|[\n\u2028\u2029]/)
    .map((line) => `${oneRow(origin)}: ${line}`)
    .join("\n");
}
