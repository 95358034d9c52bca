;; Computes forever in _initialize.
(module
;;! prelude
  (func (export "_initialize") (loop $l (br $l)))
  (func (export "init") (param i32 i32)
  ))
