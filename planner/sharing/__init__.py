"""Cost sharing: cooperative game, charges, payments of funders, minimax shares."""
