module kinode.os/kinode

go 1.24
