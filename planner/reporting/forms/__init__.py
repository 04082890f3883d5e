"""Forms of chapters: HTML, PDF, workbook."""
