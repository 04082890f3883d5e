"""What values, tables, charts and text are put into: HTML, workbook, PDF, Markdown, IAMC, screen."""
