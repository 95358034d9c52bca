module my-package/counter

go 1.24

require kinode.os/kinode v0.0.0

// `kinode build` puts the process library here.
replace kinode.os/kinode => ../target/build/go/kinode
