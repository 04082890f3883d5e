"""One function per question, for commands and scripts alike; what joins solving and reporting stands here."""
