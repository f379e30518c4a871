"""The paper exchange: one matching core."""
