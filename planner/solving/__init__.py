"""From the model to an optimum with a certificate."""
