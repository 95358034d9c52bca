;; Computes forever in the start function, where nothing can be suspended.
(module
;;! prelude
  (func $start (loop $l (br $l)))
  (start $start)
  (func (export "init") (param i32 i32)
  ))
