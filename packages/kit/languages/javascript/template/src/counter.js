/**
 * my-package: counts, remembers lines in a file, and asks a child process.
 *
 * From the terminal of the node: `m our@counter:my-package:template.os '"Count"' -a 5`
 */
import {
  capabilities,
  defineProcess,
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
import { createDrive, open } from "@kinode-ts/stdlib/vfs";
import { page } from "./page.js";

const WORKER = "-worker";

/** The child: answers every text in upper case. */
function work() {
  return serve((request) => request.text().toUpperCase());
}

/** The same program under another name. It outlives restarts of its parent, so it is looked for first. */
async function startWorker() {
  const name = `${our().process}${WORKER}`;
  const worker = `${name}:${our().packageId()}`;
  if (!(await answers(worker))) await spawn({ entry: "counter.js", name }).catch(unlessTaken);
  return worker;
}

/** @param {string} worker */
async function answers(worker) {
  if (!capabilities.canMessage(worker)) return false;
  return await request(worker, "").then(
    () => true,
    () => false,
  );
}

/** @param {unknown} thrown */
function unlessTaken(thrown) {
  if (!(thrown instanceof SpawnError) || thrown.code !== "NameTaken") throw thrown;
}

export default defineProcess(async () => {
  if (our().process.endsWith(WORKER)) return work();

  const worker = await startWorker();
  const drive = await createDrive("notes");
  const notes = await open(`${drive}/notes.txt`, { create: true });
  let count = (await state.load(Number)) ?? 0;

  const server = createHttpServer();
  await server.bind("/", {}, () => {
    const headers = { "content-type": "text/html; charset=utf-8" };
    return new Response(page(count), { headers });
  });
  await homepage.add({ label: "my-package", path: "/" });

  /** @param {import("@kinode-ts/stdlib").IncomingRequest} request */
  async function answer(request) {
    const question = /** @type {any} */ (request.json());
    if (question === "Count") {
      const Count = ++count;
      await state.save(count); // settles when it is on disk
      return { Count };
    }
    if (question === "Recall") return { Recalled: await notes.text() };
    if (typeof question?.Remember === "string") {
      await notes.append(`${question.Remember}\n`);
      return { Remembered: Number(await notes.len()) };
    }
    if (typeof question?.Ask === "string") {
      // The child's response comes as a message of its own: this request stays open, the question travels as context.
      request.answerLater();
      await send(worker, question.Ask, { expectsResponse: "10s", context: question.Ask });
      return undefined;
    }
    throw new TypeError('ask "Count", "Recall", {"Remember": "text"} or {"Ask": "text"}');
  }

  await serve((request) => answer(request).catch((thrown) => ({ Error: thrown.message })), {
    // Here the request that led to the child's response is the one that `respond` answers.
    onResponse: (response) => {
      const question = new TextDecoder().decode(response.context);
      respond({ Answer: { question, answer: response.text() } });
    },
    onSendError: (error) => respond({ Error: error.message }),
  });
});
