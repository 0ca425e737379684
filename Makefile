.PHONY: app test check format lint docs

app:
	streamlit run app.py

test:
	pytest

# Everything that needs no data set, no browser and no network.
check: lint
	pytest -m "not slow and not browser and not network"

lint:
	ruff format --check .
	ruff check .
	oxlint --deny-warnings pages
	mypy

format:
	ruff format .
	ruff check --fix .

# The API reference, from the docstrings: docs/index.html.
docs:
	python -m pdoc --docformat google --output-directory docs fastrcnn_core
