;; Its allocator grows memory at every call, so that all views of it go stale.
(module
  (import "kinode:process/standard@1.0.0" "receive" (func $receive (param i32)))
  (import "kinode:process/standard@1.0.0" "send-response"
    (func $respond (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
  (memory (export "memory") 2)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $p i32)
    (local.set $p (i32.shl (memory.grow (i32.const 1)) (i32.const 16)))
    (local.get $p))
  (func (export "init") (param i32 i32)
    (call $receive (i32.const 1024))
    (call $respond
      (i32.const 0) (i32.load (i32.const 1096)) (i32.load (i32.const 1100))
      (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 0)
      (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))))
