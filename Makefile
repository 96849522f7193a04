# Two commands: `make demo` runs the whole path on a simulated arm, `make test` passes the tests.
.PHONY: demo test check unit benchmark setup clean

RUN := .venv/bin

demo: setup
	$(RUN)/clam demo $(DEMO)

test: check unit

check: setup
	$(RUN)/ruff format --check .
	$(RUN)/ruff check .
	$(RUN)/pyright
	$(RUN)/lint-imports
	$(RUN)/deptry .

unit: setup
	$(RUN)/python -m pytest -n 2 --dist loadgroup --ignore tests/benchmarks $(TESTS)

benchmark: setup
	for file in $(filter-out %/test_%,$(wildcard tests/benchmarks/*.py)); do $(RUN)/python $$file || exit 1; done
	$(RUN)/python -m pytest -s -o addopts= --import-mode=importlib tests/benchmarks

setup:
	@docker/setup-host

clean:
	rm -rf .venv outputs
