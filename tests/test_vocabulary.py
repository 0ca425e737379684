"""The code's words: imperative docstrings, names that are no pronouns, and a glossary that is true."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("assets", "benchmarks", "examples", "fastrcnn_core", "pages", "tests")
SOURCES = sorted(
    [ROOT / "app.py", *(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))]
)
SCRIPTS = sorted((ROOT / "pages").rglob("*.js"))

QUESTION = re.compile(r"(What|Who|Whose|Which|Where|Whether|How|When|Why)\b")
PRONOUNS = {
    *(
        "it",
        "one",
        "other",
        "known",
        "kept",
        "seen",
        "who",
        "whole",
        "here",
        "said",
        "told",
        "asked",
    ),
    *(
        "nobody",
        "somebody",
        "others",
        "ones",
        "them",
        "these",
        "those",
        "what",
        "which",
        "mine",
        "theirs",
    ),
}
SCRIPT_NAME = re.compile(
    rf"(?:\b(?:const|let|var|function)\s+|[(,]\s*)({'|'.join(sorted(PRONOUNS))})(?=\s*(?:=>|=[^=]|\)\s*=>|,[^()]*\)\s*=>|\s+of\b))"
)


def ids(paths: list[Path]) -> list[str]:
    return [path.relative_to(ROOT).as_posix() for path in paths]


def docstrings(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield the name and the docstring of a module and of its functions and classes."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            yield getattr(node, "name", "module"), ast.get_docstring(node) or ""


def names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield line and name of every variable, argument, import alias, function and class that is bound."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                yield node.lineno, name
            case ast.alias(asname=str(name)):
                yield node.lineno, name
            case (
                ast.FunctionDef(name=name)
                | ast.AsyncFunctionDef(name=name)
                | ast.ClassDef(name=name)
            ):
                yield node.lineno, name


@pytest.mark.parametrize("path", SOURCES, ids=ids(SOURCES))
def test_no_docstring_begins_with_a_question_word(path: Path) -> None:
    found = docstrings(ast.parse(path.read_text(encoding="utf-8")))
    assert not [(name, text.splitlines()[0]) for name, text in found if QUESTION.match(text)]


@pytest.mark.parametrize("path", SOURCES, ids=ids(SOURCES))
def test_no_name_is_a_pronoun(path: Path) -> None:
    bound = names(ast.parse(path.read_text(encoding="utf-8")))
    assert not [(line, name) for line, name in bound if name in PRONOUNS]


@pytest.mark.parametrize("path", SCRIPTS, ids=ids(SCRIPTS))
def test_no_name_of_a_script_is_a_pronoun(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    found = [(number, SCRIPT_NAME.search(line)) for number, line in enumerate(lines, 1)]
    assert not [(number, match[1]) for number, match in found if match]


def glossary() -> list[tuple[str, set[str], list[str]]]:
    """Read GLOSSARY.md: each term, its names (term and synonyms), and the files that implement it."""
    rows = []
    for line in (ROOT / "GLOSSARY.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("| **"):
            continue
        term, _, synonyms = cells[0].partition("**")[2].partition("**")
        spellings = {term, *(word for word in re.findall(r"[^(),]+", synonyms))}
        found = {spelling.strip(" `") for spelling in spellings if spelling.strip(" `")}
        rows.append((term, found, re.findall(r"`([^`]+)`", cells[3])))
    return rows


GLOSSARY = glossary()


def test_the_glossary_has_each_term_once_in_alphabetical_order() -> None:
    terms = [term.lower() for term, _, _ in GLOSSARY]
    assert len(terms) > 80
    assert terms == sorted(set(terms))


@pytest.mark.parametrize(("term", "spellings", "files"), GLOSSARY, ids=[row[0] for row in GLOSSARY])
def test_a_term_occurs_where_it_is_implemented(
    term: str, spellings: set[str], files: list[str]
) -> None:
    """Compare without case, and with a space, a hyphen, an underscore or nothing between words."""
    assert files, term
    patterns = [
        re.sub(r"[ _-]+", r"[ _-]?\\s?", re.escape(name).replace(r"\ ", " ").replace(r"\-", "-"))
        for name in spellings
    ]
    for file in files:
        path = ROOT / file
        assert path.exists(), file
        paths = [path] if path.is_file() else sorted(path.rglob("*.py"))
        text = "\n".join(source.read_text(encoding="utf-8") for source in paths)
        assert any(re.search(pattern, text, re.IGNORECASE) for pattern in patterns), (
            file,
            spellings,
        )
