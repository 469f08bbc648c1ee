# make preview and make test do everything on a fresh machine with Python 3.11+ and either pulumi, Go or pip.
# STACK=prod works on the other stack. AZURE=1 deploys for real; without it, everything runs on a simulated Azure.
# FOOTPRINT=1 prints what is billed, how long it takes and which limits it nears, too.

STACK ?= dev
AZURE ?=
BASE ?= main
FOOTPRINT ?=
TAG ?=
export VPNER_FOOTPRINT := $(FOOTPRINT)
PYTHON ?= python3
VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
READY := $(VENV)/.ready

# The Pulumi CLI is looked up, and built if need be, when a recipe runs.
WITH_PULUMI = dir=$$($(PYTHON) toolchain/pulumi_cli.py) && export PATH="$$dir:$(BIN):$$PATH"
SIMULATED = $(WITH_PULUMI) && vpner simulate --state .vpner -- $(BIN)/python -m toolchain.simulated
REAL = if [ -n "$$PULUMI_DEBUG_PROVIDERS" ]; then \
	echo "AZURE=1 with PULUMI_DEBUG_PROVIDERS set would not reach Azure: unset it." >&2; exit 3; fi; $(WITH_PULUMI)
WITH_POLICIES = --policy-pack policies

.PHONY: help preview diff up refresh drift destroy recover test mutants chaos emulate emulate-all bench docs screenshots dist
.PHONY: lint format clean

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): requirements.txt requirements-dev.txt toolchain/constraints.txt pyproject.toml
	@echo "Installing the environment in $(VENV) (about a minute) ..." >&2
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed")'
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check -c toolchain/constraints.txt \
		-r requirements.txt -r requirements-dev.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

ifeq ($(AZURE),1)
preview: $(READY)
	@$(REAL) && pulumi preview --stack $(STACK) $(WITH_POLICIES)
diff: $(READY)
	@$(REAL) && vpner diff $(BASE) . --stack $(STACK) --markdown
up: $(READY)
	@$(REAL) && pulumi up --stack $(STACK) $(WITH_POLICIES)
refresh: $(READY)
	@$(REAL) && pulumi refresh --stack $(STACK)
drift: $(READY)
	@$(REAL) && $(BIN)/python -m toolchain.drift --stack $(STACK) --subscription "$$ARM_SUBSCRIPTION_ID" \
		--resource-group "$$(pulumi config get resourceGroup --stack $(STACK))"
destroy: $(READY)
	@$(REAL) && pulumi destroy --stack $(STACK)
recover: $(READY)
	@$(REAL) && $(BIN)/python -m toolchain.recover --stack $(STACK)
else
preview: $(READY)  ## Preview the stack with the policy pack
	@$(SIMULATED) preview --stack $(STACK)
diff: $(READY)  ## What the changes since the revision BASE (main) do to protected traffic and routes, as Markdown
	@$(SIMULATED) diff --stack $(STACK) --base $(BASE)
up: $(READY)  ## Deploy the stack; on the simulated Azure through both stages, with the provider's step between
	@$(SIMULATED) up --stack $(STACK)
refresh: $(READY)  ## Read what is deployed back into the state
	@$(SIMULATED) refresh --stack $(STACK)
drift: $(READY)  ## Compare what is deployed with the program, and what it does with the prediction
	@$(SIMULATED) drift --stack $(STACK)
destroy: $(READY)  ## Destroy the stack; on the simulated Azure the provider gives up its circuits first
	@$(SIMULATED) destroy --stack $(STACK)
recover: $(READY)  ## Repair the stack after a command was killed
	@$(SIMULATED) recover --stack $(STACK)
endif

test: $(READY)  ## Run every test
	@$(WITH_PULUMI) && $(BIN)/python -m pytest -n 2 --dist worksteal --durations=25 --durations-min=20

mutants: $(READY)  ## Single edits of both stacks against the rules, as confusion matrices
	@$(BIN)/python -m pytest tests/mutation -q -n 2

chaos: $(READY)  ## 500 seeded runs on a simulated Azure that fails, then their figures (an hour or more)
	@$(WITH_PULUMI) && VPNER_CHAOS=all $(BIN)/python -m pytest tests/chaos/test_chaos.py -q -s

emulate: $(READY)  ## Run the reference lab on real routers and a real IPsec stack, without and with its tunnel (as root)
	@$(BIN)/vpner emulate --topology examples/reference-lab-expressroute-only.yaml
	@$(BIN)/vpner emulate --topology examples/reference-lab.yaml

emulate-all: $(READY)  ## The same under every failure, with what goes wrong, 220 random networks and 162 edits (two hours)
	@VPNER_EMULATION=all $(BIN)/python -m pytest tests/emulation -v -n 2 --durations=10

bench: $(READY)  ## Measure the routing model: times, memory, growth
	@$(BIN)/python -m pytest bench -q

docs: $(READY)  ## Build the documentation into site/; a warning is an error
	@$(BIN)/mkdocs build
	@echo "site/index.html"

screenshots: $(READY)  ## Photograph the report for docs/report.md (needs Chromium)
	@$(BIN)/python -m tests.report.screenshots

dist: $(READY)  ## Build the release into dist/ from the last commit: wheel, source, plugin, policy pack (TAG=v… checks the tag)
	@$(BIN)/python -m toolchain.release --tag "$(TAG)"

lint: $(READY)  ## Check style and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/pyright

format: $(READY)  ## Format the sources
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean:  ## Remove the environment, and the simulated Azure with its stacks
	rm -rf $(VENV) .vpner site build dist *.egg-info .pytest_cache .ruff_cache .hypothesis
