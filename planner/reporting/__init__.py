"""Numbers to pages: charts, HTML and workbook, from results only."""
