"""Runs of minutes to hours beside the tests, behind `make agree` and `make fuzz`; and the pictures of the worked studies."""
