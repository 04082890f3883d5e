"""Forms of chapters: HTML, PDF, workbook, and the long table of the IAMC."""
