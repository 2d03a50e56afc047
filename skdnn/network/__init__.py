"""Descriptions of networks: specification, layout, values, settings of losses and embeddings."""
