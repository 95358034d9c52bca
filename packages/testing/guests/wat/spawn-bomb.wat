;; Spawns itself without end, with the right to read its own file, and so do its children.
(module
  (import "kinode:process/standard@1.0.0" "spawn"
    (func $spawn (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
;;! prelude
  (data (i32.const 64) "/test:sys/pkg/spawn-bomb.wasm")
  (data (i32.const 128) "alice.osvfsdistrosys\"messaging\"")
  ;; one capability: the issuer's node, process, package and publisher, then the parameters
  (data (i32.const 256)
    "\80\00\00\00\08\00\00\00" "\88\00\00\00\03\00\00\00" "\8b\00\00\00\06\00\00\00" "\91\00\00\00\03\00\00\00"
    "\94\00\00\00\0b\00\00\00")
  (func (export "init") (param i32 i32)
    (loop $again
      (call $reset)
      (call $spawn
        (i32.const 0) (i32.const 0) (i32.const 0)    ;; no name: the node chooses one
        (i32.const 64) (i32.const 29)
        (i32.const 0) (i32.const 0) (i32.const 0)    ;; on exit: nothing
        (i32.const 256) (i32.const 1)
        (i32.const 16) (i32.const 0)
        (i32.const 0)
        (i32.const 1024))
      (br $again))))
