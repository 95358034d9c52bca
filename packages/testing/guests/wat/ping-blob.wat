;; Waits for a request whose body is a count and a size (u32 each, little endian), makes so many round trips to
;; our@echo:test:sys with a blob of that size, taking the blob of each answer into its memory, then answers the
;; request with "done". Then waits for the next.
(module
  (import "kinode:process/standard@1.0.0" "receive" (func $receive (param i32)))
  (import "kinode:process/standard@1.0.0" "send-and-await-response" (func $ask (param i32 i32)))
  (import "kinode:process/standard@1.0.0" "get-blob" (func $blob (param i32)))
  (import "kinode:process/standard@1.0.0" "send-response"
    (func $respond (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
;;! prelude
  (data (i32.const 16) "our")
  (data (i32.const 32) "echo")
  (data (i32.const 48) "test")
  (data (i32.const 64) "sys")
  (data (i32.const 80) "ping")
  (data (i32.const 96) "done")
  (func (export "init") (param i32 i32)
    (local $left i32)
    (local $size i32)
    ;; target address at 2048
    (i32.store (i32.const 2048) (i32.const 16)) (i32.store (i32.const 2052) (i32.const 3))
    (i32.store (i32.const 2056) (i32.const 32)) (i32.store (i32.const 2060) (i32.const 4))
    (i32.store (i32.const 2064) (i32.const 48)) (i32.store (i32.const 2068) (i32.const 4))
    (i32.store (i32.const 2072) (i32.const 64)) (i32.store (i32.const 2076) (i32.const 3))
    ;; request at 2080: expects a response in 5 s, body "ping", no metadata, no capabilities
    (i32.store8 (i32.const 2088) (i32.const 1)) (i64.store (i32.const 2096) (i64.const 5))
    (i32.store (i32.const 2104) (i32.const 80)) (i32.store (i32.const 2108) (i32.const 4))
    (i32.store (i32.const 2124) (i32.const 4))
    ;; option<blob> at 2136: some, no mime; bytes: pointer at 2152, length at 2156
    (i32.store8 (i32.const 2136) (i32.const 1))
    (loop $serve
      (call $reset)
      (call $receive (i32.const 1024))
      ;; result at 1024: body of a request at 1024 + 72
      (local.set $left (i32.load (i32.load (i32.const 1096))))
      (local.set $size (i32.load offset=4 (i32.load (i32.const 1096))))
      (block $finished
        (loop $next
          (br_if $finished (i32.eqz (local.get $left)))
          (call $reset)
          ;; the blob of the request, then room for what the node writes
          (i32.store (i32.const 2152)
            (call $realloc (i32.const 0) (i32.const 0) (i32.const 8) (local.get $size)))
          (i32.store (i32.const 2156) (local.get $size))
          (call $ask (i32.const 2048) (i32.const 4096))
          ;; anything but a message ends it
          (if (i32.load8_u (i32.const 4096)) (then unreachable))
          (call $blob (i32.const 8192))
          ;; and so does an answer without a blob of the same size: length at 8192 + 20
          (if (i32.ne (i32.load (i32.const 8212)) (local.get $size)) (then unreachable))
          (local.set $left (i32.sub (local.get $left) (i32.const 1)))
          (br $next)))
      (call $respond
        (i32.const 0) (i32.const 96) (i32.const 4)
        (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 0)
        (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
      (br $serve))))
