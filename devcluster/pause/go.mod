module pinnace.dev/devcluster/pause

go 1.26.0
