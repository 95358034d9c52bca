;; On a request whose body is a count (u32, little endian): sends so many requests that expect no response to
;; our@receiver:test:sys, then answers "done".
(module
  (import "kinode:process/standard@1.0.0" "receive" (func $receive (param i32)))
  (import "kinode:process/standard@1.0.0" "send-response"
    (func $respond (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
  (import "kinode:process/standard@1.0.0" "send-request" (func $send (param i32)))
;;! prelude
  (data (i32.const 16) "our")
  (data (i32.const 32) "receiver")
  (data (i32.const 48) "test")
  (data (i32.const 64) "sys")
  (data (i32.const 80) "data")
  (data (i32.const 96) "done")
  (func (export "init") (param i32 i32)
    (local $left i32)
    (i32.store (i32.const 2048) (i32.const 16)) (i32.store (i32.const 2052) (i32.const 3))
    (i32.store (i32.const 2056) (i32.const 32)) (i32.store (i32.const 2060) (i32.const 8))
    (i32.store (i32.const 2064) (i32.const 48)) (i32.store (i32.const 2068) (i32.const 4))
    (i32.store (i32.const 2072) (i32.const 64)) (i32.store (i32.const 2076) (i32.const 3))
    (i32.store (i32.const 2104) (i32.const 80)) (i32.store (i32.const 2108) (i32.const 4))
    (i32.store (i32.const 2124) (i32.const 4))
    (loop $serve
      (call $reset)
      (call $receive (i32.const 1024))
      (local.set $left (i32.load (i32.load (i32.const 1096))))
      (block $finished
        (loop $next
          (br_if $finished (i32.eqz (local.get $left)))
          (call $send (i32.const 2048))
          (local.set $left (i32.sub (local.get $left) (i32.const 1)))
          (br $next)))
      (call $respond
        (i32.const 0) (i32.const 96) (i32.const 4)
        (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 0)
        (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
      (br $serve))))
