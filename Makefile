# `make help` lists the targets.
# They need make, a POSIX shell and Python. Everything else is installed into .venv and .tools.

SHELL := /bin/sh
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# boto3 and the SAM CLI read only AWS_DEFAULT_REGION. The AWS CLI prefers AWS_REGION, and so do these targets.
ifdef AWS_REGION
export AWS_DEFAULT_REGION := $(AWS_REGION)
endif

VENV := .venv
PYTHON := $(VENV)/bin/python
# A stamp has the time of the last installation. Requirements that are newer are installed again.
RUN_STAMP := $(VENV)/.installed-to-run
DEV_STAMP := $(VENV)/.installed-to-develop
E2E_STAMP := $(VENV)/.installed-to-browse

# The SAM CLI needs its own versions of many packages, so it gets a separate environment.
SAM_ENVIRONMENT := .tools/sam
SAM_STAMP := $(SAM_ENVIRONMENT)/.installed
SAM_REQUIREMENTS := .ci/requirements-sam.txt
# SAM needs some region, but no credentials.
SAM := SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=$${AWS_DEFAULT_REGION:-eu-central-1} $(SAM_ENVIRONMENT)/bin/sam
RUNTIME := 3.13
ARCHITECTURES ?= arm64 x86_64

# Lambda's runtime for that Python, and the build for this machine's processor, for `make test-runtime`.
RUNTIME_ENVIRONMENT := .tools/runtime
RUNTIME_STAMP := $(RUNTIME_ENVIRONMENT)/.installed
RUNTIME_REQUIREMENTS := .ci/requirements-runtime.txt
# An AWS emulator and its client. The emulator pins its own botocore.
DEPLOYED_ENVIRONMENT := .tools/deployed
DEPLOYED_STAMP := $(DEPLOYED_ENVIRONMENT)/.installed
DEPLOYED_REQUIREMENTS := .ci/requirements-deployed.txt
MACHINE := $(patsubst aarch64,arm64,$(patsubst amd64,x86_64,$(shell uname -m)))
BUILD_STAMP := .aws-sam/$(MACHINE).built
# Folders are listed too, so that removing a file from one starts a new build.
BUILD_INPUTS := template.yaml .ci/compile-artifacts .ci/strip_botocore.py \
    $(shell find functions layers ! -name '*.pyc' ! -name __pycache__)

