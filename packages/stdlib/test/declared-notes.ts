/** A process by declaration, for tests of the forms it can run in: it keeps notes and copies those of other nodes. */
import { defineApi, list, method, string, u64 } from "../src/api/index.ts";
import { defineProcess, handler } from "../src/app/index.ts";

interface Notes {
  notes: string[];
}

const notesApi = defineApi({
  addNote: method([string], u64),
  all: method([], list(string)),
});

const checked = (value: unknown): Notes => {
  const { notes } = value as Notes;
  return { notes: notes.map(String) };
};

export default defineProcess({
  state: { schema: checked, initial: () => ({ notes: [] }), save: "onDiff", version: 1 },
  local: {
    addNote: handler(notesApi.methods.addNote, (text, state: Notes) => state.notes.push(text)),
    all: handler(notesApi.methods.all, (state: Notes) => state.notes),
    syncWith: handler(string, u64, async (node, state: Notes, { our }) => {
      const { all } = notesApi(`${node}@${our.processId.toString()}`);
      const theirs = await all().catch((thrown: unknown) => [String(thrown)]);
      return state.notes.push(...theirs);
    }),
  },
  remote: {
    all: handler(notesApi.methods.all, (state: Notes, { message }) => [
      ...state.notes,
      `for ${message.source.node}`,
    ]),
  },
});
