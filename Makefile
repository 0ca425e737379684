.PHONY: app test check format

app:
	streamlit run app.py

test:
	pytest

check:
	ruff format --check .
	ruff check .
	mypy
	pytest -m "not slow and not browser and not network"

format:
	ruff format .
	ruff check --fix .
