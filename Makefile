# The names that people expect. `cargo xtask` lists the other chores.
.PHONY: demo test check

# See the main job work on real parts. `make demo ARGS=--once` plays it with nobody watching.
demo:
	@scripts/demo $(ARGS)

# Everything that CI runs.
test:
	@scripts/test

# The quick part: format, lints and what the tree must look like.
check:
	@scripts/check
