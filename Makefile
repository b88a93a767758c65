# `make run` serves, `make test` is what CI runs, `make bench` measures. On a machine with the Rust
# toolchain, a C compiler and a network, none needs another step first: what is missing is installed,
# by the system's package manager (as root, or where sudo asks for no password) or in this directory.

CARGO ?= cargo
PYTHON ?= python3
VENV := .venv
TOOLS := target/tools
DENY := $(TOOLS)/bin/cargo-deny

# What `make run` hands to `keystrata try`: make run ARGS="--listen 127.0.0.1:0"
ARGS ?=

.PHONY: run test bench conformance check rust deny softhsm kryoptic venv

run: softhsm
	exec $(CARGO) run --locked -- try $(ARGS)

test: softhsm kryoptic venv check rust
	@$(MAKE) --no-print-directory deny

check:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --workspace --no-deps --document-private-items

rust:
	KEYSTRATA_PYTHON=$(CURDIR)/$(VENV)/bin/python $(CARGO) test --locked --workspace

# Licences, sources, bans and duplicates; the advisory database needs a network and is left to
# `cargo deny check advisories`. Without cargo-deny, as where there is no network, it is skipped.
deny:
	@CARGO="$(CARGO)" scripts/install-cargo-deny $(TOOLS)
	@if [ -x $(DENY) ]; then $(DENY) --locked check bans licenses sources; fi

# Plays the official cases and writes docs/conformance.md.
conformance:
	KEYSTRATA_WRITE_CONFORMANCE=1 $(CARGO) test --locked --test conformance official

bench:
	$(CARGO) bench --locked

# SoftHSM is the PKCS#11 token of tests and of `keystrata try`. Without it, `try` keeps its root
# key in a file and the token's tests say that they did not run.
softhsm:
	@scripts/install-softhsm

# A second token for the tests, of another code base.
kryoptic:
	@CARGO="$(CARGO)" scripts/build-kryoptic $(CURDIR)/$(TOOLS) $(PYTHON)

venv: $(VENV)/.done

$(VENV)/.done: tests/clients/requirements.txt
	@scripts/install-python $(PYTHON)
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	scripts/unpack-pykmip $(VENV) $<
	touch $@
