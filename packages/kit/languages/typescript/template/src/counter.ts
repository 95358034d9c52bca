/**
 * my-package: counts, remembers lines in a file, and asks a child process.
 *
 * From the terminal of the node: `m our@counter:my-package:template.os '"Count"' -a 5`
 */
import {
  type Answer,
  capabilities,
  defineProcess,
  type IncomingRequest,
  our,
  request,
  respond,
  send,
  serve,
  spawn,
  SpawnError,
  state,
} from "@kinode-ts/stdlib";
import { homepage } from "@kinode-ts/stdlib/homepage";
import { createHttpServer, Response } from "@kinode-ts/stdlib/http";
import { createDrive, type File, open } from "@kinode-ts/stdlib/vfs";
import { page } from "./page.ts";

/** What it is asked, as JSON. */
type Question = "Count" | "Recall" | { readonly Remember: string } | { readonly Ask: string };

const WORKER = "-worker";

/** The child: answers every text in upper case. */
function work(): Promise<void> {
  return serve((request) => request.text().toUpperCase());
}

/** The same program under another name. It outlives restarts of its parent, so it is looked for first. */
async function startWorker(): Promise<string> {
  const name = `${our().process}${WORKER}`;
  const worker = `${name}:${our().packageId()}`;
  if (!(await answers(worker))) await spawn({ entry: "counter.js", name }).catch(unlessTaken);
  return worker;
}

async function answers(worker: string): Promise<boolean> {
  if (!capabilities.canMessage(worker)) return false;
  return await request(worker, "").then(
    () => true,
    () => false,
  );
}

function unlessTaken(thrown: unknown): void {
  if (!(thrown instanceof SpawnError) || thrown.code !== "NameTaken") throw thrown;
}

class Counter {
  readonly #notes: File;
  readonly #worker: string;
  #count: number;

  constructor(notes: File, worker: string, count: number) {
    this.#notes = notes;
    this.#worker = worker;
    this.#count = count;
  }

  get count(): number {
    return this.#count;
  }

  async answer(request: IncomingRequest): Promise<Answer | undefined> {
    const question = readQuestion(request.json());
    if (question === "Count") {
      const count = ++this.#count;
      await state.save(count); // settles when it is on disk
      return { Count: count };
    }
    if (question === "Recall") return { Recalled: await this.#notes.text() };
    if ("Remember" in question) {
      await this.#notes.append(`${question.Remember}\n`);
      return { Remembered: Number(await this.#notes.len()) };
    }
    // The child's response comes as a message of its own: this request stays open, and the question travels as context.
    request.answerLater();
    await send(this.#worker, question.Ask, { expectsResponse: "10s", context: question.Ask });
    return undefined;
  }
}

function readQuestion(value: unknown): Question {
  if (value === "Count" || value === "Recall") return value;
  const { Remember, Ask } = (value ?? {}) as Record<string, unknown>;
  if (typeof Remember === "string") return { Remember };
  if (typeof Ask === "string") return { Ask };
  throw new TypeError('ask "Count", "Recall", {"Remember": "text"} or {"Ask": "text"}');
}

export default defineProcess(async () => {
  if (our().process.endsWith(WORKER)) return work();

  const worker = await startWorker();
  const drive = await createDrive("notes");
  const notes = await open(`${drive}/notes.txt`, { create: true });
  const count = (await state.load((value) => value as number)) ?? 0;
  const counter = new Counter(notes, worker, count);

  const server = createHttpServer();
  await server.bind("/", {}, () => {
    const headers = { "content-type": "text/html; charset=utf-8" };
    return new Response(page(counter.count), { headers });
  });
  await homepage.add({ label: "my-package", path: "/" });

  await serve(
    (request) =>
      counter.answer(request).catch((thrown: unknown) => ({
        Error: thrown instanceof Error ? thrown.message : String(thrown),
      })),
    {
      // Here the request that led to the child's response is the one that `respond` answers.
      onResponse: (response) => {
        const question = new TextDecoder().decode(response.context);
        respond({ Answer: { question, answer: response.text() } });
      },
      onSendError: (error) => respond({ Error: error.message }),
    },
  );
});
