"""Charts: functions from a frame to an Altair chart. Each has its unit on an axis and its source in every tooltip."""
