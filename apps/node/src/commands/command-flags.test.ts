/** Flags of the commands: none is there twice, none says the opposite of its name. */
import { expect, test } from "bun:test";
import type { Command } from "commander";
import { createProgram } from "./command-line.ts";

function* commandsOf(command: Command): Generator<Command> {
  yield command;
  for (const each of command.commands) yield* commandsOf(each);
}

/** Commands are emitters, which their types do not say: so an option is given without running anything. */
const emitterOf = (command: Command): { emit(event: string): boolean } =>
  command as unknown as { emit(event: string): boolean };

test('[P26] row 8: no command has a flag, a name or an alias twice, and none of "no" that switches on', () => {
  const program = createProgram({ line: () => {}, error: () => {} } as never);
  let count = 0;
  for (const command of commandsOf(program)) {
    const flags = command.options.flatMap(({ short, long }) => [short, long]).filter(Boolean);
    expect([command.name(), flags]).toEqual([command.name(), [...new Set(flags)]]);
    const names = command.commands.flatMap((each) => [each.name(), ...each.aliases()]);
    expect(names).toEqual([...new Set(names)]);
    for (const option of command.options.filter(({ negate }) => negate)) {
      // `--no-ui` leaves the interface out: it is off when it is given, and not before.
      const value = () => command.opts<Record<string, unknown>>()[option.attributeName()];
      expect([option.long, value()]).not.toEqual([option.long, false]);
      emitterOf(command).emit(`option:${option.name()}`);
      expect([option.long, value()]).toEqual([option.long, false]);
    }
    count++;
  }
  expect(count).toBeGreaterThan(20);
});
