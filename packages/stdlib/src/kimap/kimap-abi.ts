/**
 * The registry's interface as an ABI, for viem and libraries like it.
 * Source: spec/network-identity.md §3.3.
 * @module
 */

/** The interface of the registry, for viem and others. */
export const kimapAbi = [
  {
    type: "function",
    name: "get",
    stateMutability: "view",
    inputs: [{ name: "namehash", type: "bytes32" }],
    outputs: [
      { name: "tba", type: "address" },
      { name: "owner", type: "address" },
      { name: "data", type: "bytes" },
    ],
  },
  {
    type: "function",
    name: "mint",
    stateMutability: "nonpayable",
    inputs: [
      { name: "to", type: "address" },
      { name: "label", type: "bytes" },
      { name: "initialization", type: "bytes" },
      { name: "implementation", type: "address" },
    ],
    outputs: [{ name: "tba", type: "address" }],
  },
  {
    type: "function",
    name: "note",
    stateMutability: "nonpayable",
    inputs: [
      { name: "label", type: "bytes" },
      { name: "data", type: "bytes" },
    ],
    outputs: [{ name: "notehash", type: "bytes32" }],
  },
  {
    type: "function",
    name: "fact",
    stateMutability: "nonpayable",
    inputs: [
      { name: "label", type: "bytes" },
      { name: "data", type: "bytes" },
    ],
    outputs: [{ name: "facthash", type: "bytes32" }],
  },
  {
    type: "function",
    name: "gene",
    stateMutability: "nonpayable",
    inputs: [{ name: "implementation", type: "address" }],
    outputs: [],
  },
  {
    type: "function",
    name: "leaf",
    stateMutability: "pure",
    inputs: [
      { name: "parenthash", type: "bytes32" },
      { name: "label", type: "bytes" },
    ],
    outputs: [{ name: "namehash", type: "bytes32" }],
  },
  {
    type: "function",
    name: "tbaOf",
    stateMutability: "view",
    inputs: [{ name: "namehash", type: "bytes32" }],
    outputs: [{ name: "tba", type: "address" }],
  },
  {
    type: "function",
    name: "ownerOf",
    stateMutability: "view",
    inputs: [{ name: "tokenId", type: "uint256" }],
    outputs: [{ name: "owner", type: "address" }],
  },
  {
    type: "event",
    name: "Mint",
    inputs: [
      { name: "parenthash", type: "bytes32", indexed: true },
      { name: "childhash", type: "bytes32", indexed: true },
      { name: "labelhash", type: "bytes", indexed: true },
      { name: "label", type: "bytes", indexed: false },
    ],
  },
  {
    type: "event",
    name: "Note",
    inputs: [
      { name: "parenthash", type: "bytes32", indexed: true },
      { name: "notehash", type: "bytes32", indexed: true },
      { name: "labelhash", type: "bytes", indexed: true },
      { name: "label", type: "bytes", indexed: false },
      { name: "data", type: "bytes", indexed: false },
    ],
  },
  {
    type: "event",
    name: "Fact",
    inputs: [
      { name: "parenthash", type: "bytes32", indexed: true },
      { name: "facthash", type: "bytes32", indexed: true },
      { name: "labelhash", type: "bytes", indexed: true },
      { name: "label", type: "bytes", indexed: false },
      { name: "data", type: "bytes", indexed: false },
    ],
  },
] as const;
