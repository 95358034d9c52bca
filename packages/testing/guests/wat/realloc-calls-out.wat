;; Its allocator calls the node, which the canonical ABI forbids.
(module
  (import "kinode:process/standard@1.0.0" "receive" (func $receive (param i32)))
  (import "kinode:process/standard@1.0.0" "print-to-terminal" (func $print (param i32 i32 i32)))
  (memory (export "memory") 2)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (call $print (i32.const 0) (i32.const 0) (i32.const 0))
    (i32.const 16384))
  (func (export "init") (param i32 i32)
    (call $receive (i32.const 1024))))
