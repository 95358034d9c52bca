module trial/trial

go 1.24

require kinode.os/kinode v0.0.0

replace kinode.os/kinode => ../target/build/go/kinode
