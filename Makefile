# Two commands: `make demo` runs the whole path on a simulated arm, `make test` passes the tests.
.PHONY: demo test check unit benchmark images setup clean

RUN := .venv/bin
PYTEST := $(RUN)/python -m pytest --ignore tests/benchmarks

demo: setup
	$(RUN)/clam demo $(DEMO)

test: check unit

check: setup
	$(RUN)/ruff format --check .
	$(RUN)/ruff check .
	$(RUN)/pyright
	$(RUN)/lint-imports
	$(RUN)/deptry .
	$(RUN)/hadolint --config docker/hadolint.yaml docker/Dockerfile.*
	$(RUN)/check-jsonschema --builtin-schema vendor.compose-spec docker/compose.yaml docker/compose.gpu.yaml
	docker/check-compose
	$(RUN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yaml

# Two workers fill two cores, so libraries get a thread each. What fails beside others is tried once more by itself: a
# machine that stalls is told from a fault, and both are printed.
unit: export OMP_NUM_THREADS = 1
unit: export OPENBLAS_NUM_THREADS = 1
unit: setup
	$(PYTEST) -n 2 --dist loadgroup $(TESTS) || { [ $$? = 1 ] && $(PYTEST) -n 0 --last-failed --last-failed-no-failures none $(TESTS); }

# Each benchmark is a program; parts and peers, which others start, are left out.
BENCHMARKS := $(filter-out test_% lerobot_% openpi_peer hand_eye_plot hand_eye_mistakes,$(notdir $(basename $(wildcard tests/benchmarks/*.py))))
benchmark: setup
	for name in $(BENCHMARKS); do PYTHONPATH=. $(RUN)/python tests/benchmarks/$$name.py $(OPTIONS) || exit 1; done
	$(RUN)/python -m pytest -s -o addopts= --import-mode=importlib tests/benchmarks

# Builds robot and server with buildah, as root, and runs the simulated robot from what was built: half an hour.
images: setup
	$(RUN)/python -m pytest -s -m images -o addopts= --import-mode=importlib tests/docker

setup:
	@docker/setup-host

clean:
	rm -rf .venv outputs
