/** A process that calls another one through its API, and tells what came of it. */
import { ApiError, defineApi, list, method, result, string, u64 } from "../src/api/index.ts";
import { defineProcess, json, send } from "../src/index.ts";

const notesApi = defineApi({
  find: method([string], list(string)),
  rename: method([string, string], null),
  drop: method([u64], result(string, string)),
});

export default defineProcess(async () => {
  const notes = notesApi("notes:test:sys");
  const tell = (value: unknown): Promise<void> => send("collector:test:sys", json(value));
  const failed = (thrown: unknown): string =>
    thrown instanceof ApiError ? `${thrown.code}: ${String(thrown.value)}` : String(thrown);
  await tell(await notes.find("a"));
  await tell(await notes.rename("a", "b").catch(failed));
  await tell(await notes.drop(1).catch(failed));
  const gone: string = await notes.drop(2);
  await tell(gone);
});
