# Two commands do everything: `make demo` and `make test`. Both build the environment from the lock files first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PLANNER := $(BIN)/planner

.PHONY: demo decision test compiled quick lint docs pictures site lock reference bench agree fuzz wheel clean

# The base set of the real case, few draws that stand for many; models/decisions/0008-scenarios-of-the-real-case.md says why
# so many.
DRAWS ?= 300
KEEP ?= 11
SEED ?= 1
# The seed of the scenarios in which the plan is then evaluated.
FRESH ?= 100
RUN := reports/allied-2026-decision
# Years in which suppliers, allies and plants are taken away: every fifth and the last, and that of the EU's benchmarks.
MILESTONES := 2026 2030 2031 2036 2040

demo: $(VENV)/demo.done
	rm -rf build/allied-2026
	$(PLANNER) sample inputs/allied-2026 --draws $(DRAWS) --keep $(KEEP) --seed $(SEED) --out build/allied-2026
	$(PLANNER) solve build/allied-2026 --model models/decision.toml --out $(RUN)
	$(PLANNER) evaluate $(RUN) --register inputs/allied-2026 --seed $(FRESH) --no-foreseen --workers 2
	$(BIN)/python -m checks.stored_answers show $(RUN)
	$(PLANNER) coverage $(RUN) $(MILESTONES:%=--year %)
	@echo "Look at $(RUN)/report.html"

# Why this plan: alternatives, levers, every plant dropped, every doubtful figure at both ends (some 700 programs of the real
# case, a night), the lower bound of its risk in the scenarios of the demo, and how much better a plan could be. What it finds
# is stored under reports/reference, where `make demo` takes it from.
REPLICATIONS ?= 10
decision: demo
	$(PLANNER) explain $(RUN) --doubts
	$(PLANNER) evaluate $(RUN) --register inputs/allied-2026 --seed $(FRESH) --gap $(REPLICATIONS)
	$(BIN)/python -m checks.stored_answers keep $(RUN)

# What is compiled is kept, whatever the environment says: the tests start dozens of processes that import the package.
test quick agree compiled: export PYTHONDONTWRITEBYTECODE =

test: $(VENV)/test.done
	$(MAKE) -j 2 lint compiled
	$(BIN)/python -m pytest -n auto --dist worksteal --durations=25

# What the tests import is compiled once, on the core that mypy leaves idle, and not by every worker of theirs.
compiled: $(VENV)/test.done
	-@$(BIN)/python -m pytest --collect-only -p no:cacheprovider > /dev/null 2>&1

# Under a minute, for work in progress: one solve, the golden programs, the answers derived by hand.
quick: $(VENV)/test.done
	$(BIN)/ruff check -q .
	$(BIN)/python -m pytest -n auto --dist worksteal tests/formulation tests/behaviour \
		tests/system/test_project.py::test_the_reference_run_is_what_the_code_gives

lint: $(VENV)/test.done
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Generated pages and schemas: models/README.md, models/formulation.md, models/schema, the tables in inputs/README.md.
docs: $(VENV)/test.done
	$(BIN)/python -m docs

# Pictures of the pages of the real case and of the teaching case, in docs/pages/assets; needs Chromium and the run of `demo`.
pictures: $(VENV)/test.done
	$(BIN)/python -m docs.pictures real=$(RUN) teaching=reports/reference/starter-base
	cp docs/pages/assets/report-real-1440.png reports/reference/allied-2026-decision.png

# The documentation site, from docs/pages, docs/notebooks and the code; a warning ends it.
site: $(VENV)/test.done
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict -f $(CURDIR)/docs/mkdocs.yml
	@echo "Look at build/site/index.html"

# The committed reference run, which a test rebuilds and compares.
reference: $(VENV)/demo.done
	$(PLANNER) solve inputs/starter --model models/base.toml --out reports/reference/starter-base

# Side by side with other ways to do the same work; PROFILE=quick takes a quarter of an hour, full hours.
# Single rows: python -m benchmarks --only real/cold.
PROFILE ?= full
bench: $(VENV)/test.done
	$(BIN)/python -m benchmarks --profile $(PROFILE)

# All tests with their long runs: what `make test` takes a sample of is whole here, and cases are drawn by the hundred. Then
# four hundred against the independent formulation over all switches, a hundred with every year divided, forty through
# every command, a thousand scenario by scenario; 300 kills and 200 interruptions: hours.
agree: $(VENV)/test.done
	LONG=1 $(BIN)/python -m pytest -n auto --dist worksteal
	$(BIN)/python -m checks.random_cases
	$(BIN)/python -m checks.every_command
	$(BIN)/python -m checks.decomposed_cases
	$(BIN)/python -m checks.stopped_commands

# Coverage-guided fuzzing of the loaders: two processes on one corpus, 15 minutes; then as long of the workbench's routes
# and of damaged run folders side by side.
fuzz: $(VENV)/test.done
	$(BIN)/pip install -q --disable-pip-version-check atheris
	mkdir -p build/fuzz
	$(MAKE) -j 2 fuzz-1 fuzz-2
	$(MAKE) -j 2 asked-routes asked-runs

fuzz-%:
	$(BIN)/python checks/fuzz_loaders.py build/fuzz -seed=$* -artifact_prefix=build/ \
		-max_total_time=900 -timeout=20 -rss_limit_mb=2048 -max_len=20000

asked-%:
	$(BIN)/python checks/fuzz_routes.py $* 900

lock: $(VENV)/test.done
	$(BIN)/uv pip compile -q pyproject.toml --universal --python-version 3.11 --generate-hashes --no-annotate --no-header -o requirements.lock
	$(BIN)/uv pip compile -q pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --no-annotate --no-header -o requirements-dev.lock

wheel: $(VENV)/test.done
	$(BIN)/python -m build --wheel

clean:
	rm -rf $(VENV) dist build

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; set PYTHON=") if sys.version_info < (3, 11) else 0'
	$(PYTHON) -m venv $(VENV)

$(VENV)/demo.done: requirements.lock pyproject.toml | $(VENV)/bin/python
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install -q --disable-pip-version-check --no-deps -e .
	touch $@

$(VENV)/test.done: requirements-dev.lock pyproject.toml | $(VENV)/bin/python
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/pip install -q --disable-pip-version-check --no-deps -e .
	touch $@ $(VENV)/demo.done
