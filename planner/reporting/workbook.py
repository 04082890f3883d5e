"""x"""
from pathlib import Path
from planner.reporting.book import Book
def write_workbook(book: Book, path: Path) -> None: ...
