# The two commands: `make demo` shows what rolewright does, `make test` runs every kind of check.
# `make soak` runs what `make test` leaves out: the whole of each long list of cases.
PYTHON ?= python3
EXAMPLES := $(wildcard examples/*.yaml)

.PHONY: demo test soak clean

demo: .venv/ready
	.venv/bin/rolewright render $(EXAMPLES)
	@echo
	@echo "Now look at:"
	@echo "  examples/lambda.yaml              what an engineer writes"
	@echo "  output/my-function/access.lock    what its role may do, in 5 lines; each module has such a file"
	@echo "  output/my-function/README.md      how to call the module"
	@echo "  output/orders/                    a service with environments, a key and promises"
	@echo "next: rolewright init in a folder of your own, with .venv/bin on the PATH"

test: .venv-test/ready .venv-checkov/ready
	.venv-test/bin/ruff check .
	.venv-test/bin/ruff format --check .
	.venv-test/bin/mypy
	.venv-test/bin/pytest -n 3 --dist worksteal -m "not soak"

soak: .venv-test/ready .venv-checkov/ready
	ROLEWRIGHT_CASES=soak .venv-test/bin/pytest -n 3 --dist worksteal -m "soak or sampled"

clean:
	rm -rf .venv .venv-test .venv-checkov

.venv/ready: pyproject.toml
	$(PYTHON) -m venv .venv
	.venv/bin/pip install --quiet --disable-pip-version-check --editable .
	touch $@

.venv-test/ready: pyproject.toml
	$(PYTHON) -m venv .venv-test
	.venv-test/bin/pip install --quiet --disable-pip-version-check --editable '.[test]'
	touch $@

# A scanner that the tests run as a program: it brings a package of the same name as python-hcl2's.
.venv-checkov/ready:
	$(PYTHON) -m venv .venv-checkov
	.venv-checkov/bin/pip install --quiet --disable-pip-version-check 'checkov>=3.2'
	touch $@
