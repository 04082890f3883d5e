"""The workbench: a page on this machine that asks a live session, shows what it answers, and keeps what is worth it."""
