/** `add <player> <points>`: gives points to a player. */
import { defineScript } from "@kinode-ts/stdlib";
import { scoreboard } from "../../api/scoreboard.ts";

export default defineScript(async ({ args }) => {
  const [player, points] = args.trim().split(/\s+/);
  if (player === undefined || points === undefined) return "usage: add <player> <points>";
  const score = await scoreboard("rpc:my-package:template.os").addPoints(player, Number(points));
  return `${score.player} has ${score.points}`;
});
