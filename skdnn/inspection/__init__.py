"""Pictures of what was learned and how; matplotlib is imported only where something is drawn."""
