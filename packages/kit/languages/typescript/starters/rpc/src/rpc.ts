/**
 * my-package: a scoreboard that other packages ask by its API, `api/scoreboard.ts`.
 *
 * From the terminal of the node: `add:my-package:template.os ann 3`
 */
import { defineProcess, serve, state } from "@kinode-ts/stdlib";
import { Refusal } from "@kinode-ts/stdlib/api";
import { scoreboard } from "../api/scoreboard.ts";

const MAX_POINTS = 0xffff_ffff;

export default defineProcess(async () => {
  const points = new Map((await state.load((saved) => saved as [string, number][])) ?? []);
  const save = () => state.save([...points]);

  await serve(
    scoreboard.handle({
      addPoints: async (player, more) => {
        const sum = Math.min((points.get(player) ?? 0) + more, MAX_POINTS);
        points.set(player, sum);
        await save();
        return { player, points: sum };
      },
      findBest: (count) =>
        [...points]
          .toSorted(([, a], [, b]) => b - a)
          .slice(0, count)
          .map(([player, sum]) => ({ player, points: sum })),
      remove: async (player) => {
        if (!points.delete(player)) throw new Refusal(`there is no player "${player}"`);
        await save();
      },
    }),
  );
});