# Redoc from npm, for the page /api/v1/docs, and axe-core from npm, for `make test-e2e`.
VIEWER := layers/coffer/python/coffer/http/docs/viewer.html.gz
VIEWER_INPUTS := .ci/install-docs-viewer .ci/build_docs_viewer.py $(wildcard layers/coffer/docs-viewer/*)
AXE := .tools/axe
AXE_STAMP := $(AXE)/.installed
AXE_PACKAGES := tests/e2e/package.json tests/e2e/package-lock.json

# npm's datahub-client, for `make test-datahub`.
DATAHUB := .tools/datahub
DATAHUB_STAMP := $(DATAHUB)/.installed
DATAHUB_PACKAGES := tests/datahub/package.json tests/datahub/package-lock.json

# JSON:API clients of npm, for `make test-jsonapi`.
JSONAPI := .tools/jsonapi
JSONAPI_STAMP := $(JSONAPI)/.installed
JSONAPI_PACKAGES := tests/jsonapi/package.json tests/jsonapi/package-lock.json

# Generators of clients from PyPI and npm, for `make test-clients`.
CLIENTS := .tools/clients
CLIENTS_STAMP := $(CLIENTS)/.installed
CLIENTS_REQUIREMENTS := .ci/requirements-clients.txt
CLIENTS_PACKAGES := tests/clients/package.json tests/clients/package-lock.json

# Uppy 4, 5 and 6 from npm, and a bundler, for `make test-uppy`.
UPPY := .tools/uppy
UPPY_STAMP := $(UPPY)/.installed
UPPY_PACKAGES := tests/uppy/package.json tests/uppy/package-lock.json

OUR_CODE := layers/coffer/python functions local operations tests .ci $(wildcard benchmarks)
PIP := -m pip --disable-pip-version-check --quiet
ARGS ?=

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-22s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# ---------------------------------------------------------------- run

.PHONY: start
start: $(RUN_STAMP) ## Start the local stack, without Docker or an AWS account (PORT=8081 S3_PORT=9000)
	@exec $(PYTHON) -m local $(ARGS)

.PHONY: events
events: $(RUN_STAMP) ## Follow the event bus of the running stack, one JSON event per line
	@exec $(PYTHON) -m local events $(ARGS)

.PHONY: audit
audit: $(RUN_STAMP) ## Print the audit of the running stack, one JSON entry per line
	@exec $(PYTHON) -m local audit $(ARGS)

.PHONY: clock
clock: $(RUN_STAMP) ## Show the clock of the running stack, or move it forward (ARGS="+21d")
	@exec $(PYTHON) -m local clock $(ARGS)

.PHONY: run
run: $(RUN_STAMP) ## Run a scheduled function of the running stack now (ARGS=KeepHouseFunction)
	@exec $(PYTHON) -m local run $(ARGS)

.PHONY: token
token: $(RUN_STAMP) ## Print a token for the running stack (ARGS="--user alice --group aafc/user", "--rawstore")
	@exec $(PYTHON) -m local token $(ARGS)

.PHONY: seed
seed: $(RUN_STAMP) ## Create N records in the running stack, to try lists and paging (N=20000)
	@exec $(PYTHON) -m local seed $(N)

.PHONY: docs-viewer
docs-viewer: $(VIEWER) ## Install Redoc from npm, which shows the API at /api/v1/docs

.PHONY: env-json
env-json: $(RUN_STAMP) ## Write env.json, which connects `sam local invoke` to the running stack
	@exec $(PYTHON) -m local env-json $(ARGS)

# ---------------------------------------------------------------- operate

# These work on the running local stack, or on a deployed one: make doctor STACK=coffer-prod
OPERATE := $(PYTHON) -m operations $(if $(STACK),--stack $(STACK))

.PHONY: doctor
doctor: $(RUN_STAMP) ## Test a running stack and report what is wrong (STACK=name of a deployed stack)
	@$(OPERATE) doctor $(ARGS)

.PHONY: redrive
redrive: $(RUN_STAMP) ## Send dead letters back to their queues (STACK=name)
	@$(OPERATE) redrive $(ARGS)

.PHONY: sweep
sweep: $(RUN_STAMP) ## Remove orphans now (ARGS="--age 1s --dry-run", STACK=name)
	@$(OPERATE) sweep $(ARGS)

.PHONY: rethumbnail
rethumbnail: $(RUN_STAMP) ## Request failed thumbnails again (CODE=decoder_timed_out, STACK=name)
	@test -n "$(CODE)" || { echo "Name the failure: make rethumbnail CODE=decoder_timed_out" >&2; exit 1; }
	@$(OPERATE) rethumbnail $(CODE) $(ARGS)

.PHONY: reconcile
reconcile: $(RUN_STAMP) ## List objects without a record, and records without their object (STACK=name)
	@$(OPERATE) reconcile $(ARGS)

.PHONY: check-update
check-update: $(RUN_STAMP) ## Refuse an update of a stack that changes two indexes of a table (STACK=name)
	@$(OPERATE) check-update $(ARGS)

.PHONY: next-steps
next-steps: $(RUN_STAMP) ## Print what to do after a deployment (STACK=name)
	@$(OPERATE) next-steps $(ARGS)

.PHONY: recount
recount: $(RUN_STAMP) ## Count the records, and correct the counters that differ (ARGS=--dry-run, STACK=name)
	@$(OPERATE) recount $(ARGS)

.PHONY: redrive-stream
redrive-stream: $(RUN_STAMP) ## Publish the changes that failed for good (STACK=name)
	@$(OPERATE) redrive-stream $(ARGS)

.PHONY: replay
replay: $(RUN_STAMP) ## Replay archived events to rules of consumers (FROM=2026-11-29T08:00Z RULES="name …" STACK=name)
	@test -n "$(FROM)" || { echo 'Name a time and rules: make replay FROM=2026-11-29T08:00Z RULES="name …"' >&2; exit 1; }
	@$(OPERATE) replay --from $(FROM) $(if $(TO),--to $(TO)) $(RULES)

# ---------------------------------------------------------------- check

# One process per processor, and whole files per process, so that the fixtures of a file run once. Files
# keep their order: the files with the fewest tests, which pytest-xdist would run last, take longest.
IN_PARALLEL := --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

.PHONY: test
test: $(DEV_STAMP) ## Run the tests, and measure the branch coverage of the layer (ARGS="-k name")
	@$(PYTHON) -m pytest $(if $(ARGS),$(ARGS),$(IN_PARALLEL) --cov --cov-report=)

.PHONY: test-chaos
test-chaos: $(DEV_STAMP) ## Run the API's tests under faults, once per seed (SEEDS=20, or SEED=7 ARGS=one-test)
	@$(PYTHON) .ci/run_under_chaos.py $(if $(SEED),--seed $(SEED),--seeds $(or $(SEEDS),3)) \
	    $(if $(CHAOS),--chaos $(CHAOS)) $(ARGS)

.PHONY: token-table
token-table: $(DEV_STAMP) ## Print how each invalid token is refused, and what each caller may do
	@$(PYTHON) -m tests.security.tokens.token_table

.PHONY: test-e2e
test-e2e: $(E2E_STAMP) ## Test the console and the API's page in Chromium, without and with AUTH=jwt (ARGS="-k name" SCREENSHOTS=folder)
	@.ci/install-chromium
	@$(MAKE) $(VIEWER) $(AXE_STAMP) || echo "tests of the page /api/v1/docs are skipped" >&2
	@$(PYTHON) -m pytest -rs tests/e2e $(ARGS)

.PHONY: test-deployed
test-deployed: ## Deploy the build to an AWS emulator that enforces policies, and use it (ARGS="-k name")
	@.ci/find-python =$(RUNTIME) > /dev/null || { echo "skipped: test-deployed needs Python $(RUNTIME)"; exit 0; }; \
	$(MAKE) -s $(SAM_STAMP) $(DEPLOYED_STAMP) $(BUILD_STAMP) || exit 1; \
	$(DEPLOYED_ENVIRONMENT)/bin/python -m pytest -c tests/deployed/pytest.ini --rootdir=. \
	    --confcutdir=tests/deployed tests/deployed $(ARGS)

.PHONY: test-runtime
test-runtime: $(DEV_STAMP) ## Run every built function in Lambda's own runtime, and measure it
	@if .ci/find-python =$(RUNTIME) > /dev/null && $(MAKE) -s $(SAM_STAMP) $(RUNTIME_STAMP); then \
	    $(MAKE) -s $(BUILD_STAMP) || exit 1; \
	fi; \
	$(PYTHON) -m pytest tests/runtime $(ARGS)

.PHONY: test-s3
test-s3: $(DEV_STAMP) ## Test signing, copying and promotion with Ceph's S3, and compare the local S3 with it
	@.ci/install-ceph
	@$(PYTHON) -m pytest -p tests.ceph.plugin tests/ceph $(ARGS)

.PHONY: fuzz-api
fuzz-api: $(DEV_STAMP) ## Send random requests to every route and check the responses (EXAMPLES=25)
	@EXAMPLES=$(or $(EXAMPLES),25) $(PYTHON) -m pytest --numprocesses auto --maxprocesses 4 \
	    tests/openapi/test_fuzzed_requests.py $(ARGS)

# Users with tokens, on a stack with every kind of fault.
UNDER_FAULTS := AUTH=jwt CHAOS=duplicate,reorder,delay,throttle,crash

.PHONY: test-faults
test-faults: $(DEV_STAMP) ## Use the stack under every kind of fault, then check the result (SEED=1 EXAMPLES=40 STEPS=30)
	@$(UNDER_FAULTS) CHAOS_SEED=$(or $(SEED),1) $(PYTHON) -m pytest --show-capture=no tests/faults $(ARGS)

# Suites that together make every AWS call of every handler. The other suites of the API make no AWS
# call, or only calls that these make too.
PRIVILEGED := $(filter-out $(patsubst %,tests/api/test_%.py,configuration detection docs \
        downloads_public invalid_requests metadata_killed pinned_cases vocabulary_licenses \
        vocabulary_media_types), $(wildcard tests/api/test_*.py)) \
    tests/export/test_api.py tests/rawstore/test_pinned_cases.py tests/rawstore/test_presign.py \
    tests/rawstore/test_shared_keys.py tests/security/test_crashes.py \
    tests/template/test_sample_events.py
# Left out: it writes records in threads beside a handler, which look like the handler's own calls.
NOT_HANDLERS := tests/api/test_listing_calls.py::test_lists_stay_consistent_while_records_are_added_and_removed
PRIVILEGES := build/privileges
RECORDED := $(PYTHON) -m pytest -p tests.privileges.plugin --show-capture=no

.PHONY: test-privileges
test-privileges: $(DEV_STAMP) ## Compare each function's policy with the AWS calls that it makes
	@rm -rf $(PRIVILEGES)
	@PRIVILEGES=$(PRIVILEGES) $(RECORDED) $(IN_PARALLEL) $(PRIVILEGED) $(addprefix --deselect=,$(NOT_HANDLERS))
	@PRIVILEGES=$(PRIVILEGES) $(UNDER_FAULTS) CHAOS_SEED=1 EXAMPLES=6 $(RECORDED) $(IN_PARALLEL) tests/faults -k "not planted"
	@$(PYTHON) -m tests.privileges $(PRIVILEGES)

.PHONY: test-datahub
test-datahub: $(DEV_STAMP) ## Upload datasets to the rawstore with npm's unmodified datahub-client
	@! command -v npm > /dev/null || $(MAKE) -s $(DATAHUB_STAMP)
	@$(PYTHON) -m pytest -rs tests/datahub $(ARGS)

.PHONY: test-jsonapi
test-jsonapi: $(DEV_STAMP) ## Use the API with JSON:API clients of npm and PyPI, and with dina-ui's requests
	@$(MAKE) -s $(JSONAPI_STAMP) || echo "the tests with clients of npm are skipped" >&2
	@$(PYTHON) -m pytest -rs tests/jsonapi $(ARGS)

.PHONY: test-clients
test-clients: $(DEV_STAMP) ## Generate clients in Python and TypeScript from the served document, and use them
	@$(MAKE) -s $(CLIENTS_STAMP) || echo "the generators were not installed, so tests are skipped" >&2
	@$(PYTHON) -m pytest -rs tests/clients $(ARGS)

.PHONY: test-uppy
test-uppy: $(E2E_STAMP) ## Upload files in Chromium with Uppy 4, 5 and 6 from npm, unmodified (ARGS="-k name")
	@.ci/install-chromium
	@$(MAKE) -s $(UPPY_STAMP) || echo "the tests with Uppy are skipped" >&2
	@# Playwright waits for ever for some events: a test that takes three minutes ends the run.
	@$(PYTHON) -m pytest -rs -o faulthandler_timeout=180 -o faulthandler_exit_on_timeout=true tests/uppy $(ARGS)

.PHONY: test-hostile
test-hostile: $(DEV_STAMP) ## Decode every file of a folder (IMAGES=folder, such as Pillow's Tests)
	@test -d "$(IMAGES)" || { echo "Name the folder of images: make test-hostile IMAGES=folder" >&2; exit 1; }
	@PYTHONPATH=.:layers/coffer/python $(PYTHON) -m tests.imaging.hostile_folder "$(IMAGES)"

.PHONY: golden-images
golden-images: $(DEV_STAMP) ## Print how far thumbnails of the variants of one picture differ
	@PYTHONPATH=.:layers/coffer/python $(PYTHON) -m tests.imaging.golden

.PHONY: coverage
coverage: $(DEV_STAMP) ## Show the lines and branches that the last `make test` did not run; fails below 95 %
	@test -f .coverage || { echo "There is no measurement. Run 'make test' first." >&2; exit 1; }
	@$(PYTHON) -m coverage report --fail-under=95

BENCHES := bench-rawstore bench-cold bench-uploads bench-thumbnails bench-export bench-lists bench-sweep

.PHONY: bench
bench: ## Run the benchmarks that have a goal, about twenty minutes (BENCHES="bench-rawstore bench-cold")
	@for bench in $(BENCHES); do echo; echo "== make $$bench"; $(MAKE) $$bench || exit 1; done

.PHONY: bench-rawstore
bench-rawstore: $(RUN_STAMP) ## Compare signing, look-ups and a cold start with boto3 (ARGS="sign exists cold")
	@.ci/install-valgrind
	@$(PYTHON) benchmarks/rawstore.py $(ARGS)

.PHONY: bench-cold
bench-cold: $(RUN_STAMP) ## Measure API functions from a cold start to the first response (ARGS="get_metadata")
	@.ci/install-valgrind
	@$(PYTHON) benchmarks/cold_starts.py $(ARGS)

.PHONY: bench-lists
bench-lists: $(RUN_STAMP) ## Count what a list reads among 1,000 and 20,000 records (ARGS="500 5000")
	@$(PYTHON) benchmarks/lists.py $(ARGS)

.PHONY: bench-export
bench-export: $(DEV_STAMP) ## Measure exports: bytes through compute, small files, memory, zip CPU (ARGS="copies cpu deflate")
	@$(PYTHON) benchmarks/export.py $(ARGS)

.PHONY: bench-sweep
bench-sweep: $(RUN_STAMP) ## Count what an orphan removal costs among 1,000 and 100,000 files (ARGS="500 5000")
	@$(PYTHON) benchmarks/sweep.py $(ARGS)

.PHONY: bench-cost
bench-cost: $(DEV_STAMP) ## Count the AWS requests of each flow, and what a million of them cost
	@$(PYTHON) benchmarks/flows.py

.PHONY: bench-detection
bench-detection: $(RUN_STAMP) ## Measure media type detection on a corpus (CORPUS=folder)
	@test -n "$(CORPUS)" || { echo "Name the folder of the corpus: make bench-detection CORPUS=folder" >&2; exit 1; }
	@$(PYTHON) benchmarks/detection.py "$(CORPUS)" $(ARGS)

.PHONY: bench-detection-start
bench-detection-start: $(RUN_STAMP) ## Measure what the detector adds to a cold start
	@.ci/install-valgrind
	@$(PYTHON) benchmarks/detection_start.py

.PHONY: fuzz-detection
fuzz-detection: $(DEV_STAMP) ## Fuzz media type detection with atheris, which this installs (SECONDS=300)
	@$(PYTHON) -m pip install -q atheris==3.0.0
	@$(PYTHON) tests/detection/fuzz_with_atheris.py build/fuzz-detection -max_total_time=$(or $(SECONDS),300) -max_len=70000 -timeout=5 $(ARGS)

.PHONY: bench-thumbnails
bench-thumbnails: $(DEV_STAMP) ## Compare thumbnails with libvips: time, similarity, memory (ARGS="likeness photo.jpg")
	@$(PYTHON) benchmarks/thumbnails.py $(ARGS)

.PHONY: bench-photos
bench-photos: $(DEV_STAMP) ## Upload 200 photos to a disturbed local stack: time, invocations, no duplicate thumbnails
	@$(PYTHON) benchmarks/thumbnail_flow.py $(ARGS)

.PHONY: bench-uploads
bench-uploads: $(DEV_STAMP) ## Measure the bytes of an upload that pass through compute (ARGS="hashing large", ARGS=--ceph)
	@$(PYTHON) benchmarks/uploads.py $(ARGS)

.PHONY: lint
lint: $(DEV_STAMP) ## Check style (ruff) and types (mypy, strict)
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m mypy $(OUR_CODE)

.PHONY: format
format: $(DEV_STAMP) ## Sort imports and format the code
	@$(PYTHON) -m ruff check --fix-only --quiet .
	@$(PYTHON) -m ruff format .

# ---------------------------------------------------------------- build

.PHONY: event-schemas
event-schemas: $(RUN_STAMP) ## Write the schemas of docs/events into template.yaml
	@$(PYTHON) .ci/inline_event_schemas.py

.PHONY: layer-sizes
layer-sizes: $(RUN_STAMP) ## Print the size of the layers for both processors, of Lambda's 250 MB
	@$(PYTHON) .ci/measure_layers.py

.PHONY: validate
validate: $(SAM_STAMP) $(DEV_STAMP) ## Check template.yaml with the SAM CLI and cfn-lint, and the documented deploy commands
	@$(SAM) validate --lint
	@$(SAM_ENVIRONMENT)/bin/python .ci/check_deploy_commands.py
	@$(PYTHON) -m pytest tests/template/test_deploy_commands.py

CHECKOV_ENVIRONMENT := .tools/checkov
CHECKOV_STAMP := $(CHECKOV_ENVIRONMENT)/.installed

.PHONY: checkov
checkov: $(CHECKOV_STAMP) ## Check template.yaml with checkov; .checkov.yaml has the exceptions and their reasons
	@PATH="$(CHECKOV_ENVIRONMENT)/bin:$$PATH" checkov --config-file .checkov.yaml --file template.yaml $(ARGS)

.PHONY: build
build: $(SAM_STAMP) ## Build functions and layers for arm64 and x86_64 into .aws-sam/<architecture>
	@$(MAKE) $(VIEWER) || echo "building without Redoc: /api/v1/docs will list the operations" >&2
	@python=$$(.ci/find-python =$(RUNTIME)) || exit 1; mkdir -p .aws-sam; \
	for architecture in $(ARCHITECTURES); do \
	    echo "building for $$architecture"; \
	    stamp=.aws-sam/$$architecture.built; touch $$stamp.then; \
	    log=.aws-sam/build-$$architecture.log; \
	    PATH="$$(dirname "$$python"):$$PATH" $(SAM) build --build-dir .aws-sam/$$architecture \
	        --cache-dir .aws-sam/cache/$$architecture --parameter-overrides Architecture=$$architecture \
	        > "$$log" 2>&1 || { cat "$$log" >&2; exit 1; }; \
	    .ci/compile-artifacts "$$python" .aws-sam/$$architecture || exit 1; \
	    mv $$stamp.then $$stamp; \
	done; \
	$(SAM_ENVIRONMENT)/bin/python .ci/smoke_built_functions.py --python "$$python" .aws-sam

# The SAM CLI looks for samconfig.toml beside the template, so it is named. Region and credentials are
# those of the operator.
ARCH ?= arm64
CONFIG ?= default
# STACK, or the name in samconfig.toml.
DEPLOYED_STACK = $(or $(STACK),$(shell $(PYTHON) -c 'import tomllib; print(tomllib.load(open("samconfig.toml", "rb"))["$(CONFIG)"]["global"]["parameters"]["stack_name"])'))
.PHONY: deploy
deploy: $(SAM_STAMP) $(RUN_STAMP) ## Build, validate and deploy, then run the doctor (STACK=coffer CONFIG=prod ARCH=arm64 PARAMETERS="OidcIssuer=…")
	@$(MAKE) build ARCHITECTURES=$(ARCH)
	@$(MAKE) validate
	@$(MAKE) check-update STACK="$(DEPLOYED_STACK)"
	@SAM_CLI_TELEMETRY=0 $(SAM_ENVIRONMENT)/bin/sam deploy --config-file "$(CURDIR)/samconfig.toml" \
	    --config-env $(CONFIG) --template-file .aws-sam/$(ARCH)/template.yaml \
	    $(if $(STACK),--stack-name $(STACK)) \
	    $(if $(or $(PARAMETERS),$(filter-out arm64,$(ARCH))),--parameter-overrides Architecture=$(ARCH) $(PARAMETERS))
	@$(MAKE) next-steps STACK="$(DEPLOYED_STACK)"
	@$(MAKE) doctor STACK="$(DEPLOYED_STACK)"


# The build that `make test-runtime` runs; repeated only if a source is newer.
$(BUILD_STAMP): $(BUILD_INPUTS) $(SAM_STAMP)
	@$(MAKE) build ARCHITECTURES=$(MACHINE)

# ---------------------------------------------------------------- environments

$(RUN_STAMP): requirements.txt constraints.txt
	@test -x $(PYTHON) || { python=$$(.ci/find-python 3.11) && "$$python" -m venv $(VENV); } >&2
	@echo "installing requirements.txt into $(VENV)" >&2
	@$(PYTHON) $(PIP) install --requirement requirements.txt --constraint constraints.txt >&2
	@! command -v npm > /dev/null || .ci/install-docs-viewer $(PYTHON) > /dev/null 2>&1 || \
	    echo "Redoc was not installed from npm: /api/v1/docs lists the operations. Try make docs-viewer." >&2
	@touch $@

$(DEV_STAMP): $(RUN_STAMP) requirements-dev.txt
	@echo "installing requirements-dev.txt into $(VENV)" >&2
	@$(PYTHON) $(PIP) install --requirement requirements-dev.txt --constraint constraints.txt >&2
	@touch $@

$(E2E_STAMP): $(DEV_STAMP) requirements-e2e.txt
	@echo "installing requirements-e2e.txt into $(VENV)" >&2
	@$(PYTHON) $(PIP) install --requirement requirements-e2e.txt --constraint constraints.txt >&2
	@touch $@

$(SAM_STAMP): $(SAM_REQUIREMENTS)
	@mkdir -p .tools
	@test -x $(SAM_ENVIRONMENT)/bin/python || { python=$$(.ci/find-python 3.11) && "$$python" -m venv $(SAM_ENVIRONMENT); } >&2
	@echo "installing the SAM CLI into $(SAM_ENVIRONMENT); the first time takes a minute" >&2
	@$(SAM_ENVIRONMENT)/bin/python $(PIP) install --requirement $(SAM_REQUIREMENTS) >&2
	@touch $@

$(CHECKOV_STAMP): .ci/requirements-checkov.txt
	@mkdir -p .tools
	@test -x $(CHECKOV_ENVIRONMENT)/bin/python || { python=$$(.ci/find-python 3.11) && "$$python" -m venv $(CHECKOV_ENVIRONMENT); } >&2
	@echo "installing checkov into $(CHECKOV_ENVIRONMENT); the first time takes a minute" >&2
	@$(CHECKOV_ENVIRONMENT)/bin/python $(PIP) install --requirement .ci/requirements-checkov.txt >&2
	@touch $@

$(DEPLOYED_STAMP): $(DEPLOYED_REQUIREMENTS)
	@mkdir -p .tools
	@test -x $(DEPLOYED_ENVIRONMENT)/bin/python || { python=$$(.ci/find-python =$(RUNTIME)) && "$$python" -m venv $(DEPLOYED_ENVIRONMENT); } >&2
	@echo "installing an AWS emulator into $(DEPLOYED_ENVIRONMENT)" >&2
	@$(DEPLOYED_ENVIRONMENT)/bin/python $(PIP) install --requirement $(DEPLOYED_REQUIREMENTS) >&2
	@touch $@

$(RUNTIME_STAMP): $(RUNTIME_REQUIREMENTS)
	@mkdir -p .tools
	@test -x $(RUNTIME_ENVIRONMENT)/bin/python || { python=$$(.ci/find-python =$(RUNTIME)) && "$$python" -m venv $(RUNTIME_ENVIRONMENT); } >&2
	@echo "installing Lambda's runtime for Python $(RUNTIME) into $(RUNTIME_ENVIRONMENT)" >&2
	@$(RUNTIME_ENVIRONMENT)/bin/python $(PIP) install --only-binary :all: --requirement $(RUNTIME_REQUIREMENTS) >&2
	@touch $@

$(VIEWER): $(VIEWER_INPUTS) | $(RUN_STAMP)
	@echo "installing Redoc from npm into .tools/docs-viewer" >&2
	@.ci/install-docs-viewer $(PYTHON)

$(AXE_STAMP): $(AXE_PACKAGES)
	@mkdir -p $(AXE)
	@cp $(AXE_PACKAGES) $(AXE)
	@echo "installing axe-core from npm into $(AXE)" >&2
	@.ci/npm ci --prefix $(AXE) --ignore-scripts --no-audit --no-fund --loglevel=error > $(AXE)/npm.log 2>&1 || { cat $(AXE)/npm.log >&2; exit 1; }
	@touch $@

$(CLIENTS_STAMP): $(CLIENTS_REQUIREMENTS) $(CLIENTS_PACKAGES)
	@mkdir -p .tools
	@test -x $(CLIENTS)/bin/python || { python=$$(.ci/find-python 3.11) && "$$python" -m venv $(CLIENTS); } >&2
	@cp $(CLIENTS_PACKAGES) $(CLIENTS)
	@echo "installing generators of clients from PyPI and npm into $(CLIENTS)" >&2
	@$(CLIENTS)/bin/python $(PIP) install --requirement $(CLIENTS_REQUIREMENTS) >&2
	@.ci/npm ci --prefix $(CLIENTS) --ignore-scripts --no-audit --no-fund --loglevel=error > $(CLIENTS)/npm.log 2>&1 || { cat $(CLIENTS)/npm.log >&2; exit 1; }
	@touch $@

# Without install scripts: only the client itself runs.
$(DATAHUB_STAMP): $(DATAHUB_PACKAGES)
	@mkdir -p $(DATAHUB)
	@cp $(DATAHUB_PACKAGES) $(DATAHUB)
	@echo "installing npm's datahub-client into $(DATAHUB)" >&2
	@npm ci --prefix $(DATAHUB) --ignore-scripts --no-audit --no-fund --loglevel=error > $(DATAHUB)/npm.log 2>&1 || { cat $(DATAHUB)/npm.log >&2; exit 1; }
	@touch $@

# Without install scripts: only the clients themselves run.
$(JSONAPI_STAMP): $(JSONAPI_PACKAGES)
	@mkdir -p $(JSONAPI)
	@cp $(JSONAPI_PACKAGES) $(JSONAPI)
	@echo "installing JSON:API clients from npm into $(JSONAPI)" >&2
	@.ci/npm ci --prefix $(JSONAPI) --ignore-scripts --no-audit --no-fund --loglevel=error > $(JSONAPI)/npm.log 2>&1 || { cat $(JSONAPI)/npm.log >&2; exit 1; }
	@touch $@

# Three versions of @uppy/core are installed under names of their own, so npm would find no version
# for the plugins' peer dependency; the bundler does.
$(UPPY_STAMP): $(UPPY_PACKAGES)
	@mkdir -p $(UPPY)
	@cp $(UPPY_PACKAGES) $(UPPY)
	@echo "installing Uppy from npm into $(UPPY)" >&2
	@.ci/npm ci --prefix $(UPPY) --ignore-scripts --legacy-peer-deps --no-audit --no-fund --loglevel=error > $(UPPY)/npm.log 2>&1 || { cat $(UPPY)/npm.log >&2; exit 1; }
	@touch $@

.PHONY: clean
clean: ## Remove builds, measurements and environments
	@rm -rf $(VENV) $(VIEWER) .tools .aws-sam .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
