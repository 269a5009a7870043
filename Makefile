# The names that people expect. What they do is in scripts/; `cargo xtask` lists the other chores.

SHELL := bash
.PHONY: demo test check fmt clean-cache

# See the main job work on real parts. `make demo ARGS=--once` plays it with nobody watching.
demo:
	@scripts/demo $(ARGS)

# Everything that must hold; the last line counts it.
test:
	@scripts/test

# What is quick: format, lints, documentation, and the rules of the house.
check:
	@scripts/check

fmt:
	@scripts/cargo fmt --all

# Forgets all builds and the test cluster's binaries.
clean-cache:
	@. scripts/common && rm -rf "$$PINNACE_CACHE"/{targets,bin,devcluster,engines,images}
