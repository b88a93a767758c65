# `make run` serves, `make test` is what CI runs, `make bench` prints the figures of the README.
# Each installs what it needs and is missing; none needs another step first.

CARGO ?= cargo
PYTHON ?= python3
VENV := .venv

# The documentation is for those who work on the source: it shows private items and links to them.
DOC_FLAGS := -D warnings -A rustdoc::private-intra-doc-links

# What `make run` hands to `keystrata try`: make run ARGS="--listen 127.0.0.1:0"
ARGS ?=

.PHONY: run test bench check rust clients deny softhsm venv clean-try

run: softhsm
	$(CARGO) build --locked
	exec target/debug/keystrata try $(ARGS)

test: softhsm venv check rust

check:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="$(DOC_FLAGS)" $(CARGO) doc --locked --workspace --no-deps --document-private-items
	@$(MAKE) --no-print-directory deny

rust:
	KEYSTRATA_PYTHON=$(CURDIR)/$(VENV)/bin/python $(CARGO) test --locked --workspace

# Licences, sources, bans and duplicates; the advisory database needs a network and is left to
# `cargo deny check advisories`. cargo-deny takes minutes to compile, so it is used if it is there.
deny:
	@if $(CARGO) deny --version >/dev/null 2>&1; then \
		$(CARGO) deny --locked --offline check bans licenses sources; \
	else \
		echo "make: cargo-deny is not installed; skipped (cargo install cargo-deny)"; \
	fi

bench:
	$(CARGO) bench --locked

# SoftHSM is the PKCS#11 token of tests and of `keystrata try`. Without it, `try` keeps its root
# key in a file and the token's tests say that they did not run.
softhsm:
	@scripts/install-softhsm

venv: $(VENV)/.done

$(VENV)/.done: tests/clients/requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	touch $@
