import { expect, test } from "bun:test";
import { join } from "node:path";
import headless from "@xterm/headless";

const PROGRAM = `
import { consoleScreen, openConsole, History, PrintFilter } from ${JSON.stringify(join(import.meta.dir, "index.ts"))};
const view = openConsole({ node: "bob", screen: consoleScreen(true), filter: new PrintFilter(), history: new History(), handlers: {
  line: (text) => view.terminal.show("got [" + text + "]"), quit: () => { view.close(); process.exit(7); },
  levelsChanged() {}, toggleStepThrough: () => true, step() {}, toggleLogging: () => true } });
`;

test("a real console: typing, history, paste, Ctrl+J, and Ctrl+C gives the console back", async () => {
  const screen = new headless.Terminal({ cols: 50, rows: 20, allowProposedApi: true });
  let changed = () => {};
  const child = Bun.spawn([process.execPath, "-e", PROGRAM], {
    terminal: {
      cols: 50,
      rows: 20,
      data: (_, data) => screen.write(data, () => changed()),
    },
  });
  const text = () =>
    Array.from({ length: 20 }, (_, y) =>
      screen.buffer.active.getLine(y)!.translateToString(true),
    ).join("\n");
  const shows = async (wanted: string) => {
    const deadline = Promise.withResolvers<void>();
    const timer = setTimeout(
      () => deadline.reject(new Error(`never saw "${wanted}" in:\n${text()}`)),
      10_000,
    );
    changed = () => text().includes(wanted) && deadline.resolve();
    changed();
    await deadline.promise.finally(() => clearTimeout(timer));
  };
  await shows("bob >");
  child.terminal!.write("hello\r");
  await shows("got [hello]");
  child.terminal!.write("\u001b[200~pasted\ntext\u001b[201~\r");
  await shows("got [pastedtext]");
  child.terminal!.write("\u001b[A\u001b[A\r");
  await shows("got [hello]\nbob > pasted".slice(0, 11));
  // As a shell hands over what was typed before the program was ready.
  child.terminal!.write("typed ahead\n");
  await shows("got [typed ahead]");
  expect(text()).not.toContain("debug mode on");
  child.terminal!.write("\u000a");
  await shows("debug mode on");
  child.terminal!.write("\u0003");
  expect(await child.exited).toBe(7);
}, 120_000);
