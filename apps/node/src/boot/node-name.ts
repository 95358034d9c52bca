/**
 * A name for a node that was not given one.
 * @module
 */
import type { NodeId, Random } from "@kinode-ts/types";

const QUALITIES =
  "amber ample blue bold brave bright brisk calm clear clever cosy crisp eager early easy fair fancy fine free fresh gentle glad golden good grand green happy honest humble jolly keen kind light lively lucky mellow merry mild misty neat noble open patient plain polite proud quick quiet rapid ready red round silent silver simple smooth snowy soft solid steady still sunny swift warm wise".split(
    " ",
  );
const CREATURES =
  "badger beaver bison bream crane cricket curlew deer dolphin dove eagle egret elk falcon ferret finch fox gannet goose grouse hare hawk heron hornet ibex jackdaw kestrel lark linnet lizard lynx magpie marten martin mole moose newt otter owl perch pike plover puffin quail rabbit raven robin rook salmon seal shrew skylark sparrow stag starling stoat stork swallow swan swift tern thrush toad trout vole weasel whale wren".split(
    " ",
  );

/** e.g. `calm-otter-417.local`: name-safe, readable, and unlikely to meet its like on one network. */
export function createNodeName(random: Random): NodeId {
  const [a, b, c, d] = random.bytes(4) as Uint8Array & [number, number, number, number];
  const number = 100 + (((c << 8) | d) % 900);
  return `${QUALITIES[a % QUALITIES.length]}-${CREATURES[b % CREATURES.length]}-${number}.local`;
}
