/**
 * What my-package can be asked, and by whomever: `kinode build` writes it down as WIT for packages in other languages,
 * and makes the same calls for those in TypeScript.
 */
import { defineApi, list, method, record, string, u32 } from "@kinode-ts/stdlib/api";

export const score = record({ player: string, points: u32 });

export const scoreboard = defineApi({
  /** Gives points to a player; answers with what he has then. */
  addPoints: method([string, u32], score),
  /** The best so many, the best first. */
  findBest: method([u32], list(score)),
  /** Forgets a player. Refused when there is none of that name. */
  remove: method([string], null),
});
