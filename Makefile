# make demo | test | check | prove | bench | bench-rust | bench-check | profile | load | leaks | fmt | generate | clean. Needs Python 3.11 or newer, cargo, make and git.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= $(shell for name in python3.11 python3.12 python3.13 python3.14 python3; do \
	if $$name -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then echo $$name; break; fi; done)
VENV := .venv
BIN := $(abspath $(VENV))/bin
STAMPS := $(VENV)/stamps

RUST := $(shell find ir compiler driver bridge -name '*.rs' -o -name Cargo.toml) Cargo.toml Cargo.lock
# One profile and one set of flags for clippy, cargo test and the extension that tests load: dependencies are built once.
export CARGO_TERM_COLOR ?= auto
ifdef CI
export CARGO_INCREMENTAL := 0
endif
export VIRTUAL_ENV := $(abspath $(VENV))
export PATH := $(BIN):$(PATH)
export PYO3_PYTHON := $(BIN)/python
unexport CONDA_PREFIX

.PHONY: help demo bench bench-rust bench-check profile load leaks test prove check fmt generate clean rust-check rust-test python-check mypy pyright unit-test python-test

help:
	@echo "make demo    build, start a MongoDB server of its own, load 69,000 cities and query them"
	@echo "make test    every check and every test: what CI runs"
	@echo "make check   what to run after every edit: formatting, lints, types, Rust tests and tests that need no server"
	@echo "make prove   the property tests with many new random examples: minutes"
	@echo "make bench   this library beside its peers: a quarter of an hour; BENCH=--quick: three minutes, BENCH='find-1000 save': some cases, BENCH=--list"
	@echo "make bench-rust     time the compiler alone: five minutes; BENCH='two-term|12-stage': what the figures are about"
	@echo "make bench-check    count instructions, and say what grew since the counts that are kept"
	@echo "make profile CASE=find-1000    a flame graph of one benchmark"
	@echo "make load    a thousand tasks that read and write at once, beside PyMongo: two minutes"
	@echo "make leaks   whether memory stays flat over a million operations: a quarter of an hour"
	@echo "make fmt     format the sources"
	@echo "make generate write what follows from the operator table in ir/catalog, and the page of rewrite rules"
	@echo "make clean   remove everything that was built"

demo: $(STAMPS)/release
	$(BIN)/python -m examples.cities

bench: $(STAMPS)/release $(STAMPS)/bench
	$(BIN)/python -m benchmarks $(BENCH)

bench-rust:
	cargo bench --quiet --package data-bridge-compiler -- $(if $(BENCH),"$(BENCH)")

bench-check: $(STAMPS)/release $(STAMPS)/bench
	$(BIN)/python -m benchmarks.instructions $(BENCH)

profile: $(STAMPS)/release $(STAMPS)/bench
	@test -n "$(CASE)" || { echo "which case? make profile CASE=find-1000; make bench BENCH=--list names them" >&2; exit 1; }
	$(BIN)/python -m benchmarks.profile $(CASE) $(PROFILE)

load: $(STAMPS)/release $(STAMPS)/bench
	$(BIN)/python -m benchmarks.load $(LOAD)

leaks: $(STAMPS)/counted $(STAMPS)/bench
	$(BIN)/python -m benchmarks.leaks $(LEAKS)

test: rust-check rust-test python-check mypy pyright python-test

check: rust-check rust-test python-check mypy unit-test

rust-check: $(STAMPS)/venv
	cargo fmt --all --check
	cargo clippy --quiet --workspace --all-targets --locked -- -D warnings

rust-test: $(STAMPS)/venv
	cargo test --quiet --workspace --locked

python-check: $(STAMPS)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

mypy: $(STAMPS)/dev
	$(BIN)/mypy

pyright: $(STAMPS)/dev
	$(BIN)/pyright

unit-test: $(STAMPS)/debug
	$(BIN)/python -m pytest -q tests/unit $(PYTEST)

python-test: $(STAMPS)/debug
	$(BIN)/python -m pytest -q $(PYTEST)

# The examples of `make test` are the same in every run; these are new ones, PROVE times as many.
prove: $(STAMPS)/debug
	PROVE=$${PROVE:-20} $(BIN)/python -m pytest -q tests/property $(PYTEST)

fmt: $(STAMPS)/dev
	cargo fmt --all
	$(BIN)/ruff check --quiet --fix . || true
	$(BIN)/ruff format .

generate: $(STAMPS)/dev
	$(BIN)/python -m tools.catalog
	$(BIN)/python -m tools.rules_doc

clean:
	rm -rf $(VENV) target python/data_bridge/*.so
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis

# The builds of the extension share one place in the source tree, so each forgets the others. They are not made by
# maturin, whose flags for pyo3 differ: clippy, cargo test and it would build the bridge anew by turns. It would also
# strip the names that profiles show.
define build
	cargo build --quiet --locked --package data-bridge-bridge $(2)
	@cp --remove-destination "$${CARGO_TARGET_DIR:-target}/$(1)/lib_core.so" \
		"python/data_bridge/_core$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_config_var("EXT_SUFFIX"))')"
	@rm -f $(STAMPS)/debug $(STAMPS)/release $(STAMPS)/counted
	@touch $@
endef

$(STAMPS)/debug: $(STAMPS)/dev $(RUST)
	$(call build,debug,)

$(STAMPS)/release: $(STAMPS)/dev $(RUST)
	$(call build,release,--release)

$(STAMPS)/counted: $(STAMPS)/dev $(RUST)
	$(call build,release,--release --features counted)

$(STAMPS)/dev: $(STAMPS)/venv pyproject.toml
	$(BIN)/python .ci/requirements.py dev | $(BIN)/python -m pip install -q --disable-pip-version-check -r /dev/stdin
	@echo "$(CURDIR)/python" > "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/data_bridge.pth"
	@touch $@

$(STAMPS)/bench: $(STAMPS)/dev
	$(BIN)/python .ci/requirements.py bench | $(BIN)/python -m pip install -q --disable-pip-version-check -r /dev/stdin
	@touch $@

$(STAMPS)/venv:
	@test -n "$(PYTHON)" || { echo "no Python 3.11 or newer with venv found: install one, or make PYTHON=..." >&2; exit 1; }
	@command -v cargo >/dev/null || { echo "no cargo found: install Rust 1.88 or newer" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@mkdir -p $(STAMPS)
	@touch $@
