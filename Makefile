# One line a target; the work is done in scripts/.
.PHONY: demo test test-deps e2e bench bench-tekton soak fuzz lint docs catalog image release

# The whole chain in a folder: build signature, scan, second signature, gate, a changed image.
demo:
	@scripts/demo.sh

# All tests. On a fresh machine too: what they need is built or installed first.
test: test-deps
	@scripts/test.sh

test-deps:
	@scripts/test-deps.sh

# The published Pipeline and Tasks on a real Kubernetes node with a real Tekton. As root, on Linux.
e2e:
	@scripts/e2e.sh

bench:
	@scripts/bench.sh

# Steps on Tekton beside cosign's: the table in docs/benchmarks.md.
bench-tekton:
	@scripts/bench-tekton.sh

# The long runs, hours rather than minutes.
soak:
	@scripts/soak.sh

# Every fuzz target for a minute.
fuzz:
	@scripts/fuzz.sh 60

lint:
	@scripts/lint.sh

docs:
	@scripts/docs.sh

# The Tasks as clusters take them, from tasks/ into catalog/ and target/bundles; IMAGE=REPO@DIGEST, OUT=FOLDER.
catalog:
	@scripts/catalog.sh

# The container image as an OCI layout, in target/image/.
image:
	@scripts/image.sh

# Everything that is given out, in target/dist/.
release:
	@scripts/release.sh
