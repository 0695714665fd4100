# Crosswalk: each recipe has its reason above it; `make run` and `make test` are all that a newcomer needs.
PYTHON ?= python3
PORT ?= 8080
VENV := .venv
BIN := $(VENV)/bin

# Bytecode is kept, whatever the environment says: else every process compiles the gateway anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: run test suite lint style types fix lock definitions capability bench clean

# The gateway with organisation `demo`, the four sandbox EMRs and sample patients.
run: $(VENV)/.installed
	@CROSSWALK_ALLOW_PRIVATE_UPSTREAMS=1 $(BIN)/crosswalk demo --port $(PORT)

# Everything that must hold: style, drift of generated files, types and the suite. The types are checked while the suite
# runs: that takes one core for most of a minute.
test: style
	$(BIN)/crosswalk capability --check
	@$(MAKE) --jobs 2 --no-print-directory types suite

# A third of its time it waits for other processes, so that three workers fill two cores; tests/conftest.py says what
# begins first.
suite: $(VENV)/.installed
	$(BIN)/pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder

lint: style types

style: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed
	$(BIN)/mypy

fix: $(VENV)/.installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The pinned sets, for working on it and for running it; hashes but no addresses, so any index that has them will do.
lock: $(VENV)/.installed
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-annotate --quiet --custom-compile-command "make lock" -o requirements.lock
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --constraint requirements.lock \
	  --generate-hashes --no-emit-index-url --no-annotate --quiet --custom-compile-command "make lock" -o requirements-runtime.lock

capability: $(VENV)/.installed
	$(BIN)/crosswalk capability --write

bench: $(VENV)/.installed
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) data

$(VENV)/.installed: pyproject.toml requirements.lock
	@echo "Installing Crosswalk into $(VENV) (once; about a minute) …"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@
