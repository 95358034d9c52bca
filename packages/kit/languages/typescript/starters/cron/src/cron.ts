/**
 * my-package: does something at regular times, also after the node was off.
 *
 * From the terminal of the node: `m our@cron:my-package:template.os '{"Every": 60}' -a 5`, then `"Status"`, or `{"Every": 0}`
 */
import { type Answer, defineProcess, print, serve, state } from "@kinode-ts/stdlib";
import { sleep } from "@kinode-ts/stdlib/timer";

interface Plan {
  /** Seconds between runs; 0 is never. */
  readonly every: number;
  readonly runs: number;
}

class Cron {
  #plan: Plan;
  /** Of the loop that runs now: another plan starts another loop. */
  #loop = 0;

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  async answer(question: unknown): Promise<Answer> {
    if (question === "Status") return { ...this.#plan };
    const every = (question as { Every?: unknown } | null)?.Every;
    if (typeof every !== "number" || !Number.isInteger(every) || every < 0 || every > 86_400) {
      throw new TypeError('ask "Status" or {"Every": <seconds, at most a day>}');
    }
    await this.#change({ every, runs: this.#plan.runs });
    this.start();
    return { ...this.#plan };
  }

  start(): void {
    void this.#run(++this.#loop).catch((thrown: unknown) => print(String(thrown)));
  }

  async #run(loop: number): Promise<void> {
    while (this.#plan.every > 0) {
      await sleep(`${this.#plan.every}s`);
      if (loop !== this.#loop) return;
      await this.#change({ ...this.#plan, runs: this.#plan.runs + 1 });
      print(`run ${this.#plan.runs}`); // what is to be done comes here
    }
  }

  async #change(plan: Plan): Promise<void> {
    this.#plan = plan;
    await state.save(plan);
  }
}

export default defineProcess(async () => {
  const cron = new Cron((await state.load((value) => value as Plan)) ?? { every: 0, runs: 0 });
  cron.start();
  await serve(async (request) => {
    try {
      return await cron.answer(request.json());
    } catch (thrown) {
      return { Error: (thrown as Error).message };
    }
  });
});
